#ifndef SFLOW_OP_IMAGE_H
#define SFLOW_OP_IMAGE_H

#include <stdint.h>

#include "data/batch.h"
#include "data/text.h"

struct region;

/*
 * A row as one run of bytes, in memory and on disk: a head, the bytes of a long
 * key, then its cells, each as short as it is:
 *
 *	text	a byte with its size (254: four more say it; 255: null), bytes
 *	others	a byte, 1 where there is a value, and the value
 *	mixed	a byte with the type, and the cell of that type
 *
 * What the cells are is known by the number of the row's shape: names and types
 * of a batch's columns.  An image lies at a multiple of 8 and is followed by
 * IMAGE_SLACK bytes that may be read.
 */
struct image {
	uint64_t link;		/* its owner's: the key's hash, the next row */
	struct text key;	/* a long one points behind the head */
	uint64_t turn;		/* its place in the input: op_job, */
	uint64_t number;	/* and within the turn */
	uint32_t size;		/* with the head; a multiple of 8 */
	uint16_t shape;
	uint8_t order_size;	/* bytes behind the key's, before the cells */
	uint8_t flags;
};

enum { IMAGE_FOUND = 1, IMAGE_ALONE = 2 };

#define IMAGE_SLACK 16
#define IMAGE_SHAPES_MAX UINT16_MAX

static inline char *
image_order(const struct image *image)
{
	return (char *)(uintptr_t)(image + 1) +
	    (image->key.size > TEXT_INLINE_MAX ? image->key.size : 0);
}

static inline char *
image_cells(const struct image *image)
{
	return image_order(image) + image->order_size;
}

/* Is it behind the other in the order of the input? */
static inline int
image_is_behind(const struct image *image, const struct image *other)
{
	return image->turn != other->turn ? image->turn > other->turn :
	    image->number > other->number;
}

/* The head has been read from elsewhere: the key lies behind it. */
void image_settle(struct image *);

struct image_shape {
	struct schema *schema;	/* held */
	uint8_t *type;		/* enum type of each column */
	uint8_t *delimiter;
	int has_time;
	uint64_t split;
	uint64_t turn, number;	/* where it was met first */
};

struct image_shapes {
	struct image_shape *shape;
	uint32_t count, capacity, last;
};

/* The number of the batch's shape; UINT32_MAX: there are `most` others. */
uint32_t image_shapes_find(struct image_shapes *, const struct batch *,
	uint32_t most, uint64_t turn, uint64_t number);
/* The number of one that is like `shape`; it is added if there is none. */
uint32_t image_shapes_add(struct image_shapes *, const struct image_shape *);
void image_shapes_fini(struct image_shapes *);
/* Add the bytes of the cells of the selected rows to size[]. */
void image_measure(const struct batch *, uint32_t *size);
/* Write the cells of the selected rows, the i-th at at[i]; at[] moves. */
void image_write(const struct batch *, char **at);
/*
 * The columns of rows of one shape, whose cells begin at at[i] (NULL: a row of
 * nulls); at[] moves.  All that they need is in `region`.
 */
void image_read(const struct image_shape *, const char **at, uint32_t count,
	struct region *, struct column *out);
/* A batch of rows of one shape. */
struct batch *image_batch(const struct image_shape *,
	struct image *const *rows, uint32_t count);

/*
 * Rows of several shapes, seen as one: all fields that any has, in the places
 * that op/rows.h would give them, with the type that all have, or MIXED.
 */
struct image_union {
	struct schema *schema;	/* held */
	uint8_t *type, *delimiter;	/* per field */
	const struct image_shape **shape;
	int **map;		/* per shape, field: its column, or -1 */
	uint8_t *is_plain;	/* per shape: the same fields and types */
	int all_plain;		/* all shapes, and none has times */
	uint32_t count;
};

struct op_run;

/* Rows have the indexes of shape[0..count) as their shapes; there is room for
 * one more.  Fields come in the order in which shapes were met.  The shapes are
 * borrowed. */
void image_union_init(struct image_union *, struct op_run *,
	const struct image_shape **shape, uint32_t count);
void image_union_fini(struct image_union *);
/* All columns of the rows; NULL: a row of nulls. */
void image_union_read(const struct image_union *, struct image *const *rows,
	uint32_t count, struct region *, struct column *out);

#endif
