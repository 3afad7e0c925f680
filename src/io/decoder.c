/*
 * Reading a compressed stream: frames (gzip's members, xz's streams) one behind
 * another, zeros between and behind them (tapes and xz have such), and nothing
 * else.  Bytes that begin no frame are an error, as is an end in the middle of
 * one: less than there was must never look like all of it.
 *
 *	more() -> in -> codec -> the caller's bytes
 *
 * A codec may keep decoded bytes that found no room, so it is asked again with
 * what it has (`is_dry` is 0) before more is read.
 */
#include "io/decoder.h"

#include <stdint.h>
#include <string.h>

#include "io/codec.h"
#include "util/err.h"
#include "util/mem.h"

/* As a chunk has. */
#define DECODER_BYTES ((size_t)256 << 10)

struct decoder {
	const struct codec_def *codec;
	void *state;
	const char *path;
	decoder_more_f *more;
	void *cookie;
	char *bytes;
	size_t capacity;
	const char *in;
	size_t in_size;
	uint64_t offset;	/* of what comes behind `in` */
	int is_between;		/* frames */
	int is_dry;		/* the codec has no more without input */
	int has_ended;		/* the input */
};

struct decoder *
decoder_new(const struct codec_def *codec, const char *path,
	decoder_more_f *more, void *cookie, struct err *err)
{
	void *state = codec->open();

	if (state == NULL) {
		err_set(err, ERR_IO, "cannot read %s: there is not enough "
		    "memory to decode %s", path, codec->name);
		return NULL;
	}
	struct decoder *decoder = mem_alloc_zero(sizeof(*decoder));
	decoder->codec = codec;
	decoder->state = state;
	decoder->path = path;
	decoder->more = more;
	decoder->cookie = cookie;
	decoder->capacity = DECODER_BYTES;
	decoder->bytes = mem_alloc(DECODER_BYTES);
	decoder->is_dry = 1;
	return decoder;
}

void
decoder_free(struct decoder **take_decoder)
{
	struct decoder *decoder = *take_decoder;

	*take_decoder = NULL;
	if (decoder == NULL)
		return;
	decoder->codec->close(decoder->state);
	mem_free(decoder->bytes);
	mem_free(decoder);
}

void
decoder_feed(struct decoder *decoder, const char *bytes, size_t size)
{
	if (size > decoder->capacity) {
		decoder->bytes = mem_resize(decoder->bytes, size);
		decoder->capacity = size;
	}
	memcpy(decoder->bytes, bytes, size);
	decoder->in = decoder->bytes;
	decoder->in_size = size;
	decoder->offset = size;
}

/* Read more behind what was used up: 1; 0 at the end; or what more() said. */
static ssize_t
fill(struct decoder *decoder, struct err *err)
{
	ssize_t got = decoder->has_ended ? 0 : decoder->more(decoder->cookie,
	    decoder->bytes, decoder->capacity, err);

	if (got < 0)
		return got;
	decoder->has_ended = got == 0;
	decoder->in = decoder->bytes;
	decoder->in_size = (size_t)got;
	decoder->offset += (uint64_t)got;
	return got > 0;
}

static unsigned long long
place(const struct decoder *decoder)
{
	return (unsigned long long)(decoder->offset - decoder->in_size);
}

static int
broken(const struct decoder *decoder, const char *reason, struct err *err)
{
	return err_set(err, ERR_IO, "cannot read %s: its %s data is broken at "
	    "byte %llu: %s", decoder->path, decoder->codec->name,
	    place(decoder), reason);
}

static int
cut_short(const struct decoder *decoder, struct err *err)
{
	return err_set(err, ERR_IO, "cannot read %s: its %s data ends at byte "
	    "%llu, in the middle", decoder->path, decoder->codec->name,
	    place(decoder));
}

/* Go to the next frame: 1; 0: there is none; or what fill() said. */
static ssize_t
next_frame(struct decoder *decoder, struct err *err)
{
	for (;;) {
		while (decoder->in_size > 0 && *decoder->in == '\0') {
			decoder->in++;
			decoder->in_size--;
		}
		if (decoder->in_size > 0)
			break;
		ssize_t got = fill(decoder, err);
		if (got <= 0)
			return got;
	}
	if (decoder->codec->restart(decoder->state) != 0)
		return broken(decoder, "there is not enough memory for more",
		    err);
	decoder->is_between = 0;
	decoder->is_dry = 1;
	return 1;
}

/* Decode until `io` is full or the input used up.  0 or -1. */
static int
step(struct decoder *decoder, struct codec_io *io, struct err *err)
{
	const char *reason = NULL;
	size_t in_before = decoder->in_size, out_before = io->out_size;

	io->in = decoder->in;
	io->in_size = decoder->in_size;
	enum codec_got got = decoder->codec->decode(decoder->state, io,
	    &reason);
	decoder->in = io->in;
	decoder->in_size = io->in_size;
	if (got == CODEC_MORE && in_before > 0 &&
	    io->in_size == in_before && io->out_size == out_before) {
		got = CODEC_BROKEN;
		reason = "it leads nowhere";
	}
	if (got == CODEC_BROKEN)
		return broken(decoder, reason, err);
	decoder->is_between = got == CODEC_END;
	decoder->is_dry = got == CODEC_END || io->out_size > 0;
	return 0;
}

ssize_t
decoder_read(struct decoder *decoder, char *bytes, size_t size,
	struct err *err)
{
	struct codec_io io = { .out = bytes, .out_size = size };

	while (io.out_size > 0) {
		ssize_t got = 1;
		int has_bytes = io.out_size < size;
		if (decoder->in_size == 0 && decoder->is_dry && has_bytes)
			break;
		if (decoder->is_between)
			got = next_frame(decoder, err);
		else if (decoder->in_size == 0 && decoder->is_dry &&
		    (got = fill(decoder, err)) == 0)
			got = cut_short(decoder, err);
		/* What is whole is given first. */
		if (got <= 0 && got != -1 && has_bytes)
			break;
		if (got <= 0)
			return got;
		if (step(decoder, &io, err) != 0)
			return -1;
	}
	return (ssize_t)(size - io.out_size);
}

int
decoder_has(const struct decoder *decoder)
{
	return decoder->in_size > 0 || !decoder->is_dry;
}
