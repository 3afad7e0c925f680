#ifndef SFLOW_IO_FORMAT_H
#define SFLOW_IO_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "data/batch.h"

struct bad;
struct err;
struct input;
struct output;

/*
 * Formats.  A format is one file fmt_NAME.c with one `const struct format_def
 * format_NAME` and one row of format_table.h.  Readers turn an input's bytes
 * into batches, writers the reverse.
 */

/* Options as the user gave them: csv("x", header=false). */
struct format_option {
	const char *name;
	const struct value *value;	/* RECORD for types={...} */
};

/* What a format accepts; for checking, help and completion. */
struct option_def {
	const char *name;
	enum type type;		/* BOOL, INT, TEXT, DURATION, RECORD, LIST */
	const char *summary;
};

/* Which fields a plan needs from a source. */
struct need {
	int all;		/* every field */
	int record;		/* the record's own bytes (batch.record), */
	int in_fields;		/* or where there are none, all its fields */
	const char *const *name;	/* if not all: these (may be none) */
	uint32_t name_count;
};

struct reader;
struct writer;

/*
 * Where the next record begins that `next` has not given yet: what a checkpoint
 * keeps of a reader.
 */
struct reader_position {
	uint64_t offset;	/* bytes from the start of the input */
	uint64_t line;		/* from 1 */
	uint64_t column;	/* bytes of its line before it */
	uint64_t record;	/* records before it, refused ones too */
	/* What the reader is in the middle of there (an array, a line that is
	 * dropped); its own. */
	uint64_t inside;
};

/* Of the start of an input. */
#define READER_POSITION_START { .line = 1 }

/* format_def.next: nothing now, ask again when the input has more. */
#define READER_WAIT 2

struct reader_config {
	const struct format_option *option;
	uint32_t option_count;
	struct bad *bad;
	const struct origin *origin;	/* of the batches; outlives them */
};

/* Do records end where lines do?  A hint to who reads a file in parts, never
 * trusted. */
enum format_lines {
	FORMAT_LINES_NONE,	/* they may go over lines */
	FORMAT_LINES,		/* a line each, often */
	FORMAT_LINES_QUOTED,	/* but for line ends in "quotes" */
};

struct format_def {
	const char *name;
	const char *extensions;	/* "csv", "tsv tab", ...; without dots */
	const char *summary;
	/* End with name NULL. */
	const struct option_def *reader_options;
	const struct option_def *writer_options;
	/* TYPE_RAW_CSV, ...: of batch.record when it reads; what it can write
	 * verbatim. */
	enum type record_type;
	enum format_lines lines;
	/* What was written can be gone on with behind any record. */
	int resumes;

	/* Reading; NULL open: cannot read. */
	struct reader *(*open)(struct input *, const struct reader_config *,
		struct err *);
	/*
	 * The fields, as far as they are known before the data: CSV reads its
	 * header here (may block: the input must wait); formats with any fields
	 * give an open schema.  Held for the caller; NULL with err.
	 */
	struct schema *(*schema)(struct reader *, struct err *);
	/*
	 * Said once, before the first next: fields that are not needed may be
	 * left out or left unparsed.  With need->all the batch has every field.
	 * When not all, the schema of batches is exactly need->name in that
	 * order for open formats; formats with a known schema may keep theirs.
	 * The names outlive the reader.  The input need not wait: a header that
	 * is not there yet is read by next.
	 */
	void (*need)(struct reader *, const struct need *);
	/*
	 * The next batch.  1 with *out; 0 at the end; -1 with err.  Gives what
	 * it has rather than wait for input when waiting would block; when it
	 * has nothing and the input does not wait (input_set_wait),
	 * READER_WAIT.
	 */
	int (*next)(struct reader *, struct batch **out, struct err *);
	/* Where it is, between two calls of next. */
	void (*position)(const struct reader *, struct reader_position *);
	/*
	 * Between two calls of next, need having been called: go on at a
	 * position that this or another reader of the same file had, and as if
	 * it had come there.  A header is read first.  Not behind a failure of
	 * next.  -1 with err.
	 */
	int (*seek)(struct reader *, const struct reader_position *,
		struct err *);
	/*
	 * Of formats whose records may bring new fields, both or none: the
	 * fields of a batch have the order in which the reader has met them.
	 * Those it has met, held for the caller; NULL if need named them.
	 */
	struct schema *(*met)(struct reader *);
	/* Between two calls of next: go on as if it had met these. */
	void (*meet)(struct reader *, struct schema *);
	void (*close)(struct reader **);

	/* Writing; NULL write_open: cannot write. */
	struct writer *(*write_open)(struct output *,
		const struct format_option *, uint32_t option_count,
		struct err *);
	/* Writes the selected rows; the caller keeps the batch. */
	int (*write)(struct writer *, struct batch *, struct err *);
	/*
	 * Said when the input has nothing more for now: a table that is only
	 * printed at the end may wait; others have it all in the output.
	 */
	int (*write_flush)(struct writer *, struct err *);
	/* The end: footers, closing brackets, a header if no row came (`schema`
	 * may be NULL). */
	int (*write_end)(struct writer *, const struct schema *, struct err *);
	void (*write_close)(struct writer **);
};

const struct format_def *format_find(const char *name, size_t size);
/* By the file's extension (a compression suffix is looked through), or NULL. */
const struct format_def *format_of_path(const char *path);
/*
 * Can a file whose name ends so be written, or with `append` be written behind
 * what it has?  -1 with err (ERR_USAGE) for what is only read: archives, codecs
 * that do not write; and for `append` if it is compressed.
 */
int format_check_suffix(const char *path, int append, struct err *);
const struct format_def *const *format_all(size_t *count);

/* Check names and types of options against `defs`; -1 with err naming the
 * nearest. */
int format_check_options(const char *format, const struct option_def *defs,
	const struct format_option *, uint32_t count, struct err *);
/* Lookups with defaults. */
int format_option_bool(const struct format_option *, uint32_t count,
	const char *name, int fallback);
int64_t format_option_int(const struct format_option *, uint32_t count,
	const char *name, int64_t fallback);
/* NULL if not given. */
const struct value *format_option_value(const struct format_option *,
	uint32_t count, const char *name);

#endif
