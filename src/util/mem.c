/*
 * Small allocations.  They go to the heap the program is linked with (jemalloc,
 * or a sanitizer's).
 */
#include "util/mem.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef SFLOW_JEMALLOC
#include <jemalloc/jemalloc.h>
#else
#include <malloc.h>
#endif

#include "util/bits.h"
#include "util/env.h"
#include "util/mem_priv.h"

/* Exit status when the system is out of memory; that of ERR_IO. */
#define STATUS_NO_MEMORY 3

#ifdef SFLOW_JEMALLOC
/*
 * Few arenas: workers mostly recycle regions and rarely meet in the heap.
 * Freed pages stay for a second, so that a batch finds them mapped, and then
 * go back, so that the resident size follows what is charged.
 */
#define HEAP_SETTINGS "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0," \
	"background_thread:false,thp:default,"

/* Their addresses are kept: so the next pages cost less. */
const char *malloc_conf = HEAP_SETTINGS "retain:true";

/* But not where addresses are few (ulimit -v). */
static void
settle_heap(void)
{
	if (env_address_limit() != UINT64_MAX)
		malloc_conf = HEAP_SETTINGS "retain:false";
}

/* The heap asks when it is first used, perhaps before main(). */
static void (*const before_all)(void)
    __attribute__((section(".preinit_array"), used)) = settle_heap;
#endif

static mem_farewell_f *farewell;
/* Who says that there is no memory, of threads that meet it at once. */
enum { SAID_NOT, SAID_BEGUN, SAID };
static int said;

/* One sentence, whoever is asked; stdio might allocate, so the text is made on
 * the stack. */
static void
say_no_memory(size_t bytes)
{
	char text[160];
	uint64_t limit = env_address_limit();
	int size = snprintf(text, sizeof(text), limit == UINT64_MAX ?
	    "sflow: out of memory: the system refused %zu bytes\n" :
	    "sflow: out of memory: the system refused %zu bytes more; "
	    "'ulimit -v' allows %llu KiB in all\n", bytes,
	    (unsigned long long)limit >> 10);
	int state = SAID_NOT;

	if (__atomic_compare_exchange_n(&said, &state, SAID_BEGUN, 0,
	    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		env_write_all(STDERR_FILENO, text, (size_t)size);
		__atomic_store_n(&said, SAID, __ATOMIC_RELEASE);
	}
	/* Nobody ends the process before that. */
	while (__atomic_load_n(&said, __ATOMIC_ACQUIRE) != SAID)
		sched_yield();
}

/* Ends the process. */
static void __attribute__((noreturn))
no_memory(size_t bytes)
{
	say_no_memory(bytes);
	mem_farewell_f *last = __atomic_load_n(&farewell, __ATOMIC_ACQUIRE);
	if (last != NULL)
		last();
	_exit(STATUS_NO_MEMORY);
}

void
mem_set_farewell(mem_farewell_f *function)
{
	__atomic_store_n(&farewell, function, __ATOMIC_RELEASE);
}

/* After a refusal, before the next try: what lies idle here may be what is
 * missing.  There is one more try. */
static void
make_room(size_t bytes, unsigned tries)
{
	if (tries > 0)
		no_memory(bytes);
	region_pool_trim();
	heap_purge();
}

/* The test's refusal, which is final. */
static void
refuse_by_test(size_t bytes)
{
	if (__builtin_expect(env_alloc_fails(), 0))
		no_memory(bytes);
}

void *
mem_alloc(size_t bytes)
{
	void *block;

	refuse_by_test(bytes);
	for (unsigned tries = 0; (block = malloc(bytes > 0 ? bytes : 1)) ==
	    NULL; tries++)
		make_room(bytes, tries);
	return block;
}

void *
mem_alloc_zero(size_t bytes)
{
	void *block;

	refuse_by_test(bytes);
	for (unsigned tries = 0; (block = calloc(1, bytes > 0 ? bytes : 1)) ==
	    NULL; tries++)
		make_room(bytes, tries);
	return block;
}

void *
mem_alloc_large(size_t bytes)
{
	void *block = NULL;

	refuse_by_test(bytes);
	bytes = bits_round_up(bytes, MEM_LARGE_BYTES);
	for (unsigned tries = 0; posix_memalign(&block, MEM_LARGE_BYTES,
	    bytes) != 0; tries++)
		make_room(bytes, tries);
	env_want_large_pages(block, bytes);
	return block;
}

void *
mem_resize(void *take_block, size_t bytes)
{
	void *block;

	refuse_by_test(bytes);
	for (unsigned tries = 0; (block = realloc(take_block, bytes > 0 ?
	    bytes : 1)) == NULL; tries++)
		make_room(bytes, tries);
	return block;
}

void
mem_free(void *block)
{
	free(block);
}

char *
mem_copy_string(const char *string)
{
	return mem_copy(string, strlen(string) + 1);
}

void *
mem_copy(const void *bytes, size_t size)
{
	void *block = mem_alloc(size);
	if (size > 0)
		memcpy(block, bytes, size);
	return block;
}

#ifdef SFLOW_JEMALLOC
/* "4096", jemalloc's number for all arenas, as a piece of a name. */
#define TEXT_OF(number) #number
#define NUMBER_TEXT(number) TEXT_OF(number)
#define ALL_ARENAS NUMBER_TEXT(MALLCTL_ARENAS_ALL)

uint64_t
heap_idle_bytes(void)
{
	uint64_t epoch = 1;
	size_t pages = 0, page_bytes = 0, size = sizeof(size_t);

	/* Its figures are as of the last epoch. */
	if (mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch)) != 0 ||
	    mallctl("stats.arenas." ALL_ARENAS ".pdirty", &pages, &size, NULL,
	    0) != 0 || mallctl("arenas.page", &page_bytes, &size, NULL, 0) != 0)
		return 0;
	return (uint64_t)pages * page_bytes;
}

void
heap_purge(void)
{
	mallctl("arena." ALL_ARENAS ".purge", NULL, NULL, NULL, 0);
}
#else
uint64_t
heap_idle_bytes(void)
{
	return mallinfo2().fordblks;
}

void
heap_purge(void)
{
	malloc_trim(0);
}
#endif
