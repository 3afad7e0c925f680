/*
 * What the temporary files of a job have in common: the folder, how much lies
 * there, and whether packing pays.
 *
 * A block is packed if that costs less time than moving the bytes it saves:
 *
 *	packing a byte  <  (1 - stored / plain) * (writing + reading a byte)
 *
 * All four are measured.  Writing is measured as the call takes: while the
 * system's cache takes the bytes that is next to nothing and nothing is packed;
 * when the disk is behind, the system lets writers wait, and packing begins.
 * Every PROBE_BLOCKS-th block is packed anyhow, to know what that costs and
 * brings with these bytes.
 */
#include "state/spill.h"

#include "data/frame.h"
#include "state/spill_priv.h"
#include "util/hash.h"
#include "util/mem.h"

/* Costs a hundredth where packing does not pay. */
#define PROBE_BLOCKS 64
/* Of a rate: what is older counts half and less. */
#define RATE_BYTES ((uint64_t)16 << 20)
/* Of the limit of memory, and at least: a call costs what moving some KiB
 * does. */
#define BLOCK_PART 1024
#define BLOCK_BYTES_MIN ((size_t)16 << 10)

struct spill *
spill_new(const char *folder, uint64_t limit_bytes)
{
	struct spill *spill = mem_alloc_zero(sizeof(*spill));

	spill->folder = mem_copy_string(folder);
	spill->limit_bytes = limit_bytes;
	thr_lock_init(&spill->lock, "temporary files");
	return spill;
}

void
spill_free(struct spill **spill_address)
{
	struct spill *spill = *spill_address;

	*spill_address = NULL;
	if (spill == NULL)
		return;
	while (spill->names != NULL) {
		struct spill_reader_names *names = spill->names;
		spill->names = names->next;
		frame_reader_free(&names->reader);
		mem_free(names);
	}
	thr_lock_fini(&spill->lock);
	mem_free(spill->folder);
	mem_free(spill);
}

size_t
spill_block_bytes(void)
{
	uint64_t bytes = mem_limit() / BLOCK_PART;

	if (mem_limit() == 0 || bytes > SPILL_BLOCK_BYTES)
		return SPILL_BLOCK_BYTES;
	return bytes < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : (size_t)bytes;
}

uint64_t
spill_written_bytes(const struct spill *spill)
{
	return __atomic_load_n(&spill->written_bytes, __ATOMIC_RELAXED);
}

uint64_t
spill_used_bytes(const struct spill *spill)
{
	return __atomic_load_n(&spill->used_bytes, __ATOMIC_RELAXED);
}

uint64_t
spill_check(const struct spill_head *head, uint64_t place, const char *stored)
{
	uint64_t sizes = (uint64_t)head->stored_bytes << 32 | head->plain_bytes;

	return hash_mix(hash_bytes(stored, head->stored_bytes) ^ place, sizes);
}

/* Threads that meet here overwrite each other's sums, which are estimates. */
void
spill_rate_add(struct spill_rate *rate, uint64_t ns, uint64_t bytes)
{
	uint64_t all_ns = __atomic_load_n(&rate->ns, __ATOMIC_RELAXED) + ns;
	uint64_t all = __atomic_load_n(&rate->bytes, __ATOMIC_RELAXED) + bytes;

	if (all > RATE_BYTES) {
		all_ns /= 2;
		all /= 2;
	}
	__atomic_store_n(&rate->ns, all_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&rate->bytes, all, __ATOMIC_RELAXED);
}

/* Of one byte; 0 if nothing is known. */
static double
rate_of(const struct spill_rate *rate)
{
	uint64_t bytes = __atomic_load_n(&rate->bytes, __ATOMIC_RELAXED);

	return bytes == 0 ? 0 : (double)__atomic_load_n(&rate->ns,
	    __ATOMIC_RELAXED) / (double)bytes;
}

int
spill_packs(struct spill *spill)
{
	uint64_t number = __atomic_fetch_add(&spill->block_count, 1,
	    __ATOMIC_RELAXED);

	if (number % PROBE_BLOCKS == 0)
		return 1;
	return rate_of(&spill->packing) < (1 - rate_of(&spill->packed)) *
	    (rate_of(&spill->writing) + rate_of(&spill->reading));
}

struct spill_reader_names *
spill_take_names(struct spill *spill)
{
	thr_lock_take(&spill->lock);
	struct spill_reader_names *names = spill->names;
	if (names != NULL)
		spill->names = names->next;
	thr_lock_give(&spill->lock);
	if (names != NULL)
		return names;
	names = mem_alloc(sizeof(*names));
	names->reader = frame_reader_new("a temporary file");
	return names;
}

void
spill_give_names(struct spill *spill, struct spill_reader_names *take_names)
{
	thr_lock_take(&spill->lock);
	take_names->next = spill->names;
	spill->names = take_names;
	thr_lock_give(&spill->lock);
}
