#include "data/type.h"

#include <criterion/criterion.h>

Test(type, names)
{
	for (int type = 0; type < TYPE_COUNT; type++)
		cr_assert(type_name((enum type)type) != NULL);
	for (int type = TYPE_BOOL; type <= TYPE_RECORD; type++) {
		const char *name = type_name((enum type)type);
		cr_assert(type_from_name(name, strlen(name)) ==
		    (enum type)type, "%s", name);
	}
	cr_assert(type_from_name("string", 6) == TYPE_TEXT);
	cr_assert(type_from_name("strings", 7) == TYPE_ANY);
	cr_assert(type_from_name("", 0) == TYPE_ANY);
}

Test(type, views)
{
	static const char bytes[64] = "abcdefghijklmnopqrstuvwxyz";

	for (size_t size = 0; size < 20; size++) {
		struct text a = text_make(bytes, size);
		struct text b = text_make_padded(bytes, size);
		cr_assert(memcmp(&a, &b, sizeof(a)) == 0);
		cr_assert(text_equal(&a, &b) && text_compare(&a, &b) == 0);
		struct text c = text_make(bytes, size + 1);
		cr_assert(!text_equal(&a, &c));
		cr_assert(text_compare(&a, &c) < 0 && text_compare(&c, &a) > 0);
	}
}
