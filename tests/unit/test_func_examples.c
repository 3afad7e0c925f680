#include "func/func.h"

#include <criterion/criterion.h>

#include "func_run.h"

Test(func_examples, every_function_is_described)
{
	size_t count;
	const struct func_def *const *all = func_all(&count);

	for (size_t i = 0; i < count; i++) {
		const struct func_def *def = all[i];
		cr_assert_not_null(def->name);
		cr_assert_not_null(def->eval, "%s", def->name);
		cr_assert_not_null(def->type, "%s", def->name);
		cr_assert_leq(def->arg_min, def->arg_max, "%s", def->name);
		cr_assert_leq(def->arg_max, FUNC_ARGS_MAX, "%s", def->name);
		cr_assert_eq(func_find(def->name, strlen(def->name)), def,
		    "%s occurs twice", def->name);
		if (def->flags & FUNC_HIDDEN)
			continue;
		cr_assert_not_null(def->group, "%s", def->name);
		cr_assert_not_null(def->signature, "%s", def->name);
		cr_assert_not_null(def->summary, "%s", def->name);
		cr_assert_not_null(def->example, "%s", def->name);
		size_t size = strlen(def->name);
		cr_assert_arr_eq(def->signature, def->name, size);
		cr_assert_eq(def->signature[size], '(', "%s", def->name);
		cr_assert_neq(def->summary[strlen(def->summary) - 1], '.',
		    "%s", def->name);
		cr_assert((def->result == NULL) ==
		    ((def->flags & FUNC_VOLATILE) != 0), "%s", def->name);
	}
}

/* Operators have another form; what reads those is further up. */
static int
is_plain_call(const struct func_def *def)
{
	return !(def->flags & FUNC_HIDDEN) && def->result != NULL &&
	    strncmp(def->example, def->name, strlen(def->name)) == 0;
}

Test(func_examples, every_example_gives_its_result)
{
	struct region *region = region_new();
	struct buf buf = { 0 };
	size_t count;
	const struct func_def *const *all = func_all(&count);

	for (size_t i = 0; i < count; i++) {
		if (!is_plain_call(all[i]))
			continue;
		const char *shown = run_show(all[i]->example, region, &buf);
		if (strcmp(shown, "null") == 0)
			shown = "";
		cr_expect_str_eq(shown, all[i]->result, "%s gives %s, not %s",
		    all[i]->example, shown, all[i]->result);
	}
	buf_fini(&buf);
	region_drop(&region);
}

/* The checker asks for the type with what is known: never less than is so. */
Test(func_examples, unknown_types_are_never_refused)
{
	size_t count;
	const struct func_def *const *all = func_all(&count);
	enum type any[FUNC_ARGS_MAX];

	for (unsigned a = 0; a < FUNC_ARGS_MAX; a++)
		any[a] = TYPE_ANY;
	for (size_t i = 0; i < count; i++) {
		const struct func_def *def = all[i];
		cr_expect_neq(def->type(any, def->arg_max), TYPE_ERROR, "%s",
		    def->name);
	}
}
