/*
 * The scan, as a template; csv_index.c includes it once per instruction set
 * and use of quotes.
 *
 *	KERNEL_NAME	the function to make
 *	KERNEL_TARGET	its target attribute
 *	KERNEL_QUOTES	1: quotes are quotes
 *	KERNEL_LOAD(bytes)
 *			begins a block of 64 bytes
 *	KERNEL_EITHER(a, b), KERNEL_EQUAL(a)
 *			the mask of the block's bytes that are a or b
 *	KERNEL_HAS(a)	not 0 if some byte is a
 *	KERNEL_PREFIX(q)
 *			bit i is the parity of the bits 0..i of q
 *	KERNEL_EMIT(out, mask, at, count)
 *			writes at + i for every bit i of the mask, `count` many;
 *			may write up to 64 entries
 *
 * Two loops take turns: one for blocks without quotes, which the first quote
 * ends, and one that keeps the state of quotes.  That one goes on for a while
 * after the last quote, because in data where quotes come and go a wrong guess
 * costs more than the state does.
 */
static KERNEL_TARGET void
KERNEL_NAME(struct csv_scan *scan)
{
	const char *base = scan->base;
	const char delimiter = scan->delimiter;
	const uint32_t end = scan->end;
	uint32_t *out = scan->index + scan->count;
	uint32_t *const limit = scan->index + scan->limit;
	uint64_t newlines = 0;
	uint32_t at = scan->at;

#if KERNEL_QUOTES
	uint64_t inside = scan->inside;
	uint64_t close_before = scan->close_before;
	uint64_t cr_before = scan->cr_before;
	uint64_t quoted_newlines = 0;

again:
	if (inside | close_before | cr_before)
		goto with_quotes;
#endif
	while (at < end && out < limit) {
		KERNEL_LOAD(base + at);
#if KERNEL_QUOTES
		if (__builtin_expect(KERNEL_HAS('"') != 0, 0))
			goto with_quotes;
#endif
		uint64_t mask = KERNEL_EITHER(delimiter, '\n');
		uint64_t n = KERNEL_EQUAL('\n');
		if (__builtin_expect(end - at < 64, 0)) {
			uint64_t valid = ((uint64_t)1 << (end - at)) - 1;
			mask &= valid;
			n &= valid;
		}
		unsigned count = (unsigned)__builtin_popcountll(mask);
		newlines += (unsigned)__builtin_popcountll(n);
		KERNEL_EMIT(out, mask, at, count);
		out += count;
		at += 64;
	}
#if KERNEL_QUOTES
	goto done;

with_quotes:;
	/* Could a quote that is the next byte open a field? */
	uint64_t edge = at == scan->start || base[at - 1] == delimiter ||
	    base[at - 1] == '\n' || base[at - 1] == '"';
	uint64_t recent = 0;
	unsigned left = CSV_QUOTED_BLOCKS;

	while (at < end && out < limit) {
		KERNEL_LOAD(base + at);
		uint64_t mask = KERNEL_EITHER(delimiter, '\n');
		uint64_t n = KERNEL_EQUAL('\n');
		uint64_t q = KERNEL_EQUAL('"');
		uint64_t valid = UINT64_MAX;
		if (__builtin_expect(end - at < 64, 0)) {
			valid = ((uint64_t)1 << (end - at)) - 1;
			mask &= valid;
			n &= valid;
			q &= valid;
		}
		uint64_t in = KERNEL_PREFIX(q) ^ inside;
		uint64_t any = mask | q;
		uint64_t close = q & ~in;
		uint64_t wrong = q & in & ~(any << 1 | edge);
		uint64_t odd = (close << 1 | close_before) & ~any;
		uint64_t cr = 0;
		if (__builtin_expect((odd | wrong | cr_before) != 0, 0)) {
			/* Only the '\r' of a line end may follow. */
			cr = odd & KERNEL_EQUAL('\r');
			wrong |= odd & ~cr;
			wrong |= (cr << 1 | cr_before) & ~n;
			if ((wrong & valid) != 0) {
				scan->illegal = 1;
				break;
			}
		}
		recent |= q;
		inside = (uint64_t)((int64_t)in >> 63);
		close_before = close >> 63;
		cr_before = cr >> 63;
		edge = any >> 63;
		quoted_newlines |= n & in;
		mask &= ~in;
		n &= ~in;
		unsigned count = (unsigned)__builtin_popcountll(mask);
		newlines += (unsigned)__builtin_popcountll(n);
		KERNEL_EMIT(out, mask, at, count);
		out += count;
		at += 64;
		if (--left == 0) {
			if (recent == 0)
				goto again;
			recent = 0;
			left = CSV_QUOTED_BLOCKS;
		}
	}
done:
	scan->inside = inside;
	scan->close_before = close_before;
	scan->cr_before = cr_before;
	scan->quoted_newline |= quoted_newlines != 0;
#endif
	scan->at = at < end ? at : end;
	scan->count = (uint32_t)(out - scan->index);
	scan->newline_count += (uint32_t)newlines;
}

#undef KERNEL_NAME
#undef KERNEL_QUOTES
