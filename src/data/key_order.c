/*
 * Order keys.  Per column a byte for the class of the value, and behind it
 * bytes that memcmp orders as value_compare() orders the class:
 *
 *	bool		1 byte
 *	number		8 bytes of the double towards zero, sign worked in,
 *			2 bytes of the rest (number_rank.c)
 *	time, duration	8 bytes, highest first, sign flipped
 *	text		the bytes, each 00 as 00 FF, ended by 00 00
 *
 * Descending columns are complemented.  Nulls are one byte below or above all
 * classes, and are not complemented: their place is given by itself.
 */
#include "data/key.h"

#include <string.h>

#include "data/key_priv.h"
#include "data/raw_priv.h"
#include "util/buf.h"
#include "util/mem.h"

#define NULL_FIRST 0x01
#define NULL_LAST 0xff
/* Classes, and their complements, lie between those. */
#define CLASS_BOOL 0x10
#define CLASS_NUMBER 0x20
#define CLASS_TIME 0x30
#define CLASS_DURATION 0x40
#define CLASS_TEXT 0x50
#define CLASS_LIST 0x60
#define CLASS_RECORD 0x70

static void
add_word(uint64_t word, struct buf *out)
{
	word = __builtin_bswap64(word);
	buf_add(out, &word, sizeof(word));
}

static void
add_signed(int64_t word, struct buf *out)
{
	add_word((uint64_t)word ^ ((uint64_t)1 << 63), out);
}

static void
add_number(enum type type, const union cell *cell, struct buf *out)
{
	const uint64_t sign = (uint64_t)1 << 63;
	struct number_rank rank = number_rank(type, cell);
	uint64_t bits;

	memcpy(&bits, &rank.number, sizeof(bits));
	if (rank.number != rank.number)
		bits = UINT64_MAX >> 1;
	add_word(bits & sign ? ~bits : bits | sign, out);
	/* The rest is below 2^13, either sign. */
	uint32_t rest = (uint32_t)(rank.rest + 0x8000);
	buf_add_char(out, (char)(rest >> 8));
	buf_add_char(out, (char)rest);
}

static void
add_text(const struct text *text, struct buf *out)
{
	const char *at = text_bytes(text);
	const char *end = at + text->size;

	buf_reserve(out, text->size + 2);
	for (;;) {
		const char *zero = memchr(at, 0, (size_t)(end - at));
		if (zero == NULL)
			break;
		buf_add(out, at, (size_t)(zero - at));
		buf_add(out, "\0\xff", 2);
		at = zero + 1;
	}
	buf_add(out, at, (size_t)(end - at));
	buf_add(out, "\0", 2);
}

static void
add_cell(enum type type, const union cell *cell, struct buf *out)
{
	switch (type) {
	case TYPE_BOOL:
		buf_add_char(out, cell->boolean != 0);
		break;
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_DECIMAL:
		add_number(type, cell, out);
		break;
	case TYPE_TIME:
		add_signed(cell->integer, out);
		break;
	case TYPE_DATE:
		add_signed(date_to_us(cell->integer), out);
		break;
	case TYPE_DURATION:
		add_signed(cell->integer, out);
		break;
	default:
		add_text(&cell->text, out);
		break;
	}
}

/* A row of a column, decoded and settled; `scratch` is made when needed. */
static enum type
row_settle(const struct column *column, uint32_t row, struct region **scratch,
	union cell *cell)
{
	if (column->type == TYPE_NULL || !column_row_is_valid(column, row))
		return TYPE_NULL;
	if (column->encoding == CONST)
		row = 0;
	if (column->type != TYPE_MIXED && !type_is_raw(column->type)) {
		unsigned width = type_width(column->type);
		memcpy(cell, (const char *)column->data + (size_t)row * width,
		    width);
		return column->type;
	}
	if (*scratch == NULL && column->type != TYPE_RAW)
		*scratch = region_new();
	struct value value = column_value(column, row, *scratch);
	*cell = value.cell;
	if (value.type == TYPE_RAW)
		return raw_settle(TYPE_RAW, text_bytes(&value.cell.text),
		    value.cell.text.size, *scratch, cell);
	return value.type;
}

char
key_null_byte(const struct key_order *order)
{
	return (char)(order->nulls_first ? NULL_FIRST : NULL_LAST);
}

static unsigned
class_of(enum type type)
{
	switch (type) {
	case TYPE_BOOL:
		return CLASS_BOOL;
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_DECIMAL:
		return CLASS_NUMBER;
	case TYPE_TIME:
	case TYPE_DATE:
		return CLASS_TIME;
	case TYPE_DURATION:
		return CLASS_DURATION;
	case TYPE_LIST:
		return CLASS_LIST;
	case TYPE_RECORD:
		return CLASS_RECORD;
	default:
		return CLASS_TEXT;
	}
}

char
key_class_byte(enum type type, const struct key_order *order)
{
	if (type == TYPE_NULL || type > TYPE_RAW)
		return 0;
	return (char)(order->descending ? ~class_of(type) : class_of(type));
}

int
key_is_number(char first, const struct key_order *order)
{
	return first == key_class_byte(TYPE_FLOAT, order);
}

void
key_add_order(const struct column *columns, const struct key_order *order,
	uint32_t column_count, uint32_t row, struct buf *out)
{
	struct region *scratch = NULL;

	for (uint32_t c = 0; c < column_count; c++) {
		size_t start = out->size;
		union cell cell = { 0 };
		enum type type = row_settle(&columns[c], row, &scratch, &cell);
		if (type <= TYPE_MISSING) {
			buf_add_char(out, key_null_byte(&order[c]));
			continue;
		}
		buf_add_char(out, (char)class_of(type));
		add_cell(type, &cell, out);
		for (size_t i = start; order[c].descending && i < out->size;
		    i++)
			out->bytes[i] = (char)~out->bytes[i];
	}
	region_drop(&scratch);
}
