/*
 * One random case for tests/differential/run, and the comparison of answers.
 *
 *	generate case KIND SEED FOLDER		KIND: relational document lines
 *	generate compare FORMAT OURS THEIRS	status 0: the same
 *
 * A case is decided by its kind and seed alone.  Nothing of src/ is used, so
 * that a fault there cannot hide itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "compare.h"
#include "draw.h"

char *
say_shell(const char *text)
{
	char *out = say("%s", "'");

	for (; *text != '\0'; text++) {
		if (*text == '\'')
			out = say("%s'\\''", out);
		else
			out = say("%s%c", out, *text);
	}
	return say("%s'", out);
}

void
case_commands(const char *options, const char *source,
	const char *piped_source, const char *file, const char *rest)
{
	file_write("command", say("\"$SFLOW\"%s %s\n", options,
	    say_shell(say("from %s%s", source, rest))));
	file_write("piped", say("cat %s | \"$SFLOW\"%s %s\n", file, options,
	    say_shell(say("from %s%s", piped_source, rest))));
}

static int
make_case(const char *kind, const char *seed, const char *folder)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} kinds[] = {
		{ "relational", case_relational },
		{ "document", case_document },
		{ "lines", case_lines },
	};

	file_folder(folder);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kind, kinds[i].name) == 0) {
			draw_seed(strtoull(seed, NULL, 10));
			kinds[i].make();
			return 0;
		}
	}
	fprintf(stderr, "generate: there is no kind '%s'\n", kind);
	return 2;
}

int
main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "case") == 0)
		return make_case(argv[2], argv[3], argv[4]);
	if (argc == 5 && strcmp(argv[1], "compare") == 0)
		return compare_tables(argv[2], argv[3], argv[4]);
	fputs("usage: generate case KIND SEED FOLDER\n"
	    "       generate compare FORMAT OURS THEIRS\n", stderr);
	return 2;
}
