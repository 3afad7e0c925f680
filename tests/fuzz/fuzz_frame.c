/*
 * Frames: any bytes give a sound batch or an error.  So that mutations come
 * past the checksums, each input is also read with its hashes made right.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"
#include "data/frame_priv.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(int condition)
{
	if (!condition)
		abort();
}

static void
read_frames(const char *bytes, size_t size)
{
	struct frame_reader *reader = frame_reader_new("peer");
	struct err err = ERR_INIT;
	struct batch *batch = NULL;
	struct buf buf = { 0 };
	size_t used;

	while (frame_read(reader, bytes, size, &used, &batch, &err) == 0) {
		require(used >= FRAME_HEAD_BYTES && used <= size);
		batch_verify(batch);
		buf.size = 0;
		frame_write(batch, FRAME_PLAIN, &buf);
		batch_free(&batch);
		bytes += used;
		size -= used;
	}
	require(batch == NULL && err.message[0] != '\0');
	frame_reader_free(&reader);
	buf_fini(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct frame_head head;

	read_frames((const char *)bytes, size);
	if (size < sizeof(head))
		return 0;
	char *copy = malloc(size);
	memcpy(copy, bytes, size);
	memcpy(&head, copy, sizeof(head));
	head.magic = FRAME_MAGIC;
	head.version = FRAME_VERSION;
	head.zero = 0;
	head.stored_bytes = (size - sizeof(head)) & ~(size_t)7;
	if (head.packing == FRAME_PLAIN)
		head.body_bytes = head.stored_bytes;
	head.stored_hash = hash_bytes(copy + sizeof(head), head.stored_bytes);
	head.head_hash = hash_bytes(&head, offsetof(struct frame_head,
	    head_hash));
	memcpy(copy, &head, sizeof(head));
	read_frames(copy, size);
	free(copy);
	return 0;
}
