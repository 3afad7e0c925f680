/*
 * Small allocations.  They go to the heap the program is linked with (jemalloc,
 * or a sanitizer's).
 */
#include "util/mem.h"

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
const char *malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0,"
	"retain:true,background_thread:false,thp:default";
#endif

static mem_farewell_f *farewell;

/* Ends the process; stdio might allocate, so the text is made on the stack. */
static void __attribute__((noreturn))
no_memory(size_t bytes)
{
	char text[96];
	int size = snprintf(text, sizeof(text),
	    "sflow: out of memory: the system refused %zu bytes\n", bytes);

	env_write_all(STDERR_FILENO, text, (size_t)size);
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

void *
mem_alloc(size_t bytes)
{
	void *block = env_alloc_fails() ? NULL : malloc(bytes > 0 ? bytes : 1);
	if (__builtin_expect(block == NULL, 0))
		no_memory(bytes);
	return block;
}

void *
mem_alloc_zero(size_t bytes)
{
	void *block = env_alloc_fails() ? NULL :
	    calloc(1, bytes > 0 ? bytes : 1);
	if (__builtin_expect(block == NULL, 0))
		no_memory(bytes);
	return block;
}

void *
mem_alloc_large(size_t bytes)
{
	void *block = NULL;

	bytes = bits_round_up(bytes, MEM_LARGE_BYTES);
	if (env_alloc_fails() ||
	    posix_memalign(&block, MEM_LARGE_BYTES, bytes) != 0)
		no_memory(bytes);
	env_want_large_pages(block, bytes);
	return block;
}

void *
mem_resize(void *take_block, size_t bytes)
{
	void *block = env_alloc_fails() ? NULL :
	    realloc(take_block, bytes > 0 ? bytes : 1);
	if (__builtin_expect(block == NULL, 0))
		no_memory(bytes);
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
