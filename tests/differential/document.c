/*
 * Random documents of JSON and programs over their nested parts, beside jq.
 *
 * jq's program is a chain of filters over the array of all documents.  A small
 * prelude gives it our rules: comparisons with null are null, and, or and not
 * have three values, a path into what is no record is null, groups come in order
 * of first appearance.
 *
 * Answers are compared as JSON, null members like absent ones.  Programs that
 * leave documents as they are have a stricter test: jq says only which lines
 * come out, and they must be those of the input to the byte.  For this each
 * document's id is the number of its line.
 */
#include <stdio.h>
#include <string.h>

#include "case.h"
#include "draw.h"

#define PATH_COUNT_MAX 64

enum shape { NUMBER, TEXT, BOOL, MIXED, TEXTS, NUMBERS, RECORDS, RECORD };

struct path {
	const char *flow, *jq;
	enum shape shape;
};

/* A program as it grows. */
struct work {
	struct path path[PATH_COUNT_MAX];
	unsigned count;
	char *flow, *jq;
	int is_changed;		/* the documents are not those of the input */
	unsigned name_count;
};

/* What an expression is in both languages; jq's is about one document. */
struct both {
	char *flow, *jq;
};

static const struct path base_paths[] = {
	{ "id", ".id", NUMBER }, { "n", ".n", NUMBER },
	{ "u.zip", "p(.u.zip)", NUMBER },
	{ "u.geo.lat", "p(.u.geo.lat)", NUMBER },
	{ "items[0].qty", "p(.items[0].qty)", NUMBER },
	{ "items[-1].qty", "p(.items[-1].qty)", NUMBER },
	{ "nums[0]", "p(.nums[0])", NUMBER },
	{ "s", ".s", TEXT }, { "u.city", "p(.u.city)", TEXT },
	{ "tags[0]", "p(.tags[0])", TEXT },
	{ "tags[-1]", "p(.tags[-1])", TEXT },
	{ "items[0].sku", "p(.items[0].sku)", TEXT },
	{ "flag", ".flag", BOOL }, { "m", ".m", MIXED },
	{ "tags", ".tags", TEXTS }, { "nums", ".nums", NUMBERS },
	{ "items", ".items", RECORDS }, { "u", ".u", RECORD },
	{ "u.geo", "p(.u.geo)", RECORD },
};

static const char prelude[] =
	"def p(f): [f?] | .[0];\n"
	"def c(a; b; op): a as $a | b as $b |\n"
	"  if $a == null or $b == null then null\n"
	"  else [$a, $b] | op end;\n"
	"def a3(f; g): f as $x | g as $y |\n"
	"  if $x == false or $y == false then false\n"
	"  elif $x == null or $y == null then null else true end;\n"
	"def o3(f; g): f as $x | g as $y |\n"
	"  if $x == true or $y == true then true\n"
	"  elif $x == null or $y == null then null else false end;\n"
	"def n3(f): f as $x | if $x == null then null else $x | not end;\n"
	"def nn(f; g): f as $x | if $x == null then null else $x | g end;\n"
	"def els(f; g): f as $x | if $x == null then g else $x end;\n"
	"def down(f): reverse | sort_by(f) | reverse;\n"
	"def groups(f): [to_entries[] | .value as $v | {k: ($v | f), i: .key,\n"
	"  v: $v}] | group_by(.k) | sort_by(.[0].i) | map({k: .[0].k,\n"
	"  v: map(.v)});\n"
	"def sum: if length == 0 then null else add end;\n"
	"def avg: if length == 0 then null else add / length end;\n"
	"def each(f): f as $x | if ($x | type) == \"array\" then $x | to_entries[]\n"
	"  elif $x == null then empty else {key: 0, value: $x} end;\n";

static const char *const texts[] = {
	"a", "b", "ab", "a-b", "a-b-c", "", "grüße", "日本", "😀", "\"q\"",
	"back\\slash", "line\nend", "tab\t", "x y", "-", "true", "null", "z",
	"a text longer than any view of sixteen bytes", "é", "/", NULL,
};

static const char *const cities[] = {
	"Ulm", "Köln", "Rome", "Oslo", "", "東京", NULL,
};

/* --- documents --- */

static void
write_text(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c == '/' && draw_chance(50))
			fputs("\\/", file);
		else if (c == '\n')
			fputs("\\n", file);
		else if (c < 0x20 || (c < 0x80 && draw_chance(2)))
			fprintf(file, "\\u%04x", c);
		else
			fputc(c, file);
	}
	fputc('"', file);
}

static void
write_number(FILE *file)
{
	static const char *const odd[] = {
		"1.0", "1e2", "-0", "0.0", "2.50", "1E1", "70368744177664",
		"-0.125", NULL,
	};

	if (draw_chance(15))
		fputs(draw_word(odd), file);
	else if (draw_chance(60))
		fprintf(file, "%d", (int)draw_between(-9, 30));
	else
		fprintf(file, "%d.%d", (int)draw_between(-99, 999),
		    (int)draw_below(2) * 5);
}

static void
write_geo(FILE *file)
{
	fputs("{\"lat\":", file);
	write_number(file);
	if (draw_chance(30))
		fputs(",\"deep\":{\"er\":[[],{},[{\"x\":null}]]}", file);
	fputc('}', file);
}

static void
write_record(FILE *file)
{
	const char *comma = "";

	fputc('{', file);
	if (draw_chance(85)) {
		fputs("\"city\":", file);
		if (draw_chance(10))
			fputs("null", file);
		else
			write_text(file, draw_word(cities));
		comma = ",";
	}
	if (draw_chance(70)) {
		fprintf(file, "%s\"zip\":", comma);
		write_number(file);
		comma = ",";
	}
	if (draw_chance(60)) {
		fprintf(file, "%s\"geo\":", comma);
		write_geo(file);
	}
	fputc('}', file);
}

static void
write_item(FILE *file)
{
	fputs("{\"sku\":", file);
	write_text(file, draw_word(texts));
	if (draw_chance(80)) {
		fputs(",\"qty\":", file);
		write_number(file);
	}
	fputc('}', file);
}

static void
write_list(FILE *file, enum shape shape)
{
	unsigned count = draw_chance(20) ? 0 : draw_below(5);

	fputc('[', file);
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			fputs(draw_chance(10) ? " , " : ",", file);
		if (shape == TEXTS)
			write_text(file, draw_word(texts));
		else if (shape == NUMBERS)
			write_number(file);
		else
			write_item(file);
	}
	fputc(']', file);
}

static void
write_value(FILE *file, enum shape shape)
{
	switch (shape) {
	case NUMBER:
		write_number(file);
		break;
	case TEXT:
		write_text(file, draw_word(texts));
		break;
	case BOOL:
		fputs(draw_chance(50) ? "true" : "false", file);
		break;
	case MIXED:
		write_value(file, (enum shape)draw_below(3));
		break;
	case RECORD:
		write_record(file);
		break;
	default:
		write_list(file, shape);
	}
}

/* A document; some members are null or absent, some in another order. */
static void
write_document(FILE *file, unsigned id)
{
	static const struct {
		const char *name;
		enum shape shape;
	} members[] = {
		{ "n", NUMBER }, { "s", TEXT }, { "u", RECORD },
		{ "tags", TEXTS }, { "nums", NUMBERS }, { "items", RECORDS },
		{ "flag", BOOL }, { "m", MIXED },
	};
	const unsigned count = sizeof(members) / sizeof(*members);
	const char *blank = draw_chance(20) ? " " : "";
	unsigned first = draw_chance(20) ? draw_below(count) : 0;

	fprintf(file, "{\"id\":%s%u", blank, id);
	for (unsigned k = 0; k < count; k++) {
		unsigned j = (first + k) % count;
		if (draw_chance(12))
			continue;
		fprintf(file, "%s,\"%s\":%s", blank, members[j].name, blank);
		if (draw_chance(8))
			fputs("null", file);
		else
			write_value(file, members[j].shape);
	}
	fputc('}', file);
}

static void
write_documents(void)
{
	FILE *file = file_open("t.jsonl");
	unsigned count = draw_chance(5) ? 0 : draw_chance(10) ?
	    800 + draw_below(500) : 1 + draw_below(60);
	int last_end = draw_chance(90);

	for (unsigned i = 1; i <= count; i++) {
		write_document(file, i);
		if (i < count || last_end)
			fputc('\n', file);
	}
	fclose(file);
}

/* --- expressions --- */

static const struct path *
draw_path(const struct work *work, unsigned shapes)
{
	unsigned found[PATH_COUNT_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < work->count; i++) {
		if ((shapes >> work->path[i].shape & 1) != 0)
			found[count++] = i;
	}
	return &work->path[found[draw_below(count)]];
}

static struct both
draw_literal(enum shape shape)
{
	if (shape == TEXT) {
		const char *text = draw_word(draw_chance(50) ? texts : cities);
		return (struct both){ say_quoted(text), say_quoted(text) };
	}
	char *number = say("%d%s", (int)draw_between(0, 30), draw_chance(30) ?
	    ".5" : "");
	return (struct both){ number, number };
}

static struct both
compare(const char *flow_a, const char *jq_a, const char *flow_b,
	const char *jq_b)
{
	static const char *const ops[] = {
		"==", "!=", "<", "<=", ">", ">=", NULL,
	};
	const char *op = draw_word(ops);

	return (struct both){ say("%s %s %s", flow_a, op, flow_b),
	    say("c(%s; %s; .[0] %s .[1])", jq_a, jq_b, op) };
}

static struct both
list_question(const struct work *work)
{
	const struct path *list = draw_path(work, 1u << TEXTS | 1u << NUMBERS |
	    1u << RECORDS);

	if (list->shape == TEXTS && draw_chance(50)) {
		struct both text = draw_literal(TEXT);
		return (struct both){ say("contains(%s, %s)", list->flow,
		    text.flow), say("nn(%s; any(.[]; . == %s))", list->jq,
		    text.jq) };
	}
	int count = (int)draw_below(4);
	return (struct both){ say("len(%s) > %d", list->flow, count),
	    say("nn(%s; length > %d)", list->jq, count) };
}

static struct both
draw_leaf(const struct work *work)
{
	enum shape shape = draw_chance(50) ? NUMBER : TEXT;
	const struct path *a = draw_path(work, 1u << shape);
	const struct path *b = draw_path(work, 1u << shape);
	const struct path *any = &work->path[draw_below(work->count)];
	const struct path *mixed = draw_path(work, 1u << MIXED);
	struct both literal = draw_literal(shape);
	const char *not = draw_chance(50) ? "not " : "";

	switch (draw_below(8)) {
	case 0:
		return compare(a->flow, a->jq, b->flow, b->jq);
	case 1:
		return (struct both){ say("%s is %snull", any->flow, not),
		    say("(%s | . %s null)", any->jq, *not ? "!=" : "==") };
	case 2:
		return list_question(work);
	case 3:
		/* Numbers are before texts here and there. */
		return compare(mixed->flow, mixed->jq, literal.flow,
		    literal.jq);
	case 4: {
		const struct path *text = draw_path(work, 1u << TEXT);
		struct both part = draw_literal(TEXT);
		const char *word = draw_chance(50) ? "starts" : "ends";
		return (struct both){ say("%s_with(%s, %s)", word, text->flow,
		    part.flow), say("nn(%s; %swith(%s))", text->jq, word,
		    part.jq) };
	}
	default:
		return compare(a->flow, a->jq, literal.flow, literal.jq);
	}
}

static struct both
draw_condition(const struct work *work, unsigned depth)
{
	if (depth == 0 || draw_chance(40))
		return draw_leaf(work);
	struct both a = draw_condition(work, depth - 1);
	if (draw_chance(25))
		return (struct both){ say("not (%s)", a.flow), say("n3(%s)",
		    a.jq) };
	struct both b = draw_condition(work, depth - 1);
	int is_and = draw_chance(50);
	return (struct both){ say("(%s) %s (%s)", a.flow, is_and ? "and" :
	    "or", b.flow), say("%s(%s; %s)", is_and ? "a3" : "o3", a.jq,
	    b.jq) };
}

/* A call that makes something of a list or a text. */
static struct both
draw_call(const struct work *work, enum shape *shape)
{
	const struct path *list = draw_path(work, 1u << TEXTS);
	const struct path *numbers = draw_path(work, 1u << NUMBERS);
	const struct path *text = draw_path(work, 1u << TEXT);
	unsigned from = draw_below(3);
	unsigned to = from + draw_below(3);

	*shape = TEXTS;
	switch (draw_below(9)) {
	case 0:
		return (struct both){ say("reverse(%s)", list->flow),
		    say("nn(%s; reverse)", list->jq) };
	case 1:
		return (struct both){ say("slice(%s, %u, %u)", list->flow,
		    from, to), say("nn(%s; .[%u:%u])", list->jq, from, to) };
	case 2:
		return (struct both){ say("list_sort(%s)", list->flow),
		    say("nn(%s; sort)", list->jq) };
	case 3:
		return (struct both){ say("split(%s, \"-\")", text->flow),
		    say("nn(%s; if . == \"\" then [\"\"] else split(\"-\") "
		    "end)", text->jq) };
	case 4:
		return (struct both){ say("append(%s, %s)", list->flow,
		    text->flow), say("els(%s; []) + [%s]", list->jq,
		    text->jq) };
	case 5:
		*shape = TEXT;
		return (struct both){ say("join_text(%s, \"+\")", list->flow),
		    say("nn(%s; join(\"+\"))", list->jq) };
	case 6:
		*shape = NUMBER;
		return (struct both){ say("len(%s)", text->flow),
		    say("nn(%s; length)", text->jq) };
	case 7:
		*shape = NUMBER;
		return (struct both){ say("list_sum(%s)", numbers->flow),
		    say("nn(%s; sum)", numbers->jq) };
	default:
		*shape = NUMBER;
		return (struct both){ say("list_max(%s)", numbers->flow),
		    say("nn(%s; max)", numbers->jq) };
	}
}

/* The value of a new field. */
static struct both
draw_value(const struct work *work, enum shape *shape)
{
	const struct path *any = &work->path[draw_below(work->count)];
	const struct path *other = draw_path(work, 1u << any->shape);
	const struct path *text = draw_path(work, 1u << TEXT);
	const struct path *number = draw_path(work, 1u << NUMBER);
	struct both on;

	*shape = any->shape;
	switch (draw_below(7)) {
	case 0:
		on = draw_condition(work, 1);
		return (struct both){ say("if(%s, %s, %s)", on.flow, any->flow,
		    other->flow), say("(if %s then %s else %s end)", on.jq,
		    any->jq, other->jq) };
	case 1:
		return (struct both){ say("%s ?? %s", any->flow, other->flow),
		    say("els(%s; %s)", any->jq, other->jq) };
	case 2:
		*shape = RECORD;
		return (struct both){ say("{a = %s, b = [%s, %s]}", any->flow,
		    text->flow, number->flow), say("{a: %s, b: [%s, %s]}",
		    any->jq, text->jq, number->jq) };
	case 3:
		*shape = NUMBER;
		return (struct both){ say("%s * 2 + 1", number->flow),
		    say("nn(%s; . * 2 + 1)", number->jq) };
	case 4:
	case 5: {
		struct both call = draw_call(work, shape);
		call.jq = say("(%s)", call.jq);
		return call;
	}
	default:
		return (struct both){ say("%s", any->flow), say("%s",
		    any->jq) };
	}
}

/* --- stages --- */

static void
add_stage(struct work *work, char *flow, char *jq)
{
	work->flow = say("%s | %s", work->flow, flow);
	work->jq = say("%s\n| %s", work->jq, jq);
}

static void
add_path(struct work *work, const char *name, enum shape shape)
{
	if (work->count < PATH_COUNT_MAX)
		work->path[work->count++] = (struct path){ name, say(".%s",
		    name), shape };
}

static char *
new_name(struct work *work)
{
	return say("a%u", ++work->name_count);
}

static void
stage_where(struct work *work)
{
	struct both condition = draw_condition(work, 3);

	add_stage(work, say("where %s", condition.flow), say("map(select(%s))",
	    condition.jq));
}

static void
stage_sort(struct work *work)
{
	const struct path *key = draw_path(work, 1u << NUMBER | 1u << TEXT |
	    1u << BOOL | 1u << MIXED);
	int is_down = draw_chance(50);

	add_stage(work, say("sort %s%s", key->flow, is_down ? " desc" : ""),
	    say("%s(%s)", is_down ? "down" : "sort_by", key->jq));
}

static void
stage_part(struct work *work)
{
	unsigned count = 1 + draw_below(draw_chance(70) ? 8 : 100);
	const struct path *key = draw_path(work, 1u << TEXT | 1u << BOOL);

	switch (draw_below(3)) {
	case 0:
		add_stage(work, say("head %u", count), say(".[:%u]", count));
		break;
	case 1:
		add_stage(work, say("tail %u", count), say(".[-%u:]", count));
		break;
	default:
		add_stage(work, say("dedup by %s", key->flow),
		    say("groups(%s) | map(.v[0])", key->jq));
	}
}

static void
stage_extend(struct work *work)
{
	enum shape shape;
	struct both value = draw_value(work, &shape);
	char *name = new_name(work);

	work->is_changed = 1;
	add_stage(work, say("extend %s = %s", name, value.flow),
	    say("map(. + {%s: %s})", name, value.jq));
	if (shape != RECORD)
		add_path(work, name, shape);
}

static void
stage_unnest(struct work *work)
{
	const struct path *list = draw_path(work, 1u << TEXTS | 1u << NUMBERS |
	    1u << RECORDS | 1u << TEXT);
	char *name = new_name(work);
	char *at = draw_chance(40) ? new_name(work) : NULL;

	work->is_changed = 1;
	add_stage(work, say("unnest %s as %s%s%s", list->flow, name,
	    at != NULL ? ", " : "", at != NULL ? at : ""),
	    say("map(. as $r | each(%s) | . as $e | $r + {%s: $e.value%s})",
	    list->jq, name, at != NULL ? say(", %s: ($e.key + 1)", at) : ""));
	add_path(work, name, list->shape == NUMBERS ? NUMBER :
	    list->shape == RECORDS ? RECORD : TEXT);
	if (list->shape == RECORDS)
		work->path[work->count++] = (struct path){ say("%s.qty", name),
		    say("p(.%s.qty)", name), NUMBER };
}

static void
stage_select(struct work *work)
{
	unsigned count = 1 + draw_below(5);
	char *items = NULL;
	char *members = NULL;

	for (unsigned i = 0; i < count; i++) {
		enum shape shape;
		struct both value = draw_value(work, &shape);
		char *name = new_name(work);
		items = say_list(items, ", ", say("%s = %s", name,
		    value.flow));
		members = say_list(members, ", ", say("%s: %s", name,
		    value.jq));
	}
	work->is_changed = 1;
	add_stage(work, say("select %s", items), say("map({%s})", members));
}

static struct both
draw_aggregate(const struct work *work)
{
	const struct path *number = draw_path(work, 1u << NUMBER);
	const struct path *scalar = draw_path(work, 1u << NUMBER | 1u << TEXT |
	    1u << MIXED | 1u << BOOL);
	static const char *const totals[] = { "sum", "avg", NULL };
	static const char *const picks[] = { "min", "max", "list", NULL };
	const char *word;

	switch (draw_below(4)) {
	case 0:
		return (struct both){ say("count()"), say("length") };
	case 1:
		word = draw_word(totals);
		return (struct both){ say("%s(%s)", word, number->flow),
		    say("([.[] | %s | select(. != null)] | %s)", number->jq,
		    word) };
	case 2:
		word = draw_word(picks);
		return (struct both){ say("%s(%s)", word, scalar->flow),
		    say("([.[] | %s | select(. != null)] | %s)", scalar->jq,
		    *word == 'l' ? "." : word) };
	default:
		return (struct both){ say("count(%s)", scalar->flow),
		    say("([.[] | %s | select(. != null)] | length)",
		    scalar->jq) };
	}
}

static void
stage_aggregate(struct work *work)
{
	const struct path *key = draw_path(work, 1u << TEXT | 1u << BOOL);
	unsigned count = 1 + draw_below(3);
	char *items = NULL;
	char *members = say("k: .k");

	for (unsigned i = 0; i < count; i++) {
		struct both value = draw_aggregate(work);
		char *name = new_name(work);
		items = say_list(items, ", ", say("%s = %s", name,
		    value.flow));
		members = say("%s, %s: (.v | %s)", members, name, value.jq);
	}
	work->is_changed = 1;
	add_stage(work, say("aggregate %s by k = %s", items, key->flow),
	    say("groups(%s) | map({%s})", key->jq, members));
}

static void
draw_program(struct work *work)
{
	static void (*const stages[])(struct work *) = {
		stage_where, stage_where, stage_sort, stage_part,
		stage_extend, stage_unnest,
	};
	static void (*const last[])(struct work *) = {
		stage_where, stage_select, stage_aggregate,
	};
	/* Without the last two kinds the documents stay what they are. */
	unsigned kinds = draw_chance(50) ? 4 : 6;
	unsigned count = 1 + draw_below(4);

	for (unsigned i = 0; i < count; i++)
		stages[draw_below(kinds)](work);
	if (kinds == 6)
		last[draw_below(3)](work);
}

void
case_document(void)
{
	struct work work = { .flow = say("%s", ""), .jq = say("%s", "") };

	for (unsigned i = 0; i < sizeof(base_paths) / sizeof(*base_paths); i++)
		work.path[work.count++] = base_paths[i];
	write_documents();
	draw_program(&work);
	file_write("query.jq", say("%s[inputs]%s\n| .[]%s\n", prelude, work.jq,
	    work.is_changed ? "" : " | .id"));
	if (work.is_changed) {
		file_write("peer", "jq -c -n -f query.jq t.jsonl\n");
		file_write("compare", "json");
	} else {
		file_write("peer", "jq -n -f query.jq t.jsonl > ids\n"
		    "awk 'NR == FNR { line[FNR] = $0; next } "
		    "{ print line[$1] }' t.jsonl ids\n"
		    "[ -s t.jsonl ] || exit 0\n");
		file_write("compare", "bytes");
	}
	case_commands("", "\"t.jsonl\"", "jsonl(\"/dev/stdin\")", "t.jsonl",
	    work.flow);
}
