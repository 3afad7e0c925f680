#ifndef SFLOW_LANG_PARSE_H
#define SFLOW_LANG_PARSE_H

#include "lang/ast.h"

struct err;
struct region;

enum parse_flag {
	PARSE_FILE = 1,		/* '...' strings are accepted */
	PARSE_DECLARATIONS = 2,	/* declarations only: a file that is used */
	PARSE_LIBRARY = 4,	/* declarations will do */
};

/*
 * Parse a whole program.  `source` must be NUL-terminated at source[size] and
 * outlive the AST, as must `source_name` and `region`.  Returns NULL with
 * `err` filled (ERR_PROGRAM, span, hint with the rewrite) for text that is no
 * program.  Never recurses deeper than a fixed bound: nesting past it is an
 * error, not a crash.
 */
struct ast_program *parse_program(const char *source_name, const char *source,
	size_t size, unsigned flags, struct region *, struct err *);

/* A longer text is refused with an error. */
#define PARSE_BYTES_MAX (64u << 20)

/*
 * Parse the holes of a decoded string, as in to "out/{country}.csv" and
 * parse line with "{ip} {ms:int}", into an AST_FSTRING: {{ and }} are braces,
 * a backslash is itself.  Every span in it, and the error's, is `place`, the
 * literal's.  `text` must be NUL-terminated at text[size]; it may go away.
 * Returns NULL with `err` filled.
 */
struct ast_expr *parse_template(const char *text, size_t size,
	const struct ast_span *place, struct region *, struct err *);

#endif
