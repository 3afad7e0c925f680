#ifndef SFLOW_STATE_SPILL_PRIV_H
#define SFLOW_STATE_SPILL_PRIV_H

#include "state/spill.h"
#include "util/thr.h"

struct frame_reader;

/*
 * A file is blocks, one behind another:
 *
 *	stored bytes:4 | plain bytes:4 | check:8 | the stored bytes
 *
 * Packed if there are fewer stored than plain ones.  The check is the XXH3 of
 * the stored bytes, mixed with both sizes and the place of the block, so that
 * a block at another's place is found too.
 */
#define SPILL_HEAD_BYTES 16

struct spill_head {
	uint32_t stored_bytes;
	uint32_t plain_bytes;
	uint64_t check;
};

uint64_t spill_check(const struct spill_head *, uint64_t place,
	const char *stored);

/*
 * What moving and packing cost: nanoseconds and bytes, decaying, so that what
 * the disk did lately counts.
 */
struct spill_rate {
	uint64_t ns;
	uint64_t bytes;
};

void spill_rate_add(struct spill_rate *, uint64_t ns, uint64_t bytes);

struct spill_reader_names {
	struct frame_reader *reader;
	struct spill_reader_names *next;
};

struct spill {
	char *folder;
	uint64_t limit_bytes;
	/* Atomic from here; rates lose an addition now and then. */
	uint64_t written_bytes;
	uint64_t used_bytes;
	uint64_t block_count;
	struct spill_rate writing;	/* a stored byte */
	struct spill_rate reading;	/* a stored byte */
	struct spill_rate packing;	/* a plain byte */
	struct spill_rate packed;	/* "ns": stored bytes of plain ones */
	/*
	 * Readers of frames own the places that batches point to, which may
	 * outlive file and reader: they stay here, and are used again.
	 */
	struct thr_lock lock;
	struct spill_reader_names *names;	/* not in use */
};

struct spill_file {
	struct spill *spill;
	int fd;
	size_t block_bytes;	/* of buffers; SPILL_BLOCK_BYTES at most */
	char *block;		/* head and gathered bytes; NULL: none yet */
	size_t gathered_bytes;
	uint64_t stored_bytes;	/* in the file */
	uint64_t plain_bytes;
	uint64_t *counter;	/* counts stored bytes too, or NULL */
	struct buf *frame;
	uint32_t holders;	/* atomic: the owner and readers */
};

/* Plain bytes of a full block. */
static inline size_t
spill_plain_bytes(const struct spill_file *file)
{
	return file->block_bytes - SPILL_SLACK_BYTES;
}

/* Shall the next block be packed? */
int spill_packs(struct spill *);
struct spill_reader_names *spill_take_names(struct spill *);
void spill_give_names(struct spill *, struct spill_reader_names *take_names);

#endif
