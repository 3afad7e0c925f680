/*
 * Records of port 0 that came before port 1 has ended.
 *
 * They wait as batches of their own, with their places, for what is told of bad
 * records behind the join.  When memory is short the batches of the instance go
 * to a file, each at a place of its own:
 *
 *	list	batch | batch | from..to | from..to | ...
 *
 * Behind the meeting all lists are one, in the order of the input; whoever a
 * batch falls to takes it from where it lies.
 */
#include "op/join_priv.h"

#include <stdlib.h>
#include <string.h>

#include "state/spill.h"

/* The records' bytes in one piece; none if they are too many for it. */
static void
keep_record(struct batch *copy, const struct column *record,
	const uint16_t *sel)
{
	struct region *region = batch_region(copy);
	uint32_t count = copy->row_count;
	uint32_t *from = region_alloc(region, (count + 1) * sizeof(*from));
	uint32_t *to = region_alloc(region, (count + 1) * sizeof(*to));
	uint64_t size = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct text text = column_row_text(record,
		    sel == NULL ? i : sel[i]);
		size += text.size;
	}
	copy->has_record = 0;
	if (size > INT32_MAX)
		return;
	char *bytes = region_alloc(region, size + IMAGE_SLACK);
	size = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct text text = column_row_text(record,
		    sel == NULL ? i : sel[i]);
		from[i] = (uint32_t)size;
		memcpy(bytes + size, text_bytes(&text), text.size);
		size += text.size;
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
		keep_record(copy, &batch->record, batch->sel);
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

static int
wait_write(struct op_run *run, struct join_share *share,
	struct join_part_of *own, struct join_waiting *waiting,
	struct err *err)
{
	if (own->waiting_file == NULL)
		own->waiting_file = op_spill_new(run, err);
	if (own->waiting_file == NULL)
		return -1;
	waiting->file = own->waiting_file;
	waiting->from = own->waiting_end;
	if (spill_write_batch(waiting->file, waiting->batch, err) != 0 ||
	    spill_cut(waiting->file, &waiting->to, err) != 0)
		return -1;
	own->waiting_end = waiting->to;
	mem_release(&share->budget, batch_bytes(waiting->batch));
	batch_free(&waiting->batch);
	return 0;
}

int
join_wait_add(struct op_run *run, struct join_share *share,
	const struct batch *batch, uint64_t turn, uint64_t number,
	struct err *err)
{
	struct join_part_of *own = &share->instance[run->instance];
	struct batch *copy = copy_with_places(batch);
	uint64_t bytes = batch_bytes(copy);
	int status = 0;

	int goes_away = mem_is_pressed(&share->budget) ||
	    mem_charge(&share->budget, bytes) != 0;
	if (goes_away)
		mem_charge_always(&share->budget, bytes);
	if (own->waiting_count == own->waiting_capacity) {
		own->waiting_capacity = own->waiting_capacity * 2 + 4;
		own->waiting = mem_resize(own->waiting,
		    own->waiting_capacity * sizeof(*own->waiting));
	}
	own->waiting[own->waiting_count++] = (struct join_waiting){
		.batch = copy, .origin = copy->origin, .turn = turn,
		.number = number,
	};
	for (uint32_t i = own->waiting_away; goes_away && status == 0 &&
	    i < own->waiting_count; i++)
		status = wait_write(run, share, own, &own->waiting[i], err);
	if (goes_away)
		own->waiting_away = own->waiting_count;
	return status;
}

struct batch *
join_wait_take(struct join_share *share, struct join_waiting *waiting,
	struct err *err)
{
	struct batch *batch = waiting->batch;

	if (batch != NULL) {
		waiting->batch = NULL;
		mem_release(&share->budget, batch_bytes(batch));
		return batch;
	}
	struct spill_reader *reader = spill_reader_new(waiting->file,
	    waiting->from, waiting->to);
	int got = spill_read_batch(reader, &batch, err);
	if (got == 0)
		err_set(err, ERR_IO, "a temporary file ends too early");
	if (got == 1) {
		/* The reader's own goes with it. */
		batch->origin = waiting->origin;
		keep_lines(batch);
		if (batch->has_record) {
			struct column record = batch->record;
			keep_record(batch, &record, NULL);
		}
	}
	spill_reader_free(&reader);
	return got == 1 ? batch : NULL;
}

static int
waiting_compare(const void *a, const void *b)
{
	const struct join_waiting *x = *(struct join_waiting *const *)a;
	const struct join_waiting *y = *(struct join_waiting *const *)b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void
join_wait_settle(struct join_share *share)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < share->instance_count; i++)
		count += share->instance[i].waiting_count;
	share->waiting = mem_alloc((count + 1) * sizeof(*share->waiting));
	for (uint32_t i = 0; i < share->instance_count; i++) {
		struct join_part_of *own = &share->instance[i];
		for (uint32_t w = 0; w < own->waiting_count; w++)
			share->waiting[share->waiting_count++] =
			    &own->waiting[w];
	}
	qsort(share->waiting, count, sizeof(*share->waiting),
	    waiting_compare);
}

void
join_wait_fini(struct join_part_of *own)
{
	for (uint32_t i = 0; i < own->waiting_count; i++)
		batch_free(&own->waiting[i].batch);
	mem_free(own->waiting);
	spill_file_free(&own->waiting_file);
}
