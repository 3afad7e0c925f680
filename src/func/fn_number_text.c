/*
 * Numbers as people like to read them, and in other bases.
 */
#include "func/kernel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/number.h"

FUNC_TYPE(text_of_number, TYPE_TEXT, "n")
FUNC_TYPE(text_of_thousands, TYPE_TEXT, "*t")
FUNC_TYPE(text_of_ints, TYPE_TEXT, "i")
FUNC_TYPE(int_of_based, TYPE_INT, "ti")

/* Three significant digits: 1023B, 1KiB, 1.5KiB, 12.3MiB, 1000GiB. */
static unsigned
bytes_write(double bytes, char *out)
{
	static const char units[][4] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB",
	};
	unsigned unit = 0, at = 0;

	if (bytes < 0) {
		out[at++] = '-';
		bytes = -bytes;
	}
	while (bytes >= 1024 && unit < 8) {
		bytes /= 1024;
		unit++;
	}
	double scale = unit == 0 || bytes >= 100 ? 1 : 10;
	double shown = round(bytes * scale) / scale;
	/* Rounding up may reach the next unit. */
	if (shown >= 1024 && unit < 8) {
		shown /= 1024;
		unit++;
	}
	at += number_format_float(shown, out + at);
	memcpy(out + at, units[unit], strlen(units[unit]));
	return at + (unsigned)strlen(units[unit]);
}

static int
format_bytes_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct writer writer;

	if (kernel_take(call, "n", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		char *target = writer_room(&writer, NUMBER_TEXT_MAX + 8);
		writer_put(&writer, i, bytes_write(arg_float(&in[0], i),
		    target));
	}
	return 0;
}

const struct func_def func_format_bytes = {
	.name = "format_bytes",
	.group = "text",
	.signature = "format_bytes(n)",
	.summary = "a number of bytes with a unit, for people",
	.example = "format_bytes(1536)",
	.result = "1.5KiB",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = text_of_number,
	.eval = format_bytes_eval,
};

/* Put the separator before every third digit in front of the point. */
static size_t
thousands_write(const struct text *number, const struct text *separator,
	char *target)
{
	const char *bytes = text_bytes(number);
	size_t start = number->size > 0 && bytes[0] == '-';
	size_t digits = 0;
	char *at = target;

	while (start + digits < number->size && bytes[start + digits] >= '0' &&
	    bytes[start + digits] <= '9')
		digits++;
	memcpy(at, bytes, start);
	at += start;
	for (size_t i = 0; i < digits; i++) {
		if (i > 0 && (digits - i) % 3 == 0) {
			memcpy(at, text_bytes(separator), separator->size);
			at += separator->size;
		}
		*at++ = bytes[start + i];
	}
	memcpy(at, bytes + start + digits, number->size - start - digits);
	at += number->size - start - digits;
	return (size_t)(at - target);
}

static int
thousands_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct writer writer;

	if (!type_is_number((enum type)arg[0].type) ||
	    kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text number = arg_text(&in[0], i);
		struct text separator = arg_count < 2 ? text_make(",", 1) :
		    arg_text(&in[1], i);
		if (separator.size > KERNEL_TEXT_MAX / NUMBER_TEXT_MAX) {
			func_reject(call, i, "the separator is too long");
			separator.size = 0;
		}
		char *target = writer_room(&writer,
		    number.size * ((size_t)separator.size + 1));
		writer_put(&writer, i,
		    thousands_write(&number, &separator, target));
	}
	return 0;
}

const struct func_def func_thousands = {
	.name = "thousands",
	.group = "text",
	.signature = "thousands(n [, separator])",
	.summary = "the number with a separator, \",\" if not said, between "
	    "thousands",
	.example = "thousands(1234567.5)",
	.result = "1,234,567.5",
	.arg_min = 1,
	.arg_max = 2,
	.want = { FUNC_NUMBER, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT },
	.type = text_of_thousands,
	.eval = thousands_eval,
};

static const char base_digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/* 64 binary digits and a sign. */
#define BASE_TEXT_MAX 65

static struct text
base_write(int64_t number, unsigned base, char *target)
{
	char digits[BASE_TEXT_MAX];
	unsigned at = BASE_TEXT_MAX;
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		digits[--at] = base_digits[rest % base];
		rest /= base;
	} while (rest > 0);
	if (number < 0)
		digits[--at] = '-';
	memcpy(target, digits + at, BASE_TEXT_MAX - at);
	return text_make(target, BASE_TEXT_MAX - at);
}

/* 2..36, else the row is rejected and 10 is as good as any. */
static unsigned
base_of(struct func_call *call, const struct column *bases, uint32_t i)
{
	int64_t base = arg_int(bases, i);

	if (base >= 2 && base <= 36)
		return (unsigned)base;
	func_reject(call, i, "%s() takes a base from 2 to 36, not %lld",
	    call->def->name, (long long)base);
	return 10;
}

static int
to_base_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct writer writer;

	if (kernel_take(call, "i", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = base_write(arg_int(&in[0], i),
		    base_of(call, &in[1], i),
		    writer_room(&writer, BASE_TEXT_MAX));
		writer_put(&writer, i, text.size);
	}
	return 0;
}

const struct func_def func_to_base = {
	.name = "to_base",
	.group = "encoding",
	.signature = "to_base(n, base)",
	.summary = "an int with the digits of another base, 2 to 36",
	.example = "to_base(255, 16)",
	.result = "ff",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = text_of_ints,
	.eval = to_base_eval,
};

static int
base_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 36;
}

/* -1 if it is no number of this base, or beyond an int. */
static int
base_read(const struct text *text, unsigned base, int64_t *out)
{
	const char *bytes = text_bytes(text);
	size_t i = text->size > 0 && bytes[0] == '-';
	int64_t value = 0;

	if (i == text->size)
		return -1;
	/* Downwards, because the least int has no positive twin. */
	for (size_t k = i; k < text->size; k++) {
		int digit = base_digit(bytes[k]);
		if (digit >= (int)base ||
		    __builtin_mul_overflow(value, (int64_t)base, &value) ||
		    __builtin_sub_overflow(value, (int64_t)digit, &value))
			return -1;
	}
	if (i == 0 && value == INT64_MIN)
		return -1;
	*out = i == 0 ? -value : value;
	return 0;
}

static int
from_base_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	char quote[KERNEL_QUOTE_MAX];

	if (kernel_take(call, "ti", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		unsigned base = base_of(call, &in[1], i);
		target[i] = 0;
		if (base_read(&text, base, &target[i]) != 0)
			func_reject(call, i, "%s is no int of base %u",
			    kernel_quote(text, quote), base);
	}
	return 0;
}

const struct func_def func_from_base = {
	.name = "from_base",
	.group = "encoding",
	.signature = "from_base(text, base)",
	.summary = "the int that digits of another base, 2 to 36, stand for",
	.example = "from_base(\"ff\", 16)",
	.result = "255",
	.arg_min = 2,
	.arg_max = 2,
	.want = { FUNC_TEXT, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER },
	.type = int_of_based,
	.eval = from_base_eval,
};
