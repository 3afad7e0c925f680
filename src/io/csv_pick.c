/*
 * The index of a few separators of each row.
 *
 * Most flows read few of a file's fields, but an index of all separators costs
 * what writing them costs.  Where rows are alike, which separators of 64 bytes
 * are wanted depends only on the phase: how many the row at their start has had
 * before.  So each phase has a pattern, a bit per separator, and the deposit
 * instruction (pdep) lays its bits onto the separators of the mask:
 *
 *	bytes		7,paid,9.5\n8,open,1
 *	separators	 |    |   |  |    |
 *	pattern		 1    0   1  1    0	phase 0: fields 0 of 3
 *	wanted		 |        |  |
 *
 * A second pattern, that of line ends, must give the line ends that there are:
 * then every row has as many separators as it should.  If it does not, or there
 * is a quote, the scan stops, and the caller has the whole index made.
 */
#include "io/csv_pick.h"

#include <stddef.h>

#include "io/csv_block_priv.h"
#include "io/csv_index.h"
#include "util/bits.h"
#include "util/cpu.h"
#include "util/mem.h"

/* Wider rows would need large tables. */
#define STRIDE_MAX 190u
/* Separators of a block of 64 bytes. */
#define BLOCK_MAX 64u

struct pick_phase {
	uint64_t wanted, line_ends;
};

struct csv_pick {
	uint32_t stride, count;
	uint8_t next[STRIDE_MAX + BLOCK_MAX];	/* a phase, and so many more */
	uint8_t before[STRIDE_MAX];
	struct pick_phase phase[];
};

static struct pick_phase
phase_of(uint32_t phase, uint32_t stride, const uint8_t *is_wanted)
{
	struct pick_phase out = { 0, 0 };

	for (uint32_t i = 0; i < BLOCK_MAX; i++) {
		uint32_t at = (phase + i) % stride;
		out.wanted |= (uint64_t)(is_wanted[at] != 0) << i;
		out.line_ends |= (uint64_t)(at == stride - 1) << i;
	}
	return out;
}

struct csv_pick *
csv_pick_new(uint32_t stride, const uint8_t *is_wanted)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < stride; i++)
		count += is_wanted[i] != 0;
	/* Of six in nine it was measured to be as dear as all. */
	if (stride > STRIDE_MAX || count * 3 > stride * 2 ||
	    !cpu_deposits_fast())
		return NULL;
	struct csv_pick *pick = mem_alloc_zero(sizeof(*pick) +
	    stride * sizeof(pick->phase[0]));
	pick->stride = stride;
	for (uint32_t i = 0; i < stride; i++) {
		pick->phase[i] = phase_of(i, stride, is_wanted);
		pick->before[i] = (uint8_t)pick->count;
		pick->count += is_wanted[i] != 0;
	}
	for (uint32_t i = 0; i < stride + BLOCK_MAX; i++)
		pick->next[i] = (uint8_t)(i % stride);
	return pick;
}

void
csv_pick_free(struct csv_pick **pick)
{
	mem_free(*pick);
	*pick = NULL;
}

uint32_t
csv_pick_count(const struct csv_pick *pick)
{
	return pick->count;
}

uint32_t
csv_pick_before(const struct csv_pick *pick, uint32_t i)
{
	return pick->before[i];
}

#if defined(__x86_64__)

/*
 * More are written than there are, so that the question is mostly answered the
 * same way: of rows of 50 bytes four are wanted, or of short ones two.
 */
AVX2_INLINE void
pick_emit(uint32_t *out, uint64_t mask, uint32_t at, unsigned count)
{
	BMI_FOUR(0);
	BMI_ONE(4);
	BMI_ONE(5);
	for (unsigned i = 6; __builtin_expect(i < count, 0); i += 4)
		BMI_FOUR(i);
}

AVX2_INLINE void
pick_loop(const struct csv_pick *pick, struct csv_scan *scan, int quotes,
	int *has_cr)
{
	const char delimiter = scan->delimiter;
	const char *base = scan->base;
	const uint32_t end = scan->end;
	uint32_t *out = scan->index + scan->count;
	uint32_t *const limit = scan->index + scan->limit;
	uint32_t at = scan->at, phase = 0, separators = 0;
	__m256i returns = _mm256_setzero_si256();

	while (at < end && out < limit) {
		struct avx2_block block = avx2_load(base + at);
		uint64_t line_ends = avx2_mask(block, '\n', '\n');
		uint64_t mask = avx2_mask(block, delimiter, delimiter) |
		    line_ends;
		__m256i odd = avx2_any(block, '"');
		if (__builtin_expect(end - at < 64, 0)) {
			uint64_t valid = ((uint64_t)1 << (end - at)) - 1;
			mask &= valid;
			line_ends &= valid;
		}
		const struct pick_phase *now = &pick->phase[phase];
		if (__builtin_expect(_pdep_u64(now->line_ends, mask) !=
		    line_ends || (quotes && !_mm256_testz_si256(odd, odd)),
		    0)) {
			scan->illegal = 1;
			break;
		}
		returns = _mm256_or_si256(returns, avx2_any(block, '\r'));
		uint64_t wanted = _pdep_u64(now->wanted, mask);
		unsigned count = (unsigned)_mm_popcnt_u64(mask);
		unsigned wanted_count = (unsigned)_mm_popcnt_u64(wanted);
		pick_emit(out, wanted, at, wanted_count);
		out += wanted_count;
		separators += count;
		phase = pick->next[phase + count];
		at += 64;
	}
	scan->at = at < end ? at : end;
	scan->count = (uint32_t)(out - scan->index);
	scan->newline_count = separators / pick->stride;
	*has_cr = !_mm256_testz_si256(returns, returns);
}

static AVX2 void
pick_with_quotes(const struct csv_pick *pick, struct csv_scan *scan,
	int *has_cr)
{
	pick_loop(pick, scan, 1, has_cr);
}

static AVX2 void
pick_without_quotes(const struct csv_pick *pick, struct csv_scan *scan,
	int *has_cr)
{
	pick_loop(pick, scan, 0, has_cr);
}

#endif

void
csv_pick_index(const struct csv_pick *pick, struct csv_scan *scan, int *has_cr)
{
#if defined(__x86_64__)
	if (scan->quotes)
		pick_with_quotes(pick, scan, has_cr);
	else
		pick_without_quotes(pick, scan, has_cr);
#else
	(void)pick;
	*has_cr = 0;
	scan->illegal = 1;
#endif
}
