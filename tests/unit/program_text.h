/* What the tests of lang share: text to tree, and back to text. */
#ifndef SFLOW_UNIT_PROGRAM_TEXT_H
#define SFLOW_UNIT_PROGRAM_TEXT_H

#include <criterion/criterion.h>
#include <string.h>

#include "lang/diag.h"
#include "lang/parse.h"
#include "lang/pretty.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

/* The tree of a program that must parse; it lies in `region`. */
static inline const struct ast_program *
program_of(const char *text, unsigned flags, struct region *region)
{
	struct err err = ERR_INIT;
	const struct ast_program *program = parse_program("program", text,
	    strlen(text), flags, region, &err);

	cr_assert_not_null(program, "%s\n%s\n%s", text, err.message, err.hint);
	return program;
}

/* The one-line or the wide form of a program; the caller frees the buffer. */
static inline struct buf
printed(const char *text, unsigned flags, int wide)
{
	struct region *region = region_new();
	struct buf buf = { NULL, 0, 0 };
	const struct ast_program *program = program_of(text, flags, region);

	if (wide)
		pretty_program_wide(program, &buf);
	else
		pretty_program(program, &buf);
	buf_string(&buf);
	region_drop(&region);
	return buf;
}

static inline void
expect_printed(const char *text, const char *expected)
{
	struct buf buf = printed(text, 0, 0);

	cr_expect_str_eq(buf_string(&buf), expected, "%s\nis printed as\n%s",
	    text, buf_string(&buf));
	buf_fini(&buf);
}

/* The whole diagnostic of a program that must not parse. */
static inline void
expect_diagnostic(const char *text, const char *expected)
{
	struct region *region = region_new();
	struct err err = ERR_INIT;
	struct buf buf = { NULL, 0, 0 };

	cr_expect_null(parse_program("program", text, strlen(text), 0, region,
	    &err), "%s", text);
	diag_print(&err, "program", text, strlen(text), &buf);
	cr_expect_str_eq(buf_string(&buf), expected, "%s\ngives\n%s", text,
	    buf_string(&buf));
	buf_fini(&buf);
	region_drop(&region);
}

#endif
