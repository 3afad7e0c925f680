/*
 * The registry of aggregates, and what they share.
 *
 * Blocks carry their size and what of it is charged in a head before the bytes
 * that are handed out, so that they can be given back whoever refused in
 * between.
 */
#include "func/agg.h"

#include <string.h>

#include "func/agg_priv.h"
#include "util/buf.h"
#include "util/mem.h"

#define AGG(symbol) extern const struct agg_def agg_##symbol;
#include "func/agg_table.h"
#undef AGG

static const struct agg_def *const all_aggregates[] = {
#define AGG(symbol) &agg_##symbol,
#include "func/agg_table.h"
#undef AGG
};

#define AGGREGATE_COUNT (sizeof(all_aggregates) / sizeof(all_aggregates[0]))

const struct agg_def *
agg_find(const char *name, size_t size)
{
	for (size_t i = 0; i < AGGREGATE_COUNT; i++) {
		const char *candidate = all_aggregates[i]->name;
		if (strlen(candidate) == size &&
		    memcmp(candidate, name, size) == 0)
			return all_aggregates[i];
	}
	return NULL;
}

const struct agg_def *const *
agg_all(size_t *count)
{
	*count = AGGREGATE_COUNT;
	return all_aggregates;
}

void
agg_reject(struct agg_call *call, uint32_t i, const char *reason)
{
	rejects_add(call->rejects, call->row == NULL ? i : call->row[i],
	    reason);
}

struct value
agg_cell(const struct column *column, uint32_t i)
{
	struct value value = { .type = (enum type)column->type };
	uint32_t row = i & column_mask(column);

	switch (column->type) {
	case TYPE_NULL:
	case TYPE_MISSING:
		break;
	case TYPE_BOOL:
		value.cell.boolean = ((const uint8_t *)column->data)[row];
		break;
	case TYPE_INT:
	case TYPE_TIME:
	case TYPE_DATE:
	case TYPE_DURATION:
		value.cell.integer = ((const int64_t *)column->data)[row];
		break;
	case TYPE_FLOAT:
		value.cell.number = ((const double *)column->data)[row];
		break;
	case TYPE_DECIMAL:
		value.cell.decimal =
		    ((const struct decimal *)column->data)[row];
		break;
	default:
		value.cell.text = ((const struct text *)column->data)[row];
	}
	return value;
}

enum type
agg_type_known(enum type type)
{
	if (type_is_raw(type) || type == TYPE_MIXED || type == TYPE_NULL ||
	    type == TYPE_MISSING)
		return TYPE_ANY;
	return type;
}

enum type
agg_type_number(enum type type)
{
	enum type known = agg_type_known(type);

	return known == TYPE_ANY || type_is_number(known) ? known : TYPE_ERROR;
}

struct block {
	uint64_t bytes;		/* handed out */
	uint64_t charged;
};

/* Blocks from this size on are charged twice while they grow. */
#define MOVED_BYTES_MIN ((uint64_t)1 << 20)

static struct block *
block_of(const void *bytes)
{
	return bytes == NULL ? NULL : (struct block *)(uintptr_t)bytes - 1;
}

size_t
agg_block_bytes(const void *block)
{
	return block == NULL ? 0 : block_of(block)->bytes;
}

/*
 * Charges a block that grows to `wanted` bytes; of a large one, which moves,
 * both for the while, *both says how many bytes that is.  -1: refused.
 */
static int
charge_grown(struct agg_call *call, uint64_t charged, uint64_t wanted,
	uint64_t *both)
{
	uint64_t more = wanted - charged;

	*both = charged >= MOVED_BYTES_MIN ? charged : 0;
	if (mem_charge(call->budget, more + *both) == 0)
		return 0;
	*both = 0;
	if (mem_charge(call->budget, more) == 0)
		return 0;
	call->refused = 1;
	call->refused_bytes += more;
	return -1;
}

static void *
block_grow(struct agg_call *call, void *old, size_t bytes, int always)
{
	struct block *block = block_of(old);
	uint64_t charged = block == NULL ? 0 : block->charged;
	uint64_t wanted = sizeof(*block) + bytes, both = 0;

	if (block != NULL && bytes <= block->bytes)
		return old;
	if (wanted > charged) {
		if (charge_grown(call, charged, wanted, &both) == 0)
			charged = wanted;
		else if (!always && !call->takes_all)
			return NULL;
	}
	block = mem_resize(block, wanted);
	mem_release(call->budget, both);
	block->bytes = bytes;
	block->charged = charged;
	return block + 1;
}

void *
agg_grow(struct agg_call *call, void *block, size_t bytes)
{
	return block_grow(call, block, bytes, 0);
}

void *
agg_grow_always(struct agg_call *call, void *take_block, size_t bytes)
{
	return block_grow(call, take_block, bytes, 1);
}

void
agg_release(struct agg_call *call, void *bytes)
{
	struct block *block = block_of(bytes);

	if (block == NULL)
		return;
	mem_release(call->budget, block->charged);
	mem_free(block);
}

void
agg_save_word(struct buf *buf, uint64_t word)
{
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(word >> (8 * i));
	buf_add(buf, bytes, sizeof(bytes));
}

void
agg_save_float(struct buf *buf, double number)
{
	uint64_t word;

	memcpy(&word, &number, sizeof(word));
	agg_save_word(buf, word);
}

void
agg_save_bytes(struct buf *buf, const void *bytes, size_t size)
{
	agg_save_word(buf, size);
	buf_add(buf, bytes, size);
}

int
agg_load_word(const char **at, const char *end, uint64_t *word)
{
	const unsigned char *bytes = (const unsigned char *)*at;

	if (end - *at < 8)
		return -1;
	*word = 0;
	for (int i = 0; i < 8; i++)
		*word |= (uint64_t)bytes[i] << (8 * i);
	*at += 8;
	return 0;
}

int
agg_load_float(const char **at, const char *end, double *number)
{
	uint64_t word;

	if (agg_load_word(at, end, &word) != 0)
		return -1;
	memcpy(number, &word, sizeof(word));
	return 0;
}

const char *
agg_load_bytes(const char **at, const char *end, size_t *size)
{
	uint64_t word;

	if (agg_load_count(at, end, 1, &word) != 0)
		return NULL;
	const char *bytes = *at;
	*size = (size_t)word;
	*at += word;
	return bytes;
}

int
agg_load_count(const char **at, const char *end, size_t bytes,
	uint64_t *count)
{
	if (agg_load_word(at, end, count) != 0 ||
	    *count > (uint64_t)(end - *at) / bytes)
		return -1;
	return 0;
}
