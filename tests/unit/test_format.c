#include "io/format.h"

#include <criterion/criterion.h>
#include <string.h>

#include "util/err.h"

Test(format, by_name_and_path)
{
	size_t count;

	cr_assert_str_eq(format_find("csv", 3)->name, "csv");
	cr_assert_null(format_find("cs", 2));
	cr_assert_null(format_find("csvv", 4));
	cr_assert_str_eq(format_of_path("a/b.csv")->name, "csv");
	cr_assert_str_eq(format_of_path("b.TSV.gz")->name, "tsv");
	cr_assert_str_eq(format_of_path("x.tab")->name, "tsv");
	cr_assert_null(format_of_path("csv"));
	cr_assert_null(format_of_path(".csv"));
	cr_assert_null(format_of_path("a.csv/b"));
	cr_assert_null(format_of_path("a.gz"));
	const struct format_def *const *all = format_all(&count);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(format_find(all[i]->name, strlen(all[i]->name)),
		    all[i]);
		cr_assert_not_null(all[i]->summary);
		cr_assert(all[i]->open != NULL || all[i]->write_open != NULL);
	}
}

Test(format, options)
{
	static const struct option_def defs[] = {
		{ "delim", TYPE_TEXT, "" }, { "skip", TYPE_INT, "" }, { 0 },
	};
	struct value seven = { .type = TYPE_INT, .cell.integer = 7 };
	struct value null = { .type = TYPE_NULL };
	struct format_option options[] = {
		{ "skip", &seven }, { "delim", &null },
	};
	struct err err = ERR_INIT;

	cr_assert_eq(format_check_options("csv", defs, options, 2, &err), 0);
	cr_assert_eq(format_option_int(options, 2, "skip", 1), 7);
	cr_assert_eq(format_option_int(options, 2, "jump", 1), 1);
	cr_assert_null(format_option_value(options, 2, "delim"));
	options[0].name = "skp";
	cr_assert_eq(format_check_options("csv", defs, options, 2, &err), -1);
	cr_assert_eq(err.kind, ERR_PROGRAM);
	cr_assert_str_eq(err.hint, "did you mean skip?");
}
