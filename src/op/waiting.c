/*
 * Records that wait.
 *
 * Each instance lists what it is given, in the order in which it comes, and
 * that is ascending by (turn, number).  An entry is a batch in memory or, when
 * the budget refuses another, a stretch of the instance's file: all that the
 * instance holds is written then, and the batches of a turn become one entry.
 * A turn is never shared by instances, so their entries, sorted, are the order
 * of one instance; each instance takes the same share of the entries.
 *
 *	instance 0	turn 0 | turn 2 in its file 0..a | turn 4 a..b | batches
 *	instance 1	turn 1 | turn 3 ...
 *
 * Behind the meeting every instance reads what lies in the files of all.
 */
#include "op/waiting.h"

#include <stdlib.h>
#include <string.h>

#include "op/joint.h"
#include "state/spill.h"

struct entry {
	uint64_t turn, number;	/* of its first row */
	struct batch *batch;	/* NULL: it lies in the file */
	struct spill_file *file;
	uint64_t from, to;
};

struct waiting_of {
	struct entry *entry;
	uint32_t count, capacity;
	uint32_t written_count;	/* entries that lie in the file */
	struct spill_file *file;
	uint64_t written_to;
	/* What is taken: of the sorted entries. */
	int takes;
	uint32_t next, end;
	struct spill_reader *reader;	/* of the entry before `next` */
	uint64_t number;
};

struct waiting {
	struct mem_budget budget;
	uint32_t instance_count;
	struct waiting_of *instance;
	struct entry *all;
	uint32_t all_count;
};

struct waiting *
waiting_new(const char *name, uint32_t instance_count)
{
	struct waiting *it = mem_alloc_zero(sizeof(*it));

	it->budget.name = name;
	it->instance_count = instance_count;
	it->instance = mem_alloc_zero(instance_count * sizeof(*it->instance));
	mem_budget_enter(&it->budget);
	return it;
}

static void
drop_batch(struct waiting *it, struct entry *entry)
{
	if (entry->batch == NULL)
		return;
	mem_release(&it->budget, batch_bytes(entry->batch));
	batch_free(&entry->batch);
}

static void
reader_close(struct waiting *it, struct waiting_of *own)
{
	if (own->reader == NULL)
		return;
	spill_reader_free(&own->reader);
	mem_release(&it->budget, SPILL_READER_BYTES);
}

void
waiting_free(struct waiting **take_waiting)
{
	struct waiting *it = *take_waiting;

	*take_waiting = NULL;
	if (it == NULL)
		return;
	for (uint32_t i = 0; i < it->all_count; i++)
		drop_batch(it, &it->all[i]);
	for (uint32_t i = 0; i < it->instance_count; i++) {
		struct waiting_of *own = &it->instance[i];
		reader_close(it, own);
		for (uint32_t k = 0; k < own->count; k++)
			drop_batch(it, &own->entry[k]);
		spill_file_free(&own->file);
		mem_free(own->entry);
	}
	mem_budget_leave(&it->budget);
	mem_free(it->all);
	mem_free(it->instance);
	mem_free(it);
}

/* --- while they come ----------------------------------------------------- */

/* Close what was written of one turn; an entry that goes on grows. */
static int
written_end(struct waiting_of *own, uint64_t turn, uint64_t number,
	struct err *err)
{
	uint64_t from = own->written_to;

	if (spill_cut(own->file, &own->written_to, err) != 0)
		return -1;
	if (own->written_count > 0 &&
	    own->entry[own->written_count - 1].turn == turn) {
		own->entry[own->written_count - 1].to = own->written_to;
		return 0;
	}
	own->entry[own->written_count++] = (struct entry){
		.turn = turn, .number = number, .file = own->file,
		.from = from, .to = own->written_to,
	};
	return 0;
}

/* Write all that the instance has in memory.  The list shrinks in place: where
 * an entry is put its batch, and those of its turn, have been written. */
static int
write_all(struct waiting *it, struct waiting_of *own, struct op_run *run,
	struct err *err)
{
	uint32_t i = own->written_count;

	if (i == own->count)
		return 0;
	if (own->file == NULL &&
	    (own->file = op_spill_new(run, err)) == NULL)
		return -1;
	mem_charge_always(&it->budget, SPILL_FILE_BYTES);
	int status = 0;
	while (status == 0 && i < own->count) {
		uint64_t turn = own->entry[i].turn;
		uint64_t number = own->entry[i].number;
		for (; status == 0 && i < own->count &&
		    own->entry[i].turn == turn; i++) {
			status = spill_write_batch(own->file,
			    own->entry[i].batch, err);
			drop_batch(it, &own->entry[i]);
		}
		if (status == 0)
			status = written_end(own, turn, number, err);
	}
	mem_release(&it->budget, SPILL_FILE_BYTES);
	if (status == 0)
		own->count = own->written_count;
	return status;
}

int
waiting_add(struct waiting *it, struct op_run *run, const struct batch *batch,
	uint64_t turn, uint64_t number, struct err *err)
{
	struct waiting_of *own = &it->instance[run->instance];
	struct batch *copy = batch_compact(batch);
	uint64_t bytes = batch_bytes(copy);

	if (mem_is_pressed(&it->budget) ||
	    mem_charge(&it->budget, bytes) != 0) {
		if (write_all(it, own, run, err) != 0) {
			batch_free(&copy);
			return -1;
		}
		mem_charge_always(&it->budget, bytes);
	}
	if (own->count == own->capacity) {
		own->capacity = own->capacity * 2 + 4;
		own->entry = mem_resize(own->entry,
		    own->capacity * sizeof(*own->entry));
	}
	own->entry[own->count++] = (struct entry){
		.turn = turn, .number = number, .batch = copy,
	};
	return 0;
}

/* --- when they go on ----------------------------------------------------- */

static int
entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void
waiting_settle(struct waiting *it)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < it->instance_count; i++)
		count += it->instance[i].count;
	it->all = mem_alloc((count + 1) * sizeof(*it->all));
	for (uint32_t i = 0; i < it->instance_count; i++) {
		struct waiting_of *own = &it->instance[i];
		if (own->count > 0)
			memcpy(it->all + it->all_count, own->entry,
			    own->count * sizeof(*own->entry));
		it->all_count += own->count;
		own->count = 0;
	}
	qsort(it->all, it->all_count, sizeof(*it->all), entry_compare);
}

/* The next batch of the open stretch: 1; 0: it is through; -1. */
static int
take_written(struct waiting *it, struct waiting_of *own, struct batch **out,
	uint64_t *number, struct err *err)
{
	int got = spill_read_batch(own->reader, out, err);

	if (got <= 0) {
		reader_close(it, own);
		return got;
	}
	*number = own->number;
	own->number += (*out)->sel_count;
	return 1;
}

int
waiting_take(struct waiting *it, struct op_run *run, struct batch **out,
	uint64_t *turn, uint64_t *number, struct err *err)
{
	struct waiting_of *own = &it->instance[run->instance];
	uint64_t all = it->all_count;

	if (!own->takes) {
		own->next = (uint32_t)(all * run->instance /
		    it->instance_count);
		own->end = (uint32_t)(all * (run->instance + 1) /
		    it->instance_count);
		own->takes = 1;
	}
	for (;;) {
		if (own->reader != NULL) {
			*turn = it->all[own->next - 1].turn;
			int got = take_written(it, own, out, number, err);
			if (got != 0)
				return got;
		}
		if (own->next == own->end)
			return 0;
		struct entry *entry = &it->all[own->next++];
		if (entry->batch != NULL) {
			*turn = entry->turn;
			*number = entry->number;
			*out = entry->batch;
			mem_release(&it->budget, batch_bytes(*out));
			entry->batch = NULL;
			return 1;
		}
		mem_charge_always(&it->budget, SPILL_READER_BYTES);
		own->number = entry->number;
		own->reader = spill_reader_new(entry->file, entry->from,
		    entry->to);
	}
}

/* --- the way of an instance ---------------------------------------------- */

enum waiting_stage { WAITING_MEET, WAITING_SETTLE, WAITING_SETTLED,
	WAITING_GIVE, WAITING_GIVEN };

enum op_status
waiting_keep(struct waiting *it, struct waiting_way *way, struct op_run *run,
	struct batch *take_batch, struct err *err)
{
	if (way->turn != run->job->turn)
		way->number = 0;
	way->turn = run->job->turn;
	int status = waiting_add(it, run, take_batch, way->turn, way->number,
	    err);
	way->number += take_batch->sel_count;
	batch_free(&take_batch);
	return status == 0 ? OP_OK : OP_FAIL;
}

enum op_status
waiting_meet(struct waiting *it, struct waiting_way *way, struct op_run *run)
{
	enum op_status status;
	uint32_t piece;

	switch ((enum waiting_stage)way->stage) {
	case WAITING_MEET:
	case WAITING_SETTLED:
		status = op_meet(run, way->stage == WAITING_MEET ? 1 : 2);
		if (status != OP_OK)
			return status;
		way->stage++;
		return OP_AGAIN;
	case WAITING_SETTLE:
		if (op_deal(run, 1, 1, &piece))
			waiting_settle(it);
		way->stage++;
		return OP_AGAIN;
	case WAITING_GIVE:
	case WAITING_GIVEN:
		break;
	}
	return OP_OK;
}

enum op_status
waiting_give(struct waiting *it, struct waiting_way *way, struct op_run *run,
	struct err *err)
{
	uint64_t turn, number;
	struct batch *batch;

	if (way->stage == WAITING_GIVEN)
		return OP_OK;
	int got = waiting_take(it, run, &batch, &turn, &number, err);
	if (got < 0)
		return OP_FAIL;
	enum op_status status = got == 0 ? OP_DONE : op_give(run, batch, err);
	if (status == OP_DONE)
		way->stage = WAITING_GIVEN;
	return status == OP_FAIL ? OP_FAIL : OP_AGAIN;
}
