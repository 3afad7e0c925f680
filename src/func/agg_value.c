/*
 * A value that a state keeps.  Text of up to 12 bytes lies in the view itself;
 * longer text has a block, which is used again for the next value if it is
 * large enough, so that a running maximum does not allocate.
 */
#include "func/agg_priv.h"

#include <string.h>

#include "util/buf.h"
#include "util/mem.h"

static char *
value_block(const struct agg_value *kept)
{
	if (!type_is_textual((enum type)kept->type) ||
	    kept->cell.text.size <= TEXT_INLINE_MAX)
		return NULL;
	return (char *)(uintptr_t)kept->cell.text.bytes;
}

static int
value_set(struct agg_call *call, struct agg_value *kept,
	const struct value *value, int always)
{
	char *block = value_block(kept);
	const struct text *text = &value->cell.text;

	if (!type_is_textual(value->type) || text->size <= TEXT_INLINE_MAX) {
		agg_release(call, block);
		kept->type = value->type;
		kept->cell = value->cell;
		return 0;
	}
	block = always ? agg_grow_always(call, block, text->size) :
	    agg_grow(call, block, text->size);
	if (block == NULL)
		return -1;
	memmove(block, text->bytes, text->size);
	kept->type = value->type;
	kept->cell.text = text_make(block, text->size);
	return 0;
}

int
agg_value_set(struct agg_call *call, struct agg_value *kept,
	const struct value *value)
{
	return value_set(call, kept, value, 0);
}

void
agg_value_set_always(struct agg_call *call, struct agg_value *kept,
	const struct value *value)
{
	value_set(call, kept, value, 1);
}

void
agg_value_free(struct agg_call *call, struct agg_value *kept)
{
	agg_release(call, value_block(kept));
	memset(kept, 0, sizeof(*kept));
}

void
agg_value_add(const struct agg_value *kept, struct builder *out)
{
	struct value value = agg_value_get(kept);

	builder_add(out, &value);
}

void
agg_value_save(const struct agg_value *kept, struct buf *buf)
{
	enum type type = (enum type)kept->type;

	buf_add_char(buf, (char)type);
	if (type_is_textual(type)) {
		agg_save_bytes(buf, text_bytes(&kept->cell.text),
		    kept->cell.text.size);
	} else if (type == TYPE_DECIMAL) {
		agg_save_word(buf, (uint64_t)kept->cell.decimal.units);
		agg_save_word(buf, (uint64_t)kept->cell.decimal.scale);
	} else if (type == TYPE_FLOAT) {
		agg_save_float(buf, kept->cell.number);
	} else if (type == TYPE_BOOL) {
		buf_add_char(buf, (char)kept->cell.boolean);
	} else if (type_is_word(type)) {
		agg_save_word(buf, (uint64_t)kept->cell.integer);
	}
}

static int
decimal_load(const char **at, const char *end, struct decimal *out)
{
	uint64_t units, scale;

	if (agg_load_word(at, end, &units) != 0 ||
	    agg_load_word(at, end, &scale) != 0 || scale > 18)
		return -1;
	*out = (struct decimal){ .units = (int64_t)units,
	    .scale = (int32_t)scale };
	return 0;
}

static int
text_load(const char **at, const char *end, struct text *out)
{
	size_t size;
	const char *bytes = agg_load_bytes(at, end, &size);

	if (bytes == NULL || size > UINT32_MAX)
		return -1;
	*out = text_make(bytes, size);
	return 0;
}

/* The cell of a type known to be one that values have. */
static int
cell_load(const char **at, const char *end, enum type type, union cell *out)
{
	uint64_t word;

	if (type_is_textual(type))
		return text_load(at, end, &out->text);
	if (type == TYPE_DECIMAL)
		return decimal_load(at, end, &out->decimal);
	if (type == TYPE_FLOAT)
		return agg_load_float(at, end, &out->number);
	if (type == TYPE_BOOL) {
		if (*at == end || (unsigned char)**at > 1)
			return -1;
		out->boolean = (uint8_t)*(*at)++;
		return 0;
	}
	if (!type_is_word(type))
		return type == TYPE_NULL ? 0 : -1;
	if (agg_load_word(at, end, &word) != 0)
		return -1;
	out->integer = (int64_t)word;
	return 0;
}

int
agg_value_load(struct agg_call *call, struct agg_value *kept, const char **at,
	const char *end)
{
	struct value value = { .type = TYPE_NULL };

	if (*at == end || (unsigned char)**at >= TYPE_MIXED)
		return -1;
	value.type = (enum type)(unsigned char)*(*at)++;
	if (cell_load(at, end, value.type, &value.cell) != 0)
		return -1;
	agg_value_set_always(call, kept, &value);
	return 0;
}
