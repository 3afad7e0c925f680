/*
 * What can be said only when all pipelines are there: who reads a named stream,
 * and in which order the sources are to be read.
 *
 * While the graph grows, every reader of a named stream gets a tee; the last
 * one's other end leads nowhere, so it is taken out, and a stream that is read
 * once costs nothing.
 *
 * The order is found from the ends of the graph against the flow.  What only a
 * pipeline in an expression reads comes first of all; at a join what is kept,
 * its other side, comes before what is sent through it, however deep either
 * lies; a union's sides come as they are written.  A source that feeds several
 * is read for the first of them, and the others keep what they cannot use yet;
 * a union that cannot have its sides one behind the other becomes an append.
 */
#include "check/flow.h"

#include <string.h>

#include "check/check_priv.h"

/* Who gives to an input of an operator: one of them. */
struct feeder {
	struct op *op;
	struct flow_source *source;
};

/* Where in the order the sources are that an operator gets records from. */
struct reach {
	uint32_t first, last;
	int is_known;
};

struct settle {
	struct flow *flow;
	struct feeder (*feeder)[2];	/* by op->id */
	char *seen;			/* by op->id */
	struct reach *reach;		/* by op->id */
	struct flow_source **source;	/* in their order */
	uint32_t count;
};

/* Who gave to the tee gives to its side. */
static void
flow_bypass(struct flow *flow, const struct op *tee)
{
	for (uint32_t i = 0; i < flow->source_count; i++) {
		struct flow_source *source = flow->source[i];
		if (source->next == tee) {
			source->next = tee->side;
			source->next_port = tee->side_port;
		}
	}
	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (op->next == tee) {
			op->next = tee->side;
			op->next_port = tee->side_port;
		}
		if (op->side == tee) {
			op->side = tee->side;
			op->side_port = tee->side_port;
		}
	}
}

static void
flow_drop_tees(struct flow *flow)
{
	const struct op_def *tee = op_find("tee", 3);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < flow->op_count; i++)
		if (flow->op[i]->def == tee && flow->op[i]->next == NULL)
			flow_bypass(flow, flow->op[i]);
	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (op->def == tee && op->next == NULL) {
			op_free(&op);
			continue;
		}
		op->id = kept;
		flow->op[kept++] = op;
	}
	flow->op_count = kept;
}

static void
settle_add(struct settle *settle, struct flow_source *source)
{
	for (uint32_t i = 0; i < settle->count; i++)
		if (settle->source[i] == source)
			return;
	settle->source[settle->count++] = source;
}

/* Every source that `op` gets records from, in the order it wants. */
static void
settle_visit(struct settle *settle, const struct op *op)
{
	while (op != NULL && !settle->seen[op->id]) {
		const struct feeder *feeder = settle->feeder[op->id];
		unsigned last = 0;

		settle->seen[op->id] = 1;
		if (op->input_count > 1) {
			last = op->def == op_find("union", 5);
			settle_visit(settle, feeder[!last].op);
			if (feeder[!last].source != NULL)
				settle_add(settle, feeder[!last].source);
		}
		if (feeder[last].source != NULL)
			settle_add(settle, feeder[last].source);
		op = feeder[last].op;
	}
}

static void
settle_feeders(struct settle *settle)
{
	struct flow *flow = settle->flow;

	for (uint32_t i = 0; i < flow->source_count; i++) {
		struct flow_source *source = flow->source[i];
		if (source->next != NULL)
			settle->feeder[source->next->id][source->next_port].
			    source = source;
	}
	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (op->next != NULL)
			settle->feeder[op->next->id][op->next_port].op = op;
		if (op->side != NULL)
			settle->feeder[op->side->id][op->side_port].op = op;
	}
}

static struct reach reach_of(struct settle *, const struct op *);

static struct reach
reach_of_input(struct settle *settle, const struct op *op, unsigned port)
{
	const struct feeder *feeder = &settle->feeder[op->id][port];
	uint32_t i = 0;

	if (feeder->source == NULL)
		return feeder->op == NULL ? (struct reach){ UINT32_MAX, 0, 1 } :
		    reach_of(settle, feeder->op);
	while (settle->source[i] != feeder->source)
		i++;
	return (struct reach){ i, i, 1 };
}

static struct reach
reach_of(struct settle *settle, const struct op *op)
{
	struct reach *reach = &settle->reach[op->id];

	if (reach->is_known)
		return *reach;
	*reach = reach_of_input(settle, op, 0);
	if (op->input_count > 1) {
		struct reach other = reach_of_input(settle, op, 1);
		if (other.first < reach->first)
			reach->first = other.first;
		if (other.last > reach->last)
			reach->last = other.last;
	}
	return *reach;
}

/* A union's second side must wait where some of it is read before the end of
 * the first. */
static void
settle_unions(struct settle *settle)
{
	struct flow *flow = settle->flow;

	settle->reach = mem_alloc_zero((flow->op_count + 1) *
	    sizeof(*settle->reach));
	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (op->args.is_ordered &&
		    reach_of_input(settle, op, 1).first <=
		    reach_of_input(settle, op, 0).last)
			op->def = op_find("append", 6);
	}
	mem_free(settle->reach);
}

void
flow_settle(struct flow *flow)
{
	flow_drop_tees(flow);
	struct settle settle = {
		.flow = flow,
		.feeder = mem_alloc_zero((flow->op_count + 1) *
		    sizeof(*settle.feeder)),
		.seen = mem_alloc_zero(flow->op_count + 1),
		.source = mem_alloc_zero((flow->source_count + 1) *
		    sizeof(*settle.source)),
	};

	settle_feeders(&settle);
	for (uint32_t i = 0; i < flow->scalar_count; i++)
		if (flow->scalar[i].sink->next == NULL)
			settle_visit(&settle, flow->scalar[i].sink);
	for (uint32_t i = 0; i < flow->op_count; i++)
		if (flow->op[i]->next == NULL)
			settle_visit(&settle, flow->op[i]);
	/* Sources that nothing reads: behind. */
	for (uint32_t i = 0; i < flow->source_count; i++)
		settle_add(&settle, flow->source[i]);
	settle_unions(&settle);
	mem_free(flow->source);
	flow->source = settle.source;
	mem_free(settle.feeder);
	mem_free(settle.seen);
}
