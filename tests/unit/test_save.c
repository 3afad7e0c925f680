#include "state/save.h"

#include <criterion/criterion.h>
#include <string.h>

Test(save, entries_in_order)
{
	struct save *save = save_new();
	char bytes[100];
	uint32_t group;
	size_t size;

	memset(bytes, 'x', sizeof(bytes));
	for (uint32_t i = 0; i < 100; i++)
		save_put(save, i % 7 == 0 ? SAVE_SHARED : i, bytes, i);
	cr_assert(save_count(save) == 100 && save_bytes(save) == 4950);
	for (uint32_t i = 0; i < 100; i++) {
		const char *entry = save_entry(save, i, &group, &size);
		cr_assert(size == i && memcmp(entry, bytes, size) == 0);
		cr_assert(group == (i % 7 == 0 ? SAVE_SHARED : i));
	}
	save_free(&save);
	save_free(&save);
}

Test(save, nothing)
{
	struct save *save = save_new();

	cr_assert(save_count(save) == 0 && save_bytes(save) == 0);
	save_free(&save);
}
