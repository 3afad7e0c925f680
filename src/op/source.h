#ifndef SFLOW_OP_SOURCE_H
#define SFLOW_OP_SOURCE_H

#include <stdint.h>

#include "io/format.h"
#include "op/op.h"

/*
 * A bounded source: one or more inputs read one after another as one stream of
 * batches.  Not an operator: nobody pushes into it; the runner asks it.
 */
struct source;

struct source_spec {
	const char *const *path;	/* globs are expanded; "-" is stdin */
	uint32_t path_count;
	/* NULL: by the extension; for stdin and unknown extensions by the first
	 * bytes: { or [ is JSON, a tab in the first line TSV, a comma CSV, else
	 * lines. */
	const struct format_def *format;
	const struct format_option *option;
	uint32_t option_count;
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

/* Before the first source_next. */
void source_start(struct source *, const struct need *);
/*
 * 1 with a batch whose columns follow source_schema (closed schemas) or
 * need->name; 0 at the end; -1.
 */
int source_next(struct source *, struct batch **out, struct err *);
/*
 * After the end: a needed field that no record of an open source had; counted
 * from 0, NULL behind the last.
 */
const char *source_unseen(const struct source *, uint32_t index);
/* Would source_next wait for input? */
int source_would_block(struct source *);

#endif
