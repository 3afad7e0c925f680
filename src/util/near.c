/*
 * The distance counts insertions, deletions, replacements and swaps of two
 * neighbours, so that the common slips cost one.  Three rows of the table are
 * enough.  A name is near when at most one letter in three is wrong: one up to
 * 4 letters, two up to 8, three above.  If none is near, one of which it is
 * the beginning, or that is its beginning, may be meant: "length" is "len".
 */
#include "util/near.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

/* Longer names are compared by nobody's eye. */
#define NAME_BYTES_MAX 64
/* Fewer letters in common say nothing. */
#define START_BYTES_MIN 3

static int
min3(int a, int b, int c)
{
	int least = a < b ? a : b;
	return least < c ? least : c;
}

static int
lower(char c)
{
	return tolower((unsigned char)c);
}

/* One row of the table: the distances of a[0..i] to all prefixes of b. */
static void
row_fill(int *row, const int *last, const int *before_last,
	const char *a, size_t i, const char *b, size_t b_size)
{
	row[0] = (int)i + 1;
	for (size_t j = 0; j < b_size; j++) {
		int differs = lower(a[i]) != lower(b[j]);
		int cost = min3(row[j] + 1, last[j + 1] + 1, last[j] + differs);
		if (i > 0 && j > 0 && lower(a[i]) == lower(b[j - 1]) &&
		    lower(a[i - 1]) == lower(b[j]) &&
		    before_last[j - 1] + 1 < cost)
			cost = before_last[j - 1] + 1;
		row[j + 1] = cost;
	}
}

static int
distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	int rows[3][NAME_BYTES_MAX + 1];

	for (size_t j = 0; j <= b_size; j++)
		rows[0][j] = (int)j;
	for (size_t i = 0; i < a_size; i++)
		row_fill(rows[(i + 1) % 3], rows[i % 3], rows[(i + 2) % 3],
		    a, i, b, b_size);
	return rows[a_size % 3][b_size];
}

/* The longest of the names that begins the name, or that the name begins. */
static const char *
name_with_start(const char *name, size_t size, const char *const *names,
	size_t count)
{
	const char *found = NULL;
	size_t most = START_BYTES_MIN - 1;

	for (size_t i = 0; i < count; i++) {
		size_t common = 0;
		while (common < size &&
		    lower(names[i][common]) == lower(name[common]))
			common++;
		if (common > most &&
		    (common == size || names[i][common] == '\0')) {
			found = names[i];
			most = common;
		}
	}
	return found;
}

const char *
near_name(const char *name, const char *const *names, size_t count)
{
	size_t size = strlen(name);
	int limit = size <= 4 ? 1 : size <= 8 ? 2 : 3;
	const char *nearest = NULL;
	int nearest_distance = INT_MAX;

	if (size == 0 || size > NAME_BYTES_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other_size = strlen(names[i]);
		if (other_size > NAME_BYTES_MAX)
			continue;
		int d = distance(name, size, names[i], other_size);
		/* Something of the name must be left. */
		if (d > limit || d >= (int)size || d >= nearest_distance)
			continue;
		nearest = names[i];
		nearest_distance = d;
	}
	return nearest != NULL ? nearest :
	    name_with_start(name, size, names, count);
}
