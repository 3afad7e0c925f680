#include <stdlib.h>

#include "data/key.h"
#include "op/joint.h"
#include "op/sort_priv.h"
#include "op_harness.h"
#include "random_column.h"
#include "rounds.h"
#include "state/spill.h"

/*
 * sort against qsort by the whole key: random columns of all types in random
 * batches, of one to three instances that take turns, with more or less memory.
 * Every record has a number, and shows its values as csv has them.
 */
struct row {
	char *line;
	struct buf key;
	uint64_t turn, arrival;
};

/* Where the rounds of an instance end in its output. */
struct rounds {
	size_t *end;
	uint32_t count;
};

struct rig {
	struct op *op;
	uint32_t count;			/* instances */
	struct op_run run[3];
	struct op_run sink[3];
	struct op_job job[3];
	struct harness out[3];
	struct rounds rounds[3];
	struct joint *joint;
	void *share;
	struct spill *spill;
	struct row *row;
	uint32_t row_count;
	uint64_t turn;
	uint32_t wanted;		/* rows to compare; 0: all */
};

static struct op *
sort_op(uint64_t *seed, uint32_t keys)
{
	struct op *op = op_new(op_find("sort", 4));

	op->in[0] = harness_schema("x y n");
	op->args.key = mem_alloc_zero(keys * sizeof(*op->args.key));
	op->args.key_count = keys;
	for (uint32_t i = 0; i < keys; i++)
		op->args.key[i] = (struct op_key){
			harness_field(i == 0 ? "x" : "y"),
			(int)random_next(seed, 2), (int)random_next(seed, 2) };
	return op;
}

static void
rig_open(struct rig *rig, uint64_t *seed, uint64_t limit_bytes)
{
	struct err err = ERR_INIT;

	rig->op = sort_op(seed, 1 + random_next(seed, 2));
	rig->count = 1 + random_next(seed, 3);
	cr_assert(op_bind(rig->op, &err) == 0);
	rig->joint = joint_new(rig->count);
	rig->share = rig->op->def->share(rig->op, rig->count);
	rig->spill = spill_new("/tmp", 0);
	for (uint32_t i = 0; i < rig->count; i++) {
		struct op_run *run = &rig->run[i];
		op_run_init(run, rig->op, &rig->job[i]);
		run->budget.limit_bytes = limit_bytes;
		run->instance = i;
		run->instance_count = rig->count;
		run->joint = rig->joint;
		run->share = rig->share;
		run->next = &rig->sink[i];
		rig->sink[i] = (struct op_run){ .op = &harness_op,
			.state = &rig->out[i], .job = &rig->job[i],
			.open_inputs = 1 };
		rig->job[i].bad = bad_new(BAD_SKIP, NULL, &err);
		rig->job[i].spill = rig->spill;
		cr_assert(rig->op->def->open(run, &err) == 0);
	}
}

static void
rig_close(struct rig *rig)
{
	struct err err = ERR_INIT;

	for (uint32_t i = 0; i < rig->count; i++) {
		rig->op->def->close(&rig->run[i]);
		cr_assert_eq(rig->run[i].budget.used_bytes, 0);
		mem_free(rig->run[i].state);
		bad_close(&rig->job[i].bad, &err);
		op_job_fini(&rig->job[i]);
		buf_fini(&rig->out[i].out);
	}
	rig->op->def->unshare(rig->share);
	joint_free(&rig->joint);
	cr_assert_eq(spill_used_bytes(rig->spill), 0);
	spill_free(&rig->spill);
	op_free(&rig->op);
	for (uint32_t i = 0; i < rig->row_count; i++) {
		buf_fini(&rig->row[i].key);
		mem_free(rig->row[i].line);
	}
	mem_free(rig->row);
}

/* Remember the rows of a batch: their keys and what is to be written. */
static void
rig_note(struct rig *rig, const struct batch *batch)
{
	struct key_order order[2];
	struct column column[2];
	struct region *region = region_new();
	struct harness lines = { 0 };
	struct eval eval;

	for (uint32_t k = 0; k < rig->op->args.key_count; k++) {
		const struct op_key *key = &rig->op->args.key[k];
		order[k] = (struct key_order){ key->descending,
			key->nulls_first };
		eval_init(&eval, batch, region);
		expr_eval_as(key->expr, &eval, FUNC_NUMBER, batch->sel,
		    batch->sel_count, &column[k]);
	}
	harness_write(&lines, batch, &lines.out);
	const char *line = buf_string(&lines.out);
	rig->row = mem_resize(rig->row, (rig->row_count + batch->sel_count + 1)
	    * sizeof(*rig->row));
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		struct row *row = &rig->row[rig->row_count++];
		size_t size = strcspn(line, "\n") + 1;
		*row = (struct row){ .turn = rig->turn,
			.arrival = rig->row_count };
		row->line = mem_alloc(size + 1);
		memcpy(row->line, line, size);
		row->line[size] = '\0';
		line += size;
		key_add_order(column, order, rig->op->args.key_count, i,
		    &row->key);
	}
	buf_fini(&lines.out);
	region_drop(&region);
}

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	size_t size = x->key.size < y->key.size ? x->key.size : y->key.size;
	int order = memcmp(x->key.bytes, y->key.bytes, size);

	if (order != 0)
		return order;
	cr_assert_eq(x->key.size, y->key.size);
	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->arrival < y->arrival ? -1 : 1;
}

static void
rig_push(struct rig *rig, uint32_t instance, struct batch *take_batch)
{
	struct err err = ERR_INIT;

	rig->job[instance].turn = rig->turn;
	rig_note(rig, take_batch);
	cr_assert(op_push(&rig->run[instance], 0, take_batch, &err) == OP_OK,
	    "%s", err.message);
}

/* What the instance gives next is of another round. */
static void
rig_end_round(struct rig *rig, uint32_t instance)
{
	struct rounds *rounds = &rig->rounds[instance];

	rig->job[instance].turn_is_over = 0;
	rounds->end = mem_resize(rounds->end,
	    (rounds->count + 1) * sizeof(*rounds->end));
	rounds->end[rounds->count++] = rig->out[instance].out.size;
}

/* Round by round what each instance gave. */
static void
rig_gather(struct rig *rig, struct buf *got)
{
	for (uint32_t r = 0; r < rig->rounds[0].count; r++)
		for (uint32_t i = 0; i < rig->count; i++) {
			size_t *end = rig->rounds[i].end;
			size_t begin = r == 0 ? 0 : end[r - 1];
			cr_assert_eq(rig->rounds[i].count,
			    rig->rounds[0].count);
			buf_add(got, rig->out[i].out.bytes + begin,
			    end[r] - begin);
		}
	for (uint32_t i = 0; i < rig->count; i++)
		mem_free(rig->rounds[i].end);
}

/* End all; who waits is asked again behind the others. */
static void
rig_end(struct rig *rig)
{
	struct err err = ERR_INIT;
	int left = (int)rig->count, done[3] = { 0 };

	for (uint32_t i = 0; i < rig->count; i++)
		cr_assert(rig->op->def->flush(&rig->run[i], 0, &err) == OP_OK);
	for (uint32_t i = 0; left > 0; i = (i + 1) % rig->count) {
		if (done[i])
			continue;
		enum op_status status = rig->op->def->work(&rig->run[i], 0,
		    &err);
		cr_assert(status != OP_FAIL, "%s", err.message);
		if (rig->job[i].turn_is_over || status == OP_OK)
			rig_end_round(rig, i);
		if (status == OP_OK) {
			done[i] = 1;
			left--;
		}
	}
}

static void
rig_check(struct rig *rig, uint64_t seed)
{
	struct buf wanted = { 0 }, got = { 0 };
	uint32_t count = rig->wanted > 0 && rig->wanted < rig->row_count ?
	    rig->wanted : rig->row_count;

	if (rig->row_count > 0)
		qsort(rig->row, rig->row_count, sizeof(*rig->row),
		    compare_rows);
	for (uint32_t i = 0; i < count; i++)
		buf_add_string(&wanted, rig->row[i].line);
	rig_gather(rig, &got);
	/* A head behind it takes what is wanted. */
	if (count < rig->row_count && got.size > wanted.size)
		got.size = wanted.size;
	cr_assert_str_eq(buf_string(&got), buf_string(&wanted), "seed %llu",
	    (unsigned long long)seed);
	buf_fini(&wanted);
	buf_fini(&got);
}

static struct batch *
random_batch(struct schema *schema, uint64_t *seed, uint32_t rows,
	int *number)
{
	struct batch *batch = batch_new(schema, rows);
	struct region *region = batch_region(batch);
	struct builder count = { 0 };

	random_column(seed, rows, region, &batch->column[0]);
	random_column(seed, rows, region, &batch->column[1]);
	for (uint32_t i = 0; i < rows; i++)
		builder_add_int(&count, TYPE_INT, (*number)++);
	builder_finish(&count, region, &batch->column[2]);
	builder_fini(&count);
	if (random_next(seed, 3) == 0) {
		batch->sel = batch_sel_storage(batch);
		batch->sel_count = random_sel(seed, rows, batch->sel);
	}
	return batch;
}

Test(sort, is_qsort_by_the_whole_key)
{
	for (uint64_t seed = 1; seed < rounds(250); seed++) {
		uint64_t next = seed;
		struct rig rig = { 0 };
		int number = 0;
		rig_open(&rig, &next, seed % 3 == 0 ? 1500000 : 0);
		mem_set_press(seed % 3 == 1 ? 1 + random_next(&next, 9) : 0);
		for (uint32_t i = random_next(&next, 30); i > 0; i--) {
			rig.turn += random_next(&next, 2) * 3;
			uint32_t instance = (uint32_t)(rig.turn / 3) %
			    rig.count;
			rig_push(&rig, instance, random_batch(rig.op->in[0],
			    &next, 1 + random_next(&next, 200), &number));
		}
		mem_set_press(0);
		rig_end(&rig);
		rig_check(&rig, seed);
		rig_close(&rig);
	}
}

/* One batch of texts that begin alike and of which many are the same. */
static struct batch *
texts_batch(struct schema *schema, uint64_t *seed, uint32_t rows, int *number)
{
	struct batch *batch = batch_new(schema, rows);
	struct region *region = batch_region(batch);
	struct builder x = { 0 }, y = { 0 }, count = { 0 };
	char text[64];

	for (uint32_t i = 0; i < rows; i++) {
		int size = snprintf(text, sizeof(text),
		    random_next(seed, 50) == 0 ? "http:/%u" :
		    "https://www.example.com/%u/and/more",
		    random_next(seed, 900));
		builder_add_text(&x, TYPE_TEXT, text, (size_t)size);
		builder_add_int(&y, TYPE_INT, random_next(seed, 5));
		builder_add_int(&count, TYPE_INT, (*number)++);
	}
	builder_finish(&x, region, &batch->column[0]);
	builder_finish(&y, region, &batch->column[1]);
	builder_finish(&count, region, &batch->column[2]);
	builder_fini(&x);
	builder_fini(&y);
	builder_fini(&count);
	return batch;
}

/* Enough rows for buckets, and so little memory for runs that passes are. */
Test(sort, of_many_rows)
{
	for (uint64_t seed = 1; seed < rounds(13); seed++) {
		uint64_t next = seed;
		struct rig rig = { 0 };
		int number = 0;
		rig_open(&rig, &next, seed % 2 == 0 ? 0 : 2200000);
		for (uint32_t i = 0; i < 40; i++) {
			rig.turn += random_next(&next, 2) * 3;
			uint32_t instance = (uint32_t)(rig.turn / 3) %
			    rig.count;
			rig_push(&rig, instance, texts_batch(rig.op->in[0],
			    &next, 1500, &number));
		}
		rig_end(&rig);
		cr_assert_eq(spill_written_bytes(rig.spill) > 0, seed % 2);
		rig_check(&rig, seed);
		rig_close(&rig);
	}
}

/* A run is written when the memory is full, not for each batch behind that. */
Test(sort, fills_its_memory_again)
{
	uint64_t next = 5;
	struct rig rig = { 0 };
	int number = 0;
	uint32_t runs = 0;

	rig_open(&rig, &next, 4400000);
	for (uint32_t i = 0; i < 60 * rig.count; i++) {
		rig.turn += 3;
		rig_push(&rig, (uint32_t)(rig.turn / 3) % rig.count,
		    texts_batch(rig.op->in[0], &next, 1500, &number));
	}
	for (uint32_t i = 0; i < rig.count; i++)
		runs += ((struct sort *)rig.run[i].state)->run_count;
	cr_assert(runs > 0 && runs < 8 * rig.count, "%u runs", runs);
	rig_end(&rig);
	rig_check(&rig, 5);
	rig_close(&rig);
}

/* With a limit the first rows are the same, whatever was let go. */
Test(sort, first_rows_only)
{
	for (uint64_t seed = 1; seed < rounds(40); seed++) {
		uint64_t next = seed;
		struct rig rig = { 0 };
		int number = 0;
		rig_open(&rig, &next, seed % 4 == 0 ? 2200000 : 0);
		rig.wanted = 1 + random_next(&next, seed % 2 == 0 ? 20 : 9000);
		rig.op->args.limit = rig.wanted;
		mem_set_press(seed % 3 == 1 ? 9 : 0);
		for (uint32_t i = 0; i < 30; i++) {
			rig.turn += random_next(&next, 2) * 3;
			uint32_t instance = (uint32_t)(rig.turn / 3) %
			    rig.count;
			rig_push(&rig, instance, seed % 5 == 0 ?
			    random_batch(rig.op->in[0], &next, 1500, &number) :
			    texts_batch(rig.op->in[0], &next, 1500, &number));
		}
		mem_set_press(0);
		rig_end(&rig);
		rig_check(&rig, seed);
		rig_close(&rig);
	}
}

/* A pass merges runs of passes, when each batch becomes a run. */
Test(sort, passes_of_passes)
{
	uint64_t next = 7;
	struct rig rig = { 0 };
	int number = 0;

	rig_open(&rig, &next, 2200000);
	mem_set_press(1);
	for (uint32_t i = 0; i < 60; i++) {
		rig.turn += 3;
		rig_push(&rig, (uint32_t)(rig.turn / 3) % rig.count,
		    texts_batch(rig.op->in[0], &next, 40, &number));
	}
	mem_set_press(0);
	rig_end(&rig);
	rig_check(&rig, 7);
	rig_close(&rig);
}
