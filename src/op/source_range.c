/*
 * An instance that reads ranges of one file (io/range.h): ranges i, i + n, ...
 * For each:
 *
 *	entry known	read from it to the range's end, hand on where the next
 *			one begins, then give what was read (GIVES); of a pipe
 *			give batch by batch (READS)
 *	not yet known	guess it, read the whole range and hold it (HELD); when
 *			the entry comes and is the guess, hand on the next one,
 *			then give what is held (GIVES); else read it anew
 *	no guess	wait (SOURCE_BUSY)
 *
 * Of a pipe a range is guessed when it has come whole; what lacks bytes waits
 * for them (SOURCE_WAIT), as a reader that stands alone would.
 *
 * A guess is of the place and, where records may bring new fields, of those met
 * before it: then the first range is read before another can be guessed.
 *
 * What is read from a guess counts lines and records from zero; what lies
 * before is added when it is given.  Bad records met there are kept, and told
 * when it is known that they are some; where the first of them stops the job
 * the range is read anew, so that the message has its place.
 *
 * The sure and the guessing reader are two, since what a reader met is reported
 * where it was told to.  Each goes from range to range by seeking.
 */
#include <assert.h>
#include <string.h>

#include "io/bad.h"
#include "io/range.h"
#include "op/source_priv.h"
#include "util/env.h"

/* What a line may have behind its range without being read twice. */
#define LINE_BYTES ((uint64_t)4 << 10)

struct lane {
	struct range_input *bytes;
	struct input *input;
	struct reader *reader;
	struct source_align align;
};

enum range_state {
	RANGE_NEXT,		/* range `at` has not been begun */
	RANGE_READS,
	RANGE_HELD,
	RANGE_GIVES,
	RANGE_DONE,		/* it was the last of this instance */
};

/* A report of a reader that is not known to be right. */
struct note {
	struct bad_record record;	/* texts owned */
};

struct source_ranges {
	struct source_run *run;
	struct source_file *file;
	struct range_file *chain;	/* shared */
	uint32_t at;
	uint32_t index;
	uint32_t step;
	uint32_t count;
	int is_dry;			/* waits for bytes */
	uint64_t range_bytes;
	enum range_state state;
	struct lane sure, guess;
	/* Of the sure reader, as of the last look. */
	struct reader_position seen;
	/* What was read and not given yet; from the guess, but if is_sure. */
	int is_sure;
	enum source_got after;		/* what comes then, */
	struct err failed;		/* or went wrong */
	struct bad *bad;
	struct note *note;
	uint32_t note_count;
	struct batch **held;
	uint32_t held_count, given_count;
	int is_broken;			/* a bad record would stop the job */
	int has_ended;			/* the file has */
	struct range_start guessed, behind;
	struct range_start entry;	/* its position is to be added */
	int gathers;			/* fields are met: format_def.met */
};

/* --- readers --- */

static void
lane_close(struct source_ranges *it, struct lane *lane)
{
	if (lane->reader != NULL)
		it->file->kind.format->close(&lane->reader);
	if (lane->input != NULL)
		input_close(&lane->input);
	source_align_fini(&lane->align);
}

static int
lane_open(struct source_ranges *it, struct lane *lane, struct err *err)
{
	if (lane->input != NULL)
		return 0;
	lane->input = range_input_open(it->chain, it->file->origin->path,
	    &lane->bytes, err);
	if (lane->input == NULL)
		return -1;
	input_set_wait(lane->input, 0);
	return 0;
}

/* Where range `at` ends; the last has no end. */
static uint64_t
range_end(const struct source_ranges *it)
{
	return it->at + 1 == it->count ? UINT64_MAX :
	    (it->at + 1) * it->range_bytes;
}

/* Let the bytes of the range through. */
static int
lane_limit(const struct source_ranges *it, struct lane *lane, struct err *err)
{
	if (it->at + 1 < it->count)
		return range_input_limit(lane->bytes, range_end(it), err);
	range_input_no_limit(lane->bytes);
	return 0;
}

/* Make the reader go on at a start.  0 or -1. */
static int
lane_seek(struct source_ranges *it, struct lane *lane, struct bad *bad,
	const struct range_start *start, struct err *err)
{
	const struct format_def *format = it->file->kind.format;
	const struct reader_position *position = &start->position;
	int at_start = position->offset == 0;

	if (lane_open(it, lane, err) != 0)
		return -1;
	/* At the file's start the header counts like what is behind it. */
	range_input_no_limit(lane->bytes);
	if (at_start && lane_limit(it, lane, err) != 0)
		return -1;
	if (lane->reader == NULL) {
		lane->reader = source_reader_open(it->run->source,
		    &it->file->kind, lane->input, it->file->origin, bad, err);
		if (lane->reader == NULL)
			return -1;
		format->need(lane->reader, &it->run->need);
	}
	if (start->met != NULL)
		format->meet(lane->reader, start->met);
	if (at_start)
		return 0;
	return format->seek(lane->reader, position, err) != 0 ? -1 :
	    lane_limit(it, lane, err);
}

/* The fields that the reader has met so far; held, or NULL. */
static struct schema *
lane_met(const struct source_ranges *it, const struct lane *lane)
{
	return it->gathers ? it->file->kind.format->met(lane->reader) : NULL;
}

static void
finish_batch(struct source_ranges *it, struct lane *lane, struct batch *batch)
{
	struct source_run *run = it->run;

	if (!run->source->schema->open)
		source_align(&lane->align, run->source, &it->file->kind,
		    batch);
	source_wish_apply(&run->wish, run->source, batch);
	batch->split = it->file->split;
}

/* --- what is held --- */

/* Of a bad record of the guessing reader. */
static void
note_take(void *cookie, const struct bad_record *record)
{
	struct source_ranges *it = cookie;
	uint32_t count = it->note_count;

	if ((count & (count - 1)) == 0)
		it->note = mem_resize(it->note, (count == 0 ? 1 :
		    (size_t)count * 2) * sizeof(*it->note));
	struct bad_record *kept = &it->note[it->note_count++].record;
	*kept = *record;
	kept->reason = mem_copy_string(record->reason);
	if (record->text != NULL)
		kept->text = mem_copy(record->text, record->text_size);
}

static void
held_drop(struct source_ranges *it)
{
	for (uint32_t i = it->given_count; i < it->held_count; i++)
		batch_free(&it->held[i]);
	for (uint32_t i = 0; i < it->note_count; i++) {
		struct bad_record *record = &it->note[i].record;
		mem_free((void *)(uintptr_t)record->reason);
		mem_free((void *)(uintptr_t)record->text);
	}
	it->held_count = it->given_count = it->note_count = 0;
	it->is_broken = it->has_ended = 0;
}

static void
held_add(struct source_ranges *it, struct batch *take_batch)
{
	uint32_t count = it->held_count;

	if ((count & (count - 1)) == 0)
		it->held = mem_resize(it->held, (count == 0 ? 1 :
		    (size_t)count * 2) * sizeof(struct batch *));
	it->held[it->held_count++] = take_batch;
}

/* Report what was noted, now that its lines are known.  Nothing stops here: a
 * policy to stop breaks the guess. */
static void
notes_tell(struct source_ranges *it)
{
	uint64_t lines = it->entry.position.line - 1;

	for (uint32_t i = 0; i < it->note_count; i++) {
		struct bad_record record = it->note[i].record;
		struct err err = ERR_INIT;
		if (record.line != 0)
			record.line += lines;
		if (record.text_line != 0)
			record.text_line += lines;
		record.path = it->file->origin->path;
		bad_report(it->run->source->bad, &record, &err);
		err_clear(&err);
	}
}

/* Give a held batch its place in the file. */
static void
shift_batch(const struct source_ranges *it, struct batch *batch)
{
	uint64_t lines = it->entry.position.line - 1;

	batch->first_record += it->entry.position.record;
	if (batch->first_line != 0)
		batch->first_line += lines;
	if (batch->line == NULL || lines == 0)
		return;
	uint64_t *line = region_alloc(batch_region(batch),
	    batch->row_count * sizeof(*line));
	for (uint32_t i = 0; i < batch->row_count; i++)
		line[i] = batch->line[i] + lines;
	batch->line = line;
}

/* --- reading --- */

/* Count what was read. */
static void
count_read(struct source_ranges *it, uint64_t bytes, uint64_t records)
{
	it->run->bytes += bytes;
	it->run->records += records;
	bad_count_read(it->run->source->bad, records);
}

/* Range `at` is through. */
static enum source_got
end_range(struct source_ranges *it, struct source_item *out)
{
	*out = (struct source_item){ .number = it->at };
	it->state = RANGE_NEXT;
	it->at += it->step;
	return SOURCE_TURN;
}

/* 1: the reader has come to the end of its range; 0: it needs more; -1; or
 * INPUT_WAIT: from byte *missed on. */
static int
judge_wait(const struct source_ranges *it, struct lane *lane,
	struct reader_position *position, uint64_t *missed, struct err *err)
{
	it->file->kind.format->position(lane->reader, position);
	if (position->offset >= range_end(it))
		return 1;
	if (range_input_is_dry(lane->bytes, missed))
		return INPUT_WAIT;
	return range_input_raise(lane->bytes, err);
}

/* Are there no bytes to go on with?  Then it will be woken. */
static int
must_wait(struct source_ranges *it, uint64_t offset)
{
	it->is_dry = range_file_wait(it->chain, it->index, offset);
	return it->is_dry;
}

/* The sure reader has come to the end of its range. */
static void
publish_sure(struct source_ranges *it)
{
	struct schema *met = lane_met(it, &it->sure);

	range_file_publish(it->chain, it->at + 1, &it->seen, met);
	schema_drop(&met);
}

/* The next batch of a range whose entry was known; SOURCE_TURN: it was read to
 * its end. */
static enum source_got
next_sure(struct source_ranges *it, struct batch **out, struct err *err)
{
	const struct format_def *format = it->file->kind.format;

	for (;;) {
		struct reader_position before = it->seen;
		int got = format->next(it->sure.reader, out, err);
		format->position(it->sure.reader, &it->seen);
		count_read(it, it->seen.offset - before.offset,
		    it->seen.record - before.record);
		if (got == 1) {
			finish_batch(it, &it->sure, *out);
			return SOURCE_BATCH;
		}
		if (got == 0) {
			range_file_end(it->chain, it->at + 1);
			return SOURCE_END;
		}
		uint64_t missed;
		int status = got == -1 ? -1 : judge_wait(it, &it->sure,
		    &it->seen, &missed, err);
		if (status == INPUT_WAIT && must_wait(it, missed))
			return SOURCE_WAIT;
		if (status == -1) {
			range_file_end(it->chain, it->at + 1);
			return SOURCE_FAIL;
		}
		if (status == 1) {
			publish_sure(it);
			return SOURCE_TURN;
		}
	}
}

static enum source_got
read_sure(struct source_ranges *it, struct source_item *out, struct err *err)
{
	enum source_got got = next_sure(it, &out->batch, err);

	if (got == SOURCE_END || got == SOURCE_FAIL)
		it->state = RANGE_DONE;
	return got == SOURCE_TURN ? end_range(it, out) : got;
}

/* All of the range before any of it is given: whoever has the next one waits
 * for its entry. */
static void
hold_sure(struct source_ranges *it)
{
	struct batch *batch;

	err_clear(&it->failed);
	while ((it->after = next_sure(it, &batch, &it->failed)) ==
	    SOURCE_BATCH)
		held_add(it, batch);
	it->is_sure = 1;
	it->state = RANGE_GIVES;
}

/* Read the range from the guess, to its end.  0 or -1. */
static int
read_guess(struct source_ranges *it, struct err *err)
{
	const struct format_def *format = it->file->kind.format;

	struct reader_position *behind = &it->behind.position;

	if (lane_seek(it, &it->guess, it->bad, &it->guessed, err) != 0)
		return -1;
	for (;;) {
		struct batch *batch;
		int got = format->next(it->guess.reader, &batch, err);
		if (got == 1) {
			finish_batch(it, &it->guess, batch);
			held_add(it, batch);
			continue;
		}
		it->has_ended = got == 0;
		uint64_t missed;
		int status = got <= 0 ? got : judge_wait(it, &it->guess,
		    behind, &missed, err);
		/* What cannot be read may lie behind what ends the job, and
		 * what has not come may end this range. */
		if (got < 0 || status == INPUT_WAIT) {
			it->is_broken = 1;
			err_clear(err);
			lane_close(it, &it->guess);
			return 0;
		}
		if (got == 0)
			format->position(it->guess.reader, behind);
		if (status < 0)
			return -1;
		if (got != 0 && status == 0)
			continue;
		schema_drop(&it->behind.met);
		it->behind.met = lane_met(it, &it->guess);
		return 0;
	}
}

/* Guess where range `at` begins, and read it.  1; 0: no guess; -1. */
static int
try_guess(struct source_ranges *it, struct err *err)
{
	const struct source_kind *kind = &it->file->kind;
	struct reader_position *guessed = &it->guessed.position;
	uint64_t offset;

	if (!range_file_may_guess(it->chain, it->at, &it->guessed) ||
	    (it->gathers && it->guessed.met == NULL))
		return 0;
	if (lane_open(it, &it->guess, err) != 0)
		return -1;
	int got = range_input_guess(it->guess.bytes, it->at * it->range_bytes,
	    kind->format->lines, (char)source_delimiter(kind), &offset, err);
	if (got != 1)
		return got;
	if (offset >= range_end(it))
		return 0;
	*guessed = (struct reader_position){
		.line = 1, .offset = offset, .inside = guessed->inside,
	};
	return read_guess(it, err) != 0 ? -1 : 1;
}

/* Is it known how many ranges there are before all have been read? */
static int
is_counted(const struct source_ranges *it)
{
	return it->count != RANGES_UNKNOWN;
}

/* --- the states --- */

static int
is_guess_right(const struct source_ranges *it)
{
	const struct reader_position *entry = &it->entry.position;
	const struct reader_position *guessed = &it->guessed.position;

	return entry->offset == guessed->offset && entry->column == 0 &&
	    entry->inside == guessed->inside &&
	    it->entry.met == it->guessed.met;
}

/* The entry has come and what is held begins there. */
static void
accept_guess(struct source_ranges *it)
{
	const struct reader_position *entry = &it->entry.position;
	struct reader_position next = it->behind.position;

	count_read(it, next.offset - entry->offset, next.record);
	next.line += entry->line - 1;
	next.record += entry->record;
	notes_tell(it);
	if (it->has_ended)
		range_file_end(it->chain, it->at + 1);
	else
		range_file_publish(it->chain, it->at + 1, &next,
		    it->behind.met);
	it->is_sure = 0;
	it->after = SOURCE_TURN;
	it->state = RANGE_GIVES;
}

/* The entry is known: read from it.  0; 1: there is nothing to read; -1. */
static int
begin_sure(struct source_ranges *it, struct err *err)
{
	it->seen = it->entry.position;
	if (it->seen.offset >= range_end(it)) {
		range_file_publish(it->chain, it->at + 1, &it->seen,
		    it->entry.met);
		return 1;
	}
	it->state = RANGE_READS;
	if (lane_seek(it, &it->sure, it->run->source->bad, &it->entry,
	    err) == 0)
		return 0;
	range_file_end(it->chain, it->at + 1);
	return -1;
}

static enum source_got
give_held(struct source_ranges *it, struct source_item *out, struct err *err)
{
	if (it->given_count < it->held_count) {
		out->batch = it->held[it->given_count++];
		if (!it->is_sure)
			shift_batch(it, out->batch);
		return SOURCE_BATCH;
	}
	held_drop(it);
	if (it->after == SOURCE_TURN)
		return end_range(it, out);
	it->state = RANGE_DONE;
	if (it->after == SOURCE_FAIL)
		*err = it->failed;
	return it->after;
}

/* Begin range `at`, or wait for where it begins. */
static enum source_got
begin_range(struct source_ranges *it, struct source_item *out,
	struct err *err)
{
	if (it->at >= it->count)
		return SOURCE_END;
	enum range_entry entry = range_file_entry(it->chain, it->at,
	    &it->entry);
	if (entry == RANGE_UNKNOWN && it->state == RANGE_NEXT) {
		/* With the line that its last byte stands in, most likely. */
		uint64_t last = range_end(it) + LINE_BYTES;
		/* No pause: it is not this range's turn to give, and what is
		 * said before it might fill the way of those before it. */
		if (!range_file_reach(it->chain, last) && must_wait(it, last))
			return SOURCE_BUSY;
		int got = try_guess(it, err);
		if (got < 0)
			return SOURCE_FAIL;
		if (got == 1)
			it->state = RANGE_HELD;
		entry = range_file_entry(it->chain, it->at, &it->entry);
	}
	if (entry == RANGE_UNKNOWN)
		return SOURCE_BUSY;
	if (entry == RANGE_OVER) {
		held_drop(it);
		it->state = RANGE_DONE;
		return SOURCE_END;
	}
	if (it->state == RANGE_HELD && !it->is_broken) {
		int is_right = is_guess_right(it);
		range_file_guessed(it->chain, is_right);
		if (is_right) {
			accept_guess(it);
			return give_held(it, out, err);
		}
	}
	held_drop(it);
	int got = begin_sure(it, err);
	if (got != 0)
		return got < 0 ? SOURCE_FAIL : end_range(it, out);
	if (!is_counted(it) || it->step == 1)
		return read_sure(it, out, err);
	hold_sure(it);
	return give_held(it, out, err);
}

static enum source_got
ranges_next(struct source_ranges *it, struct source_item *out, struct err *err)
{
	switch (it->state) {
	case RANGE_READS:
		return read_sure(it, out, err);
	case RANGE_GIVES:
		return give_held(it, out, err);
	case RANGE_DONE:
		return SOURCE_END;
	default:
		return begin_range(it, out, err);
	}
}

enum source_got
source_ranges_next(struct source_ranges *it, struct source_item *out,
	struct err *err)
{
	*out = (struct source_item){ .split = it->file->split,
	    .number = it->at };
	it->is_dry = 0;
	enum source_got got = ranges_next(it, out, err);
	if (got == SOURCE_END) {
		/* What readers keep is wanted by those behind. */
		lane_close(it, &it->sure);
		lane_close(it, &it->guess);
	}
	return got;
}

void
source_ranges_wait(const struct source_ranges *it, struct env_waits *waits)
{
	int fd = it->is_dry ? range_file_fd(it->chain) : -1;

	if (fd >= 0)
		env_waits_add(waits, fd, 0);
}

/* As all instances see it, whoever met the end of the file where. */
uint32_t
source_ranges_count(const struct source_ranges *it)
{
	return is_counted(it) ? it->count : range_file_count(it->chain);
}

void
source_ranges_quit(struct source_ranges *it)
{
	int is_published = it->state == RANGE_GIVES;

	if (it->state == RANGE_DONE)
		return;
	it->state = RANGE_DONE;
	if (is_counted(it))
		range_file_end(it->chain, it->at +
		    (uint32_t)is_published);
	else
		range_file_leave(it->chain);
}

struct source_ranges *
source_ranges_new(struct source_run *run, struct range_file *chain,
	uint32_t instance, uint32_t count)
{
	struct source_ranges *it = mem_alloc_zero(sizeof(*it));
	struct err err = ERR_INIT;
	int stops = bad_policy(run->source->bad) == BAD_STOP;

	it->run = run;
	it->file = &run->source->file[0];
	it->chain = chain;
	it->at = it->index = instance;
	it->step = count;
	it->count = run->source->range_count;
	it->range_bytes = run->source->range_bytes;
	it->gathers = run->need.all && it->file->kind.format->met != NULL;
	it->bad = bad_new(stops ? BAD_STOP : BAD_SKIP, NULL, &err);
	if (!stops)
		bad_set_forward(it->bad, note_take, it);
	return it;
}

void
source_ranges_free(struct source_ranges **take_ranges)
{
	struct source_ranges *it = *take_ranges;

	*take_ranges = NULL;
	if (it == NULL)
		return;
	held_drop(it);
	lane_close(it, &it->sure);
	lane_close(it, &it->guess);
	range_start_fini(&it->guessed);
	range_start_fini(&it->behind);
	range_start_fini(&it->entry);
	bad_abort(&it->bad);
	mem_free(it->note);
	mem_free(it->held);
	mem_free(it);
}
