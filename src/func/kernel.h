#ifndef SFLOW_FUNC_KERNEL_H
#define SFLOW_FUNC_KERNEL_H

#include "func/func.h"
#include "func/func_type.h"
#include "util/mem.h"

struct zone;

/*
 * What the kernels of scalar functions share: arguments brought to the type
 * that the kernel computes with, and results written.
 */

/* For func_def.want: the same for every argument. */
#define WANT_ALL(want) { want, want, want, want }

/* A result longer than this is refused: one cell is not a file. */
#define KERNEL_TEXT_MAX ((size_t)64 << 20)

/*
 * Bring the arguments to the types that `letters` ask for (see func_type.h):
 * t gives TEXT or RAW, n FLOAT, i INT, m TIME, d DURATION, b BOOL, l LIST, r
 * RECORD, c one of TEXT RAW LIST RECORD; FLAT or CONST.  Rows whose value does
 * not go are rejected and hold zeros, empty texts, lists and records.  Columns
 * of TYPE_NULL are left as they are (FUNC_NULLS only).  `in` takes `arg_count`
 * columns.  0, or -1 if a column can never go.
 */
int kernel_take(struct func_call *, const char *letters,
	const struct column *arg, unsigned arg_count, uint32_t count,
	struct column *in);
/* One of them. */
int kernel_take_one(struct func_call *, char letter, const struct column *arg,
	uint32_t count, struct column *in);

/* Element i of what kernel_take made. */
static inline struct text
arg_text(const struct column *column, uint32_t i)
{
	return ((const struct text *)column->data)[i & column_mask(column)];
}

static inline int64_t
arg_int(const struct column *column, uint32_t i)
{
	return ((const int64_t *)column->data)[i & column_mask(column)];
}

static inline double
arg_float(const struct column *column, uint32_t i)
{
	return ((const double *)column->data)[i & column_mask(column)];
}

static inline int
arg_bool(const struct column *column, uint32_t i)
{
	return ((const uint8_t *)column->data)[i & column_mask(column)];
}

/* Is row i there?  For FUNC_NULLS kernels; TYPE_NULL columns never are. */
static inline int
arg_is_there(const struct column *column, uint32_t i)
{
	return column->type != TYPE_NULL && column->type != TYPE_MISSING &&
	    column_row_is_valid(column, i);
}

static inline int
arg_is_nested(const struct column *column)
{
	return column->type == TYPE_LIST || column->type == TYPE_RECORD;
}

/* Start a FLAT result of `count` rows; returns its data. */
static inline void *
kernel_out(struct func_call *call, enum type type, uint32_t count,
	struct column *out)
{
	column_init_flat(out, type, count, call->region);
	return out->data;
}

/* Make row i of the result null. */
void kernel_null(struct func_call *, uint32_t i, uint32_t count,
	struct column *out);
/* A copy in which every row has its own element. */
void kernel_flatten(struct func_call *, const struct column *,
	uint32_t count, struct column *out);
/* The result of a builder that was given `count` rows or more. */
void kernel_finish(struct func_call *, struct builder *, struct column *out);

/*
 * A text as a message shows it: in quotes, cut where it is long, one line.
 * Returns `out`.
 */
#define KERNEL_QUOTE_MAX 64
const char *kernel_quote(struct text, char out[KERNEL_QUOTE_MAX]);

/*
 * Text results.  Rows are written one after the other into blocks of the
 * region: ask for room, write there, put what was written.
 */
struct writer {
	struct region *region;
	char *at;
	char *end;
	struct text *text;
};

void writer_init(struct writer *, struct func_call *, enum type,
	uint32_t count, struct column *out);
void writer_grow(struct writer *, size_t size);

static inline char *
writer_room(struct writer *writer, size_t size)
{
	if ((size_t)(writer->end - writer->at) < size)
		writer_grow(writer, size);
	return writer->at;
}

/* Row i is the `size` bytes that were written to the room. */
static inline void
writer_put(struct writer *writer, uint32_t i, size_t size)
{
	writer->text[i] = text_make(writer->at, size);
	if (size > TEXT_INLINE_MAX)
		writer->at += size;
}

static inline void
writer_copy(struct writer *writer, uint32_t i, const char *bytes, size_t size)
{
	if (size > TEXT_INLINE_MAX) {
		memcpy(writer_room(writer, size), bytes, size);
		writer_put(writer, i, size);
	} else {
		writer->text[i] = text_make(bytes, size);
	}
}

/* Row i is a part of an argument's text, or all of it: no copy. */
static inline void
writer_view(struct writer *writer, uint32_t i, const char *bytes, size_t size)
{
	writer->text[i] = text_make(bytes, size);
}

/* prepare for functions with a constant zone as their last argument, which is
 * number `index`: refuses what is no zone. */
int kernel_prepare_zone(const struct value *const *arg, unsigned count,
	unsigned index, unsigned *bad_arg, struct err *);

/*
 * The zone of row i, opened once for runs of the same name.  Zero-initialise.
 * NULL with the row rejected if there is no such zone.
 */
struct zone_memo {
	struct text name;
	const struct zone *zone;
};
const struct zone *kernel_zone(struct func_call *, struct zone_memo *,
	const struct column *names, uint32_t i);

#endif
