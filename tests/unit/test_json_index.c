#include "io/json_index.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_BYTES 700
#define PADDING 64

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t
draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

/* Bytes of which JSON is made, and a few of which it is not. */
static void
fill(char *bytes, uint32_t size)
{
	static const char *const parts[] = {
		"{", "}", "[", "]", ",", ":", "\"", "\"", "\"abc\"", "12",
		"true", " ", "\\\"", "\\\\", "\\u00e9", "\xc3\xa9",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", "plain text here",
	};
	static const char *const wrong[] = {
		"\\", "\n", "\x01", "\xff", "\xc0\x80", "\xed\xa0\x80", "\x80",
		"\xf4\x90\x80\x80", "\\x", "\\u12", "\xe2\x82",
	};
	uint32_t at = 0;

	memset(bytes, ' ', size);
	while (at < size) {
		const char *part = draw(60) == 0 ? wrong[draw(11)] :
		    parts[draw(19)];
		for (; *part != '\0' && at < size; part++)
			bytes[at++] = *part;
	}
}

static void
assert_same(const struct json_index *a, const struct json_index *b)
{
	cr_assert(a->stop == b->stop, "stop %u, %u", a->stop, b->stop);
	cr_assert(a->broken == b->broken);
	cr_assert(a->count == b->count);
	cr_assert(a->block_count == b->block_count);
	cr_assert(memcmp(a->place, b->place, a->count * sizeof(uint32_t)) ==
	    0);
	cr_assert(memcmp(a->mark, b->mark, a->count) == 0);
	cr_assert(memcmp(a->quotes, b->quotes,
	    a->block_count * sizeof(uint64_t)) == 0);
	cr_assert(memcmp(a->quotes_before, b->quotes_before,
	    a->block_count * sizeof(uint32_t)) == 0);
}

/* One tier against the plain one, on the same text. */
static void
compare_tier(enum cpu_tier tier)
{
	json_index_f *kernel = json_index_of_tier(tier);
	char bytes[SIZE_MAX_BYTES + 2 * PADDING] = { 0 };
	struct json_index ours = { 0 };
	struct json_index plain = { 0 };

	if (kernel == NULL)
		return;
	for (int round = 0; round < 5000; round++) {
		uint32_t size = (uint32_t)draw(SIZE_MAX_BYTES);
		fill(bytes + PADDING, size);
		json_index_use(kernel);
		json_index_start(&ours, bytes + PADDING, 0);
		json_index_extend(&ours, size);
		json_index_use(json_index_of_tier(CPU_PLAIN));
		json_index_start(&plain, bytes + PADDING, 0);
		json_index_extend(&plain, size);
		assert_same(&ours, &plain);
	}
	json_index_fini(&ours);
	json_index_fini(&plain);
}

Test(json_index, tiers_agree)
{
	compare_tier(CPU_SSE2);
	compare_tier(CPU_AVX2);
	compare_tier(CPU_AVX512);
}

/* Marks by the definition: outside of strings, every escape skipped. */
static uint32_t
plain_marks(const char *bytes, uint32_t size, uint32_t *place)
{
	uint32_t count = 0;
	int inside = 0;

	for (uint32_t i = 0; i < size; i++) {
		if (bytes[i] == '\\')
			i++;
		else if (bytes[i] == '"')
			inside = !inside;
		else if (!inside && strchr("{}[],", bytes[i]) != NULL)
			place[count++] = i;
	}
	return count;
}

Test(json_index, marks_are_outside_of_strings)
{
	char bytes[SIZE_MAX_BYTES + 2 * PADDING] = { 0 };
	uint32_t place[SIZE_MAX_BYTES];
	struct json_index index = { 0 };

	for (int round = 0; round < 5000; round++) {
		uint32_t size = (uint32_t)draw(SIZE_MAX_BYTES);
		fill(bytes + PADDING, size);
		json_index_start(&index, bytes + PADDING, 0);
		/* In two steps, as a window grows. */
		json_index_extend(&index, (uint32_t)draw(size + 1));
		json_index_extend(&index, size);
		uint32_t count = plain_marks(bytes + PADDING, index.stop,
		    place);
		cr_assert(index.count == count);
		cr_assert(memcmp(index.place, place, count *
		    sizeof(uint32_t)) == 0);
	}
	json_index_fini(&index);
}

Test(json_index, moves_with_the_window)
{
	static const char text[] = "{\"a\":\"x,y\"},{\"b\":[1,2]},{\"c\":3}"
	    ",{\"d\":\"0123456789012345678901234567890123456789012345\"},{}";
	char first[sizeof(text) + 2 * PADDING] = { 0 };
	char second[sizeof(text) + 2 * PADDING] = { 0 };
	uint32_t size = (uint32_t)sizeof(text) - 1;
	struct json_index index = { 0 };

	for (uint32_t cut = 12; cut < size; cut++) {
		memcpy(first + PADDING, text, cut);
		memcpy(second + PADDING, text + 12, size - 12);
		json_index_start(&index, first + PADDING, 0);
		json_index_extend(&index, cut);
		/* Marks 0, 1 and 2 are {, } and the comma behind. */
		json_index_move(&index, second + PADDING, 12, 3);
		json_index_extend(&index, size - 12);
		cr_assert(index.count == 14, "%u: %u", cut, index.count);
		for (uint32_t i = 0; i < index.count; i++)
			cr_assert(second[PADDING + index.place[i]] ==
			    (char)index.mark[i]);
		cr_assert(json_index_quote(&index, 0) == 1);
	}
	json_index_fini(&index);
}

Test(json_index, lines_are_counted)
{
	char bytes[300];

	for (uint32_t size = 0; size < sizeof(bytes); size++) {
		uint64_t wanted = 0;
		for (uint32_t i = 0; i < size; i++) {
			bytes[i] = draw(4) == 0 ? '\n' : 'x';
			wanted += bytes[i] == '\n';
		}
		cr_assert(json_count_lines(bytes, size) == wanted);
	}
}
