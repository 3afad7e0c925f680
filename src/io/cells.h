#ifndef SFLOW_IO_CELLS_H
#define SFLOW_IO_CELLS_H

#include <stdint.h>
#include <string.h>

struct column;
struct region;

/*
 * Columns as the texts of their cells, for writers of text: column by column,
 * so that types are asked per column and not per cell.
 */
enum cells_quoting {
	CELLS_QUOTED,		/* CSV; a null has no bytes, an empty text "" */
	CELLS_ESCAPED,		/* TSV; a null has no bytes */
	CELLS_PLAIN,		/* for eyes; a null has no bytes */
};

struct cells_style {
	enum cells_quoting quoting;
	char delimiter;
};

/* If size is at most 12, then 12 bytes may be read. */
struct cell_text {
	const char *bytes;
	uint32_t size;
	uint32_t is_null;
};

/*
 * The texts of rows row[0..count) of a column to out[0], out[stride], ...
 * They lie in the column's memory or in `region`.  Returns the sum of sizes.
 */
uint64_t cells_render(const struct column *, const uint16_t *row,
	uint32_t count, const struct cells_style *, struct region *,
	struct cell_text *out, uint32_t stride);
/* One text by the same rules. */
struct cell_text cells_text(const char *bytes, uint32_t size,
	const struct cells_style *, struct region *);

/* Copy a cell to `target`, which has 12 bytes of room in any case. */
static inline char *
cell_copy(char *target, const struct cell_text *cell)
{
	if (__builtin_expect(cell->size <= 12, 1)) {
		memcpy(target, cell->bytes, 8);
		memcpy(target + 8, cell->bytes + 8, 4);
	} else {
		memcpy(target, cell->bytes, cell->size);
	}
	return target + cell->size;
}

#endif
