#ifndef STREAM_RIG_H
#define STREAM_RIG_H

/*
 * A reader of lines at a stream, as the source is: it takes inputs, reads what
 * is there, keeps what has no line end yet, and can be saved and resumed.  The
 * clock is the test's.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/stream.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"

struct rig_part {
	struct stream_part part;
	struct reader_position position;
	struct buf line;	/* without its end yet */
	int is_open;
};

struct rig {
	const struct stream_def *def;
	struct stream *stream;
	struct rig_part part[64];
	unsigned count;
	unsigned splits_ended;
	struct buf lines;	/* all that came, each ended by LF */
	enum stream_got last;
	struct err err;
};

static struct env rig_env;
static uint64_t rig_now_ns = 1000000000000u;
static size_t rig_read_bytes = 64;

static uint64_t
rig_monotonic(void)
{
	return rig_now_ns;
}

static inline void
rig_clock(void)
{
	rig_env = *env;
	rig_env.monotonic_ns = rig_monotonic;
	env = &rig_env;
}

static inline void
rig_pass(double seconds)
{
	rig_now_ns += (uint64_t)(seconds * 1e9);
}

static inline void
rig_open(struct rig *rig, const struct stream_def *def,
	const char *const *path, uint32_t count,
	const struct format_option *option, uint32_t option_count)
{
	memset(rig, 0, sizeof(*rig));
	rig->def = def;
	rig->stream = def->open(path, count, option, option_count, &rig->err);
	cr_assert_not_null(rig->stream, "%s", rig->err.message);
}

static inline void
rig_drop(struct rig_part *part)
{
	input_close(&part->part.input);
	buf_fini(&part->line);
	part->is_open = 0;
}

static inline void
rig_close(struct rig *rig)
{
	for (unsigned i = 0; i < rig->count; i++)
		if (rig->part[i].is_open)
			rig_drop(&rig->part[i]);
	rig->def->close(&rig->stream);
	buf_fini(&rig->lines);
}

static inline void
rig_take_bytes(struct rig *rig, struct rig_part *part, const char *bytes,
	size_t size)
{
	buf_add(&part->line, bytes, size);
	for (;;) {
		const char *end = part->line.size == 0 ? NULL :
		    memchr(part->line.bytes, '\n', part->line.size);
		if (end == NULL)
			return;
		size_t line = (size_t)(end - part->line.bytes) + 1;
		buf_add(&rig->lines, part->line.bytes, line);
		memmove(part->line.bytes, part->line.bytes + line,
		    part->line.size - line);
		part->line.size -= line;
		part->position.offset += line;
		part->position.line++;
		part->position.record++;
	}
}

/* Read one part until it waits or ends; were there bytes or an end? */
static inline int
rig_read(struct rig *rig, struct rig_part *part)
{
	char bytes[4096];
	int moved = 0;

	for (;;) {
		ssize_t got = input_read(part->part.input, bytes,
		    rig_read_bytes, &rig->err);
		cr_assert_neq(got, -1, "%s", rig->err.message);
		if (got == INPUT_WAIT)
			return moved;
		moved = 1;
		if (got == 0)
			break;
		rig_take_bytes(rig, part, bytes, (size_t)got);
	}
	if (part->line.size > 0)
		rig_take_bytes(rig, part, "\n", 1);
	rig->def->finished(rig->stream, &part->part);
	rig_drop(part);
	return 1;
}

static inline void
rig_add(struct rig *rig, const struct stream_part *got)
{
	unsigned at = 0;

	for (unsigned i = 0; i < rig->count; i++)
		cr_assert(!rig->part[i].is_open ||
		    rig->part[i].part.split != got->split,
		    "one input of a split at a time");
	while (at < rig->count && rig->part[at].is_open)
		at++;
	cr_assert(at < 64);
	if (at == rig->count)
		rig->count++;
	struct rig_part *part = &rig->part[at];
	memset(part, 0, sizeof(*part));
	part->part = *got;
	part->is_open = 1;
	part->position.line = 1;
	if (got->resumes) {
		part->position = got->position;
		cr_assert_eq(input_seek(got->input, got->position.offset,
		    &rig->err), 0);
	}
}

/* Everything that is there now; the clock stands still. */
static inline void
rig_run(struct rig *rig)
{
	for (;;) {
		struct stream_part part;
		int moved = 0;
		rig->last = rig->def->next(rig->stream, &part, &rig->err);
		if (rig->last == STREAM_FAIL || rig->last == STREAM_END)
			return;
		if (rig->last == STREAM_SPLIT_END)
			rig->splits_ended++;
		if (rig->last == STREAM_INPUT)
			rig_add(rig, &part);
		moved = rig->last != STREAM_WAIT;
		for (unsigned i = 0; i < rig->count; i++)
			if (rig->part[i].is_open)
				moved |= rig_read(rig, &rig->part[i]);
		if (!moved)
			return;
	}
}

/* The same, second after second, until nothing can come any more. */
static inline void
rig_settle(struct rig *rig)
{
	for (unsigned i = 0; i < 8; i++) {
		rig_run(rig);
		rig_pass(1.1);
	}
	rig_run(rig);
}

/* Save, close, open anew and load. */
static inline void
rig_resume(struct rig *rig, const char *const *path, uint32_t count)
{
	struct buf saved = { 0 };
	struct buf lines = rig->lines;
	const struct stream_def *def = rig->def;

	for (unsigned i = 0; i < rig->count; i++)
		if (rig->part[i].is_open)
			def->save(rig->stream, &rig->part[i].part,
			    &rig->part[i].position, &saved);
	def->save(rig->stream, NULL, NULL, &saved);
	rig->lines = (struct buf){ 0 };
	rig_close(rig);
	rig_open(rig, def, path, count, NULL, 0);
	rig->lines = lines;
	cr_assert_eq(def->load(rig->stream, saved.bytes, saved.size,
	    &rig->err), 0, "%s", rig->err.message);
	buf_fini(&saved);
}

static inline void
rig_expect(struct rig *rig, const char *lines)
{
	cr_assert_str_eq(buf_string(&rig->lines), lines);
}

/* --- files --- */

static inline void
rig_folder(void)
{
	char folder[] = "/tmp/sflow-stream-XXXXXX";
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
}

static inline void
rig_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0666);
	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* a.log -> a.log.1 -> ... -> a.log.20 -> gone */
static inline void
rig_rotate(const char *path)
{
	char from[64], to[64];

	for (int i = 19; i > 0; i--) {
		snprintf(from, sizeof(from), "%s.%d", path, i);
		snprintf(to, sizeof(to), "%s.%d", path, i + 1);
		rename(from, to);
	}
	snprintf(to, sizeof(to), "%s.1", path);
	cr_assert_eq(rename(path, to), 0);
}

#endif
