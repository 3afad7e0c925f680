#ifndef SFLOW_STATE_SPILL_H
#define SFLOW_STATE_SPILL_H

#include <stddef.h>
#include <stdint.h>

struct batch;
struct err;

/*
 * Where operators put what has no room in memory (mem_charge has refused).
 *
 * A `struct spill` is a job's: a folder and how much may lie there.  Files have
 * no name, so that nothing is left whatever happens.  What cannot be written or
 * read (ENOSPC, EIO, the limit) is an error of kind ERR_IO with the folder, the
 * size and the way out (--tmp, --disk).  Any thread may make files; a file or
 * reader is used by one thread at a time.
 */
struct spill;
struct spill_file;
struct spill_reader;

/* `folder` is copied; nothing is touched before the first file.  `limit_bytes`
 * 0: no limit. */
struct spill *spill_new(const char *folder, uint64_t limit_bytes);
void spill_free(struct spill **);
/* Bytes written so far, and those that lie there now. */
uint64_t spill_written_bytes(const struct spill *);
uint64_t spill_used_bytes(const struct spill *);

/*
 * A file that is appended to and read back.  Bytes are gathered into blocks,
 * checked (XXH3) and, while the disk is slower than packing, packed (lz4).  A
 * block has SPILL_BLOCK_BYTES at most; under a small limit of memory fewer,
 * because many files are read at once.  Its buffer is charged to nobody: count
 * SPILL_FILE_BYTES for an open writer, SPILL_READER_BYTES for an open reader.
 */
#define SPILL_BLOCK_BYTES ((size_t)256 << 10)
size_t spill_block_bytes(void);
#define SPILL_FILE_BYTES spill_block_bytes()
#define SPILL_READER_BYTES (2 * spill_block_bytes())
/* What gathered bytes leave in a block: room for the head, for what does not
 * pack, and for unpacking in place. */
#define SPILL_SLACK_BYTES ((size_t)4 << 10)

/* NULL with err. */
struct spill_file *spill_file_new(struct spill *, struct err *);
/* It goes with the last of its readers: of a job that fails, instances that
 * read each other's files are closed in any order. */
void spill_file_free(struct spill_file **);
/*
 * Before the first write: blocks of `bytes`, SPILL_BLOCK_BYTES at most, for
 * who reads many files at once, or begins in many places.  A writer then takes
 * `bytes`, a reader twice that; a view is no longer than that, either.
 */
void spill_file_set_block(struct spill_file *, size_t bytes);
/* Append; 0 or -1. */
int spill_write(struct spill_file *, const void *bytes, size_t size,
	struct err *);
/* Append a batch (its selected rows) as a frame; 0 or -1. */
int spill_write_batch(struct spill_file *, const struct batch *, struct err *);
/*
 * Close the block: what comes next begins another, whose place is returned in
 * *place for spill_reader_new.  Also lets go of the writer's buffer until the
 * next write.  0 or -1.
 */
int spill_cut(struct spill_file *, uint64_t *place, struct err *);
/* Bytes written to it, as given. */
uint64_t spill_file_bytes(const struct spill_file *);
/* Add what it writes to disk from now on to *counter (atomic), as
 * op_spill_new() does for --stats. */
void spill_file_count(struct spill_file *, uint64_t *counter);

/*
 * Read what lies between two places (0: the start) that spill_cut gave.  The
 * file outlives its readers; several read side by side.  Never NULL.
 */
struct spill_reader *spill_reader_new(struct spill_file *, uint64_t from,
	uint64_t to);
void spill_reader_free(struct spill_reader **);
/* Up to `size` bytes; fewer only at the end, where it is 0; -1 with err. */
long spill_read(struct spill_reader *, void *bytes, size_t size,
	struct err *);
/*
 * The next `size` bytes in place, good until the next call: for readers that
 * do not copy.  1; 0 at the end; -1.  `size` is at most that of a block.
 */
int spill_view(struct spill_reader *, size_t size, const char **bytes,
	struct err *);
/* The next batch that spill_write_batch put: 1 with *out; 0 at the end; -1. */
int spill_read_batch(struct spill_reader *, struct batch **out, struct err *);

#endif
