#include "op/group_front.h"

#include <criterion/criterion.h>
#include <string.h>

#include "util/mem.h"

#define ROWS 64
/* Bytes of the longest text. */
#define SIZE_MAX_TESTED 48
/* That of those that are kept. */
#define SIZE_MAX_KEPT 40
#define GROUPS_MAX 1024

static struct mem_budget budget;

/* Texts one behind the other, with a comma between, as a reader has them. */
struct texts {
	char bytes[ROWS * (SIZE_MAX_TESTED + 1) + 64];
	uint32_t from[ROWS], to[ROWS];
	uint32_t count, size;
};

static void
texts_add(struct texts *texts, const char *text, size_t size)
{
	texts->from[texts->count] = texts->size;
	memcpy(texts->bytes + texts->size, text, size);
	texts->size += (uint32_t)size;
	texts->to[texts->count++] = texts->size;
	texts->bytes[texts->size++] = ',';
}

static struct column
texts_column(const struct texts *texts)
{
	return (struct column){ .type = TYPE_RAW_CSV, .encoding = SLICE,
		.delimiter = ',', .stride = 1, .base = texts->bytes,
		.from = texts->from, .to = texts->to };
}

/* As many letters, the last one of its own; all sizes are of one text. */
static void
texts_fill(struct texts *texts, char last)
{
	char text[SIZE_MAX_TESTED];

	*texts = (struct texts){ .size = 0 };
	memset(text, 'x', sizeof(text));
	for (uint32_t size = 0; size <= SIZE_MAX_TESTED; size++) {
		if (size > 0)
			text[size - 1] = last;
		texts_add(texts, text, size);
		if (size > 0)
			text[size - 1] = 'x';
	}
}

Test(group_front, finds_what_was_added)
{
	struct group_front *front = group_front_new(GROUPS_MAX, &budget);
	struct texts known, other;
	char rows[ROWS], *row[ROWS];
	uint16_t miss[ROWS];

	texts_fill(&known, 'a');
	struct column column = texts_column(&known);
	cr_assert(group_front_serves(front, &column, 1));
	cr_assert(group_front_find(front, &column, 1, known.count, row,
	    miss) == known.count);
	for (uint32_t i = 0; i < known.count; i++)
		group_front_add(front, &column, 1, i, &rows[i]);
	uint32_t missed = group_front_find(front, &column, 1, known.count, row,
	    miss);
	/* Those that are too long. */
	cr_assert(missed == SIZE_MAX_TESTED - SIZE_MAX_KEPT);
	for (uint32_t i = 0; i <= SIZE_MAX_KEPT; i++)
		cr_assert(row[i] == &rows[i]);
	for (uint32_t m = 0; m < missed; m++)
		cr_assert(miss[m] == SIZE_MAX_KEPT + 1 + m);

	/* Of the others the empty one is known. */
	texts_fill(&other, 'b');
	column = texts_column(&other);
	cr_assert(group_front_find(front, &column, 1, other.count, row,
	    miss) == other.count - 1);
	cr_assert(row[0] == &rows[0]);
	group_front_clear(front);
	cr_assert(group_front_find(front, &column, 1, 1, row, miss) == 1);
	group_front_free(&front);
	cr_assert(front == NULL);
}

Test(group_front, two_keys_are_two)
{
	struct group_front *front = group_front_new(GROUPS_MAX, &budget);
	struct texts left = { .size = 0 }, right = { .size = 0 };
	char rows[ROWS], *row[ROWS];
	uint16_t miss[ROWS];

	for (uint32_t i = 0; i < 16; i++) {
		texts_add(&left, "aaaaaaaaaaaaaaaaa", i % 4);
		texts_add(&right, "aaaaaaaaaaaaaaaaa", i / 4 + 14);
	}
	struct column column[2] = { texts_column(&left),
		texts_column(&right) };
	cr_assert(group_front_serves(front, column, 2));
	for (uint32_t i = 0; i < 16; i++)
		group_front_add(front, column, 2, i, &rows[i]);
	/* Of 17 bytes in the second key: never there. */
	cr_assert(group_front_find(front, column, 2, 16, row, miss) == 4);
	for (uint32_t i = 0; i < 12; i++)
		cr_assert(row[i] == &rows[i]);
	/* Other columns are other keys. */
	column[1].delimiter = ';';
	cr_assert(group_front_serves(front, column, 2));
	cr_assert(group_front_find(front, column, 2, 16, row, miss) == 16);
	column[1].encoding = FLAT;
	cr_assert(!group_front_serves(front, column, 2));
	group_front_free(&front);
}

Test(group_front, gives_up_when_there_are_many)
{
	struct group_front *front = group_front_new(GROUPS_MAX, &budget);
	char rows[ROWS];
	uint32_t added = 0;

	for (uint32_t batch = 0; batch < 100; batch++) {
		struct texts texts = { .size = 0 };
		for (uint32_t i = 0; i < ROWS; i++) {
			char text[2] = { (char)('0' + batch % 64),
				(char)('0' + i) };
			texts_add(&texts, text, sizeof(text));
		}
		struct column column = texts_column(&texts);
		if (!group_front_serves(front, &column, 1))
			break;
		for (uint32_t i = 0; i < ROWS; i++, added++)
			group_front_add(front, &column, 1, i, &rows[i]);
	}
	cr_assert(added > 500 && added < 2048);
	group_front_free(&front);
}

/* Text number n of so many bytes, 2 at least: its end is its own. */
static void
texts_add_number(struct texts *texts, uint32_t n, size_t size)
{
	char text[SIZE_MAX_TESTED];

	memset(text, 'x', sizeof(text));
	text[size - 2] = (char)('0' + n / ROWS);
	text[size - 1] = (char)('0' + n % ROWS);
	texts_add(texts, text, size);
}

static void
batch_fill(uint32_t batch, size_t size, struct texts *texts)
{
	*texts = (struct texts){ .size = 0 };
	for (uint32_t i = 0; i < ROWS; i++)
		texts_add_number(texts, batch * ROWS + i, size);
}

/* Of 3072 texts nearly all are found, each with its own row. */
static void
grow_with(size_t size)
{
	const uint32_t batch_count = 48;
	struct group_front *front = group_front_new(batch_count * ROWS,
	    &budget);
	char rows[48 * ROWS], *row[ROWS];
	uint16_t miss[ROWS];
	struct texts texts;
	uint32_t missed = 0;

	for (uint32_t batch = 0; batch < batch_count; batch++) {
		batch_fill(batch, size, &texts);
		struct column column = texts_column(&texts);
		cr_assert(group_front_serves(front, &column, 1));
		for (uint32_t i = 0; i < ROWS; i++)
			group_front_add(front, &column, 1, i,
			    &rows[batch * ROWS + i]);
	}
	for (uint32_t batch = 0; batch < batch_count; batch++) {
		batch_fill(batch, size, &texts);
		struct column column = texts_column(&texts);
		missed += group_front_find(front, &column, 1, ROWS, row, miss);
		for (uint32_t i = 0; i < ROWS; i++)
			cr_assert(row[i] == NULL ||
			    row[i] == &rows[batch * ROWS + i]);
	}
	cr_assert(missed < batch_count * ROWS / 16);
	/* A table of so many that is cleared will be again. */
	struct column column = texts_column(&texts);
	group_front_clear(front);
	cr_assert(!group_front_serves(front, &column, 1));
	group_front_free(&front);
}

Test(group_front, grows)
{
	grow_with(2);
	grow_with(8);
	grow_with(20);
	grow_with(30);
	cr_assert(budget.used_bytes == 0);
}
