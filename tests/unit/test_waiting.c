#include <criterion/criterion.h>

#include "op/waiting.h"
#include "state/spill.h"

/*
 * Records 0, 1, 2, ... in turns of random length, each turn given to one of
 * three instances, in batches of random size: what the instances take, round
 * after round, is the same, whatever was written to files.
 */
#define INSTANCES 3

struct rig {
	struct waiting *waiting;
	struct spill *spill;
	struct op_job job;
	struct op_run run[INSTANCES];
	uint64_t turn_first[100];	/* the record that begins it */
};

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static struct batch *
batch_from(uint64_t first, uint32_t count)
{
	struct schema *schema = schema_new();
	schema_add(schema, "n", 1, TYPE_INT);
	struct batch *batch = batch_new(schema, count);
	int64_t *number = region_alloc(batch_region(batch),
	    count * sizeof(*number));

	for (uint32_t i = 0; i < count; i++)
		number[i] = (int64_t)(first + i);
	column_init_flat(&batch->column[0], TYPE_INT, count,
	    batch_region(batch));
	memcpy(batch->column[0].data, number, count * sizeof(*number));
	schema_drop(&schema);
	return batch;
}

static uint64_t
rig_give(struct rig *rig, uint32_t *seed, uint32_t turns)
{
	struct err err = ERR_INIT;
	uint64_t next = 0;

	for (uint32_t turn = 0; turn < turns; turn++) {
		struct op_run *run = &rig->run[draw(seed, INSTANCES)];
		uint32_t batches = draw(seed, 5);
		uint64_t number = 0;
		rig->turn_first[turn] = next;
		for (uint32_t b = 0; b < batches; b++) {
			uint32_t count = 1 + draw(seed, 50);
			struct batch *batch = batch_from(next, count);
			cr_assert_eq(waiting_add(rig->waiting, run, batch,
			    turn, number, &err), 0);
			batch_free(&batch);
			number += count;
			next += count;
		}
	}
	return next;
}

/* All that the instances take; how many records. */
static uint64_t
rig_take(struct rig *rig)
{
	struct err err = ERR_INIT;
	uint64_t turn, number, next = 0;
	struct batch *batch;
	int got;

	for (uint32_t i = 0; !waiting_is_out(rig->waiting, &rig->run[0]) ||
	    i > 0; i = (i + 1) % INSTANCES) {
		got = waiting_take(rig->waiting, &rig->run[i], &batch, &turn,
		    &number, &err);
		if (got == 0)
			continue;
		cr_assert_eq(got, 1);
		const int64_t *data = batch->column[0].data;
		cr_assert_eq(rig->turn_first[turn] + number, next);
		for (uint32_t k = 0; k < batch->sel_count; k++)
			cr_assert_eq(data[batch_row(batch, k)],
			    (int64_t)next++);
		batch_free(&batch);
	}
	return next;
}

static void
check_order(uint32_t press, uint32_t seed, uint32_t turns)
{
	static const struct op_def def = { .name = "waits" };
	static const struct op op = { .def = &def };
	struct rig rig = { .waiting = waiting_new("waits", INSTANCES) };

	rig.spill = spill_new("/tmp", 0);
	rig.job.spill = rig.spill;
	for (uint32_t i = 0; i < INSTANCES; i++)
		rig.run[i] = (struct op_run){ .op = &op, .job = &rig.job,
			.instance = i, .instance_count = INSTANCES };
	mem_set_press(press);
	uint64_t given = rig_give(&rig, &seed, turns);
	mem_set_press(0);
	waiting_settle(rig.waiting);
	if (seed % 4 > 0)
		cr_assert_eq(rig_take(&rig), given);
	waiting_free(&rig.waiting);
	cr_assert_eq(mem_charged(), 0);
	cr_assert_eq(spill_used_bytes(rig.spill), 0);
	spill_free(&rig.spill);
}

Test(waiting, keeps_the_order_in_memory_and_in_files)
{
	for (uint32_t seed = 0; seed < 60; seed++)
		check_order(seed % 4, seed, 1 + seed);
}

Test(waiting, gives_nothing_of_nothing)
{
	check_order(0, 1, 0);
}
