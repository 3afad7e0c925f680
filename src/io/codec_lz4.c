/*
 * LZ4 frames.
 */
#include <lz4frame.h>

#include "io/codec.h"

static void *
lz4_open(void)
{
	LZ4F_dctx *context;

	return LZ4F_isError(LZ4F_createDecompressionContext(&context,
	    LZ4F_VERSION)) ? NULL : context;
}

static enum codec_got
lz4_decode(void *state, struct codec_io *io, const char **reason)
{
	size_t in = io->in_size, out = io->out_size;
	size_t left = LZ4F_decompress(state, io->out, &out, io->in, &in, NULL);

	if (LZ4F_isError(left)) {
		*reason = LZ4F_getErrorName(left);
		return CODEC_BROKEN;
	}
	io->in += in;
	io->in_size -= in;
	io->out += out;
	io->out_size -= out;
	return left == 0 ? CODEC_END : CODEC_MORE;
}

static int
lz4_restart(void *state)
{
	LZ4F_resetDecompressionContext(state);
	return 0;
}

static void
lz4_close(void *state)
{
	LZ4F_freeDecompressionContext(state);
}

const struct codec_def codec_lz4 = {
	.name = "lz4",
	.suffix = "lz4",
	.magic = { { "\x04\x22\x4d\x18", 4 } },
	.open = lz4_open,
	.decode = lz4_decode,
	.restart = lz4_restart,
	.close = lz4_close,
};
