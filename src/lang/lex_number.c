/*
 * Numbers and what is made of them: 12, 1_000, 0x1F, 1.5, 1e6; durations
 * 250ms, 1.5h, 1h30m (units from large to small, each once); sizes 64MiB.
 * Everything is exact or refused: a fraction of a unit must come out as whole
 * microseconds or bytes, an integer must fit 63 bits.
 */
#include <stdlib.h>
#include <string.h>

#include "lang/letter.h"
#include "lang/lex_priv.h"
#include "util/mem.h"

struct unit {
	const char *name;
	int64_t worth;
};

/* From large to small: a longer one may only stand before a shorter one. */
static const struct unit durations[] = {
	{ "w", 604800000000 }, { "d", 86400000000 }, { "h", 3600000000 },
	{ "m", 60000000 }, { "s", 1000000 }, { "ms", 1000 }, { "us", 1 },
};

static const struct unit sizes[] = {
	{ "B", 1 }, { "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 },
	{ "TB", 1000000000000 }, { "PB", 1000000000000000 },
	{ "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 },
	{ "TiB", (int64_t)1 << 40 }, { "PiB", (int64_t)1 << 50 },
};

/* A decimal number as it is read: digits without the point, and its place. */
struct decimal {
	unsigned __int128 value;	/* capped, see `huge` */
	uint32_t fraction_digits;
	int huge;			/* `value` has passed 2^64 */
	int has_point;
	int has_exponent;
};

/* Digits with single underscores between them; adds them to the decimal. */
static void
take_digits(struct lex *lex, struct decimal *decimal)
{
	while (lex_is_digit(lex_at(lex, 0)) ||
	    (lex_at(lex, 0) == '_' && lex_is_digit(lex_at(lex, 1)))) {
		unsigned char c = lex_at(lex, 0);
		lex->position++;
		if (c == '_')
			continue;
		if (decimal->value >> 64 != 0)
			decimal->huge = 1;
		else
			decimal->value = decimal->value * 10 + (c - '0');
		if (decimal->has_point)
			decimal->fraction_digits++;
	}
	if (decimal->value >> 64 != 0)
		decimal->huge = 1;
}

static void
take_decimal(struct lex *lex, struct decimal *decimal)
{
	memset(decimal, 0, sizeof(*decimal));
	take_digits(lex, decimal);
	if (lex_at(lex, 0) == '.' && lex_is_digit(lex_at(lex, 1))) {
		decimal->has_point = 1;
		lex->position++;
		take_digits(lex, decimal);
	}
	if ((lex_at(lex, 0) | 0x20) != 'e')
		return;
	int sign = lex_at(lex, 1) == '-' || lex_at(lex, 1) == '+';
	if (!lex_is_digit(lex_at(lex, 1 + (uint32_t)sign)))
		return;
	decimal->has_exponent = 1;
	lex->position += 1 + (uint32_t)sign;
	while (lex_is_digit(lex_at(lex, 0)))
		lex->position++;
}

/* What is written from the token's offset on, without underscores. */
static char *
written(struct lex *lex, const struct token *token)
{
	uint32_t from = token->span.offset;
	char *text = region_alloc(lex->region, lex->position - from + 1);
	uint32_t size = 0;

	for (uint32_t at = from; at < lex->position; at++)
		if (lex->source[at] != '_')
			text[size++] = lex->source[at];
	text[size] = '\0';
	return text;
}

static void
finish_number(struct lex *lex, struct token *token, enum token_kind kind)
{
	uint32_t from = token->span.offset;

	token->text = lex_text(lex, lex->source + from, lex->position - from);
	lex_finish(lex, token, kind);
}

static void
refuse_integer(struct lex *lex, struct token *token)
{
	lex_bad(lex, token, token->span.offset,
	    lex->position - token->span.offset,
	    "a float holds larger numbers, rounded: write 1e19",
	    "an integer is at most 9223372036854775807");
}

static void
lex_float(struct lex *lex, struct token *token)
{
	token->number = strtod(written(lex, token), NULL);
	if (__builtin_isinf(token->number)) {
		lex_bad(lex, token, token->span.offset,
		    lex->position - token->span.offset, NULL,
		    "this is more than a float can hold");
		return;
	}
	finish_number(lex, token, TOKEN_FLOAT);
}

/* 0x1F, at the position. */
static void
lex_hex(struct lex *lex, struct token *token)
{
	uint64_t value = 0;
	int huge = 0;
	int digits = 0;

	for (lex->position += 2;; lex->position++) {
		unsigned char c = lex_at(lex, 0);
		unsigned char letter = c | 0x20;
		if (c == '_')
			continue;
		if (!lex_is_digit(c) && (letter < 'a' || letter > 'f'))
			break;
		digits = 1;
		huge |= value >> 59 != 0;
		value = value << 4 |
		    (uint64_t)(lex_is_digit(c) ? c - '0' : letter - 'a' + 10);
	}
	if (huge) {
		refuse_integer(lex, token);
		return;
	}
	if (!digits || letter_continues_name(lex->source + lex->position,
	    lex->size - lex->position) > 0 ||
	    lex->source[lex->position - 1] == '_') {
		lex_bad(lex, token, token->span.offset,
		    lex->position - token->span.offset, "as in 0xFF or 0xFF_FF",
		    "this is no hexadecimal number");
		return;
	}
	token->integer = (int64_t)value;
	finish_number(lex, token, TOKEN_INT);
}

/* Bytes of the unit at the position: letters only, for digits go on. */
static uint32_t
unit_bytes(const struct lex *lex)
{
	uint32_t at = 0;

	for (;;) {
		const char *bytes = lex->source + lex->position + at;
		uint32_t length = letter_begins_name(bytes,
		    lex->size - lex->position - at);
		if (length == 0)
			return at;
		at += length;
	}
}

static const struct unit *
find_unit(const struct unit *units, size_t count, const char *name,
	uint32_t bytes)
{
	/* The letter for micro has two code points. */
	if (bytes == 3 && (memcmp(name, "\xc2\xb5s", 3) == 0 ||
	    memcmp(name, "\xce\xbcs", 3) == 0)) {
		name = "us";
		bytes = 2;
	}
	for (size_t i = 0; i < count; i++)
		if (strlen(units[i].name) == bytes &&
		    memcmp(units[i].name, name, bytes) == 0)
			return &units[i];
	return NULL;
}

/* value * worth / 10^digits into `result`, if that is exact and fits. */
static int
scale(const struct decimal *decimal, int64_t worth, int64_t *result)
{
	unsigned __int128 divisor = 1;

	if (decimal->huge || decimal->has_exponent ||
	    decimal->fraction_digits > 18)
		return -1;
	for (uint32_t i = 0; i < decimal->fraction_digits; i++)
		divisor *= 10;
	/* value < 2^64 and worth < 2^51: no overflow. */
	unsigned __int128 product = decimal->value * (uint64_t)worth;
	if (product % divisor != 0 || product / divisor > INT64_MAX)
		return -1;
	*result = (int64_t)(product / divisor);
	return 0;
}

static void
refuse_unit(struct lex *lex, struct token *token, uint32_t bytes)
{
	if (bytes == 2 && memcmp(lex->source + lex->position, "KB", 2) == 0) {
		lex_bad(lex, token, lex->position, bytes,
		    "kB is 1000 bytes, KiB is 1024", "there is no unit 'KB'");
		return;
	}
	lex_bad(lex, token, lex->position, bytes,
	    "durations: us ms s m h d w; sizes: B kB MB GB TB PB KiB MiB GiB "
	    "TiB PiB; a name cannot begin with a digit",
	    "there is no unit '%.*s'", bytes > 40 ? 40 : (int)bytes,
	    lex->source + lex->position);
}

/* The rest of 1h30m: `decimal` is read, its unit is at the position. */
static void
lex_duration(struct lex *lex, struct token *token, struct decimal *decimal)
{
	const size_t unit_count = sizeof(durations) / sizeof(*durations);
	const struct unit *last = NULL;
	int64_t sum = 0;

	for (;;) {
		uint32_t bytes = unit_bytes(lex);
		const struct unit *unit = find_unit(durations, unit_count,
		    lex->source + lex->position, bytes);
		if (unit == NULL && bytes > 0) {
			refuse_unit(lex, token, bytes);
			return;
		}
		if (unit == NULL || (last != NULL && unit <= last)) {
			lex_bad(lex, token, token->span.offset,
			    lex->position + bytes - token->span.offset,
			    "as in 1h30m", "the units of a duration go from "
			    "large to small");
			return;
		}
		lex->position += bytes;
		int64_t part;
		if (scale(decimal, unit->worth, &part) != 0 ||
		    __builtin_add_overflow(sum, part, &sum)) {
			lex_bad(lex, token, token->span.offset,
			    lex->position - token->span.offset,
			    "durations are whole microseconds, up to 292000 "
			    "years", "this is no exact duration");
			return;
		}
		last = unit;
		if (!lex_is_digit(lex_at(lex, 0)))
			break;
		take_decimal(lex, decimal);
	}
	token->integer = sum;
	finish_number(lex, token, TOKEN_DURATION);
}

static void
lex_size(struct lex *lex, struct token *token, const struct decimal *decimal,
	const struct unit *unit, uint32_t bytes)
{
	lex->position += bytes;
	if (scale(decimal, unit->worth, &token->integer) != 0 ||
	    letter_continues_name(lex->source + lex->position,
	    lex->size - lex->position) > 0) {
		lex_bad(lex, token, token->span.offset,
		    lex->position - token->span.offset,
		    "a size is a whole number of bytes, as 64MiB or 1.5kB",
		    "this is no exact size");
		return;
	}
	finish_number(lex, token, TOKEN_SIZE);
}

void
lex_number(struct lex *lex, struct token *token)
{
	struct decimal decimal;

	if (lex_at(lex, 0) == '0' && (lex_at(lex, 1) | 0x20) == 'x') {
		lex_hex(lex, token);
		return;
	}
	take_decimal(lex, &decimal);
	uint32_t bytes = unit_bytes(lex);
	if (bytes > 0) {
		const struct unit *unit = find_unit(sizes,
		    sizeof(sizes) / sizeof(*sizes),
		    lex->source + lex->position, bytes);
		if (unit != NULL)
			lex_size(lex, token, &decimal, unit, bytes);
		else
			lex_duration(lex, token, &decimal);
	} else if (decimal.has_point || decimal.has_exponent) {
		lex_float(lex, token);
	} else if (decimal.huge || decimal.value > (uint64_t)INT64_MAX + 1) {
		refuse_integer(lex, token);
	} else {
		token->over = decimal.value > INT64_MAX;
		token->integer = token->over ? 0 : (int64_t)decimal.value;
		finish_number(lex, token, TOKEN_INT);
	}
}
