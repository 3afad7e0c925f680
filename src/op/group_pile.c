/*
 * Piles of rows.
 *
 *	pile	[extent] [extent] ... chunk -> chunk -> chunk
 *	chunk	header | row row row ->      <- key key key
 *
 * Chunks begin small and double, so that many piles of little take little.  A
 * chunk holds rows of one shape; when another shape comes it is left as it is.
 *
 * On disk a chunk lies as it lay in memory: its header, its rows, its keys; the
 * addresses of keys are moved when it is read.  Only states that own memory
 * besides are written value by value (group_rows_save).  A pile that is spilled
 * leaves one extent in the file that all piles share, so a pile is read in the
 * order it was written in, and rows still in memory come last.
 *
 * A chunk is taken also when the budget refuses it; the owner sees is_over and
 * spills before much more is added.
 */
#include "op/group_pile.h"

#include <assert.h>

#include "op/group_rows.h"
#include "state/spill.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define CHUNK_BYTES_MIN ((uint32_t)2 << 10)
#define CHUNK_BYTES_MAX ((uint32_t)32 << 10)
/* In a hash: 8 bits say the pile, the lowest are the tables'. */
#define PILE_BITS 8

struct pile_extent {
	uint64_t from, to;	/* places in the file */
};

/* In front of the rows of a chunk on disk. */
struct chunk_head {
	struct pile_chunk chunk;
	char *address;		/* where it lay */
	uint64_t saved_bytes;	/* > 0: rows as group_rows_save() writes */
};

struct group_piles *
group_piles_new(const struct group_rows *rows, uint32_t count, unsigned depth,
	struct op_run *run)
{
	struct group_piles *piles = mem_alloc_zero(sizeof(*piles));

	assert(count <= PILE_COUNT_MAX && (count & (count - 1)) == 0);
	assert(depth <= PILE_DEPTH_MAX);
	piles->run = run;
	piles->rows = rows;
	piles->call = group_rows_calls(rows);
	piles->states = (struct pile_shape){ PILE_STATES,
		(uint32_t)(sizeof(struct pile_head) + rows->bytes) };
	piles->count = count;
	piles->shift = 64 - PILE_BITS * (depth + 1);
	return piles;
}

/* Write down what is in the last chunk; the next row begins another. */
static void
pile_seal(struct group_piles *piles, uint32_t index)
{
	struct pile_tail *tail = &piles->tail[index];
	struct pile_chunk *chunk = piles->pile[index].last;

	if (tail->shape == NULL)
		return;
	chunk->row_end = (uint32_t)(tail->row - (char *)chunk);
	chunk->text_start = (uint32_t)(tail->text - (char *)chunk);
	chunk->count = (chunk->row_end - (uint32_t)sizeof(*chunk)) /
	    chunk->shape->row_bytes;
	*tail = (struct pile_tail){ 0 };
}

static void
chunk_clear(struct group_piles *piles, struct pile_chunk *chunk)
{
	char *row = (char *)(chunk + 1);

	if (chunk->shape->kind != PILE_STATES ||
	    !group_rows_own(piles->rows))
		return;
	for (uint32_t i = 0; i < chunk->count; i++)
		group_rows_clear(piles->rows, row + sizeof(struct pile_head) +
		    (size_t)i * chunk->shape->row_bytes);
}

static void
chunk_free(struct group_piles *piles, struct pile_chunk *chunk)
{
	mem_release(&piles->run->budget, chunk->charged);
	mem_free(chunk);
}

void
group_piles_free(struct group_piles **take_piles)
{
	struct group_piles *piles = *take_piles;

	*take_piles = NULL;
	if (piles == NULL)
		return;
	for (uint32_t p = 0; p < piles->count; p++) {
		struct pile *pile = &piles->pile[p];
		pile_seal(piles, p);
		while (pile->first != NULL) {
			struct pile_chunk *chunk = pile->first;
			pile->first = chunk->next;
			chunk_clear(piles, chunk);
			chunk_free(piles, chunk);
		}
		mem_free(pile->extent);
	}
	spill_file_free(&piles->file);
	mem_free(piles->call);
	mem_free(piles);
}

static struct pile_chunk *
chunk_new(struct group_piles *piles, const struct pile_shape *shape,
	uint32_t bytes)
{
	struct pile_chunk *chunk = mem_alloc(bytes);

	*chunk = (struct pile_chunk){
		.shape = shape, .bytes = bytes, .charged = bytes,
		.row_end = sizeof(*chunk), .text_start = bytes,
	};
	if (mem_charge(&piles->run->budget, bytes) != 0) {
		chunk->charged = 0;
		piles->is_over = 1;
	}
	return chunk;
}

static void
pile_append(struct group_piles *piles, struct pile *pile,
	struct pile_chunk *chunk)
{
	if (pile->last == NULL)
		pile->first = chunk;
	else
		pile->last->next = chunk;
	pile->last = chunk;
	pile->bytes += chunk->bytes;
	piles->bytes += chunk->bytes;
}

void
group_pile_grow(struct group_piles *piles, uint32_t index,
	const struct pile_shape *shape, uint32_t key_bytes)
{
	struct pile *pile = &piles->pile[index];
	uint64_t need = sizeof(struct pile_chunk) + shape->row_bytes +
	    key_bytes;
	uint32_t bytes = CHUNK_BYTES_MIN;

	while (bytes < CHUNK_BYTES_MAX &&
	    (bytes < pile->bytes || bytes < need))
		bytes *= 2;
	if (bytes < need) {
		/* Keys have less than 2^31 bytes: they are fields. */
		assert(need < (uint64_t)1 << 31);
		bytes = (uint32_t)need;
	}
	pile_seal(piles, index);
	struct pile_chunk *chunk = chunk_new(piles, shape, bytes);
	pile_append(piles, pile, chunk);
	piles->tail[index] = (struct pile_tail){ shape,
		(char *)(chunk + 1), (char *)chunk + bytes };
}

/* --- to disk --- */

/* Rows whose states own memory: which they do not any more. */
static void
chunk_save(struct group_piles *piles, const struct pile_chunk *chunk,
	struct buf *out)
{
	char *row = (char *)(uintptr_t)(chunk + 1);

	for (uint32_t i = 0; i < chunk->count; i++) {
		const struct pile_head *head = (void *)row;
		char *states = row + sizeof(*head);
		buf_add(out, &head->ordinal, sizeof(head->ordinal));
		group_rows_save(piles->rows, piles->call, states, head->key,
		    head->hash, out);
		group_rows_clear(piles->rows, states);
		row += chunk->shape->row_bytes;
	}
}

static int
chunk_write(struct group_piles *piles, struct pile_chunk *chunk,
	struct err *err)
{
	struct chunk_head head = { .chunk = *chunk, .address = (char *)chunk };
	struct buf saved = { 0 };
	int status;

	if (chunk->shape->kind == PILE_STATES && group_rows_own(piles->rows)) {
		chunk_save(piles, chunk, &saved);
		chunk->count = 0;
		head.saved_bytes = saved.size;
	}
	status = spill_write(piles->file, &head, sizeof(head), err);
	if (status == 0 && head.saved_bytes > 0)
		status = spill_write(piles->file, saved.bytes, saved.size, err);
	else if (status == 0)
		status = spill_write(piles->file, chunk + 1,
		    chunk->row_end - sizeof(*chunk), err);
	if (status == 0 && head.saved_bytes == 0)
		status = spill_write(piles->file,
		    (char *)chunk + chunk->text_start,
		    chunk->bytes - chunk->text_start, err);
	buf_fini(&saved);
	return status;
}

static int
pile_spill(struct group_piles *piles, uint32_t index, struct err *err)
{
	struct pile *pile = &piles->pile[index];
	struct pile_extent extent = { 0 };

	if (pile->first == NULL)
		return 0;
	pile_seal(piles, index);
	if (spill_cut(piles->file, &extent.from, err) != 0)
		return -1;
	while (pile->first != NULL) {
		struct pile_chunk *chunk = pile->first;
		if (chunk_write(piles, chunk, err) != 0)
			return -1;
		pile->first = chunk->next;
		chunk_free(piles, chunk);
	}
	pile->last = NULL;
	piles->bytes -= pile->bytes;
	pile->bytes = 0;
	if (spill_cut(piles->file, &extent.to, err) != 0)
		return -1;
	if ((pile->extent_count & (pile->extent_count - 1)) == 0)
		pile->extent = mem_resize(pile->extent,
		    (pile->extent_count * 2 + 1) * sizeof(*pile->extent));
	pile->extent[pile->extent_count++] = extent;
	return 0;
}

int
group_piles_spill(struct group_piles *piles, int all, struct err *err)
{
	uint64_t least = all ? 0 : piles->bytes / piles->count;

	if (piles->file == NULL &&
	    (piles->file = op_spill_new(piles->run, err)) == NULL)
		return -1;
	for (uint32_t p = 0; p < piles->count; p++)
		if (piles->pile[p].bytes >= least &&
		    pile_spill(piles, p, err) != 0)
			return -1;
	piles->is_over = 0;
	return 0;
}

/* --- and back --- */

static int
read_whole(struct spill_reader *reader, void *bytes, size_t size,
	struct err *err)
{
	long got = spill_read(reader, bytes, size, err);

	if (got < 0)
		return -1;
	assert((size_t)got == size);
	return 0;
}

/* States that were saved value by value are made again. */
static void
chunk_load(const struct group_rows *rows, struct pile_chunk *chunk,
	const char *at, const char *end, uint32_t count)
{
	struct pile_head head;

	for (uint32_t i = 0; i < count; i++) {
		memcpy(&head.ordinal, at, sizeof(head.ordinal));
		at += sizeof(head.ordinal);
		/* What we wrote ourselves, and was checked on the way. */
		int status = group_rows_load_key(rows, &at, end,
		    &head.key, &head.hash);
		assert(status == 0);
		char *row = (char *)chunk + chunk->row_end;
		memcpy(row, &head, sizeof(head));
		if (head.key.size > TEXT_INLINE_MAX) {
			chunk->text_start -= head.key.size;
			((struct pile_head *)(void *)row)->key.bytes =
			    memcpy((char *)chunk + chunk->text_start,
			    head.key.bytes, head.key.size);
		}
		memset(row + sizeof(head), 0, chunk->shape->row_bytes -
		    sizeof(head));
		status = group_rows_load(rows, &at, end,
		    row + sizeof(head), 1);
		assert(status == 0);
		chunk->row_end += chunk->shape->row_bytes;
		chunk->count++;
	}
}

static void
chunk_move_keys(struct pile_chunk *chunk, const char *old)
{
	char *row = (char *)(chunk + 1);

	for (uint32_t i = 0; i < chunk->count; i++) {
		struct pile_head *head = (void *)row;
		if (head->key.size > TEXT_INLINE_MAX)
			head->key.bytes = (char *)chunk +
			    (head->key.bytes - old);
		row += chunk->shape->row_bytes;
	}
}

static int
chunk_read_saved(const struct pile_cursor *cursor,
	const struct chunk_head *head, struct pile_chunk *chunk,
	struct err *err)
{
	char *bytes = mem_alloc(head->saved_bytes);
	int status = read_whole(cursor->reader, bytes, head->saved_bytes, err);

	if (status == 0)
		chunk_load(cursor->rows, chunk, bytes,
		    bytes + head->saved_bytes, head->chunk.count);
	mem_free(bytes);
	return status;
}

/* The next chunk of the extent being read: 1, 0 at its end, -1. */
static int
chunk_read(struct pile_cursor *cursor, struct err *err)
{
	struct group_piles *piles = cursor->piles;
	struct spill_reader *reader = cursor->reader;
	struct chunk_head head;
	int status;

	long got = spill_read(reader, &head, sizeof(head), err);
	if (got <= 0)
		return (int)got;
	assert((size_t)got == sizeof(head));
	struct pile_chunk *chunk = chunk_new(piles, head.chunk.shape,
	    head.chunk.bytes);
	if (head.saved_bytes > 0) {
		status = chunk_read_saved(cursor, &head, chunk, err);
	} else {
		uint32_t charged = chunk->charged;
		*chunk = head.chunk;
		chunk->next = NULL;
		chunk->charged = charged;
		status = read_whole(reader, chunk + 1,
		    chunk->row_end - sizeof(*chunk), err);
		if (status == 0)
			status = read_whole(reader, (char *)chunk +
			    chunk->text_start, chunk->bytes -
			    chunk->text_start, err);
		if (status == 0)
			chunk_move_keys(chunk, head.address);
	}
	if (status != 0) {
		chunk_free(piles, chunk);
		return -1;
	}
	cursor->chunk = chunk;
	cursor->index = 0;
	return 1;
}

/* The next chunk from disk, or else from memory; NULL at the end. */
static int
cursor_next(struct pile_cursor *cursor, struct err *err)
{
	struct pile *pile = cursor->pile;

	cursor->chunk = NULL;
	cursor->index = 0;
	for (;;) {
		int status = cursor->reader == NULL ? 0 :
		    chunk_read(cursor, err);
		if (status != 0)
			return status < 0 ? -1 : 0;
		spill_reader_free(&cursor->reader);
		if (cursor->next_extent == pile->extent_count)
			break;
		const struct pile_extent *extent =
		    &pile->extent[cursor->next_extent++];
		cursor->reader = spill_reader_new(cursor->piles->file,
		    extent->from, extent->to);
	}
	struct pile_chunk *chunk = pile->first;
	if (chunk == NULL)
		return 0;
	pile->first = chunk->next;
	if (pile->first == NULL)
		pile->last = NULL;
	pile->bytes -= chunk->bytes;
	cursor->chunk = chunk;
	return 0;
}

int
pile_cursor_open(struct pile_cursor *cursor, const struct group_rows *rows,
	struct group_piles *piles, uint32_t index, int in_memory,
	struct err *err)
{
	*cursor = (struct pile_cursor){ .piles = piles, .rows = rows,
	    .pile = &piles->pile[index] };
	pile_seal(piles, index);
	if (in_memory)
		cursor->next_extent = cursor->pile->extent_count;
	return cursor_next(cursor, err);
}

int
pile_cursor_pass(struct pile_cursor *cursor, struct err *err)
{
	cursor->chunk->next = cursor->passed;
	cursor->passed = cursor->chunk;
	return cursor_next(cursor, err);
}

void
pile_cursor_forget(struct pile_cursor *cursor)
{
	while (cursor->passed != NULL) {
		struct pile_chunk *chunk = cursor->passed;
		cursor->passed = chunk->next;
		chunk_free(cursor->piles, chunk);
	}
}

/* What is left of the chunk being read still has states. */
void
pile_cursor_close(struct pile_cursor *cursor)
{
	struct pile_chunk *chunk = cursor->chunk;

	if (cursor->piles == NULL)
		return;
	pile_cursor_forget(cursor);
	if (chunk != NULL) {
		uint32_t left = chunk->count - cursor->index;
		char *row = (char *)pile_cursor_row(cursor);
		for (uint32_t i = 0; i < left &&
		    chunk->shape->kind == PILE_STATES; i++) {
			group_rows_clear(cursor->rows,
			    row + sizeof(struct pile_head));
			row += chunk->shape->row_bytes;
		}
		chunk_free(cursor->piles, chunk);
		cursor->chunk = NULL;
	}
	spill_reader_free(&cursor->reader);
}
