/*
 * Equality keys.  Each column is turned into texts, one key part a row:
 *
 *	text			its bytes; undeclared text decoded
 *	number			its shortest text
 *	bool			true, false
 *	instant, date, duration	a mark and 8 bytes
 *	null, missing		a mark
 *
 * Marks are bytes that UTF-8 never starts with.  Text that starts with one all
 * the same gets the mark ESCAPE in front, so no two different values are
 * alike.  Nearly all text needs neither and is used where it lies: the views
 * of the column are the keys.
 *
 * The parts of several columns are joined, each but the last behind its
 * length; what fits 12 bytes stays in the view.
 */
#include "data/key.h"

#include <math.h>
#include <string.h>

#include "data/digits_priv.h"
#include "data/number.h"
#include "data/raw_priv.h"
#include "util/bits.h"
#include "util/hash.h"
#include "util/mem.h"

/* The least mark; all bytes from here on are marks. */
#define MARK_MIN 0xf8
#define MARK_ESCAPE 0xf8
#define MARK_NULL 0xf9
#define MARK_TIME 0xfa
#define MARK_DATE 0xfb
#define MARK_DURATION 0xfc

/* A part's length takes one byte below this, else this byte and four. */
#define LENGTH_LONG 255

/* Key parts of one column. */
struct parts {
	const struct text *text;
	const uint64_t *valid;	/* NULL: no part is null */
};

static inline uint64_t
text_hash(const struct text *text)
{
	uint64_t words[2];

	if (__builtin_expect(text->size > TEXT_INLINE_MAX, 0))
		return hash_bytes(text->bytes, text->size);
	memcpy(words, text, sizeof(words));
	return hash_mix(words[0], words[1]);
}

static inline int
has_mark(const struct text *text)
{
	/* The first byte lies here for long texts too; 0 if there is none. */
	return (uint8_t)text->inlined[0] >= MARK_MIN;
}

static struct text
null_part(void)
{
	const char mark = (char)MARK_NULL;

	return text_make(&mark, 1);
}

static struct text
escaped_part(const struct text *text, struct region *region)
{
	uint32_t size = text->size + 1;
	char small[TEXT_INLINE_MAX];
	char *bytes = size <= TEXT_INLINE_MAX ? small :
	    region_alloc(region, size);

	bytes[0] = (char)MARK_ESCAPE;
	memcpy(bytes + 1, text_bytes(text), text->size);
	return text_make(bytes, size);
}

static struct text
word_part(int mark, int64_t word)
{
	char bytes[9] = { (char)mark };

	memcpy(bytes + 1, &word, sizeof(word));
	return text_make(bytes, sizeof(bytes));
}

static struct text
int_part(int64_t integer, struct region *region)
{
	char digits[NUMBER_TEXT_MAX];
	struct text text;

	if (__builtin_expect(digits_text(integer, &text), 1))
		return text;
	return text_copy(digits, number_format_int(integer, digits), region);
}

/* Whole floats are written as the int they equal, if there is one. */
static struct text
float_part(double number, struct region *region)
{
	char digits[NUMBER_TEXT_MAX];

	/* 2^63 itself is no int64. */
	if (number >= -0x1p63 && number < 0x1p63 &&
	    (double)(int64_t)number == number)
		return int_part((int64_t)number, region);
	return text_copy(digits, number_format_float(number, digits), region);
}

/*
 * Without the zeros behind it, so that 1.50 meets 1.5.  Up to 15 digits, the
 * shortest text of the nearest float has the same digits, and is written the
 * same way as a float's.
 */
static struct text
decimal_part(struct decimal decimal, struct region *region)
{
	const int64_t float_units_max = 999999999999999;
	char digits[NUMBER_TEXT_MAX];
	int64_t integer;
	double number;

	while (decimal.scale > 0 && decimal.units % 10 == 0) {
		decimal.units /= 10;
		decimal.scale--;
	}
	if (decimal.scale == 0)
		return int_part(decimal.units, region);
	unsigned size = decimal_format(decimal, digits);
	if (decimal.units <= float_units_max &&
	    decimal.units >= -float_units_max &&
	    number_parse(digits, size, &integer, &number) == NUMBER_FLOAT)
		return float_part(number, region);
	return text_copy(digits, size, region);
}

static struct text
value_part(const struct value *value, struct region *region)
{
	const union cell *cell = &value->cell;

	switch (value->type) {
	case TYPE_NULL:
	case TYPE_MISSING:
		return null_part();
	case TYPE_BOOL:
		return cell->boolean ? text_make("true", 4) :
		    text_make("false", 5);
	case TYPE_INT:
		return int_part(cell->integer, region);
	case TYPE_FLOAT:
		return float_part(cell->number, region);
	case TYPE_DECIMAL:
		return decimal_part(cell->decimal, region);
	case TYPE_TIME:
		return word_part(MARK_TIME, cell->integer);
	case TYPE_DATE:
		return word_part(MARK_DATE, cell->integer);
	case TYPE_DURATION:
		return word_part(MARK_DURATION, cell->integer);
	default:
		return has_mark(&cell->text) ?
		    escaped_part(&cell->text, region) : cell->text;
	}
}

/* The column's own views, or if some are null or start with a mark, others. */
static void
parts_of_texts(const struct column *column, uint32_t count,
	struct region *region, struct parts *out)
{
	const struct text *source = column->data;
	int marked = 0;

	out->text = source;
	out->valid = column->valid;
	for (uint32_t i = 0; i < count; i++)
		marked |= has_mark(&source[i]);
	if (!marked && column->valid == NULL)
		return;

	struct text *text = region_alloc(region, count * sizeof(*text));
	for (uint32_t i = 0; i < count; i++) {
		if (!column_row_is_valid(column, i))
			text[i] = null_part();
		else if (has_mark(&source[i]))
			text[i] = escaped_part(&source[i], region);
		else
			text[i] = source[i];
	}
	out->text = text;
}

/* Any dense column, value by value. */
static void
parts_of_values(const struct column *column, uint32_t count,
	struct region *region, struct parts *out)
{
	struct text *text = region_alloc(region, count * sizeof(*text));
	struct column nulls = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		struct value value = column_value(column, i, region);
		if (value.type <= TYPE_MISSING)
			column_clear(&nulls, i, count, region);
		text[i] = value_part(&value, region);
	}
	out->text = text;
	out->valid = nulls.valid;
}

static void
parts_of_ints(const struct column *column, uint32_t count,
	struct region *region, struct parts *out)
{
	const int64_t *data = column->data;
	struct text *text = region_alloc(region, count * sizeof(*text));

	for (uint32_t i = 0; i < count; i++)
		text[i] = column_row_is_valid(column, i) ?
		    int_part(data[i], region) : null_part();
	out->text = text;
	out->valid = column->valid;
}

/* One value `count` times. */
static void
parts_of_const(const struct column *column, uint32_t count,
	struct region *region, struct parts *out)
{
	struct text *text = region_alloc(region, count * sizeof(*text));
	struct value value = column_value(column, 0, region);
	struct text part = value_part(&value, region);

	for (uint32_t i = 0; i < count; i++)
		text[i] = part;
	out->text = text;
	out->valid = NULL;
	if (value.type <= TYPE_MISSING)
		out->valid = region_alloc_zero(region,
		    bitmap_words(count) * 8);
}

static void
parts_of(const struct column *column, uint32_t count, struct region *region,
	struct parts *out)
{
	struct column decoded;

	if (column->encoding != CONST && type_is_raw(column->type)) {
		column_decode(column, NULL, count, region, &decoded);
		column = &decoded;
	}
	if (column->encoding == CONST)
		parts_of_const(column, count, region, out);
	else if (type_is_textual(column->type))
		parts_of_texts(column, count, region, out);
	else if (column->type == TYPE_INT)
		parts_of_ints(column, count, region, out);
	else
		parts_of_values(column, count, region, out);
}

/* Bits of the rows where the part is null join the set. */
static void
nulls_add(const uint64_t *valid, uint32_t count, struct region *region,
	struct key_set *out)
{
	if (valid == NULL)
		return;
	if (out->null == NULL)
		out->null = region_alloc_zero(region, bitmap_words(count) * 8);
	for (uint32_t start = 0; start < count; start += 64) {
		uint32_t left = count - start;
		uint64_t mask = left >= 64 ? UINT64_MAX :
		    ((uint64_t)1 << left) - 1;
		uint64_t clear = ~valid[start >> 6] & mask;
		out->null[start >> 6] |= clear;
		out->any_null |= clear != 0;
	}
}

/* Bytes of a part in a joined key. */
static inline size_t
joined_bytes(const struct text *text, int is_last)
{
	if (is_last)
		return text->size;
	return text->size + (text->size < LENGTH_LONG ? 1u : 5u);
}

static size_t
joined_row_bytes(const struct parts *parts, uint32_t part_count, uint32_t row)
{
	size_t bytes = 0;

	for (uint32_t p = 0; p < part_count; p++)
		bytes += joined_bytes(&parts[p].text[row], p + 1 == part_count);
	return bytes;
}

/*
 * The parts of a row in one view, if they fit: 1.  Else 0.  The bytes are
 * moved in registers, from the last part to the first.
 */
static inline int
join_inline(const struct parts *parts, uint32_t part_count, uint32_t row,
	struct text *out)
{
	__uint128_t bytes = 0, view;
	uint32_t size = part_count > 0 ? part_count - 1 : 0;

	for (uint32_t p = 0; p < part_count; p++) {
		size += parts[p].text[row].size;
		if (size > TEXT_INLINE_MAX)
			return 0;
	}
	for (uint32_t p = part_count; p-- > 0;) {
		const struct text *text = &parts[p].text[row];
		memcpy(&view, text, sizeof(view));
		bytes = bytes << 8 * text->size | view >> 32;
		if (p + 1 < part_count)
			bytes = bytes << 8 | text->size;
	}
	bytes = bytes << 32 | size;
	memcpy(out, &bytes, sizeof(*out));
	return 1;
}

static char *
join_part(const struct text *text, int is_last, char *out)
{
	if (!is_last && text->size < LENGTH_LONG) {
		*out++ = (char)text->size;
	} else if (!is_last) {
		*out++ = (char)LENGTH_LONG;
		bits_store32(out, text->size);
		out += 4;
	}
	/* Short ones at a fixed size: there is slack behind the last. */
	if (text->size <= TEXT_INLINE_MAX)
		memcpy(out, text->inlined, TEXT_INLINE_MAX);
	else
		memcpy(out, text->bytes, text->size);
	return out + text->size;
}

/* The rows that join_inline() left with size 0: no joined key is empty. */
static void
join_long(const struct parts *parts, uint32_t part_count, uint32_t count,
	size_t total, struct region *region, struct text *out)
{
	char *room = region_alloc(region, total + TEXT_INLINE_MAX);

	for (uint32_t i = 0; i < count; i++) {
		char *start = room;
		if (out[i].size > 0)
			continue;
		for (uint32_t p = 0; p < part_count; p++)
			room = join_part(&parts[p].text[i],
			    p + 1 == part_count, room);
		out[i] = text_make(start, (size_t)(room - start));
	}
}

static void
join_parts(const struct parts *parts, uint32_t part_count, uint32_t count,
	struct region *region, struct text *out)
{
	size_t total = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (join_inline(parts, part_count, i, &out[i]))
			continue;
		out[i] = (struct text){ 0 };
		total += joined_row_bytes(parts, part_count, i);
	}
	if (total > 0)
		join_long(parts, part_count, count, total, region, out);
}

void
key_make(const struct column *columns, uint32_t column_count, uint32_t count,
	struct region *region, struct key_set *out)
{
	struct parts *parts = region_alloc(region,
	    column_count * sizeof(*parts));

	*out = (struct key_set){ 0 };
	for (uint32_t c = 0; c < column_count; c++) {
		parts_of(&columns[c], count, region, &parts[c]);
		nulls_add(parts[c].valid, count, region, out);
	}
	if (column_count == 1) {
		/* Nobody writes to keys. */
		out->text = (struct text *)(uintptr_t)parts[0].text;
	} else {
		out->text = region_alloc(region, count * sizeof(*out->text));
		join_parts(parts, column_count, count, region, out->text);
	}
	out->hash = region_alloc(region, count * sizeof(*out->hash));
	for (uint32_t i = 0; i < count; i++)
		out->hash[i] = text_hash(&out->text[i]);
}

uint16_t
key_code(const struct value *value)
{
	if (value->type <= TYPE_MISSING)
		return TYPE_NULL;
	if (value->type == TYPE_DECIMAL)
		return (uint16_t)(TYPE_DECIMAL |
		    value->cell.decimal.scale << 8);
	return (uint16_t)value->type;
}

/* Step over part number `p` of `count` at `at`: its bytes. */
static const char *
part_next(const char **at, const char *end, int is_last, uint32_t *size)
{
	const char *start = *at;

	if (is_last) {
		*size = (uint32_t)(end - start);
	} else if ((uint8_t)*start < LENGTH_LONG) {
		*size = (uint8_t)*start++;
	} else {
		*size = bits_load32(start + 1);
		start += 5;
	}
	*at = start + *size;
	return start;
}

int
key_has_parts(const struct text *key, uint32_t count)
{
	const char *at = text_bytes(key), *end = at + key->size;
	uint32_t size;

	for (uint32_t p = 0; p + 1 < count; p++) {
		if (at == end || ((uint8_t)*at == LENGTH_LONG && end - at < 5))
			return 0;
		part_next(&at, end, 0, &size);
		if (at > end)
			return 0;
	}
	return 1;
}

struct text
key_of_set(const struct text *key, uint32_t count, uint64_t keep, int64_t last,
	struct region *region, uint64_t *hash)
{
	const char *from = text_bytes(key), *end = from + key->size;
	struct text number = int_part(last, region), null = null_part(), out;
	/* A null part may be longer than what was there. */
	size_t most = key->size + count + number.size + 2 * TEXT_INLINE_MAX;
	char small[256];
	char *room = most <= sizeof(small) ? small :
	    region_alloc(region, most);
	char *at = room;
	uint32_t size;

	for (uint32_t p = 0; p + 1 < count; p++) {
		const char *whole = from;
		part_next(&from, end, 0, &size);
		if (!(keep >> p & 1)) {
			at = join_part(&null, 0, at);
			continue;
		}
		memcpy(at, whole, (size_t)(from - whole));
		at += from - whole;
	}
	at = join_part(&number, 1, at);
	out = text_copy(room, (size_t)(at - room), region);
	*hash = text_hash(&out);
	return out;
}

static const char *
part_find(const struct text *key, uint32_t count, uint32_t index,
	uint32_t *size)
{
	const char *at = text_bytes(key), *end = at + key->size, *start = at;

	*size = 0;
	for (uint32_t p = 0; p <= index; p++)
		start = part_next(&at, end, p + 1 == count, size);
	return start;
}

/* What decimal_part() wrote, perhaps as a float, with this scale again. */
static struct decimal
part_decimal(const char *start, uint32_t size, int32_t scale)
{
	const char *at = start, *end = start + size;
	int32_t have = 0, exponent = 0;
	int64_t units = 0;
	int is_fraction = 0;

	for (at += size > 0 && *at == '-'; at < end; at++) {
		if (*at == '.') {
			is_fraction = 1;
		} else if (*at == 'e') {
			exponent = at + 1 < end && at[1] == '-' ? -1 : 1;
			break;
		} else {
			units = units * 10 + (*at - '0');
			have += is_fraction;
		}
	}
	if (at < end) {
		int32_t digits = 0;
		for (at++; at < end; at++)
			if (*at >= '0' && *at <= '9')
				digits = digits * 10 + (*at - '0');
		have -= exponent * digits;
	}
	for (; have < scale; have++)
		units *= 10;
	return (struct decimal){ .units = *start == '-' ? -units : units,
	    .scale = scale };
}

static double
part_float(const char *start, uint32_t size)
{
	int64_t integer = 0;
	double number = 0;

	switch (number_parse(start, size, &integer, &number)) {
	case NUMBER_INT:
		return (double)integer;
	case NUMBER_FLOAT:
		return number;
	case NUMBER_NOT:
		break;
	}
	if (size == 3 && memcmp(start, "nan", 3) == 0)
		return (double)NAN;
	return size > 0 && *start == '-' ? -HUGE_VAL : HUGE_VAL;
}

struct value
key_part_value(const struct text *key, uint32_t count, uint32_t index,
	uint16_t code)
{
	struct value value = { .type = (enum type)(code & 0xff) };
	uint32_t size;
	const char *start = part_find(key, count, index, &size);
	double unused;

	switch (value.type) {
	case TYPE_BOOL:
		value.cell.boolean = size == 4;
		return value;
	case TYPE_INT:
		if (number_parse(start, size, &value.cell.integer,
		    &unused) != NUMBER_INT)
			break;
		return value;
	case TYPE_FLOAT:
		value.cell.number = part_float(start, size);
		return value;
	case TYPE_DECIMAL:
		if (size > NUMBER_TEXT_MAX || code >> 8 > 18)
			break;
		value.cell.decimal = part_decimal(start, size, code >> 8);
		return value;
	case TYPE_TIME:
	case TYPE_DATE:
	case TYPE_DURATION:
		if (size != 1 + sizeof(value.cell.integer))
			break;
		memcpy(&value.cell.integer, start + 1,
		    sizeof(value.cell.integer));
		return value;
	default:
		if (!type_is_textual(value.type))
			break;
		value.cell.text = key_part_text(key, count, index);
		return value;
	}
	return (struct value){ .type = TYPE_NULL };
}

struct text
key_part_text(const struct text *key, uint32_t count, uint32_t index)
{
	uint32_t size;
	const char *start = part_find(key, count, index, &size);

	if (size > 0 && (uint8_t)*start == MARK_ESCAPE) {
		start++;
		size--;
	}
	return text_make(start, size);
}
