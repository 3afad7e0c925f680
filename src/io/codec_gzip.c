/*
 * gzip, by zlib, which checks the length and the CRC of every member.
 */
#include <limits.h>
#include <zlib.h>

#include "io/codec.h"
#include "util/mem.h"

/* zlib's window bits, plus 16: a gzip header and trailer. */
#define GZIP_BITS (15 + 16)
#define GZIP_LEVEL 6
#define GZIP_MEMORY 8

/* A size for zlib, which counts in unsigned ints. */
static unsigned
gzip_size(size_t size)
{
	return size < UINT_MAX ? (unsigned)size : UINT_MAX;
}

static void
gzip_begin(z_stream *z, const struct codec_io *io)
{
	z->next_in = (Bytef *)(uintptr_t)io->in;
	z->avail_in = gzip_size(io->in_size);
	z->next_out = (Bytef *)io->out;
	z->avail_out = gzip_size(io->out_size);
}

static void
gzip_end(const z_stream *z, struct codec_io *io)
{
	io->in_size -= (size_t)((const char *)z->next_in - io->in);
	io->in = (const char *)z->next_in;
	io->out_size -= (size_t)((char *)z->next_out - io->out);
	io->out = (char *)z->next_out;
}

static void *
gzip_open(void)
{
	z_stream *z = mem_alloc_zero(sizeof(*z));

	if (inflateInit2(z, GZIP_BITS) != Z_OK) {
		mem_free(z);
		return NULL;
	}
	return z;
}

static enum codec_got
gzip_decode(void *state, struct codec_io *io, const char **reason)
{
	z_stream *z = state;

	gzip_begin(z, io);
	int status = inflate(z, Z_NO_FLUSH);
	gzip_end(z, io);
	if (status == Z_STREAM_END)
		return CODEC_END;
	if (status == Z_OK || status == Z_BUF_ERROR)
		return CODEC_MORE;
	*reason = z->msg != NULL ? z->msg : zError(status);
	return CODEC_BROKEN;
}

static int
gzip_restart(void *state)
{
	return inflateReset(state) == Z_OK ? 0 : -1;
}

static void
gzip_close(void *state)
{
	inflateEnd(state);
	mem_free(state);
}

static void *
gzip_write_open(void)
{
	z_stream *z = mem_alloc_zero(sizeof(*z));

	if (deflateInit2(z, GZIP_LEVEL, Z_DEFLATED, GZIP_BITS, GZIP_MEMORY,
	    Z_DEFAULT_STRATEGY) != Z_OK) {
		mem_free(z);
		return NULL;
	}
	return z;
}

static enum codec_got
gzip_encode(void *state, struct codec_io *io, enum codec_mode mode,
	const char **reason)
{
	static const int flush[] = { Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH };
	z_stream *z = state;

	gzip_begin(z, io);
	int status = deflate(z, flush[mode]);
	gzip_end(z, io);
	if (status == Z_STREAM_ERROR) {
		*reason = zError(status);
		return CODEC_BROKEN;
	}
	if (mode == CODEC_FINISH)
		return status == Z_STREAM_END ? CODEC_END : CODEC_MORE;
	return io->in_size == 0 && io->out_size > 0 ? CODEC_END : CODEC_MORE;
}

static void
gzip_write_close(void *state)
{
	deflateEnd(state);
	mem_free(state);
}

const struct codec_def codec_gzip = {
	.name = "gzip",
	.suffix = "gz",
	.magic = { { "\x1f\x8b\x08", 3 } },
	.open = gzip_open,
	.decode = gzip_decode,
	.restart = gzip_restart,
	.close = gzip_close,
	.write_open = gzip_write_open,
	.encode = gzip_encode,
	.write_close = gzip_write_close,
};
