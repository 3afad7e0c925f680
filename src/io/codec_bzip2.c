/*
 * bzip2, which checks every block.
 */
#include <bzlib.h>
#include <limits.h>

#include "io/codec.h"
#include "util/mem.h"

struct bzip2 {
	bz_stream stream;
	int is_open;
};

static int
bzip2_restart(void *state)
{
	struct bzip2 *bzip2 = state;

	if (bzip2->is_open)
		BZ2_bzDecompressEnd(&bzip2->stream);
	bzip2->stream = (bz_stream){ 0 };
	bzip2->is_open = BZ2_bzDecompressInit(&bzip2->stream, 0, 0) == BZ_OK;
	return bzip2->is_open ? 0 : -1;
}

static void
bzip2_close(void *state)
{
	struct bzip2 *bzip2 = state;

	if (bzip2->is_open)
		BZ2_bzDecompressEnd(&bzip2->stream);
	mem_free(bzip2);
}

static void *
bzip2_open(void)
{
	struct bzip2 *bzip2 = mem_alloc_zero(sizeof(*bzip2));

	if (bzip2_restart(bzip2) != 0) {
		bzip2_close(bzip2);
		return NULL;
	}
	return bzip2;
}

static enum codec_got
bzip2_decode(void *state, struct codec_io *io, const char **reason)
{
	bz_stream *stream = &((struct bzip2 *)state)->stream;

	stream->next_in = (char *)(uintptr_t)io->in;
	stream->avail_in = io->in_size < UINT_MAX ? (unsigned)io->in_size :
	    UINT_MAX;
	stream->next_out = io->out;
	stream->avail_out = io->out_size < UINT_MAX ? (unsigned)io->out_size :
	    UINT_MAX;
	int status = BZ2_bzDecompress(stream);
	io->in_size -= (size_t)(stream->next_in - io->in);
	io->in = stream->next_in;
	io->out_size -= (size_t)(stream->next_out - io->out);
	io->out = stream->next_out;
	if (status == BZ_STREAM_END)
		return CODEC_END;
	if (status == BZ_OK)
		return CODEC_MORE;
	*reason = status == BZ_DATA_ERROR_MAGIC ? "no bzip2 stream begins so" :
	    status == BZ_MEM_ERROR ? "there is not enough memory for it" :
	    "what it holds does not fit together";
	return CODEC_BROKEN;
}

const struct codec_def codec_bzip2 = {
	.name = "bzip2",
	.suffix = "bz2",
	/* The first block; the end, if nothing was compressed. */
	.magic = { { "BZh?1AY&SY", 10 }, { "BZh?\x17rE8P\x90", 10 } },
	.open = bzip2_open,
	.decode = bzip2_decode,
	.restart = bzip2_restart,
	.close = bzip2_close,
};
