/*
 * What kernels share.  A kernel says in letters what it computes with, gets
 * columns of exactly that, and loops over plain arrays.  What does not go is
 * rejected here, row by row, with a sentence that shows the value.
 */
#include "func/kernel.h"

#include <math.h>
#include <stdio.h>

#include "data/json.h"
#include "data/moment.h"
#include "data/number.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/err.h"

/* Room for some thousand short results; the rest of a block is lost. */
#define WRITER_BLOCK_BYTES ((size_t)16 << 10)
#define QUOTE_BYTES_MAX 40
#define US_PER_DAY 86400000000ll

const char *
kernel_quote(struct text text, char out[KERNEL_QUOTE_MAX])
{
	const char *bytes = text_bytes(&text);
	size_t size = text.size;
	size_t at = 0;

	if (size > QUOTE_BYTES_MAX) {
		size = QUOTE_BYTES_MAX;
		while (size > 0 && ((unsigned char)bytes[size] & 0xc0) == 0x80)
			size--;
	}
	out[at++] = '"';
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		out[at++] = byte < 0x20 || byte == 0x7f ? ' ' : bytes[i];
	}
	if (size < text.size) {
		memcpy(out + at, "...", 3);
		at += 3;
	}
	out[at++] = '"';
	out[at] = '\0';
	return out;
}

/* Reject the rows that element i of an argument stands for. */
static void
reject_element(struct func_call *call, const struct column *column,
	uint32_t i, uint32_t count, const char *shown, const char *what)
{
	if (!column_row_is_valid(column, i))
		return;
	if (column->encoding != CONST) {
		func_reject(call, i, "%s is %s", shown, what);
		return;
	}
	for (uint32_t row = 0; row < count; row++)
		func_reject(call, row, "%s is %s", shown, what);
}

static void
reject_text(struct func_call *call, const struct column *column, uint32_t i,
	uint32_t count, const char *what)
{
	char quote[KERNEL_QUOTE_MAX];

	reject_element(call, column, i, count,
	    kernel_quote(arg_text(column, i), quote), what);
}

/* Elements that the conversion of a column has to make. */
static uint32_t
element_count(const struct column *column, uint32_t count)
{
	return column->encoding == CONST ? 1 : count;
}

/* A column of another type beside `column`, for a conversion to fill. */
static void *
convert_start(struct func_call *call, const struct column *column,
	enum type type, uint32_t count, struct column *in)
{
	column_init_flat(in, type, element_count(column, count), call->region);
	in->encoding = column->encoding;
	in->valid = column->valid;
	return in->data;
}

static double
decimal_number(struct decimal decimal)
{
	static const double powers[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
	};

	return (double)decimal.units / powers[decimal.scale];
}

static int
take_float(struct func_call *call, const struct column *arg, uint32_t count,
	struct column *in)
{
	if (arg->type == TYPE_FLOAT) {
		*in = *arg;
		return 0;
	}
	if (arg->type != TYPE_INT && arg->type != TYPE_DECIMAL)
		return -1;
	double *restrict target =
	    convert_start(call, arg, TYPE_FLOAT, count, in);
	uint32_t rows = element_count(arg, count);
	if (arg->type == TYPE_INT) {
		const int64_t *restrict source = arg->data;
		for (uint32_t i = 0; i < rows; i++)
			target[i] = (double)source[i];
	} else {
		const struct decimal *restrict source = arg->data;
		for (uint32_t i = 0; i < rows; i++)
			target[i] = decimal_number(source[i]);
	}
	return 0;
}

static int
take_int(struct func_call *call, const struct column *arg, uint32_t count,
	struct column *in)
{
	struct column floats;

	if (arg->type == TYPE_INT) {
		*in = *arg;
		return 0;
	}
	if (take_float(call, arg, count, &floats) != 0)
		return -1;
	int64_t *target = convert_start(call, arg, TYPE_INT, count, in);
	const double *source = floats.data;
	uint32_t rows = element_count(arg, count);
	for (uint32_t i = 0; i < rows; i++) {
		target[i] = 0;
		/* 2^63 is exact; within, the cast is defined. */
		if (source[i] >= -0x1p63 && source[i] < 0x1p63 &&
		    source[i] == trunc(source[i])) {
			target[i] = (int64_t)source[i];
			continue;
		}
		char shown[NUMBER_TEXT_MAX + 1];
		shown[number_format_float(source[i], shown)] = '\0';
		reject_element(call, arg, i, count, shown,
		    "no whole number");
	}
	return 0;
}

static int
take_text(struct func_call *call, const struct column *arg, uint32_t count,
	struct column *in)
{
	if (arg->type == TYPE_TEXT || arg->type == TYPE_RAW)
		*in = *arg;
	else if (arg_is_nested(arg))
		return -1;
	else
		column_texts(arg, NULL, count, call->region, in);
	return 0;
}

static int
take_time(struct func_call *call, const struct column *arg, uint32_t count,
	struct column *in)
{
	uint32_t rows = element_count(arg, count);

	if (arg->type == TYPE_TIME) {
		*in = *arg;
		return 0;
	}
	if (arg->type != TYPE_DATE && arg->type != TYPE_TEXT &&
	    arg->type != TYPE_RAW)
		return -1;
	int64_t *target = convert_start(call, arg, TYPE_TIME, count, in);
	if (arg->type == TYPE_DATE) {
		const int64_t *restrict days = arg->data;
		for (uint32_t i = 0; i < rows; i++)
			target[i] = days[i] * US_PER_DAY;
		return 0;
	}
	for (uint32_t i = 0; i < rows; i++) {
		struct text text = arg_text(arg, i);
		if (moment_parse(text_bytes(&text), text.size, &target[i]) == 0)
			continue;
		target[i] = 0;
		reject_text(call, arg, i, count, "no timestamp");
	}
	return 0;
}

static int
take_duration(struct func_call *call, const struct column *arg, uint32_t count,
	struct column *in)
{
	if (arg->type == TYPE_DURATION) {
		*in = *arg;
		return 0;
	}
	if (arg->type != TYPE_TEXT && arg->type != TYPE_RAW)
		return -1;
	int64_t *target = convert_start(call, arg, TYPE_DURATION, count, in);
	uint32_t rows = element_count(arg, count);
	for (uint32_t i = 0; i < rows; i++) {
		struct text text = arg_text(arg, i);
		if (moment_parse_duration(text_bytes(&text), text.size,
		    &target[i]) == 0)
			continue;
		target[i] = 0;
		reject_text(call, arg, i, count, "no duration");
	}
	return 0;
}

/* Is this the JSON text of an array (open '[') or object (open '{')? */
static int
is_json_of(char open, const char *bytes, size_t size)
{
	size_t end;
	size_t at = 0;

	while (at < size && (bytes[at] == ' ' || bytes[at] == '\t' ||
	    bytes[at] == '\n' || bytes[at] == '\r'))
		at++;
	return at < size && bytes[at] == open &&
	    json_check(bytes, size, &end) == NULL && end == size;
}

static int
take_nested(struct func_call *call, enum type type, const struct column *arg,
	uint32_t count, struct column *in)
{
	const char *empty = type == TYPE_LIST ? "[]" : "{}";
	struct buf buf = { 0 };
	struct writer writer;

	if (arg->type == type) {
		*in = *arg;
		return 0;
	}
	if (arg->type != TYPE_TEXT && arg->type != TYPE_RAW)
		return -1;
	uint32_t rows = element_count(arg, count);
	writer_init(&writer, call, type, rows, in);
	in->encoding = arg->encoding;
	in->valid = arg->valid;
	for (uint32_t i = 0; i < rows; i++) {
		struct text text = arg_text(arg, i);
		const char *bytes = text_bytes(&text);
		if (!is_json_of(empty[0], bytes, text.size)) {
			writer_copy(&writer, i, empty, 2);
			reject_text(call, arg, i, count,
			    type == TYPE_LIST ? "no list" : "no record");
			continue;
		}
		buf.size = 0;
		json_add_compact(&buf, bytes, text.size);
		writer_copy(&writer, i, buf.bytes, buf.size);
	}
	buf_fini(&buf);
	return 0;
}

int
kernel_take_one(struct func_call *call, char letter, const struct column *arg,
	uint32_t count, struct column *in)
{
	if (arg->type == TYPE_NULL || arg->type == TYPE_MISSING ||
	    letter == '*' || (letter == 'c' && arg_is_nested(arg))) {
		*in = *arg;
		return 0;
	}
	switch (letter) {
	case 'n':
		return take_float(call, arg, count, in);
	case 'i':
		return take_int(call, arg, count, in);
	case 'm':
		return take_time(call, arg, count, in);
	case 'd':
		return take_duration(call, arg, count, in);
	case 'l':
		return take_nested(call, TYPE_LIST, arg, count, in);
	case 'r':
		return take_nested(call, TYPE_RECORD, arg, count, in);
	case 'b':
		*in = *arg;
		return arg->type == TYPE_BOOL ? 0 : -1;
	default:
		return take_text(call, arg, count, in);
	}
}

int
kernel_take(struct func_call *call, const char *letters,
	const struct column *arg, unsigned arg_count, uint32_t count,
	struct column *in)
{
	for (unsigned i = 0; i < arg_count; i++) {
		if (kernel_take_one(call, *letters, &arg[i], count,
		    &in[i]) != 0)
			return -1;
		if (letters[1] != '\0')
			letters++;
	}
	return 0;
}

void
kernel_null(struct func_call *call, uint32_t i, uint32_t count,
	struct column *out)
{
	column_need_valid(out, count, call->region);
	bits_clear(out->valid, i);
}

void
kernel_flatten(struct func_call *call, const struct column *column,
	uint32_t count, struct column *out)
{
	unsigned width = type_width(column->type);

	if (column->encoding != CONST || column->type == TYPE_NULL) {
		*out = *column;
		return;
	}
	column_init_flat(out, column->type, count, call->region);
	for (uint32_t i = 0; i < count; i++)
		memcpy((char *)out->data + (size_t)i * width, column->data,
		    width);
	if (column_row_is_valid(column, 0))
		return;
	column_need_valid(out, count, call->region);
	memset(out->valid, 0, (count + 63) / 64 * sizeof(*out->valid));
}

void
kernel_finish(struct func_call *call, struct builder *builder,
	struct column *out)
{
	builder_finish(builder, call->region, out);
	builder_fini(builder);
}

void
writer_init(struct writer *writer, struct func_call *call, enum type type,
	uint32_t count, struct column *out)
{
	writer->region = call->region;
	writer->text = kernel_out(call, type, count, out);
	/* No room, but no null pointer either: nothing may be written there. */
	writer->at = (char *)writer->text;
	writer->end = writer->at;
}

void
writer_grow(struct writer *writer, size_t size)
{
	if (size < WRITER_BLOCK_BYTES)
		size = WRITER_BLOCK_BYTES;
	writer->at = region_alloc(writer->region, size);
	writer->end = writer->at + size;
}

int
kernel_prepare_zone(const struct value *const *arg, unsigned count,
	unsigned index, unsigned *bad_arg, struct err *err)
{
	if (index >= count || arg[index] == NULL ||
	    !type_is_textual(arg[index]->type))
		return 0;
	struct text name = arg[index]->cell.text;
	if (zone_open(text_bytes(&name), name.size, err) != NULL)
		return 0;
	*bad_arg = index;
	return -1;
}

const struct zone *
kernel_zone(struct func_call *call, struct zone_memo *memo,
	const struct column *names, uint32_t i)
{
	char quote[KERNEL_QUOTE_MAX];
	struct text name = arg_text(names, i);

	if (memo->zone != NULL && text_equal(&memo->name, &name))
		return memo->zone;
	struct err err = ERR_INIT;
	memo->zone = zone_open(text_bytes(&name), name.size, &err);
	memo->name = name;
	if (memo->zone == NULL)
		func_reject(call, i, "%s is no time zone",
		    kernel_quote(name, quote));
	return memo->zone;
}
