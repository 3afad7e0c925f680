#include "util/env_group.h"

#include <criterion/criterion.h>
#include <string.h>

static const char both[] =
	"9:name=systemd:/init\n"
	"4:cpuacct,memory:/batch/job:1\n"
	"3:memory2:/wrong\n"
	"0::/user.slice/session\n";

Test(env_group, finds_the_group_of_a_controller)
{
	char path[64];

	cr_assert(group_find(both, "memory", path, sizeof(path)) == 0);
	cr_assert_str_eq(path, "/batch/job:1");
	cr_assert(group_find(both, "cpuacct", path, sizeof(path)) == 0);
	cr_assert(group_find(both, "cpu", path, sizeof(path)) == -1);
	cr_assert(group_find(both, NULL, path, sizeof(path)) == 0);
	cr_assert_str_eq(path, "/user.slice/session");
}

Test(env_group, any_text_is_survived)
{
	static const char *const texts[] = {
		"", "\n", ":", "::", "0:", "0::", "a\n:b\n", "0::/x", "\n\n0::",
	};
	char path[8];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		group_find(texts[i], "memory", path, sizeof(path));
		group_find(texts[i], NULL, path, sizeof(path));
	}
	cr_assert(group_find("0::/1234567", NULL, path, sizeof(path)) == -1,
	    "no room");
	cr_assert(group_find("0::/123456", NULL, path, sizeof(path)) == 0);
	cr_assert(group_find("0::", NULL, path, sizeof(path)) == 0);
	cr_assert_str_eq(path, "");
}

Test(env_group, limits)
{
	cr_assert(group_memory_of("max\n") == UINT64_MAX);
	cr_assert(group_memory_of("134217728\n") == 134217728);
	cr_assert(group_cpus_of("max 100000\n") == UINT64_MAX);
	cr_assert(group_cpus_of("-1 100000\n") == UINT64_MAX);
	cr_assert(group_cpus_of("50000 100000\n") == 1);
	cr_assert(group_cpus_of("150000 100000\n") == 2);
	cr_assert(group_cpus_of("400000 100000\n") == 4);
	cr_assert(group_cpus_of("5") == UINT64_MAX);
}
