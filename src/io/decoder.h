#ifndef SFLOW_IO_DECODER_H
#define SFLOW_IO_DECODER_H

#include <stddef.h>
#include <sys/types.h>

struct codec_def;
struct err;

/*
 * A compressed stream being read.  Errors name `path` and the byte of the
 * compressed stream (ERR_IO); a stream that ends in the middle is one.
 */
struct decoder;

/* Gets compressed bytes, as input_read(). */
typedef ssize_t decoder_more_f(void *cookie, char *bytes, size_t size,
	struct err *);

/* NULL with err; `path` and `cookie` are borrowed. */
struct decoder *decoder_new(const struct codec_def *, const char *path,
	decoder_more_f *, void *cookie, struct err *);
void decoder_free(struct decoder **);
/* The first bytes, which were read already; before the first read. */
void decoder_feed(struct decoder *, const char *bytes, size_t size);
/*
 * Up to `size` decoded bytes, fewer rather than ask for more when there are
 * some; 0 at the end; -1 with err; else what decoder_more_f said.
 */
ssize_t decoder_read(struct decoder *, char *bytes, size_t size, struct err *);
/* Could decoder_read give bytes without asking for more? */
int decoder_has(const struct decoder *);

#endif
