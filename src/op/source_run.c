/*
 * Running instances of a source.
 *
 *	source_run_new	which splits are ours; nothing is opened
 *	source_run_load	where they were left, if the job resumes
 *	source_run_next	...
 *
 * Each call of next does the first of these that applies:
 *
 *	1. ask the stream for new inputs, at the start of a round
 *	2. tell of a split that has not begun
 *	3. ask the split whose turn it is for a batch; tell that it has ended
 *	4. say that there is nothing now, or that all is over
 *
 * Files are read in order, so that what comes out has the order of what went
 * in; one that waits (a pipe) is waited for.  The splits of a stream are asked
 * in turn and those that have nothing are passed over; a round in which none
 * has anything is answered by SOURCE_WAIT.
 *
 * A saved entry is one number that tells the kind, then for a file its split,
 * whether it is done, and the reader's position; for a stream the stream's own
 * bytes.
 */
#include <assert.h>
#include <string.h>

#include "io/range.h"
#include "op/source_priv.h"
#include "state/save.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/hash.h"
#include "util/pack.h"

#define ENTRY_FILE 1u
#define ENTRY_STREAM 2u

static struct source_split *
add_split(struct source_run *run, uint64_t name)
{
	struct source_split *split = mem_alloc_zero(sizeof(*split));
	uint32_t count = run->split_count;

	/* A power of two is full: they double. */
	if ((count & (count - 1)) == 0)
		run->split = mem_resize(run->split,
		    (count == 0 ? 1 : (size_t)count * 2) *
		    sizeof(struct source_split *));
	run->split[run->split_count++] = split;
	split->name = name;
	split->kind = &run->source->kind;
	split->position = (struct reader_position)READER_POSITION_START;
	return split;
}

struct source_run *
source_run_new(struct source *source, unsigned instance, unsigned count,
	const struct need *need, struct bad *bad)
{
	struct source_run *run = mem_alloc_zero(sizeof(*run));

	assert(instance < count);
	assert(bad == source->bad);
	run->source = source;
	run->need = *need;
	run->need.in_fields = need->record && source_loses_records(source);
	source_wish_init(&run->wish, source, &run->need);
	for (uint32_t i = instance; i < source->file_count; i += count) {
		struct source_file *file = &source->file[i];
		struct source_split *split = add_split(run, file->split);
		split->number = i;
		split->file = file;
		split->kind = &file->kind;
	}
	/* A stream is one instance's. */
	run->stream_ended = source->spec->stream == NULL || instance > 0;
	run->must_ask = !run->stream_ended;
	return run;
}

void
source_run_free(struct source_run **take_run)
{
	struct source_run *run = *take_run;

	*take_run = NULL;
	if (run == NULL)
		return;
	for (uint32_t i = 0; i < run->split_count; i++)
		source_split_free(&run->split[i]);
	mem_free(run->split);
	members_close(&run->members);
	source_ranges_free(&run->ranges);
	if (run->stream != NULL)
		run->source->spec->stream->close(&run->stream);
	source_wish_fini(&run->wish);
	mem_free(run);
}

/* What cannot be opened again is read by all from its start. */
static void
take_pipe(struct source *first)
{
	struct source_file *file = &first->file[0];

	if (file->can_reopen || file->input == NULL)
		return;
	if (file->reader != NULL)
		file->kind.format->close(&file->reader);
	input_unread(file->input);
	range_file_take_input(first->chain, file->input);
	file->input = NULL;
}

void
source_run_share(struct source_run *run, struct source *first,
	unsigned instance, unsigned count, void (*wake)(void *cookie),
	void *cookie)
{
	assert(run->source->range_count > 0);
	assert(first->range_count == run->source->range_count);
	/* The file is no split of one instance. */
	for (uint32_t i = 0; i < run->split_count; i++)
		source_split_free(&run->split[i]);
	run->split_count = 0;
	take_pipe(first);
	range_file_join(first->chain, instance, count, wake, cookie);
	run->ranges = source_ranges_new(run, first->chain, instance, count);
}

void
source_run_quit(struct source_run *run)
{
	if (run->ranges != NULL)
		source_ranges_quit(run->ranges);
}

uint32_t
source_run_turns(const struct source_run *run)
{
	return run->ranges != NULL ? source_ranges_count(run->ranges) :
	    source_width(run->source);
}

/* --- streams --- */

static int
open_stream(struct source_run *run, struct err *err)
{
	const struct source_spec *spec = run->source->spec;

	if (run->stream_ended || run->stream != NULL)
		return 0;
	run->stream = spec->stream->open(spec->path, spec->path_count,
	    spec->stream_option, spec->stream_option_count, err);
	return run->stream == NULL ? -1 : 0;
}

/* The stream's name for a split, which another source may use too. */
static uint64_t
stream_split_name(const struct source_run *run, uint64_t name)
{
	return hash_mix(name, (uint64_t)run->source->spec->number << 32) | 1;
}

/* The split of that name; NULL if it has not come yet, or has ended. */
static struct source_split *
find_split(const struct source_run *run, uint64_t name)
{
	for (uint32_t i = 0; i < run->split_count; i++)
		if (run->split[i]->name == name)
			return run->split[i];
	return NULL;
}

static void
take_part(struct source_run *run, const struct stream_part *part)
{
	uint64_t name = stream_split_name(run, part->split);
	struct source_split *split = find_split(run, name);

	if (split == NULL)
		split = add_split(run, name);
	split->part = mem_resize(split->part,
	    (split->part_count + 1) * sizeof(*split->part));
	split->part[split->part_count++] = *part;
}

static void
end_all_splits(struct source_run *run)
{
	run->stream_ended = 1;
	for (uint32_t i = 0; i < run->split_count; i++)
		run->split[i]->has_ended = 1;
}

/* Take what the stream has to hand out.  0 or -1. */
static int
ask_stream(struct source_run *run, struct err *err)
{
	const struct stream_def *def = run->source->spec->stream;

	run->must_ask = 0;
	if (open_stream(run, err) != 0)
		return -1;
	while (!run->stream_ended && !run->stopped) {
		struct stream_part part = { 0 };
		struct source_split *split;
		switch (def->next(run->stream, &part, err)) {
		case STREAM_INPUT:
			take_part(run, &part);
			break;
		case STREAM_SPLIT_END:
			split = find_split(run, stream_split_name(run,
			    part.split));
			if (split != NULL)
				split->has_ended = 1;
			break;
		case STREAM_END:
			end_all_splits(run);
			break;
		case STREAM_WAIT:
			return 0;
		default:
			return -1;
		}
		run->waiting_count = 0;
	}
	return 0;
}

/* --- next --- */

static enum source_got
tell_split(const struct source_split *split, enum op_split what,
	struct source_item *out)
{
	*out = (struct source_item){
		.split = split->name, .what = what, .number = split->number,
	};
	return SOURCE_SPLIT;
}

/* A split that nobody was told of yet. */
static struct source_split *
split_to_begin(struct source_run *run)
{
	while (run->begun_count < run->split_count) {
		struct source_split *split = run->split[run->begun_count++];
		if (split->is_done)
			continue;
		split->is_begun = 1;
		return split;
	}
	return NULL;
}

/* Leave out the split that was asked; the next takes its place. */
static void
drop_split(struct source_run *run)
{
	struct source_split **place = &run->split[run->at];

	source_split_free(place);
	run->split_count--;
	run->begun_count--;
	memmove(place, place + 1,
	    (run->split_count - run->at) * sizeof(struct source_split *));
}

/* The split that was asked has come to its end: that is told if it began. */
static enum source_got
end_split(struct source_run *run, struct source_item *out)
{
	struct source_split *split = run->split[run->at];
	int was_begun = split->is_begun;

	tell_split(split, OP_SPLIT_END, out);
	split->is_begun = 0;
	run->waiting_count = 0;
	/* What a checkpoint tells of files, it tells of those done too. */
	if (split->file != NULL)
		run->at++;
	else
		drop_split(run);
	return was_begun ? SOURCE_SPLIT : SOURCE_WAIT;
}

/* Behind the last split of a stream comes the first. */
static void
begin_round(struct source_run *run)
{
	if (run->source->spec->stream == NULL || run->at < run->split_count)
		return;
	run->at = 0;
	run->must_ask = 1;
}

/* Is nothing left that could come now? */
static int
is_round_over(const struct source_run *run)
{
	if (run->source->spec->stream == NULL)
		return run->at == run->split_count || run->waiting_count > 0;
	return run->waiting_count >= run->split_count;
}

/* Nothing came: will something come? */
static enum source_got
end_round(struct source_run *run)
{
	int is_stream = run->source->spec->stream != NULL;
	int is_over = is_stream ? run->stream_ended && run->split_count == 0 :
	    run->at == run->split_count;

	run->waiting_count = 0;
	run->must_ask = is_stream;
	return is_over || run->stopped ? SOURCE_END : SOURCE_WAIT;
}

/* Ask the split whose turn it is. */
static enum source_got
ask_split(struct source_run *run, struct source_item *out, struct err *err)
{
	struct source_split *split = run->split[run->at];
	enum source_got got = source_split_next(split, run, &out->batch, err);

	out->number = split->number;
	if (got == SOURCE_END)
		return end_split(run, out);
	if (got == SOURCE_BATCH) {
		out->split = split->name;
		run->waiting_count = 0;
	} else if (got == SOURCE_WAIT) {
		run->waiting_count++;
	}
	if (split->file == NULL)
		run->at++;
	return got;
}

enum source_got
source_run_next(struct source_run *run, struct source_item *out,
	struct err *err)
{
	*out = (struct source_item){ 0 };
	if (run->ranges != NULL)
		return source_ranges_next(run->ranges, out, err);
	for (;;) {
		begin_round(run);
		if (run->must_ask && ask_stream(run, err) != 0)
			return SOURCE_FAIL;
		struct source_split *split = split_to_begin(run);
		if (split != NULL)
			return tell_split(split, OP_SPLIT_BEGIN, out);
		if (is_round_over(run))
			return end_round(run);
		enum source_got got = ask_split(run, out, err);
		if (got != SOURCE_WAIT)
			return got;
	}
}

void
source_run_wait(struct source_run *run, struct env_waits *waits)
{
	const struct stream_def *def = run->source->spec->stream;

	if (run->ranges != NULL)
		source_ranges_wait(run->ranges, waits);
	for (uint32_t i = 0; i < run->split_count; i++) {
		const struct source_split *split = run->split[i];
		int fd = split->input == NULL ? -1 : input_fd(split->input);
		if (fd >= 0)
			env_waits_add(waits, fd, 0);
	}
	if (run->stream != NULL)
		def->wait(run->stream, waits);
}

void
source_run_stop(struct source_run *run)
{
	run->stopped = 1;
	for (uint32_t i = 0; i < run->split_count; i++)
		if (run->split[i]->input != NULL)
			input_stop(run->split[i]->input);
}

/* --- checkpoints --- */

static void
save_file(const struct source_split *split, struct save *save)
{
	struct reader_position position;
	struct buf buf = { 0 };

	source_split_look(split, &position);
	pack_u64(&buf, ENTRY_FILE);
	pack_u64(&buf, split->name);
	pack_u64(&buf, split->is_done != 0);
	pack_u64(&buf, position.offset);
	pack_u64(&buf, position.line);
	pack_u64(&buf, position.column);
	pack_u64(&buf, position.record);
	pack_u64(&buf, position.inside);
	save_put(save, SAVE_SHARED, buf.bytes, buf.size);
	buf_fini(&buf);
}

/* A part of the stream, or with split NULL the rest of it. */
static void
save_part(const struct source_run *run, const struct source_split *split,
	struct save *save)
{
	struct reader_position position = READER_POSITION_START;
	const struct stream_part *part = split == NULL ? NULL : split->part;
	struct buf buf = { 0 };

	if (split != NULL && split->reader != NULL)
		source_split_look(split, &position);
	else if (part != NULL && part->resumes)
		position = part->position;
	pack_u64(&buf, ENTRY_STREAM);
	run->source->spec->stream->save(run->stream, part, &position, &buf);
	if (buf.size > 8)
		save_put(save, SAVE_SHARED, buf.bytes, buf.size);
	buf_fini(&buf);
}

void
source_run_save(const struct source_run *run, struct save *save)
{
	for (uint32_t i = 0; i < run->split_count; i++) {
		const struct source_split *split = run->split[i];
		if (split->file != NULL)
			save_file(split, save);
		else if (split->part_count > 0)
			save_part(run, split, save);
	}
	if (run->stream != NULL)
		save_part(run, NULL, save);
}

static int
damaged(struct err *err)
{
	return err_set(err, ERR_IO, "a saved position of an input is damaged");
}

static int
load_file(struct source_run *run, struct unpack *in, struct err *err)
{
	struct reader_position position = { 0 };
	uint64_t name = unpack_u64(in);
	int is_done = (int)unpack_below(in, 1);

	position.offset = unpack_below(in, INT64_MAX);
	position.line = unpack_below(in, INT64_MAX);
	position.column = unpack_below(in, INT64_MAX);
	position.record = unpack_below(in, INT64_MAX);
	position.inside = unpack_u64(in);
	if (!unpack_is_done(in) || position.line == 0)
		return damaged(err);
	struct source_split *split = find_split(run, name);
	if (split == NULL)
		return 0;
	split->is_done = is_done;
	split->resumes = position.offset > 0;
	split->position = position;
	return 0;
}

int
source_run_load(struct source_run *run, const char *bytes, size_t size,
	struct err *err)
{
	struct unpack in = { .at = bytes, .left = size };
	const struct stream_def *def = run->source->spec->stream;
	uint64_t kind = unpack_u64(&in);

	if (kind == ENTRY_FILE && def == NULL)
		return load_file(run, &in, err);
	if (kind != ENTRY_STREAM || def == NULL)
		return damaged(err);
	if (run->stream_ended)
		return 0;
	return open_stream(run, err) != 0 ? -1 :
	    def->load(run->stream, in.at, in.left, err);
}

/* --- figures --- */

const char *
source_run_unseen(const struct source_run *run, uint32_t index)
{
	const struct source_wish *wish = &run->wish;

	if (wish->seen == NULL || wish->row_count == 0)
		return NULL;
	for (uint32_t i = 0; i < run->need.name_count; i++)
		if (!wish->seen[i] && index-- == 0)
			return run->need.name[i];
	return NULL;
}

void
source_run_counts(const struct source_run *run, uint64_t *bytes,
	uint64_t *records)
{
	*bytes = run->bytes;
	*records = run->records;
}
