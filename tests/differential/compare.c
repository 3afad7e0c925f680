/*
 * Two tables, read into rows of texts and compared.
 *
 * The readers are plain: they trust the shape of what they read so far that a
 * wrong shape shows up as a difference.
 */
#include "compare.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

#define WIDTH_MAX 128

struct row {
	unsigned count;
	char *field[WIDTH_MAX];	/* NULL is null */
	char *name[WIDTH_MAX];	/* of JSON: which member it is */
};

struct rows {
	struct row *row;
	size_t count, capacity;
};

static char *
read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	fseek(file, 0, SEEK_END);
	*size = (size_t)ftell(file);
	rewind(file);
	text = calloc(*size + 1, 1);
	*size = fread(text, 1, *size, file);
	fclose(file);
	return text;
}

static struct row *
rows_add(struct rows *rows)
{
	if (rows->count == rows->capacity) {
		rows->capacity = rows->capacity * 2 + 64;
		rows->row = realloc(rows->row, rows->capacity *
		    sizeof(*rows->row));
	}
	memset(&rows->row[rows->count], 0, sizeof(*rows->row));
	return &rows->row[rows->count++];
}

static void
row_add(struct row *row, char *name, char *field)
{
	if (row->count < WIDTH_MAX) {
		row->name[row->count] = name;
		row->field[row->count++] = field;
	}
}

static char *
copy(const char *from, const char *to)
{
	return say("%.*s", (int)(to - from), from);
}

/* --- readers --- */

/* Fields end with 1F, rows with 1E; a field's end is missing before a row's. */
static void
read_ascii(struct rows *rows, char *at, char *end)
{
	struct row *row = NULL;

	while (at < end) {
		char *stop = at + strcspn(at, "\x1e\x1f");
		if (row == NULL)
			row = rows_add(rows);
		row_add(row, NULL, stop - at == 2 && memcmp(at, "\\N", 2) == 0 ?
		    NULL : copy(at, stop));
		if (*stop == '\x1e')
			row = NULL;
		at = stop + 1;
	}
}

/* A field between quotes; returns its end. */
static char *
read_quoted(char *at, char **field)
{
	char *out = *field = at + 1;

	for (at++; *at != '\0'; at++) {
		if (*at == '"' && *++at != '"')
			break;
		*out++ = *at;
	}
	/* What ends the field has been read, *out may be overwritten. */
	*field = copy(*field, out);
	return at;
}

static void
read_csv(struct rows *rows, char *at, char *end, char delimiter)
{
	const char stops[] = { delimiter, '\n', '\0' };
	struct row *row = NULL;

	while (at < end) {
		char *field = NULL;
		if (row == NULL)
			row = rows_add(rows);
		if (*at == '"') {
			at = read_quoted(at, &field);
		} else {
			char *stop = at + strcspn(at, stops);
			field = stop == at ? NULL : copy(at, stop);
			at = stop;
		}
		row_add(row, NULL, field);
		if (*at == '\n')
			row = NULL;
		else if (at[1] == '\n')
			row_add(row, NULL, NULL);
		at += *at == delimiter && at[1] == '\n' ? 2 : 1;
		if (at[-1] == '\n')
			row = NULL;
	}
}

static char *
unescape(char *text)
{
	char *out = text;

	for (char *at = text; *at != '\0'; at++) {
		if (*at != '\\') {
			*out++ = *at;
			continue;
		}
		at++;
		*out++ = *at == 't' ? '\t' : *at == 'n' ? '\n' :
		    *at == 'r' ? '\r' : *at;
	}
	*out = '\0';
	return text;
}

static void
read_tsv(struct rows *rows, char *at, char *end)
{
	while (at < end) {
		struct row *row = rows_add(rows);
		for (;;) {
			char *stop = at + strcspn(at, "\t\n");
			row_add(row, NULL, stop == at ? NULL :
			    unescape(copy(at, stop)));
			at = stop + 1;
			if (*stop != '\t')
				break;
		}
	}
}

static char *
put_utf8(char *out, unsigned code)
{
	if (code < 0x80) {
		*out++ = (char)code;
		return out;
	}
	if (code < 0x800) {
		*out++ = (char)(0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*out++ = (char)(0xe0 | code >> 12);
		} else {
			*out++ = (char)(0xf0 | code >> 18);
			*out++ = (char)(0x80 | (code >> 12 & 63));
		}
		*out++ = (char)(0x80 | (code >> 6 & 63));
	}
	*out++ = (char)(0x80 | (code & 63));
	return out;
}

static unsigned
read_hex(const char *at)
{
	unsigned code = 0;

	sscanf(at, "%4x", &code);
	return code;
}

/* A JSON string from its quote on; the text decoded. */
static char *
read_json_text(char *at, char **text)
{
	static const char escapes[] = "n\nt\tr\rb\bf\f";
	char *out = *text = calloc(strlen(at) + 1, 1);

	for (at++; *at != '"' && *at != '\0'; at++) {
		if (*at != '\\') {
			*out++ = *at;
			continue;
		}
		at++;
		const char *escape = strchr(escapes, *at);
		if (*at == 'u') {
			unsigned code = read_hex(at + 1);
			at += 4;
			if (code >= 0xd800 && code < 0xdc00) {
				code = 0x10000 + ((code - 0xd800) << 10) +
				    (read_hex(at + 3) - 0xdc00);
				at += 6;
			}
			out = put_utf8(out, code);
		} else {
			*out++ = escape != NULL ? escape[1] : *at;
		}
	}
	return at + 1;
}

/* One flat object a line. */
static void
read_jsonl(struct rows *rows, char *at, char *end)
{
	while (at < end) {
		struct row *row = rows_add(rows);
		while (*at != '\0' && *at != '\n') {
			char *name, *field;
			at += strspn(at, "{, ");
			if (*at != '"')
				break;
			at = read_json_text(at, &name);
			at += strspn(at, ": ");
			if (*at == '"') {
				at = read_json_text(at, &field);
			} else {
				char *stop = at + strcspn(at, ",} \n");
				field = copy(at, stop);
				at = stop;
				if (strcmp(field, "null") == 0)
					field = NULL;
			}
			row_add(row, name, field);
		}
		at += strcspn(at, "\n");
		at++;
	}
}

/* --- comparison --- */

static int
is_inexact(const char *name)
{
	if (strncmp(name, "u.", 2) == 0)
		name += 2;
	return name[0] == 'x' && isdigit((unsigned char)name[1]);
}

static int
near(const char *a, const char *b)
{
	char *a_end, *b_end;
	double x = strtod(a, &a_end);
	double y = strtod(b, &b_end);

	if (*a == '\0' || *b == '\0' || *a_end != '\0' || *b_end != '\0')
		return 0;
	return fabs(x - y) <= 1e-12 * fmax(1e-300, fmax(fabs(x), fabs(y)));
}

static int
same_field(const char *ours, const char *theirs, const char *name, int is_tsv)
{
	if (is_tsv && theirs != NULL && *theirs == '\0')
		theirs = NULL;
	if (ours == NULL || theirs == NULL)
		return ours == theirs;
	return strcmp(ours, theirs) == 0 || (is_inexact(name) &&
	    near(ours, theirs));
}

static void
tell(size_t row, const char *name, const char *ours, const char *theirs)
{
	printf("row %zu, field %s:\n  ours    %s\n  theirs  %s\n", row, name,
	    ours == NULL ? "(null)" : say_quoted(ours), theirs == NULL ?
	    "(null)" : say_quoted(theirs));
}

static int
compare_row(size_t number, const struct row *ours, const struct row *theirs,
	const struct row *names, int is_tsv)
{
	if (ours->count != theirs->count) {
		printf("row %zu: ours has %u fields, theirs %u\n", number,
		    ours->count, theirs->count);
		return 1;
	}
	for (unsigned i = 0; i < theirs->count; i++) {
		if (same_field(ours->field[i], theirs->field[i],
		    names->field[i], is_tsv))
			continue;
		tell(number, names->field[i], ours->field[i],
		    theirs->field[i]);
		return 1;
	}
	return 0;
}

/* A row of JSON in the order of the names; unknown members are kept last. */
static void
arrange(struct row *row, const struct row *names)
{
	struct row out = { .count = names->count };

	for (unsigned i = 0; i < row->count; i++) {
		unsigned at = 0;
		while (at < names->count && strcmp(names->field[at],
		    row->name[i]) != 0)
			at++;
		if (at == names->count)
			row_add(&out, NULL, row->name[i]);
		else
			out.field[at] = row->field[i];
	}
	*row = out;
}

static int
compare_rows(struct rows *ours, const struct rows *theirs, int is_tsv)
{
	size_t count = ours->count < theirs->count ? ours->count :
	    theirs->count;

	for (size_t i = 0; i < count; i++) {
		if (compare_row(i, &ours->row[i], &theirs->row[i],
		    &theirs->row[0], is_tsv) != 0)
			return 1;
	}
	if (ours->count != theirs->count) {
		printf("ours has %zu rows, theirs %zu\n", ours->count,
		    theirs->count);
		return 1;
	}
	return 0;
}

int
compare_tables(const char *format, const char *ours_path,
	const char *theirs_path)
{
	struct rows ours = { 0 };
	struct rows theirs = { 0 };
	size_t size;

	char *text = read_file(theirs_path, &size);
	read_ascii(&theirs, text, text + size);
	int is_json = strcmp(format, "jsonl") == 0;
	if (is_json && theirs.count > 0)
		*rows_add(&ours) = theirs.row[0];
	text = read_file(ours_path, &size);
	if (is_json)
		read_jsonl(&ours, text, text + size);
	else if (strcmp(format, "tsv") == 0)
		read_tsv(&ours, text, text + size);
	else
		read_csv(&ours, text, text + size, format[3] == '\0' ? ',' :
		    format[3]);
	for (size_t i = 1; is_json && theirs.count > 0 && i < ours.count; i++)
		arrange(&ours.row[i], &theirs.row[0]);
	/* Without a row sqlite3 prints no names either. */
	if (theirs.count == 0 && ours.count == !is_json)
		return 0;
	return compare_rows(&ours, &theirs, strcmp(format, "tsv") == 0);
}
