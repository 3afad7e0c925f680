#ifndef SFLOW_OP_PARTIAL_H
#define SFLOW_OP_PARTIAL_H

#include <stdint.h>

#include "data/column.h"
#include "data/text.h"

struct batch;
struct err;
struct schema;

/*
 * Partial counts on their way from `partial` to its window: a batch of groups
 * that lie in one bucket.  Unlike records, which a window never sees without,
 * they have no event time; by that they are told apart.
 */
struct partial_bucket {
	int64_t start_us, first_us, update_us;
};

/* Groups being written; zero-initialise, partial_writer_init, ..._fini. */
struct partial_writer {
	struct schema *schema;
	struct builder records, state;
	uint32_t count;
};

void partial_writer_init(struct partial_writer *);
void partial_writer_fini(struct partial_writer *);
/* One more group: the records in it, its row as group_rows_save() wrote it. */
void partial_add(struct partial_writer *, uint64_t records, const char *bytes,
	size_t size);
/* What was added, as a batch. */
struct batch *partial_take(struct partial_writer *,
	const struct partial_bucket *);

int partial_is(const struct batch *);
/* 0, or -1 with err when it is no batch that partial_take() could have made:
 * it may come from another host. */
int partial_check(const struct batch *, struct err *);
/* The hash of each selected row's key. */
void partial_hashes(const struct batch *, uint64_t *hash);
/* Of a physical row, behind partial_check(). */
struct partial_bucket partial_bucket_of(const struct batch *, uint32_t row);
uint64_t partial_records(const struct batch *, uint32_t row);
struct text partial_state(const struct batch *, uint32_t row);

#endif
