#ifndef SFLOW_OP_SORT_ROW_H
#define SFLOW_OP_SORT_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "op/op.h"

/*
 * Rows as bytes, one behind the other, in memory as on disk:
 *
 *	row	head [rest] [record] field field ...
 *	head	varint: layout * 2 + has_rest
 *	rest	varint size, bytes: of the key (data/key_words.h)
 *	record	varint size, bytes: if the layout keeps it
 *	field	[1 if there] 1, 8 or 16 bytes; or varint size, bytes;
 *		or a tag and one of these
 *
 * What is in a row is said by its layout, which all rows of a batch have in
 * common: names and types of the columns that are kept.  A column is kept if
 * somebody behind the operator needs it; where records are all that is needed
 * nothing is kept besides.  Layouts are shared by all instances; any thread.
 */
struct sort_layouts;
struct sort_layout;

/* Of this operator: its `out_need` says what is needed, its keys what it needs
 * itself. */
struct sort_layouts *sort_layouts_new(const struct op *op);
void sort_layouts_free(struct sort_layouts **);
/*
 * The layout of a batch that is number `sequence` of its instance and came in
 * turn `turn`.  `last` (or NULL) is the one of the batch before.
 */
const struct sort_layout *sort_layout_of(struct sort_layouts *,
	const struct batch *, uint64_t turn, uint64_t sequence,
	const struct sort_layout *last);

/* Bytes of the row of physical row `row`, and those bytes; `rest` may be NULL.
 * Returns what lies behind. */
size_t sort_row_measure(const struct sort_layout *, const struct batch *,
	uint32_t row, const char *rest, uint32_t rest_size);
char *sort_row_write(const struct sort_layout *, const struct batch *,
	uint32_t row, const char *rest, uint32_t rest_size, char *out);
static inline int
sort_row_has_rest(const char *row)
{
	return *row & 1;
}
/* Length of a row. */
size_t sort_row_bytes(const struct sort_layouts *, const char *row);

/*
 * Batches of rows: what they look like is known when all layouts are.
 */
struct sort_shape;

struct sort_shape *sort_shape_new(struct op_run *, const struct sort_layouts *,
	struct err *);
void sort_shape_free(struct sort_shape **);
/*
 * A batch of these rows, which had better be in the cache.  If *has_views is
 * set, texts of it are views of the rows' bytes: the caller lets the batch hold
 * their regions.
 */
struct batch *sort_shape_batch(const struct sort_shape *,
	const char *const *row, uint32_t count, int *has_views);

static inline char *
sort_put_size(char *out, uint64_t size)
{
	while (size >= 0x80) {
		*out++ = (char)(size | 0x80);
		size >>= 7;
	}
	*out++ = (char)size;
	return out;
}

static inline const char *
sort_get_size(const char *at, uint64_t *size)
{
	uint64_t value = (uint8_t)*at++;

	if (__builtin_expect(value >= 0x80, 0)) {
		unsigned shift = 7;
		value &= 0x7f;
		for (;; shift += 7) {
			uint64_t byte = (uint8_t)*at++;
			value |= (byte & 0x7f) << shift;
			if (byte < 0x80)
				break;
		}
	}
	*size = value;
	return at;
}

/* The rest of the key that a row begins with; NULL: the usual one. */
static inline const char *
sort_row_rest(const char *row, uint32_t *size)
{
	uint64_t head, rest_size;

	*size = 0;
	row = sort_get_size(row, &head);
	if (!(head & 1))
		return NULL;
	row = sort_get_size(row, &rest_size);
	*size = (uint32_t)rest_size;
	return row;
}

static inline size_t
sort_size_bytes(uint64_t size)
{
	size_t bytes = 1;

	while (size >= 0x80) {
		size >>= 7;
		bytes++;
	}
	return bytes;
}

#endif
