/*
 * A set of keys in two blocks: the keys one after the other, and a table of
 * their numbers plus one, open addressing, at most half full.  Groups with a
 * handful of keys are common: up to SMALL_MAX there is no table.
 */
#include "func/agg_keys.h"

#include <string.h>

#include "util/bits.h"
#include "util/hash.h"

#define SMALL_MAX 8
#define SLOTS_MIN 32
/* Numbers plus one fit 32 bits, and so do twice as many slots. */
#define COUNT_MAX (UINT32_MAX / 4)

static uint64_t
key_hash(const struct text *key)
{
	uint64_t words[2];

	if (key->size > TEXT_INLINE_MAX)
		return hash_bytes(key->bytes, key->size);
	memcpy(words, key, sizeof(words));
	return hash_mix(words[0], words[1]);
}

static int64_t
keys_find_small(const struct agg_keys *keys, const struct text *key)
{
	for (uint32_t i = 0; i < keys->count; i++)
		if (text_equal(&keys->keys[i].text, key))
			return i;
	return -1;
}

/* The slot of the key, or the empty one where it would go. */
static uint32_t *
keys_slot(const struct agg_keys *keys, const struct text *key, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & keys->mask;

	while (keys->slots[at] != 0) {
		const struct agg_key *other = &keys->keys[keys->slots[at] - 1];
		if (other->hash == hash && text_equal(&other->text, key))
			break;
		at = (at + 1) & keys->mask;
	}
	return &keys->slots[at];
}

/* More slots, so that one more key leaves half of them free. */
static int
keys_grow_slots(struct agg_call *call, struct agg_keys *keys, int always)
{
	size_t count = keys->slots == NULL ? SLOTS_MIN :
	    ((size_t)keys->mask + 1) * 2;
	uint32_t *slots = always ? agg_grow_always(call, NULL,
	    count * sizeof(*slots)) : agg_grow(call, NULL,
	    count * sizeof(*slots));

	if (slots == NULL)
		return -1;
	memset(slots, 0, count * sizeof(*slots));
	agg_release(call, keys->slots);
	keys->slots = slots;
	keys->mask = (uint32_t)(count - 1);
	for (uint32_t i = 0; i < keys->count; i++) {
		uint32_t at = (uint32_t)keys->keys[i].hash & keys->mask;
		while (slots[at] != 0)
			at = (at + 1) & keys->mask;
		slots[at] = i + 1;
	}
	return 0;
}

/* Room for one more key and its slot. */
static int
keys_grow(struct agg_call *call, struct agg_keys *keys, int always)
{
	size_t used = keys->count * sizeof(*keys->keys);

	if (keys->count == COUNT_MAX)
		return -1;
	if (used + sizeof(*keys->keys) > agg_block_bytes(keys->keys)) {
		size_t bytes = used == 0 ? 2 * sizeof(*keys->keys) : used * 2;
		struct agg_key *grown = always ?
		    agg_grow_always(call, keys->keys, bytes) :
		    agg_grow(call, keys->keys, bytes);
		if (grown == NULL)
			return -1;
		keys->keys = grown;
	}
	if (keys->count < SMALL_MAX ||
	    (keys->slots != NULL && keys->count < keys->mask / 2))
		return 0;
	return keys_grow_slots(call, keys, always);
}

int64_t
agg_keys_add(struct agg_call *call, struct agg_keys *keys,
	const struct text *key, int always)
{
	uint64_t hash = key_hash(key);
	int64_t found = keys->slots == NULL ? keys_find_small(keys, key) :
	    (int64_t)*keys_slot(keys, key, hash) - 1;

	if (found >= 0)
		return found;
	if (keys_grow(call, keys, always) != 0)
		return -1;
	struct agg_key *added = &keys->keys[keys->count];
	added->text = *key;
	added->hash = hash;
	if (key->size > TEXT_INLINE_MAX) {
		char *bytes = always ? agg_grow_always(call, NULL, key->size) :
		    agg_grow(call, NULL, key->size);
		if (bytes == NULL)
			return -1;
		memcpy(bytes, key->bytes, key->size);
		added->text.bytes = bytes;
	}
	if (keys->slots != NULL)
		*keys_slot(keys, key, hash) = keys->count + 1;
	return keys->count++;
}

void
agg_keys_free(struct agg_call *call, struct agg_keys *keys)
{
	for (uint32_t i = 0; i < keys->count; i++)
		if (keys->keys[i].text.size > TEXT_INLINE_MAX)
			agg_release(call,
			    (char *)(uintptr_t)keys->keys[i].text.bytes);
	agg_release(call, keys->keys);
	agg_release(call, keys->slots);
	memset(keys, 0, sizeof(*keys));
}
