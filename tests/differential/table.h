#ifndef SFLOW_TESTS_DIFFERENTIAL_TABLE_H
#define SFLOW_TESTS_DIFFERENTIAL_TABLE_H

#include <stdio.h>

/*
 * A random table: written to a file as sflow reads it, and as SQL that makes
 * the same table with the types that sflow gives the values.
 */

enum kind {
	KIND_INT,	/* small */
	KIND_BIG,	/* up to the ends of 64 bits */
	KIND_FLOAT,	/* exact in binary; some are written as ints */
	KIND_WORD,	/* few different short texts */
	KIND_TEXT,	/* hostile text that never looks like a number */
	KIND_DATE,	/* text of a date */
	KIND_BOOL,
	KIND_MIXED,	/* numbers, text that nearly is one, text */
	KIND_REAL,	/* computed: a float that SQL may know less exactly */
	KIND_COUNT,
};

enum layout { LAYOUT_CSV, LAYOUT_TSV, LAYOUT_JSONL };

#define COLUMN_COUNT_MAX 8

struct table {
	const char *name;
	enum layout layout;
	char delimiter;		/* of CSV */
	unsigned column_count, row_count;
	struct {
		const char *name;
		enum kind kind;
	} column[COLUMN_COUNT_MAX];
	char ***cell;		/* [row][column]; NULL is null */
};

/* A table of random columns; `turn` keeps the names of several apart. */
struct table *table_make(const char *name, enum layout layout,
	unsigned turn);
/* Other rows for the same columns, in another order. */
struct table *table_make_like(const struct table *, const char *name);

/* The file's name, with its extension. */
char *table_file(const struct table *);
/* What stands behind `from` to read `path` as this table is written. */
char *table_source(const struct table *, const char *path);
/* The name of the format, for -i and -o. */
const char *layout_name(enum layout layout);

void table_write(const struct table *);
/*
 * CREATE and INSERT: columns seq, then for column I cI with its type and cIt as
 * the text of the file.
 */
void table_write_sql(const struct table *, FILE *);

/* Whether text without a declared type is a number. */
int text_is_number(const char *text);

#endif
