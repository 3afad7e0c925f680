#include "func/calendar.h"

#include <string.h>

#include "util/err.h"

#define UNIT_LIST "year, quarter, month, week, day, hour, minute, second, " \
	"millisecond or microsecond"

static const char *const unit_names[UNIT_NONE] = {
	"microsecond", "millisecond", "second", "minute", "hour", "day",
	"week", "month", "quarter", "year",
};

enum calendar_unit
calendar_unit(struct text name)
{
	const char *bytes = text_bytes(&name);
	size_t size = name.size;

	if (size > 0 && bytes[size - 1] == 's')
		size--;
	for (int i = 0; i < UNIT_NONE; i++)
		if (strlen(unit_names[i]) == size &&
		    memcmp(unit_names[i], bytes, size) == 0)
			return (enum calendar_unit)i;
	return UNIT_NONE;
}

int64_t
calendar_unit_us(enum calendar_unit unit)
{
	static const int64_t lengths[UNIT_WEEK + 1] = {
		1, 1000, CALENDAR_SECOND, CALENDAR_MINUTE, CALENDAR_HOUR,
		CALENDAR_DAY, 7 * CALENDAR_DAY,
	};

	return unit <= UNIT_WEEK ? lengths[unit] : 0;
}

int
calendar_prepare_unit(const struct value *const *arg, unsigned index,
	unsigned *bad_arg, struct err *err)
{
	char quote[KERNEL_QUOTE_MAX];

	if (arg[index] == NULL || !type_is_textual(arg[index]->type) ||
	    calendar_unit(arg[index]->cell.text) != UNIT_NONE)
		return 0;
	*bad_arg = index;
	return err_set(err, ERR_PROGRAM, "%s is no unit: " UNIT_LIST,
	    kernel_quote(arg[index]->cell.text, quote));
}

enum calendar_unit
calendar_row_unit(struct func_call *call, struct unit_memo *memo,
	const struct column *names, uint32_t i)
{
	char quote[KERNEL_QUOTE_MAX];
	struct text name = arg_text(names, i);

	if (memo->unit != UNIT_NONE && text_equal(&memo->name, &name))
		return memo->unit;
	memo->name = name;
	memo->unit = calendar_unit(name);
	if (memo->unit == UNIT_NONE)
		func_reject(call, i, "%s is no unit: " UNIT_LIST,
		    kernel_quote(name, quote));
	return memo->unit;
}

const int64_t *
calendar_local(struct func_call *call, const struct column *in,
	const struct column *zones, uint32_t count)
{
	struct zone_memo memo = { 0 };

	if (zones == NULL && in->encoding == FLAT)
		return in->data;
	int64_t *local = region_alloc(call->region, count * sizeof(*local));
	for (uint32_t i = 0; i < count; i++) {
		local[i] = arg_int(in, i);
		if (zones == NULL)
			continue;
		const struct zone *zone = kernel_zone(call, &memo, zones, i);
		/* Wraps at the ends of time, where nothing is right. */
		if (zone != NULL)
			local[i] = (int64_t)((uint64_t)local[i] +
			    (uint64_t)zone_offset(zone, local[i]));
	}
	return local;
}
