#ifndef SFLOW_FUNC_REGEX_H
#define SFLOW_FUNC_REGEX_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Regular expressions (PCRE2 syntax, compiled by its JIT).  Matching is a
 * search: anywhere in the text unless the pattern is anchored.  Texts may be
 * any bytes; a dot or a class is one character of UTF-8.  In a pattern with
 * bytes above 127, \p, \P or \X also \w, \d, \s and \b know all characters of
 * Unicode, in others those of ASCII.
 *
 * A compiled regex is read-only and may be shared by threads.
 */
struct regex;

/*
 * `flags`: the letters behind the slash: i (ignore case), m (^ and $ at lines),
 * s (. also matches a newline), x (blanks and comments in the pattern).  NULL
 * with `err` (ERR_PROGRAM) that says what is wrong and where in the pattern.
 *
 * Groups may be named with a type, (?<ms:int>\d+): see regex_group_type().
 */
struct regex *regex_new(const char *pattern, size_t size, const char *flags,
	size_t flags_size, struct err *);
void regex_free(struct regex **);

/* Groups, without group 0, the whole match; they are numbered from 1. */
unsigned regex_group_count(const struct regex *);
/* NULL: it has no name, no type. */
const char *regex_group_name(const struct regex *, unsigned group);
const char *regex_group_type(const struct regex *, unsigned group);
/* The number of a named group, 0 if there is none. */
unsigned regex_group_find(const struct regex *, const char *name, size_t size);
/* Bytes that every match contains; "" if none are known.  Not terminated. */
const char *regex_literal(const struct regex *, size_t *size);

struct regex_range {
	uint32_t start;		/* UINT32_MAX: the group took no part */
	uint32_t end;
};

/*
 * What matching needs besides, for one thread at a time; make one per batch.
 * Zero-initialised by regex_scan_init; the regex outlives it.
 */
struct regex_scan {
	const struct regex *regex;
	void *match_data;
	void *match_context;
	void *jit_stack;
	uint32_t looked;	/* texts in which the literal was looked for */
	uint32_t passed;	/* ... and found */
};

void regex_scan_init(struct regex_scan *, const struct regex *);
void regex_scan_fini(struct regex_scan *);

/* 1: matches, 0: does not, -1: gave up (the pattern backtracks too much). */
int regex_match(struct regex_scan *, const char *bytes, size_t size);
/*
 * The first match that starts at `from` or behind.  Fills range[0] with the
 * whole match and range[1..] with groups, as many as `range_count` has room
 * for.  Results as above.  Look-behind sees the bytes before `from`.
 */
int regex_find(struct regex_scan *, const char *bytes, size_t size,
	size_t from, struct regex_range *range, unsigned range_count);

#endif
