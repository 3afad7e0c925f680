#ifndef SFLOW_STATE_KEYED_H
#define SFLOW_STATE_KEYED_H

#include <stddef.h>
#include <stdint.h>

#include "data/text.h"

struct key_set;
struct mem_budget;

/*
 * Keyed state: a hash table from row keys (data/key.h) to rows of `row_bytes`
 * bytes, of which an image can be taken at a barrier that costs next to nothing
 * and that another thread reads while the owner goes on.
 *
 * A table belongs to one thread.  It is small when it has few keys, so that a
 * table for each window is fine.  All memory is charged to the budget, also
 * what a view keeps alive; the budget outlives table and views.
 */
struct keyed;
struct keyed_view;

struct keyed *keyed_new(size_t row_bytes, struct mem_budget *);
void keyed_free(struct keyed **);

/*
 * The row of each of the first `count` keys, made if it is new: zeroed, 8-byte
 * aligned; is_new[i] (may be NULL) says for which.  Addresses are good until
 * the next keyed_find(), keyed_row() or keyed_freeze().  0, or -1 when the
 * budget refuses: nothing was added for the key at which it stopped and later
 * ones.
 */
int keyed_find(struct keyed *, const struct key_set *, uint32_t count,
	char **row, uint8_t *is_new);

uint64_t keyed_count(const struct keyed *);
/*
 * Row number `index` in order of first appearance.  keyed_row() is for writing:
 * NULL when the row must be copied away from a view and the budget refuses;
 * keyed_peek() is for reading and always there.
 */
char *keyed_row(struct keyed *, uint64_t index);
const char *keyed_peek(const struct keyed *, uint64_t index);
/* Its key, good as long as the table or a view of it, and the key's hash. */
struct text keyed_key(const struct keyed *, uint64_t index);
uint64_t keyed_hash(const struct keyed *, uint64_t index);
/* What the table itself holds: rows, directory, keys. */
size_t keyed_bytes(const struct keyed *);

/*
 * An image of all rows as they are now.  It may be read and freed by another
 * thread while the owner uses the table, and it outlives the table.  The owner
 * copies a block of rows when it first touches it after this.
 */
struct keyed_view *keyed_freeze(struct keyed *);
void keyed_view_free(struct keyed_view **);
uint64_t keyed_view_count(const struct keyed_view *);
const char *keyed_view_row(const struct keyed_view *, uint64_t index);
struct text keyed_view_key(const struct keyed_view *, uint64_t index);
uint64_t keyed_view_hash(const struct keyed_view *, uint64_t index);

#endif
