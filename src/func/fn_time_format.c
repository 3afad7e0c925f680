/*
 * Times to text by a pattern or with a zone's offset, and back.
 *
 * The patterns that logs and file names are made with (%Y-%m-%d, %H:%M, %T)
 * have a fixed width: such a pattern is turned into a list of steps once, and
 * each row is a few stores of digits.  All other patterns go to
 * moment_strftime().
 */
#include "func/calendar.h"

#include <string.h>

#include "util/err.h"

FUNC_TYPE(text_of_time, TYPE_TEXT, "mt")
FUNC_TYPE(time_of_texts, TYPE_TIME, "t")

/* Longest result of a pattern for each of its bytes (%c-like names, %s). */
#define PATTERN_GROWTH 24
#define PATTERN_BYTES_MAX 1000

enum step_kind {
	STEP_YEAR, STEP_MONTH, STEP_DAY, STEP_HOUR, STEP_MINUTE, STEP_SECOND,
	STEP_MILLI, STEP_MICRO
};

#define STEPS_MAX 16
#define STEPS_WIDTH_MAX 64

/* The result's bytes with gaps, and what goes into each gap. */
struct steps {
	int is_fixed;		/* 0: the pattern is not of fixed width */
	unsigned count;
	unsigned width;
	char bytes[STEPS_WIDTH_MAX];
	struct {
		uint8_t kind;
		uint8_t offset;
	} step[STEPS_MAX];
};

static int
steps_add_byte(struct steps *steps, char byte)
{
	if (steps->width == STEPS_WIDTH_MAX)
		return -1;
	steps->bytes[steps->width++] = byte;
	return 0;
}

static int
steps_add(struct steps *steps, enum step_kind kind)
{
	static const uint8_t widths[] = { 4, 2, 2, 2, 2, 2, 3, 6 };

	if (steps->count == STEPS_MAX ||
	    steps->width + widths[kind] > STEPS_WIDTH_MAX)
		return -1;
	steps->step[steps->count].kind = (uint8_t)kind;
	steps->step[steps->count++].offset = (uint8_t)steps->width;
	steps->width += widths[kind];
	return 0;
}

static int steps_add_pattern(struct steps *, const char *, size_t);

static int
steps_add_letter(struct steps *steps, char letter)
{
	static const char letters[] = "YmdHMSLf";

	if (letter == 'T')
		return steps_add_pattern(steps, "%H:%M:%S", 8);
	if (letter == 'F')
		return steps_add_pattern(steps, "%Y-%m-%d", 8);
	if (letter == 'R')
		return steps_add_pattern(steps, "%H:%M", 5);
	if (letter == '%')
		return steps_add_byte(steps, '%');
	const char *at = letter == '\0' ? NULL : strchr(letters, letter);
	if (at == NULL)
		return -1;
	return steps_add(steps, (enum step_kind)(at - letters));
}

static int
steps_add_pattern(struct steps *steps, const char *pattern, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (pattern[i] != '%') {
			if (steps_add_byte(steps, pattern[i]) != 0)
				return -1;
		} else if (++i == size ||
		    steps_add_letter(steps, pattern[i]) != 0) {
			return -1;
		}
	}
	return 0;
}

static void
steps_init(struct steps *steps, const struct text *pattern)
{
	memset(steps, 0, sizeof(*steps));
	steps->is_fixed = steps_add_pattern(steps, text_bytes(pattern),
	    pattern->size) == 0;
}

static inline char *
put_two(char *at, uint32_t value)
{
	at[0] = (char)('0' + value / 10);
	at[1] = (char)('0' + value % 10);
	return at + 2;
}

static inline void
put_micro(char *at, uint32_t micro)
{
	put_two(at, micro / 10000);
	put_two(at + 2, micro / 100 % 100);
	put_two(at + 4, micro % 100);
}

static inline void
step_run(enum step_kind kind, const struct calendar_date *date,
	uint32_t second, uint32_t micro, char *at)
{
	switch (kind) {
	case STEP_YEAR:
		put_two(at, (uint32_t)date->year / 100);
		put_two(at + 2, (uint32_t)date->year % 100);
		break;
	case STEP_MONTH:
		put_two(at, (uint32_t)date->month);
		break;
	case STEP_DAY:
		put_two(at, (uint32_t)date->day);
		break;
	case STEP_HOUR:
		put_two(at, second / 3600);
		break;
	case STEP_MINUTE:
		put_two(at, second / 60 % 60);
		break;
	case STEP_SECOND:
		put_two(at, second % 60);
		break;
	case STEP_MILLI:
		at[0] = (char)('0' + micro / 100000);
		put_two(at + 1, micro / 1000 % 100);
		break;
	case STEP_MICRO:
		put_micro(at, micro);
		break;
	}
}

/* Write a wall clock of the years 1 to 9999; room for STEPS_WIDTH_MAX. */
static void
steps_run(const struct steps *steps, int64_t local, char *target)
{
	struct calendar_date date =
	    calendar_date(calendar_floor(local, CALENDAR_DAY));
	int64_t rest = calendar_rest(local, CALENDAR_DAY);
	uint32_t second = (uint32_t)(rest / CALENDAR_SECOND);
	uint32_t micro = (uint32_t)(rest % CALENDAR_SECOND);

	memcpy(target, steps->bytes, STEPS_WIDTH_MAX);
	for (unsigned i = 0; i < steps->count; i++)
		step_run((enum step_kind)steps->step[i].kind, &date, second,
		    micro, target + steps->step[i].offset);
}

/* One row; -1 if the pattern is none. */
static int
strftime_row(struct writer *writer, uint32_t i, const struct steps *steps,
	const struct text *pattern, int64_t us, const struct zone *zone)
{
	int64_t offset = zone == NULL ? 0 : zone_offset(zone, us);

	if (steps->is_fixed && calendar_in_range(us) &&
	    calendar_in_range(us + offset)) {
		steps_run(steps, us + offset,
		    writer_room(writer, STEPS_WIDTH_MAX));
		writer_put(writer, i, steps->width);
		return 0;
	}
	size_t room = (size_t)pattern->size * PATTERN_GROWTH + MOMENT_TEXT_MAX;
	int size = moment_strftime(text_bytes(pattern), pattern->size, us,
	    offset, zone == NULL ? NULL : zone_abbreviation(zone, us),
	    writer_room(writer, room), room);
	writer_put(writer, i, size < 0 ? 0 : (size_t)size);
	return size < 0 ? -1 : 0;
}

static int
strftime_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];
	struct zone_memo memo = { 0 };
	struct writer writer;
	struct steps steps = { 0 };
	struct text known = { 0 };
	char quote[KERNEL_QUOTE_MAX];

	if (kernel_take(call, "mt", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text pattern = arg_text(&in[1], i);
		const struct zone *zone = arg_count < 3 ? NULL :
		    kernel_zone(call, &memo, &in[2], i);
		writer_view(&writer, i, "", 0);
		if (pattern.size > PATTERN_BYTES_MAX) {
			func_reject(call, i, "the pattern is too long");
			continue;
		}
		if (!text_equal(&pattern, &known))
			steps_init(&steps, &pattern);
		known = pattern;
		if (strftime_row(&writer, i, &steps, &pattern,
		    arg_int(&in[0], i), zone) != 0)
			func_reject(call, i, "%s is no pattern of a time",
			    kernel_quote(pattern, quote));
	}
	return 0;
}

/* A constant pattern must be one; it is tried on 1970. */
static int
check_pattern(const struct value *value, unsigned index, unsigned *bad_arg,
	struct err *err)
{
	static const char shown[] = "%s is no pattern of a time";
	char quote[KERNEL_QUOTE_MAX];
	size_t room;

	if (value == NULL || !type_is_textual(value->type))
		return 0;
	const struct text *pattern = &value->cell.text;
	room = (size_t)pattern->size * PATTERN_GROWTH + MOMENT_TEXT_MAX;
	if (pattern->size <= PATTERN_BYTES_MAX) {
		char *target = mem_alloc(room);
		int size = moment_strftime(text_bytes(pattern), pattern->size,
		    0, 0, NULL, target, room);
		mem_free(target);
		if (size >= 0)
			return 0;
	}
	*bad_arg = index;
	return err_set(err, ERR_PROGRAM, shown, kernel_quote(*pattern, quote));
}

static int
pattern_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)plan;
	if (check_pattern(arg[1], 1, bad_arg, err) != 0)
		return -1;
	return kernel_prepare_zone(arg, count, 2, bad_arg, err);
}

const struct func_def func_strftime = {
	.name = "strftime",
	.group = "time",
	.signature = "strftime(ts, pattern [, zone])",
	.summary = "the time as text by a pattern of %Y %m %d %H %M %S and "
	    "others",
	.example = "strftime(@2026-01-02T03:04:05Z, \"%d/%b/%Y %H:%M\")",
	.result = "02/Jan/2026 03:04",
	.arg_min = 2,
	.arg_max = 3,
	.want = { FUNC_TIME, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT },
	.type = text_of_time,
	.prepare = pattern_prepare,
	.eval = strftime_eval,
};

/*
 * One row.  The offset of a zone depends on the instant, so the text is read as
 * if it were UTC first; a text that names its own offset keeps that.
 */
static int
strptime_row(const struct text *text, const struct text *pattern,
	const struct zone *zone, int64_t *us)
{
	int64_t shifted;

	if (moment_strptime(text_bytes(pattern), pattern->size,
	    text_bytes(text), text->size, 0, us) != 0)
		return -1;
	if (zone == NULL)
		return 0;
	/* Reading again with another default shows if the text has its own. */
	if (moment_strptime(text_bytes(pattern), pattern->size,
	    text_bytes(text), text->size, CALENDAR_HOUR, &shifted) == 0 &&
	    shifted == *us)
		return 0;
	*us = zone_to_utc(zone, *us);
	return calendar_in_range(*us) ? 0 : -1;
}

static int
strptime_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];
	struct zone_memo memo = { 0 };
	char text_quote[KERNEL_QUOTE_MAX], pattern_quote[KERNEL_QUOTE_MAX];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_TIME, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text pattern = arg_text(&in[1], i);
		const struct zone *zone = arg_count < 3 ? NULL :
		    kernel_zone(call, &memo, &in[2], i);
		target[i] = 0;
		if (strptime_row(&text, &pattern, zone, &target[i]) == 0)
			continue;
		target[i] = 0;
		func_reject(call, i, "%s does not read as %s",
		    kernel_quote(text, text_quote),
		    kernel_quote(pattern, pattern_quote));
	}
	return 0;
}

const struct func_def func_strptime = {
	.name = "strptime",
	.group = "time",
	.signature = "strptime(text, pattern [, zone])",
	.summary = "the time that a text tells by a pattern, of UTC if no zone "
	    "is said",
	.example = "strptime(\"02/Jan/2026 03:04\", \"%d/%b/%Y %H:%M\")",
	.result = "2026-01-02T03:04:00Z",
	.arg_min = 2,
	.arg_max = 3,
	.want = WANT_ALL(FUNC_TEXT),
	.type = time_of_texts,
	.prepare = pattern_prepare,
	.eval = strptime_eval,
};

/* 2026-01-02T03:04:05.123+01:00 */
static unsigned
zoned_write(int64_t us, int64_t offset, char *out)
{
	unsigned size = moment_format(us + offset, out);
	int64_t minutes = offset / CALENDAR_MINUTE;

	/* The Z goes. */
	char *at = out + size - 1;
	*at++ = minutes < 0 ? '-' : '+';
	if (minutes < 0)
		minutes = -minutes;
	at = put_two(at, (uint32_t)(minutes / 60 % 100));
	*at++ = ':';
	at = put_two(at, (uint32_t)(minutes % 60));
	return (unsigned)(at - out);
}

static int
in_zone_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct zone_memo memo = { 0 };
	struct writer writer;

	if (kernel_take(call, "mt", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		int64_t us = arg_int(&in[0], i);
		const struct zone *zone = kernel_zone(call, &memo, &in[1], i);
		int64_t offset = zone == NULL ? 0 : zone_offset(zone, us);
		writer_view(&writer, i, "", 0);
		if (!calendar_in_range(us)) {
			func_reject(call, i, "the time is out of range");
			continue;
		}
		char *target = writer_room(&writer, MOMENT_TEXT_MAX + 8);
		writer_put(&writer, i, zoned_write(us, offset, target));
	}
	return 0;
}

static int
in_zone_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)plan;
	return kernel_prepare_zone(arg, count, 1, bad_arg, err);
}

const struct func_def func_in_zone = {
	.name = "in_zone",
	.group = "time",
	.signature = "in_zone(ts, zone)",
	.summary = "the time as text, by the clock of a zone and with its "
	    "offset",
	.example = "in_zone(@2026-07-02T03:04:05Z, \"Europe/Berlin\")",
	.result = "2026-07-02T05:04:05+02:00",
	.arg_min = 2,
	.arg_max = 2,
	.want = { FUNC_TIME, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT },
	.type = text_of_time,
	.prepare = in_zone_prepare,
	.eval = in_zone_eval,
};
