/*
 * Random tables.
 *
 * Every value is a text; whether it is a number is a question of its kind or
 * looks, answered here anew and not by the engine under test.  Few different
 * values per column, so that keys meet and groups have more than a row; some
 * tables are long enough for several batches, some are empty.
 */
#include "table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

static const char *const plain_names[] = {
	"id", "num", "key", "value", "host", "ms", "day", "count", "time", "user",
	"from", "to", "end", "size", "k1", "k2", "a_b", NULL,
};
static const char *const odd_names[] = {
	"Flight Date", "a-b", "größe", "in", "case", "x.y", "1st", "a,b",
	"Q\"x", "null", "100%", NULL,
};
static const char *const words[] = {
	"a", "b", "ab", "abc", "web1", "web2", "GET", "get", "Zulu", "x y",
	"éa", "a longer word than fits a view", NULL,
};
static const char *const hostile[] = {
	"", "\"", "a\"b", "\"\"", "a,b", ",", ";x", "line\nend", "\n", "cr\r\nlf",
	"tab\there", "back\\slash", "\\n", "grüße", "日本語", "😀 smile",
	"e\xcc\x81", "O'Neil", " blank", "trail ", "null", "{}", "[1]", "#no",
	"100%", "a_b", "true", "x\x7f", "%", "$1",
	"a text that is long enough to be no view of sixteen bytes, \"quoted\"",
	NULL,
};
static const char *const nearly[] = {
	"007", "+5", "1.", ".5", "1e", "0x10", "1_000", "-", "--1", " 1", "1 ",
	"5m", "1e3", "1.0", "1", "-0", "0", "10", "9", "1E2", "2.50", "NaN",
	"inf", "abc", "18446744073709551616", "9223372036854775807",
	"-9223372036854775808", "1.5", "-1.5", "", "true", "2024-01-01", NULL,
};

int
text_is_number(const char *text)
{
	text += *text == '-';
	if (*text == '0')
		text++;
	else if (isdigit((unsigned char)*text))
		text += strspn(text, "0123456789");
	else
		return 0;
	if (*text == '.') {
		size_t digits = strspn(text + 1, "0123456789");
		if (digits == 0)
			return 0;
		text += digits + 1;
	}
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		size_t digits = strspn(text, "0123456789");
		if (digits == 0)
			return 0;
		text += digits;
	}
	return *text == '\0';
}

static char *
make_float(void)
{
	static const char *const fraction[] = {
		".0", ".5", ".25", ".125", ".75", ".875", "", "e1", "e2", NULL,
	};

	if (draw_chance(3))
		return say("-0.0");
	return say("%d%s", (int)draw_between(-40, 40) * (draw_chance(20) ?
	    997 : 1), draw_word(fraction));
}

static char *
make_big(void)
{
	switch (draw_below(4)) {
	case 0:
		return say("%lld", (long long)(INT64_MAX -
		    draw_between(0, 2)));
	case 1:
		return say("%lld", (long long)(INT64_MIN +
		    draw_between(0, 2)));
	case 2:
		return say("%lld", (long long)draw_between(-(1ll << 53) - 3,
		    (1ll << 53) + 3));
	default:
		return say("%lld", (long long)((int64_t)draw() >>
		    draw_below(63)));
	}
}

static char *
make_value(enum kind kind)
{
	switch (kind) {
	case KIND_INT:
		return say("%d", (int)draw_between(-9, 9) *
		    (draw_chance(30) ? 1234567 : 1));
	case KIND_BIG:
		return make_big();
	case KIND_FLOAT:
		return make_float();
	case KIND_WORD:
		return say("%s", draw_word(words));
	case KIND_DATE:
		return say("20%02u-%02u-%02u", 20 + draw_below(3),
		    1 + draw_below(12), 1 + draw_below(28));
	case KIND_BOOL:
		return say("%s", draw_chance(50) ? "true" : "false");
	case KIND_MIXED:
		return say("%s", draw_word(nearly));
	default:
		return say("%s", draw_word(hostile));
	}
}

/* What the format can tell from null. */
static char *
make_cell(const struct table *table, enum kind kind, unsigned null_percent)
{
	if (draw_chance(null_percent))
		return NULL;
	char *text = make_value(kind);
	if (*text == '\0' && table->layout == LAYOUT_TSV)
		return NULL;
	return text;
}

static unsigned
draw_row_count(void)
{
	switch (draw_below(12)) {
	case 0:
		return 0;
	case 1:
		return 1;
	case 2:
		return (unsigned)draw_between(900, 1400);
	case 3:
		return (unsigned)draw_between(60, 300);
	default:
		return (unsigned)draw_between(2, 60);
	}
}

static void
fill(struct table *table)
{
	unsigned null_percent[COLUMN_COUNT_MAX];

	for (unsigned j = 0; j < table->column_count; j++)
		null_percent[j] = draw_chance(40) ? 0 : draw_below(30);
	table->row_count = draw_row_count();
	table->cell = calloc(table->row_count + 1, sizeof(*table->cell));
	for (unsigned i = 0; i < table->row_count; i++) {
		table->cell[i] = calloc(COLUMN_COUNT_MAX, sizeof(char *));
		for (unsigned j = 0; j < table->column_count; j++)
			table->cell[i][j] = make_cell(table,
			    table->column[j].kind, null_percent[j]);
	}
}

static int
has_name(const struct table *table, const char *name)
{
	for (unsigned j = 0; j < table->column_count; j++) {
		if (strcmp(table->column[j].name, name) == 0)
			return 1;
	}
	return 0;
}

struct table *
table_make(const char *name, enum layout layout, unsigned turn)
{
	struct table *table = calloc(1, sizeof(*table));
	unsigned column_count = 2 + draw_below(COLUMN_COUNT_MAX - 1);

	table->name = name;
	table->layout = layout;
	table->delimiter = draw_chance(85) ? ',' : draw_chance(50) ? ';' : '|';
	while (table->column_count < column_count) {
		const char *wanted = draw_word(draw_chance(80) ? plain_names :
		    odd_names);
		if (turn > 0)
			wanted = say("%s%u", wanted, turn);
		if (has_name(table, wanted))
			continue;
		/* The first two are good keys. */
		unsigned j = table->column_count++;
		table->column[j].name = wanted;
		table->column[j].kind = j == 0 ? KIND_WORD : j == 1 ? KIND_INT :
		    (enum kind)draw_below(KIND_REAL);
	}
	fill(table);
	return table;
}

struct table *
table_make_like(const struct table *model, const char *name)
{
	struct table *table = calloc(1, sizeof(*table));

	*table = *model;
	table->name = name;
	for (unsigned j = table->column_count - 1; j > 0; j--) {
		unsigned other = draw_below(j + 1);
		__typeof__(table->column[0]) kept = table->column[j];
		table->column[j] = table->column[other];
		table->column[other] = kept;
	}
	fill(table);
	return table;
}

const char *
layout_name(enum layout layout)
{
	static const char *const names[] = { "csv", "tsv", "jsonl" };

	return names[layout];
}

char *
table_file(const struct table *table)
{
	return say("%s.%s", table->name, layout_name(table->layout));
}

char *
table_source(const struct table *table, const char *path)
{
	if (table->layout == LAYOUT_CSV && table->delimiter != ',')
		return say("csv(%s, delim=\"%c\")", say_quoted(path),
		    table->delimiter);
	if (strcmp(path, "/dev/stdin") == 0 || draw_chance(20))
		return say("%s(%s)", layout_name(table->layout),
		    say_quoted(path));
	return say_quoted(path);
}

/* --- files --- */

static void
write_csv_cell(FILE *file, const char *text, char delimiter,
	unsigned quote_percent)
{
	const char specials[] = { delimiter, '"', '\n', '\r', '\0' };

	if (text == NULL)
		return;
	if (*text != '\0' && strpbrk(text, specials) == NULL &&
	    !draw_chance(quote_percent)) {
		fputs(text, file);
		return;
	}
	fputc('"', file);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			fputc('"', file);
		fputc(*text, file);
	}
	fputc('"', file);
}

static void
write_tsv_cell(FILE *file, const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		switch (*text) {
		case '\t':
			fputs("\\t", file);
			break;
		case '\n':
			fputs("\\n", file);
			break;
		case '\r':
			fputs("\\r", file);
			break;
		case '\\':
			fputs("\\\\", file);
			break;
		default:
			fputc(*text, file);
		}
	}
}

/* Both CSV and TSV. */
static void
write_separated(const struct table *table, FILE *file)
{
	const char *end = draw_chance(20) ? "\r\n" : "\n";
	int last_end = draw_chance(85);
	unsigned quote_percent = draw_chance(50) ? 0 : draw_below(60);
	int is_tsv = table->layout == LAYOUT_TSV;

	if (draw_chance(10))
		fputs("\xef\xbb\xbf", file);
	for (unsigned i = 0; i <= table->row_count; i++) {
		for (unsigned j = 0; j < table->column_count; j++) {
			const char *text = i == 0 ? table->column[j].name :
			    table->cell[i - 1][j];
			if (j > 0)
				fputc(is_tsv ? '\t' : table->delimiter, file);
			if (is_tsv)
				write_tsv_cell(file, text);
			else
				write_csv_cell(file, text, table->delimiter,
				    i == 0 ? 0 : quote_percent);
		}
		if (i < table->row_count || last_end)
			fputs(end, file);
	}
}

/* JSON's escapes where they must be and, now and then, where they may be. */
static void
write_json_text(FILE *file, const char *text, unsigned escape_percent)
{
	fputc('"', file);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c == '\n' && draw_chance(80))
			fputs("\\n", file);
		else if (c < 0x20 || (c < 0x80 && draw_chance(escape_percent)))
			fprintf(file, "\\u%04x", c);
		else
			fputc(c, file);
	}
	fputc('"', file);
}

static int
is_bare(enum kind kind, const char *text)
{
	switch (kind) {
	case KIND_INT:
	case KIND_BIG:
	case KIND_FLOAT:
	case KIND_BOOL:
		return 1;
	case KIND_MIXED:
		return text_is_number(text);
	default:
		return 0;
	}
}

/* One object; the members in the table's order or, at times, another. */
static void
write_json_row(const struct table *table, FILE *file, char **cell,
	const char *blank, unsigned escape_percent)
{
	unsigned count = table->column_count;
	unsigned first = draw_chance(10) ? draw_below(count) : 0;
	int any = 0;

	fputc('{', file);
	for (unsigned k = 0; k < count; k++) {
		unsigned j = (first + k) % count;
		const char *text = cell[j];
		if (text == NULL && draw_chance(50))
			continue;
		fprintf(file, "%s%s", any ? "," : "", any ? blank : "");
		any = 1;
		write_json_text(file, table->column[j].name, 0);
		fprintf(file, ":%s", blank);
		if (text == NULL)
			fputs("null", file);
		else if (is_bare(table->column[j].kind, text))
			fputs(text, file);
		else
			write_json_text(file, text, escape_percent);
	}
	fputc('}', file);
}

static void
write_jsonl(const struct table *table, FILE *file)
{
	const char *blank = draw_chance(50) ? "" : " ";
	unsigned escape_percent = draw_chance(70) ? 0 : draw_below(20);

	for (unsigned i = 0; i < table->row_count; i++) {
		write_json_row(table, file, table->cell[i], blank,
		    escape_percent);
		fputc('\n', file);
	}
}

void
table_write(const struct table *table)
{
	FILE *file = file_open(table_file(table));

	if (table->layout == LAYOUT_JSONL)
		write_jsonl(table, file);
	else
		write_separated(table, file);
	fclose(file);
}

/* --- SQL --- */

static char *
typed_literal(enum kind kind, const char *text)
{
	switch (kind) {
	case KIND_INT:
	case KIND_BIG:
	case KIND_FLOAT:
		return say("%s", text);
	case KIND_BOOL:
		return say("%d", strcmp(text, "true") == 0);
	case KIND_MIXED:
		if (text_is_number(text))
			return say("%s", text);
		return say_sql(text);
	default:
		return say_sql(text);
	}
}

void
table_write_sql(const struct table *table, FILE *file)
{
	fprintf(file, "CREATE TABLE %s(seq", table->name);
	for (unsigned j = 0; j < table->column_count; j++)
		fprintf(file, ", c%u, c%ut", j, j);
	fputs(");\n", file);
	for (unsigned i = 0; i < table->row_count; i++) {
		fprintf(file, "INSERT INTO %s VALUES (%u", table->name, i);
		for (unsigned j = 0; j < table->column_count; j++) {
			const char *text = table->cell[i][j];
			if (text == NULL)
				fputs(", NULL, NULL", file);
			else
				fprintf(file, ", %s, %s", typed_literal(
				    table->column[j].kind, text),
				    say_sql(text));
		}
		fputs(");\n", file);
	}
}
