#ifndef SFLOW_OP_SORT_ROW_PRIV_H
#define SFLOW_OP_SORT_ROW_PRIV_H

#include "op/sort_row.h"
#include "util/thr.h"

struct sort_field {
	uint32_t column;	/* of the layout's schema */
	uint8_t type;
	uint8_t nullable;	/* a byte says whether it is there */
};

/* A column, kept or not. */
struct sort_column {
	uint8_t type;
	uint8_t delimiter;
	uint8_t is_kept;
	uint8_t nullable;
};

struct sort_layout {
	uint32_t id;
	struct schema *schema;		/* held */
	struct sort_column *column;
	struct sort_field *field;	/* that are kept */
	uint32_t field_count;
	int has_record;		/* its batches had one */
	int keeps_record;
	uint8_t record_type, record_delimiter;
	/* Of the first batch that had it. */
	uint64_t turn, sequence;
};

struct sort_layouts {
	struct thr_lock lock;
	const struct op *op;
	struct need_set *keys;		/* what the operator itself looks at */
	/* Found without the lock by who has an id: never moved, as pages. */
	struct sort_layout **page[32];
	uint32_t count;
};

/* Page k has 2^k layouts, from id 2^k - 1 on. */
static inline struct sort_layout *
sort_layout_get(const struct sort_layouts *layouts, uint32_t id)
{
	unsigned page = 31u - (unsigned)__builtin_clz(id + 1);

	return layouts->page[page][id + 1 - (1u << page)];
}

/* What lies behind head and rest. */
static inline const char *
sort_row_payload(const char *row, uint32_t *layout)
{
	uint64_t head, size;

	row = sort_get_size(row, &head);
	*layout = (uint32_t)(head >> 1);
	if (head & 1) {
		row = sort_get_size(row, &size);
		row += size;
	}
	return row;
}

/* Bytes of a value of the type that lies at `at`. */
static inline size_t
sort_value_bytes(enum type type, const char *at)
{
	uint64_t size;

	if (type <= TYPE_MISSING)
		return 0;
	if (!type_is_textual(type))
		return type_width(type);
	const char *bytes = sort_get_size(at, &size);
	return (size_t)(bytes - at) + size;
}

#endif
