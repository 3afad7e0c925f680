/*
 * The scan, as a template; json_index.c includes it once per instruction set.
 *
 *	KERNEL_NAME	the function to make
 *	KERNEL_TARGET	its target attribute
 *	KERNEL_MASKS(bytes, quote, backslash, mark, odd)
 *			sets bit i if byte i is a quote; a backslash; one of
 *			{ } [ ] , (or 0x0c, which is as good as wrong); a
 *			control byte or not ASCII
 *	KERNEL_CONTROL(bytes)	the mask of control bytes
 *	KERNEL_HIGH(bytes)	the mask of bytes that are not ASCII
 *	KERNEL_UTF8(bytes)	not 0 if these 64 bytes are no UTF-8, going by
 *				them and the three before
 *	KERNEL_PREFIX(q)	bit i is the parity of the bits 0..i of q
 *	KERNEL_EMIT(place, marks, base, at, mask, count)
 *			writes at + i and its byte for every bit i of the mask,
 *			`count` many; may write 64
 *
 * Returns 0 if something is wrong in the block at state->at; the state is then
 * as of before it.
 */
static KERNEL_TARGET int
KERNEL_NAME(struct json_index *index, struct json_scan *state,
	const char *base, uint32_t end)
{
	/* In registers: what is stored as bytes might change anything else. */
	struct json_scan scan = *state;
	uint32_t *restrict place = index->place + scan.count;
	uint8_t *restrict marks = index->mark + scan.count;
	uint64_t *restrict quotes = index->quotes;
	uint32_t *restrict quotes_before = index->quotes_before;
	int sound = 1;

	while (end - scan.at >= 64) {
		const char *bytes = base + scan.at;
		uint64_t escaped = scan.escaped;
		uint64_t quote, backslash, mark, odd;
		KERNEL_MASKS(bytes, quote, backslash, mark, odd);
		if (__builtin_expect((backslash | escaped) != 0, 0)) {
			uint64_t sound_quote = quote;
			uint64_t carry = escaped;
			if (!take_escapes(bytes, backslash, &sound_quote,
			    &carry)) {
				sound = 0;
				break;
			}
			quote = sound_quote;
			escaped = carry;
		}
		uint64_t in = KERNEL_PREFIX(quote) ^ scan.inside;
		/* Outside it may not hide a quote from who looks for one. */
		if (__builtin_expect((backslash & ~in) != 0, 0)) {
			sound = 0;
			break;
		}
		if (__builtin_expect(((odd & in) | scan.utf8_open) != 0, 0)) {
			if ((KERNEL_CONTROL(bytes) & in) != 0 ||
			    KERNEL_UTF8(bytes)) {
				sound = 0;
				break;
			}
			/* The last three bytes may begin a sequence. */
			scan.utf8_open = KERNEL_HIGH(bytes) >> 61;
		}
		scan.escaped = escaped;
		quotes[scan.blocks] = quote;
		quotes_before[scan.blocks] = scan.quote_count;
		scan.blocks++;
		scan.quote_count += (uint32_t)__builtin_popcountll(quote);
		scan.inside = (uint64_t)((int64_t)in >> 63);
		mark &= ~in;
		uint32_t count = (uint32_t)__builtin_popcountll(mark);
		KERNEL_EMIT(place, marks, base, scan.at, mark, count);
		place += count;
		marks += count;
		scan.at += 64;
	}
	scan.count = (uint32_t)(place - index->place);
	*state = scan;
	return sound;
}

#undef KERNEL_NAME
