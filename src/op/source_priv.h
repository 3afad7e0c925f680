#ifndef SFLOW_OP_SOURCE_PRIV_H
#define SFLOW_OP_SOURCE_PRIV_H

#include "data/type.h"
#include "io/format.h"
#include "io/input.h"
#include "io/members.h"
#include "io/stream.h"
#include "op/source.h"

struct range_file;
struct source_ranges;

/* How the bytes of an input are to be read. */
struct source_kind {
	const struct format_def *format;
	uint8_t delimiter;	/* csv: found in the header; 0: not asked */
	struct value delimiter_value;
};

struct source_file {
	struct origin *origin;	/* stays where it is: readers keep it */
	struct source_kind kind;
	uint64_t split;
	int can_reopen;		/* read again from its start, by anybody */
	int is_compressed;	/* and from nowhere else */
	uint64_t bytes;		/* as it lies there; 0: not known */
	/* The archive whose member it is, and which; or NULL. */
	char *archive;
	uint32_t member;
	/* Opened to be looked at, and kept: the first one, and what cannot be
	 * opened twice.  The first instance that reads it takes both. */
	struct reader *reader;
	struct input *input;
};

struct source {
	const struct source_spec *spec;
	struct bad *bad;
	struct source_file *file;	/* none of streams */
	uint32_t file_count;
	struct source_kind kind;	/* of streams */
	struct schema *schema;
	const struct format_def *format;	/* NULL: they differ */
	int headers_differ;
	/* Of the one file, if it can be read in ranges; else 0. */
	uint32_t range_count;
	uint64_t range_bytes;
	struct range_file *chain;	/* NULL: no ranges */
	char label[128];
	char reason[128];	/* why it cannot be read again; "" */
};

/* The byte between fields as far as it was found; the comma if not. */
uint8_t source_delimiter(const struct source_kind *);
void source_kind_set_delimiter(struct source_kind *, uint8_t);
/*
 * Find out the format, if it is not told, and a CSV file's delimiter; may look
 * at the next bytes of the input.  0 or -1.
 */
int source_kind_learn(struct source_kind *, const struct source_spec *,
	struct input *, struct err *);
/* A reader of that kind on the input, which is borrowed.  NULL with err. */
struct reader *source_reader_open(const struct source *,
	const struct source_kind *, struct input *, const struct origin *,
	struct bad *, struct err *);

/* Learn all by looking at the inputs.  0 or -1. */
int source_learn(struct source *, struct err *);
/* Take what source_describe() told.  0 or -1. */
int source_recall(struct source *, struct err *);
/* Add a file of the pattern number `position` of the spec; `archive` and
 * `member` if it is one of those. */
struct source_file *source_add_file(struct source *, uint32_t position,
	const char *path, const char *archive, uint32_t member);
void source_file_close(struct source_file *);

/* The fields of batches made those of the source. */
struct source_align {
	struct schema *schema;		/* held; the schema `map` is for */
	int *map;			/* our column -> theirs, or -1 */
	int is_identity;
};

void source_align(struct source_align *, const struct source *,
	const struct source_kind *, struct batch *);
void source_align_fini(struct source_align *);

/* Will there be batches without has_record? */
int source_loses_records(const struct source *);

/* What is needed of a source, and what of that was never there. */
struct source_wish {
	const struct need *need;
	uint8_t *unused;	/* per field: nobody looks at it; or NULL */
	uint8_t *seen;	/* open: per needed name, some record has it */
	uint32_t unseen_count;
	uint64_t row_count;
};

void source_wish_init(struct source_wish *, const struct source *,
	const struct need *);
void source_wish_fini(struct source_wish *);
/* Note which names the batch has; blank what nobody looks at. */
void source_wish_apply(struct source_wish *, const struct source *,
	struct batch *);

/*
 * A split that is read: the inputs that belong to it, one after another.
 */
struct source_split {
	uint64_t name;
	uint32_t number;
	int is_begun;		/* it was told */
	int is_done;		/* read to its end */
	int has_ended;		/* no input comes behind those in `part` */
	struct source_file *file;	/* NULL: of a stream */
	struct stream_part *part;	/* [0] is read, or comes next */
	uint32_t part_count;
	const struct source_kind *kind;
	/* The input that is read; reader NULL: none yet. */
	struct input *input;
	struct reader *reader;
	const struct origin *origin;
	struct region *region;	/* of a stream's origin; or NULL */
	int resumes;
	struct reader_position position;	/* as of the last look */
	struct source_align align;
};

/* What all splits of a run share. */
struct source_run {
	struct source *source;
	struct need need;
	struct source_wish wish;
	struct stream *stream;	/* NULL: files, or not open yet */
	int stream_ended;
	int must_ask;		/* the stream, before a round is over */
	int stopped;
	struct members *members;	/* the archive that is read; or NULL */
	struct source_split **split;
	uint32_t split_count;
	uint32_t begun_count;	/* splits that were looked at to be begun */
	uint32_t at;		/* the one to be asked next */
	uint32_t waiting_count;	/* so many in a row had nothing */
	struct source_ranges *ranges;	/* NULL: splits are read */
	uint64_t bytes;
	uint64_t records;
};

/* One instance's ranges of a file; `chain` is shared by all.  Borrows both. */
struct source_ranges *source_ranges_new(struct source_run *,
	struct range_file *chain, uint32_t instance, uint32_t count);
void source_ranges_free(struct source_ranges **);
enum source_got source_ranges_next(struct source_ranges *,
	struct source_item *out, struct err *);
/* Is it known how many ranges there are before all have been read? */
/* How many ranges there are; sure behind SOURCE_END. */
uint32_t source_ranges_count(const struct source_ranges *);
/* What to wait for behind SOURCE_WAIT. */
void source_ranges_wait(const struct source_ranges *, struct env_waits *);
/* It is read no more: nobody shall wait for it. */
void source_ranges_quit(struct source_ranges *);

void source_split_free(struct source_split **);
/*
 * The next batch of a split; SOURCE_WAIT: of the input, or for the next input;
 * SOURCE_END: there will be none.
 */
enum source_got source_split_next(struct source_split *, struct source_run *,
	struct batch **out, struct err *);
/* Where it is now. */
void source_split_look(const struct source_split *, struct reader_position *);

#endif
