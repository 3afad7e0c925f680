#ifndef SFLOW_TESTS_AGG_BENCH_H
#define SFLOW_TESTS_AGG_BENCH_H

/*
 * Aggregates called as an operator calls them: run by run of equal types, with
 * groups and without, over several states, saved, loaded and merged.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "data/batch.h"
#include "func/agg.h"
#include "random_column.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define VALUES_MAX 300
#define STATES 5

/* One aggregate as an operator calls it. */
struct bench {
	struct agg_call call;
	struct mem_budget budget;
	struct rejects rejects;
};

static inline void
bench_open(struct bench *bench, const char *name, const struct value *p)
{
	const struct value *arg[2] = { NULL, p };
	struct err err = ERR_INIT;
	unsigned bad_arg;

	memset(bench, 0, sizeof(*bench));
	bench->call.def = agg_find(name, strlen(name));
	cr_assert_not_null(bench->call.def, "%s", name);
	bench->call.budget = &bench->budget;
	bench->call.region = region_new();
	bench->call.rejects = &bench->rejects;
	bench->rejects.region = bench->call.region;
	if (bench->call.def->prepare != NULL)
		cr_assert_eq(bench->call.def->prepare(arg, p == NULL ? 1 : 2,
		    &bench->call.plan, &bad_arg, &err), 0);
}

static inline void
bench_close(struct bench *bench)
{
	cr_assert_eq(bench->budget.used_bytes, 0, "%s",
	    bench->call.def->name);
	if (bench->call.def->release != NULL)
		bench->call.def->release(bench->call.plan);
	region_drop(&bench->call.region);
}

static inline void *
bench_state(const struct bench *bench)
{
	cr_assert_eq(bench->call.def->state_bytes % 8, 0);
	return mem_alloc_zero(bench->call.def->state_bytes);
}

static inline void
bench_free(struct bench *bench, void *state)
{
	if (bench->call.def->free != NULL)
		bench->call.def->free(&bench->call, state);
	mem_free(state);
}

/* Columns of `count` values of one type each. */
static inline void
columns_make(struct bench *bench, const struct value *const *values,
	unsigned arg_count, uint32_t count, struct column *out)
{
	for (unsigned a = 0; a < arg_count; a++) {
		struct builder builder = { 0 };
		for (uint32_t i = 0; i < count; i++)
			builder_add(&builder, &values[a][i]);
		builder_finish(&builder, bench->call.region, &out[a]);
		builder_fini(&builder);
	}
}

static inline int
same_types(const struct value *const *values, unsigned arg_count, uint32_t i,
	uint32_t j)
{
	return values[0][i].type == values[0][j].type &&
	    (arg_count < 2 || values[1][i].type == values[1][j].type);
}

/* Add rows, run by run of equal types, as the evaluator does. */
static inline void
bench_add(struct bench *bench, void *state, const struct value *const *values,
	unsigned arg_count, uint32_t count, uint64_t sequence, int grouped)
{
	const struct agg_def *def = bench->call.def;

	bench->call.sequence = sequence;
	for (uint32_t i = 0, run; i < count; i += run) {
		const struct value *part[2];
		struct column columns[2];
		char *group[VALUES_MAX];
		uint16_t row[VALUES_MAX];
		for (run = 1; i + run < count && same_types(values, arg_count,
		    i, i + run); run++)
			;
		for (uint32_t k = 0; k < run; k++) {
			group[k] = state;
			row[k] = (uint16_t)(i + k);
		}
		for (unsigned a = 0; a < arg_count; a++)
			part[a] = values[a] + i;
		columns_make(bench, part, arg_count, run, columns);
		bench->call.row = row;
		cr_assert_eq(grouped || def->update_all == NULL ?
		    def->update(&bench->call, group, 0, columns, arg_count,
		    run) : def->update_all(&bench->call, state, columns,
		    arg_count, run), 0, "%s", def->name);
	}
}

/* The result as csv shows it, or "error: ..."; `out` is emptied first. */
static inline const char *
bench_result(struct bench *bench, const void *state, struct buf *out)
{
	struct builder builder = { 0 };
	struct column column;
	struct err err = ERR_INIT;

	out->size = 0;
	if (bench->call.def->final(&bench->call, state, &builder, &err) != 0) {
		buf_add_format(out, "error: %s", err.message);
	} else {
		builder_finish(&builder, bench->call.region, &column);
		struct value value = column_value(&column, 0,
		    bench->call.region);
		if (value.type == TYPE_NULL)
			buf_add_string(out, "null");
		else
			value_add_text(&value, out);
	}
	builder_fini(&builder);
	return buf_string(out);
}

/* Saved and loaded into a fresh state; damaged bytes must not crash. */
static inline void *
bench_reload(struct bench *bench, void *take_state)
{
	const struct agg_def *def = bench->call.def;
	struct buf buf = { 0 };
	void *loaded = bench_state(bench);

	def->save(&bench->call, take_state, &buf);
	size_t size = buf.size;
	/* Self-delimiting: what follows is left alone. */
	buf_add_string(&buf, "more");
	const char *at = buf.bytes;
	cr_assert_eq(def->load(&bench->call, loaded, &at, buf.bytes +
	    buf.size), 0, "%s", def->name);
	cr_assert_eq((size_t)(at - buf.bytes), size, "%s", def->name);
	for (size_t cut = 0; cut < size; cut += 1 + size / 40) {
		void *part = bench_state(bench);
		char *copy = mem_copy(buf.bytes, cut);
		at = copy;
		cr_assert_eq(def->load(&bench->call, part, &at, copy + cut),
		    -1, "%s", def->name);
		bench_free(bench, part);
		mem_free(copy);
	}
	buf_fini(&buf);
	bench_free(bench, take_state);
	return loaded;
}

/*
 * The result of all values in one state, which must be the same when they come
 * in other portions, over several states, saved, loaded and merged.
 */
static inline void
run_all_ways(const char *name, const struct value *p,
	const struct value *const *values, unsigned arg_count, uint32_t count,
	uint64_t *seed, struct buf *out)
{
	struct bench bench;
	struct buf other = { 0 };
	void *states[STATES];

	bench_open(&bench, name, p);
	void *whole = bench_state(&bench);
	bench_add(&bench, whole, values, arg_count, count, 1, 0);
	bench_result(&bench, whole, out);
	bench_free(&bench, whole);

	uint32_t done = 0;
	for (int s = 0; s < STATES; s++) {
		states[s] = bench_state(&bench);
		while (done < count && (s == STATES - 1 ||
		    random_next(seed, 4) > 0)) {
			const struct value *part[2] = { values[0] + done,
			    arg_count > 1 ? values[1] + done : NULL };
			uint32_t some = 1 + random_next(seed, count - done);
			bench_add(&bench, states[s], part, arg_count, some,
			    done + 1, (int)random_next(seed, 2));
			done += some;
		}
		states[s] = bench_reload(&bench, states[s]);
	}
	/* Neighbours in any order: ((0 1) 2) or (0 (1 2)). */
	for (int left = STATES; left > 1; left--) {
		int at = (int)random_next(seed, (uint32_t)left - 1);
		bench.call.def->merge(&bench.call, states[at], states[at + 1]);
		bench_free(&bench, states[at + 1]);
		for (int s = at + 1; s < left - 1; s++)
			states[s] = states[s + 1];
	}
	cr_assert_str_eq(bench_result(&bench, states[0], &other),
	    buf_string(out), "%s: %s, %s", name, buf_string(&other),
	    buf_string(out));
	/* Asking again changes nothing. */
	cr_assert_str_eq(bench_result(&bench, states[0], &other),
	    buf_string(out), "%s", name);
	bench_free(&bench, states[0]);
	bench_close(&bench);
	buf_fini(&other);
}

static inline struct value
int_value(int64_t integer)
{
	return (struct value){ .type = TYPE_INT, .cell.integer = integer };
}

static inline struct value
float_value(double number)
{
	return (struct value){ .type = TYPE_FLOAT, .cell.number = number };
}

static inline struct value
decimal_value(int64_t units, int scale)
{
	return (struct value){ .type = TYPE_DECIMAL,
		.cell.decimal = { units, scale, 0 } };
}

static inline struct value
word_value(enum type type, int64_t word)
{
	return (struct value){ .type = type, .cell.integer = word };
}

static inline struct value
text_value(enum type type, const char *text)
{
	return (struct value){ .type = type,
		.cell.text = text_make(text, strlen(text)) };
}

#endif
