/*
 * Which files are spoken for.  A file has many names in its life: a.log becomes
 * a.log.1 and a.log.2, which a pattern may match too.  So who finds a name asks
 * here whether its file was found before:
 *
 *     held       it is open: no other file can have its inode meanwhile
 *     released   it was read to its end; or it is another program's and was
 *                there when we came.  Its inode may be another file's one day:
 *                the first bytes tell
 *
 * A released file that was empty claims nothing once it has bytes.  An entry to
 * which no name has led for a while is forgotten, so the table does not grow
 * with the number of rotations; not at once, for a look may miss a name while it
 * is being changed.
 *
 * The table is open addressing by inode, never more than half full.
 */
#include "io/tail_priv.h"

#include <string.h>
#include <sys/stat.h>

#include "util/err.h"
#include "util/hash.h"
#include "util/mem.h"

#define CAPACITY_MIN 32

void
tail_claims_fini(struct tail_claims *claims)
{
	mem_free(claims->entry);
	memset(claims, 0, sizeof(*claims));
}

/* The entry of an inode, or the free one where it would be. */
static struct tail_claim *
slot_of(const struct tail_claims *claims, uint64_t device, uint64_t inode)
{
	uint32_t mask = claims->capacity - 1;
	uint32_t at = (uint32_t)hash_mix(inode, 0) & mask;

	while (claims->entry[at].is_used &&
	    (claims->entry[at].id.inode != inode ||
	    claims->entry[at].id.device != device))
		at = (at + 1) & mask;
	return &claims->entry[at];
}

/* Into a new table of `capacity` goes what a name led to since `ns`. */
static void
rebuild(struct tail_claims *claims, uint32_t capacity, uint64_t ns)
{
	struct tail_claims old = *claims;

	claims->entry = mem_alloc_zero(capacity * sizeof(*claims->entry));
	claims->capacity = capacity;
	claims->count = 0;
	for (uint32_t i = 0; i < old.capacity; i++) {
		const struct tail_claim *it = &old.entry[i];
		if (!it->is_used || (!it->is_held && it->seen_ns < ns))
			continue;
		*slot_of(claims, it->id.device, it->id.inode) = *it;
		claims->count++;
	}
	mem_free(old.entry);
}

static struct tail_claim *
entry_for(struct tail_claims *claims, uint64_t device, uint64_t inode)
{
	if (claims->capacity == 0)
		rebuild(claims, CAPACITY_MIN, 0);
	else if (claims->count >= claims->capacity / 2)
		rebuild(claims, claims->capacity * 2, 0);
	struct tail_claim *entry = slot_of(claims, device, inode);
	if (!entry->is_used)
		claims->count++;
	entry->is_used = 1;
	return entry;
}

void
tail_claims_hold(struct tail_claims *claims, const struct tail_file *file)
{
	struct tail_claim *entry = entry_for(claims, file->device, file->inode);

	tail_file_id(file, &entry->id);
	entry->is_held = 1;
	entry->size = -1;
}

void
tail_claims_release(struct tail_claims *claims, const struct tail_file *file)
{
	tail_claims_hold(claims, file);
	struct tail_claim *entry = entry_for(claims, file->device, file->inode);
	entry->is_held = 0;
	entry->seen_ns = file->byte_ns > file->left_ns ? file->byte_ns :
	    file->left_ns;
}

void
tail_claims_remove(struct tail_claims *claims, const struct tail_file *file)
{
	struct tail_claim *entry = entry_for(claims, file->device, file->inode);

	entry->is_held = 0;
	entry->seen_ns = 0;
	rebuild(claims, claims->capacity, 1);
}

void
tail_claims_add(struct tail_claims *claims, const struct tail_id *id,
	uint64_t now_ns)
{
	struct tail_claim *entry = entry_for(claims, id->device, id->inode);

	if (entry->is_held)
		return;
	entry->id = *id;
	entry->seen_ns = now_ns;
	entry->size = -1;
}

/* Is the file at `path` still the one of the entry? */
static int
compare(const struct tail_claim *entry, const char *path)
{
	struct tail_file *file;
	struct err err = ERR_INIT;

	if (tail_file_open(path, &file, &err) <= 0)
		return 0;
	int same = tail_file_is(file, &entry->id) &&
	    (entry->id.print_bytes > 0 || (file->head_bytes == 0 &&
	    (uint64_t)file->changed_ns == entry->id.print));
	tail_file_drop(&file);
	return same;
}

int
tail_claims_has(struct tail_claims *claims, const char *path,
	const struct stat *stat, uint64_t now_ns)
{
	if (claims->count == 0)
		return 0;
	struct tail_claim *entry = slot_of(claims, (uint64_t)stat->st_dev,
	    (uint64_t)stat->st_ino);
	if (!entry->is_used)
		return 0;
	int64_t changed_ns = tail_changed_ns(stat);
	if (!entry->is_held && (entry->size != (int64_t)stat->st_size ||
	    entry->changed_ns != changed_ns)) {
		if (!compare(entry, path))
			return 0;
		entry->size = (int64_t)stat->st_size;
		entry->changed_ns = changed_ns;
	}
	entry->seen_ns = now_ns;
	return 1;
}

void
tail_claims_prune(struct tail_claims *claims, uint64_t ns)
{
	for (uint32_t i = 0; i < claims->capacity; i++)
		if (claims->entry[i].is_used && !claims->entry[i].is_held &&
		    claims->entry[i].seen_ns < ns) {
			rebuild(claims, claims->capacity, ns);
			return;
		}
}
