/*
 * Readers that are interrupted: an input that has nothing for now, at any byte,
 * and a job that stops and goes on with another reader.  What comes out must be
 * what a reader gives that is left alone, to the lines of bad records.
 */
#include <criterion/criterion.h>

#include "../unit/csv_rig.h"

#define BYTES_MAX 900

/* Bytes that mean something to the format, and pieces of records. */
struct dialect {
	const char *format;
	const char *piece[24];
};

static const struct dialect dialects[] = {
	{ "csv", { "a", "b1", ",", ",", "\n", "\n", "\r\n", "\"x\"",
	    "\"y\nz\"", "\"", "1,2,3\n", "4,5,6\n", "\n\n", "#c\n", "",
	    "1,\"q\"\"r\",3\n" } },
	{ "tsv", { "a", "b1", "\t", "\n", "\r\n", "\\n", "\\t", "1\t2\t3\n",
	    "4\t5\t6\n", "\n\n" } },
	{ "lines", { "a", "line\n", "\n", "\r\n", "longer line\n", "\r" } },
	{ "clf", { "h - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 200 1\n",
	    "g - u [11/Oct/2000:13:55:36 +0000] \"-\" 400 -\n", "\n", "bad\n",
	    "h - -" } },
	{ "combined", {
	    "h - - [10/Oct/2000:13:55:36 -0700] \"G /\" 200 1 \"r\" \"a\"\n",
	    "\n", "bad\n", "g - u [11/Oct/2000:13:55:36 +0000] \"-\" 4 -\n" } },
	{ "jsonl", { "{\"a\":1,\"b\":\"x\"}\n", "{\"b\":[1,{}],\"a\":null}\n",
	    "{\"a\":", "{\"a\":2} {\"b\":3}\n", "\n", "7\n", "\"s\"\n", "{",
	    "}", "[1,2]\n", "\"", "x\n", "{\"a\":\"\\\"\"}\n" } },
	{ "json", { "{\"a\":1,\"b\":\"x\"}", "{\"a\":2,\n\"b\":[1]}", "[",
	    "]", ",", ",", "\n", " ", "3", "\"s\"", "{\"a\":", "x", "}",
	    "[{\"a\":1},\n{\"b\":2}]\n" } },
};

static size_t
draw_document(const struct dialect *dialect, uint64_t *state, char *out)
{
	uint32_t pieces = 0;
	size_t size = 0;

	while (dialect->piece[pieces] != NULL)
		pieces++;
	size_t want = rig_draw(state, BYTES_MAX - 100);
	/* Mostly sound records, as the header makes them. */
	if (strcmp(dialect->format, "csv") == 0)
		size = (size_t)sprintf(out, "%sa,b,c\n",
		    rig_draw(state, 4) == 0 ? "\xef\xbb\xbf\n#x\n" : "");
	while (size < want) {
		const char *piece = dialect->piece[rig_draw(state, pieces)];
		memcpy(out + size, piece, strlen(piece));
		size += strlen(piece);
	}
	return size;
}

static void
draw_options(struct rig *rig, uint64_t *state)
{
	static const char *const ragged[] = { "error", "fill", "loose" };
	static const char *const names[] = { "a", "b" };
	const char *format = rig->format->name;

	rig->policy = rig_draw(state, 4) == 0 ? BAD_STOP : BAD_FILE;
	if (format[0] == 'j') {
		rig->need = (struct need){ .record = 1, .name = names,
		    .name_count = 2 };
		if (strcmp(format, "json") == 0 && rig_draw(state, 4) == 0)
			rig_bool(rig, "single", 1);
	}
	if (strcmp(format, "csv") == 0) {
		uint32_t which = rig_draw(state, 3);
		rig_text(rig, "ragged", TYPE_TEXT, ragged[which]);
		rig->without_record = which != 0;
		rig_bool(rig, "header", rig_draw(state, 3) != 0);
		if (rig_draw(state, 2) == 0)
			rig_text(rig, "comment", TYPE_TEXT, "#");
		rig_int(rig, "skip", rig_draw(state, 3));
	}
	if ((format[0] == 'j' || strcmp(format, "csv") == 0) &&
	    rig_draw(state, 3) == 0) {
		rig_text(rig, "types", TYPE_RECORD, "{\"a\":\"int\"}");
		rig->without_record = 1;
	}
	if (rig_draw(state, 3) == 0)
		rig_int(rig, "max_record", 40 + rig_draw(state, 60));
	if (format[0] == 'c' && format[1] != 's')
		rig->without_record = 1;
}

static void
try_dialect(const struct dialect *dialect, uint64_t seed)
{
	char bytes[BYTES_MAX + 100];
	uint64_t state = seed * 977 + 5;
	struct rig rig;

	rig_init(&rig, dialect->format);
	draw_options(&rig, &state);
	size_t size = draw_document(dialect, &state, bytes);
	struct buf whole = rig_run(&rig, bytes, size);
	for (unsigned i = 0; i < 6; i++) {
		rig.chunk_bytes = 1 + rig_draw(&state, 64);
		rig.unrest = state | 1;
		struct buf pieces = rig_run(&rig, bytes, size);
		cr_assert(strcmp(whole.bytes, pieces.bytes) == 0,
		    "%s, seed %llu, chunks of %u:\n%.*s\n--- whole\n%s"
		    "--- pieces\n%s", dialect->format,
		    (unsigned long long)seed, rig.chunk_bytes, (int)size,
		    bytes, whole.bytes, pieces.bytes);
		buf_fini(&pieces);
	}
	buf_fini(&whole);
}

#define DIALECT_COUNT (sizeof(dialects) / sizeof(dialects[0]))

Test(reader_seek, goes_on_where_it_was_left)
{
	for (uint64_t seed = 1; seed <= 150; seed++)
		for (size_t i = 0; i < DIALECT_COUNT; i++)
			try_dialect(&dialects[i], seed);
}

Test(reader_seek, one_row_a_batch)
{
	setenv("SFLOW_BATCH_ROWS", "1", 1);
	for (uint64_t seed = 1; seed <= 60; seed++)
		for (size_t i = 0; i < DIALECT_COUNT; i++)
			try_dialect(&dialects[i], seed);
}
