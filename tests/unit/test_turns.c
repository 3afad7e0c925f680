#include <criterion/criterion.h>

#include "op/turns.h"

/* Rows of three instances, whose turns are mixed: (turn, rows) as they came. */
static const struct {
	uint32_t instance;
	uint64_t turn, rows;
} came[] = {
	{ 0, 0, 5 }, { 1, 1, 3 }, { 0, 2, 0 }, { 1, 3, 1 }, { 1, 3, 2 },
	{ 0, 4, 7 }, { 0, 4, 2 }, { 1, 7, 4 }, { 0, 8, 1 },
};

#define CAME (sizeof(came) / sizeof(came[0]))

Test(turns, places_follow_the_turns)
{
	struct turns turns[3] = { { 0 } };
	const struct turns *all[3] = { &turns[0], &turns[1], &turns[2] };
	uint64_t own[3] = { 0 }, place = 0;

	for (size_t i = 0; i < CAME; i++)
		turns_add(&turns[came[i].instance], came[i].turn,
		    came[i].rows);
	for (uint32_t i = 0; i < 3; i++)
		turns_settle(&turns[i], all, 3);
	for (size_t i = 0; i < CAME; i++)
		for (uint64_t r = 0; r < came[i].rows; r++)
			cr_assert(turns_place(&turns[came[i].instance],
			    own[came[i].instance]++) == place++);
	cr_assert(turns[2].rows == 0 && turns[0].rows == own[0]);
	for (uint32_t i = 0; i < 3; i++)
		turns_fini(&turns[i]);
}
