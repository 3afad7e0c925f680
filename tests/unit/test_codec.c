/*
 * Compressed streams: the codecs there and back, in pieces of every size.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include "io/codec.h"
#include "io/decoder.h"
#include "io/encoder.h"
#include "io/input.h"
#include "util/buf.h"
#include "util/err.h"

/* Compressed bytes, handed out `piece` at a time; waits each other time. */
struct tape {
	const struct buf *bytes;
	size_t at, piece;
	int waits;
};

static ssize_t
tape_read(void *cookie, char *bytes, size_t size, struct err *err)
{
	struct tape *tape = cookie;
	size_t left = tape->bytes->size - tape->at;

	(void)err;
	tape->waits = !tape->waits;
	if (tape->waits)
		return INPUT_WAIT;
	size = size < tape->piece ? size : tape->piece;
	size = size < left ? size : left;
	memcpy(bytes, tape->bytes->bytes + tape->at, size);
	tape->at += size;
	return (ssize_t)size;
}

static void
pack(const char *path, const struct buf *plain, enum codec_mode mode,
	struct buf *out)
{
	struct err err = ERR_INIT;
	struct encoder *encoder = encoder_new(codec_of_path(path), path, &err);
	size_t half = plain->size / 2;

	cr_assert_eq(encoder_add(encoder, plain->bytes, half, mode, out,
	    &err), 0);
	cr_assert_eq(encoder_add(encoder, plain->bytes + half,
	    plain->size - half, CODEC_FINISH, out, &err), 0);
	encoder_free(&encoder);
}

/* All that the tape holds: 0, or -1 and the error's text in err. */
static int
unpack_all(const char *path, struct tape *tape, size_t room, struct buf *out,
	struct err *err)
{
	struct decoder *decoder = decoder_new(codec_of_path(path), path,
	    tape_read, tape, err);
	ssize_t got;

	do {
		char *bytes = buf_reserve(out, room);
		got = decoder_read(decoder, bytes, room, err);
		if (got > 0)
			out->size += (size_t)got;
	} while (got > 0 || got == INPUT_WAIT);
	decoder_free(&decoder);
	return (int)got;
}

static void
make_plain(struct buf *plain)
{
	for (int i = 0; i < 3000; i++)
		buf_add_format(plain, "%d,%d\n", i, i * 7919 % 1013);
}

Test(codec, there_and_back)
{
	static const char *const path[] = { "x.gz", "x.zst" };
	static const size_t size[] = { 1, 7, 4096, 1 << 20 };
	struct buf plain = { 0 };

	make_plain(&plain);
	for (int p = 0; p < 2; p++)
		for (int mode = CODEC_RUN; mode <= CODEC_SYNC; mode++) {
			struct buf packed = { 0 };
			pack(path[p], &plain, (enum codec_mode)mode, &packed);
			for (int i = 0; i < 16; i++) {
				struct tape tape = {
					.bytes = &packed, .piece = size[i % 4],
				};
				struct buf out = { 0 };
				struct err err = ERR_INIT;
				cr_assert_eq(unpack_all(path[p], &tape,
				    size[i / 4], &out, &err), 0);
				cr_assert_eq(out.size, plain.size);
				cr_assert_eq(memcmp(out.bytes, plain.bytes,
				    out.size), 0);
				buf_fini(&out);
			}
			buf_fini(&packed);
		}
	buf_fini(&plain);
}

Test(codec, every_cut_is_an_error)
{
	static const char *const path[] = { "x.gz", "x.zst" };
	struct buf plain = { 0 };

	buf_add_string(&plain, "id,n\n1,1\n2,2\n");
	for (int p = 0; p < 2; p++) {
		struct buf packed = { 0 };
		pack(path[p], &plain, CODEC_RUN, &packed);
		size_t whole = packed.size;
		for (packed.size = 0; packed.size < whole; packed.size++) {
			struct tape tape = { .bytes = &packed, .piece = 5 };
			struct buf out = { 0 };
			struct err err = ERR_INIT;
			cr_assert_eq(unpack_all(path[p], &tape, 100, &out,
			    &err), -1, "%s cut at %zu", path[p], packed.size);
			cr_assert_eq(err.kind, ERR_IO);
			err_clear(&err);
			buf_fini(&out);
		}
		buf_fini(&packed);
	}
	buf_fini(&plain);
}

/* What was given with CODEC_SYNC can be read before the end. */
Test(codec, sync_gives_all)
{
	static const char *const path[] = { "x.gz", "x.zst" };

	for (int p = 0; p < 2; p++) {
		struct err err = ERR_INIT;
		struct buf packed = { 0 }, out = { 0 };
		struct encoder *encoder = encoder_new(codec_of_path(path[p]),
		    path[p], &err);
		encoder_add(encoder, "hello\n", 6, CODEC_SYNC, &packed, &err);
		encoder_free(&encoder);
		struct tape tape = { .bytes = &packed, .piece = 100 };
		cr_assert_eq(unpack_all(path[p], &tape, 100, &out, &err), -1);
		cr_assert_eq(out.size, 6);
		err_clear(&err);
		buf_fini(&packed);
		buf_fini(&out);
	}
}

Test(codec, names)
{
	cr_assert_str_eq(codec_of_path("a.b/x.csv.GZ")->name, "gzip");
	cr_assert_null(codec_of_path("a.gz/x"));
	cr_assert_null(codec_of_path("gz"));
}

/* Looking twice shows the same bytes, and they are still to be read. */
Test(codec, peek_twice)
{
	struct err err = ERR_INIT;
	struct input *input = input_memory("abc\ndef", 7);
	const char *bytes;
	size_t size;
	char read[16];

	input_peek(input, 2, &bytes, &size, &err);
	cr_assert_eq(size, 2);
	input_peek(input, 16, &bytes, &size, &err);
	cr_assert_eq(size, 7);
	cr_assert_eq(memcmp(bytes, "abc\ndef", 7), 0);
	cr_assert_eq(input_read(input, read, 16, &err), 7);
	input_close(&input);
}
