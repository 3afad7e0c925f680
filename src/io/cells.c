/*
 * Cells.  The fastest ways first:
 *
 *  - a raw field of the same dialect is its own bytes;
 *  - a raw field of another dialect is too, if it is plain;
 *  - ints are written side by side into one block of the region;
 *  - everything else becomes text by column_texts() and is quoted or escaped
 *    where it must be.  Looking for a byte that needs it is one load and a few
 *    compares for a text that lies in its view.
 */
#include "io/cells.h"

#include "data/batch.h"
#include "data/column.h"
#include "data/number.h"
#include "util/mem.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* What cell_copy() may read behind a short cell. */
#define CELL_PADDING 12
#define INT_TEXT_MAX 20

static const char nothing[CELL_PADDING];

/* Bytes that make a text need quotes or escapes. */
static void
special_bytes(const struct cells_style *style, char bytes[4])
{
	memcpy(bytes, style->quoting == CELLS_QUOTED ? "?\"\n\r" :
	    "\t\\\n\r", 4);
	if (style->quoting == CELLS_QUOTED)
		bytes[0] = style->delimiter;
}

#if defined(__SSE2__)

struct specials {
	__m128i byte[4];
};

static inline struct specials
specials_of(const struct cells_style *style)
{
	struct specials specials;
	char bytes[4];

	special_bytes(style, bytes);
	for (int i = 0; i < 4; i++)
		specials.byte[i] = _mm_set1_epi8(bytes[i]);
	return specials;
}

/* Which of 16 bytes are special. */
static inline unsigned
special_mask(__m128i bytes, const struct specials *specials)
{
	__m128i ab = _mm_or_si128(_mm_cmpeq_epi8(bytes, specials->byte[0]),
	    _mm_cmpeq_epi8(bytes, specials->byte[1]));
	__m128i cd = _mm_or_si128(_mm_cmpeq_epi8(bytes, specials->byte[2]),
	    _mm_cmpeq_epi8(bytes, specials->byte[3]));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(ab, cd));
}

/* Has a text of more than 12 bytes a special one?  Reads none behind it. */
static inline int
long_needs_care(const char *bytes, uint32_t size,
	const struct specials *specials)
{
	unsigned found = 0;

	if (size < 16) {
		__m128i head = _mm_loadl_epi64((const void *)bytes);
		__m128i tail = _mm_loadl_epi64(
		    (const void *)(bytes + size - 8));
		return special_mask(_mm_unpacklo_epi64(head, tail),
		    specials) != 0;
	}
	for (uint32_t i = 0; i + 16 <= size; i += 16)
		found |= special_mask(_mm_loadu_si128(
		    (const void *)(bytes + i)), specials);
	return (found | special_mask(_mm_loadu_si128(
	    (const void *)(bytes + size - 16)), specials)) != 0;
}

/* The same of any size, where 16 bytes may be read. */
static inline int
slice_needs_care(const char *bytes, uint32_t size,
	const struct specials *specials)
{
	if (size >= 16)
		return long_needs_care(bytes, size, specials);
	unsigned mask = special_mask(_mm_loadu_si128((const void *)bytes),
	    specials);
	return (mask & ((1u << size) - 1)) != 0;
}

static inline int
needs_care(const struct text *text, const struct specials *specials)
{
	if (text->size > TEXT_INLINE_MAX)
		return long_needs_care(text->bytes, text->size, specials);
	/* The view itself: 4 bytes of size, then the text. */
	unsigned mask = special_mask(_mm_loadu_si128((const void *)text),
	    specials);
	return (mask >> 4 & ((1u << text->size) - 1)) != 0;
}

#else

struct specials {
	char byte[4];
};

static struct specials
specials_of(const struct cells_style *style)
{
	struct specials specials;

	special_bytes(style, specials.byte);
	return specials;
}

static int
slice_needs_care(const char *bytes, uint32_t size,
	const struct specials *specials)
{
	for (uint32_t i = 0; i < size; i++)
		for (int k = 0; k < 4; k++)
			if (bytes[i] == specials->byte[k])
				return 1;
	return 0;
}

static int
needs_care(const struct text *text, const struct specials *specials)
{
	return slice_needs_care(text_bytes(text), text->size, specials);
}

#endif

/* "a ""b""" */
static struct cell_text
quote(const char *bytes, uint32_t size, struct region *region)
{
	char *start = region_alloc(region, 2 * (size_t)size + 2 +
	    CELL_PADDING);
	char *target = start;

	*target++ = '"';
	for (uint32_t i = 0; i < size; i++) {
		if (bytes[i] == '"')
			*target++ = '"';
		*target++ = bytes[i];
	}
	*target++ = '"';
	return (struct cell_text){ start, (uint32_t)(target - start), 0 };
}

static struct cell_text
escape(const char *bytes, uint32_t size, struct region *region)
{
	char *start = region_alloc(region, 2 * (size_t)size + CELL_PADDING);
	char *target = start;

	for (uint32_t i = 0; i < size; i++) {
		char c = bytes[i];
		char letter = c == '\t' ? 't' : c == '\n' ? 'n' :
		    c == '\r' ? 'r' : c == '\\' ? '\\' : 0;
		if (letter != 0)
			*target++ = '\\';
		*target++ = letter != 0 ? letter : c;
	}
	return (struct cell_text){ start, (uint32_t)(target - start), 0 };
}

static struct cell_text
special_text(const char *bytes, uint32_t size, const struct cells_style *style,
	struct region *region)
{
	return style->quoting == CELLS_QUOTED ? quote(bytes, size, region) :
	    escape(bytes, size, region);
}

struct cell_text
cells_text(const char *bytes, uint32_t size, const struct cells_style *style,
	struct region *region)
{
	struct specials specials = specials_of(style);
	char *copy = region_alloc(region, size + CELL_PADDING);
	struct text text;

	memcpy(copy, bytes, size);
	text = text_make(copy, size);
	if (style->quoting != CELLS_PLAIN && (needs_care(&text, &specials) ||
	    (size == 0 && style->quoting == CELLS_QUOTED)))
		return special_text(bytes, size, style, region);
	return (struct cell_text){ copy, size, 0 };
}

/* Fields that are legal as they stand. */
static uint64_t
render_slices(const struct column *column, const uint16_t *row, uint32_t count,
	struct cell_text *out, uint32_t stride)
{
	struct column source = *column;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t size;
		const char *bytes = column_slice(&source, row[i], &size);
		if (source.valid != NULL && !column_row_is_valid(&source,
		    row[i]))
			size = 0;
		*out = (struct cell_text){ bytes, size, size == 0 };
		out += stride;
		sum += size;
	}
	return sum;
}

/* The same of views. */
static uint64_t
render_views(const struct column *column, const uint16_t *row, uint32_t count,
	struct cell_text *out, uint32_t stride)
{
	const struct text *text = column->data;
	int is_const = column->encoding == CONST;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct text *view = &text[is_const ? 0 : row[i]];
		uint32_t size = column_row_is_valid(column, row[i]) ?
		    view->size : 0;
		*out = (struct cell_text){ text_bytes(view), size, size == 0 };
		out += stride;
		sum += size;
	}
	return sum;
}

/* One field of a raw column that is not plain: decode it first. */
static __attribute__((noinline)) struct cell_text
render_field(const struct column *column, uint32_t row,
	const struct cells_style *style, struct region *region)
{
	struct value value = column_value(column, row, region);
	const struct text *text = &value.cell.text;

	if (value.type == TYPE_NULL)
		return (struct cell_text){ nothing, 0, 1 };
	return cells_text(text_bytes(text), text->size, style, region);
}

/*
 * Raw fields of another dialect, in their chunk: most are plain, and need
 * neither decoding nor quotes.
 */
static uint64_t
render_raw(const struct column *column, const uint16_t *row, uint32_t count,
	const struct cells_style *style, struct region *region,
	struct cell_text *out, uint32_t stride)
{
	const struct specials specials = specials_of(style);
	const struct column source = *column;
	const int is_csv = source.type == TYPE_RAW_CSV;
	const int is_tsv = source.type == TYPE_RAW_TSV;
	const int plain = style->quoting == CELLS_PLAIN;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++, out += stride) {
		uint32_t size;
		const char *bytes = column_slice(&source, row[i], &size);
		int odd = size == 0 || (is_csv && bytes[0] == '"') ||
		    (is_tsv && memchr(bytes, '\\', size) != NULL) ||
		    !column_row_is_valid(&source, row[i]) ||
		    (!plain && slice_needs_care(bytes, size, &specials));
		*out = (struct cell_text){ bytes, size, 0 };
		if (__builtin_expect(odd, 0))
			*out = render_field(column, row[i], style, region);
		sum += out->size;
	}
	return sum;
}

static uint64_t
render_ints(const struct column *column, const uint16_t *row, uint32_t count,
	struct region *region, struct cell_text *out, uint32_t stride)
{
	const int64_t *data = column->data;
	char *target = region_alloc(region, (size_t)count * INT_TEXT_MAX +
	    NUMBER_TEXT_MAX);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t size = 0;
		int valid = column_row_is_valid(column, row[i]);
		if (valid)
			size = number_format_int(data[row[i]], target);
		*out = (struct cell_text){ target, size, !valid };
		target += size;
		out += stride;
		sum += size;
	}
	return sum;
}

/* Texts, quoted or escaped where they must be; `row` NULL: the first ones. */
static uint64_t
render_texts(const struct column *texts, const uint16_t *row, uint32_t count,
	const struct cells_style *style, struct region *region,
	struct cell_text *out, uint32_t stride)
{
	const struct specials specials = specials_of(style);
	const struct text *text = texts->data;
	int empty_quoted = style->quoting == CELLS_QUOTED;
	int plain = style->quoting == CELLS_PLAIN;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++, out += stride) {
		uint32_t at = row == NULL ? i : row[i];
		const struct text *view = &text[at];
		uint32_t size = view->size;
		if (texts->valid != NULL && !column_row_is_valid(texts, at)) {
			*out = (struct cell_text){ nothing, 0, 1 };
			continue;
		}
		*out = (struct cell_text){ text_bytes(view), size, 0 };
		if (!plain && __builtin_expect((size == 0 && empty_quoted) ||
		    needs_care(view, &specials), 0))
			*out = special_text(text_bytes(view), size, style,
			    region);
		sum += out->size;
	}
	return sum;
}

/* The same cell for all rows. */
static uint64_t
render_const(const struct column *column, uint32_t count,
	const struct cells_style *style, struct region *region,
	struct cell_text *out, uint32_t stride)
{
	struct column texts;
	struct cell_text cell = { nothing, 0, 1 };

	column_texts(column, NULL, 1, region, &texts);
	if (texts.type != TYPE_NULL)
		render_texts(&texts, NULL, 1, style, region, &cell, 1);
	for (uint32_t i = 0; i < count; i++, out += stride)
		*out = cell;
	return (uint64_t)cell.size * count;
}

/* Are the column's bytes what a writer of this style would write? */
static int
is_verbatim(const struct column *column, const struct cells_style *style)
{
	if (style->quoting == CELLS_ESCAPED)
		return column->type == TYPE_RAW_TSV;
	return style->quoting == CELLS_QUOTED &&
	    column->type == TYPE_RAW_CSV &&
	    (char)column->delimiter == style->delimiter;
}

/* Can the text of an int hold the delimiter? */
static int
ints_are_safe(const struct cells_style *style)
{
	return style->delimiter != '-' &&
	    (style->delimiter < '0' || style->delimiter > '9');
}

uint64_t
cells_render(const struct column *column, const uint16_t *row, uint32_t count,
	const struct cells_style *style, struct region *region,
	struct cell_text *out, uint32_t stride)
{
	struct column texts;

	if (count == 0)
		return 0;
	if (is_verbatim(column, style))
		return column->encoding == SLICE ?
		    render_slices(column, row, count, out, stride) :
		    render_views(column, row, count, out, stride);
	if (column->type == TYPE_NULL || column->encoding == CONST)
		return render_const(column, count, style, region, out, stride);
	if (column->type == TYPE_INT && ints_are_safe(style))
		return render_ints(column, row, count, region, out, stride);
	if (column->encoding == SLICE && column->type != TYPE_RAW_JSON)
		return render_raw(column, row, count, style, region, out,
		    stride);
	if (column->type == TYPE_TEXT || column->type == TYPE_RAW)
		return render_texts(column, row, count, style, region, out,
		    stride);
	column_texts(column, row, count, region, &texts);
	if (texts.type == TYPE_NULL || texts.encoding == CONST)
		return render_const(&texts, count, style, region, out, stride);
	return render_texts(&texts, NULL, count, style, region, out, stride);
}
