/*
 * Patterns of parse: the first line is a pattern, the others are texts.  What
 * is cut lies in the text, in order, and no byte is in two captures.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "op/parse_pattern.h"
#include "util/err.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define CAPTURES_MAX 64

static void
require(int condition)
{
	if (!condition)
		abort();
}

static void
check_text(const struct parse_pattern *pattern, const char *bytes, size_t size)
{
	struct region *region = region_new();
	/* To the byte: what lies behind the padding must not be read. */
	char *base = mem_alloc(size + 16);
	uint32_t range[2] = { 0, (uint32_t)size }, count, at = 0;
	uint32_t cut[2 * CAPTURES_MAX];
	uint64_t failed = 0;
	struct column column;

	memcpy(base, bytes, size);
	memset(base + size, 0, 16);
	struct parse_texts texts = { base, range, 1 };
	parse_pattern_captures(pattern, &count);
	parse_pattern_match(pattern, NULL, &texts, NULL, cut, &failed);
	for (uint32_t i = 0; i < count && !failed; i++) {
		require(cut[2 * i] >= at && cut[2 * i + 1] >= cut[2 * i]);
		at = cut[2 * i + 1];
		require(at <= size);
	}
	for (uint32_t i = 0; i < count; i++) {
		parse_capture_column(pattern, i, &texts, NULL, cut, 1, &failed,
		    region, &column);
		if (!failed)
			column_value(&column, 0, region);
	}
	mem_free(base);
	region_drop(&region);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	const char *line = memchr(at, '\n', size);
	struct err err = ERR_INIT;
	uint32_t count;

	if (line == NULL)
		return 0;
	struct parse_pattern *pattern = parse_pattern_new(at,
	    (size_t)(line - at), 0, &err);
	if (pattern == NULL) {
		require(err.kind == ERR_PROGRAM && err.message[0] != '\0');
		return 0;
	}
	parse_pattern_captures(pattern, &count);
	while (line != NULL && count <= CAPTURES_MAX) {
		at = line + 1;
		line = memchr(at, '\n', (size_t)(end - at));
		check_text(pattern, at, (size_t)((line != NULL ? line : end) -
		    at));
	}
	parse_pattern_free(&pattern);
	return 0;
}
