/*
 * Rows out of columns and back into them: gather (views stay views), copy
 * (text comes along), scatter (the reverse of gather), and the rows of a MIXED
 * column by type.
 */
#include "data/column.h"

#include <assert.h>
#include <string.h>

#include "data/raw_priv.h"
#include "util/mem.h"

/* A cell of 16 bytes, moved as two words. */
struct pair {
	uint64_t words[2];
};

/* Elements of `width` bytes, out[i] = data[sel[i]]. */
static void
gather_elements(const void *data, unsigned width, const uint16_t *sel,
	uint32_t count, void *out)
{
	if (width == 1) {
		const uint8_t *source = data;
		uint8_t *target = out;
		for (uint32_t i = 0; i < count; i++)
			target[i] = source[sel[i]];
	} else if (width == 8) {
		const uint64_t *source = data;
		uint64_t *target = out;
		for (uint32_t i = 0; i < count; i++)
			target[i] = source[sel[i]];
	} else {
		const struct pair *source = data;
		struct pair *target = out;
		for (uint32_t i = 0; i < count; i++)
			target[i] = source[sel[i]];
	}
}

/* out[sel[i]] = data[i]. */
static void
scatter_elements(const void *data, unsigned width, const uint16_t *sel,
	uint32_t count, void *out)
{
	if (width == 1) {
		const uint8_t *source = data;
		uint8_t *target = out;
		for (uint32_t i = 0; i < count; i++)
			target[sel[i]] = source[i];
	} else if (width == 8) {
		const uint64_t *source = data;
		uint64_t *target = out;
		for (uint32_t i = 0; i < count; i++)
			target[sel[i]] = source[i];
	} else {
		const struct pair *source = data;
		struct pair *target = out;
		for (uint32_t i = 0; i < count; i++)
			target[sel[i]] = source[i];
	}
}

/* `count` times the one element. */
static void
repeat_element(const void *data, unsigned width, uint32_t count, void *out)
{
	if (width == 1) {
		memset(out, *(const uint8_t *)data, count);
	} else if (width == 8) {
		uint64_t word = *(const uint64_t *)data;
		uint64_t *target = out;
		for (uint32_t i = 0; i < count; i++)
			target[i] = word;
	} else {
		struct pair pair = *(const struct pair *)data;
		struct pair *target = out;
		for (uint32_t i = 0; i < count; i++)
			target[i] = pair;
	}
}

/* The bits of the rows, or NULL if all are set. */
static uint64_t *
gather_bits(const uint64_t *valid, const uint16_t *sel, uint32_t count,
	struct region *region)
{
	if (valid == NULL)
		return NULL;
	uint64_t all = UINT64_MAX;
	uint64_t *out = region_alloc(region, bitmap_words(count) * 8);
	for (uint32_t start = 0; start < count; start += 64) {
		uint32_t end = start + 64 < count ? start + 64 : count;
		uint64_t word = UINT64_MAX;
		for (uint32_t i = start; i < end; i++) {
			uint32_t row = sel[i];
			uint64_t clear = ~valid[row >> 6] >> (row & 63) & 1;
			word ^= clear << (i - start);
		}
		out[start >> 6] = word;
		all &= word;
	}
	return all == UINT64_MAX ? NULL : out;
}

/* Views of SLICE rows; sel may be NULL. */
static void
gather_slices(const struct column *column, const uint16_t *sel, uint32_t count,
	struct text *restrict out)
{
	struct column source = *column;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t size;
		const char *bytes = column_slice(&source,
		    sel == NULL ? i : sel[i], &size);
		out[i] = text_make_padded(bytes, size);
	}
}

void
column_gather(const struct column *column, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	if (sel == NULL || column->encoding == CONST ||
	    column->type == TYPE_NULL) {
		*out = *column;
		return;
	}
	column_init_flat(out, column->type, count, region);
	out->delimiter = column->delimiter;
	if (column->encoding == SLICE) {
		gather_slices(column, sel, count, out->data);
	} else {
		gather_elements(column->data, type_width(column->type), sel,
		    count, out->data);
		if (out->tags != NULL)
			gather_elements(column->tags, 1, sel, count,
			    out->tags);
	}
	out->valid = gather_bits(column->valid, sel, count, region);
}

void
column_flatten(const struct column *column, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	unsigned width = type_width(column->type);

	if (sel != NULL && column->encoding != CONST) {
		column_gather(column, sel, count, region, out);
		return;
	}
	column_init_flat(out, column->type, count, region);
	out->delimiter = column->delimiter;
	if (column->encoding == SLICE)
		gather_slices(column, NULL, count, out->data);
	else if (column->encoding == FLAT)
		memcpy(out->data, column->data, (size_t)count * width);
	else
		repeat_element(column->data, width, count, out->data);
	if (out->tags != NULL && column->encoding == FLAT)
		memcpy(out->tags, column->tags, count);
	else if (out->tags != NULL)
		memset(out->tags, column->tags[0], count);
	if (column->valid == NULL ||
	    (column->encoding == CONST && column_row_is_valid(column, 0)))
		return;
	uint32_t bytes = bitmap_words(count) * 8;
	out->valid = region_alloc(region, bytes);
	if (column->encoding == CONST)
		memset(out->valid, 0, bytes);
	else
		memcpy(out->valid, column->valid, bytes);
}

/* Is element i a text that lies elsewhere? */
static int
is_long_text(const struct column *column, uint32_t i)
{
	if (column->type == TYPE_MIXED && !type_is_textual(column->tags[i]))
		return 0;
	return column_row_is_valid(column, i) &&
	    ((const struct text *)column->data)[i].size > TEXT_INLINE_MAX;
}

/* Move the bytes of all long texts to one block of the region. */
static void
own_texts(struct column *column, uint32_t count, struct region *region)
{
	struct text *text = column->data;
	size_t bytes = 0;

	for (uint32_t i = 0; i < count; i++)
		bytes += is_long_text(column, i) ? text[i].size : 0;
	if (bytes == 0)
		return;
	char *target = region_alloc(region, bytes);
	for (uint32_t i = 0; i < count; i++) {
		if (!is_long_text(column, i))
			continue;
		memcpy(target, text[i].bytes, text[i].size);
		text[i].bytes = target;
		target += text[i].size;
	}
}

void
column_copy(const struct column *column, const uint16_t *sel, uint32_t count,
	struct region *region, struct column *out)
{
	if (column->type == TYPE_NULL) {
		column_init_null(out);
		return;
	}
	column_flatten(column, sel, count, region, out);
	if (type_is_textual(column->type) || column->type == TYPE_MIXED)
		own_texts(out, count, region);
}

/* Clear all bits but those of rows sel[i] whose dense row i is valid. */
static void
scatter_bits(const struct column *dense, const uint16_t *sel, uint32_t count,
	uint32_t rows, uint64_t *out)
{
	memset(out, 0, bitmap_words(rows) * 8);
	for (uint32_t i = 0; i < count; i++)
		if (column_row_is_valid(dense, i))
			out[sel[i] >> 6] |= (uint64_t)1 << (sel[i] & 63);
}

void
column_scatter(const struct column *dense, const uint16_t *sel, uint32_t count,
	uint32_t rows, struct region *region, struct column *out)
{
	struct column flat;

	if (sel == NULL || dense->type == TYPE_NULL) {
		*out = *dense;
		return;
	}
	if (dense->encoding == FLAT)
		flat = *dense;
	else
		column_flatten(dense, NULL, count, region, &flat);

	unsigned width = type_width(flat.type);
	column_init_flat(out, flat.type, rows, region);
	out->delimiter = flat.delimiter;
	memset(out->data, 0, (size_t)rows * width);
	scatter_elements(flat.data, width, sel, count, out->data);
	if (out->tags != NULL) {
		memset(out->tags, TYPE_NULL, rows);
		scatter_elements(flat.tags, 1, sel, count, out->tags);
	}
	column_need_valid(out, rows, region);
	scatter_bits(&flat, sel, count, rows, out->valid);
}

/* The type of a row of a MIXED column, NULL where its bit is clear. */
static enum type
row_tag(const struct column *column, uint32_t row)
{
	enum type type = column->tags[column->encoding == CONST ? 0 : row];

	if (type != TYPE_MISSING && !column_row_is_valid(column, row))
		return TYPE_NULL;
	return type;
}

void
column_split(const struct column *column, uint32_t count, uint16_t *order,
	uint32_t first[TYPE_MIXED + 1])
{
	uint32_t next[TYPE_MIXED + 1] = { 0 };

	assert(column->type == TYPE_MIXED);
	for (uint32_t i = 0; i < count; i++)
		next[row_tag(column, i)]++;
	uint32_t start = 0;
	for (unsigned t = 0; t <= TYPE_MIXED; t++) {
		uint32_t size = next[t];
		first[t] = start;
		next[t] = start;
		start += size;
	}
	for (uint32_t i = 0; i < count; i++)
		order[next[row_tag(column, i)]++] = (uint16_t)i;
}
