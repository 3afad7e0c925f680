/*
 * The best records of each group, by several instances.
 *
 *	add	each instance its own: best_find, best_add (this file)
 *	fold	behind the end parts are dealt, and what all instances have of
 *		one becomes a result (best_fold.c)
 *	give	results are merged by the place of the group (best_give.c)
 *
 * Places of records are an instance's own until all have come (op/turns.h).
 * If there is one instance, and there was room, what it has is the result.  If
 * any had none, all write down what they have, and results lie in files.
 *
 * Of a record only those columns are kept that somebody behind looks at; its
 * own bytes travel as one column more.
 */
#include "op/best.h"

#include <string.h>

#include "op/best_priv.h"
#include "op/joint.h"
#include "util/err.h"

struct best_share *
best_share_new(uint32_t instance_count)
{
	struct best_share *share = mem_alloc_zero(sizeof(*share));

	thr_lock_init(&share->lock, "kinds of records that are kept");
	share->instance_count = instance_count;
	share->instance = mem_alloc_zero(instance_count *
	    sizeof(*share->instance));
	return share;
}

void
best_share_free(struct best_share **take_share)
{
	struct best_share *share = *take_share;

	*take_share = NULL;
	image_shapes_fini(&share->shapes);
	thr_lock_fini(&share->lock);
	mem_free(share->instance);
	mem_free(share);
}

struct best *
best_new(struct op_run *run, struct best_share *share, enum best_order order)
{
	struct best *best = mem_alloc_zero(sizeof(*best));
	uint32_t parts = run->op->args.by_count == 0 ? 1 :
	    best_parts(run->instance_count);

	best->run = run;
	best->share = share;
	share->instance[run->instance] = best;
	best_set_init(&best->set, run, &share->shapes, order, 0, parts,
	    run->instance_count == 1 ? 1 : parts);
	return best;
}

/* Results, and what they are made of. */
static void
free_kept(struct best *best)
{
	for (uint32_t i = 0; i < BEST_PARTS_MAX; i++)
		best_result_free(&best->result[i], &best->run->budget);
	best_set_fini(&best->set);
}

void
best_free(struct best **take_best)
{
	struct best *best = *take_best;

	*take_best = NULL;
	if (best == NULL)
		return;
	best_giver_free(&best->giver);
	free_kept(best);
	turns_fini(&best->turns);
	schema_drop(&best->plain);
	schema_drop(&best->wide);
	mem_free(best);
}

/* --- records in --- */

int
best_find(struct best *best, const struct batch *batch,
	const struct key_set *keys, struct best_heap **heap, struct err *err)
{
	uint32_t count = batch->sel_count;
	struct text one_key = { 0 };
	uint64_t one_hash = 0;
	struct key_set one = { .text = &one_key, .hash = &one_hash };

	if (best_set_make_room(&best->set, count, err) != 0)
		return -1;
	/* Room was made: it cannot be refused. */
	(void)group_table_find(best->set.table, keys != NULL ? keys : &one,
	    keys != NULL ? count : 1, (char **)heap, NULL);
	best->first = best->turns.rows;
	turns_add(&best->turns, best->run->job->turn, count);
	for (uint32_t i = 0; i < (keys != NULL ? count : 1); i++)
		if (heap[i]->first == 0)
			heap[i]->first = best->first + i + 1;
	return 0;
}

static int
is_needed(const struct best *best, const struct field *field)
{
	const struct need_set *need = best->run->op->out_need;

	return need == NULL || need_has_record(need) ||
	    need_has(need, field->name);
}

/* The batch as it is kept: without times, its record a column. */
static struct batch *
batch_widen(struct best *best, const struct batch *batch)
{
	struct batch *wide = batch_clone(batch);
	uint32_t fields = batch->schema->field_count;

	wide->time = wide->mark = NULL;
	wide->split = 0;
	for (uint32_t i = 0; i < fields; i++)
		if (!is_needed(best, &batch->schema->field[i]))
			column_init_null(&wide->column[i]);
	if (!batch->has_record)
		return wide;
	if (best->plain != batch->schema) {
		schema_drop(&best->plain);
		schema_drop(&best->wide);
		best->plain = schema_hold(batch->schema);
		best->wide = schema_copy(batch->schema);
		schema_add(best->wide, BEST_RECORD_NAME, 1, TYPE_TEXT);
	}
	batch_set_schema(wide, best->wide);
	wide->column[fields] = batch->record;
	return wide;
}

static int
find_shape(struct best *best, const struct batch *wide, uint32_t *shape,
	struct err *err)
{
	struct best_share *share = best->share;
	uint64_t turn = best->run->job->turn;

	thr_lock_take(&share->lock);
	*shape = image_shapes_find(&share->shapes, wide, IMAGE_SHAPES_MAX,
	    turn, best->first);
	if (*shape != UINT32_MAX) {
		struct image_shape *it = &share->shapes.shape[*shape];
		if (it->turn > turn) {
			it->turn = turn;
			it->number = best->first;
		}
	}
	thr_lock_give(&share->lock);
	if (*shape != UINT32_MAX)
		return 0;
	return err_set(err, ERR_IO, "%s: its records have too many kinds of "
	    "fields to be kept", best->run->op->def->name);
}

/* The key of an image: see best_priv.h. */
static void
write_key(struct image *image, const struct best_row *row,
	const struct text *group)
{
	char small[TEXT_INLINE_MAX];
	uint32_t size = row->order_size + group->size +
	    (uint32_t)sizeof(row->order_size);
	char *at = size <= TEXT_INLINE_MAX ? small : (char *)(image + 1);

	if (row->order_size > 0)
		memcpy(at, row->order, row->order_size);
	if (group->size > 0)
		memcpy(at + row->order_size, text_bytes(group), group->size);
	memcpy(at + size - sizeof(row->order_size), &row->order_size,
	    sizeof(row->order_size));
	image->key = text_make(at, size);
}

/* Room in the piles for images of the rows. */
static int
reserve(struct best_set *set, const struct key_set *keys,
	const struct best_row *row, uint32_t count, const uint32_t *size,
	struct err *err)
{
	uint64_t bytes[BEST_PARTS_MAX] = { 0 };

	for (uint32_t k = 0; k < count; k++)
		bytes[best_set_pile(set, keys == NULL ? 0 :
		    keys->hash[row[k].row]) - set->held] += size[k];
	for (uint32_t i = 0; i < set->held_count; i++) {
		if (bytes[i] == 0)
			continue;
		int status = pile_reserve(&set->held[i], &set->run->budget,
		    bytes[i], 0, err);
		if (status == 1) {
			set->is_over = 1;
			status = pile_reserve(&set->held[i],
			    &set->run->budget, bytes[i], 1, err);
		}
		if (status != 0)
			return -1;
	}
	return 0;
}

static const struct text no_key;

static int
make_images(struct best *best, struct batch *wide, const struct key_set *keys,
	struct best_heap *const *heap, const struct best_row *row,
	uint32_t count, struct image **image, struct err *err)
{
	struct best_set *set = &best->set;
	struct region *region = batch_region(wide);
	uint32_t *size = region_alloc(region, (count + 1) * sizeof(*size));
	char **cells = region_alloc(region, (count + 1) * sizeof(*cells));
	uint32_t shape;

	if (find_shape(best, wide, &shape, err) != 0)
		return -1;
	for (uint32_t k = 0; k < count; k++) {
		uint32_t key = row[k].order_size + (keys == NULL ? 0 :
		    keys->text[row[k].row].size) + 4;
		size[k] = (uint32_t)sizeof(struct image) +
		    (key > TEXT_INLINE_MAX ? key : 0);
	}
	image_measure(wide, size);
	for (uint32_t k = 0; k < count; k++)
		size[k] = (size[k] + 7) & ~7u;
	if (reserve(set, keys, row, count, size, err) != 0)
		return -1;
	for (uint32_t k = 0; k < count; k++) {
		uint32_t i = row[k].row;
		uint64_t hash = keys == NULL ? 0 : keys->hash[i];
		image[k] = (struct image *)(void *)pile_take(
		    best_set_pile(set, hash), size[k]);
		*image[k] = (struct image){
			.link = hash, .size = size[k],
			.turn = heap[keys == NULL ? 0 : i]->first - 1,
			.number = best->first + i,
			.shape = (uint16_t)shape,
		};
		write_key(image[k], &row[k], keys == NULL ? &no_key :
		    &keys->text[i]);
		cells[k] = image_cells(image[k]);
		set->row_bytes += size[k];
	}
	set->rows += count;
	image_write(wide, cells);
	return 0;
}

int
best_add(struct best *best, const struct batch *batch,
	const struct key_set *keys, struct best_heap *const *heap,
	const struct best_row *row, uint32_t count, struct err *err)
{
	struct best_set *set = &best->set;

	if (count == 0)
		return 0;
	struct batch *wide = batch_widen(best, batch);
	struct image **image = region_alloc(batch_region(wide),
	    count * sizeof(*image));
	uint16_t *sel = batch_sel_storage(wide);
	for (uint32_t k = 0; k < count; k++)
		sel[k] = (uint16_t)batch_row(batch, row[k].row);
	wide->sel = sel;
	wide->sel_count = count;
	int status = make_images(best, wide, keys, heap, row, count, image,
	    err);
	for (uint32_t k = 0; k < count && status == 0; k++) {
		struct best_heap *target = heap[keys == NULL ? 0 : row[k].row];
		struct best_entry entry = best_entry_of(set, image[k]);
		entry.number = row[k].number;
		entry.type = row[k].type;
		if (best_is_wanted(set, target, &entry))
			best_set_put(set, target, &entry);
	}
	batch_free(&wide);
	return status == 0 ? best_set_shrink(set, err) : -1;
}

/* --- together --- */

/* All have all their records: do these lie in memory? */
static int
settle(struct best *best, struct err *err)
{
	struct best_share *share = best->share;
	const struct turns **turns = mem_alloc(share->instance_count *
	    sizeof(*turns));
	int is_on_disk = 0;

	for (uint32_t i = 0; i < share->instance_count; i++) {
		turns[i] = &share->instance[i]->turns;
		is_on_disk |= share->instance[i]->had_spilled;
	}
	turns_settle(&best->turns, turns, share->instance_count);
	mem_free(turns);
	best->is_on_disk = is_on_disk;
	if (is_on_disk) {
		if (best_set_rest(&best->set, err) != 0)
			return -1;
		best_set_forget(&best->set);
		return 0;
	}
	if (share->instance_count == 1)
		best_take_all(best);
	else
		best_set_forget(&best->set);
	return 0;
}

static enum op_status
fold_part(struct best *best, struct err *err)
{
	uint32_t part;

	if (!best->is_on_disk && best->share->instance_count == 1) {
		best->step = BEST_FOLDED;
		return OP_AGAIN;
	}
	if (!op_deal(best->run, 2, best->set.part_count, &part)) {
		best->step = BEST_FOLDED;
		return OP_AGAIN;
	}
	return best_fold(best, part, err) == 0 ? OP_AGAIN : OP_FAIL;
}

/* The last to go frees what all have read. */
static void
leave(struct best *best)
{
	struct best_share *share = best->share;

	best_giver_free(&best->giver);
	best->step = BEST_LEFT;
	if (__atomic_add_fetch(&share->left_count, 1, __ATOMIC_ACQ_REL) <
	    share->instance_count)
		return;
	for (uint32_t i = 0; i < share->instance_count; i++)
		free_kept(share->instance[i]);
}

static enum op_status
give_some(struct best *best, struct err *err)
{
	enum op_status status = best_give(best, err);

	if (status == OP_OK)
		leave(best);
	return status;
}

enum op_status
best_work(struct best *best, struct err *err)
{
	enum op_status status;

	switch (best->step) {
	case BEST_ADD:
		best->had_spilled = best->set.is_spilled;
		best->step = BEST_ADDED;
		return OP_AGAIN;
	case BEST_ADDED:
		if ((status = op_meet(best->run, 1)) != OP_OK)
			return status;
		best->step = BEST_FOLD;
		return settle(best, err) == 0 ? OP_AGAIN : OP_FAIL;
	case BEST_FOLD:
		if ((status = op_meet(best->run, 2)) != OP_OK)
			return status;
		return fold_part(best, err);
	case BEST_FOLDED:
		if ((status = op_meet(best->run, 3)) != OP_OK)
			return status;
		best->step = BEST_GIVE;
		return OP_AGAIN;
	case BEST_GIVE:
		return give_some(best, err);
	case BEST_LEFT:
		break;
	}
	return OP_OK;
}
