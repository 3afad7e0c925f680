#ifndef SFLOW_OP_IMAGE_PRIV_H
#define SFLOW_OP_IMAGE_PRIV_H

#include "op/image.h"
#include "util/bits.h"

/*
 * What image.c and image_union.c share.
 */

/* Where the cells of rows begin; NULL for NULL. */
const char **image_cursors(struct image *const *rows, uint32_t count,
	struct region *);

/* Row i of `count` is null. */
static inline void
image_clear(struct column *out, uint32_t i, uint32_t count,
	struct region *region)
{
	column_need_valid(out, count, region);
	bits_clear(out->valid, i);
}

#endif
