/*
 * The side of a join that is read first.
 *
 * A join keeps its other side and streams its own through.  Where its own is
 * known to be much the smaller one it is read first, and waits; of the other
 * side only what its keys may meet is kept then (op/join_sieve.c).  The output
 * and its order are the same: each record of this side with its partners.  Bad
 * records are told as the sides are read, and one that ends the job ends it
 * before anything was given, as it does where the other side has it.
 *
 * What is known before anything is read is how long files are.  A side is as
 * large as all the files that it comes from; a filter may make it smaller, and
 * what makes records of records larger, so it must be a fraction of the other.
 * Right and full joins give the whole other side, and keep it.
 */
#include "plan/rule.h"

#include <string.h>

#include "util/env.h"

/* The other side is at least this large, and so many times as large. */
#define OTHER_BYTES_MIN ((uint64_t)32 << 20)
#define OTHER_TIMES 4u

/* Do small files do? */
static int
side_is_tested(void)
{
	const char *wanted = env_variable("SFLOW_TEST_SIDE");

	return wanted != NULL && wanted[0] != '\0';
}

/* The inputs of `join` that what goes to input `port` of `op` comes to, as
 * bits. */
static unsigned
ports_reached(const struct op *op, unsigned port, const struct op *join)
{
	unsigned ports = 0;

	for (; op != NULL; port = op->next_port, op = op->next) {
		if (op == join)
			return ports | 1u << port;
		if (op->side != NULL)
			ports |= ports_reached(op->side, op->side_port, join);
	}
	return ports;
}

/* All bytes of the sources that come to input `port` alone; 0: not known. */
static uint64_t
side_bytes(const struct flow *flow, const struct op *join, unsigned port)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < flow->source_count; i++) {
		const struct flow_source *source = flow->source[i];
		unsigned ports = ports_reached(source->next,
		    source->next_port, join);
		if (!(ports & 1u << port))
			continue;
		uint64_t bytes = source->source == NULL ? 0 :
		    source_bytes(source->source);
		if (ports != 1u << port || bytes == 0 ||
		    bytes > UINT64_MAX / OTHER_TIMES - all)
			return 0;
		all += bytes;
	}
	return all;
}

/* The sources of input 1 go behind the last of input 0. */
static void
read_first(struct flow *flow, const struct op *join)
{
	struct flow_source **order = mem_alloc((flow->source_count + 1) *
	    sizeof(*order));
	uint32_t last = 0, count = 0;

	for (uint32_t i = 0; i < flow->source_count; i++)
		if (ports_reached(flow->source[i]->next,
		    flow->source[i]->next_port, join) == 1)
			last = i;
	for (int late = 0; late <= 1; late++)
		for (uint32_t i = 0; i < flow->source_count; i++) {
			int is_other = ports_reached(flow->source[i]->next,
			    flow->source[i]->next_port, join) == 2;
			if (late == (is_other || i > last))
				order[count++] = flow->source[i];
		}
	memcpy(flow->source, order, count * sizeof(*order));
	mem_free(order);
}

static int
join_is_wanted(const struct op *op)
{
	return !op->is_out && op_is_named(op, "join") &&
	    op->args.on_count > 0 && op->args.join != OP_JOIN_RIGHT &&
	    op->args.join != OP_JOIN_FULL;
}

/* With event time, or barriers, records wait for nothing. */
static int
flow_has_time(const struct flow *flow)
{
	for (uint32_t i = 0; i < flow->op_count; i++)
		if (flow->op[i]->def->flags & OP_SETS_TIME)
			return 1;
	return 0;
}

void
rule_side(struct plan *plan)
{
	struct flow *flow = plan->flow;

	if (plan->config.has_checkpoints || flow_has_time(flow))
		return;
	for (uint32_t i = 0; i < flow->op_count; i++) {
		struct op *op = flow->op[i];
		if (!join_is_wanted(op))
			continue;
		uint64_t own = side_bytes(flow, op, 0);
		uint64_t other = side_bytes(flow, op, 1);
		if (own == 0 || other == 0 || (!side_is_tested() &&
		    (other < OTHER_BYTES_MIN || own > other / OTHER_TIMES)))
			continue;
		op->args.left_first = 1;
		read_first(flow, op);
		plan_note(plan, "this side of a join is read first: %llu "
		    "bytes, the other has %llu", (unsigned long long)own,
		    (unsigned long long)other);
	}
}
