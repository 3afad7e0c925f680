/*
 * by rollup(a, b) and the like: records are added once, by all keys, and what
 * comes of it goes to the groups of every set.
 *
 *	records -> own table, by all keys -> table of the aggregate, by set
 *	      \_____ copies (expand) _____/
 *
 * A record of a group that is known costs no more than without sets.  When the
 * own table is full, or memory is short, each of its groups is added to its
 * group of each set: keys that the set leaves out are null there, and the
 * number of the set is one key more.  If it had not at least twice as many
 * records as groups that costs more than it saves: a while of records goes past
 * it then, a copy for each set, as without plan/rule_sets.c all do.
 *
 * Record n counts as n * sets and what follows in the order of first
 * appearance, the place of its copies; so the groups come out in the same
 * order.  Where the order of records matters to an aggregate (AGG_ORDERED) the
 * rule leaves it alone.
 */
#include "op/aggregate_priv.h"

#include <assert.h>
#include <string.h>

#include "data/key.h"
#include "op/expand.h"
#include "util/err.h"

/* Groups of the own table; and the part of the memory it may take. */
#define GROUPS_MAX (1u << 17)
#define GROUPS_MIN 1024u
#define MEMORY_PART 8
/* Records that pass by an unprofitable table, at first and at most. */
#define PASS_FIRST ((uint64_t)1 << 18)
#define PASS_MOST ((uint64_t)1 << 22)

struct sets {
	struct aggregate *state;
	const struct op_args *args;
	struct group_table *table;
	uint32_t table_max;
	uint64_t seen;		/* records since the table was empty */
	uint64_t pass_left;	/* records that pass it by */
	uint64_t pass_next;	/* how many the next time */
	struct expander *expander;
	struct need_set *need;	/* of copies */
};

struct sets *
sets_new(struct aggregate *state)
{
	const struct op *op = state->run->op;
	uint64_t share = mem_limit() / MEMORY_PART /
	    state->share->instance_count;
	uint64_t groups = share / (state->rows.bytes + 64);

	if (op->args.set_count == 0)
		return NULL;
	struct sets *sets = mem_alloc_zero(sizeof(*sets));
	sets->state = state;
	sets->args = &op->args;
	sets->table = aggregate_table(state);
	sets->table_max = mem_limit() == 0 || groups > GROUPS_MAX ?
	    GROUPS_MAX : groups < GROUPS_MIN ? GROUPS_MIN : (uint32_t)groups;
	sets->pass_next = PASS_FIRST;
	sets->need = need_set_new();
	group_rows_need(op, sets->need);
	need_add(sets->need, EXPAND_SET);
	sets->expander = expander_new(sets->args, sets->need);
	return sets;
}

void
sets_free(struct sets **take_sets)
{
	struct sets *sets = *take_sets;

	*take_sets = NULL;
	if (sets == NULL)
		return;
	aggregate_table_clear(sets->state, sets->table);
	group_table_free(&sets->table);
	expander_free(&sets->expander);
	need_set_free(&sets->need);
	mem_free(sets);
}

/* --- groups to the groups of sets --- */

/* Some groups of the own table in all their sets. */
struct spreading {
	struct text key[BATCH_ROWS_MAX];
	uint64_t hash[BATCH_ROWS_MAX];
	char *row[BATCH_ROWS_MAX];
	uint8_t is_new[BATCH_ROWS_MAX];
};

static void
make_keys(const struct sets *sets, uint64_t first, uint32_t count,
	struct region *region, struct spreading *out)
{
	uint32_t by_count = sets->args->by_count, n = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct group_head *head = group_head_of(
		    group_table_row(sets->table, first + i));
		for (uint32_t s = 0; s < sets->args->set_count; s++, n++)
			out->key[n] = key_of_set(&head->key, by_count,
			    sets->args->set[s], s, region, &out->hash[n]);
	}
}

static void
merge_rows(const struct sets *sets, uint64_t first, uint32_t count,
	const struct spreading *spreading)
{
	const struct group_rows *rows = &sets->state->rows;
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		char *from = group_table_row(sets->table, first + i);
		for (uint32_t s = 0; s < sets->args->set_count; s++, n++) {
			char *row = spreading->row[n];
			if (spreading->is_new[n]) {
				*aggregate_ordinal(row) =
				    *aggregate_ordinal(from) + s;
				group_rows_copy_set(rows,
				    aggregate_states(row),
				    aggregate_states(from),
				    sets->args->set[s]);
			}
			group_rows_merge(rows, aggregate_states(row),
			    aggregate_states(from));
		}
	}
}

static int
spread_rows(struct sets *sets, uint64_t first, uint32_t count,
	struct spreading *spreading, struct err *err)
{
	struct aggregate *state = sets->state;
	struct key_set keys = { .text = spreading->key,
	    .hash = spreading->hash };
	struct region *region = region_new();
	uint32_t n = count * sets->args->set_count;
	int status = 0;

	make_keys(sets, first, count, region, spreading);
	if (group_table_count(state->table) > 0 &&
	    group_table_count(state->table) + n > state->table_max)
		aggregate_unload(state, PILE_COUNT_MAX);
	status = aggregate_reserve(state, n, err);
	if (status == 0) {
		status = group_table_find(state->table, &keys, n,
		    spreading->row, spreading->is_new);
		assert(status == 0);
		merge_rows(sets, first, count, spreading);
		state->seen += n;
		status = aggregate_check_room(state, err);
	}
	region_drop(&region);
	return status;
}

int
sets_unload(struct sets *sets, struct err *err)
{
	uint64_t count = group_table_count(sets->table);
	uint32_t most = BATCH_ROWS_MAX / sets->args->set_count;
	struct spreading *spreading = mem_alloc(sizeof(*spreading));
	int status = 0;

	for (uint64_t at = 0; at < count && status == 0; at += most)
		status = spread_rows(sets, at, count - at < most ?
		    (uint32_t)(count - at) : most, spreading, err);
	mem_free(spreading);
	aggregate_table_clear(sets->state, sets->table);
	sets->seen = 0;
	return status;
}

/* --- records --- */

static enum op_status
add_copies(void *cookie, struct batch *take_batch, struct err *err)
{
	struct region *region = region_new();
	struct batch *batch = take_batch;
	int status = aggregate_add_records(cookie, batch, region, err);

	if (status == 0)
		status = aggregate_check_room(cookie, err);
	region_drop(&region);
	batch_free(&batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

/* The own table has no room for the batch. */
static int
make_room(struct sets *sets, struct err *err)
{
	if (sets->seen < 2 * group_table_count(sets->table)) {
		sets->pass_left = sets->pass_next;
		if (sets->pass_next < PASS_MOST)
			sets->pass_next *= 2;
	} else {
		sets->pass_next = PASS_FIRST;
	}
	return sets_unload(sets, err);
}

static int
add_to_own(struct sets *sets, struct batch *batch, const struct column *key,
	struct region *region, struct err *err)
{
	struct aggregate *state = sets->state;
	uint32_t count = batch->sel_count;
	uint64_t first = state->rows.sequence;
	char **row = region_alloc(region, (count + 1) * sizeof(*row));
	uint8_t *is_new = region_alloc(region, count + 1);
	struct key_set keys;

	key_make(key, sets->args->by_count, count, region, &keys);
	int status = group_table_find(sets->table, &keys, count, row, is_new);
	assert(status == 0);
	for (uint32_t i = 0; i < count; i++) {
		if (is_new[i]) {
			*aggregate_ordinal(row[i]) = first +
			    (uint64_t)i * sets->args->set_count;
			group_rows_set_keys(&state->rows, key, i, region,
			    aggregate_states(row[i]));
		}
		row[i] = aggregate_states(row[i]);
	}
	sets->seen += count;
	status = group_rows_update(state->run, &state->rows, batch, region,
	    row, NULL, err);
	state->rows.sequence = first + (uint64_t)count * sets->args->set_count;
	return status;
}

int
sets_add(struct sets *sets, struct batch *batch, struct region *region,
	struct err *err)
{
	struct aggregate *state = sets->state;
	struct column *key = region_alloc(region,
	    sets->args->by_count * sizeof(*key));

	if (sets->pass_left == 0) {
		if (group_eval_by(state->run, sets->args->by,
		    sets->args->by_count, batch, region, key, err) != 0)
			return -1;
		uint32_t count = batch->sel_count;
		int has_room = group_table_count(sets->table) + count <=
		    sets->table_max && !aggregate_is_short(state) &&
		    group_table_reserve(sets->table, count, 0) == 0;
		if (!has_room && make_room(sets, err) != 0)
			return -1;
	}
	if (sets->pass_left == 0 &&
	    group_table_reserve(sets->table, batch->sel_count, 1) == 0)
		return add_to_own(sets, batch, key, region, err);
	sets->pass_left -= batch->sel_count < sets->pass_left ?
	    batch->sel_count : sets->pass_left;
	return expander_push(sets->expander, batch, state->run->job,
	    add_copies, state, err) == OP_OK ? 0 : -1;
}
