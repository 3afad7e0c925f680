/*
 * The scanner of log lines.  Parts are found by the bytes that end them, left
 * to right, each looked at once.  A part that is only `-` is not there.  In
 * quotes, `\"` does not end the part; escapes stay as they stand.  A user may
 * have blanks in its name, so it ends before " [".
 *
 * A request that is not three words, the last of them HTTP/..., has no method
 * and no protocol: its path is the whole.
 *
 * Most lines are short and have no escapes.  Of those one pass makes bit masks
 * of all blanks and quotes, and the parts are found in the masks.  A line that
 * is not as it should be is left to the plain way, which says what is wrong.
 */
#include "io/log_line.h"

#include <string.h>

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
log_line_scan_plain(const char *bytes, uint32_t at, uint32_t end, int combined,
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

#define MASK_WORDS 4

/* Of a line, one bit a byte; behind them bits that end every search. */
struct line_masks {
	uint64_t blank[MASK_WORDS + 1];
	uint64_t quote[MASK_WORDS + 1];
};

AVX2_INLINE uint64_t
equal_bytes(__m256i low, __m256i high, char c)
{
	__m256i wanted = _mm256_set1_epi8(c);

	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)) |
	    (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high,
	    wanted)) << 32;
}

/* 0: there is a backslash. */
AVX2_INLINE int
make_masks(const char *line, uint32_t size, struct line_masks *masks)
{
	uint64_t escapes = 0;
	uint32_t word = 0;

	for (uint32_t at = 0; at < size; at += 64, word++) {
		__m256i low = _mm256_loadu_si256((const void *)(line + at));
		__m256i high = _mm256_loadu_si256((const void *)(line + at +
		    32));
		uint64_t care = size - at >= 64 ? UINT64_MAX :
		    ((uint64_t)1 << (size - at)) - 1;
		masks->blank[word] = equal_bytes(low, high, ' ') & care;
		masks->quote[word] = equal_bytes(low, high, '"') & care;
		escapes |= equal_bytes(low, high, '\\') & care;
	}
	masks->blank[word] = masks->quote[word] = UINT64_MAX;
	return escapes == 0;
}

/* The next bit at or behind `at`; that of the end is behind the line. */
AVX2_INLINE uint32_t
next_bit(const uint64_t *mask, uint32_t at)
{
	uint32_t word = at / 64;
	uint64_t bits = mask[word] & UINT64_MAX << (at % 64);

	while (bits == 0)
		bits = mask[++word];
	return word * 64 + (uint32_t)__builtin_ctzll(bits);
}

/* Behind the last bit before `at`, which there is. */
AVX2_INLINE uint32_t
behind_bit(const uint64_t *mask, uint32_t at)
{
	uint32_t word = at / 64;
	uint64_t bits = mask[word] & (((uint64_t)1 << (at % 64)) - 1);

	while (bits == 0)
		bits = mask[--word];
	return word * 64 + 64 - (uint32_t)__builtin_clzll(bits);
}

/* `set` for what begins at `start`. */
#define SET(part, first, last) set(out, part, bytes, start + (first), \
	start + (last))

/* The request between two quotes. */
AVX2_INLINE void
split_masked(const char *bytes, uint32_t start, const uint64_t *blank,
	uint32_t at, uint32_t end, struct log_line *out)
{
	uint32_t method_end = next_bit(blank, at);
	uint32_t proto = method_end < end ? behind_bit(blank, end) : 0;

	if (proto > method_end + 1 && method_end > at && end - proto >= 5 &&
	    memcmp(bytes + start + proto, "HTTP/", 5) == 0) {
		SET(LOG_METHOD, at, method_end);
		SET(LOG_PATH, method_end + 1, proto - 1);
		SET(LOG_PROTO, proto, end);
		return;
	}
	out->from[LOG_METHOD] = out->from[LOG_PROTO] = 1;
	out->to[LOG_METHOD] = out->to[LOG_PROTO] = 0;
	SET(LOG_PATH, at, end);
}

/* 0: it is not like most, or not as it should be. */
static AVX2 int
scan_masked(const char *bytes, uint32_t start, uint32_t end, int combined,
	struct log_line *out)
{
	const char *line = bytes + start;
	uint32_t size = end - start;
	struct line_masks masks;

	if (size > MASK_WORDS * 64 || !make_masks(line, size, &masks))
		return 0;
	uint32_t host = next_bit(masks.blank, 0);
	if (host == 0 || host + 1 >= size)
		return 0;
	uint32_t ident = next_bit(masks.blank, host + 1);
	if (ident == host + 1 || ident + 1 >= size)
		return 0;
	uint32_t user = next_bit(masks.blank, ident + 1);
	while (user < size && line[user + 1] != '[')
		user = next_bit(masks.blank, user + 1);
	if (user + 2 >= size)
		return 0;
	const char *bracket = scan_byte(line + user + 2, line + size, ']');
	if (bracket == NULL)
		return 0;
	uint32_t ts = (uint32_t)(bracket - line);
	if (ts + 3 >= size || line[ts + 1] != ' ' || line[ts + 2] != '"')
		return 0;
	uint32_t request = next_bit(masks.quote, ts + 3);
	if (request + 2 >= size || line[request + 1] != ' ')
		return 0;
	uint32_t status = next_bit(masks.blank, request + 2);
	if (status == request + 2 || status + 1 >= size)
		return 0;
	uint32_t count = next_bit(masks.blank, status + 1);
	if (count == status + 1)
		return 0;
	SET(LOG_HOST, 0, host);
	SET(LOG_IDENT, host + 1, ident);
	SET(LOG_USER, ident + 1, user);
	SET(LOG_TS, user + 2, ts);
	split_masked(bytes, start, masks.blank, ts + 3, request, out);
	SET(LOG_STATUS, request + 2, status);
	SET(LOG_BYTES, status + 1, count < size ? count : size);
	for (enum log_part part = LOG_REFERER; combined &&
	    part <= LOG_AGENT; part++) {
		if (count + 2 >= size || line[count] != ' ' ||
		    line[count + 1] != '"')
			return 0;
		uint32_t close = next_bit(masks.quote, count + 2);
		if (close >= size)
			return 0;
		SET(part, count + 2, close);
		count = close + 1;
	}
	return 1;
}

#endif

const char *
log_line_scan(const char *bytes, uint32_t at, uint32_t end, int combined,
	struct log_line *out, uint32_t *fault)
{
#if defined(__x86_64__)
	if (cpu_tier() >= CPU_AVX2 && scan_masked(bytes, at, end, combined,
	    out))
		return NULL;
#endif
	return log_line_scan_plain(bytes, at, end, combined, out, fault);
}
