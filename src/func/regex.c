/*
 * Regular expressions: PCRE2 with its JIT behind, and in front of it what is
 * cheaper.
 *
 *	pattern is plain text	memmem(), no regex at all; memcmp() behind ^
 *	every match contains	memmem() first; most rows end there
 *	some text
 *	else			PCRE2
 *
 * A pattern that shows that it means characters (\p, or bytes above 127) is
 * compiled for UTF-8; invalid UTF-8 in a text is skipped over, never an error.
 * All others are compiled for bytes, which is faster.  Of those, one that might
 * match a part of a character (with a dot, say) has a second code, for texts
 * that are not ASCII and are valid UTF-8; its \w, \d and \s mean the same as in
 * the first.  PCRE2's JIT finds too little for it where it is to skip what is
 * invalid, so the first has those texts.
 *
 * Match data and the JIT's stack belong to a scan, one a thread and batch; the
 * compiled pattern is shared.  A pattern that needs more than the machine stack
 * gets a larger one of its own when it asks for it; one that backtracks without
 * end runs into the match limit, and the row is given up.
 */
#include "func/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "func/regex_priv.h"
#include "func/utf8.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

/* About a tenth of a second of backtracking in one text. */
#define MATCH_LIMIT 10000000
/* KiB of heap for patterns that run without the JIT. */
#define HEAP_LIMIT_KIB (20 * 1024)
/* After so many texts it is known whether looking for the literal pays. */
#define LOOKS_TO_JUDGE 64
#define JIT_STACK_BYTES_MIN (32 * 1024)
#define JIT_STACK_BYTES_MAX (1024 * 1024)

struct group {
	char *name;	/* or NULL */
	char *type;	/* or NULL */
};

struct code {
	pcre2_code *pcre;
	int has_jit;
	int is_utf;
};

struct regex {
	struct code code;
	struct code wide;	/* for texts beyond ASCII; pcre NULL: `code` */
	unsigned group_count;
	struct group *group;		/* [0] is not used */
	struct regex_look look;
};

/* A name with a type, as the pattern is read: (?<name:type>. */
struct typed_name {
	const char *name;
	size_t name_size;
	const char *type;
	size_t type_size;
};

struct typed_names {
	struct typed_name *name;
	size_t count;
};

static void *
pcre_alloc(size_t bytes, void *cookie)
{
	(void)cookie;
	return mem_alloc(bytes);
}

static void
pcre_free(void *block, void *cookie)
{
	(void)cookie;
	mem_free(block);
}

static pcre2_general_context *
context_new(void)
{
	return pcre2_general_context_create(pcre_alloc, pcre_free, NULL);
}

static int
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_';
}

/* (?<name:type> at `at`; returns the byte behind "name", NULL if it is none. */
static const char *
typed_name_at(const char *at, const char *end, struct typed_name *out)
{
	if (end - at < 3 || at[0] != '(' || at[1] != '?')
		return NULL;
	at += at[2] == 'P' ? 3 : 2;
	if (at >= end || *at != '<')
		return NULL;
	out->name = ++at;
	while (at < end && is_word(*at))
		at++;
	out->name_size = (size_t)(at - out->name);
	if (at >= end || *at != ':' || out->name_size == 0)
		return NULL;
	out->type = ++at;
	while (at < end && is_word(*at))
		at++;
	out->type_size = (size_t)(at - out->type);
	return at < end && *at == '>' && out->type_size > 0 ?
	    out->name + out->name_size : NULL;
}

/* The pattern without types of groups, which are put aside. */
static void
strip_types(const char *pattern, size_t size, struct buf *out,
	struct typed_names *names)
{
	const char *at = pattern, *end = pattern + size;
	struct typed_name name;
	int in_class = 0;

	while (at < end) {
		const char *stop = in_class ? NULL :
		    typed_name_at(at, end, &name);
		if (stop != NULL) {
			buf_add(out, at, (size_t)(stop - at));
			at = name.type + name.type_size;
			names->name = mem_resize(names->name,
			    (names->count + 1) * sizeof(name));
			names->name[names->count++] = name;
			continue;
		}
		if (*at == '[')
			in_class = 1;
		else if (*at == ']')
			in_class = 0;
		if (*at == '\\' && at + 1 < end)
			buf_add_char(out, *at++);
		buf_add_char(out, *at++);
	}
}

/* Letters to options; 0, or -1 at a letter that is none. */
static int
read_flags(const char *flags, size_t size, uint32_t *options, struct err *err)
{
	*options = 0;
	for (size_t i = 0; i < size; i++) {
		switch (flags[i]) {
		case 'i':
			*options |= PCRE2_CASELESS;
			break;
		case 'm':
			*options |= PCRE2_MULTILINE;
			break;
		case 's':
			*options |= PCRE2_DOTALL;
			break;
		case 'x':
			*options |= PCRE2_EXTENDED;
			break;
		default:
			return err_set(err, ERR_PROGRAM,
			    "regex flag '%c' is none of i, m, s, x", flags[i]);
		}
	}
	return 0;
}

/* Does the pattern mean characters, not bytes? */
static int
means_characters(const char *pattern, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)pattern[i] >= 128)
			return 1;
		if (pattern[i] == '\\' && i + 1 < size) {
			i++;
			if (pattern[i] == 'p' || pattern[i] == 'P' ||
			    pattern[i] == 'X')
				return 1;
		}
	}
	return 0;
}

/* Might the pattern, matched on bytes, match a part of a character? */
static int
may_split(const char *pattern, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (pattern[i] == '.' || (pattern[i] == '[' && i + 1 < size &&
		    pattern[i + 1] == '^'))
			return 1;
		if (pattern[i] == '\\' && i + 1 < size) {
			i++;
			if (strchr("DSWNHV", pattern[i]) != NULL)
				return 1;
		}
	}
	return 0;
}

static int
compile(struct code *code, const struct buf *pattern, uint32_t options,
	struct err *err)
{
	pcre2_general_context *general = context_new();
	pcre2_compile_context *context = pcre2_compile_context_create(general);
	PCRE2_UCHAR sentence[200];
	PCRE2_SIZE offset;
	int status;

	code->is_utf = (options & PCRE2_UTF) != 0;
	code->pcre = pcre2_compile((PCRE2_SPTR)pattern->bytes, pattern->size,
	    options | PCRE2_NEVER_BACKSLASH_C, &status, &offset, context);
	pcre2_compile_context_free(context);
	pcre2_general_context_free(general);
	if (code->pcre == NULL) {
		pcre2_get_error_message(status, sentence, sizeof(sentence));
		return err_set(err, ERR_PROGRAM,
		    "regex: %s at byte %zu of the pattern", (char *)sentence,
		    (size_t)offset);
	}
	code->has_jit = pcre2_jit_compile(code->pcre,
	    PCRE2_JIT_COMPLETE) == 0;
	return 0;
}

static int
compile_all(struct regex *regex, const struct buf *pattern, uint32_t options,
	struct err *err)
{
	if (means_characters(pattern->bytes, pattern->size))
		return compile(&regex->code, pattern, options | PCRE2_UTF |
		    PCRE2_UCP | PCRE2_MATCH_INVALID_UTF, err);
	if (compile(&regex->code, pattern, options, err) != 0)
		return -1;
	if (may_split(pattern->bytes, pattern->size))
		return compile(&regex->wide, pattern, options | PCRE2_UTF,
		    err);
	return 0;
}

static char *
copy_string(const char *bytes, size_t size)
{
	char *string = mem_alloc(size + 1);

	memcpy(string, bytes, size);
	string[size] = '\0';
	return string;
}

/* Names and types of groups, from PCRE2's table and from the pattern. */
static void
name_groups(struct regex *regex, const struct typed_names *names)
{
	uint32_t count = 0, name_count = 0, entry_bytes = 0;
	PCRE2_SPTR entry = NULL;

	const pcre2_code *pcre = regex->code.pcre;
	pcre2_pattern_info(pcre, PCRE2_INFO_CAPTURECOUNT, &count);
	pcre2_pattern_info(pcre, PCRE2_INFO_NAMECOUNT, &name_count);
	pcre2_pattern_info(pcre, PCRE2_INFO_NAMEENTRYSIZE, &entry_bytes);
	pcre2_pattern_info(pcre, PCRE2_INFO_NAMETABLE, &entry);
	regex->group_count = count;
	regex->group = mem_alloc_zero((count + 1) * sizeof(*regex->group));
	for (uint32_t i = 0; i < name_count; i++, entry += entry_bytes) {
		struct group *group =
		    &regex->group[(unsigned)entry[0] << 8 | entry[1]];
		const char *name = (const char *)entry + 2;
		size_t size = strlen(name);
		mem_free(group->name);
		group->name = copy_string(name, size);
		for (size_t t = 0; t < names->count; t++) {
			const struct typed_name *typed = &names->name[t];
			if (typed->name_size != size ||
			    memcmp(typed->name, name, size) != 0)
				continue;
			mem_free(group->type);
			group->type = copy_string(typed->type,
			    typed->type_size);
		}
	}
}

struct regex *
regex_new(const char *pattern, size_t size, const char *flags,
	size_t flags_size, struct err *err)
{
	struct regex *regex = mem_alloc_zero(sizeof(*regex));
	struct typed_names names = { 0 };
	struct buf stripped = { 0 };
	uint32_t options;

	if (read_flags(flags, flags_size, &options, err) != 0)
		goto fail;
	buf_reserve(&stripped, size + 1);
	strip_types(pattern, size, &stripped, &names);
	if (compile_all(regex, &stripped, options, err) != 0)
		goto fail;
	name_groups(regex, &names);
	if ((options & (PCRE2_CASELESS | PCRE2_EXTENDED)) == 0) {
		regex_look(stripped.bytes, stripped.size,
		    (options & PCRE2_MULTILINE) != 0, &regex->look);
	}
	mem_free(names.name);
	buf_fini(&stripped);
	return regex;

fail:
	mem_free(names.name);
	buf_fini(&stripped);
	regex_free(&regex);
	return NULL;
}

void
regex_free(struct regex **address)
{
	struct regex *regex = *address;

	*address = NULL;
	if (regex == NULL)
		return;
	for (unsigned i = 0; regex->group && i <= regex->group_count; i++) {
		mem_free(regex->group[i].name);
		mem_free(regex->group[i].type);
	}
	mem_free(regex->group);
	pcre2_code_free(regex->code.pcre);
	pcre2_code_free(regex->wide.pcre);
	buf_fini(&regex->look.literal);
	mem_free(regex);
}

unsigned
regex_group_count(const struct regex *regex)
{
	return regex->group_count;
}

const char *
regex_group_name(const struct regex *regex, unsigned group)
{
	return group > regex->group_count ? NULL : regex->group[group].name;
}

const char *
regex_group_type(const struct regex *regex, unsigned group)
{
	return group > regex->group_count ? NULL : regex->group[group].type;
}

unsigned
regex_group_find(const struct regex *regex, const char *name, size_t size)
{
	for (unsigned i = 1; i <= regex->group_count; i++) {
		const char *other = regex->group[i].name;
		if (other != NULL && strlen(other) == size &&
		    memcmp(other, name, size) == 0)
			return i;
	}
	return 0;
}

const char *
regex_literal(const struct regex *regex, size_t *size)
{
	*size = regex->look.literal.size;
	return *size == 0 ? "" : regex->look.literal.bytes;
}

void
regex_scan_init(struct regex_scan *scan, const struct regex *regex)
{
	memset(scan, 0, sizeof(*scan));
	scan->regex = regex;
}

/* Made when the regex is really run: plain patterns never need it. */
static void
scan_prepare(struct regex_scan *scan)
{
	pcre2_general_context *general = context_new();

	scan->match_data = pcre2_match_data_create_from_pattern(
	    scan->regex->code.pcre, general);
	scan->match_context = pcre2_match_context_create(general);
	pcre2_set_match_limit(scan->match_context, MATCH_LIMIT);
	pcre2_set_heap_limit(scan->match_context, HEAP_LIMIT_KIB);
	pcre2_general_context_free(general);
}

void
regex_scan_fini(struct regex_scan *scan)
{
	pcre2_match_data_free(scan->match_data);
	pcre2_match_context_free(scan->match_context);
	pcre2_jit_stack_free(scan->jit_stack);
	memset(scan, 0, sizeof(*scan));
}

/* The JIT asked for more stack than the machine's share: give it, once. */
static int
scan_grow_stack(struct regex_scan *scan)
{
	if (scan->jit_stack != NULL)
		return -1;
	pcre2_general_context *general = context_new();
	scan->jit_stack = pcre2_jit_stack_create(JIT_STACK_BYTES_MIN,
	    JIT_STACK_BYTES_MAX, general);
	pcre2_general_context_free(general);
	if (scan->jit_stack == NULL)
		return -1;
	pcre2_jit_stack_assign(scan->match_context, NULL, scan->jit_stack);
	return 0;
}

static int
run_code(struct regex_scan *scan, const struct code *code, const char *bytes,
	size_t size, size_t from)
{
	int status;

	if (scan->match_data == NULL)
		scan_prepare(scan);
	do {
		/* The fast door trusts its arguments; UTF-8 is checked by the
		 * other. */
		if (code->has_jit && !code->is_utf)
			status = pcre2_jit_match(code->pcre,
			    (PCRE2_SPTR)bytes, size, from, 0,
			    scan->match_data, scan->match_context);
		else
			status = pcre2_match(code->pcre, (PCRE2_SPTR)bytes,
			    size, from, 0, scan->match_data,
			    scan->match_context);
	} while (status == PCRE2_ERROR_JIT_STACKLIMIT &&
	    scan_grow_stack(scan) == 0);
	return status;
}

/* Does the status say that the text, or the place in it, is no UTF-8? */
static int
is_bad_utf(int status)
{
	return status == PCRE2_ERROR_BADUTFOFFSET ||
	    (status <= PCRE2_ERROR_UTF8_ERR1 &&
	    status >= PCRE2_ERROR_UTF8_ERR21);
}

static int
run_pcre(struct regex_scan *scan, const char *bytes, size_t size, size_t from)
{
	const struct regex *regex = scan->regex;
	int is_wide = regex->wide.pcre != NULL && !utf8_is_ascii(bytes, size);
	int status = run_code(scan, is_wide ? &regex->wide : &regex->code,
	    bytes, size, from);

	if (is_wide && is_bad_utf(status))
		status = run_code(scan, &regex->code, bytes, size, from);
	if (status == PCRE2_ERROR_NOMATCH)
		return 0;
	return status < 0 ? -1 : 1;
}

/*
 * What the literal alone tells: 0 no match, 1 match (at *at, if the pattern is
 * the literal), -1 ask PCRE2.  A literal that most texts contain is not looked
 * for any more.
 */
static inline int
look_first(struct regex_scan *scan, const char *bytes, size_t size,
	size_t from, size_t *at)
{
	const struct regex_look *look = &scan->regex->look;
	size_t literal_size = look->literal.size;

	if (literal_size == 0 || from > size)
		return -1;
	if (look->is_whole && look->is_anchored) {
		*at = 0;
		return from == 0 && size >= literal_size &&
		    memcmp(bytes, look->literal.bytes, literal_size) == 0;
	}
	if (size - from < literal_size)
		return 0;
	if (!look->is_whole) {
		if (scan->looked >= LOOKS_TO_JUDGE &&
		    scan->passed > scan->looked / 4 * 3)
			return -1;
		scan->looked++;
	}
	const char *found = literal_find(bytes + from, size - from,
	    look->literal.bytes, literal_size);
	if (found == NULL)
		return 0;
	scan->passed++;
	*at = (size_t)(found - bytes);
	return look->is_whole ? 1 : -1;
}

int
regex_match(struct regex_scan *scan, const char *bytes, size_t size)
{
	size_t at;
	int status = look_first(scan, bytes, size, 0, &at);

	return status >= 0 ? status : run_pcre(scan, bytes, size, 0);
}

int
regex_find(struct regex_scan *scan, const char *bytes, size_t size,
	size_t from, struct regex_range *range, unsigned range_count)
{
	const struct regex *regex = scan->regex;
	size_t at = 0;
	int status = look_first(scan, bytes, size, from, &at);

	if (status == 1) {
		/* A plain pattern: it has no groups. */
		for (unsigned i = 0; i < range_count; i++)
			range[i].start = range[i].end = UINT32_MAX;
		if (range_count > 0) {
			range[0].start = (uint32_t)at;
			range[0].end = (uint32_t)(at +
			    regex->look.literal.size);
		}
		return 1;
	}
	if (status < 0)
		status = run_pcre(scan, bytes, size, from);
	if (status <= 0)
		return status;
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(scan->match_data);
	uint32_t pairs = pcre2_get_ovector_count(scan->match_data);
	for (unsigned i = 0; i < range_count; i++) {
		int part = i < pairs && ends[2 * i] != PCRE2_UNSET;
		range[i].start = part ? (uint32_t)ends[2 * i] : UINT32_MAX;
		range[i].end = part ? (uint32_t)ends[2 * i + 1] : UINT32_MAX;
	}
	return 1;
}
