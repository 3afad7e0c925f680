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
 * ends, and one that keeps the state of quotes, which ends when a whole group
 * of blocks has none.  That one first makes the masks of the group and then
 * writes positions: a wrong guess about how many there are in a block then
 * does not make the next block's state wait.  A group in which something is
 * wrong is done again block by block to find where.
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
	unsigned careful = 0;

	while (at < end && out < limit) {
		unsigned blocks = careful == 0 && end - at >= 64 * GROUP ?
		    GROUP : 1;
		const char *bytes = base + at;
		uint64_t valid = UINT64_MAX;
		char tail[64];
		if (__builtin_expect(end - at < 64, 0)) {
			valid = ((uint64_t)1 << (end - at)) - 1;
			memset(tail, delimiter == ' ' ? '-' : ' ', 64);
			memcpy(tail, bytes, end - at);
			bytes = tail;
		}
		struct quote_state next = { inside, close_before, cr_before };
		uint64_t masks[GROUP];
		uint64_t next_edge = edge;
		uint64_t wrong = 0, quotes = 0, line_ends = 0, quoted = 0;
		for (unsigned i = 0; i < blocks; i++) {
			KERNEL_LOAD(bytes + 64 * i);
			uint64_t mask = KERNEL_EITHER(delimiter, '\n');
			uint64_t n = KERNEL_EQUAL('\n');
			uint64_t q = KERNEL_EQUAL('"');
			uint64_t in = KERNEL_PREFIX(q) ^ next.inside;
			uint64_t any = mask | q;
			uint64_t close = q & ~in;
			uint64_t odd = (close << 1 | next.close_before) & ~any;
			wrong |= q & in & ~(any << 1 | next_edge);
			if (__builtin_expect((odd | next.cr_before) != 0, 0)) {
				/* Only the '\r' of a line end may follow. */
				uint64_t cr = odd & KERNEL_EQUAL('\r');
				wrong |= odd & ~cr;
				wrong |= (cr << 1 | next.cr_before) & ~n;
				next.cr_before = cr >> 63;
			}
			next.inside = (uint64_t)((int64_t)in >> 63);
			next.close_before = close >> 63;
			next_edge = any >> 63;
			quotes |= q;
			quoted |= n & in;
			line_ends += (unsigned)__builtin_popcountll(n & ~in);
			masks[i] = mask & ~in;
		}
		if (__builtin_expect((wrong & valid) != 0, 0)) {
			if (blocks == 1) {
				scan->illegal = 1;
				break;
			}
			careful = GROUP;
			continue;
		}
		careful -= careful > 0;
		inside = next.inside;
		close_before = next.close_before;
		cr_before = next.cr_before;
		edge = next_edge;
		newlines += line_ends;
		quoted_newlines |= quoted;
		for (unsigned i = 0; i < blocks; i++) {
			unsigned count =
			    (unsigned)__builtin_popcountll(masks[i]);
			KERNEL_EMIT(out, masks[i], at, count);
			out += count;
			at += 64;
		}
		if (quotes == 0 && blocks > 1)
			goto again;
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
