/*
 * Saved entries: one run of bytes and a list of where each entry begins.  The
 * run moves as it grows, so the list has offsets, not addresses.
 */
#include "state/save.h"

#include <assert.h>

#include "util/buf.h"
#include "util/mem.h"

struct entry {
	uint64_t offset;
	uint64_t size;
	uint32_t key_group;
};

struct save {
	struct buf bytes;
	struct entry *entry;
	uint64_t count;
	uint64_t capacity;
};

struct save *
save_new(void)
{
	return mem_alloc_zero(sizeof(struct save));
}

void
save_free(struct save **take_save)
{
	struct save *save = *take_save;

	if (save == NULL)
		return;
	buf_fini(&save->bytes);
	mem_free(save->entry);
	mem_free(save);
	*take_save = NULL;
}

void
save_put(struct save *save, uint32_t key_group, const void *bytes, size_t size)
{
	if (save->count == save->capacity) {
		save->capacity = save->capacity == 0 ? 16 : save->capacity * 2;
		save->entry = mem_resize(save->entry,
		    save->capacity * sizeof(*save->entry));
	}
	save->entry[save->count++] = (struct entry){ save->bytes.size, size,
	    key_group };
	buf_add(&save->bytes, bytes, size);
}

void
save_put_all(struct save *save, const struct save *from, const void *head,
	size_t head_size)
{
	for (uint64_t i = 0; i < from->count; i++) {
		const struct entry *entry = &from->entry[i];
		save_put(save, entry->key_group, head, head_size);
		save->entry[save->count - 1].size += entry->size;
		buf_add(&save->bytes, from->bytes.bytes + entry->offset,
		    entry->size);
	}
}

uint64_t
save_count(const struct save *save)
{
	return save->count;
}

uint64_t
save_bytes(const struct save *save)
{
	return save->bytes.size;
}

const char *
save_entry(const struct save *save, uint64_t index, uint32_t *key_group,
	size_t *size)
{
	assert(index < save->count);
	const struct entry *entry = &save->entry[index];
	*key_group = entry->key_group;
	*size = entry->size;
	return entry->size > 0 ? save->bytes.bytes + entry->offset : "";
}
