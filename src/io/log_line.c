/*
 * The scanner of log lines.  Parts are found by the bytes that end them, left
 * to right, each looked at once.  A part that is only `-` is not there.  In
 * quotes, `\"` does not end the part; escapes stay as they stand.  A user may
 * have blanks in its name, so it ends before " [".
 *
 * A request that is not three words, the last of them HTTP/..., has no method
 * and no protocol: its path is the whole.
 *
 * Most lines have no escaped quotes, no more of them than they must, and a
 * request of three words.  One pass over many lines finds all quotes (or the
 * reader has found them together with the line ends), and the rest of such a
 * line is where it must be between its own.  Any other line is left to the
 * plain way, which says what is wrong with it.
 */
#include "io/log_line.h"

#include <string.h>

#include "util/bits.h"
#include "util/cpu.h"
#include "util/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Note a part; `-` says that it is not there. */
static inline void
set(struct log_line *line, enum log_part part, const char *bytes,
	uint32_t from, uint32_t to)
{
	if (to == from + 1 && bytes[from] == '-')
		from = to + 1;
	line->from[part] = from;
	line->to[part] = to;
}

/* Where the next `c` stands, or `end`. */
static inline uint32_t
find(const char *bytes, uint32_t at, uint32_t end, char c)
{
	const char *found = scan_byte(bytes + at, bytes + end, c);

	return found == NULL ? end : (uint32_t)(found - bytes);
}

/* The quote that closes the one before `at`, or `end`. */
static uint32_t
find_quote(const char *bytes, uint32_t at, uint32_t end)
{
	const uint32_t start = at;

	for (;;) {
		at = find(bytes, at, end, '"');
		if (at == end)
			return end;
		uint32_t escapes = at;
		while (escapes > start && bytes[escapes - 1] == '\\')
			escapes--;
		if ((at - escapes) % 2 == 0)
			return at;
		at++;
	}
}

static void
split_request(const char *bytes, uint32_t at, uint32_t end,
	struct log_line *out)
{
	uint32_t method_end = find(bytes, at, end, ' ');
	uint32_t proto = end;

	while (proto > method_end && bytes[proto - 1] != ' ')
		proto--;
	if (proto > method_end + 1 && method_end > at && end - proto >= 5 &&
	    memcmp(bytes + proto, "HTTP/", 5) == 0) {
		set(out, LOG_METHOD, bytes, at, method_end);
		set(out, LOG_PATH, bytes, method_end + 1, proto - 1);
		set(out, LOG_PROTO, bytes, proto, end);
		return;
	}
	out->from[LOG_METHOD] = out->from[LOG_PROTO] = 1;
	out->to[LOG_METHOD] = out->to[LOG_PROTO] = 0;
	set(out, LOG_PATH, bytes, at, end);
}

/* A quoted part behind a blank; `at` moves behind it. */
static int
scan_quoted(const char *bytes, uint32_t *at, uint32_t end, uint32_t *from,
	uint32_t *to)
{
	if (end - *at < 2 || bytes[*at] != ' ' || bytes[*at + 1] != '"')
		return -1;
	*from = *at + 2;
	*to = find_quote(bytes, *from, end);
	if (*to == end) {
		*at = *from - 1;
		return -1;
	}
	*at = *to + 1;
	return 0;
}

const char *
log_line_scan(const char *bytes, uint32_t at, uint32_t end, int combined,
	struct log_line *out, uint32_t *fault)
{
	uint32_t from, to;

	for (enum log_part part = LOG_HOST; part <= LOG_IDENT; part++) {
		to = find(bytes, at, end, ' ');
		*fault = at;
		if (to == at || to == end)
			return part == LOG_HOST ? "expected a host" :
			    "expected an ident";
		set(out, part, bytes, at, to);
		at = to + 1;
	}
	*fault = at;
	to = find(bytes, at, end, ' ');
	while (to < end && bytes[to + 1] != '[')
		to = find(bytes, to + 1, end, ' ');
	if (end - to < 2)
		return "expected a user and a time in brackets";
	set(out, LOG_USER, bytes, at, to);
	from = to + 2;
	to = find(bytes, from, end, ']');
	*fault = from - 1;
	if (to == end)
		return "expected a time in brackets";
	set(out, LOG_TS, bytes, from, to);
	at = to + 1;
	if (scan_quoted(bytes, &at, end, &from, &to) != 0) {
		*fault = at;
		return "expected a request in quotes";
	}
	split_request(bytes, from, to, out);
	for (enum log_part part = LOG_STATUS; part <= LOG_BYTES; part++) {
		*fault = at;
		if (at >= end || bytes[at] != ' ')
			break;
		to = find(bytes, at + 1, end, ' ');
		set(out, part, bytes, at + 1, to);
		if (to == at + 1)
			break;
		at = to;
		*fault = UINT32_MAX;
	}
	if (*fault != UINT32_MAX)
		return "expected a status and a number of bytes";
	for (enum log_part part = LOG_REFERER; combined &&
	    part <= LOG_AGENT; part++) {
		*fault = at;
		if (scan_quoted(bytes, &at, end, &from, &to) != 0) {
			*fault = at;
			return part == LOG_REFERER ?
			    "expected a referer in quotes" :
			    "expected a user agent in quotes";
		}
		set(out, part, bytes, from, to);
	}
	return NULL;
}

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define AVX2_INLINE static inline AVX2 __attribute__((always_inline))

/* Where quotes stand, four at a time: most blocks have no more. */
static AVX2 uint32_t
quotes_avx2(const char *bytes, uint32_t from, uint32_t end, uint32_t *out)
{
	const __m256i quote = _mm256_set1_epi8('"');
	uint32_t *place = out;

	for (uint32_t at = from; at < end; at += 64) {
		uint32_t low = (uint32_t)_mm256_movemask_epi8(
		    _mm256_cmpeq_epi8(_mm256_loadu_si256((const void *)(bytes +
		    at)), quote));
		uint64_t high = (uint32_t)_mm256_movemask_epi8(
		    _mm256_cmpeq_epi8(_mm256_loadu_si256((const void *)(bytes +
		    at + 32)), quote));
		uint64_t mask = _bzhi_u64(low | high << 32,
		    end - at < 64 ? end - at : 64);
		uint32_t count = (uint32_t)__builtin_popcountll(mask);
		uint32_t *const next = place + count;
		for (;;) {
			place[0] = at + (uint32_t)_tzcnt_u64(mask);
			mask = _blsr_u64(mask);
			place[1] = at + (uint32_t)_tzcnt_u64(mask);
			mask = _blsr_u64(mask);
			place[2] = at + (uint32_t)_tzcnt_u64(mask);
			mask = _blsr_u64(mask);
			place[3] = at + (uint32_t)_tzcnt_u64(mask);
			if (__builtin_expect(place + 4 >= next, 1))
				break;
			mask = _blsr_u64(mask);
			place += 4;
		}
		place = next;
	}
	return (uint32_t)(place - out);
}

/* Which of 32 bytes are this one. */
AVX2_INLINE uint32_t
bytes_like(const char *bytes, char byte)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(
	    _mm256_loadu_si256((const void *)bytes), _mm256_set1_epi8(byte)));
}

/* The same of 16 blanks. */
AVX2_INLINE uint32_t
blanks_of(const char *bytes)
{
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(
	    (const void *)bytes), _mm_set1_epi8(' ')));
}

/* The row whose parts are being noted. */
struct place {
	const struct log_lines *lines;
	const char *base;
	uint32_t start;		/* of the line */
	uint32_t row;
};

/* A part between two places of the line, if it is wanted. */
AVX2_INLINE void
note(const struct place *at, enum log_part part, size_t first, size_t last)
{
	const struct log_lines *lines = at->lines;

	if ((lines->wanted >> part & 1) == 0)
		return;
	uint32_t from = at->start + (uint32_t)first;
	uint32_t to = at->start + (uint32_t)last;
	uint32_t is_null = (to == from + 1) & (at->base[from] == '-');
	lines->from[part][at->row] = from + is_null;
	lines->to[part][at->row] = to;
	/* Nobody could foretell which there are. */
	lines->valid[part][at->row / 64] &=
	    ~((uint64_t)is_null << (at->row % 64));
}

/* The request between two quotes: 0 if it is not METHOD PATH HTTP/1.1. */
AVX2_INLINE int
split_usual(const struct place *at, size_t from, size_t end)
{
	const char *line = at->base + at->start;
	size_t method_end = from + _tzcnt_u32(blanks_of(line + from) |
	    1 << 16);
	/* Digits, as far as their upper halves say. */
	const uint64_t proto = bits_load64(line + end - 8) &
	    bits_load64("\xff\xff\xff\xff\xff\xf0\xff\xf0");

	if (method_end == from || method_end + 10 >= end ||
	    line[method_end] != ' ' || line[end - 9] != ' ' ||
	    proto != bits_load64("HTTP/0.0"))
		return 0;
	note(at, LOG_METHOD, from, method_end);
	note(at, LOG_PATH, method_end + 1, end - 9);
	note(at, LOG_PROTO, end - 8, end);
	return 1;
}

/* Do so many bytes stand here, behind one that does not make them others? */
AVX2_INLINE int
stands_plainly(const char *bytes, const char *expected, unsigned count)
{
	uint32_t word = bits_load32(bytes);
	uint32_t mask = (uint32_t)(((uint64_t)1 << 8 * count) - 1) << 8;

	return (word & mask) == (bits_load32(expected) & mask) &&
	    (word & 0xff) != '\\';
}

/*
 * A line like most.  Places are taken from what is expected there and then
 * checked, so that no search waits for the one before.  0: it is another.
 */
AVX2_INLINE int
scan_usual(const struct place *at, size_t size, const uint32_t *found,
	int combined)
{
	const char *line = at->base + at->start;
	const uint32_t wanted = at->lines->wanted;
	const size_t first = found[0] - at->start;
	const size_t second = found[1] - at->start;
	const size_t third = found[2] - at->start;
	const size_t fourth = found[3] - at->start;
	const size_t last = found[combined ? 5 : 1] - at->start;

	if (last >= size || !stands_plainly(line + second - 1, "_\" _", 2))
		return 0;
	/* Here is the fifth too. */
	if (combined && (line[last - 1] == '\\' ||
	    !stands_plainly(line + fourth - 1, "_\" \"", 3)))
		return 0;
	uint32_t blanks = bytes_like(line, ' ');
	size_t host = _tzcnt_u32(blanks);
	blanks = _blsr_u32(blanks);
	size_t ident = _tzcnt_u32(blanks);
	blanks = _blsr_u32(blanks);
	size_t user = _tzcnt_u32(blanks);
	if (host == 0 || ident == host + 1 || user == 32 || first < user + 4 ||
	    line[user + 1] != '[')
		return 0;
	uint32_t brackets = bytes_like(line + user + 2, ']');
	size_t ts = user + 2 + _tzcnt_u32(brackets);
	if (brackets == 0 || ts + 2 != first || line[ts + 1] != ' ')
		return 0;
	size_t behind = second + 2;
	if (behind >= size)
		return 0;
	/* The end of the line ends the last part too. */
	blanks = blanks_of(line + behind);
	if (!combined)
		blanks |= size - behind < 16 ? 1u << (size - behind) : 0;
	size_t status = behind + _tzcnt_u32(blanks);
	blanks = _blsr_u32(blanks);
	size_t count = behind + _tzcnt_u32(blanks);
	if (blanks == 0 || status == behind || count == status + 1 ||
	    (combined ? third != count + 1 : status >= size || count > size))
		return 0;
	if ((wanted & LOG_REQUEST_PARTS) != 0 &&
	    !split_usual(at, first + 1, second))
		return 0;
	note(at, LOG_STATUS, behind, status);
	note(at, LOG_BYTES, status + 1, count);
	if ((wanted & ~(LOG_REQUEST_PARTS | LOG_NUMBER_PARTS)) == 0)
		return 1;
	note(at, LOG_HOST, 0, host);
	note(at, LOG_IDENT, host + 1, ident);
	note(at, LOG_USER, ident + 1, user);
	note(at, LOG_TS, user + 2, ts);
	if (combined) {
		note(at, LOG_REFERER, third + 1, fourth);
		note(at, LOG_AGENT, fourth + 3, last);
	}
	return 1;
}

AVX2_INLINE uint32_t
scan_loop(struct log_lines *take_lines, uint32_t row, uint32_t end,
	int combined)
{
	/* Copies, which nothing that is written can change. */
	const struct log_lines lines = *take_lines;
	const struct column column = *lines.column;
	const uint32_t *quote = lines.quote;

	for (; row < end; row++) {
		uint32_t size;
		const char *line = column_slice(&column, row, &size);
		struct place at = { &lines, column.base,
			(uint32_t)(line - column.base), row };
		/* Most lines have so many. */
		if (quote[lines.step - 1] < at.start)
			quote += lines.step;
		while (*quote < at.start)
			quote++;
		if (!scan_usual(&at, size, quote, combined))
			break;
	}
	take_lines->quote = quote;
	return row;
}

static AVX2 uint32_t
scan_avx2(struct log_lines *lines, uint32_t row, uint32_t end)
{
	/* Made for each format. */
	return lines->combined ? scan_loop(lines, row, end, 1) :
	    scan_loop(lines, row, end, 0);
}

#endif

uint32_t
log_lines_scan(struct log_lines *lines, uint32_t row, uint32_t end)
{
	(void)lines;
	(void)end;
#if defined(__x86_64__)
	if (cpu_tier() >= CPU_AVX2)
		return scan_avx2(lines, row, end);
#endif
	return row;
}

void
log_line_quotes(const char *bytes, uint32_t from, uint32_t end, uint32_t *out)
{
	uint32_t count = 0;

	(void)bytes;
	(void)from;
	(void)end;
#if defined(__x86_64__)
	if (cpu_tier() >= CPU_AVX2)
		count = quotes_avx2(bytes, from, end, out);
#endif
	for (uint32_t i = 0; i < LOG_QUOTES_BEHIND; i++)
		out[count + i] = UINT32_MAX;
}
