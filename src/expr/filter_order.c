/*
 * Conditions asked in the order that costs least.
 *
 * Of conditions a, b, ... with cost c and of which a share p of the records
 * passes, the least is asked in all when they are asked in the order of
 * c / (1 - p).  The shares are counted as the filter runs, of the records that
 * come to a condition; what a condition costs is guessed from what it does.
 * Older counts weigh less and less, so the order follows the data.
 */
#include "expr/expr.h"

#include <string.h>

#include "expr/expr_priv.h"
#include "util/mem.h"

#define PARTS_MAX 16
/* Filters between two looks at the order. */
#define LOOK_EVERY 32

/* About nanoseconds a record. */
#define COST_FAST 4
#define COST_CALL 8
#define COST_SEARCH 24
#define COST_FIELD 3

struct filter_order {
	uint32_t count;
	uint32_t until_look;
	struct part {
		struct expr *expr;	/* a child of the expression */
		uint32_t cost;
		uint32_t asked, passed;
	} part[PARTS_MAX];
};

static uint32_t
cost_of(const struct expr *expr)
{
	static const char *const searches[] = { "match", "not_match",
		"regex_match", "contains", "like", "ilike", "lower", "upper" };
	uint32_t cost = 0;

	if (expr->kind == EXPR_FIELD)
		return COST_FIELD;
	if (expr->kind == EXPR_CALL && expr->fast != NULL)
		return COST_FAST;
	for (unsigned i = 0; i < expr->child_count; i++)
		cost += cost_of(expr->child[i]);
	if (expr->kind != EXPR_CALL)
		return cost + 1;
	for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++)
		if (strcmp(expr->def->name, searches[i]) == 0)
			return cost + COST_SEARCH;
	return cost + COST_CALL;
}

/* Gather what may change places; 0: there is something that may not. */
static int
gather(struct filter_order *order, struct expr *expr, int plain)
{
	if (expr->kind == EXPR_AND)
		return gather(order, expr->child[0], plain) &&
		    gather(order, expr->child[1], plain);
	if (order->count == PARTS_MAX || expr->type != TYPE_BOOL ||
	    expr->is_volatile || !expr_is_total(expr, plain))
		return 0;
	order->part[order->count++] = (struct part){ .expr = expr,
	    .cost = cost_of(expr) };
	return 1;
}

/* a before b?  What was never asked passes by half. */
static int
is_better(const struct part *a, const struct part *b)
{
	double left_a = a->asked - a->passed + 1.0, all_a = a->asked + 2.0;
	double left_b = b->asked - b->passed + 1.0, all_b = b->asked + 2.0;

	return a->cost * all_a * left_b < b->cost * all_b * left_a;
}

/* Stable, so that equals stay as they were written. */
static void
sort_parts(struct filter_order *order)
{
	for (uint32_t i = 1; i < order->count; i++) {
		struct part part = order->part[i];
		uint32_t at = i;
		for (; at > 0 && is_better(&part, &order->part[at - 1]); at--)
			order->part[at] = order->part[at - 1];
		order->part[at] = part;
	}
}

int
expr_order_freely(struct expr *expr, int plain)
{
	struct filter_order order = { .until_look = LOOK_EVERY };

	if (expr->kind != EXPR_AND)
		return 0;
	if (!gather(&order, expr, plain))
		return expr_order_freely(expr->child[0], plain) |
		    expr_order_freely(expr->child[1], plain);
	sort_parts(&order);
	filter_order_free(&expr->order);
	expr->order = mem_copy(&order, sizeof(order));
	return 1;
}

void
filter_order_free(struct filter_order **take_order)
{
	mem_free(*take_order);
	*take_order = NULL;
}

static void
look(struct filter_order *order)
{
	order->until_look = LOOK_EVERY;
	sort_parts(order);
	for (uint32_t i = 0; i < order->count; i++) {
		order->part[i].asked /= 2;
		order->part[i].passed /= 2;
	}
}

uint32_t
filter_ordered(struct filter_order *order, struct eval *eval,
	const uint16_t *sel, uint32_t count, uint16_t *out)
{
	if (--order->until_look == 0)
		look(order);
	for (uint32_t i = 0; i < order->count && count > 0; i++) {
		struct part *part = &order->part[i];
		uint32_t passed = filter_narrow(part->expr, eval, sel, count,
		    out);
		part->asked += count;
		part->passed += passed;
		count = passed;
		sel = out;
	}
	return count;
}
