#ifndef SFLOW_EXPR_PREFILTER_H
#define SFLOW_EXPR_PREFILTER_H

#include <stdint.h>

#include "data/batch.h"

struct buf;
struct expr;
struct prefilter;

/*
 * What a record's own bytes tell of a condition before any field is looked at:
 * `path ~ /admin/` cannot hold for a record without "admin".  Looking for that
 * in all bytes of a batch at once is several times cheaper than asking record
 * by record.
 *
 * `type` is that of the records' bytes (batch.record).  NULL: nothing is known,
 * or the condition is as cheap to ask.  It reads the expression, which lives
 * longer, and learns as it runs: one for each thread.
 */
struct prefilter *prefilter_new(const struct expr *, enum type type);
void prefilter_free(struct prefilter **);
/*
 * Those of the batch's selected rows that must be asked, to `out` (which may be
 * batch->sel): rows left out neither satisfy the condition nor would they be
 * refused.  Returns how many; UINT32_MAX: all, and `out` is not written.
 */
uint32_t prefilter_rows(struct prefilter *, const struct batch *,
	uint16_t *out);
/* "a" or "b": what is looked for. */
void prefilter_explain(const struct prefilter *, struct buf *);

#endif
