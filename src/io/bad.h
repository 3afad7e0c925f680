#ifndef SFLOW_IO_BAD_H
#define SFLOW_IO_BAD_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * The job's one policy for bad records (--bad stop|skip|FILE) and its counts.
 * Readers and operators report here; nobody decides alone.
 */
struct bad;

enum bad_policy { BAD_STOP, BAD_SKIP, BAD_FILE };

/* `path` for BAD_FILE.  NULL with err if it cannot be created. */
struct bad *bad_new(enum bad_policy, const char *path, struct err *);

struct bad_record;
typedef void bad_forward_f(void *cookie, const struct bad_record *);
/* From now on records are given to somebody else, whose policy counts; none
 * stops the job here.  Called under the policy's lock. */
void bad_set_forward(struct bad *, bad_forward_f *, void *cookie);

struct bad_record {
	const char *path;	/* of the input; NULL: no place is known */
	uint64_t line;		/* from 1; 0: unknown */
	uint64_t column;	/* from 1, in bytes; 0: unknown */
	const char *reason;	/* one sentence, no full stop */
	const char *text;	/* the record's; messages show 80 columns */
	size_t text_size;
	uint64_t text_line;	/* where text begins; 0: at `line` */
	uint64_t text_column;	/* of its first byte; 0: 1 */
};

/*
 * Count and report one.  Returns 0: go on without the record; -1: stop, `err`
 * is filled (ERR_DATA):
 *     access.csv:17:4: expected 5 fields, found 3
 *       | 1,2,3
 *           ^
 * To a file it writes path:line:column: reason: text, one line each (line ends
 * and other control bytes of the text escaped).
 */
int bad_report(struct bad *, const struct bad_record *, struct err *);
/*
 * The job never ends, or keeps checkpoints: what is reported is to be seen in
 * the file while it runs, and stays when it is interrupted.  With `keep` it
 * goes on behind what is there.  Before other threads report.
 */
int bad_set_in_place(struct bad *, int keep, struct err *);
/* Nothing more for now: let what was reported be seen.  0 or -1. */
int bad_flush(struct bad *, struct err *);
enum bad_policy bad_policy(const struct bad *);
uint64_t bad_count(const struct bad *);
/*
 * Those that the calling thread has reported so far, to any: the difference
 * around a call is what that call has found, whatever others report.
 */
uint64_t bad_count_of_thread(void);
/* Records read, bad ones too; counted by who asks readers for batches. */
void bad_count_read(struct bad *, uint64_t records);
uint64_t bad_read_count(const struct bad *);
/* Flush and close the file; -1 with err if that fails. */
int bad_close(struct bad **, struct err *);
/* The job has failed: no file appears. */
void bad_abort(struct bad **);

#endif
