#include "util/cpu.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(cpu, the_environment_lowers_the_tier)
{
	setenv("SFLOW_CPU", "plain", 1);
	cr_assert(cpu_tier() == CPU_PLAIN);
	setenv("SFLOW_CPU", "avx512", 1);
	cr_assert(cpu_tier() == CPU_PLAIN, "chosen once");
}

Test(cpu, it_does_not_raise_it)
{
	unsetenv("SFLOW_CPU");
	enum cpu_tier tier = cpu_tier();
	cr_assert(tier <= CPU_AVX512);
	cr_assert_str_eq(cpu_tier_name(CPU_AVX2), "avx2");
}
