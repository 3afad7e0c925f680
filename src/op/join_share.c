/*
 * What the instances of a join have together.
 *
 * Each instance writes only what is its own; the others look at it behind a
 * meeting (op/joint.h), when it does not change any more.  What is made
 * together is dealt by partition, so no two instances touch the same.
 */
#include "op/join_priv.h"

#include <string.h>

#include "op/waiting.h"

void *
join_share_new(const struct op *op, uint32_t instance_count)
{
	struct join_share *share = mem_alloc_zero(sizeof(*share));

	share->op = op;
	share->budget.name = "join";
	share->instance_count = instance_count;
	share->instance = mem_alloc_zero(instance_count *
	    sizeof(*share->instance));
	share->waiting = waiting_new("join", instance_count);
	thr_lock_init(&share->away.lock, "keys in files");
	mem_budget_enter(&share->budget);
	return share;
}

static void
part_of_free(struct join_share *share, struct join_part_of *own)
{
	for (uint32_t p = 0; p < JOIN_PARTS; p++) {
		pile_free(&own->build[p], &share->budget);
		pile_free(&own->probe[p], &share->budget);
	}
	join_strips_free(share, &own->strips);
	pile_free(&own->given, &share->budget);
	image_shapes_fini(&own->right);
	image_shapes_fini(&own->left);
	image_shapes_fini(&own->out);
	for (uint32_t i = 0; i < own->seen_count; i++)
		schema_drop(&own->seen[i].schema);
	mem_free(own->seen);
}

void
join_share_free(void *take_share)
{
	struct join_share *share = take_share;

	for (uint32_t i = 0; i < share->instance_count; i++)
		part_of_free(share, &share->instance[i]);
	for (uint32_t p = 0; p < JOIN_PARTS; p++) {
		struct join_later *later = &share->later[p];
		join_table_free(&share->table[p], &share->budget);
		pile_free(&later->given, &share->budget);
		pile_free(&later->rest, &share->budget);
		image_shapes_fini(&later->out);
	}
	image_union_fini(&share->right);
	join_sieve_fini(share);
	join_sieve_free(&share->away.sieve, &share->budget);
	thr_lock_fini(&share->away.lock);
	waiting_free(&share->waiting);
	if (share->found != NULL)
		mem_release(&share->budget, share->row_count / 8);
	mem_budget_leave(&share->budget);
	mem_free(share->strip);
	mem_free(share->found);
	mem_free(share->instance);
	mem_free(share);
}

void
join_share_release(struct join_share *share, uint32_t instance)
{
	if (instance == 0)
		join_sieve_free(&share->away.sieve, &share->budget);
	if (join_keeps_right(share->op))
		return;
	for (uint32_t p = 0; p < JOIN_PARTS; p++) {
		if (share->is_spilled[p])
			continue;
		pile_free(&share->instance[instance].build[p],
		    &share->budget);
		if (p % share->instance_count == instance)
			join_table_free(&share->table[p], &share->budget);
	}
}

int
join_has_spilled(const struct join_share *share)
{
	for (uint32_t p = 0; p < JOIN_PARTS; p++)
		if (share->is_spilled[p])
			return 1;
	return 0;
}

void
join_share_ask(struct join_share *share)
{
	__atomic_store_n(&share->is_asked, 1, __ATOMIC_RELAXED);
}

int
join_share_is_asked(const struct join_share *share)
{
	return __atomic_load_n(&share->is_asked, __ATOMIC_RELAXED);
}

int
join_share_is_made(const struct join_share *share)
{
	return __atomic_load_n(&share->is_made, __ATOMIC_ACQUIRE);
}

int
join_has_room(uint64_t bytes)
{
	uint64_t limit = mem_limit();

	return limit == 0 || mem_charged() + bytes <= limit / 8 * 5;
}

/* --- behind the first meeting --- */

/*
 * All shapes of right rows as one.  Their numbers count through the instances;
 * their fields come in the order of the input.
 */
static void
settle_shapes(struct join_share *share, struct op_run *run)
{
	const struct image_shape **shape;
	uint32_t count = 0;

	for (uint32_t i = 0; i < share->instance_count; i++)
		count += share->instance[i].right.count;
	shape = mem_alloc((count + 1) * sizeof(*shape));
	count = 0;
	for (uint32_t i = 0; i < share->instance_count; i++)
		for (uint32_t s = 0; s < share->instance[i].right.count; s++)
			shape[count++] = &share->instance[i].right.shape[s];
	image_union_init(&share->right, run, shape, count);
	mem_free(shape);
}

void
join_share_settle(struct join_share *share, struct op_run *run)
{
	settle_shapes(share, run);
	waiting_settle(share->waiting);
	for (uint32_t i = 0; i < share->instance_count; i++)
		for (uint32_t p = 0; p < JOIN_PARTS; p++)
			share->row_count +=
			    share->instance[i].build[p].row_count;
	if (join_is_merged(share->op))
		join_strips_settle(share);
}
