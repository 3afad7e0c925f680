/*
 * Dealing entries to buckets.
 *
 * Buckets are made so small that one is sorted in the second-level cache.
 * Their bounds are quantiles of a sample, so that they are about equal however
 * values cluster; a value that is several quantiles at once stands alone.
 * Entries find their bucket by a binary search without branches.
 *
 * Words are the first 8 bytes of keys.  Where many keys have them in common
 * ("garden round steel", "garden round table") words say little, and rows had
 * to be visited in their order, which is none in memory, as often as 8 bytes
 * more are compared.  So a word that many samples have is a node of its own,
 * with bounds for the next 8 bytes, and so on:
 *
 *	root	... | garden r | ...
 *	               |
 *	node	        ... | ound ste | ound tab | ...
 *	                       |
 *	node	                 ... | el 0 0 4 41 | ...
 *
 * Between two bounds keys begin alike: these bits are known from the place in
 * the tree.  The places of a bucket are numbered (codes), and an entry's word
 * becomes code | what its key has behind the bits that are known.  Rows are
 * visited as entries are dealt, in the order in which they lie.
 *
 *	key	|<------- words of nodes above ------->|<- skip ->|<--------->|
 *	word	                                            | code | 64 - bits |
 *
 * The first word of a key is nowhere but in its entry, so where the root's
 * slots have fewer bits in common than the codes of a bucket take, the bucket
 * ends.
 */
#include "op/sort_split.h"

#include <assert.h>
#include <string.h>

#include "util/bits.h"
#include "util/mem.h"

/* Samples of one word that make a node of it, and their part of all without
 * which no node is worth the visits to all rows. */
#define HEAVY 4
#define HEAVY_PART 4
/* Words of a key that are looked at, and nodes. */
#define LEVELS_MAX 32
#define NODES_MAX 16384
#define CODES_MAX 256
/* Of the bits that a few samples have in common, those that others may not. */
#define DOUBT_BITS 4

/*
 * A node is words one behind the other, so that those with few slots, which are
 * most, are in one line of the cache:
 *
 *	depth | 2^depth - 1 bounds | 2^depth slots
 *
 * Slot i is for the words above bound i - 1 up to bound i; of slots that are
 * none the bounds are ~0.
 */
#define NODE_WORDS 8

struct sort_slot {
	union {
		uint32_t node;		/* below: where, in NODE_WORDS */
		struct {
			uint16_t bucket, code;
		};
	};
	uint8_t is_node;	/* or a place in a bucket */
	uint8_t bits;		/* of the bucket's codes */
	uint8_t skip;		/* bits that all words have in common */
};

_Static_assert(sizeof(struct sort_slot) == sizeof(uint64_t), "one word");

/* What is known of the keys of a place. */
struct sort_code {
	uint64_t word;		/* the bits of the first word */
	uint32_t level;
	uint32_t skip;
};

struct sort_codes {
	uint32_t first, bits;
};

/* --- the tree --- */

/* A slot that is made: its last word, how many samples, the node below. */
struct draft {
	uint64_t last;
	uint32_t samples;
	uint32_t node;
};

struct tree {
	struct sort_split *split;
	const struct sort_keys *keys;
	const struct sort_entry *sample;
	uint64_t *word;		/* of each sample, at some level */
	uint32_t *weight;	/* of each slot: samples */
	uint32_t nodes;
	uint32_t used, room;	/* NODE_WORDS of all nodes */
	uint32_t slot_count;
	struct draft *draft;	/* of the nodes that are being made */
	uint32_t draft_count;
	uint32_t full;		/* samples of a bucket */
	int has_levels;
};

static void
draft_add(struct tree *tree, uint64_t last, uint32_t samples,
	uint32_t node)
{
	uint32_t count = tree->draft_count;

	if ((count & (count - 1)) == 0)
		tree->draft = mem_resize(tree->draft, (count == 0 ? 1 :
		    (size_t)count * 2) * sizeof(*tree->draft));
	tree->draft[tree->draft_count++] = (struct draft){ last, samples,
		node };
}

static size_t
run_end(const struct tree *tree, size_t from, size_t to)
{
	size_t end = from + 1;

	while (end < to && tree->word[end] == tree->word[from])
		end++;
	return end;
}

static void
load_words(struct tree *tree, size_t from, size_t to, uint32_t level)
{
	for (size_t i = from; i < to; i++) {
		const struct sort_entry *entry = &tree->sample[i];
		uint32_t size;
		if (level == 0) {
			tree->word[i] = entry->word;
			continue;
		}
		const char *rest = sort_keys_rest(tree->keys, entry->ref,
		    &size);
		tree->word[i] = key_rest_word(tree->keys->cut, rest,
		    size, (level - 1) * 8);
	}
}

/* Does the key go on behind that level? */
static int
goes_on(const struct tree *tree, size_t sample, uint32_t level)
{
	uint32_t size;

	(void)sort_keys_rest(tree->keys, tree->sample[sample].ref, &size);
	return size > level * 8;
}

static int
is_heavy(const struct tree *tree, size_t from, size_t to,
	uint32_t level)
{
	/* Of keys that are alike so far one that has ended is first or last. */
	return to - from >= HEAVY && tree->has_levels &&
	    level + 1 < LEVELS_MAX && tree->nodes < NODES_MAX &&
	    (goes_on(tree, from, level) || goes_on(tree, to - 1, level));
}

/* Is so much of the first words the same that it pays to look further? */
static int
wants_levels(struct tree *tree, size_t count)
{
	size_t heavy = 0;

	tree->has_levels = 1;
	for (size_t at = 0; at < count;) {
		size_t end = run_end(tree, at, count);
		if (is_heavy(tree, at, end, 0))
			heavy += end - at;
		at = end;
	}
	return heavy > count / HEAVY_PART;
}

/* One slot below the root, and a few samples: around those is nothing. */
static void
draft_narrow(struct tree *tree, uint64_t first, uint64_t last)
{
	struct draft *all = &tree->draft[tree->draft_count - 1];
	uint32_t samples = all->samples;
	unsigned alike = first == last ? 64 :
	    (unsigned)__builtin_clzll(first ^ last);

	if (alike < 64)
		alike = alike > DOUBT_BITS ? alike - DOUBT_BITS : 0;
	if (alike == 0)
		return;
	uint64_t others = alike == 64 ? 0 : UINT64_MAX >> alike;
	tree->draft_count--;
	if ((first & ~others) > 0)
		draft_add(tree, (first & ~others) - 1, 0, 0);
	draft_add(tree, first | others, samples, 0);
	if ((first | others) < UINT64_MAX)
		draft_add(tree, UINT64_MAX, 0, 0);
}

static inline uint64_t *
node_at(const struct sort_split *split, uint32_t node)
{
	return split->node + (size_t)node * NODE_WORDS;
}

static void
tree_reserve(struct tree *tree)
{
	if (tree->used <= tree->room)
		return;
	tree->room = (uint32_t)bits_power_of_two(tree->used);
	size_t words = (size_t)tree->room * NODE_WORDS;
	tree->split->node = mem_resize(tree->split->node,
	    words * sizeof(uint64_t));
	tree->weight = mem_resize(tree->weight,
	    words * sizeof(*tree->weight));
}

/* The drafts from `base` on become a node: where it is. */
static uint32_t
node_add(struct tree *tree, uint32_t base)
{
	struct sort_split *split = tree->split;
	const struct draft *draft = tree->draft + base;
	uint32_t count = tree->draft_count - base, number = tree->used;
	size_t slots = bits_power_of_two(count);

	tree->used += (uint32_t)((2 * slots + NODE_WORDS - 1) / NODE_WORDS);
	tree_reserve(tree);
	uint64_t *node = node_at(split, number);
	node[0] = bits_highest(slots);
	for (size_t i = 0; i + 1 < slots; i++)
		node[1 + i] = i < count ? draft[i].last : UINT64_MAX;
	for (size_t i = 0; i < slots; i++) {
		struct sort_slot slot = { 0 };
		if (i < count && draft[i].node != 0) {
			slot.node = draft[i].node;
			slot.is_node = 1;
		}
		memcpy(node + slots + i, &slot, sizeof(slot));
		tree->weight[(size_t)number * NODE_WORDS + slots + i] =
		    i < count ? draft[i].samples : 0;
	}
	tree->slot_count += count;
	tree->draft_count = base;
	return number;
}

static uint32_t
node_make(struct tree *tree, size_t from, size_t to, uint32_t level)
{
	uint32_t base = tree->draft_count, light = 0;

	tree->nodes++;
	load_words(tree, from, to, level);
	uint64_t first = from < to ? tree->word[from] : 0;
	uint64_t last = from < to ? tree->word[to - 1] : 0;
	for (size_t at = from; at < to;) {
		size_t end = run_end(tree, at, to);
		uint32_t samples = (uint32_t)(end - at), below = 0;
		uint64_t word = tree->word[at];
		if (is_heavy(tree, at, end, level))
			below = node_make(tree, at, end, level + 1);
		at = end;
		if (below == 0 && samples < tree->full) {
			light += samples;
			if (light < tree->full)
				continue;
			draft_add(tree, word, light, 0);
		} else {
			if (word > 0 && (tree->draft_count == base ||
			    tree->draft[tree->draft_count - 1].last <
			    word - 1))
				draft_add(tree, word - 1, light, 0);
			draft_add(tree, word, samples, below);
		}
		light = 0;
	}
	if (tree->draft_count == base ||
	    tree->draft[tree->draft_count - 1].last < UINT64_MAX)
		draft_add(tree, UINT64_MAX, light, 0);
	if (level > 0 && tree->draft_count == base + 1)
		draft_narrow(tree, first, last);
	return node_add(tree, base);
}

/* --- buckets --- */

/* The bucket that is being filled. */
struct filling {
	uint32_t samples;
	uint32_t codes;
	uint32_t skip;		/* the least of the root's slots; else 64 */
	int is_closed;
	uint32_t code_count;	/* of all */
};

static unsigned
code_bits(uint32_t codes)
{
	return bits_highest(bits_power_of_two(codes));
}

static void
filling_end(struct tree *tree, struct filling *filling)
{
	struct sort_split *split = tree->split;

	assert(split->count < UINT16_MAX);
	split->codes[split->count++].bits = code_bits(filling->codes);
	split->codes[split->count].first = filling->code_count;
	filling->samples = filling->codes = 0;
	filling->skip = 64;
	filling->is_closed = 0;
}

/* A place is the next of the bucket, or the first of another. */
static void
place_add(struct tree *tree, struct filling *filling,
	const struct sort_code *code, uint32_t samples,
	struct sort_slot *slot)
{
	struct sort_split *split = tree->split;
	uint32_t skip = code->level == 0 && code->skip < filling->skip ?
	    code->skip : filling->skip;

	if (filling->codes > 0 && (filling->is_closed ||
	    samples >= tree->full || filling->codes == CODES_MAX ||
	    (samples > 0 && filling->samples + samples > tree->full) ||
	    (tree->has_levels && code_bits(filling->codes + 1) > skip))) {
		filling_end(tree, filling);
		skip = code->level == 0 ? code->skip : 64;
	}
	filling->skip = skip;
	filling->is_closed = samples >= tree->full;
	filling->samples += samples;
	slot->bucket = (uint16_t)split->count;
	slot->code = (uint16_t)filling->codes++;
	slot->skip = (uint8_t)code->skip;
	split->code[filling->code_count++] = *code;
}

/* The slots of a node, in order; their last bound may be in none. */
static void
places_add(struct tree *tree, struct filling *filling, uint32_t number,
	uint32_t level, uint64_t word)
{
	uint64_t *node = node_at(tree->split, number);
	size_t slots = (size_t)1 << node[0];
	struct sort_slot *slot = (struct sort_slot *)(node + slots);
	const uint32_t *weight = tree->weight + (slot -
	    (struct sort_slot *)tree->split->node);
	uint64_t low = 0, high = 0;

	for (size_t i = 0; i < slots && high < UINT64_MAX; i++) {
		high = i + 1 < slots ? node[1 + i] : UINT64_MAX;
		unsigned skip = low == high ? 64 :
		    (unsigned)__builtin_clzll(low ^ high);
		struct sort_code code = { level > 0 ? word : skip == 64 ? low :
			low & ~(UINT64_MAX >> skip), level, skip };
		if (slot[i].is_node)
			places_add(tree, filling, slot[i].node, level + 1,
			    code.word);
		else
			place_add(tree, filling, &code, weight[i], &slot[i]);
		low = high + 1;
	}
}

/* All places of a bucket know how many they are. */
static void
places_end(struct sort_split *split, uint32_t number)
{
	uint64_t *node = node_at(split, number);
	size_t slots = (size_t)1 << node[0];
	struct sort_slot *slot = (struct sort_slot *)(node + slots);

	for (size_t i = 0; i < slots; i++) {
		if (slot[i].is_node)
			places_end(split, slot[i].node);
		else
			slot[i].bits =
			    (uint8_t)split->codes[slot[i].bucket].bits;
	}
}

static void
buckets_make(struct tree *tree)
{
	struct sort_split *split = tree->split;
	struct filling filling = { .skip = 64 };

	split->code = mem_alloc(tree->slot_count * sizeof(*split->code));
	split->codes = mem_alloc_zero((tree->slot_count + 1) *
	    sizeof(*split->codes));
	places_add(tree, &filling, split->root, 0, 0);
	filling_end(tree, &filling);
	places_end(split, split->root);
	split->codes = mem_resize(split->codes,
	    (split->count + 1) * sizeof(*split->codes));
}

void
sort_split_init(struct sort_split *split, const struct sort_keys *keys,
	struct sort_entry *sample, struct sort_entry *scratch, size_t count,
	uint32_t buckets)
{
	struct tree tree = {
		.split = split, .keys = keys, .sample = sample,
		.full = (uint32_t)(count / buckets) + 1,
		.used = 1,	/* no node is number 0 */
	};

	*split = (struct sort_split){ 0 };
	tree.word = mem_alloc((count + 1) * sizeof(*tree.word));
	if (count > 1)
		sort_words(sample, scratch, count);
	load_words(&tree, 0, count, 0);
	tree.has_levels = buckets > 1 && keys->has_rests &&
	    wants_levels(&tree, count);
	if (tree.has_levels)
		sort_keys_settle(keys, sample, scratch, count, 0);
	split->root = node_make(&tree, 0, count, 0);
	split->is_plain = !tree.has_levels;
	buckets_make(&tree);
	mem_free(tree.word);
	mem_free(tree.weight);
	mem_free(tree.draft);
}

void
sort_split_fini(struct sort_split *split)
{
	mem_free(split->node);
	mem_free(split->code);
	mem_free(split->codes);
	*split = (struct sort_split){ 0 };
}

/* --- what words mean --- */

static const struct sort_code *
code_of(const struct sort_split *split, uint32_t bucket, uint64_t word)
{
	const struct sort_codes *codes = &split->codes[bucket];
	uint64_t code = codes->bits == 0 ? 0 : word >> (64 - codes->bits);

	return &split->code[codes->first + code];
}

int
sort_split_is_single(const struct sort_split *split, uint32_t bucket)
{
	const struct sort_codes *codes = &split->codes[bucket];
	const struct sort_code *code = &split->code[codes->first];

	return codes[1].first == codes->first + 1 && code->level == 0 &&
	    code->skip == 64;
}

uint64_t
sort_split_word(const struct sort_split *split, uint32_t bucket,
	uint64_t word)
{
	if (split->is_plain)
		return word;
	const struct sort_code *code = code_of(split, bucket, word);
	if (code->level > 0 || code->skip == 64)
		return code->word;
	return code->word | word << split->codes[bucket].bits >> code->skip;
}

uint32_t
sort_split_rest(const struct sort_split *split, uint32_t bucket,
	uint64_t word)
{
	if (split->is_plain)
		return 0;
	const struct sort_code *code = code_of(split, bucket, word);
	uint32_t bits = code->level * 64 + code->skip + 64 -
	    split->codes[bucket].bits;
	return bits / 8 - 8;
}

/* --- dealing --- */

static inline const struct sort_slot *
slot_of(const struct sort_split *split, uint32_t number, uint64_t word)
{
	const uint64_t *node = node_at(split, number);
	const uint64_t *bound = node + 1;
	uint64_t slots = (uint64_t)1 << node[0];

	/* A mask, lest the compiler makes a branch, which nobody can guess. */
	for (uint64_t half = slots >> 1; half > 0; half >>= 1)
		bound += half & -(uint64_t)(bound[half - 1] < word);
	return (const struct sort_slot *)(bound - 1 + slots);
}

/* What an entry's way down the tree has come to. */
struct way {
	const struct sort_slot *slot;
	const char *rest;
	uint32_t rest_size;
	uint32_t entry;
};

/* Each way goes on to the next level; those that end there are dropped, and
 * their entries' words are what lies behind what is known. */
static uint32_t
ways_on(const struct sort_split *split, const struct key_cut *cut,
	struct way *way, uint32_t count, uint32_t at, struct sort_entry *entry,
	uint16_t *bucket)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct sort_slot *slot = way[i].slot;
		uint64_t *word = &entry[way[i].entry].word;
		uint64_t next = key_rest_word(cut, way[i].rest,
		    way[i].rest_size, at);
		if (slot->is_node) {
			*word = next;
			way[left++] = way[i];
			__builtin_prefetch(node_at(split, slot->node));
			continue;
		}
		if (slot->skip > 0)
			*word = slot->skip == 64 ? next : *word << slot->skip |
			    next >> (64 - slot->skip);
		*word = (uint64_t)slot->code << 1 << (63 - slot->bits) |
		    *word >> slot->bits;
		bucket[way[i].entry] = slot->bucket;
	}
	for (uint32_t i = 0; i < left; i++)
		way[i].slot = slot_of(split, way[i].slot->node,
		    entry[way[i].entry].word);
	return left;
}

/* The entries' buckets; words get the meaning that they have there.  All go
 * down a level before any goes further: nodes are asked for meanwhile. */
static void
recode(const struct sort_split *split, const struct sort_keys *keys,
	struct sort_chunk *chunk, uint16_t *bucket)
{
	struct way way[SORT_CHUNK_ENTRIES];
	uint32_t count = (uint32_t)chunk->count;

	for (uint32_t i = 0; i < count; i++)
		__builtin_prefetch(sort_keys_row(keys, chunk->entry[i].ref));
	for (uint32_t i = 0; i < count; i++) {
		way[i].entry = i;
		way[i].slot = slot_of(split, split->root,
		    chunk->entry[i].word);
		way[i].rest = sort_keys_rest(keys, chunk->entry[i].ref,
		    &way[i].rest_size);
	}
	for (uint32_t at = 0; count > 0; at += 8)
		count = ways_on(split, keys->cut, way, count, at, chunk->entry,
		    bucket);
}

/* Where the next entry of a bucket goes: all of them fit the first cache. */
struct cursor {
	struct sort_entry *at, *end;
};

static void
cursor_open(struct cursor *cursor, const struct sort_bag *bag)
{
	*cursor = (struct cursor){ NULL, NULL };
	if (bag->last != NULL)
		*cursor = (struct cursor){
			bag->last->entry + bag->last->count,
			bag->last->entry + SORT_CHUNK_ENTRIES };
}

static void
cursor_close(const struct cursor *cursor, struct sort_bag *bag)
{
	if (bag->last == NULL)
		return;
	uint64_t count = (uint64_t)(cursor->at - bag->last->entry);
	bag->count += count - bag->last->count;
	bag->last->count = count;
}

static void
cursor_grow(struct cursor *cursor, struct sort_bag *bag,
	struct sort_pool *pool)
{
	cursor_close(cursor, bag);
	sort_bag_grow(bag, pool, 1);
	cursor_open(cursor, bag);
}

static void
deal_chunk(const struct sort_split *split, const struct sort_keys *keys,
	struct sort_chunk *chunk, struct cursor *cursor,
	struct sort_bag *buckets, struct sort_pool *pool)
{
	uint16_t bucket[SORT_CHUNK_ENTRIES];

	if (!split->is_plain)
		recode(split, keys, chunk, bucket);
	for (uint64_t i = 0; i < chunk->count && split->is_plain; i++)
		bucket[i] = slot_of(split, split->root,
		    chunk->entry[i].word)->bucket;
	for (uint64_t i = 0; i < chunk->count; i++) {
		struct cursor *to = &cursor[bucket[i]];
		if (__builtin_expect(to->at == to->end, 0))
			cursor_grow(to, &buckets[bucket[i]], pool);
		*to->at++ = chunk->entry[i];
	}
}

int
sort_split_move(const struct sort_split *split, const struct sort_keys *keys,
	struct sort_bag *from, struct sort_bag *buckets,
	struct sort_pool *pool, uint32_t chunks)
{
	struct cursor *cursor = mem_alloc(split->count * sizeof(*cursor));

	for (uint32_t b = 0; b < split->count; b++)
		cursor_open(&cursor[b], &buckets[b]);
	while (from->first != NULL && chunks-- > 0) {
		struct sort_chunk *chunk = from->first;
		deal_chunk(split, keys, chunk, cursor, buckets, pool);
		from->first = chunk->next;
		sort_pool_give(pool, chunk);
	}
	for (uint32_t b = 0; b < split->count; b++)
		cursor_close(&cursor[b], &buckets[b]);
	mem_free(cursor);
	if (from->first == NULL)
		*from = (struct sort_bag){ 0 };
	return from->first != NULL;
}
