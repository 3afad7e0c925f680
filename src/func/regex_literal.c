/*
 * What bytes does every match of a pattern contain?  Searching for those with
 * memmem() first spares most rows the regex.
 *
 * Only the top level of the pattern is looked at: a sequence of elements, from
 * which runs of plain characters are gathered.  An element that may be left out
 * (`?`, `*`, `{`) takes its character out of the run; a class, a dot, a group
 * ends the run.  Groups are stepped over whole, so nothing in them matters.  At
 * anything that is not understood for certain (alternatives at the top level,
 * option settings, \Q, verbs) the answer is: nothing known.  It is always right
 * to know nothing.
 */
#include "func/regex_priv.h"

#include <string.h>

struct look {
	const char *at;
	const char *end;
	struct buf run;		/* the run being gathered */
	size_t last;		/* size of the run before its last character */
	struct buf best;
	int only_plain;		/* nothing but plain characters so far */
	int failed;
};

/* The run ends here. */
static void
end_run(struct look *look)
{
	if (look->run.size > look->best.size) {
		look->best.size = 0;
		buf_add(&look->best, look->run.bytes, look->run.size);
	}
	look->run.size = 0;
	look->last = 0;
}

static void
add_plain(struct look *look, char c)
{
	/* Bytes 10xxxxxx go on with the character before. */
	if (((unsigned char)c & 0xc0) != 0x80 || look->run.size == 0)
		look->last = look->run.size;
	buf_add_char(&look->run, c);
}

/* Step over a [class]; at its '['. */
static void
skip_class(struct look *look)
{
	const char *at = look->at + 1;

	if (at < look->end && *at == '^')
		at++;
	/* A ] that comes first is one of the class. */
	if (at < look->end && *at == ']')
		at++;
	while (at < look->end && *at != ']') {
		if (*at == '\\') {
			/* \Q...\E would hide a bracket. */
			if (at + 1 < look->end && at[1] == 'Q')
				look->failed = 1;
			at++;
		} else if (*at == '[' && at + 1 < look->end &&
		    strchr(":.=", at[1]) != NULL) {
			/* [:alpha:] */
			char kind = at[1];
			at += 2;
			while (at + 1 < look->end &&
			    !(at[0] == kind && at[1] == ']'))
				at++;
			at++;
		}
		at++;
	}
	if (at >= look->end)
		look->failed = 1;
	else
		look->at = at + 1;
}

/* Does the group at '(' set options, or is it a verb or comment? */
static int
is_odd_group(const struct look *look)
{
	const char *at = look->at + 1;

	if (at < look->end && *at == '*')
		return 1;
	if (at >= look->end || *at != '?')
		return 0;
	for (at++; at < look->end; at++) {
		/* Comments (x) and callouts (C) may hold brackets. */
		if (*at == '\0' || *at == 'x' || *at == 'C' || *at == '#')
			return 1;
		if (strchr("imsnJU-^", *at) == NULL)
			return *at == ')';
	}
	return 1;
}

/* Step over a (group); at its '('. */
static void
skip_group(struct look *look)
{
	unsigned depth = 0;

	do {
		if (look->at >= look->end) {
			look->failed = 1;
			return;
		}
		switch (*look->at) {
		case '\\':
			if (look->at + 1 < look->end && look->at[1] == 'Q')
				look->failed = 1;
			look->at += 2;
			break;
		case '[':
			skip_class(look);
			break;
		case '(':
			/* A comment may hold brackets; options may be x. */
			if (is_odd_group(look))
				look->failed = 1;
			depth++;
			look->at++;
			break;
		case ')':
			depth--;
			look->at++;
			break;
		default:
			look->at++;
			break;
		}
	} while (depth > 0 && !look->failed);
}

/* An escape, at its backslash. */
static void
take_escape(struct look *look)
{
	static const char controls[] = "t\tn\nr\rf\fe\033a\a";
	char c = look->at + 1 < look->end ? look->at[1] : '\0';
	const char *control = c == '\0' ? NULL : strchr("tnrfea", c);

	look->at += 2;
	if (control != NULL) {
		add_plain(look, strchr(controls, c)[1]);
		return;
	}
	if (c >= 33 && c < 127 && !((c >= '0' && c <= '9') ||
	    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))) {
		add_plain(look, c);
		return;
	}
	end_run(look);
	look->only_plain = 0;
	/* Classes and assertions without arguments; all else is too odd. */
	if (c == '\0' || strchr("dDwWsSbBAzZGhHvVRNX", c) == NULL)
		look->failed = 1;
	/* \N{U+...} has one. */
	if (c == 'N' && look->at < look->end && *look->at == '{')
		look->failed = 1;
}

/* The closing brace of a quantifier {2,3}; NULL if it is none. */
static const char *
brace_end(const char *at, const char *end)
{
	for (at++; at < end; at++) {
		if (*at == '}')
			return at;
		if ((*at < '0' || *at > '9') && *at != ',')
			return NULL;
	}
	return NULL;
}

/* A quantifier behind an element: ?, *, +, {..}, and ? or + behind that. */
static void
take_quantifier(struct look *look)
{
	char c = *look->at;

	look->only_plain = 0;
	if (c != '+' && look->run.size > 0)
		look->run.size = look->last;
	end_run(look);
	if (c == '{') {
		const char *close = brace_end(look->at, look->end);
		if (close == NULL) {
			look->failed = 1;
			return;
		}
		look->at = close;
	}
	look->at++;
	if (look->at < look->end && (*look->at == '?' || *look->at == '+'))
		look->at++;
}

/* One element of the top level. */
static void
take_element(struct look *look)
{
	char c = *look->at;

	switch (c) {
	case '|':
		look->failed = 1;
		return;
	case '\\':
		take_escape(look);
		return;
	case '?':
	case '*':
	case '+':
	case '{':
		take_quantifier(look);
		return;
	case '(':
		look->failed |= is_odd_group(look);
		end_run(look);
		skip_group(look);
		break;
	case '[':
		end_run(look);
		skip_class(look);
		break;
	case '.':
	case '^':
	case '$':
		end_run(look);
		look->at++;
		break;
	default:
		add_plain(look, c);
		look->at++;
		return;
	}
	look->only_plain = 0;
}

void
regex_look(const char *pattern, size_t size, int multiline,
	struct regex_look *out)
{
	struct look look = { pattern, pattern + size, .only_plain = 1 };

	memset(out, 0, sizeof(*out));
	if (size > 0 && pattern[0] == '^' && !multiline) {
		out->is_anchored = 1;
		look.at++;
	}
	while (look.at < look.end && !look.failed)
		take_element(&look);
	end_run(&look);
	buf_fini(&look.run);
	if (look.failed) {
		buf_fini(&look.best);
		out->is_anchored = 0;
		return;
	}
	out->literal = look.best;
	out->is_whole = look.only_plain;
}
