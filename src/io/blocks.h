#ifndef SFLOW_IO_BLOCKS_H
#define SFLOW_IO_BLOCKS_H

#include <stdint.h>
#include <sys/types.h>

struct err;
struct input;
struct input_lent;

/*
 * An input whose bytes can only be had one behind the other (it is compressed,
 * or a pipe), for readers of places that lie close together: whoever asks for
 * bytes that are not there yet gets all up to them, and they stay until they
 * are released.  Any thread.
 */
struct blocks;

/* Opened when it is first read. */
struct blocks *blocks_new(const char *path, size_t block_bytes);
void blocks_free(struct blocks **);
/*
 * Before the first read: this is the input.  What has come of it is read, and
 * never waited for; more(cookie) is called by who has read some.
 */
void blocks_take_input(struct blocks *, struct input *take_input,
	void (*more)(void *cookie), void *cookie);
/* The descriptor to wait on, or -1. */
int blocks_fd(const struct blocks *);
/*
 * Up to `size` bytes that stand at `offset`; 0 at the end, and where they have
 * been released; -1 with err, to everyone who asks for what could not be read;
 * INPUT_WAIT (io/input.h) where they have not come yet.
 */
ssize_t blocks_read(struct blocks *, uint64_t offset, char *bytes, size_t size,
	struct err *);
/*
 * The bytes [offset, limit) as they lie there: the block that ends at `end`,
 * and at most a few KiB of what comes behind it: 1 and *out as input_lend has
 * it.  0 where they are to be read: the block has not come whole, or the limit
 * is not behind it.  A block is one caller's; others read a copy.
 */
int blocks_lend(struct blocks *, uint64_t offset, uint64_t limit, uint64_t end,
	struct input_lent *out);
/* Get what stands at `offset`: 1 if it is there, or none will come; 0 if it has
 * not come yet. */
int blocks_reach(struct blocks *, uint64_t offset);
/* The same, without getting any. */
int blocks_has(struct blocks *, uint64_t offset);
/*
 * Nobody needs what stands before `offset`, but what stood before that of the
 * first call, which a reader may look at again (a header).
 */
void blocks_release(struct blocks *, uint64_t offset);

#endif
