#ifndef SFLOW_IO_CODEC_H
#define SFLOW_IO_CODEC_H

#include <stddef.h>

/*
 * Codecs of compressed streams.  A codec is one file codec_NAME.c with one
 * `const struct codec_def codec_NAME` and one row of codec_table.h.  What is
 * read is told by its first bytes, what is written by the suffix of its name.
 */

/* Where a step reads and writes; it moves all four. */
struct codec_io {
	const char *in;
	size_t in_size;
	char *out;
	size_t out_size;
};

enum codec_got {
	CODEC_BROKEN = -1,	/* *reason says why */
	CODEC_MORE = 0,		/* in is used up, or out is full */
	CODEC_END = 1,		/* of a frame; another may follow */
};

enum codec_mode {
	CODEC_RUN,		/* take the bytes, write when it pays */
	CODEC_SYNC,		/* all that was taken can be decoded */
	CODEC_FINISH,		/* the end of the stream */
};

struct codec_magic {
	const char *bytes;
	size_t size;
};

/* A byte of a magic that may be anything. */
#define CODEC_ANY '?'
/* More than any magic has. */
#define CODEC_MAGIC_MAX 16

struct codec_def {
	const char *name;
	const char *suffix;	/* of file names, without the dot */
	/* How its streams begin: one of these; size 0: none. */
	struct codec_magic magic[2];

	/* Reading.  NULL: no memory. */
	void *(*open)(void);
	enum codec_got (*decode)(void *state, struct codec_io *,
		const char **reason);
	/* Before a further frame; 0 or -1. */
	int (*restart)(void *state);
	void (*close)(void *state);

	/* Writing; NULL write_open: cannot write. */
	void *(*write_open)(void);
	/* CODEC_END: done what `mode` asks, all input is taken; CODEC_MORE: out
	 * is full, call again. */
	enum codec_got (*encode)(void *state, struct codec_io *,
		enum codec_mode, const char **reason);
	void (*write_close)(void *state);
};

enum codec_guess { CODEC_NO, CODEC_YES, CODEC_PERHAPS };

/* Is this the beginning of a compressed stream?  *out for CODEC_YES;
 * CODEC_PERHAPS: more bytes would tell. */
enum codec_guess codec_of_bytes(const char *bytes, size_t size,
	const struct codec_def **out);
/* By the path's suffix, or NULL. */
const struct codec_def *codec_of_path(const char *path);

#endif
