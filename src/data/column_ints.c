/*
 * Ints out of raw columns, the most frequent of all conversions.  Rows are
 * tried as plain ints of up to 16 digits first (digits_priv.h); what is not
 * one goes to int_row(), out of line: nulls, quotes, longer ints.
 *
 * With AVX2, four rows at a time: the first 8 bytes of each, shifted so that
 * its last digit is the highest byte, are one lane.  Sign, leading zero and
 * digits are checked in all lanes at once; four rows with anything unusual
 * among them are read one by one.  Columns of longer ints (seconds and
 * milliseconds since 1970) take two lanes a row: what goes before the last
 * eight digits, and these.
 */
#include "data/column.h"

#include <string.h>

#include "data/digits_priv.h"
#include "data/lanes_priv.h"
#include "data/raw_priv.h"
#include "data/rows_priv.h"
#include "util/cpu.h"

/* Row i is no short plain int: is it an int at all, or null? */
static __attribute__((noinline)) int
int_row(const struct rows *rows, uint32_t i, struct column *out)
{
	union cell cell = { 0 };
	enum type type = rows_settle(rows, i, &cell);

	if (type == TYPE_NULL)
		column_clear(out, i, rows->count, rows->region);
	else if (type != TYPE_INT)
		return 0;
	((int64_t *)out->data)[i] = cell.integer;
	return 1;
}

/* The leaf loop; `with_sel` and `with_cr` are constants where it is used. */
static inline __attribute__((always_inline)) uint32_t
slice_ints_loop(const struct rows *rows, uint32_t i, uint32_t end,
	int with_sel, int with_cr, struct column *out)
{
	const char *base = rows->column->base;
	const uint32_t *from = rows->column->from;
	const uint32_t *to = rows->column->to;
	size_t stride = rows->column->stride;
	uint32_t from_add = rows->column->from_add;
	const uint16_t *sel = rows->sel;
	int64_t *restrict data = out->data;

	for (; i < end; i++) {
		size_t at = (with_sel ? sel[i] : i) * stride;
		uint32_t start = from[at] + from_add;
		uint32_t size = to[at] - start;
		int64_t value;
		if (with_cr && size > 0 && base[start + size - 1] == '\r')
			size--;
		if (__builtin_expect(digits_int(base + start, size, &value),
		    1))
			data[i] = value;
		else if (!int_row(rows, i, out))
			return i;
	}
	return end;
}

/* Rows i to end of a SLICE without a bitmap, one by one. */
static uint32_t
slice_ints_plain(const struct rows *rows, uint32_t i, uint32_t end,
	struct column *out)
{
	if (rows->column->trim_cr)
		return rows->sel == NULL ?
		    slice_ints_loop(rows, i, end, 0, 1, out) :
		    slice_ints_loop(rows, i, end, 1, 1, out);
	return rows->sel == NULL ?
	    slice_ints_loop(rows, i, end, 0, 0, out) :
	    slice_ints_loop(rows, i, end, 1, 0, out);
}

#if defined(__x86_64__)

/* What is known of four rows that may be ints. */
struct four_ints {
	__m256i value;
	__m256i wrong;		/* any bit set: not all of them are */
};

/* A zero that more digits follow. */
static AVX2 __m256i
lanes_zero_leads(__m256i words, __m256i sizes)
{
	__m256i first = _mm256_and_si256(words, _mm256_set1_epi64x(0xff));

	return _mm256_and_si256(_mm256_cmpeq_epi64(first,
	    _mm256_set1_epi64x('0')), _mm256_cmpgt_epi64(sizes,
	    _mm256_set1_epi64x(1)));
}

/* The first `sizes` bytes of each lane as digits, moved to its top. */
static AVX2 __m256i
lanes_digits(__m256i words, __m256i sizes)
{
	__m256i shift = _mm256_sub_epi64(_mm256_set1_epi64x(64),
	    _mm256_slli_epi64(sizes, 3));

	return _mm256_sllv_epi64(_mm256_xor_si256(words,
	    _mm256_set1_epi8('0')), shift);
}

/* Rows of 0 to 8 digits and a sign; an empty one is 0. */
static AVX2 struct four_ints
ints_short(const struct four *rows)
{
	__m256i words = load_lanes(rows->bytes);
	__m256i sizes = _mm256_cvtepu32_epi64(rows->sizes);
	__m256i first = _mm256_and_si256(words, _mm256_set1_epi64x(0xff));
	__m256i minus = _mm256_andnot_si256(
	    _mm256_cmpeq_epi64(sizes, _mm256_setzero_si256()),
	    _mm256_cmpeq_epi64(first, _mm256_set1_epi64x('-')));
	struct four_ints out;

	/* A lane of minus is -1: one byte less. */
	words = _mm256_srlv_epi64(words,
	    _mm256_and_si256(minus, _mm256_set1_epi64x(8)));
	sizes = _mm256_add_epi64(sizes, minus);
	__m256i digits = lanes_digits(words, sizes);
	__m256i sign_only = _mm256_and_si256(minus,
	    _mm256_cmpeq_epi64(sizes, _mm256_setzero_si256()));
	__m256i too_long = _mm256_cmpgt_epi64(sizes, _mm256_set1_epi64x(8));
	out.wrong = _mm256_or_si256(
	    _mm256_or_si256(lanes_zero_leads(words, sizes), sign_only),
	    _mm256_or_si256(lanes_wrong(digits), too_long));
	out.value = _mm256_sub_epi64(
	    _mm256_xor_si256(lanes_value(digits), minus), minus);
	return out;
}

/* Rows of 9 to 16 digits without a sign. */
static AVX2 struct four_ints
ints_long(const struct four *rows)
{
	uint32_t sizes_of[4];
	const char *tails[4];
	struct four_ints out;

	_mm_storeu_si128((__m128i *)sizes_of, rows->sizes);
	for (int k = 0; k < 4; k++)
		tails[k] = rows->bytes[k] + sizes_of[k] - 8;
	__m256i words = load_lanes(rows->bytes);
	__m256i tail = _mm256_xor_si256(load_lanes(tails),
	    _mm256_set1_epi8('0'));
	__m256i sizes = _mm256_sub_epi64(_mm256_cvtepu32_epi64(rows->sizes),
	    _mm256_set1_epi64x(8));
	__m256i head = lanes_digits(words, sizes);
	__m256i zero_leads = _mm256_cmpeq_epi64(_mm256_set1_epi64x('0'),
	    _mm256_and_si256(words, _mm256_set1_epi64x(0xff)));
	out.wrong = _mm256_or_si256(zero_leads,
	    _mm256_or_si256(lanes_wrong(head), lanes_wrong(tail)));
	out.value = _mm256_add_epi64(lanes_value(tail), _mm256_mul_epu32(
	    lanes_value(head), _mm256_set1_epi64x(100000000)));
	return out;
}

/* Are all sizes 9 to 16? */
static AVX2 int
are_long(__m128i sizes)
{
	__m128i in_range = _mm_and_si128(
	    _mm_cmpgt_epi32(sizes, _mm_set1_epi32(8)),
	    _mm_cmpgt_epi32(_mm_set1_epi32(17), sizes));

	return _mm_movemask_epi8(in_range) == 0xffff;
}

/* Rows that are nothing at all are null, unless that is a text. */
static void
clear_empty(const struct rows *rows, uint32_t i, int empty, struct column *out)
{
	for (; empty != 0; empty &= empty - 1)
		column_clear(out, i + (uint32_t)__builtin_ctz((unsigned)empty),
		    rows->count, rows->region);
}

/* The leaf loop; `dense` (no sel, stride 1) is a constant where it is used. */
static AVX2 uint32_t
slice_ints_avx2_loop(const struct rows *rows, int dense, struct column *out)
{
	struct rows local = *rows;
	struct column column = *rows->column;
	int64_t *data = out->data;
	int empty_is_wrong = column.type == TYPE_RAW;
	uint32_t i = 0;

	local.column = &column;
	for (; i + 4 <= local.count; i += 4) {
		struct four four;
		four_load(&local, i, dense, &four);
		struct four_ints ints = are_long(four.sizes) ?
		    ints_long(&four) : ints_short(&four);
		int empty = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(
		    four.sizes, _mm_setzero_si128())));
		if (__builtin_expect(!_mm256_testz_si256(ints.wrong,
		    ints.wrong) || (empty & -empty_is_wrong), 0)) {
			uint32_t end = slice_ints_plain(rows, i, i + 4, out);
			if (end < i + 4)
				return end;
			continue;
		}
		_mm256_storeu_si256((__m256i *)(data + i), ints.value);
		if (__builtin_expect(empty, 0))
			clear_empty(rows, i, empty, out);
	}
	return slice_ints_plain(rows, i, local.count, out);
}

static __attribute__((target("avx2"), noinline)) uint32_t
slice_ints_avx2(const struct rows *rows, struct column *out)
{
	return rows->sel == NULL && rows->column->stride == 1 ?
	    slice_ints_avx2_loop(rows, 1, out) :
	    slice_ints_avx2_loop(rows, 0, out);
}

#endif

/* Ints of SLICE rows; returns how many before something else came. */
static uint32_t
slice_ints(const struct rows *rows, struct column *out)
{
	uint32_t i = 0;

	if (rows->column->valid != NULL) {
		while (i < rows->count && int_row(rows, i, out))
			i++;
		return i;
	}
#if defined(__x86_64__)
	if (cpu_tier() >= CPU_AVX2)
		return slice_ints_avx2(rows, out);
#endif
	return slice_ints_plain(rows, 0, rows->count, out);
}

/* The same of views. */
static uint32_t
view_ints(const struct rows *rows, struct column *out)
{
	const struct text *text = rows->column->data;
	const uint64_t *valid = rows->column->valid;
	int64_t *data = out->data;

	for (uint32_t i = 0; i < rows->count; i++) {
		uint32_t row = rows->sel == NULL ? i : rows->sel[i];
		int64_t value;
		int there = valid == NULL || bits_get(valid, row);
		if (there && digits_int(text_bytes(&text[row]),
		    text[row].size, &value))
			data[i] = value;
		else if (!int_row(rows, i, out))
			return i;
	}
	return rows->count;
}


uint32_t
rows_read_ints(const struct rows *rows, struct column *out)
{
	return rows->column->encoding == SLICE ? slice_ints(rows, out) :
	    view_ints(rows, out);
}
