#include "data/key.h"

#include <criterion/criterion.h>

#include "random_column.h"
#include "util/buf.h"

#define ROUNDS 300
#define ROWS 120

/* The key text of one value, as the header tells it. */
static void
add_part(const struct value *value, struct buf *out)
{
	struct value number = *value;

	switch (value->type) {
	case TYPE_NULL:
	case TYPE_MISSING:
		buf_add_string(out, "null");
		return;
	case TYPE_TIME:
	case TYPE_DATE:
	case TYPE_DURATION:
		buf_add_format(out, "%d:%lld", value->type,
		    (long long)value->cell.integer);
		return;
	case TYPE_DECIMAL:
	case TYPE_FLOAT:
		/* Exact numbers meet; compare those by value. */
		for (int64_t i = -200; i <= 200; i++) {
			struct value whole = { .type = TYPE_INT,
				.cell.integer = i };
			if (value_compare(&whole, value) == 0)
				number = whole;
		}
		break;
	default:
		break;
	}
	buf_add_char(out, '=');
	value_add_text(&number, out);
}

/* Do rows i and j have the same key by that? */
static int
tuples_equal(const struct column *columns, uint32_t column_count, uint32_t i,
	uint32_t j, struct region *region)
{
	int equal = 1;

	for (uint32_t c = 0; c < column_count && equal; c++) {
		struct buf a = { 0 }, b = { 0 };
		struct value x = column_value(&columns[c], i, region);
		struct value y = column_value(&columns[c], j, region);
		add_part(&x, &a);
		add_part(&y, &b);
		equal = a.size == b.size && memcmp(a.bytes, b.bytes,
		    a.size) == 0;
		buf_fini(&a);
		buf_fini(&b);
	}
	return equal;
}

/* Types whose equality add_part() can tell. */
static int
is_plain(const struct column *column)
{
	return column->type != TYPE_MIXED && column->type != TYPE_DECIMAL &&
	    column->type != TYPE_FLOAT && column->type != TYPE_RAW_JSON;
}

static void
check_keys(const struct column *columns, uint32_t column_count, uint32_t rows,
	struct region *region)
{
	struct key_set keys;

	key_make(columns, column_count, rows, region, &keys);
	for (uint32_t i = 0; i < rows; i++) {
		int null = 0;
		for (uint32_t c = 0; c < column_count; c++)
			null |= column_value(&columns[c], i, region).type <=
			    TYPE_MISSING;
		cr_assert(null == (keys.null != NULL &&
		    (keys.null[i / 64] >> (i % 64) & 1)));
		cr_assert(!null || keys.any_null);
		for (uint32_t j = 0; j < i; j++) {
			int alike = text_equal(&keys.text[i], &keys.text[j]);
			cr_assert(alike == tuples_equal(columns, column_count,
			    i, j, region));
			cr_assert(!alike || keys.hash[i] == keys.hash[j]);
		}
	}
}

Test(key, equality)
{
	for (uint64_t seed = 1; seed < ROUNDS; seed++) {
		uint64_t next = seed;
		uint32_t rows = 1 + random_next(&next, ROWS);
		uint32_t count = 1 + random_next(&next, 3);
		struct region *region = region_new();
		struct column columns[3];
		for (uint32_t c = 0; c < count; c++)
			do {
				random_column(&next, rows, region,
				    &columns[c]);
			} while (!is_plain(&columns[c]));
		check_keys(columns, count, rows, region);
		region_drop(&region);
	}
}

/* The key of one value. */
static struct text
key_of(struct value value, struct region *region)
{
	struct column column;
	struct key_set keys;

	column_init_const(&column, &value, region);
	key_make(&column, 1, 1, region, &keys);
	return keys.text[0];
}

static int
meet(struct value a, struct value b)
{
	struct region *region = region_new();
	struct text x = key_of(a, region), y = key_of(b, region);
	int equal = text_equal(&x, &y);

	region_drop(&region);
	return equal;
}

static struct value
text_value(enum type type, const char *text)
{
	return (struct value){ .type = type,
		.cell.text = text_make(text, strlen(text)) };
}

static struct value
float_value(double number)
{
	return (struct value){ .type = TYPE_FLOAT, .cell.number = number };
}

static struct value
word_value(enum type type, int64_t word)
{
	return (struct value){ .type = type, .cell.integer = word };
}

static struct value
decimal_value(int64_t units, int scale)
{
	return (struct value){ .type = TYPE_DECIMAL,
		.cell.decimal = { units, scale, 0 } };
}

Test(key, meetings)
{
	struct value one = word_value(TYPE_INT, 1);
	struct value yes = { .type = TYPE_BOOL, .cell.boolean = 1 };
	struct value none = { .type = TYPE_NULL };
	struct value missing = { .type = TYPE_MISSING };

	cr_assert(meet(one, text_value(TYPE_RAW, "1")));
	cr_assert(meet(one, text_value(TYPE_TEXT, "1")));
	cr_assert(meet(one, float_value(1)));
	cr_assert(meet(one, decimal_value(100, 2)));
	cr_assert(meet(one, text_value(TYPE_RAW_JSON, "1.0")));
	cr_assert(meet(one, text_value(TYPE_RAW_JSON, "1e0")));
	cr_assert(meet(one, text_value(TYPE_RAW_CSV, "\"1\"")));
	cr_assert(!meet(one, text_value(TYPE_RAW, "1.0")));
	cr_assert(!meet(one, text_value(TYPE_RAW_CSV, "01")));
	cr_assert(meet(float_value(-0.0), word_value(TYPE_INT, 0)));
	cr_assert(meet(float_value(1e18),
	    word_value(TYPE_INT, 1000000000000000000)));
	cr_assert(meet(float_value(-0x1p63),
	    word_value(TYPE_INT, INT64_MIN)));
	cr_assert(!meet(float_value(0x1p63),
	    word_value(TYPE_INT, INT64_MAX)));
	cr_assert(meet(float_value(0.1), decimal_value(100, 3)));
	cr_assert(meet(float_value(1.5e-7), decimal_value(15, 8)));
	cr_assert(meet(yes, text_value(TYPE_RAW, "true")));
	cr_assert(!meet(word_value(TYPE_TIME, 5), word_value(TYPE_DATE, 5)));
	cr_assert(!meet(word_value(TYPE_TIME, 5),
	    word_value(TYPE_DURATION, 5)));
	cr_assert(!meet(word_value(TYPE_TIME, 0),
	    text_value(TYPE_TEXT, "\xfa\0\0\0\0\0\0\0\0")));
	cr_assert(meet(none, missing));
	cr_assert(!meet(none, text_value(TYPE_TEXT, "")));
	cr_assert(!meet(none, text_value(TYPE_TEXT, "\xf9")));
	cr_assert(!meet(text_value(TYPE_TEXT, "\xf9"),
	    text_value(TYPE_TEXT, "\xf8\xf9")));
	cr_assert(meet(text_value(TYPE_RAW_CSV, ""), none));
}

Test(key, tuples_of_texts_do_not_run_together)
{
	struct region *region = region_new();
	char longer[600];
	struct column columns[2], others[2];
	struct key_set a, b;

	memset(longer, 'x', sizeof(longer));
	for (size_t size = 0; size < sizeof(longer); size += 7) {
		struct value x[2] = { { .type = TYPE_TEXT }, x[0] };
		struct value y[2] = { { .type = TYPE_TEXT }, y[0] };
		x[0].cell.text = text_make(longer, size);
		x[1].cell.text = text_make(longer, 3);
		y[0].cell.text = text_make(longer, size + 1);
		y[1].cell.text = text_make(longer, 2);
		x[1].type = y[1].type = TYPE_TEXT;
		for (int c = 0; c < 2; c++) {
			column_init_const(&columns[c], &x[c], region);
			column_init_const(&others[c], &y[c], region);
		}
		key_make(columns, 2, 1, region, &a);
		key_make(others, 2, 1, region, &b);
		cr_assert(!text_equal(&a.text[0], &b.text[0]));
	}
	region_drop(&region);
}

/* A key of which parts are left out is that of columns that are null there. */
Test(key, sets)
{
	for (uint64_t seed = 1; seed <= 100; seed++) {
		uint64_t next = seed;
		uint32_t rows = 1 + random_next(&next, 60);
		uint32_t count = random_next(&next, 4);
		uint64_t keep = random_next(&next, 16);
		int64_t number = random_next(&next, 2000);
		struct region *region = region_new();
		struct column all[5], left[5];
		struct key_set keys, wanted;
		for (uint32_t c = 0; c < count; c++) {
			random_column(&next, rows, region, &all[c]);
			left[c] = all[c];
			if (!(keep >> c & 1))
				column_init_null(&left[c]);
		}
		column_init_null(&all[count]);
		left[count] = (struct column){ .type = TYPE_INT,
			.encoding = CONST, .data = &number };
		key_make(all, count + 1, rows, region, &keys);
		key_make(left, count + 1, rows, region, &wanted);
		for (uint32_t i = 0; i < rows; i++) {
			uint64_t hash;
			struct text key = key_of_set(&keys.text[i], count + 1,
			    keep, number, region, &hash);
			cr_assert(text_equal(&key, &wanted.text[i]),
			    "seed %u row %u", (unsigned)seed, i);
			cr_assert(hash == wanted.hash[i], "seed %u row %u",
			    (unsigned)seed, i);
		}
		region_drop(&region);
	}
}

Test(key, no_columns)
{
	struct region *region = region_new();
	struct key_set keys;

	key_make(NULL, 0, 2, region, &keys);
	cr_assert(text_equal(&keys.text[0], &keys.text[1]));
	cr_assert(keys.hash[0] == keys.hash[1] && !keys.any_null);
	region_drop(&region);
}

/* Sort by rows, the way of the language. */
static int
compare_rows(const struct column *columns, const struct key_order *order,
	uint32_t count, uint32_t i, uint32_t j, struct region *region)
{
	for (uint32_t c = 0; c < count; c++) {
		struct value a = column_value(&columns[c], i, region);
		struct value b = column_value(&columns[c], j, region);
		int a_null = a.type <= TYPE_MISSING;
		int b_null = b.type <= TYPE_MISSING;
		int result;
		if (a_null || b_null) {
			result = a_null - b_null;
			if (order[c].nulls_first)
				result = -result;
		} else {
			result = value_compare(&a, &b);
			if (order[c].descending)
				result = -result;
		}
		if (result != 0)
			return result < 0 ? -1 : 1;
	}
	return 0;
}

static int
compare_keys(const struct buf *a, const struct buf *b)
{
	size_t size = a->size < b->size ? a->size : b->size;
	int result = memcmp(a->bytes, b->bytes, size);

	if (result == 0)
		result = (a->size > b->size) - (a->size < b->size);
	return (result > 0) - (result < 0);
}

Test(key, order)
{
	for (uint64_t seed = 1; seed < ROUNDS; seed++) {
		uint64_t next = seed;
		uint32_t rows = 2 + random_next(&next, 60);
		uint32_t count = 1 + random_next(&next, 3);
		struct region *region = region_new();
		struct column columns[3];
		struct key_order order[3];
		struct buf keys[64] = { 0 };
		for (uint32_t c = 0; c < count; c++) {
			random_column(&next, rows, region, &columns[c]);
			order[c].descending = (int)random_next(&next, 2);
			order[c].nulls_first = (int)random_next(&next, 2);
		}
		for (uint32_t i = 0; i < rows; i++)
			key_add_order(columns, order, count, i, &keys[i]);
		for (uint32_t i = 0; i < rows; i++)
			for (uint32_t j = 0; j < rows; j++)
				cr_assert(compare_keys(&keys[i], &keys[j]) ==
				    compare_rows(columns, order, count, i, j,
				    region), "seed %u rows %u %u",
				    (unsigned)seed, i, j);
		for (uint32_t i = 0; i < rows; i++)
			buf_fini(&keys[i]);
		region_drop(&region);
	}
}
