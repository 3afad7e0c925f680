/*
 * Sets of needed fields.
 *
 * The plan asks every operator, from the sinks back to the sources, which
 * fields of its input it needs for the fields that are needed of its output.
 * A set is "all", or names in order of addition (the order in which an open
 * source lays out its columns), and says whether the record's own bytes are of
 * use.  Sets are small: looking through the names beats a hash.
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

void
need_add(struct need_set *set, const char *name)
{
	if (need_has(set, name))
		return;
	if ((set->count & (set->count - 1)) == 0) {
		uint32_t capacity = set->count == 0 ? 1 : set->count * 2;
		set->name = mem_resize(set->name, capacity * sizeof(char *));
	}
	set->name[set->count++] = mem_copy_string(name);
}

static void
need_visit(void *cookie, const char *name)
{
	if (name == NULL)
		need_all(cookie);
	else
		need_add(cookie, name);
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
	agg_expr_visit_fields(agg, need_visit, set);
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
		need_add(target, source->name[i]);
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
