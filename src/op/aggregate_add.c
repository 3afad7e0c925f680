/*
 * Records into groups.
 *
 *	records -> table (fits the cache) -> piles (by hash)
 *	      \_________ plain ____________/
 *
 * As long as the groups fit, the table is all there is.  When it is full, how
 * many of the last records brought a new group tells how many groups there are,
 * if they come at random: a few times as many it may have, though a core's own
 * cache does not hold them.  Else its rows go to the piles and it begins anew,
 * as small as at first.  If a table full of groups had not at least twice as
 * many records, it only costs: then a while of records goes to the piles as
 * they are, key and arguments, if all arguments are numbers; then a table is
 * tried again.  Either way the rows of a pile are in the order in which the
 * groups were seen first by this instance.
 *
 * Piles of plain records may hold the same groups over and over, so when they
 * have grown one is folded to see what is gained; if that is half of it, all
 * are.  So memory grows with the groups, not with the records.  When the budget
 * refuses, the same is tried, and then the larger piles go to disk.
 */
#include "op/aggregate_priv.h"

#include <assert.h>
#include <string.h>

#include "data/key.h"
#include "expr/expr.h"
#include "util/err.h"

/* Of rows in the table: some times the second-level cache. */
#define TABLE_BYTES ((uint64_t)3 << 20)
#define TABLE_GROUPS_MIN 1024u
#define TABLE_GROUPS_MAX (1u << 14)
/* Of a table that has grown: with more groups the piles are faster. */
#define TABLE_BYTES_MOST ((uint64_t)12 << 20)
#define TABLE_GROUPS_MOST (1u << 16)
/* Records that pass by an unprofitable table, at first and at most. */
#define PLAIN_FIRST ((uint64_t)1 << 18)
#define PLAIN_MOST ((uint64_t)1 << 22)
/* So few groups put their states on disk, each by itself; more go to piles. */
#define SPILL_GROUPS_MAX 256
/* Their states may take this part of the memory. */
#define STATES_PART 8
/* Of piles, before it is seen whether folding them pays. */
#define FOLD_BYTES ((uint64_t)64 << 20)

struct group_table *
aggregate_table(struct aggregate *state)
{
	return group_table_new(sizeof(uint64_t) + state->rows.bytes,
	    &state->run->budget);
}

void
aggregate_table_clear(struct aggregate *state, struct group_table *table)
{
	uint64_t count = group_table_count(table);

	for (uint64_t i = 0; group_rows_own(&state->rows) && i < count; i++)
		group_rows_clear(&state->rows, aggregate_states(
		    group_table_row(table, i)));
	group_table_clear(table);
}

int
aggregate_no_memory(struct err *err)
{
	err_set(err, ERR_IO, "aggregate needs more memory than the limit of "
	    "%llu MiB", (unsigned long long)(mem_limit() >> 20));
	return err_hint(err, "give it more with --memory SIZE");
}

void
aggregate_make_single(struct aggregate *state)
{
	struct text text = { 0 };
	uint64_t hash = 0;
	struct key_set key = { .text = &text, .hash = &hash };
	char *row;

	group_table_reserve(state->table, 1, 1);
	int status = group_table_find(state->table, &key, 1, &row, NULL);
	assert(status == 0);
	state->single = aggregate_states(row);
}

/* How many groups the first table may have, and how much the piles. */
void
aggregate_choose_limits(struct aggregate *state)
{
	uint64_t share = mem_limit() / 8 / state->share->instance_count;
	uint64_t bytes = TABLE_BYTES;

	state->fold_bytes = FOLD_BYTES;
	if (mem_limit() > 0 && share < bytes)
		bytes = share;
	if (mem_limit() > 0 && share < state->fold_bytes)
		state->fold_bytes = share;
	uint64_t groups = bytes / (state->rows.bytes + 64);
	state->table_first = groups < TABLE_GROUPS_MIN ? TABLE_GROUPS_MIN :
	    groups > TABLE_GROUPS_MAX ? TABLE_GROUPS_MAX : (uint32_t)groups;
	bytes = mem_limit() > 0 && share < TABLE_BYTES_MOST ? share :
	    TABLE_BYTES_MOST;
	groups = bytes / (state->rows.bytes + 64);
	state->table_most = groups > TABLE_GROUPS_MOST ? TABLE_GROUPS_MOST :
	    (uint32_t)groups;
	state->table_max = state->table_first;
	state->plain_next = PLAIN_FIRST;
}

/* --- to the piles --- */

static struct group_piles *
need_piles(struct aggregate *state, uint32_t count)
{
	if (state->piles == NULL) {
		state->piles = group_piles_new(&state->rows, count, 0,
		    state->run);
	}
	return state->piles;
}

/* Without what a table needs that had to grow, and did so in vain. */
static void
table_begin_anew(struct aggregate *state)
{
	if (state->table_max > state->table_first) {
		group_table_free(&state->table);
		state->table = aggregate_table(state);
		state->table_max = state->table_first;
		state->table_most = state->table_first;
	} else {
		group_table_clear(state->table);
	}
	if (state->front != NULL)
		group_front_clear(state->front);
	state->seen = 0;
	state->half_groups = 0;
}

/* The rows move: their states are the pile's now. */
void
aggregate_unload(struct aggregate *state, uint32_t pile_count)
{
	struct group_piles *piles = need_piles(state, pile_count);
	struct group_table *table = state->table;
	uint64_t count = group_table_count(table);

	for (uint64_t i = 0; i < count; i++) {
		char *row = group_table_row(table, i);
		const struct group_head *group = group_head_of(row);
		struct pile_head head = { group->hash, group->key,
			*aggregate_ordinal(row) };
		char *target = group_pile_add(piles,
		    group_pile_of(piles, head.hash), &piles->states, &head);
		memcpy(target + sizeof(head), aggregate_states(row),
		    state->rows.bytes);
	}
	table_begin_anew(state);
	if (state->single != NULL)
		aggregate_make_single(state);
}

/* Would folding all piles leave half of them or less?  One is tried. */
static int
fold_pays(struct aggregate *state, struct err *err)
{
	struct group_piles *piles = state->piles;
	uint32_t largest = 0;

	for (uint32_t p = 1; p < piles->count; p++)
		if (piles->pile[p].bytes > piles->pile[largest].bytes)
			largest = p;
	uint64_t before = piles->pile[largest].bytes;
	if (aggregate_refold(state, largest, err) != 0)
		return -1;
	return piles->pile[largest].bytes * 2 <= before;
}

static int
fold_piles(struct aggregate *state, struct err *err)
{
	int pays = fold_pays(state, err);

	for (uint32_t p = 0; pays == 1 && p < state->piles->count; p++)
		if (aggregate_refold(state, p, err) != 0)
			return -1;
	if (state->piles->bytes * 2 > state->fold_bytes)
		state->fold_bytes *= 2;
	return pays < 0 ? -1 : 0;
}

/* The budget has refused something: let go of what can be. */
static int
make_room(struct aggregate *state, struct err *err)
{
	struct group_piles *piles = state->piles;

	if (piles == NULL || state->run->job->spill == NULL)
		return aggregate_no_memory(err);
	if (piles->bytes >= state->fold_bytes && fold_piles(state, err) != 0)
		return -1;
	return group_piles_spill(piles, 0, err);
}

int
aggregate_spill_states(struct aggregate *state, struct group_table *table,
	struct err *err)
{
	uint64_t count = group_table_count(table);
	long bytes = 0;

	if (count > SPILL_GROUPS_MAX)
		return 0;
	for (uint64_t i = 0; i < count && bytes >= 0; i++) {
		long more = group_rows_spill(&state->rows, aggregate_states(
		    group_table_row(table, i)), err);
		bytes = more < 0 ? -1 : bytes + more;
	}
	return bytes < 0 ? -1 : bytes > 0;
}

/* Writing a large state takes memory too: not when there is none left. */
static int
states_are_large(const struct aggregate *state)
{
	return mem_limit() > 0 && state->run->job->spill != NULL &&
	    group_table_count(state->table) <= SPILL_GROUPS_MAX &&
	    __atomic_load_n(&state->share->budget.used_bytes,
	    __ATOMIC_RELAXED) > mem_limit() / STATES_PART;
}

int
aggregate_is_short(const struct aggregate *state)
{
	return group_rows_has_refused(&state->rows) ||
	    states_are_large(state) || (state->piles != NULL &&
	    state->piles->is_over) || mem_is_pressed(&state->run->budget);
}

int
aggregate_check_room(struct aggregate *state, struct err *err)
{
	struct group_piles *piles = state->piles;

	/* States that own memory have outgrown it: out with all. */
	if (group_rows_refused(&state->rows) > 0 || states_are_large(state)) {
		if (state->run->job->spill == NULL)
			return aggregate_no_memory(err);
		int status = aggregate_spill_states(state, state->table, err);
		if (status != 0)
			return status < 0 ? -1 : 0;
		aggregate_unload(state, PILE_COUNT_MAX);
		return group_piles_spill(state->piles, 1, err);
	}
	if (piles == NULL)
		return 0;
	if (piles->is_over || mem_is_pressed(&state->run->budget))
		return make_room(state, err);
	if (piles->bytes >= state->fold_bytes)
		return fold_piles(state, err);
	return 0;
}

/* --- plain records --- */

/* What a batch has to be put on piles as it is. */
struct plain {
	struct column *slot;
	struct plain_shape shape;	/* to be found or kept */
};

/* The codes of keys, if they are the same in all records. */
static int
plain_codes(const struct aggregate *state, const struct column *column,
	struct region *region, uint16_t *code)
{
	for (uint32_t k = 0; k < state->rows.args->by_count; k++) {
		const struct column *key = &column[k];
		if (key->encoding == CONST) {
			struct value value = column_value(key, 0, region);
			code[k] = key_code(&value);
		} else if (key->valid != NULL || key->type == TYPE_MIXED ||
		    key->type == TYPE_DECIMAL || key->type == TYPE_NULL) {
			return -1;
		} else {
			code[k] = key->type;
		}
	}
	return 0;
}

/* The argument's slot: that of the same column, if it is there. */
static uint16_t
plain_slot(struct plain *plain, const struct column *arg)
{
	struct plain_shape *shape = &plain->shape;

	for (uint32_t s = 0; s < shape->slot_count; s++)
		if (plain->slot[s].data == arg->data &&
		    plain->slot[s].type == arg->type &&
		    plain->slot[s].encoding == arg->encoding)
			return (uint16_t)s;
	plain->slot[shape->slot_count] = *arg;
	shape->slot_type[shape->slot_count] = arg->type;
	return (uint16_t)shape->slot_count++;
}

/* 1 if the batch's records are plain. */
static int
plain_make(struct aggregate *state, struct batch *batch,
	const struct column *key, struct region *region, struct plain *plain)
{
	const struct op_args *args = state->rows.args;
	uint32_t most = args->agg_count * AGG_ARGS_MAX;
	struct plain_shape *shape = &plain->shape;
	struct column arg[AGG_ARGS_MAX];
	struct eval eval;

	*plain = (struct plain){ .slot = region_alloc(region,
	    (most + 1) * sizeof(*plain->slot)) };
	shape->slot_type = region_alloc_zero(region, most + 1);
	shape->slot = region_alloc_zero(region,
	    (most + 1) * sizeof(*shape->slot));
	shape->code = region_alloc_zero(region,
	    (args->by_count + 1) * sizeof(*shape->code));
	if (plain_codes(state, key, region, shape->code) != 0)
		return 0;
	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->agg_count; i++) {
		int count = agg_expr_plain(args->agg[i].agg, &eval, batch->sel,
		    batch->sel_count, arg);
		if (count < 0)
			return 0;
		for (int a = 0; a < count; a++)
			shape->slot[i * AGG_ARGS_MAX + (uint32_t)a] =
			    plain_slot(plain, &arg[a]);
	}
	shape->pile = (struct pile_shape){ PILE_PLAIN,
		(uint32_t)(sizeof(struct pile_head) +
		shape->slot_count * sizeof(uint64_t)) };
	return 1;
}

static int
shape_equal(const struct aggregate *state, const struct plain_shape *a,
	const struct plain_shape *b)
{
	const struct op_args *args = state->rows.args;

	return a->slot_count == b->slot_count &&
	    memcmp(a->slot_type, b->slot_type, a->slot_count) == 0 &&
	    memcmp(a->code, b->code, args->by_count * sizeof(*a->code)) == 0 &&
	    memcmp(a->slot, b->slot, args->agg_count * AGG_ARGS_MAX *
	    sizeof(*a->slot)) == 0;
}

/* The same shape as before, or another that is kept as long as the piles. */
static const struct plain_shape *
shape_keep(struct aggregate *state, const struct plain_shape *shape)
{
	const struct op_args *args = state->rows.args;

	for (struct plain_shape *it = state->shape; it != NULL; it = it->next)
		if (shape_equal(state, it, shape))
			return it;
	struct plain_shape *kept = mem_copy(shape, sizeof(*shape));
	kept->slot_type = mem_copy(shape->slot_type, shape->slot_count);
	kept->code = mem_copy(shape->code,
	    args->by_count * sizeof(*kept->code));
	kept->slot = mem_copy(shape->slot, args->agg_count * AGG_ARGS_MAX *
	    sizeof(*kept->slot));
	kept->next = state->shape;
	state->shape = kept;
	return kept;
}

void
aggregate_free_shapes(struct aggregate *state)
{
	while (state->shape != NULL) {
		struct plain_shape *shape = state->shape;
		state->shape = shape->next;
		mem_free(shape->slot_type);
		mem_free(shape->code);
		mem_free(shape->slot);
		mem_free(shape);
	}
}

static void
plain_scatter(struct aggregate *state, const struct plain *plain,
	const struct plain_shape *shape, const struct key_set *keys,
	uint32_t count)
{
	struct group_piles *piles = state->piles;
	struct pile_head head = { .ordinal = state->rows.sequence };
	uint32_t slot_count = shape->slot_count;

	for (uint32_t i = 0; i < count; i++) {
		head.hash = keys->hash[i];
		head.key = keys->text[i];
		uint64_t *word = (void *)(group_pile_add(piles,
		    group_pile_of(piles, head.hash), &shape->pile, &head) +
		    sizeof(head));
		for (uint32_t s = 0; s < slot_count; s++)
			word[s] = ((const uint64_t *)plain->slot[s].data)[
			    i & column_mask(&plain->slot[s])];
		head.ordinal++;
	}
}

/* 1 if the batch is on the piles now. */
static int
add_plain(struct aggregate *state, struct batch *batch,
	const struct column *key, const struct key_set *keys,
	struct region *region)
{
	struct plain plain;

	if (!plain_make(state, batch, key, region, &plain))
		return 0;
	if (group_table_count(state->table) > 0)
		aggregate_unload(state, PILE_COUNT_MAX);
	need_piles(state, PILE_COUNT_MAX);
	plain_scatter(state, &plain, shape_keep(state, &plain.shape), keys,
	    batch->sel_count);
	state->rows.sequence += batch->sel_count;
	return 1;
}

/* --- the table --- */

/* Behind each batch: the table may have become half full. */
static void
table_look(struct aggregate *state)
{
	uint64_t count = group_table_count(state->table);

	if (state->half_groups > 0 || count < state->table_max / 2)
		return;
	state->half_groups = count;
	state->half_seen = state->seen;
}

/*
 * How many groups are there, if of so many records, since the table was half
 * full, so many met a group that was there?
 */
static uint64_t
groups_expected(const struct aggregate *state)
{
	uint64_t count = group_table_count(state->table);
	uint64_t records = state->seen - state->half_seen;
	uint64_t fresh = count - state->half_groups;

	if (state->half_groups == 0 || records <= fresh)
		return UINT64_MAX;
	return (count + state->half_groups) / 2 * records / (records - fresh);
}

/* The table is full: 1 if it has become larger. */
static int
table_grew(struct aggregate *state)
{
	uint64_t most = state->table_most;

	if (state->table_max >= most || groups_expected(state) > most)
		return 0;
	state->table_max = state->table_max > most / 2 ? (uint32_t)most :
	    state->table_max * 2;
	if (state->front != NULL)
		group_front_set_max(state->front, state->table_max);
	state->half_groups = 0;
	table_look(state);
	return 1;
}

/* Is there no room for so many groups more? */
static int
table_is_full(struct aggregate *state, uint32_t more)
{
	return group_table_count(state->table) + more > state->table_max &&
	    !table_grew(state);
}

/* The table has no room for so many groups more. */
static void
table_overflow(struct aggregate *state)
{
	/* Nobody gains from a table that sees each group once. */
	if (state->seen < 2 * group_table_count(state->table)) {
		state->plain_left = state->plain_next;
		if (state->plain_next < PLAIN_MOST)
			state->plain_next *= 2;
	} else {
		state->plain_next = PLAIN_FIRST;
	}
	aggregate_unload(state, PILE_COUNT_MAX);
}

int
aggregate_reserve(struct aggregate *state, uint32_t count, struct err *err)
{
	if (group_table_reserve(state->table, count, 0) == 0)
		return 0;
	if (group_table_count(state->table) > 0)
		aggregate_unload(state, PILE_COUNT_MAX);
	if (state->piles != NULL && make_room(state, err) != 0)
		return -1;
	return group_table_reserve(state->table, count, 1);
}

static int
add_to_table(struct aggregate *state, struct batch *batch,
	const struct column *key, const struct key_set *keys,
	struct region *region, struct err *err)
{
	uint32_t count = batch->sel_count;
	char **row = region_alloc(region, (count + 1) * sizeof(*row));
	uint8_t *is_new = region_alloc(region, count + 1);

	if (aggregate_reserve(state, count, err) != 0)
		return -1;
	uint64_t before = group_table_count(state->table);
	int status = group_table_find(state->table, keys, count, row, is_new);
	assert(status == 0);
	int any_new = group_table_count(state->table) > before;
	for (uint32_t i = 0; any_new && i < count; i++) {
		if (!is_new[i])
			continue;
		*aggregate_ordinal(row[i]) = state->rows.sequence + i;
		group_rows_set_keys(&state->rows, key, i, region,
		    aggregate_states(row[i]));
	}
	for (uint32_t i = 0; i < count; i++)
		row[i] = aggregate_states(row[i]);
	state->seen += count;
	table_look(state);
	return group_rows_update(state->run, &state->rows, batch, region, row,
	    NULL, err);
}

/* --- behind the front --- */

/* Records whose keys the front does not have, `count` of them; `row` is of all
 * records. */
static void
add_missed(struct aggregate *state, const struct column *raw,
	const uint16_t *miss, uint32_t count, struct region *region, char **row)
{
	uint32_t by_count = state->rows.args->by_count;
	struct column *key = region_alloc(region, by_count * sizeof(*key));
	char **found = region_alloc(region, count * sizeof(*found));
	uint8_t *is_new = region_alloc(region, count);
	struct key_set keys;

	for (uint32_t k = 0; k < by_count; k++)
		column_decode(&raw[k], miss, count, region, &key[k]);
	key_make(key, by_count, count, region, &keys);
	int status = group_table_find(state->table, &keys, count, found,
	    is_new);
	assert(status == 0);
	for (uint32_t m = 0; m < count; m++) {
		char *states = aggregate_states(found[m]);
		row[miss[m]] = states;
		if (is_new[m]) {
			*aggregate_ordinal(found[m]) = state->rows.sequence +
			    miss[m];
			group_rows_set_keys(&state->rows, key, m, region,
			    states);
		}
		group_front_add(state->front, raw, by_count, miss[m], states);
	}
}

/*
 * Find the groups by the front, if it serves and the table has room for those
 * that it does not know: 1.
 */
static int
add_by_front(struct aggregate *state, struct batch *batch,
	const struct column *raw, struct region *region, char **row)
{
	uint32_t by_count = state->rows.args->by_count;
	uint32_t count = batch->sel_count;

	if (count == 0 || state->plain_left > 0 || by_count > 2 ||
	    state->has_no_front || raw[0].encoding != SLICE)
		return 0;
	if (state->front == NULL)
		state->front = group_front_new(state->table_max,
		    &state->run->budget);
	if (!group_front_serves(state->front, raw, by_count))
		return 0;
	uint16_t *miss = region_alloc(region, count * sizeof(*miss));
	uint32_t missed = group_front_find(state->front, raw, by_count, count,
	    row, miss);
	if (missed > 0) {
		if (table_is_full(state, missed) ||
		    group_table_reserve(state->table, missed, 0) != 0)
			return 0;
		add_missed(state, raw, miss, missed, region, row);
	}
	state->seen += count;
	table_look(state);
	return 1;
}

/* The keys of the batch's records, decoded once. */
static void
make_keys(struct aggregate *state, uint32_t count, struct region *region,
	struct column *key, struct key_set *keys)
{
	uint32_t by_count = state->rows.args->by_count;

	for (uint32_t k = 0; k < by_count; k++) {
		struct column raw = key[k];
		if (raw.encoding != CONST && type_is_raw(raw.type))
			column_decode(&raw, NULL, count, region, &key[k]);
	}
	key_make(key, by_count, count, region, keys);
}

int
aggregate_add_records(struct aggregate *state, struct batch *batch,
	struct region *region, struct err *err)
{
	const struct op_args *args = state->rows.args;
	struct column *key = region_alloc(region,
	    (args->by_count + 1) * sizeof(*key));
	struct key_set keys;

	if (group_eval_by(state->run, args->by, args->by_count, batch, region,
	    key, err) != 0)
		return -1;
	uint32_t count = batch->sel_count;
	char **row = region_alloc(region, (count + 1) * sizeof(*row));
	if (add_by_front(state, batch, key, region, row))
		return group_rows_update(state->run, &state->rows, batch,
		    region, row, NULL, err);
	make_keys(state, count, region, key, &keys);
	if (state->plain_left == 0 && group_table_count(state->table) > 0 &&
	    table_is_full(state, count))
		table_overflow(state);
	if (state->plain_left > 0) {
		state->plain_left -= count < state->plain_left ? count :
		    state->plain_left;
		if (add_plain(state, batch, key, &keys, region) != 0)
			return 0;
		if (group_table_count(state->table) + count >
		    state->table_max && group_table_count(state->table) > 0)
			aggregate_unload(state, PILE_COUNT_MAX);
	}
	return add_to_table(state, batch, key, &keys, region, err);
}

int
aggregate_add(struct aggregate *state, struct batch *batch, struct err *err)
{
	struct region *region = region_new();
	uint64_t before = state->rows.sequence;
	int status = group_rows_probe(state->run, &state->rows, batch, region,
	    err);
	if (status == 0 && state->single != NULL)
		status = group_rows_update(state->run, &state->rows, batch,
		    region, NULL, state->single, err);
	else if (status == 0 && state->sets != NULL)
		status = sets_add(state->sets, batch, region, err);
	else if (status == 0)
		status = aggregate_add_records(state, batch, region, err);
	turns_add(&state->turns, state->run->job->turn,
	    state->rows.sequence - before);
	if (status == 0)
		status = aggregate_check_room(state, err);
	region_drop(&region);
	return status;
}
