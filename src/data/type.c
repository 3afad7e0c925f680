#include "data/type.h"

#include <string.h>

const uint64_t text_masks[TEXT_INLINE_MAX + 1][2] = {
	{ 0, 0 }, { 0xff, 0 }, { 0xffff, 0 }, { 0xffffff, 0 },
	{ 0xffffffff, 0 }, { 0xffffffffff, 0 }, { 0xffffffffffff, 0 },
	{ 0xffffffffffffff, 0 }, { UINT64_MAX, 0 }, { UINT64_MAX, 0xff },
	{ UINT64_MAX, 0xffff }, { UINT64_MAX, 0xffffff },
	{ UINT64_MAX, 0xffffffff },
};

static const char *const names[TYPE_COUNT] = {
	[TYPE_NULL] = "null",
	[TYPE_MISSING] = "missing",
	[TYPE_BOOL] = "bool",
	[TYPE_INT] = "int",
	[TYPE_FLOAT] = "float",
	[TYPE_DECIMAL] = "decimal",
	[TYPE_TIME] = "timestamp",
	[TYPE_DATE] = "date",
	[TYPE_DURATION] = "duration",
	[TYPE_TEXT] = "text",
	[TYPE_LIST] = "list",
	[TYPE_RECORD] = "record",
	/* Undeclared bytes are text to the user. */
	[TYPE_RAW] = "text",
	[TYPE_RAW_CSV] = "text",
	[TYPE_RAW_TSV] = "text",
	[TYPE_RAW_JSON] = "json",
	[TYPE_MIXED] = "mixed",
	[TYPE_ANY] = "any",
	[TYPE_ERROR] = "error",
};

/* What a user may write for a type; messages use type_name(). */
static const struct {
	const char *name;
	enum type type;
} known[] = {
	{ "bool", TYPE_BOOL }, { "boolean", TYPE_BOOL },
	{ "int", TYPE_INT }, { "int64", TYPE_INT }, { "integer", TYPE_INT },
	{ "float", TYPE_FLOAT }, { "float64", TYPE_FLOAT },
	{ "double", TYPE_FLOAT },
	{ "decimal", TYPE_DECIMAL },
	{ "timestamp", TYPE_TIME }, { "time", TYPE_TIME },
	{ "datetime", TYPE_TIME },
	{ "date", TYPE_DATE },
	{ "duration", TYPE_DURATION },
	{ "text", TYPE_TEXT }, { "string", TYPE_TEXT },
	{ "list", TYPE_LIST }, { "record", TYPE_RECORD },
};

const char *
type_name(enum type type)
{
	return (unsigned)type < TYPE_COUNT ? names[type] : "unknown";
}

enum type
type_from_name(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i].name) == size &&
		    memcmp(known[i].name, name, size) == 0)
			return known[i].type;
	return TYPE_ANY;
}

unsigned
type_width(enum type type)
{
	static const uint8_t widths[TYPE_COUNT] = {
		[TYPE_BOOL] = 1,
		[TYPE_INT] = 8,
		[TYPE_FLOAT] = 8,
		[TYPE_DECIMAL] = sizeof(struct decimal),
		[TYPE_TIME] = 8,
		[TYPE_DATE] = 8,
		[TYPE_DURATION] = 8,
		[TYPE_TEXT] = sizeof(struct text),
		[TYPE_LIST] = sizeof(struct text),
		[TYPE_RECORD] = sizeof(struct text),
		[TYPE_RAW] = sizeof(struct text),
		[TYPE_RAW_CSV] = sizeof(struct text),
		[TYPE_RAW_TSV] = sizeof(struct text),
		[TYPE_RAW_JSON] = sizeof(struct text),
		[TYPE_MIXED] = sizeof(union cell),
	};

	return widths[type];
}

_Static_assert(sizeof(struct decimal) == 16, "a decimal is two words");
_Static_assert(sizeof(union cell) == 16, "a cell is two words");
