/*
 * Records that wait.
 *
 * They wait as batches of their own, with their places, for what is told of bad
 * records behind here.  When memory is short the batches of the instance go to
 * a file, each to a stretch of its own:
 *
 *	instance 0	from..to | from..to | batch | batch
 *	instance 1	from..to | batch
 *
 * Behind a meeting all lists are one, in the order of the input, and dealt in
 * rounds: of each round every instance takes one batch, from where it lies.
 */
#include "op/waiting.h"

#include <stdlib.h>
#include <string.h>

#include "op/image.h"
#include "op/joint.h"
#include "state/spill.h"

struct entry {
	uint64_t turn, number;	/* of its first row */
	struct batch *batch;	/* NULL: it lies in the file, or was taken */
	const struct origin *origin;
	int has_record;		/* its bytes are what it holds now */
	struct spill_file *file;
	uint64_t from, to;
};

struct waiting_of {
	struct entry *entry;
	uint32_t count, capacity;
	uint32_t away_count;	/* the first entries, which lie in the file */
	struct spill_file *file;
	uint64_t end;		/* place behind the last in it */
	uint64_t next;		/* of all entries, the next to take */
	int is_refused;
};

struct waiting {
	struct mem_budget budget;
	uint32_t instance_count;
	struct waiting_of *instance;
	struct entry **all;	/* of all instances, in order */
	uint64_t all_count;
};

struct waiting *
waiting_new(const char *name, uint32_t instance_count)
{
	struct waiting *it = mem_alloc_zero(sizeof(*it));

	it->budget.name = name;
	it->instance_count = instance_count;
	it->instance = mem_alloc_zero(instance_count * sizeof(*it->instance));
	for (uint32_t i = 0; i < instance_count; i++)
		it->instance[i].next = i;
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

void
waiting_free(struct waiting **take_waiting)
{
	struct waiting *it = *take_waiting;

	*take_waiting = NULL;
	if (it == NULL)
		return;
	for (uint32_t i = 0; i < it->instance_count; i++) {
		struct waiting_of *own = &it->instance[i];
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

/* The records' bytes in one piece, as if they were the copy's, so that they go
 * to a file with it; none if they are too many for one. */
static void
keep_record(struct batch *copy, const struct batch *batch)
{
	const struct column *record = &batch->record;
	struct region *region = batch_region(copy);
	uint32_t count = copy->row_count;
	uint32_t *from = region_alloc(region, (count + 1) * sizeof(*from));
	uint32_t *to = region_alloc(region, (count + 1) * sizeof(*to));
	struct text *text = region_alloc(region, (count + 1) * sizeof(*text));
	uint64_t size = 0;

	for (uint32_t i = 0; i < count; i++) {
		text[i] = column_row_text(record,
		    batch_place_row(batch, batch_row(batch, i)));
		size += text[i].size;
	}
	copy->has_record = 0;
	if (size > INT32_MAX)
		return;
	char *bytes = region_alloc(region, size + IMAGE_SLACK);
	size = 0;
	for (uint32_t i = 0; i < count; i++) {
		from[i] = (uint32_t)size;
		memcpy(bytes + size, text_bytes(&text[i]), text[i].size);
		size += text[i].size;
		to[i] = (uint32_t)size;
	}
	copy->record = (struct column){
		.type = record->type, .delimiter = record->delimiter,
		.encoding = SLICE, .stride = 1, .base = bytes,
		.from = from, .to = to,
	};
	copy->has_record = 1;
}

/* A copy of the selected rows that knows where they are from. */
static struct batch *
copy_with_places(const struct batch *batch)
{
	struct batch *copy = batch_compact(batch);

	if (batch->origin == NULL)
		return copy;
	uint64_t *line = region_alloc(batch_region(copy),
	    (batch->sel_count + 1) * sizeof(*line));
	batch_lines(batch, (char *)line);
	copy->origin = batch->origin;
	copy->line = line;
	if (batch->has_record || batch->record.base != NULL)
		keep_record(copy, batch);
	return copy;
}

/* Lines that a file leaves out follow one another. */
static void
keep_lines(struct batch *batch)
{
	if (batch->origin == NULL || batch->line != NULL)
		return;
	uint64_t *line = region_alloc(batch_region(batch),
	    (batch->row_count + 1) * sizeof(*line));
	for (uint32_t i = 0; i < batch->row_count; i++)
		line[i] = batch->first_line + i;
	batch->line = line;
}

/* All that the instance has in memory. */
static int
write_all(struct waiting *it, struct waiting_of *own, struct op_run *run,
	struct err *err)
{
	if (own->file == NULL && (own->file = op_spill_new(run, err)) == NULL)
		return -1;
	for (; own->away_count < own->count; own->away_count++) {
		struct entry *entry = &own->entry[own->away_count];
		entry->file = own->file;
		entry->from = own->end;
		if (spill_write_batch(own->file, entry->batch, err) != 0 ||
		    spill_cut(own->file, &own->end, err) != 0)
			return -1;
		entry->to = own->end;
		drop_batch(it, entry);
	}
	return 0;
}

int
waiting_add(struct waiting *it, struct op_run *run, const struct batch *batch,
	uint64_t turn, uint64_t number, struct err *err)
{
	struct waiting_of *own = &it->instance[run->instance];
	struct batch *copy = copy_with_places(batch);
	uint64_t bytes = batch_bytes(copy);

	int goes_away = mem_is_pressed(&it->budget) ||
	    mem_charge(&it->budget, bytes) != 0;
	if (goes_away)
		mem_charge_always(&it->budget, bytes);
	if (own->count == own->capacity) {
		own->capacity = own->capacity * 2 + 4;
		own->entry = mem_resize(own->entry,
		    own->capacity * sizeof(*own->entry));
	}
	own->entry[own->count++] = (struct entry){
		.turn = turn, .number = number, .batch = copy,
		.origin = copy->origin, .has_record = batch->has_record,
	};
	return goes_away ? write_all(it, own, run, err) : 0;
}

/* --- when they go on ----------------------------------------------------- */

static int
entry_compare(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a;
	const struct entry *y = *(struct entry *const *)b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void
waiting_settle(struct waiting *it)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < it->instance_count; i++)
		count += it->instance[i].count;
	it->all = mem_alloc((count + 1) * sizeof(*it->all));
	for (uint32_t i = 0; i < it->instance_count; i++) {
		struct waiting_of *own = &it->instance[i];
		for (uint32_t k = 0; k < own->count; k++)
			it->all[it->all_count++] = &own->entry[k];
	}
	qsort(it->all, it->all_count, sizeof(*it->all), entry_compare);
}

/* A batch from a file, as it was put there. */
static struct batch *
read_back(const struct entry *entry, struct err *err)
{
	struct spill_reader *reader = spill_reader_new(entry->file,
	    entry->from, entry->to);
	struct batch *batch = NULL;
	int got = spill_read_batch(reader, &batch, err);

	if (got == 0)
		err_set(err, ERR_IO, "a temporary file ends too early");
	if (got == 1) {
		/* The reader's own goes with it. */
		batch->origin = entry->origin;
		keep_lines(batch);
		if (batch->has_record) {
			keep_record(batch, batch);
		}
	}
	spill_reader_free(&reader);
	return got == 1 ? batch : NULL;
}

int
waiting_take(struct waiting *it, struct op_run *run, struct batch **out,
	uint64_t *turn, uint64_t *number, struct err *err)
{
	struct waiting_of *own = &it->instance[run->instance];
	uint64_t index = own->next;

	own->next += it->instance_count;
	if (index >= it->all_count || own->is_refused)
		return 0;
	struct entry *entry = it->all[index];
	*turn = entry->turn;
	*number = entry->number;
	*out = entry->batch;
	if (*out != NULL)
		mem_release(&it->budget, batch_bytes(*out));
	else if ((*out = read_back(entry, err)) == NULL)
		return -1;
	(*out)->has_record &= entry->has_record;
	entry->batch = NULL;
	return 1;
}

void
waiting_refuse(struct waiting *it, const struct op_run *run)
{
	it->instance[run->instance].is_refused = 1;
}

int
waiting_is_out(const struct waiting *it, const struct op_run *run)
{
	/* The first of the next round. */
	return it->instance[run->instance].next - run->instance >=
	    it->all_count;
}

/* --- the way of an instance ---------------------------------------------- */

enum waiting_stage { WAITING_MEET, WAITING_SETTLE, WAITING_SETTLED,
	WAITING_GIVE };

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
		break;
	}
	return OP_OK;
}

enum op_status
waiting_give(struct waiting *it, struct op_run *run, struct err *err)
{
	uint64_t turn, number;
	struct batch *batch;
	int got = waiting_take(it, run, &batch, &turn, &number, err);
	enum op_status status = got < 0 ? OP_FAIL : got == 0 ? OP_OK :
	    op_give(run, batch, err);

	if (status == OP_FAIL)
		return OP_FAIL;
	if (status == OP_DONE)
		waiting_refuse(it, run);
	if (waiting_is_out(it, run))
		return OP_OK;
	run->job->turn_is_over = 1;
	return OP_AGAIN;
}
