#include "data/column.h"

#include <criterion/criterion.h>

#include "random_column.h"
#include "util/buf.h"

#define ROUNDS 400
#define ROWS 300

/* One column, the rows of it that are asked for, and a place for results. */
struct fixture {
	uint64_t seed;
	struct region *region;
	struct column column;
	uint16_t sel[ROWS];
	const uint16_t *rows;	/* sel or NULL */
	uint32_t count;
};

static void
fixture_init(struct fixture *f, uint64_t seed)
{
	uint32_t rows = 1 + (uint32_t)(seed % ROWS);

	f->seed = seed;
	f->region = region_new();
	random_column(&f->seed, rows, f->region, &f->column);
	f->count = random_sel(&f->seed, rows, f->sel);
	f->rows = f->sel;
	if (seed % 3 == 0) {
		f->rows = NULL;
		f->count = rows;
	}
}

static struct value
fixture_value(struct fixture *f, uint32_t i)
{
	return column_value(&f->column, f->rows == NULL ? i : f->rows[i],
	    f->region);
}

/* To the bit, but for what lies behind a cell. */
static int
same(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return 0;
	if (a->type <= TYPE_MISSING)
		return 1;
	if (type_is_textual(a->type))
		return text_equal(&a->cell.text, &b->cell.text);
	return memcmp(&a->cell, &b->cell, type_width(a->type)) == 0;
}

static void
expect_same(const struct column *out, uint32_t i, const struct value *wanted,
	const struct fixture *f, const char *what)
{
	struct value value = column_value(out, i, f->region);

	cr_assert(same(&value, wanted), "%s of %s, encoding %u: row %u is %s, "
	    "not %s", what, type_name(f->column.type), f->column.encoding, i,
	    type_name(value.type), type_name(wanted->type));
	cr_assert(column_row_is_valid(out, i) ||
	    value.type <= TYPE_MISSING);
}

Test(column, gather_and_copy)
{
	for (uint64_t seed = 1; seed < ROUNDS; seed++) {
		struct fixture f;
		struct column gathered, copied;
		fixture_init(&f, seed);
		struct region *own = region_new();
		column_gather(&f.column, f.rows, f.count, f.region, &gathered);
		column_copy(&f.column, f.rows, f.count, own, &copied);
		for (uint32_t i = 0; i < f.count; i++) {
			struct value wanted = fixture_value(&f, i);
			expect_same(&gathered, i, &wanted, &f, "gather");
			expect_same(&copied, i, &wanted, &f, "copy");
		}
		cr_assert(copied.type == f.column.type);
		cr_assert(copied.type == TYPE_NULL || copied.encoding == FLAT);
		region_drop(&own);
		region_drop(&f.region);
	}
}

Test(column, copy_needs_only_its_region)
{
	for (uint64_t seed = 1; seed < ROUNDS; seed++) {
		struct fixture f;
		struct column copied;
		struct buf before = { 0 }, after = { 0 };
		struct region *own = region_new();
		fixture_init(&f, seed);
		column_copy(&f.column, f.rows, f.count, own, &copied);
		for (uint32_t i = 0; i < f.count; i++) {
			struct value value = column_value(&copied, i, f.region);
			value_add_text(&value, &before);
		}
		region_drop(&f.region);
		for (uint32_t i = 0; i < f.count; i++) {
			struct value value = column_value(&copied, i, own);
			value_add_text(&value, &after);
		}
		cr_assert(before.size == after.size && (before.size == 0 ||
		    memcmp(before.bytes, after.bytes, before.size) == 0));
		buf_fini(&before);
		buf_fini(&after);
		region_drop(&own);
	}
}

Test(column, scatter)
{
	for (uint64_t seed = 1; seed < ROUNDS; seed++) {
		struct fixture f;
		struct column dense, out;
		struct value none = { .type = TYPE_NULL };
		fixture_init(&f, seed);
		f.count = f.rows == NULL ? random_sel(&f.seed,
		    f.count, f.sel) : f.count;
		column_gather(&f.column, f.sel, f.count, f.region, &dense);
		column_scatter(&dense, f.sel, f.count, ROWS, f.region, &out);
		uint32_t next = 0;
		for (uint32_t row = 0; row < ROWS; row++) {
			struct value wanted = none;
			if (next < f.count && f.sel[next] == row)
				wanted = column_value(&dense, next++,
				    f.region);
			expect_same(&out, row, &wanted, &f, "scatter");
		}
		region_drop(&f.region);
	}
}

Test(column, decode)
{
	for (uint64_t seed = 1; seed < ROUNDS; seed++) {
		struct fixture f;
		struct column out;
		fixture_init(&f, seed);
		column_decode(&f.column, f.rows, f.count, f.region, &out);
		cr_assert(out.encoding != SLICE);
		cr_assert(out.type <= TYPE_RAW || out.type == TYPE_MIXED);
		for (uint32_t i = 0; i < f.count; i++) {
			struct value wanted = fixture_value(&f, i);
			expect_same(&out, i, &wanted, &f, "decode");
		}
		region_drop(&f.region);
	}
}

/* What column_numbers() makes of a value by itself. */
static struct value
number_of(struct fixture *f, uint32_t i)
{
	struct value value = fixture_value(f, i);
	struct value settled = value_settle(&value);

	if (value.type == TYPE_MISSING)
		value.type = TYPE_NULL;
	return type_is_number(settled.type) ? settled : value;
}

/* The type that the rows agree on, as the header has it. */
static enum type
number_type(struct fixture *f)
{
	uint32_t seen = 0;

	for (uint32_t i = 0; i < f->count; i++) {
		struct value value = number_of(f, i);
		if (value.type != TYPE_NULL)
			seen |= 1u << value.type;
	}
	return seen == 0 ? TYPE_NULL : (seen & (seen - 1)) != 0 ? TYPE_MIXED :
	    (enum type)__builtin_ctz(seen);
}

Test(column, numbers)
{
	uint32_t met[TYPE_COUNT] = { 0 };

	for (uint64_t seed = 1; seed < 4 * ROUNDS; seed++) {
		struct fixture f;
		struct column out;
		fixture_init(&f, seed);
		column_numbers(&f.column, f.rows, f.count, f.region, &out);
		enum type type = number_type(&f);
		int raw = type_is_raw(f.column.type);
		if (raw && type != TYPE_NULL)
			cr_assert(out.type == type, "seed %u: %s, not %s",
			    (unsigned)seed, type_name(out.type),
			    type_name(type));
		if (raw)
			met[out.type]++;
		for (uint32_t i = 0; i < f.count; i++) {
			struct value wanted = number_of(&f, i);
			expect_same(&out, i, &wanted, &f, "numbers");
		}
		region_drop(&f.region);
	}
	cr_assert(met[TYPE_INT] > 9 && met[TYPE_FLOAT] > 0 &&
	    met[TYPE_MIXED] > 9 && met[TYPE_RAW] > 9 && met[TYPE_TEXT] > 9);
}

Test(column, texts)
{
	for (uint64_t seed = 1; seed < ROUNDS; seed++) {
		struct fixture f;
		struct column out;
		fixture_init(&f, seed);
		column_texts(&f.column, f.rows, f.count, f.region, &out);
		cr_assert(out.type == TYPE_TEXT && out.encoding != SLICE);
		for (uint32_t i = 0; i < f.count; i++) {
			struct buf buf = { 0 };
			struct value value = fixture_value(&f, i);
			struct value text = column_value(&out, i, f.region);
			cr_assert((value.type <= TYPE_MISSING) ==
			    (text.type == TYPE_NULL));
			if (f.column.type == TYPE_RAW_JSON &&
			    type_is_number(value.type)) {
				struct text token = column_row_text(&f.column,
				    f.rows == NULL ? i : f.rows[i]);
				buf_add(&buf, text_bytes(&token), token.size);
			} else {
				value_add_text(&value, &buf);
			}
			struct text wanted = text_make(buf.bytes, buf.size);
			cr_assert(text.type == TYPE_NULL ||
			    text_equal(&text.cell.text, &wanted));
			buf_fini(&buf);
		}
		region_drop(&f.region);
	}
}

Test(column, split)
{
	struct region *region = region_new();
	struct column column;
	uint16_t order[ROWS];
	uint32_t first[TYPE_MIXED + 1];
	uint64_t seed = 5;

	random_flat(&seed, TYPE_MIXED, ROWS, region, &column);
	cr_assert(column.type == TYPE_MIXED);
	column_split(&column, ROWS, order, first);
	cr_assert(first[0] == 0 && first[TYPE_MIXED] == ROWS);
	for (unsigned t = 0; t < TYPE_MIXED; t++) {
		for (uint32_t i = first[t]; i < first[t + 1]; i++) {
			cr_assert(column_value(&column, order[i],
			    region).type == t);
			cr_assert(i == first[t] || order[i] > order[i - 1]);
		}
	}
	region_drop(&region);
}

Test(column, raw_fields_decode)
{
	static const struct {
		enum type type;
		const char *field;
		const char *text;	/* NULL: null */
	} cases[] = {
		{ TYPE_RAW_CSV, "", NULL },
		{ TYPE_RAW_CSV, "\"\"", "" },
		{ TYPE_RAW_CSV, "\"a\"\"b\"", "a\"b" },
		{ TYPE_RAW_CSV, "\"\"\"\"", "\"" },
		{ TYPE_RAW_CSV, "a\"b", "a\"b" },
		{ TYPE_RAW_CSV, "\"a\"b\"c", "ab\"c" },
		{ TYPE_RAW_CSV, "\"open", "open" },
		{ TYPE_RAW_CSV, "\"", "" },
		{ TYPE_RAW_TSV, "", NULL },
		{ TYPE_RAW_TSV, "a\\tb\\\\c\\nd\\re", "a\tb\\c\nd\re" },
		{ TYPE_RAW_TSV, "\\x\\", "\\x\\" },
		{ TYPE_RAW, "", "" },
	};
	struct region *region = region_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct value raw = { .type = cases[i].type,
			.cell.text = text_make(cases[i].field,
			strlen(cases[i].field)) };
		struct column column;
		column_init_const(&column, &raw, region);
		struct value value = column_value(&column, 0, region);
		cr_assert((value.type == TYPE_NULL) == (cases[i].text == NULL),
		    "%s", cases[i].field);
		if (value.type == TYPE_NULL)
			continue;
		struct text wanted = text_make(cases[i].text,
		    strlen(cases[i].text));
		cr_assert(text_equal(&value.cell.text, &wanted), "%s",
		    cases[i].field);
	}
	region_drop(&region);
}

/* Text of at most 20 bytes that is a number, or nearly. */
static uint32_t
random_digits(uint64_t *seed, int garbage, int point, char *out)
{
	static const char letters[] = "0123456789-.e/:+ \x80";
	uint32_t whole = 1 + random_next(seed, random_next(seed, 9) ? 5 : 17);
	uint32_t size = 0;

	if (random_next(seed, 4) == 0)
		out[size++] = '-';
	while (whole-- > 0)
		out[size++] = (char)('0' + random_next(seed, 10));
	if (point) {
		uint32_t fraction = 1 + random_next(seed,
		    random_next(seed, 2) ? 3 : 12);
		out[size++] = '.';
		while (fraction-- > 0 && size < 20)
			out[size++] = (char)('0' + random_next(seed, 10));
	}
	/* No zero leads, mostly. */
	uint32_t first = out[0] == '-';
	if (out[first] == '0' && size - first > 1 && out[first + 1] != '.')
		out[first] = '1';
	if (garbage)
		out[random_next(seed, size)] =
		    letters[random_next(seed, sizeof(letters) - 1)];
	return size;
}

#define NUMBER_ROWS 11

Test(column, numbers_agree_with_the_number_parser)
{
	struct region *region = region_new();
	uint64_t seed = 9;

	for (int round = 0; round < 100000; round++) {
		char chunk[NUMBER_ROWS * 24 + 64];
		uint32_t ends[NUMBER_ROWS + 1] = { 0 };
		uint32_t odd = random_next(&seed, 2 * NUMBER_ROWS);
		uint32_t points = random_next(&seed, 3);
		/* Of the last column of CR LF lines; or of some of them. */
		uint32_t returns = random_next(&seed, 4);
		memset(chunk, "0-.1"[round % 4], sizeof(chunk));
		for (uint32_t i = 0; i < NUMBER_ROWS; i++) {
			ends[i + 1] = ends[i] + random_digits(&seed, i == odd,
			    random_next(&seed, 2) < points, chunk + ends[i]);
			if (returns > random_next(&seed, 3))
				chunk[ends[i + 1]++] = '\r';
		}
		struct column out, column = {
			.type = TYPE_RAW, .encoding = SLICE, .base = chunk,
			.stride = 1, .from = ends, .to = ends + 1,
			.trim_cr = returns > 0,
		};
		column_numbers(&column, NULL, NUMBER_ROWS, region, &out);
		for (uint32_t i = 0; i < NUMBER_ROWS; i++) {
			struct value value = column_value(&out, i, region);
			struct value wanted = column_value(&column, i, region);
			struct value settled = value_settle(&wanted);
			if (type_is_number(settled.type))
				wanted = settled;
			if (wanted.type == TYPE_INT && out.type == TYPE_FLOAT)
				wanted = (struct value){ .type = TYPE_FLOAT,
				    .cell.number =
				    (double)wanted.cell.integer };
			cr_assert(same(&value, &wanted), "'%.*s' as %s",
			    (int)(ends[i + 1] - ends[i]), chunk + ends[i],
			    type_name(value.type));
		}
		region_reset(region);
	}
	region_drop(&region);
}
