/*
 * x in [a, b, c].
 *
 * A constant list is taken apart when the plan is made: its texts and its ints
 * go into a hash table each, what is left (floats, times, ...) into a list that
 * is walked.  Typed columns then need one look.  Undeclared text is compared
 * with each kind as == compares it: its bytes with the texts, its number with
 * the numbers; that is why a RAW row may ask several.
 *
 * A list that comes with the row is walked.
 *
 * With a null in the list, x is "not known to be in it" where it is not found;
 * then the result is null, as in x == a or x == null.  Nulls cannot be written
 * by accident in a list of constants, so this is what SQL does as well.
 */
#include "func/compare.h"

#include "data/json.h"
#include "data/number.h"
#include "func/func_priv.h"
#include "util/bits.h"
#include "util/err.h"
#include "util/hash.h"

/* So few texts are compared one by one sooner than hashed. */
#define WALK_MAX 8

/* Open addressing, at most half full; slots hold index + 1, 0 is empty. */
struct in_table {
	uint32_t *slot;
	uint32_t mask;
};

struct in_plan {
	struct region *region;
	struct value *value;	/* texts, then ints, then others */
	struct value *exact;	/* the same with decimals for floats */
	uint32_t text_count;
	uint32_t int_count;
	uint32_t count;
	int has_null;
	struct in_table texts;
	struct in_table ints;
};

static uint64_t
text_hash(const struct text *text)
{
	return hash_bytes(text_bytes(text), text->size);
}

static uint64_t
int_hash(int64_t integer)
{
	return hash_mix((uint64_t)integer, 0);
}

static void
table_init(struct in_table *table, uint32_t count, struct region *region)
{
	uint32_t slots = (uint32_t)bits_power_of_two((uint64_t)count * 2 + 2);

	table->slot = region_alloc_zero(region, slots * sizeof(uint32_t));
	table->mask = slots - 1;
}

static void
table_add(struct in_table *table, uint64_t hash, uint32_t index)
{
	uint32_t at = (uint32_t)hash & table->mask;

	while (table->slot[at] != 0)
		at = (at + 1) & table->mask;
	table->slot[at] = index + 1;
}

static inline int
has_text(const struct in_plan *plan, const struct text *text)
{
	const struct in_table *table = &plan->texts;

	if (plan->text_count <= WALK_MAX) {
		for (uint32_t i = 0; i < plan->text_count; i++) {
			if (text_equal(&plan->value[i].cell.text, text))
				return 1;
		}
		return 0;
	}
	uint32_t at = (uint32_t)text_hash(text) & table->mask;

	for (; table->slot[at] != 0; at = (at + 1) & table->mask) {
		if (text_equal(&plan->value[table->slot[at] - 1].cell.text,
		    text))
			return 1;
	}
	return 0;
}

static int
has_int(const struct in_plan *plan, int64_t integer)
{
	const struct in_table *table = &plan->ints;
	uint32_t at = (uint32_t)int_hash(integer) & table->mask;

	for (; table->slot[at] != 0; at = (at + 1) & table->mask) {
		if (plan->value[table->slot[at] - 1].cell.integer == integer)
			return 1;
	}
	return 0;
}

/* Which part of the list a value goes to. */
static int
part_of(enum type type)
{
	return type == TYPE_TEXT ? 0 : type == TYPE_INT ? 1 : 2;
}

/* The elements of one part, appended. */
static void
plan_part(struct in_plan *plan, const struct value *list, int part)
{
	struct json_walk walk;
	struct json_member member;

	json_walk_init(&walk, text_bytes(&list->cell.text),
	    list->cell.text.size);
	while (json_walk_next(&walk, &member)) {
		struct value value = json_value(member.bytes, member.size,
		    plan->region);
		if (value.type == TYPE_NULL)
			plan->has_null = 1;
		else if (part_of(value.type) == part)
			plan->value[plan->count++] = value;
	}
}

/* What decimals are compared with: 0.05 as it is written. */
static void
plan_exact(struct in_plan *plan)
{
	plan->exact = region_copy(plan->region, plan->value,
	    plan->count * sizeof(*plan->value));
	for (uint32_t i = 0; i < plan->count; i++) {
		struct value *value = &plan->exact[i];
		struct decimal decimal;
		if (value->type != TYPE_FLOAT || decimal_from_float(
		    value->cell.number, &decimal) != 0)
			continue;
		value->type = TYPE_DECIMAL;
		value->cell.decimal = decimal;
	}
}

static int
in_prepare(const struct value *const *arg, unsigned count, void **result,
	unsigned *bad_arg, struct err *err)
{
	const struct value *list = arg[1];

	(void)count;
	*bad_arg = 1;
	if (list == NULL)
		return 0;
	if (list->type != TYPE_LIST && list->type > TYPE_MISSING)
		return err_set(err, ERR_PROGRAM,
		    "behind 'in' stands a list [a, b] or a range a..b, not %s",
		    type_name(list->type));
	if (list->type != TYPE_LIST)
		return 0;
	struct in_plan *plan = mem_alloc_zero(sizeof(*plan));
	plan->region = region_new();
	/* Every element has a byte and a comma at least. */
	struct value own = *list;
	own.cell.text = text_make(region_copy(plan->region,
	    text_bytes(&list->cell.text), list->cell.text.size),
	    list->cell.text.size);
	plan->value = region_alloc(plan->region,
	    (own.cell.text.size / 2 + 1) * sizeof(*plan->value));
	plan_part(plan, &own, 0);
	plan->text_count = plan->count;
	plan_part(plan, &own, 1);
	plan->int_count = plan->count - plan->text_count;
	plan_part(plan, &own, 2);
	plan_exact(plan);
	table_init(&plan->texts, plan->text_count, plan->region);
	table_init(&plan->ints, plan->int_count, plan->region);
	for (uint32_t i = 0; i < plan->text_count; i++)
		table_add(&plan->texts, text_hash(&plan->value[i].cell.text),
		    i);
	for (uint32_t i = 0; i < plan->int_count; i++) {
		uint32_t index = plan->text_count + i;
		table_add(&plan->ints, int_hash(
		    plan->value[index].cell.integer), index);
	}
	*result = plan;
	return 0;
}

static void
in_release(void *take_plan)
{
	struct in_plan *plan = take_plan;

	region_drop(&plan->region);
	mem_free(plan);
}

/* Walk values [from, count). */
static int
walk_from(const struct in_plan *plan, uint32_t from, const struct value *value)
{
	const struct value *other = value->type == TYPE_DECIMAL ? plan->exact :
	    plan->value;

	for (uint32_t i = from; i < plan->count; i++) {
		if (compare_values(value, &other[i]) == 0)
			return 1;
	}
	return 0;
}

static int
is_in(const struct in_plan *plan, const struct value *value)
{
	uint32_t others = plan->text_count + plan->int_count;

	switch (value->type) {
	case TYPE_TEXT:
		if (has_text(plan, &value->cell.text))
			return 1;
		break;
	case TYPE_INT:
		if (has_int(plan, value->cell.integer))
			return 1;
		break;
	case TYPE_RAW: {
		if (has_text(plan, &value->cell.text))
			return 1;
		if (plan->count == plan->text_count)
			return 0;
		struct value settled = value_settle(value);
		if (settled.type == TYPE_INT)
			return has_int(plan, settled.cell.integer) ||
			    walk_from(plan, others, value);
		others = settled.type == TYPE_FLOAT ? plan->text_count : others;
		break;
	}
	default:
		/* Floats meet ints, times meet texts. */
		others = 0;
		break;
	}
	return walk_from(plan, others, value);
}

/* One row of a list that is no constant: 1, 0, or -1 for "not known". */
static int
is_in_list(const struct text *list, const struct value *value,
	struct region *region)
{
	struct json_walk walk;
	struct json_member member;
	int result = 0;

	json_walk_init(&walk, text_bytes(list), list->size);
	while (json_walk_next(&walk, &member)) {
		struct value other = json_value(member.bytes, member.size,
		    region);
		if (other.type == TYPE_NULL)
			result = -1;
		else if (compare_values(value, &other) == 0)
			return 1;
	}
	return result;
}

/* A constant list of nothing but texts: no other kind need be asked. */
static int
is_of_texts(const struct in_plan *plan, const struct column *column)
{
	return plan != NULL && !plan->has_null &&
	    plan->text_count == plan->count &&
	    (column->type == TYPE_TEXT || column->type == TYPE_RAW);
}

static int
in_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	const struct in_plan *plan = call->plan;

	(void)arg_count;
	if (plan == NULL && arg[1].type != TYPE_LIST)
		return -1;
	column_init_flat(out, TYPE_BOOL, count, call->region);
	uint8_t *bools = out->data;
	if (is_of_texts(plan, &arg[0])) {
		for (uint32_t i = 0; i < count; i++)
			bools[i] = (uint8_t)has_text(plan,
			    column_text(&arg[0], i));
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct value value = column_cell(&arg[0], i);
		int found = 0;
		if (plan != NULL) {
			found = is_in(plan, &value);
			if (!found && plan->has_null)
				found = -1;
		} else if (column_is_live(call, i)) {
			found = is_in_list(column_text(&arg[1], i), &value,
			    call->region);
		}
		bools[i] = found == 1;
		if (found < 0) {
			column_need_valid(out, count, call->region);
			bits_clear(out->valid, i);
		}
	}
	return 0;
}

static enum type
in_type(const enum type *arg, unsigned count)
{
	(void)count;
	return arg[1] == TYPE_LIST || type_is_open(arg[1]) ? TYPE_BOOL :
	    TYPE_ERROR;
}

const struct func_def func_in_list = {
	.name = "in_list",
	.group = "comparison",
	.signature = "x in list",
	.summary = "true if an element of the list equals x",
	.example = "5 in [1, 3, 5]",
	.result = "true",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_HIDDEN | FUNC_TOTAL,
	.want = { FUNC_ANY, FUNC_ANY, FUNC_ANY, FUNC_ANY },
	.type = in_type,
	.prepare = in_prepare,
	.release = in_release,
	.eval = in_eval,
};
