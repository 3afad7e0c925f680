#ifndef SFLOW_IO_STREAM_H
#define SFLOW_IO_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "io/format.h"
#include "io/input.h"

/*
 * Streams: where inputs come from while a job runs.  A stream is one file
 * stream_NAME.c with one `const struct stream_def stream_NAME` and one row of
 * stream_table.h.  It hands out inputs, each of a split; the source puts a
 * reader on every input and reads one input of a split after another.
 */
struct buf;
struct env_waits;
struct err;
struct stream;

struct stream_part {
	/* The same for all inputs of a split; other streams may use it too. */
	uint64_t split;
	const char *label;	/* path or peer, for messages; the stream's */
	struct input *input;	/* the taker's */
	int resumes;		/* go on at `position` (reader's seek) */
	struct reader_position position;
	void *token;		/* the stream's, for position entries */
};

enum stream_got {
	STREAM_FAIL = -1,
	STREAM_END = 0,		/* no more inputs will come */
	STREAM_INPUT = 1,	/* *out: the next input of its split */
	STREAM_WAIT = 2,
	STREAM_SPLIT_END = 3,	/* out->split has ended for good */
};

struct stream_def {
	const char *name;
	const char *syntax;	/* "tail(PATH, ...)" */
	const char *summary;
	const char *example;	/* a program for the help */
	const struct option_def *options;
	int can_replay;
	/* The format when the program says none; NULL: by the path. */
	const char *format;
	/* The option with which it ends by itself; NULL: there is none. */
	const char *ends_with;
	/* `path` and options of the program.  Nothing is looked at yet. */
	struct stream *(*open)(const char *const *path, uint32_t path_count,
		const struct format_option *, uint32_t option_count,
		struct err *);
	/* The first inputs come before the first STREAM_WAIT. */
	enum stream_got (*next)(struct stream *, struct stream_part *out,
		struct err *);
	/* The reader of this input has come to its end. */
	void (*finished)(struct stream *, const struct stream_part *);
	/* Descriptors and deadline to wait for. */
	void (*wait)(struct stream *, struct env_waits *);
	/*
	 * A checkpoint's bytes for a part that is being read (`position`) or,
	 * with part NULL, for what the stream knows besides; and back, before
	 * the first next.  Of every split only the part being read is saved, or
	 * the first one if none is: those that were handed out behind it are
	 * handed out again.
	 */
	void (*save)(struct stream *, const struct stream_part *,
		const struct reader_position *, struct buf *out);
	int (*load)(struct stream *, const char *bytes, size_t size,
		struct err *);
	void (*close)(struct stream **);
};

const struct stream_def *stream_find(const char *name, size_t size);
const struct stream_def *const *stream_all(size_t *count);
/* Would it open?  Nothing outside is looked at.  0 or -1 with err. */
int stream_check(const struct stream_def *, const char *const *path,
	uint32_t path_count, const struct format_option *,
	uint32_t option_count, struct err *);

#endif
