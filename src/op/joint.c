/*
 * Meetings of instances.
 *
 * Each instance has the number of the last meeting it has come to; a meeting
 * has happened when the least of these has reached it.  Who comes last wakes
 * the others.  What was done before a meeting is seen behind it, because both
 * sides went through the lock.
 */
#include "op/joint.h"

#include <assert.h>

#include "util/mem.h"
#include "util/thr.h"

struct seat {
	uint32_t came_to;		/* meeting */
	void (*wake)(void *cookie);
	void *cookie;
};

struct joint {
	struct thr_lock lock;
	uint32_t count;
	int is_left;
	uint32_t deal;			/* of which meeting pieces are dealt */
	uint32_t piece;			/* the next */
	struct seat seat[];
};

struct joint *
joint_new(uint32_t instance_count)
{
	struct joint *joint = mem_alloc_zero(sizeof(*joint) +
	    instance_count * sizeof(joint->seat[0]));

	thr_lock_init(&joint->lock, "a meeting of instances");
	joint->count = instance_count;
	return joint;
}

void
joint_free(struct joint **take_joint)
{
	struct joint *joint = *take_joint;

	*take_joint = NULL;
	if (joint == NULL)
		return;
	thr_lock_fini(&joint->lock);
	mem_free(joint);
}

void
joint_set_wake(struct joint *joint, uint32_t instance,
	void (*wake)(void *cookie), void *cookie)
{
	joint->seat[instance].wake = wake;
	joint->seat[instance].cookie = cookie;
}

static void
joint_wake(const struct joint *joint, uint32_t but)
{
	for (uint32_t i = 0; i < joint->count; i++)
		if (i != but && joint->seat[i].wake != NULL)
			joint->seat[i].wake(joint->seat[i].cookie);
}

void
joint_leave(struct joint *joint)
{
	thr_lock_take(&joint->lock);
	joint->is_left = 1;
	thr_lock_give(&joint->lock);
	joint_wake(joint, UINT32_MAX);
}

static int
all_came(const struct joint *joint, uint32_t number)
{
	for (uint32_t i = 0; i < joint->count; i++)
		if (joint->seat[i].came_to < number)
			return 0;
	return 1;
}

enum op_status
op_meet(struct op_run *run, uint32_t number)
{
	struct joint *joint = run->joint;
	struct seat *seat = &joint->seat[run->instance];
	int is_last = 0;

	thr_lock_take(&joint->lock);
	assert(number > 0 && number <= seat->came_to + 1);
	int has_happened = all_came(joint, number);
	if (number > seat->came_to) {
		seat->came_to = number;
		has_happened = is_last = all_came(joint, number);
	}
	int is_left = joint->is_left;
	thr_lock_give(&joint->lock);
	if (is_last)
		joint_wake(joint, run->instance);
	return has_happened ? OP_OK : is_left ? OP_DONE : OP_WAIT;
}

int
op_deal(struct op_run *run, uint32_t number, uint32_t count, uint32_t *piece)
{
	struct joint *joint = run->joint;

	thr_lock_take(&joint->lock);
	assert(number >= joint->deal);
	if (number > joint->deal) {
		joint->deal = number;
		joint->piece = 0;
	}
	int is_dealt = joint->piece < count;
	*piece = joint->piece;
	joint->piece += (uint32_t)is_dealt;
	thr_lock_give(&joint->lock);
	return is_dealt;
}
