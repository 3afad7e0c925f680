#ifndef SFLOW_TESTS_RANDOM_COLUMN_H
#define SFLOW_TESTS_RANDOM_COLUMN_H

/*
 * Random columns of every type and encoding, from a seed.  Raw ones follow a
 * profile (all ints, ints and nulls, floats, text, anything), so that each fast
 * path runs to its end, and is left in the middle.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "data/column.h"
#include "util/mem.h"

static inline uint32_t
random_next(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % below);
}

static const char *const random_csv_fields[] = {
	"", "\"\"", "0", "-0", "1", "-1", "007", "1.0", "1.5", "-2.25e-3",
	"1e3", "1E+2", "+1", " 1", "1 ", "12345678", "-12345678", "123456789",
	"1234567890123456", "12345678901234567", "9007199254740992",
	"9007199254740993", "-9007199254740993", "9223372036854775807",
	"-9223372036854775808", "9223372036854775808", "1e400", "-", "--1",
	"1.", ".5", "0x10", "nan", "inf", "true", "false", "abc",
	"twelve bytes", "thirteen byte",
	"a rather long text that lies in its chunk",
	"\"12\"", "\"-3.5\"", "\"a\"\"b\"", "\"a,b\"", "\"\"\"\"",
	"\"a long quoted \"\"text\"\", decoded\"", "\"open", "\"a\"b\"",
	"\xf8 mark", "\xf9", "\xfc mark and a good deal behind it", "x\r",
	"2026-01-02T03:04:05Z", "12:5", "1/2", "123a5678", "1234567x",
};

static const char *const random_tsv_fields[] = {
	"", "0", "12", "-7", "1.5", "abc", "a\\tb", "\\\\", "\\n", "a\\", "\\x",
	"a longer text with a \\t tab in it", "\"q\"", "9223372036854775807",
};

static const char *const random_json_fields[] = {
	"", "null", "true", "false", "0", "-0", "1", "-17", "1.0", "1.5",
	"2e3", "12345678901234567890", "9007199254740993", "\"\"", "\"a\"",
	"\"12\"", "\"a longer text without escapes\"", "\"a\\nb\"",
	"\"\\u00e4 and more of it\"", "[1,2]", "{\"a\":1}", "[]",
};

enum random_profile { RANDOM_INTS, RANDOM_INTS_NULLS, RANDOM_FLOATS,
	RANDOM_TEXTS, RANDOM_ANY, RANDOM_PROFILES };

#define RANDOM_PICK(seed, list) \
	(list)[random_next(seed, sizeof(list) / sizeof(*(list)))]

/* One raw field as it stands in its input. */
static inline const char *
random_field(uint64_t *seed, enum type type, enum random_profile profile,
	char room[64])
{
	int json = type == TYPE_RAW_JSON;
	int digits = (int)random_next(seed, 17);

	if (profile == RANDOM_INTS_NULLS && random_next(seed, 8) == 0)
		return json ? "null" : "";
	if (profile == RANDOM_ANY || random_next(seed, 700) == 0)
		return type == TYPE_RAW_TSV ?
		    RANDOM_PICK(seed, random_tsv_fields) :
		    json ? RANDOM_PICK(seed, random_json_fields) :
		    RANDOM_PICK(seed, random_csv_fields);
	if (profile == RANDOM_TEXTS) {
		snprintf(room, 64, "%stext %.*s%s", json ? "\"" : "",
		    (int)random_next(seed, 20), "and more of the same",
		    json ? "\"" : "");
		return room;
	}
	int64_t number = 0;
	for (int i = 0; i < digits; i++)
		number = number * 10 + random_next(seed, 10);
	if (random_next(seed, 4) == 0)
		number = -number;
	if (profile == RANDOM_FLOATS && random_next(seed, 3) > 0)
		snprintf(room, 64, "%d.%u", (int)(number % 100000),
		    random_next(seed, 1000));
	else
		snprintf(room, 64, "%lld", (long long)number);
	return room;
}

/* A SLICE column over a padded chunk in the region. */
static inline void
random_slice(uint64_t *seed, enum type type, uint32_t rows,
	struct region *region, struct column *out)
{
	enum random_profile profile = random_next(seed, RANDOM_PROFILES);
	int trim_cr = random_next(seed, 2) == 0 && type == TYPE_RAW_CSV;
	uint32_t stride = 1 + random_next(seed, 3);
	char *chunk = region_alloc(region, (size_t)rows * 80 + 128);
	uint32_t *index = region_alloc(region,
	    ((size_t)rows * stride + stride + 1) * sizeof(*index));
	uint32_t at = 64;
	char room[64];

	memset(chunk, '7', (size_t)rows * 80 + 128);
	index[0] = at;
	for (uint32_t r = 0; r < rows; r++) {
		const char *field = random_field(seed, type, profile, room);
		size_t size = strlen(field);
		chunk[at++] = ',';
		memcpy(chunk + at, field, size);
		at += (uint32_t)size;
		if (trim_cr && random_next(seed, 2) == 0)
			chunk[at++] = '\r';
		for (uint32_t s = 1; s <= stride; s++)
			index[r * stride + s] = at;
	}
	chunk[at] = '\n';
	*out = (struct column){
		.type = (uint8_t)type,
		.encoding = SLICE,
		.delimiter = ',',
		.trim_cr = (uint8_t)trim_cr,
		.stride = stride,
		.from_add = 1,
		.base = chunk,
		.from = index,
		.to = index + stride,
	};
}

/* A value of a type that is not raw. */
static inline struct value
random_value(uint64_t *seed, enum type type)
{
	static const int64_t ints[] = { 0, 1, -1, 42, 100000, INT64_MAX,
		INT64_MIN, 9007199254740992, 9007199254740993,
		9007199254740991, -9007199254740993, 9007199254740994,
		1000000000000000000 };
	static const double floats[] = { 0.0, -0.0, 1, -1, 1.5, 0.1, 1e300,
		-1e300, 1e-300, 9007199254740992, 9007199254740994, 1e18,
		9.3e18, 0.3, 1e-7, 5e-324, 42 };
	static const char *const texts[] = { "", "a", "ab", "b", "12", "true",
		"a\xff", "twelve bytes", "thirteen bytes", "\xf9", "1.5",
		"a text that is longer than a view and ends in 1",
		"a text that is longer than a view and ends in 2" };
	struct value value = { .type = type };

	switch (type) {
	case TYPE_BOOL:
		value.cell.boolean = (uint8_t)random_next(seed, 2);
		break;
	case TYPE_INT:
		value.cell.integer = random_next(seed, 2) ?
		    RANDOM_PICK(seed, ints) : (int)random_next(seed, 9) - 4;
		break;
	case TYPE_FLOAT:
		value.cell.number = random_next(seed, 2) ?
		    RANDOM_PICK(seed, floats) :
		    ((int)random_next(seed, 41) - 20) / 10.0;
		break;
	case TYPE_DECIMAL:
		value.cell.decimal.scale = (int32_t)random_next(seed, 19);
		value.cell.decimal.units = random_next(seed, 2) ?
		    RANDOM_PICK(seed, ints) : (int)random_next(seed, 400) - 200;
		value.cell.decimal.pad = 0;
		break;
	case TYPE_DATE:
		value.cell.integer = (int)random_next(seed, 9) - 4;
		break;
	case TYPE_TIME:
	case TYPE_DURATION:
		value.cell.integer = ((int)random_next(seed, 17) - 8) *
		    43200000000ll;
		break;
	case TYPE_LIST:
		value.cell.text = text_make("[1,2]", 5);
		break;
	case TYPE_RECORD:
		value.cell.text = text_make("{\"a\":\"a long one\"}", 18);
		break;
	case TYPE_RAW: {
		const char *raw = RANDOM_PICK(seed, random_csv_fields);
		value.cell.text = text_make(raw, strlen(raw));
		break;
	}
	case TYPE_TEXT: {
		const char *text = RANDOM_PICK(seed, texts);
		value.cell.text = text_make(text, strlen(text));
		break;
	}
	default:
		break;
	}
	return value;
}

/* FLAT, of one type or MIXED, with nulls now and then. */
static inline void
random_flat(uint64_t *seed, enum type type, uint32_t rows,
	struct region *region, struct column *out)
{
	struct builder builder = { 0 };
	uint32_t null_every = 2 + random_next(seed, 30);
	int nulls = random_next(seed, 2) == 0;

	for (uint32_t i = 0; i < rows; i++) {
		enum type now = type == TYPE_MIXED ?
		    (enum type)random_next(seed, TYPE_RAW + 1) : type;
		struct value value = random_value(seed, now);
		if (nulls && random_next(seed, null_every) == 0)
			builder_add_null(&builder);
		else
			builder_add(&builder, &value);
	}
	builder_finish(&builder, region, out);
	builder_fini(&builder);
}

/* Any column of `rows` rows. */
static inline void
random_column(uint64_t *seed, uint32_t rows, struct region *region,
	struct column *out)
{
	enum type type = (enum type)random_next(seed, TYPE_MIXED + 1);
	struct column slice;

	if (random_next(seed, 12) == 0 && !type_is_raw(type) &&
	    type != TYPE_MIXED) {
		struct value value = random_value(seed, type);
		column_init_const(out, &value, region);
	} else if (type >= TYPE_RAW && type <= TYPE_RAW_JSON) {
		random_slice(seed, type, rows, region, &slice);
		if (random_next(seed, 2) == 0)
			*out = slice;
		else
			column_copy(&slice, NULL, rows, region, out);
	} else {
		random_flat(seed, type == TYPE_MISSING ? TYPE_MIXED : type,
		    rows, region, out);
	}
}

/* Rows to select: sometimes none, sometimes all; returns how many. */
static inline uint32_t
random_sel(uint64_t *seed, uint32_t rows, uint16_t *sel)
{
	uint32_t of = 1 + random_next(seed, 4);
	uint32_t count = 0;

	for (uint32_t i = 0; i < rows; i++)
		if (random_next(seed, of) == 0)
			sel[count++] = (uint16_t)i;
	return count;
}

#endif
