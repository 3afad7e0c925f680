/*
 * A tier is a promise about several instruction sets at once, so that kernels
 * ask one question: AVX2 stands for avx2, bmi, bmi2, popcnt and pclmul; AVX512
 * adds f, bw, dq, vl and vbmi2.  A machine without one of them falls to the
 * tier below.  The choice is made by the first call and kept; two threads that
 * race store the same value.
 */
#include "util/cpu.h"

#include <string.h>

#include "util/env.h"

#define TIER_COUNT 4

static const char *const tier_names[TIER_COUNT] = {
	"plain", "sse2", "avx2", "avx512",
};

static int tier_chosen = -1;

/* The best tier of this machine. */
static enum cpu_tier
tier_of_machine(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
	    !__builtin_cpu_supports("bmi2") ||
	    !__builtin_cpu_supports("popcnt") ||
	    !__builtin_cpu_supports("pclmul"))
		return CPU_SSE2;
	if (!__builtin_cpu_supports("avx512f") ||
	    !__builtin_cpu_supports("avx512bw") ||
	    !__builtin_cpu_supports("avx512dq") ||
	    !__builtin_cpu_supports("avx512vl") ||
	    !__builtin_cpu_supports("avx512vbmi2"))
		return CPU_AVX2;
	return CPU_AVX512;
#else
	return CPU_PLAIN;
#endif
}

enum cpu_tier
cpu_tier(void)
{
	int chosen = __atomic_load_n(&tier_chosen, __ATOMIC_RELAXED);
	if (chosen >= 0)
		return (enum cpu_tier)chosen;

	const char *wish = env_variable("SFLOW_CPU");
	chosen = (int)tier_of_machine();
	for (int i = 0; wish != NULL && i < chosen; i++)
		if (strcmp(wish, tier_names[i]) == 0)
			chosen = i;
	__atomic_store_n(&tier_chosen, chosen, __ATOMIC_RELAXED);
	return (enum cpu_tier)chosen;
}

const char *
cpu_tier_name(enum cpu_tier tier)
{
	return tier_names[tier];
}

int
cpu_deposits_fast(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	return cpu_tier() >= CPU_AVX2 && !__builtin_cpu_is("bdver4") &&
	    !__builtin_cpu_is("znver1") && !__builtin_cpu_is("znver2");
#else
	return 0;
#endif
}
