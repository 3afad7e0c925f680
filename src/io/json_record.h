#ifndef SFLOW_IO_JSON_RECORD_H
#define SFLOW_IO_JSON_RECORD_H

#include <stdint.h>

struct json_index;

/*
 * One record, an object or an array, read by its marks and checked in full:
 * what the index has not seen to (keys, colons, scalars, nesting) is seen to
 * here.
 */

/* What stands behind a mark, up to the next. */
enum json_part {
	JSON_SCALAR,		/* prefix, scalar, blanks */
	JSON_NOTHING,		/* prefix, blanks */
};

struct json_segment {
	uint32_t prefix_size;	/* blanks, key, colon, blanks */
	uint32_t part;		/* enum json_part */
};

/* A member of the record itself, not of what is nested in it. */
struct json_field {
	uint32_t key;		/* inside of the quotes */
	uint32_t key_size;
	uint32_t from;		/* the value */
	uint32_t to;
	/* The marks it lies between: behind from_mark (a scalar) or from that
	 * on; before to_mark or with it. */
	uint32_t from_mark;
	uint32_t to_mark;
	int nested;
};

struct json_record {
	uint32_t mark_count;
	uint32_t end;		/* behind its last byte */
	uint32_t key_count;	/* at all depths */
	struct json_segment *segment;	/* one behind each mark but the last */
	struct json_field *field;
	uint32_t field_count;
	uint32_t segment_capacity;
	uint32_t field_capacity;
};

/* Zero-initialise. */
void json_record_fini(struct json_record *);
/* Read the record whose first mark is `first`.  -1 if it is not valid to the
 * byte, or has not ended before the marks do. */
int json_record_read(struct json_record *, const struct json_index *,
	uint32_t first);

/*
 * A number, true, false or null from `at` on and then only blanks up to `end`,
 * which is a mark's place: where the scalar ends, or NULL if it is none.
 */
const char *json_primitive(const char *at, const char *end);
#endif
