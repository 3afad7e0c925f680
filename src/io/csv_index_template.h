/*
 * The scan, as a template; csv_index.c includes it once per instruction set.
 *
 *	KERNEL_NAME	the function to make
 *	KERNEL_TARGET	its target attribute
 *	KERNEL_QUOTES	1: quotes are quotes
 *	KERNEL_MASKS(bytes, delimiter, d, n, q)
 *			sets bit i of d, n, q if byte i is the delimiter, a line
 *			end, a quote
 *	KERNEL_MASK(bytes, byte)
 *			the mask of one byte value
 *	KERNEL_PREFIX(q)
 *			bit i is the parity of the bits 0..i of q
 *	KERNEL_EMIT(out, mask, at, count)
 *			writes at + i for every bit i of the mask, `count` many;
 *			may write up to 64 entries
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
	/* Bit 0 and 1 as in `pending`; all ones above when inside. */
	uint64_t inside = scan->inside;
	uint64_t pending = scan->pending;
#endif

	while (at < end && out < limit) {
		uint64_t d, n, q;
		KERNEL_MASKS(base + at, delimiter, d, n, q);
		if (__builtin_expect(end - at < 64, 0)) {
			uint64_t valid = ((uint64_t)1 << (end - at)) - 1;
			d &= valid;
			n &= valid;
			q &= valid;
		}
#if !KERNEL_QUOTES
		(void)q;
#else
		if (q | inside | pending) {
			uint64_t in = KERNEL_PREFIX(q) ^ inside;
			uint64_t open = q & in;
			uint64_t close = q & ~in;
			uint64_t any = d | n | q;
			/* What stands before bit 0: only asked for a quote. */
			uint64_t first = at == scan->start ||
			    base[at - 1] == delimiter || base[at - 1] == '\n' ||
			    base[at - 1] == '"';
			uint64_t behind = close << 1 | (pending & 1);
			uint64_t wrong = open & ~(any << 1 | first);
			uint64_t odd = behind & ~any;
			uint64_t after_cr = pending >> 1;
			uint64_t cr = 0;
			if (odd != 0) {
				/* Only a '\r' of a line end may be there. */
				cr = odd & KERNEL_MASK(base + at, '\r');
				wrong |= odd & ~cr;
				after_cr |= cr << 1;
			}
			wrong |= after_cr & ~n;
			if (__builtin_expect(end - at < 64, 0))
				wrong &= ((uint64_t)1 << (end - at)) - 1;
			if (__builtin_expect(wrong != 0, 0)) {
				scan->illegal = 1;
				break;
			}
			scan->quote_seen = 1;
			inside = (uint64_t)((int64_t)in >> 63);
			pending = close >> 63 | cr >> 63 << 1;
			d &= ~in;
			n &= ~in;
		}
#endif
		uint64_t mask = d | n;
		unsigned count = (unsigned)__builtin_popcountll(mask);
		newlines += (unsigned)__builtin_popcountll(n);
		KERNEL_EMIT(out, mask, at, count);
		out += count;
		at += 64;
	}
	scan->at = at < end ? at : end;
	scan->count = (uint32_t)(out - scan->index);
	scan->newline_count += (uint32_t)newlines;
#if KERNEL_QUOTES
	scan->inside = inside;
	scan->pending = pending;
#endif
}

#undef KERNEL_NAME
#undef KERNEL_QUOTES
