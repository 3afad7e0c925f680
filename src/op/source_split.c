/*
 * One split at a time: its inputs are opened when their turn comes, read to
 * their ends, and closed.
 *
 *	split_open	the file, or the stream's next part; a reader on it;
 *			on to where it was left when the job resumes
 *	next ...	batches, made those of the source
 *	split_close	the stream is told that the part is finished
 *
 * A stream's part names its records by a label that goes with it, so the label
 * lies in a region that its batches hold.
 */
#include <string.h>

#include "io/bad.h"
#include "op/source_priv.h"

static const struct reader_position at_start = READER_POSITION_START;

/* What the first look has opened, or the file anew.  0 or -1. */
static int
open_file(struct source_split *split, struct source_run *run,
	struct err *err)
{
	struct source_file *file = split->file;

	split->origin = file->origin;
	split->input = file->input;
	split->reader = file->reader;
	file->input = NULL;
	file->reader = NULL;
	if (split->input == NULL && file->archive != NULL)
		split->input = members_find(&run->members, file->archive,
		    file->member, file->origin->path, err);
	else if (split->input == NULL)
		split->input = input_open(file->origin->path, err);
	if (split->input == NULL)
		return -1;
	input_forget(split->input);
	if (split->reader == NULL)
		split->reader = source_reader_open(run->source, split->kind,
		    split->input, split->origin, run->source->bad, err);
	return split->reader == NULL ? -1 : 0;
}

/* The first of the parts that the stream handed out.  0 or -1. */
static int
open_part(struct source_split *split, const struct source_run *run,
	struct err *err)
{
	struct stream_part *part = &split->part[0];
	struct origin *origin;

	split->region = region_new();
	origin = region_alloc(split->region, sizeof(*origin));
	origin->path = region_copy(split->region, part->label,
	    strlen(part->label) + 1);
	split->origin = origin;
	split->input = part->input;
	part->input = NULL;
	split->resumes = part->resumes;
	split->position = part->resumes ? part->position : at_start;
	split->reader = source_reader_open(run->source, split->kind,
	    split->input, split->origin, run->source->bad, err);
	return split->reader == NULL ? -1 : 0;
}

static int
split_open(struct source_split *split, struct source_run *run,
	struct err *err)
{
	const struct format_def *format = split->kind->format;
	int status = split->file != NULL ? open_file(split, run, err) :
	    open_part(split, run, err);

	if (status != 0)
		return -1;
	input_set_wait(split->input, 0);
	format->need(split->reader, &run->need);
	if (split->resumes && format->seek(split->reader, &split->position,
	    err) != 0)
		return -1;
	split->resumes = 0;
	return 0;
}

/* Close what is open of the input. */
static void
split_release(struct source_split *split)
{
	if (split->reader != NULL)
		split->kind->format->close(&split->reader);
	if (split->input != NULL)
		input_close(&split->input);
	region_drop(&split->region);
	source_align_fini(&split->align);
}

/* The input has come to its end. */
static void
split_close(struct source_split *split, struct source_run *run)
{
	split_release(split);
	split->position = at_start;
	if (split->file != NULL)
		return;
	run->source->spec->stream->finished(run->stream, &split->part[0]);
	run->must_ask = 1;
	split->part_count--;
	memmove(split->part, split->part + 1,
	    split->part_count * sizeof(*split->part));
}

void
source_split_free(struct source_split **take_split)
{
	struct source_split *split = *take_split;

	*take_split = NULL;
	if (split == NULL)
		return;
	split_release(split);
	for (uint32_t i = 0; i < split->part_count; i++)
		if (split->part[i].input != NULL)
			input_close(&split->part[i].input);
	mem_free(split->part);
	mem_free(split);
}

void
source_split_look(const struct source_split *split,
	struct reader_position *out)
{
	*out = split->position;
	if (split->reader != NULL)
		split->kind->format->position(split->reader, out);
}

/* Count what was read since the last look. */
static void
note_progress(struct source_split *split, struct source_run *run)
{
	struct reader_position before = split->position;
	struct reader_position *now = &split->position;

	split->kind->format->position(split->reader, now);
	run->bytes += now->offset - before.offset;
	run->records += now->record - before.record;
	bad_count_read(run->source->bad, now->record - before.record);
}

/* Make the reader's batch one of the source. */
static void
split_finish_batch(struct source_split *split, struct source_run *run,
	struct batch *batch)
{
	if (!run->source->schema->open)
		source_align(&split->align, run->source, split->kind, batch);
	source_wish_apply(&run->wish, run->source, batch);
	batch->split = split->name;
	if (split->region != NULL)
		batch_take_region(batch, region_hold(split->region));
}

/* Is there an input to be opened? */
static int
has_input(const struct source_split *split)
{
	return split->file != NULL ? !split->is_done : split->part_count > 0;
}

enum source_got
source_split_next(struct source_split *split, struct source_run *run,
	struct batch **out, struct err *err)
{
	for (;;) {
		if (split->reader == NULL && !has_input(split))
			return split->is_done || split->has_ended ?
			    SOURCE_END : SOURCE_WAIT;
		if (split->reader == NULL && run->stopped)
			return SOURCE_WAIT;
		if (split->reader == NULL && split_open(split, run, err) != 0)
			return SOURCE_FAIL;
		int got = split->kind->format->next(split->reader, out, err);
		note_progress(split, run);
		if (got < 0)
			return SOURCE_FAIL;
		if (got == READER_WAIT)
			return SOURCE_WAIT;
		if (got == 1) {
			split_finish_batch(split, run, *out);
			return SOURCE_BATCH;
		}
		split_close(split, run);
		split->is_done = split->file != NULL;
	}
}
