/*
 * Compressed streams and archives.  The first byte chooses the size of small
 * pieces, the rest is the file.  It is read to its end or to an error: twice,
 * in large and in small pieces, and both must come to the same.  An archive is
 * taken apart, every member read.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/input.h"
#include "io/members.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Few bytes may become very many: enough is enough. */
#define OUT_BYTES_MAX ((size_t)1 << 20)

static void
require(int truth)
{
	if (!truth)
		abort();
}

static int
read_all(struct input *input, size_t piece, struct buf *out)
{
	struct err err = ERR_INIT;
	char bytes[4096];
	ssize_t got;

	while (out->size < OUT_BYTES_MAX && (got = input_read(input, bytes,
	    piece, &err)) != 0) {
		if (got < 0) {
			require(err.kind == ERR_IO);
			err_clear(&err);
			return -1;
		}
		require((size_t)got <= piece);
		buf_add(out, bytes, (size_t)got);
	}
	return 0;
}

static void
read_members(const char *path)
{
	struct err err = ERR_INIT;
	struct input *input = input_open(path, &err);
	const char *name;
	size_t total = 0;

	require(input != NULL);
	int is_archive = input_is_archive(input, &err);
	if (is_archive != 1) {
		require(is_archive == 0 || err.kind == ERR_IO);
		err_clear(&err);
		input_close(&input);
		return;
	}
	struct members *members = members_open(input, &err);
	while (members != NULL && total < OUT_BYTES_MAX &&
	    members_next(members, &name, &err) == 1) {
		struct buf out = { 0 };
		struct input *member = members_input(members, name);
		read_all(member, 4096, &out);
		total += out.size + 1;
		buf_fini(&out);
		input_close(&member);
	}
	require(err.kind == ERR_NONE || err.kind == ERR_IO);
	err_clear(&err);
	members_close(&members);
}

static int
read_path(const char *path, size_t piece, struct buf *out)
{
	struct err err = ERR_INIT;
	struct input *input = input_open(path, &err);

	require(input != NULL);
	input_allow_archive(input);
	int status = read_all(input, piece, out);
	input_close(&input);
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct buf large = { 0 }, small = { 0 };
	char path[64];

	if (size == 0)
		return 0;
	snprintf(path, sizeof(path), "/tmp/fuzz-pack-%d", (int)getpid());
	FILE *file = fopen(path, "w");
	require(file != NULL);
	require(fwrite(bytes + 1, 1, size - 1, file) == size - 1);
	require(fclose(file) == 0);

	int status = read_path(path, 4096, &large);
	require(read_path(path, bytes[0] % 32 + 1u, &small) == status ||
	    large.size >= OUT_BYTES_MAX);
	/* Before an error different numbers of bytes may have been given. */
	size_t common = large.size < small.size ? large.size : small.size;
	require(common == 0 || memcmp(large.bytes, small.bytes, common) == 0);
	require(status != 0 || common == OUT_BYTES_MAX ||
	    large.size >= OUT_BYTES_MAX || large.size == small.size);
	read_members(path);
	remove(path);
	buf_fini(&large);
	buf_fini(&small);
	return 0;
}
