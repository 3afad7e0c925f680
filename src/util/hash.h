#ifndef SFLOW_UTIL_HASH_H
#define SFLOW_UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH3-64 of the bytes. */
uint64_t hash_bytes(const void *bytes, size_t size);

/* A good mix of one or two words; one multiply each (wyhash's "mum"). */
static inline uint64_t
hash_mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)(a ^ 0x9e3779b97f4a7c15u) *
	    (b ^ 0xe7037ed1a0b428dbu);
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
