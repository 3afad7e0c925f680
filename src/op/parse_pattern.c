/*
 * Patterns of parse: compiling and cutting.
 *
 * A pattern of holes becomes a list of pieces: the literal in front, and per
 * hole the literal behind it.  Matching walks a text once, from literal to
 * literal, and writes down where each capture begins and ends; nothing is
 * copied.  The cuts of a batch lie in one array, a row's captures side by
 * side, which is just what a SLICE column reads (data/column.h): an undeclared
 * capture is made a column by pointing at its two entries of the first row.
 *
 * A literal is searched by its first byte, 16 bytes at a time: fields of logs
 * are short, so the call of a library function would cost more than it does.
 */
#include "op/parse_pattern.h"

#include <string.h>

#include "func/regex.h"
#include "util/bits.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/scan.h"

/* A hole and the literal behind it. */
struct piece {
	int capture;		/* -1: {_} */
	char *literal;
	uint32_t literal_size;
};

struct parse_pattern {
	char *literal;		/* in front of the first hole */
	uint32_t literal_size;
	struct piece *piece;
	uint32_t piece_count;
	struct parse_capture *capture;
	uint32_t capture_count;
	struct regex *regex;	/* or NULL */
	unsigned *group;	/* of each capture */
};

void
parse_pattern_free(struct parse_pattern **take_pattern)
{
	struct parse_pattern *pattern = *take_pattern;

	if (pattern == NULL)
		return;
	for (uint32_t i = 0; i < pattern->piece_count; i++)
		mem_free(pattern->piece[i].literal);
	for (uint32_t i = 0; i < pattern->capture_count; i++)
		mem_free(pattern->capture[i].name);
	regex_free(&pattern->regex);
	mem_free(pattern->group);
	mem_free(pattern->literal);
	mem_free(pattern->piece);
	mem_free(pattern->capture);
	mem_free(pattern);
	*take_pattern = NULL;
}

const struct parse_capture *
parse_pattern_captures(const struct parse_pattern *pattern, uint32_t *count)
{
	*count = pattern->capture_count;
	return pattern->capture;
}

int
parse_pattern_has_gaps(const struct parse_pattern *pattern)
{
	return pattern->regex != NULL;
}

/* --- compiling --- */

static int
capture_set_type(struct parse_capture *capture, const char *word, size_t size,
	struct err *err)
{
	capture->kind = CAPTURE_TYPE;
	if (size == 3 && memcmp(word, "clf", 3) == 0) {
		capture->kind = CAPTURE_CLF;
		capture->type = TYPE_TIME;
		return 0;
	}
	if (size == 4 && memcmp(word, "json", 4) == 0) {
		capture->kind = CAPTURE_JSON;
		capture->type = TYPE_RAW_JSON;
		return 0;
	}
	capture->type = type_from_name(word, size);
	if ((capture->type >= TYPE_BOOL && capture->type <= TYPE_TEXT))
		return 0;
	err_set(err, ERR_PROGRAM, "'%.*s' is not a type", (int)size, word);
	return err_hint(err, "types are int, float, decimal, bool, text, "
	    "timestamp, date, duration, clf, json");
}

/* Another capture; `type` NULL: undeclared. */
static int
pattern_add_capture(struct parse_pattern *pattern, const char *name,
	size_t size, const char *type, size_t type_size, struct err *err)
{
	for (uint32_t i = 0; i < pattern->capture_count; i++)
		if (strlen(pattern->capture[i].name) == size &&
		    memcmp(pattern->capture[i].name, name, size) == 0)
			return err_set(err, ERR_PROGRAM,
			    "two captures are called '%.*s'", (int)size, name);
	pattern->capture = mem_resize(pattern->capture,
	    (pattern->capture_count + 1) * sizeof(*pattern->capture));
	struct parse_capture *capture =
	    &pattern->capture[pattern->capture_count++];
	*capture = (struct parse_capture){
		.name = mem_alloc_zero(size + 1),
		.kind = CAPTURE_RAW, .type = TYPE_RAW,
	};
	memcpy(capture->name, name, size);
	return type == NULL ? 0 :
	    capture_set_type(capture, type, type_size, err);
}

/* `{name}` or `{name:type}`, without the braces. */
static int
pattern_add_hole(struct parse_pattern *pattern, const char *hole, size_t size,
	struct err *err)
{
	const char *colon = memchr(hole, ':', size);
	size_t name_size = colon == NULL ? size : (size_t)(colon - hole);
	int is_skipped = name_size == 1 && hole[0] == '_';

	if (name_size == 0) {
		err_set(err, ERR_PROGRAM, "a hole has no name");
		return err_hint(err, "name it, {status}, or skip it, {_}; a "
		    "brace as text is written {{");
	}
	pattern->piece = mem_resize(pattern->piece,
	    (pattern->piece_count + 1) * sizeof(*pattern->piece));
	pattern->piece[pattern->piece_count++] = (struct piece){
		.capture = is_skipped ? -1 : (int)pattern->capture_count,
	};
	if (is_skipped)
		return 0;
	return pattern_add_capture(pattern, hole, name_size,
	    colon == NULL ? NULL : colon + 1,
	    colon == NULL ? 0 : size - name_size - 1, err);
}

/* The literal that stands before the hole at `next`, or at the end. */
static int
pattern_add_literal(struct parse_pattern *pattern, struct buf *literal,
	const char *next, const char *end, struct err *err)
{
	char *bytes = mem_alloc(literal->size + 1);

	if (literal->size > 0)
		memcpy(bytes, literal->bytes, literal->size);
	if (pattern->piece_count == 0) {
		pattern->literal = bytes;
		pattern->literal_size = (uint32_t)literal->size;
	} else {
		struct piece *piece =
		    &pattern->piece[pattern->piece_count - 1];
		piece->literal = bytes;
		piece->literal_size = (uint32_t)literal->size;
		if (literal->size == 0 && next < end) {
			err_set(err, ERR_PROGRAM, "there is no text between "
			    "two holes, so nothing says where the first ends");
			return err_hint(err,
			    "put a separator between, or use a regex");
		}
	}
	literal->size = 0;
	return 0;
}

static int
pattern_compile(struct parse_pattern *pattern, const char *at, const char *end,
	struct buf *literal, struct err *err)
{
	while (at < end) {
		char c = *at;
		if ((c == '{' || c == '}') && at + 1 < end && at[1] == c) {
			buf_add_char(literal, c);
			at += 2;
			continue;
		}
		if (c == '}') {
			err_set(err, ERR_PROGRAM, "this '}' closes nothing");
			return err_hint(err, "a hole is {name}; a brace as "
			    "text is written }}");
		}
		if (c != '{') {
			buf_add_char(literal, c);
			at++;
			continue;
		}
		const char *close = memchr(at, '}', (size_t)(end - at));
		if (close == NULL) {
			err_set(err, ERR_PROGRAM, "a hole is not closed");
			return err_hint(err, "a hole is {name}; a brace as "
			    "text is written {{");
		}
		if (pattern_add_literal(pattern, literal, at, end, err) != 0 ||
		    pattern_add_hole(pattern, at + 1, (size_t)(close - at) - 1,
		    err) != 0)
			return -1;
		at = close + 1;
	}
	return pattern_add_literal(pattern, literal, end, end, err);
}

/* The groups that have a name. */
static int
pattern_add_groups(struct parse_pattern *pattern, struct err *err)
{
	unsigned count = regex_group_count(pattern->regex);

	pattern->group = mem_alloc((count + 1) * sizeof(*pattern->group));
	for (unsigned g = 1; g <= count; g++) {
		const char *name = regex_group_name(pattern->regex, g);
		const char *type = regex_group_type(pattern->regex, g);
		if (name == NULL)
			continue;
		pattern->group[pattern->capture_count] = g;
		if (pattern_add_capture(pattern, name, strlen(name), type,
		    type == NULL ? 0 : strlen(type), err) != 0)
			return -1;
	}
	return 0;
}

struct parse_pattern *
parse_pattern_new(const char *bytes, size_t size, int is_regex,
	struct err *err)
{
	struct parse_pattern *pattern = mem_alloc_zero(sizeof(*pattern));
	struct buf literal = { 0 };
	int status = -1;

	if (!is_regex) {
		status = pattern_compile(pattern, bytes, bytes + size,
		    &literal, err);
	} else {
		pattern->regex = regex_new(bytes, size, "", 0, err);
		if (pattern->regex != NULL)
			status = pattern_add_groups(pattern, err);
	}
	buf_fini(&literal);
	if (status == 0 && pattern->capture_count == 0) {
		err_set(err, ERR_PROGRAM, "the pattern names no field");
		err_hint(err, is_regex ? "a named group is (?<name>...)" :
		    "a hole is {name}");
		status = -1;
	}
	if (status != 0)
		parse_pattern_free(&pattern);
	return pattern;
}

/* --- cutting --- */

/* Literals are a few bytes long: a loop beats a call. */
static inline int
is_literal(const char *at, const char *literal, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (at[i] != literal[i])
			return 0;
	return 1;
}

static inline const char *
scan_literal(const char *at, const char *end, const char *literal,
	uint32_t size)
{
	if (size == 1)
		return scan_byte(at, end, literal[0]);
	if ((size_t)(end - at) < size)
		return NULL;
	const char *last = end - size + 1;
	while ((at = scan_byte(at, last, literal[0])) != NULL) {
		if (is_literal(at + 1, literal + 1, size - 1))
			return at;
		at++;
	}
	return NULL;
}

/* Cut one text; 0, or -1 if it does not match. */
static inline int
cut_text(const struct parse_pattern *pattern, const char *base,
	uint32_t from, uint32_t to, uint32_t *restrict cut)
{
	const char *at = base + from, *end = base + to;
	uint32_t size = pattern->literal_size;

	if ((size_t)(end - at) < size ||
	    !is_literal(at, pattern->literal, size))
		return -1;
	at += size;
	for (uint32_t i = 0; i < pattern->piece_count; i++) {
		const struct piece *piece = &pattern->piece[i];
		const char *stop;
		size = piece->literal_size;
		if (i + 1 < pattern->piece_count) {
			stop = scan_literal(at, end, piece->literal, size);
			if (stop == NULL)
				return -1;
		} else {
			if ((size_t)(end - at) < size ||
			    !is_literal(end - size, piece->literal, size))
				return -1;
			stop = end - size;
		}
		if (piece->capture >= 0) {
			cut[0] = (uint32_t)(at - base);
			cut[1] = (uint32_t)(stop - base);
			cut += 2;
		}
		at = stop + size;
	}
	return 0;
}

static int
cut_regex(const struct parse_pattern *pattern, struct regex_scan *scan,
	const char *base, uint32_t from, uint32_t to, unsigned groups,
	struct regex_range *range, uint32_t *cut)
{
	if (regex_find(scan, base + from, to - from, 0, range, groups) != 1)
		return -1;
	for (uint32_t c = 0; c < pattern->capture_count; c++) {
		const struct regex_range *group = &range[pattern->group[c]];
		int is_there = group->start != UINT32_MAX;
		cut[2 * c] = is_there ? from + group->start : CUT_NONE;
		cut[2 * c + 1] = is_there ? from + group->end : CUT_NONE;
	}
	return 0;
}

static void
match_regex(const struct parse_pattern *pattern, struct regex_scan *scan,
	const struct parse_texts *texts, const uint16_t *row, uint32_t *cut,
	uint64_t *failed)
{
	unsigned groups = regex_group_count(pattern->regex) + 1;
	struct regex_range *range = mem_alloc(groups * sizeof(*range));

	for (uint32_t i = 0; i < texts->count; i++) {
		uint32_t at = row == NULL ? i : row[i];
		if (!bits_get(failed, at) && cut_regex(pattern, scan,
		    texts->base, texts->range[2 * i], texts->range[2 * i + 1],
		    groups, range,
		    cut + (size_t)at * 2 * pattern->capture_count) != 0)
			bits_set(failed, at);
	}
	mem_free(range);
}

void
parse_pattern_match(const struct parse_pattern *pattern,
	struct regex_scan *scan, const struct parse_texts *texts,
	const uint16_t *row, uint32_t *cut, uint64_t *failed)
{
	if (pattern->regex != NULL) {
		match_regex(pattern, scan, texts, row, cut, failed);
		return;
	}
	for (uint32_t i = 0; i < texts->count; i++) {
		uint32_t at = row == NULL ? i : row[i];
		if (!bits_get(failed, at) && cut_text(pattern, texts->base,
		    texts->range[2 * i], texts->range[2 * i + 1],
		    cut + (size_t)at * 2 * pattern->capture_count) != 0)
			bits_set(failed, at);
	}
}

struct regex_scan *
parse_pattern_scan(const struct parse_pattern *pattern)
{
	if (pattern->regex == NULL)
		return NULL;
	struct regex_scan *scan = mem_alloc_zero(sizeof(*scan));
	regex_scan_init(scan, pattern->regex);
	return scan;
}
