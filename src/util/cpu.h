#ifndef SFLOW_UTIL_CPU_H
#define SFLOW_UTIL_CPU_H

/*
 * Which instruction set the kernels may use.  Chosen once at start; the
 * environment variable SFLOW_CPU=plain|sse2|avx2|avx512 lowers it (tests run
 * every tier against the plain twin).
 *
 * A tier is several sets at once: AVX2 means avx2, bmi, bmi2, popcnt and
 * pclmul; AVX512 adds f, bw, dq, vl and vbmi2; SSE2 is what x86-64 always has.
 */
enum cpu_tier { CPU_PLAIN, CPU_SSE2, CPU_AVX2, CPU_AVX512 };

enum cpu_tier cpu_tier(void);
const char *cpu_tier_name(enum cpu_tier);
/* Is the bit deposit of bmi2 one instruction, not a program of many? */
int cpu_deposits_fast(void);

#endif
