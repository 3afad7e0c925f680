#include "func/func.h"

#include <criterion/criterion.h>

#include "func_run.h"
#include "rounds.h"

/* Calls of each function with arguments that nobody sane would give. */
#define CALLS 150

static uint32_t
next(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % below);
}

static const char *const texts[] = {
	"", "a", "A", " ", "0", "-1", "1.5", "abc", "\xff", "\x80", "\xc3",
	"\xc3\xa4", "\xf0\x9f\x98\x80", "\xe2\x82", "\xed\xa0\x80",
	("a\xff" "b"),
	"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
	"twelve bytes", "thirteen byte", "%", "_", "\\", "%_%", "$", "$1${2}$$",
	"(", "(a)(b)", "a*", "[", "[]", "[1,2]", "{}", "{\"a\":1}", "{\"a\"",
	"a.b[0]", "[0][", "UTC", "Europe/Berlin", "../../etc/passwd", "+25:00",
	"%Y-%m-%d", "%", "%%%", "%Q", "day", "months", "2026-01-02",
	"9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1h", "10.0.0.1",
	"10.0.0.0/8", "::1/129", "http://[::1", "http://a@b:c/?d=%zz#e", "//",
	"a much longer text, of which no view has more than the first bytes",
	"%C3%A4=%", "=", "/?&&=&a", "YWJj", "Y", "4a4", "true", "null",
	"%a%%%_b%\\", "\xc4\xb0\xc8\xba\xe1\xba\x9e",
};

static const int64_t words[] = {
	0, 1, -1, 2, 3, 7, -5, 10, 16, 36, 63, 64, 100, -100, 1000, 4096,
	INT64_MIN, INT64_MAX, INT64_MIN + 1, 1ll << 40, -(1ll << 40),
	MOMENT_MIN, MOMENT_MAX, MOMENT_MIN - 1, MOMENT_MAX + 1,
};

static const double floats[] = {
	0, -0.0, 1, -1, 0.5, -2.5, 1e-300, 1e300, -1e300, 1e17, 0x1p63, -0x1p63,
	0x1p53, 3.999999, 1.7976931348623157e308, 5e-324,
};

static const char *const lists[] = {
	"[]", "[1]", "[null]", "[1,2,3]", "[1,\"a\",null,[2],{\"b\":3}]",
	"[9223372036854775807,1]", "[\"a\\u00e4\",\"\"]", "[[[[]]]]",
	"[@2026-01-02,@@5,@2026-01-02T03:04:05Z]", "[1.5,1e300,1e300]",
};

static const char *const records[] = {
	"{}", "{\"a\":1}", "{\"a\":1,\"a\":2}", "{\"\":null}",
	"{\"a\\n\":[1],\"b\":{\"c\":\"d\"}}", "{\"a\":@2026-01-02}",
};

#define PICK(seed, list) (list)[next(seed, sizeof(list) / sizeof(*(list)))]

static struct value
random_text(uint64_t *seed, enum type type)
{
	const char *bytes = type == TYPE_LIST ? PICK(seed, lists) :
	    type == TYPE_RECORD ? PICK(seed, records) : PICK(seed, texts);
	struct value value = { .type = type };

	value.cell.text = text_make(bytes, strlen(bytes));
	return value;
}

static struct value
random_value(uint64_t *seed)
{
	static const enum type types[] = {
		TYPE_NULL, TYPE_BOOL, TYPE_INT, TYPE_INT, TYPE_INT, TYPE_FLOAT,
		TYPE_DECIMAL, TYPE_TIME, TYPE_DATE, TYPE_DURATION, TYPE_TEXT,
		TYPE_TEXT, TYPE_TEXT, TYPE_RAW, TYPE_RAW, TYPE_LIST,
		TYPE_RECORD,
	};
	struct value value = { .type = PICK(seed, types) };

	switch (value.type) {
	case TYPE_BOOL:
		value.cell.boolean = (uint8_t)next(seed, 2);
		break;
	case TYPE_FLOAT:
		value.cell.number = PICK(seed, floats);
		break;
	case TYPE_DECIMAL:
		value.cell.decimal.units =
		    PICK(seed, words) % 1000000000000000000ll;
		value.cell.decimal.scale = (int32_t)next(seed, 19);
		value.cell.decimal.pad = 0;
		break;
	case TYPE_DATE:
		value.cell.integer = PICK(seed, words) % 4000000;
		break;
	case TYPE_INT:
	case TYPE_TIME:
	case TYPE_DURATION:
		value.cell.integer = PICK(seed, words);
		break;
	case TYPE_NULL:
		break;
	default:
		return random_text(seed, value.type);
	}
	return value;
}

/* Nothing crashes, and all ways to make a call agree. */
Test(func_hostile, any_values)
{
	uint64_t seed = 1;
	size_t count;
	const struct func_def *const *all = func_all(&count);

	for (size_t i = 0; i < count; i++) {
		const struct func_def *def = all[i];
		/* Operators get only what the evaluator makes sure of. */
		if (def->flags & FUNC_HIDDEN)
			continue;
		struct region *region = region_new();
		for (unsigned n = 0; n < rounds(CALLS); n++) {
			struct value arg[FUNC_ARGS_MAX];
			unsigned most = def->arg_max < 5 ? def->arg_max :
			    def->arg_min + 3;
			if (most > def->arg_max)
				most = def->arg_max;
			unsigned args = def->arg_min + next(&seed,
			    most - def->arg_min + 1);
			for (unsigned a = 0; a < args; a++)
				arg[a] = random_value(&seed);
			run_call(def, arg, args, region);
			if (n % 16 == 15)
				region_reset(region);
		}
		region_drop(&region);
	}
}

/* A static type must be kept by what comes out. */
Test(func_hostile, results_have_the_type_that_was_told)
{
	uint64_t seed = 2;
	size_t count;
	const struct func_def *const *all = func_all(&count);
	struct region *region = region_new();

	for (size_t i = 0; i < count; i++) {
		const struct func_def *def = all[i];
		if (def->flags & FUNC_HIDDEN)
			continue;
		for (unsigned n = 0; n < rounds(CALLS); n++) {
			struct value arg[FUNC_ARGS_MAX];
			enum type type[FUNC_ARGS_MAX];
			unsigned args = def->arg_min;
			for (unsigned a = 0; a < args; a++) {
				arg[a] = random_value(&seed);
				type[a] = arg[a].type;
			}
			enum type told = def->type(type, args);
			struct outcome got = run_call(def, arg, args, region);
			if (got.is_reject || got.value.type == TYPE_NULL ||
			    told == TYPE_ANY)
				continue;
			cr_expect_eq(got.value.type, told,
			    "%s(%s) gives %s, told %s", def->name,
			    args > 0 ? type_name(type[0]) : "",
			    type_name(got.value.type), type_name(told));
		}
		region_reset(region);
	}
	region_drop(&region);
}
