#ifndef SFLOW_PLAN_TASKS_H
#define SFLOW_PLAN_TASKS_H

#include <stdint.h>

#include "plan/plan.h"

struct buf;

/*
 * The physical plan: which operators run together, how often, and how records
 * go between them.
 *
 * Operators without a repartition between them are one task.  A task reads
 * either sources, one behind the other (live ones side by side), or one edge.
 * It runs as `width` instances, which share nothing: instance i of an edge's
 * target gets what the edge's kind says.
 */
enum edge_kind {
	EDGE_HASH,	/* by key group: an instance per range of groups */
	EDGE_GATHER,	/* from many to one, as it comes */
	EDGE_ORDERED,	/* from many to one, split behind split */
};

struct edge_plan {
	enum edge_kind kind;
	uint32_t id;
	uint32_t source_task, target_task;
	struct op *from;	/* who gives; NULL: the source itself */
	uint32_t from_source;	/* its index, if from is NULL */
	int from_side;		/* its side output */
	struct op *to;
	unsigned to_port;
};

struct task_plan {
	uint32_t id;
	uint32_t width;
	/* Either sources (indices of flow->source, in the order of reading) or
	 * one edge in. */
	uint32_t *source;
	uint32_t source_count;
	struct edge_plan *in;		/* NULL: sources */
	struct op **op;			/* in order */
	uint32_t op_count;
	struct edge_plan **out;
	uint32_t out_count;
	/* Which copy of the plan instance 0 uses; the others follow. */
	uint32_t copy;
	/* Host of each instance: index of tasks_config.host, or TASK_HERE. */
	uint32_t *host;
};

#define TASK_HERE UINT32_MAX

struct tasks_config {
	unsigned workers;		/* -j */
	/* --hosts, for keyed instances, then those of ssh() besides. */
	const char *const *host;
	uint32_t host_count;
	uint32_t keyed_host_count;
	int has_checkpoints;	/* barriers will go through */
};

struct tasks {
	struct task_plan **task;
	uint32_t task_count;
	struct edge_plan **edge;
	uint32_t edge_count;
	uint32_t copy_count;		/* of the plan, this one included */
	uint32_t instance_count;	/* of all tasks */
	uint32_t *task_of_op;		/* by op id */
	const char *const *host;
	uint32_t host_count;
};

/* The plan is borrowed and must be the same wherever this is asked: the result
 * depends only on the program and the configuration. */
struct tasks *tasks_new(const struct plan *, const struct tasks_config *);
void tasks_free(struct tasks **);

/* How many instances of a keyed operator there would be. */
uint32_t tasks_keyed_width(const struct flow *, const struct op *,
	unsigned workers, uint32_t keyed_host_count);
/* The key groups of instance `index` of `width`. */
uint32_t tasks_group_first(uint32_t index, uint32_t width);
/* The instance that owns a key group. */
static inline uint32_t
tasks_group_owner(uint32_t group, uint32_t width)
{
	return group * width / 128u;
}

/*
 * Append tasks, edges and where they run:
 *
 *     task 0 (1 instance): read in/a.jsonl, watermark
 *       by hash of user to task 1
 *     task 1 (2 instances): aggregate
 */
void tasks_explain(const struct plan *, const struct tasks *, struct buf *);

#endif
