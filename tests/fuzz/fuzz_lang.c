/*
 * Programs: what parses is printed in both forms, and both parse back to the
 * same tree, their own print included; what does not has an error in the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lang/diag.h"
#include "lang/parse.h"
#include "lang/pretty.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

typedef void (*print_f)(const struct ast_program *, struct buf *);

static void
check_print(const struct ast_program *program, unsigned flags, print_f print,
	struct region *region)
{
	struct buf first = { NULL, 0, 0 };
	struct buf second = { NULL, 0, 0 };
	struct err err = ERR_INIT;

	print(program, &first);
	const struct ast_program *again = parse_program("again",
	    buf_string(&first), first.size, flags, region, &err);
	if (again == NULL || !ast_equal(program, again))
		abort();
	print(again, &second);
	if (print == pretty_program && (first.size != second.size ||
	    memcmp(first.bytes, second.bytes, first.size) != 0))
		abort();
	if (again->comment_count != (print == pretty_program ? 0 :
	    program->comment_count))
		abort();
	buf_fini(&first);
	buf_fini(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	/* The first byte says whether it is the command line or a file. */
	unsigned flags = size > 0 && bytes[0] == '#' ? PARSE_FILE : 0;
	struct region *region = region_new();
	struct err err = ERR_INIT;
	char *text = malloc(size + 1);

	if (size > 0)
		memcpy(text, bytes, size);
	text[size] = '\0';
	const struct ast_program *program = parse_program("fuzz", text, size,
	    flags, region, &err);
	if (program != NULL) {
		check_print(program, flags, pretty_program, region);
		check_print(program, flags, pretty_program_wide, region);
	} else {
		struct buf buf = { NULL, 0, 0 };
		if (err.kind != ERR_PROGRAM || err.message[0] == '\0' ||
		    (err.has_span && (err.span_offset > size ||
		    err.span_bytes > size - err.span_offset)))
			abort();
		diag_print(&err, "fuzz", text, size, &buf);
		buf_fini(&buf);
	}
	struct ast_span place = { 0, 1 };
	struct err template_err = ERR_INIT;
	parse_template(text, size, &place, region, &template_err);
	region_drop(&region);
	free(text);
	return 0;
}
