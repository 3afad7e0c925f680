#ifndef SFLOW_EXEC_ATOMIC_H
#define SFLOW_EXEC_ATOMIC_H

/*
 * The atomic operations of what runs between threads without locks.  They are
 * macros so that a program that explores interleavings can take their place: it
 * defines ATOMIC_REPLACED and all of them, and includes the .c file.
 *
 * Fences are not among them: the thread sanitizer does not see them.
 */
#ifndef ATOMIC_REPLACED
#include <stdatomic.h>

#define ATOMIC(type) _Atomic type
#define ATOMIC_LOAD(at, order) \
	atomic_load_explicit((at), memory_order_##order)
#define ATOMIC_STORE(at, value, order) \
	atomic_store_explicit((at), (value), memory_order_##order)
/* The old value. */
#define ATOMIC_EXCHANGE(at, value, order) \
	atomic_exchange_explicit((at), (value), memory_order_##order)
/* True if *at was *expected; else *expected is what it was. */
#define ATOMIC_COMPARE_EXCHANGE(at, expected, value, order) \
	atomic_compare_exchange_strong_explicit((at), (expected), (value), \
	    memory_order_##order, memory_order_acquire)
#endif

#endif
