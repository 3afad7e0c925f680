/*
 * Captures as columns: what their text must read as.
 */
#include "op/parse_pattern.h"

#include <string.h>

#include "data/json.h"
#include "data/moment.h"
#include "data/number.h"
#include "io/declared.h"
#include "util/bits.h"

/* Element `at` of the column from a text; -1 if it does not read as that. */
static inline int
read_cell(const struct parse_capture *capture, const char *bytes, size_t size,
	uint32_t at, void *data)
{
	int64_t *word = (int64_t *)data + at;

	if (capture->kind == CAPTURE_CLF)
		return moment_parse_clf(bytes, size, word);
	switch (capture->type) {
	case TYPE_BOOL:
		return declared_bool(bytes, size, (uint8_t *)data + at);
	case TYPE_INT:
		return number_cast_int(bytes, size, word);
	case TYPE_FLOAT:
		return number_cast_float(bytes, size, (double *)data + at);
	case TYPE_DECIMAL:
		return decimal_parse(bytes, size, (struct decimal *)data + at);
	case TYPE_TIME:
		return moment_parse(bytes, size, word);
	case TYPE_DATE:
		return moment_parse_date(bytes, size, word);
	case TYPE_DURATION:
		return moment_parse_duration(bytes, size, word);
	default:
		((struct text *)data)[at] = text_make_padded(bytes, size);
		return 0;
	}
}

static void
capture_clear(struct column *out, uint32_t at, uint32_t rows,
	struct region *region)
{
	column_need_valid(out, rows, region);
	bits_clear(out->valid, at);
}

static inline int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Narrow a capture to its JSON value. */
static int
cut_json(const char *base, uint32_t *cut)
{
	uint32_t start = cut[0], end = cut[1];
	size_t fault;

	while (start < end && is_blank(base[start]))
		start++;
	while (start < end && is_blank(base[end - 1]))
		end--;
	if (json_check(base + start, end - start, &fault) != NULL)
		return -1;
	cut[0] = start;
	cut[1] = end;
	return 0;
}

/* Views: nothing is read, but that JSON is JSON. */
static void
capture_views(const struct parse_pattern *pattern,
	const struct parse_capture *capture, const struct parse_texts *texts,
	const uint16_t *row, uint32_t *cut, uint32_t stride, uint32_t rows,
	uint64_t *failed, struct region *region, struct column *out)
{
	*out = (struct column){
		.type = (uint8_t)capture->type, .encoding = SLICE,
		.stride = stride, .base = texts->base,
		.from = cut, .to = cut + 1,
	};
	if (capture->kind == CAPTURE_RAW && !parse_pattern_has_gaps(pattern))
		return;
	for (uint32_t i = 0; i < texts->count; i++) {
		uint32_t at = row == NULL ? i : row[i];
		uint32_t *here = cut + (size_t)at * stride;
		if (bits_get(failed, at))
			continue;
		if (here[0] == CUT_NONE) {
			here[0] = here[1] = 0;
			capture_clear(out, at, rows, region);
		} else if (capture->kind == CAPTURE_JSON &&
		    cut_json(texts->base, here) != 0) {
			bits_set(failed, at);
		}
	}
}

void
parse_capture_column(const struct parse_pattern *pattern, uint32_t index,
	const struct parse_texts *texts, const uint16_t *row, uint32_t *cut,
	uint32_t rows, uint64_t *failed, struct region *region,
	struct column *out)
{
	uint32_t count;
	const struct parse_capture *capture =
	    &parse_pattern_captures(pattern, &count)[index];
	uint32_t stride = 2 * count;

	cut += (size_t)index * 2;
	if (capture->kind == CAPTURE_RAW || capture->kind == CAPTURE_JSON) {
		capture_views(pattern, capture, texts, row, cut, stride, rows,
		    failed, region, out);
		return;
	}
	column_init_flat(out, capture->type, rows, region);
	memset(out->data, 0, (size_t)rows * type_width(capture->type));
	for (uint32_t i = 0; i < texts->count; i++) {
		uint32_t at = row == NULL ? i : row[i];
		const uint32_t *here = cut + (size_t)at * stride;
		if (bits_get(failed, at))
			continue;
		if (here[0] == CUT_NONE)
			capture_clear(out, at, rows, region);
		else if (read_cell(capture, texts->base + here[0],
		    here[1] - here[0], at, out->data) != 0)
			bits_set(failed, at);
	}
}
