#ifndef SFLOW_DATA_FRAME_H
#define SFLOW_DATA_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct batch;
struct buf;
struct err;
struct frame_reader;

/*
 * The one byte form of a batch, for peers and for the disk: a head with
 * version, length and checksums, then the columns, aligned to 8 bytes.  It
 * carries the selected rows only, with their types, nulls, records, times,
 * split and place in the input; encodings become FLAT or CONST.
 */
#define FRAME_HEAD_BYTES 48
/* What is packed is no longer than this; longer frames are left plain. */
#define FRAME_PACKED_BYTES_MAX ((uint64_t)1 << 30)

enum frame_packing {
	FRAME_PLAIN,
	FRAME_LZ4,	/* cheaper than a local network */
	FRAME_ZSTD,	/* for disks and slow networks */
	FRAME_PACKINGS
};

/* Append the batch to `out`; what packing does not shorten is left plain. */
void frame_write(const struct batch *, enum frame_packing, struct buf *out);

/*
 * A reader of one stream of frames.  `name` (copied) is whom messages blame:
 * a file, "worker 2 on host b".  It owns the origins of the batches it made
 * and so outlives them.  One thread at a time.
 */
struct frame_reader *frame_reader_new(const char *name);
void frame_reader_free(struct frame_reader **);

/*
 * How long is the frame that begins here, of which `size` bytes are there?
 * Returns 1 with *frame_bytes, 0 when that takes more bytes (at most
 * FRAME_HEAD_BYTES), -1 with `err` when it is no frame.
 */
int frame_measure(const struct frame_reader *, const char *bytes, size_t size,
	uint64_t *frame_bytes, struct err *);

/*
 * Make a batch of the frame that begins here.  The bytes may be anything:
 * what is wrong, and where, is said in `err`.  Nothing but the text inside of
 * text values is trusted.  Frames of the same schema give batches of the same
 * struct schema.  Returns 0 with *used and *out, a batch of the caller's that
 * does not need `bytes`; or -1.
 */
int frame_read(struct frame_reader *, const char *bytes, size_t size,
	size_t *used, struct batch **out, struct err *);

#endif
