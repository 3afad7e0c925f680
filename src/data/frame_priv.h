#ifndef SFLOW_DATA_FRAME_PRIV_H
#define SFLOW_DATA_FRAME_PRIV_H

#include <stdint.h>

#include "data/frame.h"

/*
 * The layout of a frame, shared by frame_write.c and frame_read.c.  Numbers
 * are little-endian.  Every piece begins at a multiple of 8 bytes from the
 * start of the body; what fills the gaps is zero.
 *
 *	frame_head
 *	body, maybe packed:
 *	    frame_shape
 *	    names:  frame_field[field_count], all names
 *	    place:  path                                if FRAME_ORIGIN
 *	    lines:  u64[rows]                           if FRAME_LINES
 *	    times:  i64[rows]                           if FRAME_TIME
 *	    marks:  i64[rows]                           if FRAME_MARK
 *	    record: frame_column                        if FRAME_RECORD
 *	    field_count columns:
 *		frame_column
 *		valid: u64[(n + 63) / 64]               if FRAME_VALID
 *		by type:
 *		    null       nothing
 *		    bool       u8[n]
 *		    decimal    {i64 units, i32 scale, i32 0}[n]
 *		    textual    u32 size[n], all the bytes
 *		    mixed      u8 tag[n], cell[n], all the bytes; a cell is
 *			       16 bytes: the value or {u32 size, 0...}
 *		    others     8 bytes[n]
 *	zeros to a multiple of 8
 *
 * n is the number of rows, or 1 if FRAME_CONST.  Types are numbers of enum
 * type, so a change there is a new FRAME_VERSION.
 */
#define FRAME_MAGIC 0x626673d1u		/* d1 's' 'f' 'b' */
#define FRAME_VERSION 1

enum frame_flag {
	FRAME_RECORD = 1,
	FRAME_TIME = 2,
	FRAME_MARK = 4,
	FRAME_ORIGIN = 8,
	FRAME_LINES = 16,
	FRAME_FLAGS = 31
};

struct frame_head {
	uint32_t magic;
	uint8_t version;
	uint8_t packing;	/* enum frame_packing */
	uint16_t flags;		/* enum frame_flag */
	uint32_t row_count;
	uint32_t zero;
	uint64_t stored_bytes;	/* of the body as it follows */
	uint64_t body_bytes;	/* of the body unpacked */
	uint64_t stored_hash;	/* XXH3 of the body as it follows */
	uint64_t head_hash;	/* XXH3 of all the above */
};

struct frame_shape {
	uint64_t split;
	uint64_t first_line;
	uint64_t first_record;
	uint64_t path_bytes;
	uint64_t name_bytes;	/* sum of all names */
	uint32_t field_count;
	uint32_t open;
};

struct frame_field {
	uint32_t name_size;
	uint32_t qualifier_size;
	uint32_t type;
	uint32_t zero;
};

enum frame_column_flag {
	FRAME_VALID = 1,
	FRAME_CONST = 2,
	FRAME_COLUMN_FLAGS = 3
};

struct frame_column {
	uint8_t type;
	uint8_t flags;		/* enum frame_column_flag */
	uint8_t delimiter;
	uint8_t zero[5];
	uint64_t text_bytes;	/* sum of all texts */
};

_Static_assert(sizeof(struct frame_head) == FRAME_HEAD_BYTES, "no gaps");
_Static_assert(sizeof(struct frame_shape) == 48, "no gaps");
_Static_assert(sizeof(struct frame_field) == 16, "no gaps");
_Static_assert(sizeof(struct frame_column) == 16, "no gaps");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	"frames are little-endian and written as they lie in memory");

#endif
