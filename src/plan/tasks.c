/*
 * From the graph of operators to tasks.
 *
 * Every operator gets a width, from the sources down: a source's is how many of
 * its splits can be read side by side; an operator that looks at each record
 * for itself (OP_PARALLEL) has its input's; a keyed one has an instance per
 * worker; any other has one. An edge is cut where widths differ or records
 * must find the instance that owns their key; what is not cut is one task.
 *
 * Operators that work together (OP_JOINT) have their input's width too, where
 * the order of records is known: files, without event time.  Then one file is
 * read by all instances as well, range by range.
 *
 * Some plans stay narrow on purpose.  An operator with two inputs takes one
 * behind the other, and where both come from the same producer a cut could stop
 * it for ever: the one waits for an end that waits for room in the other.  So
 * what feeds a join or union is one task with its sources, of several instances
 * only if nothing is cut before their records come together for good. The same
 * holds for a pipeline in an expression, whose value the others must see, and
 * for event time that is declared behind an operator that is not parallel: all
 * splits must have begun before the first mark. A job with checkpoints has no
 * ordered edges: a barrier would wait behind splits whose turn comes after it.
 *
 * Of what follows files on other hosts only parallel operators run there: an
 * edge leads all else, and every sink, home.
 */
#include "plan/tasks.h"

#include <string.h>

#include "data/key.h"
#include "util/buf.h"

#define PIPE_READERS_MAX 8

struct widths {
	const struct plan *plan;
	const struct tasks_config *config;
	uint32_t *width;	/* by op id */
	uint32_t *source_width;	/* by source index */
	int is_ordered;		/* flow_is_ordered() */
	int takes_turns;	/* flow_takes_turns() */
};

/* Has what is read an order that can be kept? */
static int
is_ordered(const struct flow_source *in)
{
	return in->source == NULL || (!source_is_live(in->source) &&
	    source_spec(in->source)->host_count == 0);
}

static int
flow_is_ordered(const struct flow *flow)
{
	for (uint32_t i = 0; i < flow->source_count; i++)
		if (!is_ordered(flow->source[i]))
			return 0;
	return 1;
}

/* Does each instance do with its records what one would do with all? */
static int
is_parallel(const struct widths *widths, const struct op *op)
{
	return (op->def->flags & OP_PARALLEL) && !(widths->is_ordered &&
	    op->def->in_order != NULL && op->def->in_order(op));
}

uint32_t
tasks_group_first(uint32_t index, uint32_t width)
{
	return (index * KEY_GROUP_COUNT + width - 1) / width;
}

/* Does anything behind the operator take two inputs? */
static int
op_meets(const struct op *op)
{
	for (; op != NULL; op = op->next) {
		if (op->input_count > 1)
			return 1;
		if (op->side != NULL && op_meets(op->side))
			return 1;
	}
	return 0;
}

/* Does event time begin behind the operator, at one that stands alone? */
static int
has_late_watermark(const struct widths *widths, const struct op *op)
{
	int parallel = 1;

	for (; op != NULL; op = op->next) {
		parallel &= is_parallel(widths, op);
		if (!parallel && strcmp(op->def->name, "watermark") == 0)
			return 1;
		if (op->side != NULL && has_late_watermark(widths, op->side))
			return 1;
	}
	return 0;
}

/* Do the records go to keyed instances without a stop? */
static int
feeds_hash(const struct widths *widths, const struct op *op)
{
	while (op != NULL && op->side == NULL && is_parallel(widths, op))
		op = op->next;
	return op != NULL && (op->def->flags & OP_KEYED) &&
	    op->args.by_count > 0;
}

/* Does the pipeline's end set a value that expressions read? */
static int
is_value(const struct op *op)
{
	while (op->next != NULL)
		op = op->next;
	return (op->def->flags & (OP_SINK | OP_JOINT)) ==
	    (OP_SINK | OP_JOINT);
}

/*
 * Can all instances of a source go through what follows, down to where their
 * records come together in order?  Nothing that takes two inputs may stand
 * behind that, and no value that others wait for.
 */
static int
can_be_wide(const struct widths *widths, const struct op *op)
{
	for (; op != NULL; op = op->next) {
		if (op->side != NULL && !can_be_wide(widths, op->side))
			return 0;
		if (!is_parallel(widths, op) && !(op->def->flags & OP_JOINT))
			return !(op->def->flags & OP_KEYED ||
			    op->input_count > 1 || op_meets(op) ||
			    is_value(op));
	}
	return 1;
}

/*
 * Do instances of files' readers keep the order of one, by turns (exec/
 * subtask.c)?  Ordered edges need it, those who work together, and event time
 * is that of one sequence of records.
 */
static int
flow_takes_turns(const struct widths *widths)
{
	const struct flow *flow = widths->plan->flow;

	if (widths->config->has_checkpoints)
		return 0;
	for (uint32_t i = 0; i < flow->op_count; i++)
		if (flow->op[i]->def->flags & OP_SETS_TIME)
			return 0;
	for (uint32_t i = 0; i < flow->source_count; i++) {
		const struct flow_source *source = flow->source[i];
		if (source->source == NULL || !is_ordered(source) ||
		    !can_be_wide(widths, source->next))
			return 0;
	}
	return 1;
}

/* Does everything behind the operator wait for the end of the input? */
static int
waits_for_end(const struct op *op)
{
	for (; op != NULL; op = op->next) {
		if (op->side != NULL && !waits_for_end(op->side))
			return 0;
		if (op->input_count == 1 && (op->def->flags & OP_JOINT))
			return 1;
	}
	return 0;
}

/* How many instances could read the source side by side. */
static uint32_t
most_readers(const struct widths *widths, uint32_t index)
{
	const struct flow_source *in = widths->plan->flow->source[index];
	uint32_t splits = source_width(in->source);
	uint32_t ranges = widths->takes_turns ?
	    source_range_count(in->source) : 0;

	/* Who writes a pipe keeps few readers busy; a record that somebody may
	 * wait for is out sooner if it is not handed from thread to thread. */
	if (source_is_pipe(in->source) && ranges > PIPE_READERS_MAX)
		ranges = waits_for_end(in->next) ? PIPE_READERS_MAX : 0;
	return splits > ranges ? splits : ranges;
}

static uint32_t
width_of_source(const struct widths *widths, uint32_t index)
{
	const struct flow *flow = widths->plan->flow;
	const struct flow_source *source = flow->source[index];
	uint32_t most = 0;

	if (source->source == NULL)
		return 1;
	const struct source_spec *spec = source_spec(source->source);
	if (spec->host_count > 0)
		return spec->host_count;
	int is_shared = flow->scalar_count > 0 || op_meets(source->next);
	if (has_late_watermark(widths, source->next) ||
	    (is_shared && !widths->takes_turns) ||
	    (widths->config->has_checkpoints &&
	    !feeds_hash(widths, source->next)))
		return 1;
	/* Those that meet are read by one task. */
	for (uint32_t i = 0; i < flow->source_count; i++)
		if ((i == index || is_shared) &&
		    most_readers(widths, i) > most)
			most = most_readers(widths, i);
	return most < widths->config->workers ? most :
	    widths->config->workers;
}

uint32_t
tasks_keyed_width(const struct flow *flow, const struct op *op,
	unsigned workers, uint32_t hosts)
{
	uint32_t wanted = workers * (hosts == 0 ? 1 : hosts);

	if (op->args.by_count == 0 || op_meets(op->next) ||
	    (op->side != NULL && op_meets(op->side)) ||
	    flow->scalar_count > 0)
		return 1;
	return wanted < KEY_GROUP_COUNT ? wanted : KEY_GROUP_COUNT;
}

static void
width_spread(struct widths *widths, const struct op *op, uint32_t input)
{
	for (; op != NULL; op = op->next) {
		uint32_t width = 1;
		if (op->def->flags & OP_KEYED)
			width = tasks_keyed_width(widths->plan->flow, op,
			    widths->config->workers,
			    widths->config->keyed_host_count);
		else if (is_parallel(widths, op) || ((op->def->flags &
		    OP_JOINT) && widths->takes_turns))
			width = input;
		widths->width[op->id] = width;
		if (op->side != NULL)
			width_spread(widths, op->side, width);
		input = width;
		if (op->input_count > 1 && op->next != NULL &&
		    widths->width[op->next->id] != 0)
			return;
	}
}

static struct task_plan *
task_add(struct tasks *tasks, uint32_t width)
{
	struct task_plan *task = mem_alloc_zero(sizeof(*task));

	tasks->task = mem_resize(tasks->task,
	    (tasks->task_count + 1) * sizeof(*tasks->task));
	task->id = tasks->task_count;
	task->width = width;
	tasks->task[tasks->task_count++] = task;
	return task;
}

static void
task_add_source(struct task_plan *task, uint32_t index)
{
	task->source = mem_resize(task->source,
	    (task->source_count + 1) * sizeof(*task->source));
	task->source[task->source_count++] = index;
}

static void
task_add_op(struct tasks *tasks, struct task_plan *task, struct op *op)
{
	task->op = mem_resize(task->op,
	    (task->op_count + 1) * sizeof(*task->op));
	task->op[task->op_count++] = op;
	tasks->task_of_op[op->id] = task->id;
}

/* The source that the task reads on other hosts; NULL if it reads here. */
static const struct source_spec *
task_away(const struct plan *plan, const struct task_plan *task)
{
	const struct source *source = task->source_count == 0 ? NULL :
	    plan->flow->source[task->source[0]]->source;
	const struct source_spec *spec = source == NULL ? NULL :
	    source_spec(source);

	return spec != NULL && spec->host_count > 0 ? spec : NULL;
}

/* Is this a cut, and of which kind?  -1: no. */
static int
cut_kind(const struct widths *widths, const struct task_plan *from,
	const struct op *to, int is_ordered)
{
	uint32_t width = widths->width[to->id];

	if ((to->def->flags & OP_KEYED) && width > 1)
		return EDGE_HASH;
	if (from->width == width && !(task_away(widths->plan, from) != NULL &&
	    (!is_parallel(widths, to) || to->input_count > 1)))
		return -1;
	return is_ordered && from->in == NULL ? EDGE_ORDERED : EDGE_GATHER;
}

static void task_grow(struct tasks *, const struct widths *,
	struct task_plan *, struct edge_plan from, struct op *to,
	unsigned to_port);

static void
task_follow(struct tasks *tasks, const struct widths *widths,
	struct task_plan *task, struct op *op)
{
	if (op->side != NULL)
		task_grow(tasks, widths, task, (struct edge_plan){ .from = op,
		    .from_side = 1 }, op->side, op->side_port);
	if (op->next != NULL)
		task_grow(tasks, widths, task, (struct edge_plan){ .from = op },
		    op->next, op->next_port);
}

static int
task_is_ordered(const struct widths *widths, const struct task_plan *task)
{
	for (uint32_t i = 0; i < task->source_count; i++)
		if (!is_ordered(widths->plan->flow->source[task->source[i]]))
			return 0;
	return 1;
}

static void
edge_add(struct tasks *tasks, struct task_plan *from, struct task_plan *to,
	struct edge_plan edge)
{
	struct edge_plan *kept = mem_copy(&edge, sizeof(edge));

	kept->id = tasks->edge_count;
	kept->source_task = from->id;
	kept->target_task = to->id;
	tasks->edge = mem_resize(tasks->edge,
	    (tasks->edge_count + 1) * sizeof(*tasks->edge));
	tasks->edge[tasks->edge_count++] = kept;
	from->out = mem_resize(from->out,
	    (from->out_count + 1) * sizeof(*from->out));
	from->out[from->out_count++] = kept;
	to->in = kept;
}

/* Take `to` into the task, or begin another behind an edge. */
static void
task_grow(struct tasks *tasks, const struct widths *widths,
	struct task_plan *task, struct edge_plan from, struct op *to,
	unsigned to_port)
{
	if (tasks->task_of_op[to->id] != UINT32_MAX)
		return;		/* the other input of a join */
	int kind = cut_kind(widths, task, to, task_is_ordered(widths, task));
	if (kind >= 0) {
		struct task_plan *next = task_add(tasks,
		    widths->width[to->id]);
		from.kind = (enum edge_kind)kind;
		from.to = to;
		from.to_port = to_port;
		edge_add(tasks, task, next, from);
		task = next;
	}
	task_add_op(tasks, task, to);
	task_follow(tasks, widths, task, to);
}

/* The task that a source's records meet first, if it is there already. */
static struct task_plan *
task_met(struct tasks *tasks, const struct op *op)
{
	for (; op != NULL; op = op->next) {
		if (tasks->task_of_op[op->id] != UINT32_MAX)
			return tasks->task[tasks->task_of_op[op->id]];
		struct task_plan *side = op->side == NULL ? NULL :
		    task_met(tasks, op->side);
		if (side != NULL)
			return side;
	}
	return NULL;
}

static void
task_from_source(struct tasks *tasks, const struct widths *widths,
	uint32_t index)
{
	const struct flow_source *source = widths->plan->flow->source[index];
	struct task_plan *task = task_met(tasks, source->next);

	if (task == NULL && index > 0 &&
	    widths->plan->flow->scalar_count > 0)
		task = tasks->task[0];
	if (task == NULL)
		task = task_add(tasks, widths->source_width[index]);
	task_add_source(task, index);
	if (source->next != NULL)
		task_grow(tasks, widths, task, (struct edge_plan){
		    .from_source = index }, source->next, source->next_port);
}

/* An instance behind a hash has a copy of the plan to itself: who sends to it
 * evaluates the keys with another. */
static void
tasks_number_copies(struct tasks *tasks)
{
	uint32_t shared = 1;

	for (uint32_t i = 0; i < tasks->task_count; i++) {
		struct task_plan *task = tasks->task[i];
		tasks->instance_count += task->width;
		if ((task->in == NULL || task->in->kind != EDGE_HASH) &&
		    task->width > shared)
			shared = task->width;
	}
	tasks->copy_count = shared;
	for (uint32_t i = 0; i < tasks->task_count; i++) {
		struct task_plan *task = tasks->task[i];
		if (task->in == NULL || task->in->kind != EDGE_HASH)
			continue;
		task->copy = tasks->copy_count;
		tasks->copy_count += task->width;
	}
}

/* What the hosts run: their own files' sources, and keyed instances. */
static void
tasks_place(struct tasks *tasks, const struct plan *plan,
	const struct tasks_config *config)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < tasks->task_count; i++) {
		struct task_plan *task = tasks->task[i];
		const struct source_spec *spec = task_away(plan, task);
		task->host = mem_alloc((task->width + 1) *
		    sizeof(*task->host));
		for (uint32_t k = 0; k < task->width; k++) {
			task->host[k] = TASK_HERE;
			if (spec != NULL)
				for (uint32_t h = 0; h < config->host_count;
				    h++)
					if (strcmp(config->host[h],
					    spec->host[k]) == 0)
						task->host[k] = h;
			if (config->keyed_host_count > 0 && task->in != NULL &&
			    task->in->kind == EDGE_HASH)
				task->host[k] = next++ %
				    config->keyed_host_count;
		}
	}
}

struct tasks *
tasks_new(const struct plan *plan, const struct tasks_config *config)
{
	const struct flow *flow = plan->flow;
	struct tasks *tasks = mem_alloc_zero(sizeof(*tasks));
	struct widths widths = {
		.plan = plan, .config = config,
		.width = mem_alloc_zero((flow->op_count + 1) *
		    sizeof(uint32_t)),
		.source_width = mem_alloc_zero((flow->source_count + 1) *
		    sizeof(uint32_t)),
	};

	tasks->host = config->host;
	tasks->host_count = config->host_count;
	tasks->task_of_op = mem_alloc((flow->op_count + 1) *
	    sizeof(uint32_t));
	memset(tasks->task_of_op, 0xff, (flow->op_count + 1) *
	    sizeof(uint32_t));
	widths.is_ordered = flow_is_ordered(flow);
	widths.takes_turns = flow_takes_turns(&widths);
	for (uint32_t i = 0; i < flow->source_count; i++) {
		widths.source_width[i] = width_of_source(&widths, i);
		width_spread(&widths, flow->source[i]->next,
		    widths.source_width[i]);
	}
	for (uint32_t i = 0; i < flow->source_count; i++)
		task_from_source(tasks, &widths, i);
	tasks_number_copies(tasks);
	tasks_place(tasks, plan, config);
	mem_free(widths.width);
	mem_free(widths.source_width);
	return tasks;
}

void
tasks_free(struct tasks **take_tasks)
{
	struct tasks *tasks = *take_tasks;

	*take_tasks = NULL;
	if (tasks == NULL)
		return;
	for (uint32_t i = 0; i < tasks->task_count; i++) {
		struct task_plan *task = tasks->task[i];
		mem_free(task->source);
		mem_free(task->op);
		mem_free(task->out);
		mem_free(task->host);
		mem_free(task);
	}
	for (uint32_t i = 0; i < tasks->edge_count; i++)
		mem_free(tasks->edge[i]);
	mem_free(tasks->task);
	mem_free(tasks->edge);
	mem_free(tasks->task_of_op);
	mem_free(tasks);
}

static void
explain_place(const struct tasks *tasks, const struct task_plan *task,
	struct buf *out)
{
	int here = 0;

	for (uint32_t k = 0; k < task->width; k++)
		here += task->host[k] == TASK_HERE;
	if (here == (int)task->width)
		return;
	for (uint32_t k = 0; k < task->width; k++)
		buf_add_format(out, "%s%s", k == 0 ? " on " : ", ",
		    task->host[k] == TASK_HERE ? "this host" :
		    tasks->host[task->host[k]]);
}

static void
explain_edge(const struct edge_plan *edge, struct buf *out)
{
	static const char *const kinds[] = {
		[EDGE_HASH] = "by hash of", [EDGE_GATHER] = "gathered",
		[EDGE_ORDERED] = "gathered in order",
	};

	buf_add_format(out, "  %s%s", edge->from_side ?
	    "side output " : "", kinds[edge->kind]);
	for (uint32_t i = 0; edge->kind == EDGE_HASH &&
	    i < edge->to->args.by_count; i++)
		buf_add_format(out, "%s %s", i == 0 ? "" : ",",
		    edge->to->args.by[i].name);
	buf_add_format(out, " to task %u\n", edge->target_task);
}

void
tasks_explain(const struct plan *plan, const struct tasks *tasks,
	struct buf *out)
{
	for (uint32_t i = 0; i < tasks->task_count; i++) {
		const struct task_plan *task = tasks->task[i];
		buf_add_format(out, "task %u (%u instance%s", task->id,
		    task->width, task->width == 1 ? "" : "s");
		explain_place(tasks, task, out);
		buf_add_string(out, "):");
		for (uint32_t k = 0; k < task->source_count; k++) {
			const struct source *source =
			    plan->flow->source[task->source[k]]->source;
			buf_add_format(out, "%s read %s", k == 0 ? "" : ",",
			    source == NULL ? "stdin" : source_label(source));
		}
		for (uint32_t k = 0; k < task->op_count; k++)
			buf_add_format(out, "%s %s", k + task->source_count ==
			    0 ? "" : ",", task->op[k]->def->name);
		buf_add_char(out, '\n');
		for (uint32_t k = 0; k < task->out_count; k++)
			explain_edge(task->out[k], out);
	}
}
