/*
 * The channels of an edge.
 */
#include "exec/edge.h"

#include "util/mem.h"

struct edge *
edge_new(const struct edge_plan *plan, uint32_t from_count, uint32_t to_count)
{
	struct edge *edge = mem_alloc_zero(sizeof(*edge));
	size_t count = (size_t)from_count * to_count;

	edge->plan = plan;
	edge->from_count = from_count;
	edge->to_count = to_count;
	edge->channel = mem_alloc_zero(count * sizeof(*edge->channel));
	edge->from = mem_alloc_zero(count * sizeof(*edge->from));
	edge->to = mem_alloc_zero(count * sizeof(*edge->to));
	edge->refused = mem_alloc_zero(count);
	return edge;
}

void
edge_free(struct edge **take_edge)
{
	struct edge *edge = *take_edge;

	*take_edge = NULL;
	if (edge == NULL)
		return;
	for (uint32_t i = 0; i < edge->from_count * edge->to_count; i++)
		channel_free(&edge->channel[i]);
	mem_free(edge->channel);
	mem_free(edge->from);
	mem_free(edge->to);
	mem_free(edge->refused);
	mem_free(edge);
}

void
edge_connect(struct edge *edge, uint32_t from, uint32_t to,
	struct task *from_task, struct task *to_task, uint64_t bytes_max)
{
	uint32_t at = from * edge->to_count + to;

	edge->channel[at] = channel_new(bytes_max);
	edge->from[at] = from_task;
	edge->to[at] = to_task;
}
