#ifndef SFLOW_IO_JSON_ROWS_H
#define SFLOW_IO_JSON_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct batch;
struct need;
struct region;
struct schema;

/*
 * Rows in the making: for every column a range of the window per row, which
 * becomes a column's view.  Columns are those that are needed, or all that have
 * turned up so far.
 */
struct json_rows {
	uint32_t count;
	uint32_t limit;
	/* From and to of every row, by column; NULL: no row has it so far. */
	uint32_t **ranges;
	uint32_t *records;	/* of the records themselves */
	/* Private. */
	struct schema *schema;
	int all;
	int shared;		/* batches have the schema */
	uint32_t range_capacity;
	struct region *region;
};

/* Columns of more different names are refused. */
#define JSON_COLUMNS_MAX 16384

/* All columns, until json_rows_need(). */
void json_rows_init(struct json_rows *);
void json_rows_fini(struct json_rows *);
void json_rows_need(struct json_rows *, const struct need *);

/* format_def.met.  Not within a batch. */
struct schema *json_rows_met(struct json_rows *);
/* format_def.meet.  1: columns known before keep their number; 0. */
int json_rows_meet(struct json_rows *, struct schema *);

/* The column of a name, made if all are wanted.  -1: not wanted; -2: there
 * are too many. */
int json_rows_column(struct json_rows *, const char *name, size_t size);
/* Room for the column; its ranges are empty. */
void json_rows_open(struct json_rows *, uint32_t column);

static inline void
json_rows_put(struct json_rows *rows, uint32_t column, uint32_t from,
	uint32_t to)
{
	if (__builtin_expect(rows->ranges[column] == NULL, 0))
		json_rows_open(rows, column);
	rows->ranges[column][2 * rows->count] = from;
	rows->ranges[column][2 * rows->count + 1] = to;
}

/* The values of the current row are all said. */
static inline void
json_rows_end(struct json_rows *rows, uint32_t from, uint32_t to)
{
	rows->records[2 * rows->count] = from;
	rows->records[2 * rows->count + 1] = to;
	rows->count++;
}

/* Before the first row of a batch. */
void json_rows_begin(struct json_rows *);
/* The rows as a batch of views of `base`, which `chunk` keeps (held). */
struct batch *json_rows_batch(struct json_rows *, const char *base,
	struct region *chunk);

#endif
