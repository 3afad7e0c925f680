#ifndef SFLOW_IO_ENCODER_H
#define SFLOW_IO_ENCODER_H

#include <stddef.h>

#include "io/codec.h"

struct buf;
struct err;

/*
 * A compressed stream being written.
 */
struct encoder;

/* NULL with err; `path` is borrowed.  The codec has write_open. */
struct encoder *encoder_new(const struct codec_def *, const char *path,
	struct err *);
void encoder_free(struct encoder **);
/* Take the bytes and put behind `out` what they become; 0 or -1 with err. */
int encoder_add(struct encoder *, const char *bytes, size_t size,
	enum codec_mode, struct buf *out, struct err *);

#endif
