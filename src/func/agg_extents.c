/*
 * Extents of states on disk.
 */
#include "func/agg_extents.h"

#include <string.h>

#include "util/buf.h"
#include "util/err.h"

static void
extents_reserve(struct agg_call *call, struct agg_extents *extents,
	uint64_t more)
{
	size_t bytes = (size_t)(extents->count + more) *
	    sizeof(*extents->extent);

	if (bytes > agg_block_bytes(extents->extent))
		extents->extent = agg_grow_always(call, extents->extent,
		    bytes * 2);
}

int
agg_extents_end(struct agg_call *call, struct agg_extents *extents,
	uint64_t things, struct err *err)
{
	struct agg_disk *disk = call->disk;
	uint64_t from = disk->place;

	if (disk->cut(disk, &disk->place, err) != 0)
		return -1;
	extents_reserve(call, extents, 1);
	extents->extent[extents->count++] = (struct agg_extent){
		.disk = disk, .from = from, .to = disk->place,
		.things = things,
	};
	return 0;
}

void
agg_extents_merge(struct agg_call *call, struct agg_extents *target,
	const struct agg_extents *source)
{
	if (source->count == 0)
		return;
	extents_reserve(call, target, source->count);
	memcpy(target->extent + target->count, source->extent,
	    (size_t)source->count * sizeof(*source->extent));
	target->count += source->count;
}

uint64_t
agg_extents_things(const struct agg_extents *extents)
{
	uint64_t things = 0;

	for (uint64_t i = 0; i < extents->count; i++)
		things += extents->extent[i].things;
	return things;
}

void
agg_extents_save(const struct agg_extents *extents, struct buf *buf)
{
	agg_save_word(buf, extents->count);
	for (uint64_t i = 0; i < extents->count; i++) {
		agg_save_word(buf, (uintptr_t)extents->extent[i].disk);
		agg_save_word(buf, extents->extent[i].from);
		agg_save_word(buf, extents->extent[i].to);
		agg_save_word(buf, extents->extent[i].things);
	}
}

int
agg_extents_load(struct agg_call *call, struct agg_extents *extents,
	const char **at, const char *end)
{
	uint64_t count, disk = 0;

	if (agg_load_count(at, end, 32, &count) != 0 ||
	    (count > 0 && call->disk == NULL))
		return -1;
	if (count > 0)
		extents_reserve(call, extents, count);
	for (; count > 0; count--) {
		struct agg_extent *extent =
		    &extents->extent[extents->count++];
		agg_load_word(at, end, &disk);
		extent->disk = (struct agg_disk *)(uintptr_t)disk;
		agg_load_word(at, end, &extent->from);
		agg_load_word(at, end, &extent->to);
		agg_load_word(at, end, &extent->things);
	}
	return 0;
}

void
agg_extents_free(struct agg_call *call, struct agg_extents *extents)
{
	agg_release(call, extents->extent);
	*extents = (struct agg_extents){ 0 };
}

static int
read_thing(struct agg_call *call, const struct agg_extent *extent,
	void *reader, struct buf *buf, agg_thing_f *take, void *cookie,
	struct err *err)
{
	struct agg_disk *disk = extent->disk;
	uint32_t size;

	if (disk->read(reader, &size, sizeof(size), err) != sizeof(size))
		return -1;
	buf->size = 0;
	buf_reserve(buf, (size_t)size + 1);
	if (disk->read(reader, buf->bytes, size, err) != (long)size)
		return -1;
	return take(call, cookie, buf->bytes, size);
}

int
agg_extent_read(struct agg_call *call, const struct agg_extent *extent,
	agg_thing_f *take, void *cookie, struct err *err)
{
	struct agg_disk *disk = extent->disk;
	void *reader = disk->open(disk, call->disk, extent->from, extent->to);
	struct buf buf = { 0 };
	int status = 0;

	for (uint64_t i = 0; i < extent->things && status == 0; i++)
		status = read_thing(call, extent, reader, &buf, take, cookie,
		    err);
	disk->close(reader);
	buf_fini(&buf);
	return status == 0 || err->kind != ERR_NONE ? status :
	    err_set(err, ERR_IO, "a temporary file ends too early");
}
