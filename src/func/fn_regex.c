/*
 * Functions over regular expressions.  A constant pattern is compiled once,
 * when the program is planned; a pattern that comes with the data is compiled
 * for each batch, and the last few are kept, since such columns repeat.
 */
#include "func/kernel.h"

#include <string.h>

#include "data/json.h"
#include "func/regex.h"
#include "func/utf8.h"
#include "util/buf.h"
#include "util/err.h"

FUNC_TYPE(bool_of_texts, TYPE_BOOL, "t")
FUNC_TYPE(int_of_texts, TYPE_INT, "t")
FUNC_TYPE(text_of_texts, TYPE_TEXT, "t")
FUNC_TYPE(list_of_texts, TYPE_LIST, "t")
FUNC_TYPE(text_of_group, TYPE_TEXT, "tt*")
FUNC_TYPE(list_of_group, TYPE_LIST, "tt*")

#define SLOTS_MAX 8

/* A regex in use by this call. */
struct slot {
	struct text source;
	struct regex *own;	/* NULL: it is the plan's */
	struct regex_scan scan;
	struct regex_range *range;
	unsigned range_count;
};

struct slots {
	struct slot slot[SLOTS_MAX];
	unsigned count;
	unsigned next;		/* to be replaced */
};

static void
slot_open(struct slot *slot, const struct regex *regex, struct region *region)
{
	regex_scan_init(&slot->scan, regex);
	slot->range_count = regex_group_count(regex) + 1;
	slot->range = region_alloc(region,
	    slot->range_count * sizeof(*slot->range));
}

static void
slot_close(struct slot *slot)
{
	regex_scan_fini(&slot->scan);
	if (slot->own != NULL)
		regex_free(&slot->own);
}

static void
slots_close(struct slots *slots)
{
	for (unsigned i = 0; i < slots->count; i++)
		slot_close(&slots->slot[i]);
}

/* The slot of the constant pattern, opened with the first row. */
static struct slot *
slot_of_plan(struct func_call *call, struct slots *slots)
{
	struct slot *slot = &slots->slot[0];

	if (slots->count == 0) {
		slots->count = 1;
		slot_open(slot, call->plan, call->region);
	}
	return slot;
}

/* The slot of row i's pattern; NULL with the row rejected: it is none. */
static struct slot *
slot_of_row(struct func_call *call, struct slots *slots,
	const struct column *patterns, uint32_t i)
{
	struct err err = ERR_INIT;

	if (call->plan != NULL)
		return slot_of_plan(call, slots);
	struct text source = arg_text(patterns, i);
	for (unsigned k = 0; k < slots->count; k++)
		if (text_equal(&slots->slot[k].source, &source))
			return &slots->slot[k];
	struct regex *regex = regex_new(text_bytes(&source), source.size, "",
	    0, &err);
	if (regex == NULL) {
		func_reject(call, i, "%s", err.message);
		return NULL;
	}
	struct slot *slot = &slots->slot[slots->next];
	if (slots->next < slots->count)
		slot_close(slot);
	else
		slots->count++;
	slots->next = (slots->next + 1) % SLOTS_MAX;
	*slot = (struct slot){ .source = source, .own = regex };
	slot_open(slot, regex, call->region);
	return slot;
}

/* The first match from `from` on: 1, 0, or -1 with the row rejected. */
static int
slot_find(struct func_call *call, struct slot *slot, uint32_t i,
	const struct text *text, size_t from)
{
	int found = from > text->size ? 0 : regex_find(&slot->scan,
	    text_bytes(text), text->size, from, slot->range,
	    slot->range_count);

	if (found < 0)
		func_reject(call, i,
		    "the regex backtracks too much on this text");
	return found;
}

/* Where to look for the next match: behind this one, or a character on. */
static size_t
slot_next(const struct slot *slot, const struct text *text)
{
	size_t end = slot->range[0].end;

	if (slot->range[0].start != slot->range[0].end)
		return end;
	return end >= text->size ? (size_t)text->size + 1 :
	    end + utf8_offset(text_bytes(text) + end, text->size - end, 1);
}

static int
regex_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)count;
	if (arg[1] == NULL || !type_is_textual(arg[1]->type))
		return 0;
	const struct text *source = &arg[1]->cell.text;
	*bad_arg = 1;
	*plan = regex_new(text_bytes(source), source->size, "", 0, err);
	return *plan == NULL ? -1 : 0;
}

static void
regex_release(void *take_plan)
{
	struct regex *regex = take_plan;

	regex_free(&regex);
}

static int
regex_match_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct slots slots = { .count = 0 };

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct slot *slot = slot_of_row(call, &slots, &in[1], i);
		target[i] = 0;
		if (slot == NULL)
			continue;
		int matches = regex_match(&slot->scan, text_bytes(&text),
		    text.size);
		target[i] = matches > 0;
		if (matches < 0)
			func_reject(call, i,
			    "the regex backtracks too much on this text");
	}
	slots_close(&slots);
	return 0;
}

const struct func_def func_regex_match = {
	.name = "regex_match",
	.group = "regex",
	.signature = "regex_match(text, regex)",
	.summary = "true if the regex matches somewhere in the text, as ~ does",
	.example = "regex_match(\"took 35ms\", r\"\\d+ms\")",
	.result = "true",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_TEXT),
	.type = bool_of_texts,
	.prepare = regex_prepare,
	.release = regex_release,
	.eval = regex_match_eval,
};

/*
 * Which group row i asks for: a number or a name; without it the first, or the
 * whole match if there are no groups.  -1 with the row rejected.
 */
static int
group_of_row(struct func_call *call, const struct slot *slot,
	const struct column *groups, uint32_t i)
{
	unsigned count = slot->range_count - 1;
	char quote[KERNEL_QUOTE_MAX];

	if (groups == NULL)
		return count > 0;
	if (groups->type == TYPE_INT) {
		int64_t number = arg_int(groups, i);
		if (number >= 0 && number <= count)
			return (int)number;
		func_reject(call, i, "the regex has no group %lld",
		    (long long)number);
		return -1;
	}
	struct text name = arg_text(groups, i);
	unsigned number = regex_group_find(slot->scan.regex,
	    text_bytes(&name), name.size);
	if (number > 0)
		return (int)number;
	func_reject(call, i, "the regex has no group %s",
	    kernel_quote(name, quote));
	return -1;
}

/* The column of groups as ints or texts, NULL if there is none; 0 or -1. */
static int
take_groups(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *storage,
	const struct column **groups)
{
	*groups = NULL;
	if (arg_count < 3)
		return 0;
	int is_number = type_is_number((enum type)arg[2].type);
	*groups = storage;
	return kernel_take_one(call, is_number ? 'i' : 't', &arg[2], count,
	    storage);
}

static int
regex_extract_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2], storage;
	const struct column *groups;
	struct slots slots = { .count = 0 };
	struct writer writer;

	if (kernel_take(call, "t", arg, 2, count, in) != 0 ||
	    take_groups(call, arg, arg_count, count, &storage, &groups) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct slot *slot = slot_of_row(call, &slots, &in[1], i);
		int group = slot == NULL ? -1 :
		    group_of_row(call, slot, groups, i);
		writer_view(&writer, i, "", 0);
		if (group < 0)
			continue;
		if (slot_find(call, slot, i, &text, 0) <= 0 ||
		    slot->range[group].start == UINT32_MAX) {
			kernel_null(call, i, count, out);
			continue;
		}
		struct regex_range range = slot->range[group];
		writer_view(&writer, i, text_bytes(&text) + range.start,
		    range.end - range.start);
	}
	slots_close(&slots);
	return 0;
}

const struct func_def func_regex_extract = {
	.name = "regex_extract",
	.group = "regex",
	.signature = "regex_extract(text, regex [, group])",
	.summary = "what a group, by number or name, of the first match holds; "
	    "if not said the first group, or the match; null if none matches",
	.example = "regex_extract(\"took 35ms\", r\"took (\\d+)ms\")",
	.result = "35",
	.arg_min = 2,
	.arg_max = 3,
	.want = { FUNC_TEXT, FUNC_TEXT, FUNC_NUMBER, FUNC_NUMBER },
	.type = text_of_group,
	.prepare = regex_prepare,
	.release = regex_release,
	.eval = regex_extract_eval,
};

/* The group of a number or name, -1 if it is neither. */
static int
group_named(const struct slot *slot, const char *name, size_t size)
{
	unsigned number = 0;
	size_t digits = 0;

	while (digits < size && digits < 3 && name[digits] >= '0' &&
	    name[digits] <= '9')
		number = number * 10 + (unsigned)(name[digits++] - '0');
	if (size > 0 && digits == size)
		return (int)number;
	number = regex_group_find(slot->scan.regex, name, size);
	return number > 0 ? (int)number : -1;
}

/*
 * The group that stands behind a dollar, 1 or {1} or {name}, and where the text
 * goes on; -1: the dollar means itself.
 */
static int
group_behind(const struct slot *slot, const char *at, const char *end,
	const char **next)
{
	*next = at + 1;
	if (*at != '{')
		return *at < '0' || *at > '9' ? -1 : *at - '0';
	const char *close = memchr(at, '}', (size_t)(end - at));
	if (close == NULL)
		return -1;
	*next = close + 1;
	return group_named(slot, at + 1, (size_t)(close - at) - 1);
}

/* Append what stands for a match: $1, ${1}, ${name}, $0, $$. */
static void
add_replacement(struct buf *buf, const struct slot *slot,
	const struct text *text, const struct text *to)
{
	const char *at = text_bytes(to);
	const char *end = at + to->size;

	for (;;) {
		const char *next;
		const char *dollar = memchr(at, '$', (size_t)(end - at));
		if (dollar == NULL || dollar + 1 == end) {
			buf_add(buf, at, (size_t)(end - at));
			return;
		}
		buf_add(buf, at, (size_t)(dollar - at));
		at = dollar + 1;
		int group = group_behind(slot, at, end, &next);
		if (group < 0) {
			buf_add_char(buf, '$');
			at += *at == '$';
			continue;
		}
		at = next;
		if ((unsigned)group >= slot->range_count ||
		    slot->range[group].start == UINT32_MAX)
			continue;
		struct regex_range range = slot->range[group];
		buf_add(buf, text_bytes(text) + range.start,
		    range.end - range.start);
	}
}

/* 1: `buf` holds the new text, 0: nothing matched, -1: rejected. */
static int
replace_row(struct func_call *call, struct slot *slot, uint32_t i,
	const struct text *text, const struct text *to, struct buf *buf)
{
	const char *bytes = text_bytes(text);
	size_t from = 0, copied = 0;
	int found, any = 0;

	buf->size = 0;
	while ((found = slot_find(call, slot, i, text, from)) > 0) {
		any = 1;
		buf_add(buf, bytes + copied, slot->range[0].start - copied);
		copied = slot->range[0].end;
		add_replacement(buf, slot, text, to);
		from = slot_next(slot, text);
		if (buf->size > KERNEL_TEXT_MAX) {
			func_reject(call, i, "regex_replace() would make more "
			    "than %zu MiB", KERNEL_TEXT_MAX >> 20);
			return -1;
		}
	}
	buf_add(buf, bytes + copied, text->size - copied);
	return found < 0 ? -1 : any;
}

static int
regex_replace_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[3];
	struct slots slots = { .count = 0 };
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text to = arg_text(&in[2], i);
		struct slot *slot = slot_of_row(call, &slots, &in[1], i);
		writer.text[i] = text;
		if (slot != NULL &&
		    replace_row(call, slot, i, &text, &to, &buf) > 0)
			writer_copy(&writer, i, buf.bytes, buf.size);
	}
	slots_close(&slots);
	buf_fini(&buf);
	return 0;
}

const struct func_def func_regex_replace = {
	.name = "regex_replace",
	.group = "regex",
	.signature = "regex_replace(text, regex, new)",
	.summary = "the text with every match replaced; $1 or ${name} in the "
	    "new text is a group, $0 the match, $$ a dollar",
	.example = "regex_replace(\"2026-01-02\", r\"(\\d+)-(\\d+)\", "
	    "\"$2/$1\")",
	.result = "01/2026-02",
	.arg_min = 3,
	.arg_max = 3,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_texts,
	.prepare = regex_prepare,
	.release = regex_release,
	.eval = regex_replace_eval,
};

static void
add_element(struct buf *buf, const char *bytes, size_t size)
{
	if (buf->size > 1)
		buf_add_char(buf, ',');
	json_add_string(buf, bytes, size);
}

/* Append the list of all matches; -1: rejected. */
static int
find_all_row(struct func_call *call, struct slot *slot, uint32_t i,
	const struct text *text, int group, struct buf *buf)
{
	size_t from = 0;
	int found;

	while ((found = slot_find(call, slot, i, text, from)) > 0) {
		struct regex_range range = slot->range[group];
		if (range.start != UINT32_MAX)
			add_element(buf, text_bytes(text) + range.start,
			    range.end - range.start);
		from = slot_next(slot, text);
	}
	return found;
}

static int
regex_find_all_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2], storage;
	const struct column *groups;
	struct slots slots = { .count = 0 };
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "t", arg, 2, count, in) != 0 ||
	    take_groups(call, arg, arg_count, count, &storage, &groups) != 0)
		return -1;
	writer_init(&writer, call, TYPE_LIST, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct slot *slot = slot_of_row(call, &slots, &in[1], i);
		int group = slot == NULL ? -1 :
		    group_of_row(call, slot, groups, i);
		buf.size = 0;
		buf_add_char(&buf, '[');
		if (group >= 0)
			find_all_row(call, slot, i, &text, group, &buf);
		buf_add_char(&buf, ']');
		writer_copy(&writer, i, buf.bytes, buf.size);
	}
	slots_close(&slots);
	buf_fini(&buf);
	return 0;
}

const struct func_def func_regex_find_all = {
	.name = "regex_find_all",
	.group = "regex",
	.signature = "regex_find_all(text, regex [, group])",
	.summary = "the list of what a group of all matches holds; if not said "
	    "the first group, or the match",
	.example = "regex_find_all(\"a1 b22 c333\", r\"\\d+\")",
	.result = "[\"1\",\"22\",\"333\"]",
	.arg_min = 2,
	.arg_max = 3,
	.want = { FUNC_TEXT, FUNC_TEXT, FUNC_NUMBER, FUNC_NUMBER },
	.type = list_of_group,
	.prepare = regex_prepare,
	.release = regex_release,
	.eval = regex_find_all_eval,
};

static int
regex_count_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct slots slots = { .count = 0 };

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct slot *slot = slot_of_row(call, &slots, &in[1], i);
		size_t from = 0;
		target[i] = 0;
		while (slot != NULL &&
		    slot_find(call, slot, i, &text, from) > 0) {
			target[i]++;
			from = slot_next(slot, &text);
		}
	}
	slots_close(&slots);
	return 0;
}

const struct func_def func_regex_count = {
	.name = "regex_count",
	.group = "regex",
	.signature = "regex_count(text, regex)",
	.summary = "how often the regex matches, one match behind the other",
	.example = "regex_count(\"a1 b22 c333\", r\"\\d+\")",
	.result = "3",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_TEXT),
	.type = int_of_texts,
	.prepare = regex_prepare,
	.release = regex_release,
	.eval = regex_count_eval,
};

/* The parts between matches; a match of nothing separates nothing. */
static void
split_row(struct func_call *call, struct slot *slot, uint32_t i,
	const struct text *text, struct buf *buf)
{
	const char *bytes = text_bytes(text);
	size_t from = 0, start = 0;

	while (slot_find(call, slot, i, text, from) > 0) {
		struct regex_range range = slot->range[0];
		from = slot_next(slot, text);
		if (range.start == range.end)
			continue;
		add_element(buf, bytes + start, range.start - start);
		start = range.end;
	}
	add_element(buf, bytes + start, text->size - start);
}

static int
regex_split_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct slots slots = { .count = 0 };
	struct writer writer;
	struct buf buf = { 0 };

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_LIST, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct slot *slot = slot_of_row(call, &slots, &in[1], i);
		buf.size = 0;
		buf_add_char(&buf, '[');
		if (slot != NULL)
			split_row(call, slot, i, &text, &buf);
		buf_add_char(&buf, ']');
		writer_copy(&writer, i, buf.bytes, buf.size);
	}
	slots_close(&slots);
	buf_fini(&buf);
	return 0;
}

const struct func_def func_regex_split = {
	.name = "regex_split",
	.group = "regex",
	.signature = "regex_split(text, regex)",
	.summary = "the list of the parts between matches",
	.example = "regex_split(\"a, b;c\", r\"[,;]\\s*\")",
	.result = "[\"a\",\"b\",\"c\"]",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_TEXT),
	.type = list_of_texts,
	.prepare = regex_prepare,
	.release = regex_release,
	.eval = regex_split_eval,
};
