/*
 * tail(PATH...): files that are being written, and what they are rotated to.
 *
 *     open     options
 *     load     the positions of a checkpoint
 *     next ... looks at the folders now and then, hands out the next file of a
 *              path when the one before has been read to its end
 *
 * A split is a path, as it is written or as a pattern matches it, and all the
 * files that have this name one after another.  It has one file at a time out
 * with a reader, `current`; files that are known to follow are `pending`, open
 * so that no rename or removal loses them.
 *
 *     a.log  ->  current (was a.log, is a.log.2)  pending: a.log.1, a.log
 *
 * A file ends when its path leads to another and it has given nothing for
 * QUIET_NS since: programs write to the old file until they are told of the new
 * one.  Every file is one split's: the claims remember who has it, under
 * whatever name (tail_claims).
 *
 * A file that is removed and not made anew ends its split when a pattern led to
 * it; a path that the program names is waited for.  With stop_after everything
 * ends when no file has given a byte for so long.
 *
 * CSV: every file of a split has a header of its own.
 */
#include "io/stream.h"

#include <string.h>

#include "io/tail_priv.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/glob.h"
#include "util/hash.h"
#include "util/mem.h"

/* How long a rotated file is listened to after its last byte. */
#define QUIET_NS ((uint64_t)1000000000)

struct stream {
	struct tail tail;
};

const struct reader_position tail_start = READER_POSITION_START;

static const struct option_def tail_options[] = {
	{ "start", TYPE_TEXT, "\"begin\" or \"end\" of the files that are "
		"there (begin)" },
	{ "stop_after", TYPE_DURATION, "end when no file has grown for so "
		"long (never)" },
	{ 0 },
};

/* --- splits --- */

/* The place of a path among the splits, which are sorted by it. */
static uint32_t
split_place(const struct tail *tail, const char *path)
{
	uint32_t low = 0, high = tail->split_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (strcmp(tail->split[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct tail_split *
tail_find_split(const struct tail *tail, const char *path)
{
	uint32_t at = split_place(tail, path);

	return at < tail->split_count &&
	    strcmp(tail->split[at]->path, path) == 0 ? tail->split[at] : NULL;
}

struct tail_split *
tail_add_split(struct tail *tail, const char *path)
{
	struct tail_split *split = mem_alloc_zero(sizeof(*split));
	const char *slash = strrchr(path, '/');
	uint32_t at = split_place(tail, path);

	split->path = mem_copy_string(path);
	split->folder_bytes = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	split->id = hash_mix(hash_bytes(path, strlen(path)), tail->begun ?
	    ++tail->born : 0);
	split->position = tail_start;
	tail->split = mem_resize(tail->split,
	    (tail->split_count + 1) * sizeof(struct tail_split *));
	memmove(tail->split + at + 1, tail->split + at,
	    (tail->split_count - at) * sizeof(struct tail_split *));
	tail->split[at] = split;
	tail->split_count++;
	return split;
}

static void
split_free(struct tail_split *split)
{
	if (split->current != NULL)
		split->current->split = NULL;
	tail_file_drop(&split->current);
	for (uint32_t i = 0; i < split->pending_count; i++)
		tail_file_drop(&split->pending[i]);
	mem_free(split->pending);
	mem_free(split->path);
	mem_free(split);
}

static void
split_remove(struct tail *tail, uint32_t at)
{
	struct tail_split *split = tail->split[at];

	split_free(split);
	memmove(tail->split + at, tail->split + at + 1,
	    (--tail->split_count - at) * sizeof(struct tail_split *));
}

int
tail_wants(const struct tail *tail, const char *path, int *is_pattern)
{
	*is_pattern = 0;
	for (uint32_t i = 0; i < tail->path_count; i++)
		if (strcmp(tail->path[i], path) == 0)
			return 1;
	*is_pattern = 1;
	for (uint32_t i = 0; i < tail->path_count; i++)
		if (glob_matches(tail->path[i], path))
			return 1;
	return 0;
}

/* --- open --- */

static int
text_is(const struct text *text, const char *word)
{
	return text->size == strlen(word) &&
	    memcmp(text_bytes(text), word, text->size) == 0;
}

static int
read_options(struct tail *tail, const struct format_option *option,
	uint32_t count, struct err *err)
{
	if (format_check_options("tail", tail_options, option, count, err) != 0)
		return -1;
	const struct value *start = format_option_value(option, count, "start");
	if (start != NULL) {
		const struct text *text = &start->cell.text;
		tail->from_end = text_is(text, "end");
		if (!tail->from_end && !text_is(text, "begin"))
			return err_set(err, ERR_PROGRAM, "start is \"begin\" "
			    "or \"end\", not \"%.*s\"", (int)text->size,
			    text_bytes(text));
	}
	int64_t stop_us = format_option_int(option, count, "stop_after", 0);
	if (format_option_value(option, count, "stop_after") != NULL &&
	    stop_us <= 0)
		return err_set(err, ERR_PROGRAM,
		    "stop_after is a time above 0, like 10s");
	tail->stop_ns = stop_us > INT64_MAX / 1000 ? INT64_MAX :
	    (uint64_t)stop_us * 1000;
	return 0;
}

static struct stream *
tail_open(const char *const *path, uint32_t path_count,
	const struct format_option *option, uint32_t option_count,
	struct err *err)
{
	struct stream *stream = mem_alloc_zero(sizeof(*stream));
	struct tail *tail = &stream->tail;

	tail->path = path;
	tail->path_count = path_count;
	tail->watch = -1;
	if (path_count == 0)
		err_set(err, ERR_PROGRAM, "tail needs a path: tail(\"FILE\")");
	if (path_count == 0 ||
	    read_options(tail, option, option_count, err) != 0) {
		mem_free(stream);
		return NULL;
	}
	/* Who wants to end soon does not wait longer for an old file. */
	tail->quiet_ns = tail->stop_ns > 0 && tail->stop_ns < QUIET_NS ?
	    tail->stop_ns : QUIET_NS;
	return stream;
}

static void
tail_close(struct stream **take_stream)
{
	struct stream *stream = *take_stream;

	*take_stream = NULL;
	if (stream == NULL)
		return;
	struct tail *tail = &stream->tail;
	for (uint32_t i = 0; i < tail->split_count; i++)
		split_free(tail->split[i]);
	for (uint32_t i = 0; i < tail->watched_count; i++)
		mem_free(tail->watched[i]);
	if (tail->watch >= 0)
		env->close(tail->watch);
	tail_claims_fini(&tail->claims);
	mem_free(tail->split);
	mem_free(tail->watched);
	mem_free(stream);
}

/* --- next --- */

/* Names or sizes have changed: files are read again, names looked at soon. */
static void
hear(struct tail *tail)
{
	if (tail->watch < 0 || env->watch_drain(tail->watch) == 0)
		return;
	for (uint32_t i = 0; i < tail->split_count; i++)
		if (tail->split[i]->current != NULL)
			tail->split[i]->current->unread = 1;
	if (tail->look_ns > tail->looked_ns + tail->look_gap_ns)
		tail->look_ns = tail->looked_ns + tail->look_gap_ns;
}

/* When did a file give something last? */
static uint64_t
last_byte_ns(const struct tail *tail)
{
	uint64_t last = tail->byte_ns;

	for (uint32_t i = 0; i < tail->split_count; i++) {
		const struct tail_file *file = tail->split[i]->current;
		if (file != NULL && file->byte_ns > last)
			last = file->byte_ns;
	}
	return last;
}

/* Has everything been read that is there? */
static int
all_read(const struct tail *tail)
{
	for (uint32_t i = 0; i < tail->split_count; i++) {
		const struct tail_split *split = tail->split[i];
		if (split->current != NULL && (!split->is_out ||
		    split->pending_count > 0 || !split->current->at_end ||
		    split->current->unread || split->current->ended))
			return 0;
	}
	return 1;
}

/* Is it time to stop?  Then every file is read once more, to its end. */
static int
stop_if_quiet(struct tail *tail, struct err *err)
{
	if (tail->stop_ns == 0 || tail->stopping || !all_read(tail) ||
	    env->monotonic_ns() - last_byte_ns(tail) < tail->stop_ns)
		return 0;
	if (tail_look(tail, err) != 0)
		return -1;
	if (!all_read(tail))
		return 0;
	tail->stopping = 1;
	for (uint32_t i = 0; i < tail->split_count; i++) {
		struct tail_split *split = tail->split[i];
		if (split->current != NULL)
			tail_file_leave(split->current, 0);
		else
			split->ended = 1;
	}
	return 0;
}

static void
split_give(struct tail_split *split, struct stream_part *out)
{
	split->is_out = 1;
	*out = (struct stream_part){
		.split = split->id,
		.label = split->path,
		.input = tail_file_input(split->current),
		.resumes = split->resumes,
		.position = split->position,
		.token = split->current,
	};
}

/* What a split has to say, the next one first. */
static enum stream_got
ask_splits(struct tail *tail, struct stream_part *out)
{
	for (uint32_t i = 0; i < tail->split_count; i++) {
		uint32_t at = (tail->split_at + i) % tail->split_count;
		struct tail_split *split = tail->split[at];
		if (split->ended) {
			*out = (struct stream_part){ .split = split->id };
			split_remove(tail, at);
			tail->split_at = at;
			return STREAM_SPLIT_END;
		}
		if (!split->is_out && split->current != NULL) {
			split_give(split, out);
			tail->split_at = at + 1;
			return STREAM_INPUT;
		}
	}
	return tail->stopping && tail->split_count == 0 ? STREAM_END :
	    STREAM_WAIT;
}

static enum stream_got
tail_next(struct stream *stream, struct stream_part *out, struct err *err)
{
	struct tail *tail = &stream->tail;

	if (!tail->begun) {
		tail->watch = env->watch_open();
		tail->byte_ns = env->monotonic_ns();
	}
	hear(tail);
	if (!tail->stopping && (!tail->begun ||
	    env->monotonic_ns() >= tail->look_ns) && tail_look(tail, err) != 0)
		return STREAM_FAIL;
	enum stream_got got = ask_splits(tail, out);
	if (got != STREAM_WAIT)
		return got;
	if (stop_if_quiet(tail, err) != 0)
		return STREAM_FAIL;
	return ask_splits(tail, out);
}

static void
tail_finished(struct stream *stream, const struct stream_part *part)
{
	struct tail *tail = &stream->tail;
	struct tail_file *file = part->token;
	struct tail_split *split = file->split;

	if (split == NULL || split->current != file)
		return;
	split->is_out = split->resumes = 0;
	split->position = tail_start;
	if (file->byte_ns > tail->byte_ns)
		tail->byte_ns = file->byte_ns;
	if (file->is_cut) {
		split->current = tail_file_again(file);
	} else {
		tail_claims_release(&tail->claims, file);
		split->current = NULL;
		if (split->pending_count > 0) {
			split->current = split->pending[0];
			memmove(split->pending, split->pending + 1,
			    --split->pending_count *
			    sizeof(*split->pending));
		}
	}
	file->split = NULL;
	tail_file_drop(&file);
	split->ended = split->current == NULL &&
	    (tail->stopping || split->is_pattern);
}

static void
tail_wait(struct stream *stream, struct env_waits *waits)
{
	const struct tail *tail = &stream->tail;

	if (tail->watch >= 0)
		env_waits_add(waits, tail->watch, 0);
	if (!tail->stopping)
		env_waits_until(waits, tail->look_ns);
	if (tail->stop_ns > 0 && !tail->stopping && all_read(tail))
		env_waits_until(waits, last_byte_ns(tail) + tail->stop_ns);
	for (uint32_t i = 0; i < tail->split_count; i++) {
		const struct tail_split *split = tail->split[i];
		if (split->ended || (split->current != NULL && !split->is_out))
			env_waits_until(waits, 0);
		else if (split->current != NULL)
			env_waits_until(waits,
			    tail_file_deadline(split->current));
	}
}

static void
tail_save(struct stream *stream, const struct stream_part *part,
	const struct reader_position *position, struct buf *out)
{
	if (part == NULL) {
		tail_save_rest(&stream->tail, out);
		return;
	}
	const struct tail_file *file = part->token;
	if (file->split != NULL)
		tail_save_split(file->split, position, out);
}

static int
tail_load_entry(struct stream *stream, const char *bytes, size_t size,
	struct err *err)
{
	return tail_load(&stream->tail, bytes, size, err);
}

const struct stream_def stream_tail = {
	.name = "tail",
	.syntax = "from tail(\"PATH\", ..., OPTION=VALUE, ...)",
	.summary = "files as they grow, and what they are rotated to",
	.example = "from tail(\"app.jsonl\", start=\"end\") | "
	    "where status >= 500",
	.options = tail_options,
	.can_replay = 1,
	.ends_with = "stop_after",
	.open = tail_open,
	.next = tail_next,
	.finished = tail_finished,
	.wait = tail_wait,
	.save = tail_save,
	.load = tail_load_entry,
	.close = tail_close,
};
