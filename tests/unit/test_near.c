#include "util/near.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const names[] = {
	"where", "select", "extend", "sort", "country", "status", "ip", "",
	"a-name-that-is-longer-than-sixty-four-bytes-is-compared-by-nobody",
};
#define NAME_COUNT (sizeof(names) / sizeof(*names))

static const char *
near_of(const char *name)
{
	const char *found = near_name(name, names, NAME_COUNT);
	return found != NULL ? found : "";
}

Test(near, slips_of_the_hand)
{
	cr_assert_str_eq(near_of("wheer"), "where");
	cr_assert_str_eq(near_of("SELECT"), "select");
	cr_assert_str_eq(near_of("slect"), "select");
	cr_assert_str_eq(near_of("contry"), "country");
	cr_assert_str_eq(near_of("statsu"), "status");
	cr_assert_str_eq(near_of("sorrt"), "sort");
	cr_assert_str_eq(near_of("io"), "ip");
}

Test(near, what_is_not_near)
{
	cr_assert_str_eq(near_of("x"), "");
	cr_assert_str_eq(near_of(""), "");
	cr_assert_str_eq(near_of("group"), "");
	cr_assert_str_eq(near_of("host"), "");
	cr_assert_null(near_name("where", names, 0));
	char longer[200];
	memset(longer, 'a', sizeof(longer) - 1);
	longer[199] = '\0';
	cr_assert_str_eq(near_of(longer), "");
}

Test(near, the_same_beginning)
{
	static const char *const few[] = { "len", "substr", "delim", "st" };

	cr_assert_str_eq(near_name("length", few, 4), "len");
	cr_assert_str_eq(near_name("substring_of", few, 4), "substr");
	cr_assert_str_eq(near_name("deli", few + 2, 1), "delim");
	cr_assert_null(near_name("stages", few, 4));
}

Test(near, the_first_of_equals)
{
	static const char *const two[] = { "abcx", "abcy" };
	cr_assert_str_eq(near_name("abcz", two, 2), "abcx");
}
