/*
 * SQL's patterns: % stands for any text, _ for one character, a backslash
 * before one of them for itself.  And how far two texts are apart.
 *
 * A pattern is cut into pieces at its percent signs.  The first piece must lie
 * at the start and the last at the end; each in between is taken where it
 * first fits, which is never wrong.
 */
#include "func/kernel.h"
#include "func/utf8.h"
#include "util/buf.h"

FUNC_TYPE(bool_of_texts, TYPE_BOOL, "t")
FUNC_TYPE(int_of_texts, TYPE_INT, "t")

/* A piece of a pattern: literal bytes, and 1s in `any` where one is a '_'. */
struct piece {
	size_t start;
	size_t size;
	int has_any;
};

struct pattern {
	struct buf bytes;	/* all pieces, unescaped */
	struct buf any;		/* a byte for each of bytes */
	struct piece *piece;
	uint32_t piece_count;
	int ignore_case;
	struct text source;	/* per row: what was compiled */
};

/* Append the text in lower case. */
static void
add_lower(struct buf *buf, const char *bytes, size_t size)
{
	uint32_t code;

	if (utf8_is_ascii(bytes, size)) {
		utf8_case_ascii(bytes, size, 'A', buf_reserve(buf, size));
		buf->size += size;
		return;
	}
	for (size_t i = 0; i < size;) {
		unsigned length = utf8_decode(bytes + i, size - i, &code);
		char *at = buf_reserve(buf, UTF8_BYTES_MAX);
		if (code == UTF8_BAD && length == 1) {
			at[0] = bytes[i];
			buf->size++;
		} else {
			buf->size += utf8_encode(utf8_lower(code), at);
		}
		i += length;
	}
}

static void
pattern_fini(struct pattern *pattern)
{
	buf_fini(&pattern->bytes);
	buf_fini(&pattern->any);
	mem_free(pattern->piece);
	pattern->piece = NULL;
}

static void
pattern_end_piece(struct pattern *pattern)
{
	struct piece *piece = &pattern->piece[pattern->piece_count];

	piece->size = pattern->bytes.size - piece->start;
	pattern->piece_count++;
	piece[1].start = pattern->bytes.size;
	piece[1].has_any = 0;
}

static void
pattern_init(struct pattern *pattern, const char *bytes, size_t size)
{
	/* One more than percent signs, and one beyond for the next start. */
	pattern->piece = mem_alloc_zero((size + 2) * sizeof(struct piece));
	pattern->piece_count = 0;
	for (size_t i = 0; i < size; i++) {
		int is_any = bytes[i] == '_';
		if (bytes[i] == '%') {
			pattern_end_piece(pattern);
			continue;
		}
		if (bytes[i] == '\\' && i + 1 < size)
			i++;
		if (is_any)
			pattern->piece[pattern->piece_count].has_any = 1;
		buf_add_char(&pattern->bytes, bytes[i]);
		buf_add_char(&pattern->any, (char)is_any);
	}
	pattern_end_piece(pattern);
}

/* Bytes of [at, end) that the piece takes right at its start; -1 if it does
 * not fit there. */
static ptrdiff_t
piece_match(const struct pattern *pattern, const struct piece *piece,
	const char *at, const char *end)
{
	const char *start = at;

	if (piece->size == 0)
		return 0;
	const char *bytes = pattern->bytes.bytes + piece->start;
	const char *any = pattern->any.bytes + piece->start;
	if (!piece->has_any) {
		if ((size_t)(end - at) < piece->size ||
		    memcmp(at, bytes, piece->size) != 0)
			return -1;
		return (ptrdiff_t)piece->size;
	}
	for (size_t i = 0; i < piece->size; i++) {
		if (at == end)
			return -1;
		if (any[i])
			at += utf8_offset(at, (size_t)(end - at), 1);
		else if (*at++ != bytes[i])
			return -1;
	}
	return at - start;
}

/* Where behind its first fit in [at, end) a piece ends, or NULL. */
static const char *
piece_find(const struct pattern *pattern, const struct piece *piece,
	const char *at, const char *end)
{
	if (!piece->has_any) {
		if (piece->size == 0)
			return at;
		at = memmem(at, (size_t)(end - at),
		    pattern->bytes.bytes + piece->start, piece->size);
		return at == NULL ? NULL : at + piece->size;
	}
	for (; at < end; at++) {
		if (utf8_is_continuation(*at))
			continue;
		ptrdiff_t size = piece_match(pattern, piece, at, end);
		if (size >= 0)
			return at + size;
	}
	return NULL;
}

/* Does the last piece fit so that it ends the text? */
static int
piece_ends(const struct pattern *pattern, const struct piece *piece,
	const char *at, const char *end)
{
	if (!piece->has_any)
		return (size_t)(end - at) >= piece->size &&
		    piece_match(pattern, piece, end - piece->size, end) >= 0;
	/* As many characters as the piece has, counted back from the end. */
	size_t characters = 0;
	for (size_t i = 0; i < piece->size; i++)
		characters += pattern->any.bytes[piece->start + i] ||
		    !utf8_is_continuation(
		    pattern->bytes.bytes[piece->start + i]);
	size_t start = utf8_offset_back(at, (size_t)(end - at), characters);
	return piece_match(pattern, piece, at + start, end) ==
	    end - at - (ptrdiff_t)start;
}

static int
pattern_match(const struct pattern *pattern, const char *bytes, size_t size)
{
	const char *end = bytes + size;
	uint32_t last = pattern->piece_count - 1;
	ptrdiff_t first = piece_match(pattern, &pattern->piece[0], bytes, end);

	if (first < 0)
		return 0;
	bytes += first;
	if (last == 0)
		return bytes == end;
	for (uint32_t i = 1; i < last; i++) {
		bytes = piece_find(pattern, &pattern->piece[i], bytes, end);
		if (bytes == NULL)
			return 0;
	}
	return piece_ends(pattern, &pattern->piece[last], bytes, end);
}

static void
pattern_compile(struct pattern *pattern, const struct text *source,
	int ignore_case)
{
	struct buf lower = { 0 };

	*pattern = (struct pattern){ .ignore_case = ignore_case };
	pattern->source = *source;
	if (ignore_case) {
		add_lower(&lower, text_bytes(source), source->size);
		pattern_init(pattern, lower.bytes, lower.size);
	} else {
		pattern_init(pattern, text_bytes(source), source->size);
	}
	buf_fini(&lower);
}

static void
pattern_release(void *take_plan)
{
	pattern_fini(take_plan);
	mem_free(take_plan);
}

static int
pattern_prepare(const struct value *const *arg, void **plan, int ignore_case)
{
	if (arg[1] == NULL || !type_is_textual(arg[1]->type))
		return 0;
	struct pattern *pattern = mem_alloc(sizeof(*pattern));
	pattern_compile(pattern, &arg[1]->cell.text, ignore_case);
	/* The constant's text need not outlive this call. */
	pattern->source = (struct text){ 0 };
	*plan = pattern;
	return 0;
}

static int
like_rows(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, int ignore_case,
	struct column *out)
{
	struct column in[2];
	struct pattern own = { 0 };
	struct buf lower = { 0 };

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text source = arg_text(&in[1], i);
		const struct pattern *pattern = call->plan;
		if (pattern == NULL) {
			if (own.piece == NULL ||
			    !text_equal(&own.source, &source)) {
				pattern_fini(&own);
				pattern_compile(&own, &source, ignore_case);
			}
			pattern = &own;
		}
		const char *bytes = text_bytes(&text);
		size_t size = text.size;
		if (ignore_case) {
			lower.size = 0;
			add_lower(&lower, bytes, size);
			bytes = size == 0 ? "" : lower.bytes;
			size = lower.size;
		}
		target[i] = (uint8_t)pattern_match(pattern, bytes, size);
	}
	pattern_fini(&own);
	buf_fini(&lower);
	return 0;
}

static int
like_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)count;
	(void)bad_arg;
	(void)err;
	return pattern_prepare(arg, plan, 0);
}

static int
like_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	return like_rows(call, arg, arg_count, count, 0, out);
}

const struct func_def func_like = {
	.name = "like",
	.group = "text",
	.signature = "like(text, pattern)",
	.summary = "true if all of the text fits: % is any text, _ one "
	    "character",
	.example = "like(\"error.log\", \"%.log\")",
	.result = "true",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_TEXT),
	.type = bool_of_texts,
	.prepare = like_prepare,
	.release = pattern_release,
	.eval = like_eval,
};

static int
ilike_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)count;
	(void)bad_arg;
	(void)err;
	return pattern_prepare(arg, plan, 1);
}

static int
ilike_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	return like_rows(call, arg, arg_count, count, 1, out);
}

const struct func_def func_ilike = {
	.name = "ilike",
	.group = "text",
	.signature = "ilike(text, pattern)",
	.summary = "as like, upper and lower case being the same",
	.example = "ilike(\"ERROR.LOG\", \"%_.log\")",
	.result = "true",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_TOTAL_PLAIN,
	.want = WANT_ALL(FUNC_TEXT),
	.type = bool_of_texts,
	.prepare = ilike_prepare,
	.release = pattern_release,
	.eval = ilike_eval,
};

/* Its time is the product of both lengths: some 20 ms at most. */
#define LEVENSHTEIN_CHARACTERS_MAX 4000

static size_t
decode_all(const struct text *text, uint32_t *codes)
{
	const char *bytes = text_bytes(text);
	size_t count = 0;

	for (size_t i = 0; i < text->size; count++)
		i += utf8_decode(bytes + i, text->size - i, &codes[count]);
	return count;
}

/* `row` has room for b_count + 1. */
static uint32_t
levenshtein(const uint32_t *a, size_t a_count, const uint32_t *b,
	size_t b_count, uint32_t *row)
{
	for (size_t j = 0; j <= b_count; j++)
		row[j] = (uint32_t)j;
	for (size_t i = 0; i < a_count; i++) {
		uint32_t diagonal = row[0];
		row[0] = (uint32_t)i + 1;
		for (size_t j = 0; j < b_count; j++) {
			uint32_t best = diagonal + (a[i] != b[j]);
			diagonal = row[j + 1];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[b_count];
}

static int
levenshtein_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	const size_t most = LEVENSHTEIN_CHARACTERS_MAX;

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	uint32_t *codes = mem_alloc((3 * most + 1) * sizeof(*codes));
	for (uint32_t i = 0; i < count; i++) {
		struct text a = arg_text(&in[0], i);
		struct text b = arg_text(&in[1], i);
		target[i] = 0;
		if (a.size > most || b.size > most) {
			func_reject(call, i,
			    "levenshtein() takes texts of at most %zu bytes",
			    most);
			continue;
		}
		size_t a_count = decode_all(&a, codes);
		size_t b_count = decode_all(&b, codes + most);
		target[i] = levenshtein(codes, a_count, codes + most, b_count,
		    codes + 2 * most);
	}
	mem_free(codes);
	return 0;
}

const struct func_def func_levenshtein = {
	.name = "levenshtein",
	.group = "text",
	.signature = "levenshtein(a, b)",
	.summary = "how many characters must be put in, taken out or changed "
	    "to make a into b",
	.example = "levenshtein(\"kitten\", \"sitting\")",
	.result = "3",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_TEXT),
	.type = int_of_texts,
	.eval = levenshtein_eval,
};
