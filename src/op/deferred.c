/*
 * Deferred records.  They are numbered and written to one file as they come;
 * their keys go to one of several others, the keys' parts, by hash:
 *
 *	records   batch, batch, ...
 *	part k    number:8 | size:4 | key, ...
 *
 * At the end each part is read with a table of its keys and how often each
 * came, and a bit is set for each record that is among the first with its key.
 * Keys for which the table has no room are written anew and are the input of
 * another pass over less.  Then the records are read in order, and those with a
 * bit are given.  A key that was given before has the number SEEN + how often;
 * it lies in front of all others that are alike.
 *
 * So memory holds a bit a record and a table that is as large as there is room.
 * What is written and read is each record once, and each key once or, where a
 * part is larger than the memory, a few times.
 */
#include "op/deferred.h"

#include <string.h>

#include "data/key.h"
#include "op/group.h"
#include "state/spill.h"
#include "util/bits.h"
#include "util/hash.h"

#define SEEN ((uint64_t)1 << 63)
/* The writers of all parts together: a part of the memory. */
#define WRITERS_PART 8
#define PARTS_MIN 8
#define PARTS_MAX 64
/* Keys looked up at a time. */
#define KEYS 1024

struct deferred {
	struct op_run *run;
	struct spill_file *records;
	struct spill_file *part[PARTS_MAX];
	uint32_t part_count;
	uint64_t charged;	/* for the writers */
	uint64_t count;		/* records */
	uint64_t limit;		/* of each key that are wanted */
	uint64_t *first;	/* a bit each */
};

/* Keys on their way from a file into a table. */
struct key_load {
	struct region *region;
	uint64_t number[KEYS];
	struct text text[KEYS];
	uint64_t hash[KEYS];
	char *row[KEYS];
	uint32_t count;
};

struct deferred *
deferred_new(struct op_run *run, uint64_t limit, struct err *err)
{
	struct deferred *it = mem_alloc_zero(sizeof(*it));
	uint64_t most = mem_limit() / WRITERS_PART / SPILL_FILE_BYTES;

	it->run = run;
	it->limit = limit;
	it->part_count = mem_limit() == 0 || most > PARTS_MAX ? PARTS_MAX :
	    most < PARTS_MIN ? PARTS_MIN : (uint32_t)most;
	it->charged = (it->part_count + 1) * SPILL_FILE_BYTES;
	mem_charge_always(&run->budget, it->charged);
	it->records = op_spill_new(run, err);
	int status = it->records == NULL ? -1 : 0;
	for (uint32_t i = 0; i < it->part_count && status == 0; i++) {
		it->part[i] = op_spill_new(run, err);
		status = it->part[i] == NULL ? -1 : 0;
	}
	if (status != 0)
		deferred_free(&it);
	return it;
}

void
deferred_free(struct deferred **take_deferred)
{
	struct deferred *it = *take_deferred;

	*take_deferred = NULL;
	if (it == NULL)
		return;
	spill_file_free(&it->records);
	for (uint32_t i = 0; i < it->part_count; i++)
		spill_file_free(&it->part[i]);
	mem_release(&it->run->budget, it->charged);
	mem_free(it->first);
	mem_free(it);
}

static int
write_key(struct spill_file *file, uint64_t number, const struct text *key,
	struct err *err)
{
	char head[12];

	memcpy(head, &number, 8);
	memcpy(head + 8, &key->size, 4);
	if (spill_write(file, head, sizeof(head), err) != 0)
		return -1;
	return spill_write(file, text_bytes(key), key->size, err);
}

static int
add_key(struct deferred *it, uint64_t number, const struct text *key,
	struct err *err)
{
	uint64_t hash = hash_bytes(text_bytes(key), key->size);

	/* The table takes its slot from the low bits. */
	return write_key(it->part[(hash >> 32) % it->part_count], number, key,
	    err);
}

int
deferred_add_seen(struct deferred *it, const struct text *key, uint64_t count,
	struct err *err)
{
	return add_key(it, SEEN + count, key, err);
}

int
deferred_add(struct deferred *it, const struct batch *batch,
	const struct text *key, struct err *err)
{
	for (uint32_t i = 0; i < batch->sel_count; i++)
		if (add_key(it, it->count++, &key[i], err) != 0)
			return -1;
	return spill_write_batch(it->records, batch, err);
}

/* --- at the end ---------------------------------------------------------- */

/* The next keys of a part: 1, 0 at the end, -1. */
static int
load_keys(struct key_load *load, struct spill_reader *reader, struct err *err)
{
	region_reset(load->region);
	load->count = 0;
	while (load->count < KEYS) {
		const char *head;
		uint32_t size;
		int got = spill_view(reader, 12, &head, err);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		memcpy(&load->number[load->count], head, 8);
		memcpy(&size, head + 8, 4);
		char *bytes = region_alloc(load->region, size + 1);
		if (spill_read(reader, bytes, size, err) != (long)size)
			return -1;
		load->text[load->count] = text_make(bytes, size);
		load->hash[load->count] = hash_bytes(bytes, size);
		load->row[load->count++] = NULL;
	}
	return load->count > 0;
}

/* Count key i, and set its record's bit if it is wanted. */
static void
judge_key(struct deferred *it, const struct key_load *load, uint32_t i)
{
	uint64_t *count = (uint64_t *)(void *)load->row[i];
	uint64_t number = load->number[i];

	if (number >= SEEN)
		*count += number - SEEN;
	else if (*count < it->limit && ++*count > 0)
		it->first[number / 64] |= (uint64_t)1 << number % 64;
}

/* Judges the keys that there is room for; how many.  For the first there is,
 * whatever others hold, or no pass would get further than the one before. */
static uint32_t
judge_keys(struct deferred *it, struct key_load *load,
	struct group_table *table)
{
	struct key_set keys = { .text = load->text, .hash = load->hash };
	uint32_t done = load->count;

	if (group_table_count(table) == 0)
		group_table_reserve(table, load->count, 1);
	if (group_table_find(table, &keys, load->count, load->row, NULL) != 0)
		for (done = 0; load->row[done] != NULL; done++)
			;
	for (uint32_t i = 0; i < done; i++)
		judge_key(it, load, i);
	return done;
}

/* What the table, which is full, does not know goes to `rest`. */
static int
pass_on_keys(struct deferred *it, struct key_load *load, uint32_t from,
	const struct group_table *table, struct spill_file *rest,
	struct err *err)
{
	struct key_set keys = { .text = load->text + from,
	    .hash = load->hash + from };

	group_table_look(table, &keys, load->count - from, load->row + from);
	for (uint32_t i = from; i < load->count; i++)
		if (load->row[i] != NULL)
			judge_key(it, load, i);
		else if (write_key(rest, load->number[i], &load->text[i],
		    err) != 0)
			return -1;
	return 0;
}

/* One pass over the keys of a file; *rest is a file of those there was no room
 * for, or NULL. */
static int
judge_pass(struct deferred *it, struct key_load *load,
	struct spill_reader *reader, struct spill_file **rest, struct err *err)
{
	struct group_table *table = group_table_new(sizeof(uint64_t),
	    &it->run->budget);
	int got, status = 0;

	while (status == 0 && (got = load_keys(load, reader, err)) != 0) {
		uint32_t done = 0;
		if (got < 0) {
			status = -1;
			break;
		}
		if (*rest == NULL)
			done = judge_keys(it, load, table);
		if (done == load->count)
			continue;
		if (*rest == NULL && (*rest = op_spill_new(it->run,
		    err)) == NULL)
			status = -1;
		if (status == 0)
			status = pass_on_keys(it, load, done, table, *rest,
			    err);
	}
	group_table_free(&table);
	return status;
}

/* All passes over a part, which is taken. */
static int
judge_part(struct deferred *it, struct key_load *load,
	struct spill_file *take_part, struct err *err)
{
	struct spill_file *part = take_part;
	int status = 0;

	while (part != NULL && status == 0) {
		struct spill_file *rest = NULL;
		uint64_t end;
		status = spill_cut(part, &end, err);
		if (status == 0) {
			struct spill_reader *reader = spill_reader_new(part, 0,
			    end);
			status = judge_pass(it, load, reader, &rest, err);
			spill_reader_free(&reader);
		}
		spill_file_free(&part);
		part = rest;
	}
	spill_file_free(&part);
	return status;
}

/* The writers' memory becomes that of one reader, one writer and the bits. */
static int
prepare(struct deferred *it, struct err *err)
{
	uint64_t bytes = (it->count / 64 + 1) * sizeof(*it->first);
	uint64_t end, others = SPILL_READER_BYTES + SPILL_FILE_BYTES;

	for (uint32_t i = 0; i < it->part_count; i++)
		if (spill_cut(it->part[i], &end, err) != 0)
			return -1;
	mem_release(&it->run->budget, it->charged);
	it->charged = bytes + others;
	mem_charge_always(&it->run->budget, it->charged);
	it->first = mem_alloc_zero(bytes);
	return 0;
}

static int
judge(struct deferred *it, struct err *err)
{
	struct key_load *load = mem_alloc(sizeof(*load));
	int status = 0;

	load->region = region_new();
	for (uint32_t i = 0; i < it->part_count && status == 0; i++) {
		struct spill_file *part = it->part[i];
		it->part[i] = NULL;
		status = judge_part(it, load, part, err);
	}
	region_drop(&load->region);
	mem_free(load);
	return status;
}

/* Only the first of each key; `number` is that of the batch's first row. */
static void
narrow(const struct deferred *it, struct batch *batch, uint64_t number)
{
	uint16_t *sel = batch_sel_storage(batch);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint64_t k = number + i;
		sel[kept] = (uint16_t)batch_row(batch, i);
		kept += it->first[k / 64] >> k % 64 & 1;
	}
	batch->sel = sel;
	batch->sel_count = kept;
}

enum op_status
deferred_give(struct deferred *it, struct err *err)
{
	uint64_t end, number = 0;
	struct batch *batch;
	enum op_status status = OP_OK;
	int got = 0;

	if (prepare(it, err) != 0 || judge(it, err) != 0 ||
	    spill_cut(it->records, &end, err) != 0)
		return OP_FAIL;
	struct spill_reader *reader = spill_reader_new(it->records, 0, end);
	while (status == OP_OK &&
	    (got = spill_read_batch(reader, &batch, err)) == 1) {
		uint32_t count = batch->sel_count;
		narrow(it, batch, number);
		number += count;
		status = op_give(it->run, batch, err);
	}
	spill_reader_free(&reader);
	return got < 0 ? OP_FAIL : status;
}
