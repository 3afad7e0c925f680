/*
 * Zstandard: frames, and among them skippable ones.
 */
#include <zstd.h>

#include "io/codec.h"

#define ZSTD_LEVEL 3
/* `zstd --long=31` writes such windows; the library's limit is 27. */
#define ZSTD_WINDOW_BITS 31

static void *
zstd_open(void)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();

	if (context != NULL)
		ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax,
		    ZSTD_WINDOW_BITS);
	return context;
}

static enum codec_got
zstd_decode(void *state, struct codec_io *io, const char **reason)
{
	ZSTD_inBuffer in = { io->in, io->in_size, 0 };
	ZSTD_outBuffer out = { io->out, io->out_size, 0 };
	size_t left = ZSTD_decompressStream(state, &out, &in);

	io->in += in.pos;
	io->in_size -= in.pos;
	io->out += out.pos;
	io->out_size -= out.pos;
	if (!ZSTD_isError(left))
		return left == 0 ? CODEC_END : CODEC_MORE;
	*reason = ZSTD_getErrorName(left);
	return CODEC_BROKEN;
}

static int
zstd_restart(void *state)
{
	return ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only)) ?
	    -1 : 0;
}

static void
zstd_close(void *state)
{
	ZSTD_freeDCtx(state);
}

static void *
zstd_write_open(void)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();

	if (context == NULL)
		return NULL;
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	return context;
}

static enum codec_got
zstd_encode(void *state, struct codec_io *io, enum codec_mode mode,
	const char **reason)
{
	static const ZSTD_EndDirective directive[] = {
		ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end,
	};
	ZSTD_inBuffer in = { io->in, io->in_size, 0 };
	ZSTD_outBuffer out = { io->out, io->out_size, 0 };
	size_t left = ZSTD_compressStream2(state, &out, &in, directive[mode]);

	io->in += in.pos;
	io->in_size -= in.pos;
	io->out += out.pos;
	io->out_size -= out.pos;
	if (ZSTD_isError(left)) {
		*reason = ZSTD_getErrorName(left);
		return CODEC_BROKEN;
	}
	if (mode == CODEC_RUN)
		return io->in_size == 0 ? CODEC_END : CODEC_MORE;
	return left == 0 ? CODEC_END : CODEC_MORE;
}

static void
zstd_write_close(void *state)
{
	ZSTD_freeCCtx(state);
}

const struct codec_def codec_zstd = {
	.name = "zstd",
	.suffix = "zst",
	/* A frame; the one to be skipped that pzstd puts before the others. */
	.magic = { { "\x28\xb5\x2f\xfd", 4 }, { "P\x2a\x4d\x18", 4 } },
	.open = zstd_open,
	.decode = zstd_decode,
	.restart = zstd_restart,
	.close = zstd_close,
	.write_open = zstd_write_open,
	.encode = zstd_encode,
	.write_close = zstd_write_close,
};
