#ifndef SFLOW_OP_SOURCE_H
#define SFLOW_OP_SOURCE_H

#include <stdint.h>

#include "io/format.h"
#include "io/stream.h"
#include "op/op.h"

/*
 * Where records come from.  Not an operator: nobody pushes into it; the runner
 * asks it.
 *
 * A `struct source` is part of the plan: what is read, in which format, with
 * which fields.  A `struct source_run` is one running instance of it, which
 * reads some of its splits.  A split is a sequence of records with a position
 * and a watermark of its own: a file (followed by what it is rotated to), a
 * connection, standard input.
 */
struct source;
struct source_run;
struct buf;
struct env_waits;
struct save;

struct source_spec {
	/* Among the sources of the program: keeps their splits apart. */
	uint32_t number;
	/* tail, tcp, ...: io/stream.h; NULL: files and standard input. */
	const struct stream_def *stream;
	const char *const *path;	/* globs are expanded; "-" is stdin */
	uint32_t path_count;
	/* NULL: by the extension; for stdin and unknown extensions by the first
	 * bytes: { or [ is JSON, a tab in the first line TSV, a comma CSV, else
	 * lines. */
	const struct format_def *format;
	const struct format_option *option;	/* of the format */
	uint32_t option_count;
	const struct format_option *stream_option;
	uint32_t stream_option_count;
	/* ssh(): read on these hosts, an instance on each; NULL: here. */
	const char *const *host;
	uint32_t host_count;
	/* What source_describe told of the same source elsewhere; NULL: look at
	 * the files. */
	const char *description;
	size_t description_size;
};

/*
 * Expand globs, check that the files are there, open what is needed to know the
 * fields (every CSV header is read: the schema is their union by name).  NULL
 * with err.  `spec` and what it points to must outlive the source, as must
 * `bad`.
 */
struct source *source_open(const struct source_spec *, struct bad *,
	struct err *);
void source_close(struct source **);
/*
 * All that was learned by looking at the inputs: a source that is opened with
 * this description touches no file and is the same to the checker, so that
 * every worker binds the same plan.
 */
void source_describe(const struct source *, struct buf *);

/* The fields as far as they are known; borrowed. */
struct schema *source_schema(const struct source *);
/* The one format of all inputs, or NULL when they differ. */
const struct format_def *source_format(const struct source *);
/*
 * Options that give a writer of the same format the first input's dialect: the
 * delimiter, no header.  Borrowed; up to SOURCE_DIALECT_MAX.
 */
#define SOURCE_DIALECT_MAX 2
uint32_t source_dialect(const struct source *, struct format_option *out);
/* Could a writer of the same format with these options copy every record? */
int source_is_in_dialect(const struct source *, const struct format_option *,
	uint32_t count);
/* "ev.jsonl", "3 files", "stdin": for explain. */
const char *source_label(const struct source *);
const struct source_spec *source_spec(const struct source *);
/* Bytes of its files as they lie there, none of them compressed or a pipe; 0:
 * not known. */
uint64_t source_bytes(const struct source *);
/* Does it never end by itself? */
int source_is_live(const struct source *);
/* Can every record be read again from its position?  Else: why not. */
int source_can_replay(const struct source *, const char **reason);
/* How many instances can share the work: splits of a bounded source, else 1. */
uint32_t source_width(const struct source *);
/* Is it one input that comes as somebody writes it, as standard input? */
int source_is_pipe(const struct source *);
/*
 * Ranges of the one input that instances can read side by side, 0: it is not
 * worth it, or cannot be.  See source_run_share.
 */
uint32_t source_range_count(const struct source *);

/* --- running --- */

/*
 * Instance `instance` of `count`: it reads the splits whose number modulo count
 * is `instance`.  `need` and the source are borrowed until the end; `bad` is
 * source_open's.  Opens nothing yet.  What source_open has read ahead of an
 * input that cannot be read twice (standard input) lies in its source: the
 * instance of that input is to be made of that one, not of a described one.
 */
struct source_run *source_run_new(struct source *, unsigned instance,
	unsigned count, const struct need *need, struct bad *bad);
void source_run_free(struct source_run **);
/*
 * Behind new, of each of `count` instances: they read the ranges of a file side
 * by side.  `first` is the source of one of them, the same for all, which
 * outlives them.  wake(cookie) is called, from any thread, when
 * source_run_next, which said SOURCE_BUSY, may have something.  Who does not
 * ask until the end says source_run_quit.  Nothing of it can be saved, and no
 * split is told of: batches have that of the file.
 */
void source_run_share(struct source_run *, struct source *first,
	unsigned instance, unsigned count, void (*wake)(void *cookie),
	void *cookie);
/* It will not be asked again. */
void source_run_quit(struct source_run *);
/* Behind the end: the splits, or ranges, that all instances have read. */
uint32_t source_run_turns(const struct source_run *);
/*
 * Between new and the first next: take back an entry that source_run_save put.
 * What belongs to other instances is ignored.  0 or -1.
 */
int source_run_load(struct source_run *, const char *bytes, size_t size,
	struct err *);

enum source_got {
	SOURCE_FAIL = -1,	/* err */
	SOURCE_END = 0,
	SOURCE_BATCH = 1,	/* item->batch, item->batch->split is set */
	SOURCE_WAIT = 2,	/* nothing now: see source_run_wait */
	SOURCE_SPLIT = 3,	/* item->split begins or ends */
	SOURCE_TURN = 4,	/* range item->number is through */
	SOURCE_BUSY = 5,	/* another instance must come first: `wake` */
};

struct source_item {
	struct batch *batch;
	uint64_t split;
	enum op_split what;
	/* SOURCE_SPLIT of a bounded source: its number among the source's
	 * splits, in the order in which one instance would read them. */
	uint32_t number;
};

/*
 * What comes next.  The columns of batches follow source_schema (closed
 * schemas) or need->name.  All splits of this instance that are known at the
 * start begin before the first batch; a split ends behind its last record.
 * Files come one after another, in order; of streams every split that has
 * something is asked in turn, for one batch.
 */
enum source_got source_run_next(struct source_run *, struct source_item *out,
	struct err *);
/* What to wait for before next has something: descriptors, a deadline. */
void source_run_wait(struct source_run *, struct env_waits *);
/* ^C: nothing more is read; next gives the records that have been read already
 * and then SOURCE_END. */
void source_run_stop(struct source_run *);
/* The positions of all splits, for a checkpoint: what next has given is before
 * them, what it will give behind.  All entries are SAVE_SHARED. */
void source_run_save(const struct source_run *, struct save *);
/*
 * After the end: a needed field that no record of an open source had; counted
 * from 0, NULL behind the last.
 */
const char *source_run_unseen(const struct source_run *, uint32_t index);
/* Bytes and records read so far. */
void source_run_counts(const struct source_run *, uint64_t *bytes,
	uint64_t *records);

#endif
