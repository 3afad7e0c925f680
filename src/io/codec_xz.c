/*
 * xz, by liblzma, which checks what the stream has to be checked with.
 */
#include <lzma.h>

#include "io/codec.h"
#include "util/mem.h"

static int
xz_restart(void *state)
{
	/* The largest preset wants 65 MiB; a file may say more. */
	return lzma_stream_decoder(state, UINT64_MAX, 0) == LZMA_OK ? 0 : -1;
}

static void
xz_close(void *state)
{
	lzma_end(state);
	mem_free(state);
}

static void *
xz_open(void)
{
	lzma_stream *stream = mem_alloc_zero(sizeof(*stream));

	if (xz_restart(stream) != 0) {
		xz_close(stream);
		return NULL;
	}
	return stream;
}

static const char *
xz_reason(lzma_ret status)
{
	switch (status) {
	case LZMA_MEM_ERROR:
		return "there is not enough memory for it";
	case LZMA_FORMAT_ERROR:
		return "no xz stream begins so";
	case LZMA_OPTIONS_ERROR:
		return "it has options that are not supported";
	case LZMA_DATA_ERROR:
		return "what it holds does not fit together";
	default:
		return "it cannot be decoded";
	}
}

static enum codec_got
xz_decode(void *state, struct codec_io *io, const char **reason)
{
	lzma_stream *stream = state;

	stream->next_in = (const uint8_t *)io->in;
	stream->avail_in = io->in_size;
	stream->next_out = (uint8_t *)io->out;
	stream->avail_out = io->out_size;
	lzma_ret status = lzma_code(stream, LZMA_RUN);
	io->in = (const char *)stream->next_in;
	io->in_size = stream->avail_in;
	io->out = (char *)stream->next_out;
	io->out_size = stream->avail_out;
	if (status == LZMA_STREAM_END)
		return CODEC_END;
	/* A check that this build of the library does not know is fine. */
	if (status == LZMA_OK || status == LZMA_BUF_ERROR ||
	    status == LZMA_UNSUPPORTED_CHECK)
		return CODEC_MORE;
	*reason = xz_reason(status);
	return CODEC_BROKEN;
}

const struct codec_def codec_xz = {
	.name = "xz",
	.suffix = "xz",
	.magic = { { "\xfd" "7zXZ\0", 6 } },
	.open = xz_open,
	.decode = xz_decode,
	.restart = xz_restart,
	.close = xz_close,
};
