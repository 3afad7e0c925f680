#ifndef SFLOW_UTIL_MEM_H
#define SFLOW_UTIL_MEM_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Small allocations.  They never return NULL: when the system refuses, the
 * process prints one sentence and ends with status 3.  mem_free(NULL) is fine.
 */
void *mem_alloc(size_t bytes);
void *mem_alloc_zero(size_t bytes);
void *mem_resize(void *take_block, size_t bytes);
/* For large blocks that are read at random: MEM_LARGE_BYTES or a multiple are
 * mapped by large pages where the system can. */
#define MEM_LARGE_BYTES ((size_t)2 << 20)
void *mem_alloc_large(size_t bytes);
void mem_free(void *block);
char *mem_copy_string(const char *string);
void *mem_copy(const void *bytes, size_t size);
/*
 * What to do before the process ends so: remove temporary files.  It must not
 * allocate.  The last one set holds.
 */
typedef void mem_farewell_f(void);
void mem_set_farewell(mem_farewell_f *);

/*
 * An accountant's page: what one owner (an operator, a reader) holds.  Large,
 * long-lived memory is charged to one.  `limit` of 0 means no own limit; the
 * process limit always holds.
 */
struct mem_budget {
	const char *name;	/* borrowed, for messages: "sort", "join u" */
	uint64_t used_bytes;
	uint64_t peak_bytes;
	uint64_t limit_bytes;
	int can_spill;		/* mem_budget_enter was called */
	int is_pressed;		/* atomic: see mem_is_pressed */
	/* The owner, who holds little else, sets it around what must not be
	 * refused: mem_charge is mem_charge_always then. */
	int insists;
	struct mem_budget *next, *previous;	/* of those that can spill */
};

/*
 * Owners that can spill say so: the accountant then knows whom to ask.  Between
 * enter and leave the budget stays where it is.  Any thread.
 */
void mem_budget_enter(struct mem_budget *);
void mem_budget_leave(struct mem_budget *);
/*
 * Shall this owner spill now, because another has no room and this one holds
 * the most?  It looks when it is pushed into, and spills what it can.  True
 * until it has released something.
 */
int mem_is_pressed(const struct mem_budget *);

/* For tests: press whoever looks each `every`-th time; 0: nobody. */
void mem_set_press(uint32_t every);

/* The limit of the whole process in bytes; 0 lifts it.  Set once, at start. */
void mem_set_limit(uint64_t bytes);
uint64_t mem_limit(void);
/*
 * Is the limit one of the process's resident memory?  What is resident and not
 * charged is then measured and taken from what may be charged: now and then in
 * mem_charge, and in mem_tend, for which a worker has time every few ms.  Else
 * only charges count.
 */
void mem_set_resident(int);
/* The addresses that the process may count on: what is allowed (ulimit -v) less
 * what the heap may want for itself at once; UINT64_MAX without a limit. */
uint64_t mem_address_limit(void);
void mem_tend(uint64_t now_ns);
/* Sum of all that is charged to budgets now. */
uint64_t mem_charged(void);
/* What owners that can spill may still charge, all together, as far as is known
 * now; UINT64_MAX without a limit. */
uint64_t mem_left(void);

/*
 * Charge `bytes` to `budget`.  Returns 0, or -1 when that would pass the
 * budget's or the process's limit: nothing is charged then, and the owner
 * spills, or fails with a sentence that names it (op_charge).  If another owner
 * that can spill holds more, that one is pressed as well.
 */
int mem_charge(struct mem_budget *, uint64_t bytes);
/*
 * Charge whatever the limits say: for the little with which an owner that holds
 * nothing else any more gets on, instead of giving up.  Presses others.
 */
void mem_charge_always(struct mem_budget *, uint64_t bytes);
void mem_release(struct mem_budget *, uint64_t bytes);

/*
 * A region: a bump allocator that is counted, so that batches can share what
 * lies in it.  Everything in it dies with the last reference.  Regions are
 * recycled, so making one is cheap.  Counts are atomic; the allocating side
 * is not: only one thread may allocate from a region at a time.
 */
struct region;

struct region *region_new(void);
struct region *region_hold(struct region *);
void region_drop(struct region **);
/* 16-byte aligned, uninitialised, never NULL. */
void *region_alloc(struct region *, size_t bytes);
void *region_alloc_zero(struct region *, size_t bytes);
void *region_copy(struct region *, const void *bytes, size_t size);
/* Bytes the region keeps from the system. */
size_t region_bytes(const struct region *);
/* Is this the only reference?  Then the owner may region_reset() it. */
int region_is_sole(const struct region *);
/* Forget all allocations, keep the memory. */
void region_reset(struct region *);
/* Give back to the heap what is kept for recycling. */
void region_pool_trim(void);
/* Keep no more than this for a thread, and for all in common; the defaults are
 * the most. */
void region_pool_limit(size_t own_bytes, size_t common_bytes);

#endif
