#ifndef SFLOW_TESTS_TEXT_DIALECTS_H
#define SFLOW_TESTS_TEXT_DIALECTS_H

/*
 * Random documents of the text formats, sound and not, and random options for
 * their readers.
 */
#include "csv_rig.h"

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

static inline size_t
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

static inline void
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

#define DIALECT_COUNT (sizeof(dialects) / sizeof(dialects[0]))

#endif
