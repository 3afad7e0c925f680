#include "op_harness.h"
#include "random_column.h"

/*
 * top against `sort desc | head`: both take random columns of all types, in
 * random batches.
 */
static struct op *
ordered_op(const char *name, int64_t limit)
{
	struct op *op = op_new(op_find(name, strlen(name)));

	op->in[0] = harness_schema("g x n");
	op->args.limit = limit;
	if (strcmp(name, "top") == 0) {
		op->args.expr = harness_field("x");
	} else {
		op->args.key = mem_alloc_zero(sizeof(*op->args.key));
		op->args.key_count = 1;
		op->args.key[0] = (struct op_key){ harness_field("x"), 1, 0 };
	}
	return op;
}

static struct batch *
random_batch(struct schema *schema, uint64_t *seed, uint32_t groups,
	int *number)
{
	uint32_t rows = 1 + random_next(seed, 200);
	struct batch *batch = batch_new(schema, rows);
	struct region *region = batch_region(batch);
	struct builder group = { 0 }, count = { 0 };

	random_column(seed, rows, region, &batch->column[1]);
	for (uint32_t i = 0; i < rows; i++) {
		builder_add_int(&group, TYPE_INT, random_next(seed, groups));
		builder_add_int(&count, TYPE_INT, (*number)++);
	}
	builder_finish(&group, region, &batch->column[0]);
	builder_finish(&count, region, &batch->column[2]);
	builder_fini(&group);
	builder_fini(&count);
	return batch;
}

/* The first `limit` lines, of each value of the first field if `grouped`;
 * groups in order of `groups`. */
static void
take_lines(const char *lines, int64_t limit, const char *group,
	struct buf *out)
{
	size_t size = strlen(group);

	while (*lines != '\0' && limit > 0) {
		const char *end = strchr(lines, '\n') + 1;
		if (size == 0 || (strncmp(lines, group, size) == 0 &&
		    lines[size] == ',')) {
			buf_add(out, lines, (size_t)(end - lines));
			limit--;
		}
		lines = end;
	}
}

Test(top, is_sort_and_head)
{
	for (uint64_t seed = 1; seed < 250; seed++) {
		uint64_t next = seed;
		struct harness top = { 0 }, sort = { 0 };
		struct buf wanted = { 0 };
		int64_t limit = random_next(&next, 3) == 0 ?
		    random_next(&next, 2000) : random_next(&next, 12);
		int number = 0;
		harness_open(&top, ordered_op("top", limit));
		harness_open(&sort, ordered_op("sort", limit));
		for (uint32_t i = 1 + random_next(&next, 20); i > 0; i--) {
			struct batch *batch = random_batch(top.op->in[0],
			    &next, 1, &number);
			harness_give(&sort, 0, batch_clone(batch));
			harness_give(&top, 0, batch);
		}
		harness_end(&sort, 0);
		harness_end(&top, 0);
		take_lines(buf_string(&sort.out), limit, "", &wanted);
		cr_assert_str_eq(buf_string(&top.out), buf_string(&wanted),
		    "seed %llu, top %lld", (unsigned long long)seed,
		    (long long)limit);
		buf_fini(&wanted);
		harness_close(&top);
		harness_close(&sort);
	}
}

Test(top, of_each_group)
{
	for (uint64_t seed = 1; seed < 120; seed++) {
		uint64_t next = seed;
		struct harness top = { 0 }, sort = { 0 };
		struct buf wanted = { 0 };
		int64_t limit = 1 + random_next(&next, 12);
		int number = 0, seen[7] = { 0 };
		struct op *op = ordered_op("top", limit);
		op->args.by = mem_alloc_zero(sizeof(*op->args.by));
		op->args.by_count = 1;
		op->args.by[0].name = "g";
		op->args.by[0].expr = harness_field("g");
		harness_open(&top, op);
		harness_open(&sort, ordered_op("sort", limit));
		struct buf order = { 0 };
		for (uint32_t i = 1 + random_next(&next, 20); i > 0; i--) {
			struct batch *batch = random_batch(top.op->in[0],
			    &next, 7, &number);
			const int64_t *group = batch->column[0].data;
			for (uint32_t r = 0; r < batch->row_count; r++)
				if (seen[group[r]]++ == 0)
					buf_add_char(&order,
					    (char)('0' + group[r]));
			harness_give(&sort, 0, batch_clone(batch));
			harness_give(&top, 0, batch);
		}
		harness_end(&sort, 0);
		harness_end(&top, 0);
		for (size_t i = 0; i < order.size; i++) {
			char group[2] = { order.bytes[i], 0 };
			take_lines(buf_string(&sort.out), limit, group,
			    &wanted);
		}
		cr_assert_str_eq(buf_string(&top.out), buf_string(&wanted),
		    "seed %llu", (unsigned long long)seed);
		buf_fini(&wanted);
		buf_fini(&order);
		harness_close(&top);
		harness_close(&sort);
	}
}

/* Ascending input makes every row a winner for a while: rows are let go. */
Test(top, rows_that_lost_are_let_go)
{
	struct harness top = { 0 };
	int64_t value = 0;

	harness_open(&top, ordered_op("top", 3));
	for (int i = 0; i < 300; i++) {
		struct batch *batch = batch_new(top.op->in[0], 2048);
		struct region *region = batch_region(batch);
		struct column column;
		column_init_flat(&column, TYPE_INT, 2048, region);
		for (uint32_t r = 0; r < 2048; r++)
			((int64_t *)column.data)[r] = value++;
		for (unsigned c = 0; c < 3; c++)
			batch->column[c] = column;
		harness_give(&top, 0, batch);
	}
	cr_assert(top.run.budget.peak_bytes < 8 << 20, "%llu",
	    (unsigned long long)top.run.budget.peak_bytes);
	harness_end(&top, 0);
	harness_expect(&top, "614399,614399,614399\n614398,614398,614398\n"
	    "614397,614397,614397\n");
	harness_close(&top);
}
