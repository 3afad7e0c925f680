/*
 * Joins against a nested loop: random keys with nulls and long ones, every
 * kind, some instances that work together, and memory so small that rows lie
 * in files.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "func/func.h"
#include "io/bad.h"
#include "op/joint.h"
#include "op/op.h"
#include "state/spill.h"
#include "util/buf.h"

#define ROWS_MAX 3000
#define TURNS 6
#define INSTANCES_MAX 3

struct row {
	int key;	/* -1: null */
	int value;
};

struct table {
	struct row row[ROWS_MAX];
	uint32_t count;
};

/* One instance with a sink that writes down what comes, by turn. */
struct instance {
	struct op *op;
	struct op_run run, sink;
	struct op_job job;
	struct buf turn[TURNS], work;
	size_t *round_end;	/* in work; but for the last */
	uint32_t round_count;
	int works;
};

struct rig {
	struct instance instance[INSTANCES_MAX];
	uint32_t count;
	struct spill *spill;
	struct joint *joint;
	void *share;
};

static uint64_t seed, rounds_seen;

static uint32_t
pick(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static void
add_key(int key, struct buf *out)
{
	if (key < 0)
		buf_add_char(out, '-');
	else if (key % 7 == 3)
		buf_add_format(out, "a key that is beyond a view %d", key);
	else
		buf_add_format(out, "%d", key);
}

static void
add_record(const struct row *left, const struct row *right, int is_half,
	struct buf *out)
{
	if (left == NULL) {
		buf_add_string(out, "-,-");
	} else {
		add_key(left->key, out);
		buf_add_format(out, ",%d", left->value);
	}
	if (!is_half && right == NULL) {
		buf_add_string(out, ",-,-");
	} else if (!is_half) {
		buf_add_char(out, ',');
		add_key(right->key, out);
		buf_add_format(out, ",%d", right->value);
	}
	buf_add_char(out, '\n');
}

static int
rows_meet(const struct row *left, const struct row *right, int asks)
{
	return left->key >= 0 && left->key == right->key &&
	    (!asks || left->value < right->value);
}

/* The nearest row at or before it by value; of equal ones the last. */
static const struct row *
row_before(const struct row *left, const struct table *right)
{
	const struct row *best = NULL;

	for (uint32_t r = 0; r < right->count; r++) {
		const struct row *row = &right->row[r];
		if (left->key >= 0 && left->key == row->key &&
		    row->value <= left->value &&
		    (best == NULL || row->value >= best->value))
			best = row;
	}
	return best;
}

/* What the join of the tables comes to, by the definition. */
static void
nested_loop(enum op_join kind, const struct table *left,
	const struct table *right, int asks, struct buf *out)
{
	uint8_t *found = mem_alloc_zero(right->count + 1);
	int is_half = kind == OP_JOIN_SEMI || kind == OP_JOIN_ANTI;

	for (uint32_t l = 0; l < left->count; l++) {
		int any = 0;
		if (kind == OP_JOIN_ASOF) {
			add_record(&left->row[l], row_before(&left->row[l],
			    right), 0, out);
			continue;
		}
		for (uint32_t r = 0; r < right->count; r++) {
			if (!rows_meet(&left->row[l], &right->row[r], asks))
				continue;
			any = found[r] = 1;
			if (!is_half)
				add_record(&left->row[l], &right->row[r], 0,
				    out);
		}
		if ((kind == OP_JOIN_SEMI && any) ||
		    (kind == OP_JOIN_ANTI && !any) || (!any &&
		    (kind == OP_JOIN_LEFT || kind == OP_JOIN_FULL)))
			add_record(&left->row[l], NULL, is_half, out);
	}
	for (uint32_t r = 0; r < right->count; r++)
		if (!found[r] &&
		    (kind == OP_JOIN_RIGHT || kind == OP_JOIN_FULL))
			add_record(NULL, &right->row[r], 0, out);
	mem_free(found);
}

static enum op_status
sink_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct instance *it = run->state;
	struct buf *out = it->works ? &it->work : &it->turn[it->job.turn];
	struct region *region = region_new();

	(void)port;
	(void)err;
	batch_verify(take_batch);
	for (uint32_t i = 0; i < take_batch->sel_count; i++) {
		for (uint32_t c = 0; c < take_batch->schema->field_count;
		    c++) {
			struct value value = column_value(
			    &take_batch->column[c],
			    batch_row(take_batch, i), region);
			if (c > 0)
				buf_add_char(out, ',');
			if (value.type <= TYPE_MISSING)
				buf_add_char(out, '-');
			else
				value_add_text(&value, out);
		}
		buf_add_char(out, '\n');
	}
	region_drop(&region);
	batch_free(&take_batch);
	return OP_OK;
}

static const struct op_def sink_def = { .name = "test", .push = sink_push };
static const struct op sink_op = { .def = &sink_def, .input_count = 1 };

static struct schema *
schema_of(const char *key, const char *value)
{
	struct schema *schema = schema_new();

	schema_add(schema, key, strlen(key), TYPE_ANY);
	schema_add(schema, value, strlen(value), TYPE_ANY);
	return schema;
}

static struct expr *
field(const char *name)
{
	return expr_field(name, strlen(name), TYPE_ANY);
}

static struct op *
join_op(enum op_join kind, int asks)
{
	struct op *op = op_new(op_find("join", 4));
	struct err err = ERR_INIT;

	op->input_count = 2;
	op->in[0] = schema_of("k", "v");
	op->in[1] = schema_of("k", "v");
	op->args.join = kind;
	op->args.as = "u";
	op->args.on_left = mem_alloc(sizeof(struct expr *));
	op->args.on_right = mem_alloc(sizeof(struct expr *));
	op->args.on_left[0] = field("k");
	op->args.on_right[0] = field("k");
	op->args.on_count = 1;
	op->args.within_us = INT64_MAX;
	if (kind == OP_JOIN_ASOF) {
		op->args.asof_left = field("v");
		op->args.asof_right = field("v");
	} else if (asks) {
		struct expr *side[2] = { field("v"), field("u.v") };
		op->args.residual = expr_call(func_find("lt", 2), side, 2,
		    NULL, &err);
	}
	cr_assert(op_bind(op, &err) == 0, "%s", err.message);
	return op;
}

static void
rig_open(struct rig *rig, uint32_t count, enum op_join kind, int asks)
{
	struct err err = ERR_INIT;

	*rig = (struct rig){ .count = count };
	rig->spill = spill_new("/tmp", 0);
	rig->joint = joint_new(count);
	for (uint32_t i = 0; i < count; i++) {
		struct instance *it = &rig->instance[i];
		it->op = join_op(kind, asks);
		if (i == 0)
			rig->share = it->op->def->share(it->op, count);
		it->job.bad = bad_new(BAD_SKIP, NULL, &err);
		it->job.spill = rig->spill;
		it->sink = (struct op_run){ .op = &sink_op, .state = it,
			.job = &it->job, .open_inputs = 1 };
		it->run = (struct op_run){
			.op = it->op,
			.state = mem_alloc_zero(it->op->def->state_bytes),
			.job = &it->job, .next = &it->sink, .open_inputs = 2,
			.instance = i, .instance_count = count,
			.joint = rig->joint, .share = rig->share,
		};
		cr_assert(it->op->def->open(&it->run, &err) == 0);
	}
}

static void
rig_close(struct rig *rig)
{
	struct err err = ERR_INIT;

	for (uint32_t i = 0; i < rig->count; i++) {
		struct instance *it = &rig->instance[i];
		it->op->def->close(&it->run);
		mem_free(it->run.state);
	}
	rig->instance[0].op->def->unshare(rig->share);
	for (uint32_t i = 0; i < rig->count; i++) {
		struct instance *it = &rig->instance[i];
		for (uint32_t t = 0; t < TURNS; t++)
			buf_fini(&it->turn[t]);
		buf_fini(&it->work);
		mem_free(it->round_end);
		op_job_fini(&it->job);
		bad_close(&it->job.bad, &err);
		op_free(&it->op);
	}
	joint_free(&rig->joint);
	spill_free(&rig->spill);
	cr_assert_eq(mem_charged(), 0);
}

/* Rows [from, to), of a kind of number that changes from batch to batch. */
static struct batch *
batch_of(struct schema *schema, const struct table *table, uint32_t from,
	uint32_t to)
{
	struct builder builder[2] = { 0 };
	struct buf text = { 0 };
	enum type type = pick(3) == 0 ? TYPE_TEXT : TYPE_RAW;
	int is_int = pick(3) == 0;

	for (uint32_t i = from; i < to; i++) {
		const struct row *row = &table->row[i];
		text.size = 0;
		add_key(row->key, &text);
		if (row->key < 0)
			builder_add_null(&builder[0]);
		else if (is_int && row->key % 7 != 3)
			builder_add_int(&builder[0], TYPE_INT, row->key);
		else
			builder_add_text(&builder[0], type, text.bytes,
			    text.size);
		builder_add_int(&builder[1], TYPE_INT, row->value);
	}
	struct batch *batch = batch_new(schema, to - from);
	struct region *region = batch_region(batch);
	for (uint32_t c = 0; c < 2; c++) {
		builder_finish(&builder[c], region, &batch->column[c]);
		builder_fini(&builder[c]);
	}
	buf_fini(&text);
	return batch;
}

/* A table is cut into turns, of which any instance gets the next. */
static void
rig_push(struct rig *rig, unsigned port, const struct table *table)
{
	struct schema *schema = schema_of("k", "v");
	struct err err = ERR_INIT;
	uint32_t from = 0;

	for (uint32_t t = 0; t < TURNS; t++) {
		struct instance *it = &rig->instance[pick(rig->count)];
		uint32_t to = (uint32_t)((uint64_t)table->count * (t + 1) /
		    TURNS);
		it->job.turn = t;
		while (from < to) {
			uint32_t end = from + 1 + pick(300);
			end = end < to ? end : to;
			enum op_status status = op_push(&it->run, port,
			    batch_of(schema, table, from, end), &err);
			cr_assert(status != OP_FAIL, "%s", err.message);
			from = end;
		}
	}
	schema_drop(&schema);
}

static void
end_round(struct instance *it)
{
	if (!it->job.turn_is_over)
		return;
	it->job.turn_is_over = 0;
	it->round_end = mem_resize(it->round_end,
	    (it->round_count + 1) * sizeof(*it->round_end));
	it->round_end[it->round_count++] = it->work.size;
}

static void
rig_end(struct rig *rig, unsigned port)
{
	enum op_status status[INSTANCES_MAX];
	struct err err = ERR_INIT;
	int left = 1;

	for (uint32_t i = 0; i < rig->count; i++)
		status[i] = op_end(&rig->instance[i].run, port, &err);
	while (left) {
		left = 0;
		for (uint32_t i = 0; i < rig->count; i++) {
			struct instance *it = &rig->instance[i];
			if (status[i] != OP_WAIT && status[i] != OP_AGAIN)
				continue;
			it->works = 1;
			status[i] = op_work(&it->job, &err);
			it->works = 0;
			end_round(it);
			cr_assert(status[i] != OP_FAIL, "%s", err.message);
			left = 1;
		}
	}
}

static void
rig_collect(struct rig *rig, struct buf *out)
{
	for (uint32_t t = 0; t < TURNS; t++)
		for (uint32_t i = 0; i < rig->count; i++)
			buf_add(out, rig->instance[i].turn[t].bytes,
			    rig->instance[i].turn[t].size);
	for (uint32_t r = 0; r <= rig->instance[0].round_count; r++)
		for (uint32_t i = 0; i < rig->count; i++) {
			struct instance *it = &rig->instance[i];
			size_t begin = r == 0 ? 0 : it->round_end[r - 1];
			size_t end = r == it->round_count ? it->work.size :
			    it->round_end[r];
			cr_assert_eq(it->round_count,
			    rig->instance[0].round_count);
			buf_add(out, it->work.bytes + begin, end - begin);
		}
	rounds_seen += rig->instance[0].round_count;
}

static void
fill(struct table *table, uint32_t count, uint32_t keys, int hot)
{
	table->count = count;
	for (uint32_t i = 0; i < count; i++)
		table->row[i] = (struct row){
			.key = pick(20) == 0 ? -1 : hot && pick(3) == 0 ? 1 :
			    (int)pick(keys),
			.value = (int)pick(100),
		};
}

static uint64_t
join_once(const struct table *left, const struct table *right,
	enum op_join kind, int asks, uint32_t instances, int left_first)
{
	struct buf wanted = { 0 }, got = { 0 };
	struct rig rig;

	nested_loop(kind, left, right, asks, &wanted);
	rig_open(&rig, instances, kind, asks);
	if (left_first) {
		rig_push(&rig, 0, left);
		rig_push(&rig, 1, right);
		rig_end(&rig, 0);
		rig_end(&rig, 1);
	} else {
		rig_push(&rig, 1, right);
		rig_end(&rig, 1);
		rig_push(&rig, 0, left);
		rig_end(&rig, 0);
	}
	rig_collect(&rig, &got);
	cr_assert_str_eq(buf_string(&got), buf_string(&wanted),
	    "kind %d, condition %d, %u instances, left first %d", kind, asks,
	    instances, left_first);
	uint64_t written = spill_written_bytes(rig.spill);
	rig_close(&rig);
	buf_fini(&wanted);
	buf_fini(&got);
	return written;
}

static struct table left, right;

static uint64_t
join_all(enum op_join last)
{
	uint64_t written = 0;

	for (int kind = OP_JOIN_INNER; kind <= (int)last; kind++)
		for (int asks = 0; asks < 2; asks++)
			for (uint32_t n = 1; n <= INSTANCES_MAX; n++)
				written += join_once(&left, &right,
				    (enum op_join)kind, asks, n, 0);
	return written;
}

Test(join, of_small_tables)
{
	static const uint32_t counts[] = { 0, 1, 3, 70 };

	for (seed = 1; seed < 30; seed++) {
		fill(&left, counts[pick(4)], 20, 0);
		fill(&right, counts[pick(4)], 20, 0);
		cr_assert_eq(join_all(OP_JOIN_ASOF), 0);
		/* One stream on both sides: the left side comes first. */
		for (int kind = OP_JOIN_INNER; kind <= OP_JOIN_ASOF; kind++)
			join_once(&left, &right, (enum op_join)kind, 0,
			    1 + pick(INSTANCES_MAX), 1);
	}
}

Test(join, of_keys_with_many_rows)
{
	seed = 5;
	fill(&left, 400, 10, 0);
	fill(&right, 300, 10, 0);
	join_all(OP_JOIN_ASOF);
}

Test(join, of_many_keys)
{
	seed = 6;
	fill(&left, ROWS_MAX, 2000, 0);
	fill(&right, ROWS_MAX, 2000, 0);
	cr_assert_eq(join_all(OP_JOIN_ASOF), 0);
}

/* Rows lie in files, of which some are read in one piece. */
Test(join, beyond_memory)
{
	seed = 7;
	fill(&left, 1000, 700, 0);
	fill(&right, ROWS_MAX, 700, 0);
	mem_set_limit(200000);
	cr_assert_gt(join_all(OP_JOIN_ASOF), 100000);
	mem_set_limit(0);
}

/* What was put aside is given in many rounds. */
Test(join, beyond_memory_in_rounds)
{
	seed = 8;
	fill(&left, 1000, 700, 0);
	fill(&right, ROWS_MAX, 700, 0);
	setenv("SFLOW_TEST_MARKS", "1", 1);
	mem_set_limit(200000);
	join_all(OP_JOIN_ASOF);
	mem_set_limit(0);
	unsetenv("SFLOW_TEST_MARKS");
	cr_assert_gt(rounds_seen, 100);
}

/* One key has so many rows that they never lie in memory together. */
Test(join, of_a_hot_key_beyond_memory)
{
	seed = 8;
	fill(&left, 30, 300, 1);
	fill(&right, ROWS_MAX, 300, 1);
	mem_set_limit(60000);
	cr_assert_gt(join_all(OP_JOIN_ANTI), 100000);
	mem_set_limit(0);
}
