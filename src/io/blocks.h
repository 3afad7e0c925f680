#ifndef SFLOW_IO_BLOCKS_H
#define SFLOW_IO_BLOCKS_H

#include <stdint.h>
#include <sys/types.h>

struct err;

/*
 * A file whose bytes can only be had one behind the other (it is compressed),
 * for readers of places that lie close together: whoever asks for bytes that
 * are not there yet decodes up to them, and they stay until they are released.
 * Any thread.
 */
struct blocks;

/* Opened when it is first read. */
struct blocks *blocks_new(const char *path, size_t block_bytes);
void blocks_free(struct blocks **);
/*
 * Up to `size` bytes that stand at `offset`; 0 at the end, and where they have
 * been released; -1 with err, to everyone who asks for what could not be read.
 */
ssize_t blocks_read(struct blocks *, uint64_t offset, char *bytes, size_t size,
	struct err *);
/*
 * Nobody needs what stands before `offset`, but what stood before that of the
 * first call, which a reader may look at again (a header).
 */
void blocks_release(struct blocks *, uint64_t offset);

#endif
