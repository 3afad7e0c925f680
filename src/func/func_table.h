/*
 * The scalar functions: one row each, FUNC(symbol), where `func_<symbol>` is
 * the object in the file of its noun (fn_<noun>.c) and its name, as users write
 * it, is inside.  The symbol is the name, but where C or func.h has taken that
 * already (find, all, reject, ...).  Included by func.c with FUNC defined; no
 * guard on purpose.  The order is that of the help.
 */

/* Operators of the language (FUNC_HIDDEN). */
FUNC(add)
FUNC(sub)
FUNC(mul)
FUNC(div)
FUNC(int_div)
FUNC(mod)
FUNC(neg)
FUNC(eq)
FUNC(ne)
FUNC(lt)
FUNC(le)
FUNC(gt)
FUNC(ge)
FUNC(between)
FUNC(in_list)
FUNC(match)
FUNC(not_match)
FUNC(not)
FUNC(is_null)
FUNC(format_hole)

/* Texts. */
FUNC(concat)

/* Functions, by group. */
