/*
 * Writing a compressed stream: one frame from the first byte to
 * CODEC_FINISH.
 */
#include "io/encoder.h"

#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

/* At least so much room for each step; what a codec gives at once. */
#define ENCODER_ROOM ((size_t)64 << 10)

struct encoder {
	const struct codec_def *codec;
	void *state;
	const char *path;
};

struct encoder *
encoder_new(const struct codec_def *codec, const char *path, struct err *err)
{
	void *state = codec->write_open();

	if (state == NULL) {
		err_set(err, ERR_IO, "cannot write %s: there is not enough "
		    "memory for %s", path, codec->name);
		return NULL;
	}
	struct encoder *encoder = mem_alloc_zero(sizeof(*encoder));
	encoder->codec = codec;
	encoder->state = state;
	encoder->path = path;
	return encoder;
}

void
encoder_free(struct encoder **take_encoder)
{
	struct encoder *encoder = *take_encoder;

	*take_encoder = NULL;
	if (encoder == NULL)
		return;
	encoder->codec->write_close(encoder->state);
	mem_free(encoder);
}

int
encoder_add(struct encoder *encoder, const char *bytes, size_t size,
	enum codec_mode mode, struct buf *out, struct err *err)
{
	struct codec_io io = { .in = bytes, .in_size = size };
	const char *reason = NULL;
	enum codec_got got;

	do {
		io.out = buf_reserve(out, ENCODER_ROOM);
		io.out_size = ENCODER_ROOM;
		got = encoder->codec->encode(encoder->state, &io, mode,
		    &reason);
		out->size += ENCODER_ROOM - io.out_size;
	} while (got == CODEC_MORE);
	if (got == CODEC_END)
		return 0;
	return err_set(err, ERR_IO, "cannot write %s: %s", encoder->path,
	    reason);
}
