#ifndef SFLOW_LANG_PARSE_H
#define SFLOW_LANG_PARSE_H

#include "lang/ast.h"

struct err;
struct region;

enum parse_flag {
	PARSE_FILE = 1,		/* '...' strings and a "#!" first line are accepted */
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

#endif
