#include "func/func_type.h"

#define BIT(type) (1u << (type))

/* What may turn out to be anything, or is no value at all. */
#define UNKNOWN (BIT(TYPE_NULL) | BIT(TYPE_MISSING) | BIT(TYPE_RAW) | \
	BIT(TYPE_RAW_CSV) | BIT(TYPE_RAW_TSV) | BIT(TYPE_RAW_JSON) | \
	BIT(TYPE_MIXED) | BIT(TYPE_ANY))
#define NUMBERS (BIT(TYPE_INT) | BIT(TYPE_FLOAT) | BIT(TYPE_DECIMAL))

/* The types that can do as an argument of this letter. */
static uint32_t
letter_types(char letter)
{
	switch (letter) {
	case 't':
		return ~(BIT(TYPE_LIST) | BIT(TYPE_RECORD) | BIT(TYPE_ERROR));
	case 'n':
	case 'i':
		return UNKNOWN | NUMBERS;
	case 'm':
		return UNKNOWN | BIT(TYPE_TIME) | BIT(TYPE_DATE) |
		    BIT(TYPE_TEXT);
	case 'd':
		return UNKNOWN | BIT(TYPE_DURATION) | BIT(TYPE_TEXT);
	case 'b':
		return UNKNOWN | BIT(TYPE_BOOL);
	case 'l':
		return UNKNOWN | BIT(TYPE_LIST) | BIT(TYPE_TEXT);
	case 'r':
		return UNKNOWN | BIT(TYPE_RECORD) | BIT(TYPE_TEXT);
	default:
		return ~BIT(TYPE_ERROR);
	}
}

enum type
func_type_of(const enum type *arg, unsigned count, enum type result,
	const char *letters)
{
	for (unsigned i = 0; i < count; i++) {
		if ((letter_types(*letters) & BIT(arg[i])) == 0)
			return TYPE_ERROR;
		if (letters[1] != '\0')
			letters++;
	}
	return result;
}

enum type
func_type_same(const enum type *arg, unsigned count)
{
	uint32_t known = NUMBERS | BIT(TYPE_DURATION);

	if ((BIT(arg[0]) & (known | UNKNOWN)) == 0)
		return TYPE_ERROR;
	return func_type_of(arg, count,
	    (BIT(arg[0]) & known) != 0 ? arg[0] : TYPE_ANY, "*i");
}
