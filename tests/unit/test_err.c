#include "util/err.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(err, the_first_wins)
{
	struct err err = ERR_INIT;
	cr_assert(err_set(&err, ERR_DATA, "row %d", 7) == -1);
	cr_assert(err_set_at(&err, 1, 2, "later") == -1);
	cr_assert(err.kind == ERR_DATA);
	cr_assert(!err.has_span);
	cr_assert_str_eq(err.message, "row 7");
	cr_assert_str_eq(err.hint, "");
	err_clear(&err);
	cr_assert(err.kind == ERR_NONE);

	err_set_errno(&err, ERR_IO, ENOENT, "%s", "a.csv");
	cr_assert_str_eq(err.message, "a.csv: No such file or directory");
}

Test(err, a_place_in_the_program)
{
	struct err err = ERR_INIT;
	err_set_at(&err, 3, 0, "expected a stage");
	cr_assert(err.kind == ERR_PROGRAM && err.has_span);
	cr_assert(err.span_offset == 3 && err.span_bytes == 0);
	cr_assert(err_hint(&err, "write %s", "where") == -1);
	cr_assert_str_eq(err.hint, "write where");
}

Test(err, long_texts_are_cut)
{
	char text[5000];
	struct err err = ERR_INIT;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set_errno(&err, ERR_IO, EIO, "%s", text);
	cr_assert(strlen(err.message) == sizeof(err.message) - 1);
	err_hint(&err, "%s", text);
	cr_assert(strlen(err.hint) == sizeof(err.hint) - 1);
}

Test(err, status_of_each_kind)
{
	cr_assert(err_exit_status(ERR_NONE) == 0);
	cr_assert(err_exit_status(ERR_PIPE) == 0);
	cr_assert(err_exit_status(ERR_DATA) == 1);
	cr_assert(err_exit_status(ERR_USAGE) == 2);
	cr_assert(err_exit_status(ERR_PROGRAM) == 2);
	cr_assert(err_exit_status(ERR_IO) == 3);
	cr_assert(err_exit_status(ERR_INTERRUPT) == 130);
}
