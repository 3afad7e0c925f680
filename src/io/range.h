#ifndef SFLOW_IO_RANGE_H
#define SFLOW_IO_RANGE_H

#include <stdint.h>

#include "io/format.h"

struct err;
struct input;

/*
 * One file, or pipe, read in ranges of bytes by several instances side by side.
 * Range k is instance k modulo their count's.  Where its first record begins is
 * known for sure only when range k - 1 has been read: who has read that says
 * it, and who reads k holds what he read from a guessed place until he knows.
 */

/* --- what the instances share; from any thread --- */

struct range_file;

/* Of 256 KiB, or SFLOW_RANGE_BYTES for tests. */
uint64_t range_bytes_wanted(void);
/* Ranges of a file; 0 when they are too few to be worth it. */
uint32_t range_count(uint64_t file_bytes, uint64_t range_bytes);
/* Of a compressed file so large: how many is known when it has been read. */
uint32_t range_count_packed(uint64_t file_bytes, uint64_t range_bytes);

/* Of a pipe. */
#define RANGES_UNKNOWN ((uint32_t)1 << 30)

/*
 * `path` is that of the file if its bytes come one behind the other, else NULL:
 * then one instance at a time gets them for all, ahead of those that parse (io/
 * blocks.h).
 */
struct range_file *range_file_new(uint32_t range_count, const char *path,
	uint64_t range_bytes);
void range_file_free(struct range_file **);

/* Instance `index` of `count` is told by wake(cookie) when something that it
 * may wait for has changed.  Before the first is run. */
typedef void range_wake_f(void *cookie);
void range_file_join(struct range_file *, uint32_t index, uint32_t count,
	range_wake_f *wake, void *cookie);

/* Before the first is run: bytes come from here, and may be waited for. */
void range_file_take_input(struct range_file *, struct input *take_input);
/*
 * Has the byte at `offset` come, or will none?  Always 1 but for those of
 * range_file_take_input.  Else: is instance `index` to wait for it?  Then it
 * will be woken, and should wait on range_file_fd (-1: none), since who waits
 * reads for all.
 */
int range_file_reach(struct range_file *, uint64_t offset);
int range_file_wait(struct range_file *, uint32_t index, uint64_t offset);
int range_file_fd(const struct range_file *);

enum range_entry {
	RANGE_UNKNOWN,		/* not yet: the instance will be woken */
	RANGE_KNOWN,		/* *out is that of the first record */
	RANGE_OVER,		/* there is none: what came before was all */
};
/* What a reader that has come to a range's first record hands on. */
struct range_start {
	struct reader_position position;
	struct schema *met;	/* held; fields (format_def.met), or NULL */
};
/* Make `target` the same. */
void range_start_set(struct range_start *target,
	const struct reader_position *, struct schema *met);
void range_start_fini(struct range_start *);

/* Where range `k`, which is the caller's, begins.  `out` is a start already. */
enum range_entry range_file_entry(struct range_file *, uint32_t k,
	struct range_start *out);
/* The range before `k` has been read up to there. */
void range_file_publish(struct range_file *, uint32_t k,
	const struct reader_position *, struct schema *met);
/* Nothing is to be read from range `k` on; what is known already stays. */
void range_file_end(struct range_file *, uint32_t k);
/*
 * The same from the first range on whose beginning nobody knows: one that wants
 * no more leaves, and all count the same ranges, whoever leaves first.
 */
void range_file_leave(struct range_file *);
/* How many there are; sure when an instance has come to RANGE_OVER or left. */
uint32_t range_file_count(struct range_file *);
/* Is a guess worth the work?  Then *last is the start that is known last.
 * Told how they went. */
int range_file_may_guess(struct range_file *, uint32_t k,
	struct range_start *last);
void range_file_guessed(struct range_file *, int is_right);

/* --- the bytes of a range, for one reader --- */

/*
 * An input that gives what stands before a limit and then says INPUT_WAIT, so
 * that its reader gives the records that are whole and tells where it is.  The
 * limit is behind a line end: raised line by line it lets one record through at
 * a time.
 */
struct range_input;

/* The range_input is the input's and goes with it.  NULL with err. */
struct input *range_input_open(struct range_file *, const char *path,
	struct range_input **, struct err *);
/* No limit: up to the file's end. */
void range_input_no_limit(struct range_input *);
/* Up to the end of the line that byte `offset` - 1 stands in, or as much as
 * has come of that.  0 or -1. */
int range_input_limit(struct range_input *, uint64_t offset, struct err *);
/*
 * Let more through: a line, and more and more of them the longer it goes on;
 * behind the last line the end itself.  0 or -1.
 */
int range_input_raise(struct range_input *, struct err *);
/* Did the last read want what has not come?  Then *offset is that byte's. */
int range_input_is_dry(const struct range_input *, uint64_t *offset);

/*
 * Where the first record behind `start` may begin: 1 and *offset; 0: no idea;
 * -1 with err.  `lines` says how records end, `delimiter` is the one of
 * FORMAT_LINES_QUOTED.
 */
int range_input_guess(struct range_input *, uint64_t start,
	enum format_lines lines, char delimiter, uint64_t *offset,
	struct err *);

#endif
