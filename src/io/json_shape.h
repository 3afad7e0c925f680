#ifndef SFLOW_IO_JSON_SHAPE_H
#define SFLOW_IO_JSON_SHAPE_H

#include <stdint.h>

struct json_index;
struct json_record;
struct json_rows;

/*
 * Learned shapes of records.  A record with the marks, keys and blanks of one
 * that was read before needs no walk: its scalars are checked where they must
 * stand, and the wanted ones are known by number.
 */
struct json_shapes;

/* A record of more bytes than `record_max` is of no shape. */
struct json_shapes *json_shapes_new(uint32_t record_max);
void json_shapes_free(struct json_shapes **);
/* Columns have other numbers now. */
void json_shapes_forget(struct json_shapes *);

/* Records that are read without an index. */
struct json_follow {
	const char *base;
	uint32_t at;	/* where to begin; where it stopped, blanks skipped */
	uint32_t end;	/* bytes from here on are 0, 64 of them */
	uint32_t line_count;	/* line ends that were passed are added */
	uint32_t checked_bytes;	/* so were bytes looked at one by one */
};

enum json_followed {
	JSON_FOLLOWED,		/* the batch is full */
	JSON_CUT,		/* what is there is right, but not whole */
	JSON_OTHER,		/* something else stands there */
};

/*
 * Read records, and the blanks between them, while they are of the shapes that
 * are expected: every byte of them is checked.
 */
enum json_followed json_shapes_follow(struct json_shapes *,
	struct json_follow *, struct json_rows *);

/* Where a record's marks end, and what it has in common with its like. */
struct json_outline {
	uint32_t mark;		/* relative to the first; where to go on */
	uint32_t depth;
	uint64_t hash;
};

/*
 * Go on to the record's last mark, from a zeroed outline or where the last call
 * stopped.  1: done, `mark` is behind the last mark; 0: more marks are needed.
 */
int json_outline_record(struct json_outline *, const struct json_index *,
	uint32_t first);

/*
 * Read the record at mark `first` into the current row, if it is of the shape
 * that is expected next.  Returns how many marks it has; 0: it is not.
 */
uint32_t json_shapes_expect(struct json_shapes *, const struct json_index *,
	uint32_t first, struct json_rows *);
/* The same with any shape of this outline. */
uint32_t json_shapes_find(struct json_shapes *, const struct json_index *,
	uint32_t first, uint64_t hash, struct json_rows *);
/*
 * Learn from a record that was read the long way.  `columns` are those of its
 * fields, below 0: not wanted.  A shape must be seen twice to be learned.
 */
void json_shapes_learn(struct json_shapes *, const struct json_index *,
	uint32_t first, uint64_t hash, const struct json_record *,
	const int *columns);

#endif
