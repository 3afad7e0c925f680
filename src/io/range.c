/*
 * Ranges of a file.
 *
 *	     range 0        range 1        range 2
 *	|--------------|--------------|--------------|...
 *	[records of 0    ][records of 1 ][records of 2 ...
 *	                 ^ entry of 1   ^ entry of 2
 *
 * A range is read from its entry, the first record that was not read with the
 * range before, up to the first record that begins behind the range's end.
 * Nothing in the bytes of range k tells its entry: a quote that was opened far
 * before may make all of it one field.  Only a reader that has come from the
 * file's start knows, so entries are handed on from range to range, as a
 * reader's position: offset, line, record, and what it is in the middle of.
 * That is a chain, and a chain is no work for many.  So each instance guesses
 * its range's entry, reads from there and keeps what it has read; when the
 * entry comes and is what was guessed, the position behind the range follows by
 * addition and is handed on at once, and what was kept is good.  When it is
 * not, that is thrown away and the range is read anew.  Exactness rests on
 * nothing but that a reader goes on at a position as if it had come to it
 * (format_def.seek); a guess costs time at most.
 *
 * A compressed file is decoded once, for all, and a pipe is read once: its
 * bytes stay while the range whose entry is known last has not been read.
 *
 * What comes from a pipe may not be there yet.  An instance that needs it tells
 * from which byte on, and is woken by who has read that far; the limit of a
 * range whose last line has not come whole is sought when its reader gets
 * there.
 *
 * Where records may bring new fields, which then stand in the order in which
 * they were met, a position has those that were met up to there.  A range that
 * was read from other fields than these was guessed wrong; that happens no more
 * often than a new field turns up.
 *
 * Guesses in a row that were wrong show that the file has no such lines: from
 * then on only now and then one is made.
 */
#include "io/range.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/blocks.h"
#include "io/input.h"
#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/thr.h"

/* A chunk.  What is held of a range, with the index of its records, is then
 * still in a core's second-level cache when it is given: 1 MiB takes a quarter
 * more processor time. */
#define RANGE_BYTES ((uint64_t)256 << 10)
/* Fewer are not worth the threads. */
#define RANGES_MIN 16
/* Wrong guesses in a row, and how often one is made then. */
#define MISSES_MAX 4
#define GUESS_EVERY 16

struct listener {
	range_wake_f *wake;
	void *cookie;
	int waits;
	uint64_t offset;	/* for this byte */
};

struct range_file {
	struct blocks *blocks;	/* of what has to be read in order; or NULL */
	int may_wait;		/* for bytes of them */
	struct thr_lock lock;
	uint32_t count;
	/* The entry that is known last, and the range it is of. */
	uint32_t known;
	struct range_start entry;
	uint32_t end;		/* ranges from here on are over */
	uint32_t misses;
	struct listener *listener;
	uint32_t listener_count;
};

uint64_t
range_bytes_wanted(void)
{
	const char *wish = env_variable("SFLOW_RANGE_BYTES");
	unsigned long long bytes = wish == NULL ? 0 : strtoull(wish, NULL, 10);

	return bytes == 0 ? RANGE_BYTES : bytes;
}

uint32_t
range_count(uint64_t file_bytes, uint64_t range_bytes)
{
	uint64_t count = file_bytes / range_bytes +
	    (file_bytes % range_bytes != 0);
	uint32_t least = range_bytes < RANGE_BYTES ? 2 : RANGES_MIN;

	return count < least || count > UINT32_MAX / 2 ? 0 : (uint32_t)count;
}

uint32_t
range_count_packed(uint64_t file_bytes, uint64_t range_bytes)
{
	/* Text becomes four times what it was, or more. */
	return range_count(file_bytes * 4, range_bytes) == 0 ? 0 :
	    RANGES_UNKNOWN;
}

struct range_file *
range_file_new(uint32_t count, const char *path, uint64_t range_bytes)
{
	struct range_file *file = mem_alloc_zero(sizeof(*file));

	if (path != NULL)
		file->blocks = blocks_new(path, range_bytes);

	thr_lock_init(&file->lock, "ranges of a file");
	file->count = count;
	file->end = count;
	file->entry.position = (struct reader_position)READER_POSITION_START;
	return file;
}

void
range_file_free(struct range_file **take_file)
{
	struct range_file *file = *take_file;

	*take_file = NULL;
	if (file == NULL)
		return;
	thr_lock_fini(&file->lock);
	blocks_free(&file->blocks);
	range_start_fini(&file->entry);
	mem_free(file->listener);
	mem_free(file);
}

void
range_file_join(struct range_file *file, uint32_t index, uint32_t count,
	range_wake_f *wake, void *cookie)
{
	assert(index < count);
	if (file->listener == NULL)
		file->listener = mem_alloc_zero(count *
		    sizeof(*file->listener));
	file->listener_count = count;
	file->listener[index] = (struct listener){
		.wake = wake, .cookie = cookie,
	};
}

static void
wake(const struct range_file *file, uint32_t k)
{
	const struct listener *listener = &file->listener[k %
	    file->listener_count];

	if (listener->wake != NULL)
		listener->wake(listener->cookie);
}

/* Bytes have come: wake those who wait for them. */
static void
wake_waiting(void *cookie)
{
	struct range_file *file = cookie;

	for (uint32_t i = 0; i < file->listener_count; i++) {
		struct listener *listener = &file->listener[i];
		thr_lock_take(&file->lock);
		int has_come = listener->waits &&
		    blocks_has(file->blocks, listener->offset);
		if (has_come)
			listener->waits = 0;
		thr_lock_give(&file->lock);
		if (has_come)
			wake(file, i);
	}
}

void
range_file_take_input(struct range_file *file, struct input *take_input)
{
	file->may_wait = 1;
	blocks_take_input(file->blocks, take_input, wake_waiting, file);
}

int
range_file_reach(struct range_file *file, uint64_t offset)
{
	return !file->may_wait || blocks_reach(file->blocks, offset);
}

int
range_file_wait(struct range_file *file, uint32_t index, uint64_t offset)
{
	struct listener *listener = &file->listener[index];

	thr_lock_take(&file->lock);
	listener->offset = offset;
	listener->waits = !blocks_has(file->blocks, offset);
	int waits = listener->waits;
	thr_lock_give(&file->lock);
	return waits;
}

int
range_file_fd(const struct range_file *file)
{
	return blocks_fd(file->blocks);
}

void
range_start_set(struct range_start *target,
	const struct reader_position *position, struct schema *met)
{
	struct schema *before = target->met;

	target->position = *position;
	target->met = met == NULL ? NULL : schema_hold(met);
	schema_drop(&before);
}

void
range_start_fini(struct range_start *start)
{
	schema_drop(&start->met);
}

enum range_entry
range_file_entry(struct range_file *file, uint32_t k, struct range_start *out)
{
	enum range_entry result = RANGE_UNKNOWN;

	thr_lock_take(&file->lock);
	if (k >= file->end) {
		result = RANGE_OVER;
	} else if (k == file->known) {
		result = RANGE_KNOWN;
		range_start_set(out, &file->entry.position, file->entry.met);
	}
	thr_lock_give(&file->lock);
	return result;
}

void
range_file_publish(struct range_file *file, uint32_t k,
	const struct reader_position *position, struct schema *met)
{
	thr_lock_take(&file->lock);
	assert(k == file->known + 1);
	file->known = k;
	range_start_set(&file->entry, position, met);
	thr_lock_give(&file->lock);
	/* A guess looks at the byte before. */
	if (file->blocks != NULL && position->offset > 0)
		blocks_release(file->blocks, position->offset - 1);
	wake(file, k);
	/* With the first fields all can guess. */
	for (uint32_t i = 0; k == 1 && met != NULL &&
	    i < file->listener_count; i++)
		wake(file, i);
}

uint32_t
range_file_count(struct range_file *file)
{
	thr_lock_take(&file->lock);
	uint32_t count = file->end;
	thr_lock_give(&file->lock);
	return count;
}

void
range_file_end(struct range_file *file, uint32_t k)
{
	thr_lock_take(&file->lock);
	if (k < file->end)
		file->end = k;
	thr_lock_give(&file->lock);
	for (uint32_t i = 0; i < file->listener_count; i++)
		wake(file, i);
}

void
range_file_leave(struct range_file *file)
{
	thr_lock_take(&file->lock);
	uint32_t end = file->known + 1;
	thr_lock_give(&file->lock);
	range_file_end(file, end);
}

int
range_file_may_guess(struct range_file *file, uint32_t k,
	struct range_start *last)
{
	thr_lock_take(&file->lock);
	range_start_set(last, &file->entry.position, file->entry.met);
	int may = file->misses < MISSES_MAX || k % GUESS_EVERY == 0;
	thr_lock_give(&file->lock);
	return may;
}

void
range_file_guessed(struct range_file *file, int is_right)
{
	thr_lock_take(&file->lock);
	file->misses = is_right ? 0 : file->misses + 1;
	thr_lock_give(&file->lock);
}

/* --- the bytes ----------------------------------------------------------- */

/* Bytes looked at once for a line end or a quote. */
#define LOOK_BYTES ((size_t)16 << 10)
/* No guess where so many bytes do not tell. */
#define GUESS_BYTES_MAX ((size_t)1 << 20)
/* So many lines are let through one by one, then twice as many bytes as the
 * last time. */
#define SINGLE_LINES 64

struct range_input {
	struct blocks *blocks;	/* or: */
	struct input *bytes;
	uint64_t offset;	/* of the next read */
	uint64_t stands;	/* where `bytes` stands */
	uint64_t limit;
	uint64_t end;		/* of the range: the limit is at or behind it */
	int is_sought;		/* the limit's line end is behind `seek`, */
	uint64_t seek;		/* which had not come */
	int is_dry;
	uint64_t missed;	/* the byte that had not come */
	uint32_t raised;	/* so often since range_input_limit */
	uint64_t stride;
};

static ssize_t
read_at(struct range_input *it, uint64_t offset, char *bytes, size_t size,
	struct err *err)
{
	if (it->blocks != NULL) {
		ssize_t got = blocks_read(it->blocks, offset, bytes, size,
		    err);
		it->is_dry = got == INPUT_WAIT;
		it->missed = offset;
		return got;
	}
	if (it->stands != offset &&
	    input_seek(it->bytes, offset, err) != 0)
		return -1;
	ssize_t got = input_read(it->bytes, bytes, size, err);
	it->stands = got < 0 ? UINT64_MAX : offset + (uint64_t)got;
	return got;
}

/* Behind the first line end at or behind *offset; UINT64_MAX: there is none.
 * 0 or -1; INPUT_WAIT: it has not come, and none stands before *offset. */
static int
find_line_end(struct range_input *it, uint64_t *offset, uint64_t *out,
	struct err *err)
{
	char bytes[1024];

	*out = UINT64_MAX;
	for (;;) {
		ssize_t got = read_at(it, *offset, bytes, sizeof(bytes), err);
		if (got <= 0)
			return (int)got;
		const char *end = memchr(bytes, '\n', (size_t)got);
		if (end != NULL) {
			*out = *offset + (uint64_t)(end - bytes) + 1;
			return 0;
		}
		*offset += (uint64_t)got;
	}
}

/* Go on to look for the limit: 0 or -1. */
static int
seek_limit(struct range_input *it, struct err *err)
{
	uint64_t limit;
	int status = find_line_end(it, &it->seek, &limit, err);

	it->is_sought = status == INPUT_WAIT;
	if (status == 0)
		it->limit = limit;
	else if (status == INPUT_WAIT && it->seek > it->limit)
		it->limit = it->seek;
	return status == -1 ? -1 : 0;
}

static ssize_t
range_read(void *cookie, char *bytes, size_t size, struct err *err)
{
	struct range_input *it = cookie;

	it->is_dry = 0;
	if (it->offset >= it->limit && it->is_sought &&
	    seek_limit(it, err) != 0)
		return -1;
	if (it->offset >= it->limit)
		return INPUT_WAIT;
	uint64_t left = it->limit - it->offset;
	ssize_t got = read_at(it, it->offset, bytes, size < left ? size :
	    (size_t)left, err);
	if (got > 0)
		it->offset += (uint64_t)got;
	return got;
}

/* Of a window that all share, who reads a range up to its end can have it as it
 * is. */
static int
range_lend(void *cookie, struct input_lent *out)
{
	struct range_input *it = cookie;

	it->is_dry = 0;
	if (it->blocks == NULL || it->limit == UINT64_MAX ||
	    it->offset >= it->limit || !blocks_lend(it->blocks, it->offset,
	    it->limit, it->end, out))
		return 0;
	it->offset += out->size;
	return 1;
}

static int
range_seek(void *cookie, uint64_t offset, struct err *err)
{
	struct range_input *it = cookie;

	(void)err;
	it->offset = offset;
	return 0;
}

static void
range_close(void *take_cookie)
{
	struct range_input *it = take_cookie;

	if (it->bytes != NULL)
		input_close(&it->bytes);
	mem_free(it);
}

struct input *
range_input_open(struct range_file *file, const char *path,
	struct range_input **out, struct err *err)
{
	static const struct input_calls calls = {
		.read = range_read, .lend = range_lend, .seek = range_seek,
		.close = range_close,
	};
	struct input *bytes = file->blocks != NULL ? NULL : input_open(path,
	    err);

	if (bytes == NULL && file->blocks == NULL)
		return NULL;
	struct range_input *it = mem_alloc_zero(sizeof(*it));
	it->bytes = bytes;
	it->blocks = file->blocks;
	it->stands = UINT64_MAX;
	it->limit = UINT64_MAX;
	*out = it;
	return input_custom(path, &calls, it);
}

void
range_input_no_limit(struct range_input *it)
{
	it->limit = UINT64_MAX;
}

int
range_input_limit(struct range_input *it, uint64_t offset, struct err *err)
{
	it->raised = 0;
	it->stride = LOOK_BYTES;
	it->limit = 0;
	it->end = offset;
	it->seek = offset - 1;
	return seek_limit(it, err);
}

int
range_input_raise(struct range_input *it, struct err *err)
{
	uint64_t from = it->limit;

	if (from == UINT64_MAX)
		return 0;
	if (++it->raised > SINGLE_LINES) {
		from += it->stride;
		it->stride *= 2;
		if (it->bytes != NULL &&
		    from > (uint64_t)input_size(it->bytes)) {
			it->limit = UINT64_MAX;
			return 0;
		}
	}
	it->seek = from;
	return seek_limit(it, err);
}

int
range_input_is_dry(const struct range_input *it, uint64_t *offset)
{
	*offset = it->missed;
	return it->is_dry;
}

/* --- guessing ------------------------------------------------------------ */

/* What stands from `offset` on, as much as there is of `size` bytes. */
static int
look(struct range_input *it, uint64_t offset, char *bytes, size_t size,
	size_t *got, struct err *err)
{
	*got = 0;
	while (*got < size) {
		ssize_t more = read_at(it, offset + *got, bytes + *got,
		    size - *got, err);
		if (more == -1)
			return -1;
		if (more <= 0)
			break;
		*got += (size_t)more;
	}
	return 0;
}

/* The byte behind a run of quotes that begins at `at`. */
static size_t
run_end(const char *bytes, size_t at, size_t size)
{
	while (at < size && bytes[at] == '"')
		at++;
	return at;
}

/*
 * Did the byte at *from, the first that is no quote, stand inside of quotes?
 * 1, 0; -1: these bytes do not tell.  A run of quotes with an odd count that
 * has a separator on one side only tells whether it opened or closed; two
 * quotes stand for one and change nothing.
 */
static int
tell_inside(const char *bytes, size_t size, char delimiter, size_t *from)
{
	int flips = 0;

	*from = run_end(bytes, 0, size);
	for (size_t at = *from; at < size;) {
		const char *quote = memchr(bytes + at, '"', size - at);
		if (quote == NULL)
			break;
		size_t start = (size_t)(quote - bytes);
		size_t end = run_end(bytes, start, size);
		at = end;
		if ((end - start) % 2 == 0)
			continue;
		if (end == size)
			break;
		char before = bytes[start - 1];
		char behind = bytes[end];
		int opens = before == delimiter || before == '\n';
		int closes = behind == delimiter || behind == '\n' ||
		    behind == '\r';
		if (opens != closes)
			return opens ? flips : !flips;
		/* Inside of a field that has no quotes it is a byte. */
		if (!opens)
			return flips;
		flips = !flips;
	}
	return -1;
}

/* Behind the first line end outside of quotes; 0: there is none. */
static size_t
first_outside(const char *bytes, size_t from, size_t size, int inside)
{
	for (size_t at = from; at < size; at++) {
		if (bytes[at] == '"')
			inside = !inside;
		else if (bytes[at] == '\n' && !inside)
			return at + 1;
	}
	return 0;
}

static int
guess_quoted(struct range_input *it, uint64_t start, char delimiter,
	uint64_t *offset, struct err *err)
{
	char *bytes = mem_alloc(LOOK_BYTES);
	size_t size = LOOK_BYTES;
	int result = 0;

	for (;;) {
		size_t got;
		if (look(it, start - 1, bytes, size, &got, err) != 0) {
			result = -1;
			break;
		}
		size_t from;
		int inside = tell_inside(bytes, got, delimiter, &from);
		int is_all = got < size || size >= GUESS_BYTES_MAX;
		/* Without a quote, or with nothing but riddles. */
		if (inside < 0 && (is_all || memchr(bytes, '"', got) == NULL))
			inside = 0;
		size_t at = inside < 0 ? 0 : first_outside(bytes, from, got,
		    inside);
		if (at > 0) {
			*offset = start - 1 + at;
			result = 1;
			break;
		}
		if (is_all)
			break;
		size *= 2;
		bytes = mem_resize(bytes, size);
	}
	mem_free(bytes);
	return result;
}

int
range_input_guess(struct range_input *it, uint64_t start,
	enum format_lines lines, char delimiter, uint64_t *offset,
	struct err *err)
{
	assert(start > 0);
	if (lines == FORMAT_LINES_QUOTED)
		return guess_quoted(it, start, delimiter, offset, err);
	start--;
	if (find_line_end(it, &start, offset, err) == -1)
		return -1;
	return *offset != UINT64_MAX;
}
