/*
 * Positions of streams, as a checkpoint has them: any bytes are taken or
 * refused with a sentence, and what was taken is saved so that it is taken
 * again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/stream.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct stream *
open_one(const struct stream_def *def)
{
	static const char *const path[] = { "a*", "/nowhere/b" };
	static const char *const address[] = { ":0" };
	int is_tail = strcmp(def->name, "tail") == 0;
	struct err err = ERR_INIT;

	return def->open(is_tail ? path : address, is_tail ? 2 : 1, NULL, 0,
	    &err);
}

static void
load(const struct stream_def *def, const char *bytes, size_t size)
{
	struct stream *stream = open_one(def);
	struct err err = ERR_INIT;
	struct buf saved = { 0 };

	int status = def->load(stream, bytes, size, &err);
	if ((status == 0) != (err.kind == ERR_NONE))
		abort();
	if (status == 0)
		def->save(stream, NULL, NULL, &saved);
	def->close(&stream);
	if (status == 0) {
		stream = open_one(def);
		if (def->load(stream, saved.bytes, saved.size, &err) != 0)
			abort();
		def->close(&stream);
	}
	buf_fini(&saved);
}

/* A payload with a sum that is right, so that what is behind it is reached. */
static void
load_sealed(const struct stream_def *def, uint64_t magic, const char *bytes,
	size_t size)
{
	struct buf entry = { 0 };

	pack_u64(&entry, magic);
	pack_u64(&entry, hash_bytes(bytes, size));
	pack_bytes(&entry, bytes, size);
	load(def, entry.bytes, entry.size);
	buf_fini(&entry);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;

	load(stream_find("tail", 4), bytes, size);
	load(stream_find("tcp", 3), bytes, size);
	load_sealed(stream_find("tail", 4), 0x016c696174u, bytes, size);
	load_sealed(stream_find("tcp", 3), 0x01706374u, bytes, size);
	return 0;
}
