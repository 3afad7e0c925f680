/*
 * Sets of needed fields.
 *
 * The plan asks every operator, from the sinks back to the sources, which
 * fields of its input it needs for the fields that are needed of its output.
 * A set is "all", or names in order of addition (the order in which an open
 * source lays out its columns), and says whether the record's own bytes are of
 * use.  Of a field that is only ever read as a number (an argument of sum()) it
 * says so: who keeps it may keep the number.  Sets are small: looking through
 * the names beats a hash.
 */
#include "op/op.h"

#include <string.h>

#include "op/need_priv.h"

struct need_set *
need_set_new(void)
{
	return mem_alloc_zero(sizeof(struct need_set));
}

void
need_set_free(struct need_set **set)
{
	if (*set == NULL)
		return;
	for (uint32_t i = 0; i < (*set)->count; i++)
		mem_free((*set)->name[i]);
	mem_free((*set)->name);
	mem_free((*set)->is_number);
	mem_free(*set);
	*set = NULL;
}

void
need_all(struct need_set *set)
{
	set->all = 1;
}

int
need_has(const struct need_set *set, const char *name)
{
	if (set->all)
		return 1;
	for (uint32_t i = 0; i < set->count; i++)
		if (strcmp(set->name[i], name) == 0)
			return 1;
	return 0;
}

static int
need_find(const struct need_set *set, const char *name)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (strcmp(set->name[i], name) == 0)
			return (int)i;
	return -1;
}

/* A wish for a number gives way to one for the value as it is. */
static void
need_add_as(struct need_set *set, const char *name, int is_number)
{
	int known = need_find(set, name);

	if (known >= 0)
		set->is_number[known] &= (uint8_t)is_number;
	if (known >= 0 || set->all)
		return;
	if ((set->count & (set->count - 1)) == 0) {
		uint32_t capacity = set->count == 0 ? 1 : set->count * 2;
		set->name = mem_resize(set->name, capacity * sizeof(char *));
		set->is_number = mem_resize(set->is_number, capacity);
	}
	set->is_number[set->count] = (uint8_t)is_number;
	set->name[set->count++] = mem_copy_string(name);
}

void
need_add(struct need_set *set, const char *name)
{
	need_add_as(set, name, 0);
}

void
need_add_like(struct need_set *set, const char *name,
	const struct need_set *source, const char *source_name)
{
	need_add_as(set, name, need_is_number(source, source_name));
}

int
need_is_number(const struct need_set *set, const char *name)
{
	int known = need_find(set, name);

	return !set->all && known >= 0 && set->is_number[known];
}

static void
need_visit(void *cookie, const char *name)
{
	if (name == NULL)
		need_all(cookie);
	else
		need_add(cookie, name);
}

static void
need_visit_as(void *cookie, const char *name, enum func_want want)
{
	if (name == NULL)
		need_all(cookie);
	else
		need_add_as(cookie, name, want == FUNC_NUMBER);
}

void
need_add_expr(struct need_set *set, const struct expr *expr)
{
	if (expr != NULL)
		expr_visit_fields(expr, need_visit, set);
}

void
need_add_agg(struct need_set *set, const struct agg_expr *agg)
{
	agg_expr_visit_as(agg, need_visit_as, set);
}

void
op_need_by(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)port;
	need_copy(in, out);
	for (uint32_t i = 0; i < op->args.by_count; i++)
		need_add_expr(in, op->args.by[i].expr);
}

int
need_is_all(const struct need_set *set)
{
	return set->all;
}

int
need_has_record(const struct need_set *set)
{
	return set->record;
}

void
need_set_record(struct need_set *set, int record)
{
	set->record = record;
}

void
need_copy(struct need_set *target, const struct need_set *source)
{
	target->all |= source->all;
	target->record |= source->record;
	for (uint32_t i = 0; i < source->count; i++)
		need_add_as(target, source->name[i], source->is_number[i]);
}

uint32_t
need_count(const struct need_set *set)
{
	return set->count;
}

const char *
need_name(const struct need_set *set, uint32_t index)
{
	return set->name[index];
}
