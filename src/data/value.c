/*
 * Single values: order, equality, text.
 *
 * The order is total and is the one that key_order.c writes as bytes: values
 * fall into classes by type, and are compared within a class.  Numbers of all
 * three types are one class, compared exactly (see number_rank()); instants
 * and dates are one, a date being its midnight; null and missing are one.
 *
 * Equality asks for less: raw text meets text by its bytes, and a number, a
 * bool or an instant by its look.
 */
#include "data/column.h"

#include <string.h>

#include "data/json.h"
#include "data/moment.h"
#include "data/number.h"
#include "data/raw_priv.h"
#include "util/buf.h"

struct value
value_settle(const struct value *value)
{
	struct value settled = *value;
	int64_t integer;
	double number;

	if (value->type != TYPE_RAW)
		return settled;
	switch (number_parse(text_bytes(&value->cell.text),
	    value->cell.text.size, &integer, &number)) {
	case NUMBER_INT:
		settled.type = TYPE_INT;
		settled.cell.integer = integer;
		break;
	case NUMBER_FLOAT:
		settled.type = TYPE_FLOAT;
		settled.cell.number = number;
		break;
	default:
		settled.type = TYPE_TEXT;
		break;
	}
	return settled;
}

/* Types that are compared with each other have one class. */
static int
class_of(enum type type)
{
	switch (type) {
	case TYPE_NULL:
	case TYPE_MISSING:
		return 0;
	case TYPE_BOOL:
		return 1;
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_DECIMAL:
		return 2;
	case TYPE_TIME:
	case TYPE_DATE:
		return 3;
	case TYPE_DURATION:
		return 4;
	case TYPE_LIST:
		return 6;
	case TYPE_RECORD:
		return 7;
	default:
		return 5;
	}
}

static int
compare_ints(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* NaN is above all other numbers and equal to itself. */
static int
compare_numbers(const struct value *a, const struct value *b)
{
	if (a->type == TYPE_INT && b->type == TYPE_INT)
		return compare_ints(a->cell.integer, b->cell.integer);
	struct number_rank x = number_rank(a->type, &a->cell);
	struct number_rank y = number_rank(b->type, &b->cell);
	int x_nan = x.number != x.number;
	int y_nan = y.number != y.number;

	if (x_nan || y_nan)
		return x_nan - y_nan;
	if (x.number != y.number)
		return x.number < y.number ? -1 : 1;
	return compare_ints(x.rest, y.rest);
}

/* An instant or a date as an instant. */
static int64_t
time_of(const struct value *value)
{
	return value->type == TYPE_DATE ? date_to_us(value->cell.integer) :
	    value->cell.integer;
}

int
value_compare(const struct value *a_raw, const struct value *b_raw)
{
	struct value a = value_settle(a_raw);
	struct value b = value_settle(b_raw);
	int class = class_of(a.type);
	int order = class - class_of(b.type);

	if (order != 0)
		return order;
	switch (class) {
	case 0:
		return 0;
	case 1:
		return (a.cell.boolean != 0) - (b.cell.boolean != 0);
	case 2:
		return compare_numbers(&a, &b);
	case 3:
		return compare_ints(time_of(&a), time_of(&b));
	case 4:
		return compare_ints(a.cell.integer, b.cell.integer);
	default:
		return text_compare(&a.cell.text, &b.cell.text);
	}
}

/* Raw text read as what it is compared with: a bool, an instant, a number. */
static struct value
settle_as(const struct value *raw, enum type type)
{
	const char *bytes = text_bytes(&raw->cell.text);
	uint32_t size = raw->cell.text.size;
	struct value value = { .type = type };

	if (type == TYPE_BOOL) {
		value.cell.boolean = size == 4;
		if ((size == 4 && memcmp(bytes, "true", 4) == 0) ||
		    (size == 5 && memcmp(bytes, "false", 5) == 0))
			return value;
	} else if (type == TYPE_TIME || type == TYPE_DATE) {
		value.type = TYPE_TIME;
		if (moment_parse(bytes, size, &value.cell.integer) == 0)
			return value;
	} else if (type_is_textual(type) && type != TYPE_RAW) {
		value.type = TYPE_TEXT;
		value.cell.text = raw->cell.text;
		return value;
	}
	return value_settle(raw);
}

int
value_equal(const struct value *a, const struct value *b)
{
	struct value settled;

	if (a->type == TYPE_RAW && b->type == TYPE_RAW &&
	    text_equal(&a->cell.text, &b->cell.text))
		return 1;
	if (a->type == TYPE_RAW && b->type != TYPE_RAW) {
		settled = settle_as(a, b->type);
		a = &settled;
	} else if (b->type == TYPE_RAW && a->type != TYPE_RAW) {
		settled = settle_as(b, a->type);
		b = &settled;
	}
	return value_compare(a, b) == 0;
}

unsigned
value_format(const struct value *value, char *out)
{
	switch (value->type) {
	case TYPE_BOOL:
		memcpy(out, value->cell.boolean ? "true " : "false", 5);
		return value->cell.boolean ? 4 : 5;
	case TYPE_INT:
		return number_format_int(value->cell.integer, out);
	case TYPE_FLOAT:
		return number_format_float(value->cell.number, out);
	case TYPE_DECIMAL:
		return decimal_format(value->cell.decimal, out);
	case TYPE_TIME:
		return moment_format(value->cell.integer, out);
	case TYPE_DATE:
		return moment_format_date(value->cell.integer, out);
	case TYPE_DURATION:
		return moment_format_duration(value->cell.integer, out);
	default:
		return 0;
	}
}

void
value_add_text(const struct value *value, struct buf *buf)
{
	if (!type_is_textual(value->type)) {
		buf_reserve(buf, VALUE_FORMAT_MAX);
		buf->size += value_format(value, buf->bytes + buf->size);
		return;
	}
	const char *bytes = text_bytes(&value->cell.text);
	if (value->type == TYPE_LIST || value->type == TYPE_RECORD)
		json_add_plain(buf, bytes, value->cell.text.size);
	else
		buf_add(buf, bytes, value->cell.text.size);
}

/* Text of a value that JSON has no notation for, as a string; it needs no
 * escapes. */
static void
add_quoted(const struct value *value, struct buf *buf)
{
	buf_add_char(buf, '"');
	value_add_text(value, buf);
	buf_add_char(buf, '"');
}

void
value_add_json(const struct value *value, struct buf *buf)
{
	const struct text *text = &value->cell.text;
	int64_t integer;
	double number;

	switch (value->type) {
	case TYPE_NULL:
	case TYPE_MISSING:
		buf_add(buf, "null", 4);
		break;
	case TYPE_FLOAT:
		/* JSON has no infinities; nothing else finds x - x not 0. */
		if (value->cell.number - value->cell.number != 0)
			buf_add(buf, "null", 4);
		else
			value_add_text(value, buf);
		break;
	case TYPE_TIME:
	case TYPE_DATE:
	case TYPE_DURATION:
		add_quoted(value, buf);
		break;
	case TYPE_RAW:
		if (number_parse(text_bytes(text), text->size, &integer,
		    &number) != NUMBER_NOT)
			buf_add(buf, text_bytes(text), text->size);
		else
			json_add_string(buf, text_bytes(text), text->size);
		break;
	case TYPE_TEXT:
	case TYPE_RAW_CSV:
	case TYPE_RAW_TSV:
		json_add_string(buf, text_bytes(text), text->size);
		break;
	default:
		value_add_text(value, buf);
		break;
	}
}
