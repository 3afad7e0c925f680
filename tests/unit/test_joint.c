#include <criterion/criterion.h>

#include "op/joint.h"

static uint32_t woken;

static void
wake(void *cookie)
{
	woken |= 1u << *(uint32_t *)cookie;
}

struct rig {
	struct joint *joint;
	struct op_run run[3];
	uint32_t number[3];
};

static void
rig_open(struct rig *rig)
{
	*rig = (struct rig){ .joint = joint_new(3), .number = { 0, 1, 2 } };
	for (uint32_t i = 0; i < 3; i++) {
		rig->run[i].instance = i;
		rig->run[i].instance_count = 3;
		rig->run[i].joint = rig->joint;
		joint_set_wake(rig->joint, i, wake, &rig->number[i]);
	}
	woken = 0;
}

Test(joint, all_must_come_and_the_last_wakes)
{
	struct rig rig;

	rig_open(&rig);
	cr_assert_eq(op_meet(&rig.run[1], 1), OP_WAIT);
	cr_assert_eq(op_meet(&rig.run[0], 1), OP_WAIT);
	cr_assert_eq(op_meet(&rig.run[1], 1), OP_WAIT);
	cr_assert_eq(woken, 0);
	cr_assert_eq(op_meet(&rig.run[2], 1), OP_OK);
	cr_assert_eq(woken, 3);
	cr_assert_eq(op_meet(&rig.run[1], 1), OP_OK);
	/* Who is at the second does not take the first from the others. */
	cr_assert_eq(op_meet(&rig.run[1], 2), OP_WAIT);
	cr_assert_eq(op_meet(&rig.run[0], 1), OP_OK);
	joint_free(&rig.joint);
}

Test(joint, pieces_are_dealt_once_and_anew_behind_a_meeting)
{
	struct rig rig;
	uint32_t piece, sum = 0;

	rig_open(&rig);
	for (uint32_t i = 0; i < 3; i++)
		op_meet(&rig.run[i], 1);
	for (uint32_t i = 0; i < 5; i++) {
		cr_assert(op_deal(&rig.run[i % 3], 1, 5, &piece));
		sum += piece;
	}
	cr_assert_eq(sum, 10);
	cr_assert(!op_deal(&rig.run[1], 1, 5, &piece));
	for (uint32_t i = 0; i < 3; i++)
		op_meet(&rig.run[i], 2);
	cr_assert(op_deal(&rig.run[2], 2, 1, &piece));
	cr_assert_eq(piece, 0);
	joint_free(&rig.joint);
}

Test(joint, one_that_leaves_takes_who_waits_along)
{
	struct rig rig;

	rig_open(&rig);
	cr_assert_eq(op_meet(&rig.run[0], 1), OP_WAIT);
	joint_leave(rig.joint);
	cr_assert_eq(woken, 7);
	cr_assert_eq(op_meet(&rig.run[0], 1), OP_DONE);
	joint_free(&rig.joint);
}
