/*
 * aggregate against a plain count: random records of random keys are dealt to
 * several instances in turns, which must come to what one record after the
 * other comes to, in the order of first appearance; with memory that is enough
 * and with so little that piles and results go to disk.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "io/bad.h"
#include "op/joint.h"
#include "op/op.h"
#include "op_harness.h"
#include "random_column.h"
#include "state/spill.h"
#include "util/buf.h"

#define KEYS_MAX 9000
#define BATCHES 40
#define BATCH_ROWS 700
#define INSTANCES_MAX 3

struct setup {
	uint32_t key_count;
	uint32_t instance_count;
	unsigned by_count;
	int is_ordered;		/* first, list and texts too */
	uint64_t limit_bytes;	/* 0: none */
};

/* What is known of a key. */
struct sum {
	uint64_t count;
	int64_t sum;
	uint32_t first;
	struct buf list;
};

static struct agg_expr *
make_agg(const char *name, const char *field)
{
	const struct agg_def *def = agg_find(name, strlen(name));
	struct expr *arg[1] = { field == NULL ? NULL : harness_field(field) };
	struct err err = ERR_INIT;
	unsigned bad_arg;
	struct agg_expr *agg = agg_expr_new(def, arg, field != NULL, NULL,
	    &bad_arg, &err);

	cr_assert(agg != NULL, "%s", err.message);
	return agg;
}

static struct op *
make_op(const struct setup *setup, struct schema *schema)
{
	static const char *const call[][3] = { { "n", "count", NULL },
		{ "s", "sum", "v" }, { "f", "first", "v" },
		{ "l", "list", "v" } };
	static const char *const key[] = { "a", "b" };
	struct op *op = op_new(op_find("aggregate", 9));

	op->input_count = 1;
	op->in[0] = schema_hold(schema);
	op->args.agg_count = setup->is_ordered ? 4 : 2;
	op->args.agg = mem_alloc_zero(5 * sizeof(*op->args.agg));
	for (uint32_t i = 0; i < op->args.agg_count; i++)
		op->args.agg[i] = (struct op_agg){ call[i][0],
			make_agg(call[i][1], call[i][2]) };
	op->args.by_count = setup->by_count;
	op->args.by = mem_alloc_zero(3 * sizeof(*op->args.by));
	for (unsigned k = 0; k < setup->by_count; k++)
		op->args.by[k] = (struct op_item){ .kind = OP_ITEM_EXPR,
			.name = key[k], .expr = harness_field(key[k]) };
	return op;
}

/* Part `k` of key number `key`: a null, a number, a short text, a long one. */
static void
add_part(const struct setup *setup, uint32_t key, unsigned k,
	struct builder *builder, struct buf *line)
{
	char room[64];
	uint32_t part = setup->by_count < 2 ? key : k == 0 ? key / 50 :
	    key % 50;
	int size = snprintf(room, sizeof(room), part % 3 == 0 ? "%u" :
	    part % 3 == 1 ? "t%u" : "a text of more than a view, %u", part);

	if (part == 0 && builder != NULL)
		builder_add_null(builder);
	else if (builder != NULL)
		builder_add_text(builder, TYPE_RAW, room, (size_t)size);
	if (line != NULL)
		buf_add(line, part == 0 ? "-" : room,
		    part == 0 ? 1 : (size_t)size);
}

static struct batch *
make_batch(const struct setup *setup, struct schema *schema, uint64_t *seed,
	struct sum *sum, uint32_t *order, uint32_t *order_count)
{
	struct builder builder[3] = { 0 };
	uint32_t count = 1 + random_next(seed, BATCH_ROWS);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t key = random_next(seed, setup->key_count);
		uint32_t value = random_next(seed, 1000);
		char room[16];
		for (unsigned k = 0; k < 2; k++)
			add_part(setup, key, k, &builder[k], NULL);
		int size = snprintf(room, sizeof(room), "%u", value);
		builder_add_text(&builder[2], TYPE_RAW, room, (size_t)size);
		struct sum *it = &sum[setup->by_count == 0 ? 0 : key];
		if (it->count++ == 0) {
			order[(*order_count)++] = (uint32_t)(it - sum);
			it->first = value;
		}
		it->sum += value;
		buf_add_format(&it->list, it->count == 1 ? "%u" : ",%u",
		    value);
	}
	struct batch *batch = batch_new(schema, count);
	struct region *region = batch_region(batch);
	for (unsigned c = 0; c < 3; c++) {
		builder_finish(&builder[c], region, &batch->column[c]);
		builder_fini(&builder[c]);
	}
	return batch;
}

static void
write_expected(const struct setup *setup, const struct sum *sum,
	const uint32_t *order, uint32_t count, struct buf *out)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct sum *it = &sum[order[i]];
		for (unsigned k = 0; k < setup->by_count; k++) {
			add_part(setup, order[i], k, NULL, out);
			buf_add_char(out, ',');
		}
		buf_add_format(out, "%llu,%lld", (unsigned long long)it->count,
		    (long long)it->sum);
		if (setup->is_ordered) {
			buf_add_format(out, ",%u,[", it->first);
			buf_add(out, it->list.bytes, it->list.size);
			buf_add_char(out, ']');
		}
		buf_add_char(out, '\n');
	}
}

/* Instances of one operator, which share what harness_open() made of the
 * first. */
static void
open_all(struct harness *harness, const struct setup *setup,
	struct schema *schema, struct spill *spill)
{
	const struct op_def *def = op_find("aggregate", 9);
	struct joint *joint = joint_new(setup->instance_count);
	struct err err = ERR_INIT;
	void *share = NULL;

	for (uint32_t i = 0; i < setup->instance_count; i++) {
		struct harness *it = &harness[i];
		it->op = make_op(setup, schema);
		cr_assert(op_bind(it->op, &err) == 0, "%s", err.message);
		if (share == NULL)
			share = def->share(it->op, setup->instance_count);
		it->job.bad = bad_new(BAD_SKIP, NULL, &err);
		it->job.spill = spill;
		op_run_init(&it->run, it->op, &it->job);
		it->sink = (struct op_run){ .op = &harness_op, .state = it,
			.job = &it->job, .open_inputs = 1 };
		it->run.next = &it->sink;
		it->run.instance = i;
		it->run.instance_count = setup->instance_count;
		it->run.joint = joint;
		it->run.share = share;
		cr_assert(def->open(&it->run, &err) == 0);
	}
}

static void
close_all(struct harness *harness, const struct setup *setup)
{
	const struct op_def *def = op_find("aggregate", 9);
	struct joint *joint = harness->run.joint;
	void *share = harness->run.share;
	struct err err = ERR_INIT;

	for (uint32_t i = 0; i < setup->instance_count; i++)
		def->close(&harness[i].run);
	for (uint32_t i = 0; i < setup->instance_count; i++) {
		struct harness *it = &harness[i];
		cr_assert_eq(it->run.budget.used_bytes, 0);
		mem_free(it->run.state);
		op_job_fini(&it->job);
		bad_close(&it->job.bad, &err);
		op_free(&it->op);
		buf_fini(&it->out);
		buf_fini(&it->aside);
	}
	def->unshare(share);
	joint_free(&joint);
}

/* The end of all, and what is to be done behind it, a piece each in turn. */
static void
end_all(struct harness *harness, uint32_t count)
{
	enum op_status status[INSTANCES_MAX];
	struct err err = ERR_INIT;
	uint32_t left = count;

	for (uint32_t i = 0; i < count; i++)
		status[i] = op_end(&harness[i].run, 0, &err);
	while (left > 0) {
		left = 0;
		for (uint32_t i = 0; i < count; i++) {
			if (status[i] == OP_OK)
				continue;
			status[i] = op_work(&harness[i].job, &err);
			cr_assert(status[i] != OP_FAIL, "%s", err.message);
			cr_assert(status[i] != OP_DONE);
			left++;
		}
	}
}

static void
run_setup(const struct setup *setup, uint64_t seed)
{
	struct harness harness[INSTANCES_MAX] = { 0 };
	struct schema *schema = harness_schema("a b v");
	struct sum *sum = mem_alloc_zero(KEYS_MAX * sizeof(*sum));
	uint32_t *order = mem_alloc(KEYS_MAX * sizeof(*order));
	uint32_t order_count = 0;
	struct buf expected = { 0 }, out = { 0 };
	struct spill *spill = spill_new("/tmp", 0);

	mem_set_limit(setup->limit_bytes);
	open_all(harness, setup, schema, spill);
	for (uint32_t b = 0; b < BATCHES; b++) {
		struct harness *it = &harness[b % setup->instance_count];
		struct err err = ERR_INIT;
		struct batch *batch = make_batch(setup, schema, &seed, sum,
		    order, &order_count);
		it->job.turn = b;
		cr_assert(op_push(&it->run, 0, batch, &err) == OP_OK, "%s",
		    err.message);
	}
	end_all(harness, setup->instance_count);
	for (uint32_t i = 0; i < setup->instance_count; i++)
		buf_add(&out, harness[i].out.bytes, harness[i].out.size);
	write_expected(setup, sum, order, order_count, &expected);
	cr_assert_eq(out.size, expected.size, "%zu, not %zu bytes", out.size,
	    expected.size);
	cr_assert(memcmp(out.bytes, expected.bytes, out.size) == 0);
	if (setup->limit_bytes > 0 && setup->by_count > 0)
		cr_assert(spill_written_bytes(spill) > 0);
	close_all(harness, setup);
	mem_set_limit(0);
	spill_free(&spill);
	for (uint32_t k = 0; k < KEYS_MAX; k++)
		buf_fini(&sum[k].list);
	mem_free(sum);
	mem_free(order);
	buf_fini(&expected);
	buf_fini(&out);
	schema_drop(&schema);
}

/* No groups at all, few, and more than a table of the cache has room for. */
Test(aggregate, is_a_plain_count)
{
	const uint32_t key_count[] = { 1, 20, 1500, KEYS_MAX };

	for (uint64_t seed = 0; seed < 24; seed++) {
		struct setup setup = {
			.key_count = key_count[seed % 4],
			.instance_count = 1 + seed % INSTANCES_MAX,
			.by_count = seed % 4 == 0 ? 0 : 1 + seed / 4 % 2,
			.is_ordered = seed / 8 % 2,
		};
		run_setup(&setup, seed);
	}
}

Test(aggregate, spills_and_comes_to_the_same)
{
	for (uint64_t seed = 0; seed < 12; seed++) {
		struct setup setup = {
			.key_count = KEYS_MAX - (uint32_t)seed * 100,
			.instance_count = 1 + seed % INSTANCES_MAX,
			.by_count = 1 + seed / 2 % 2,
			.is_ordered = seed / 4 % 2,
			.limit_bytes = (seed % 2 == 0 ? 300 : 600) << 10,
		};
		run_setup(&setup, seed);
	}
}
