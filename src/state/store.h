#ifndef SFLOW_STATE_STORE_H
#define SFLOW_STATE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "state/manifest.h"
#include "state/part.h"

struct err;
struct save;

/*
 * The folder of a job's checkpoints.  For each checkpoint:
 *
 *	store_write_part()	for each instance, on any threads at a time
 *	store_publish()		or store_abandon()
 *
 * and when a job starts:
 *
 *	store_open()
 *	store_manifest()	NULL: from the beginning
 *	store_read_part()	for each part of it
 *
 * A checkpoint exists from store_publish() on, whole or not at all, whatever
 * fails or is killed when.  The last two are kept.  Except for
 * store_write_part() and store_read_part(), one thread at a time.
 */
struct store;

/*
 * Open the folder, made if it is not there, and find the newest checkpoint that
 * is whole: every byte of it is checked.  Only one process has it open at a
 * time.  NULL with an error if it is in use or cannot be read, and also if
 * there are checkpoints but none of them is whole.
 */
struct store *store_open(const char *folder, struct err *);
void store_close(struct store **);

/* The newest checkpoint, or NULL; good until the next store_publish(). */
const struct manifest *store_manifest(const struct store *);
/* A sentence if a newer one was damaged and store_open() passed over it; or
 * NULL. */
const char *store_warning(const struct store *);
/* The number of this run of the job: each store_open() has a higher one. */
uint64_t store_generation(const struct store *);

/*
 * Every entry of a part, in order.  0, or -1 with an error that names file and
 * byte, or the one that `entry` returned.
 */
int store_read_part(const struct store *, const struct part *,
	part_entry_f *entry, void *cookie, struct err *);

/*
 * Write a part of checkpoint `number` and make it last; `out` is what its
 * manifest is to list.  `name` is a valid part name.  0, or -1 with an error:
 * the file is gone then, and the checkpoint must be abandoned.
 */
int store_write_part(const struct store *, uint64_t number, const char *name,
	const struct save *, struct part *out, struct err *);

/*
 * Publish checkpoint `number`, higher than all before.  Its parts are new ones
 * or such as store_manifest() lists.  Returns 0 when it lasts; or -1: it is
 * abandoned, and the former ones are as they were.
 */
int store_publish(struct store *, uint64_t number,
	struct manifest *take_manifest, struct err *);
/* Remove what was written for checkpoint `number`. */
void store_abandon(struct store *, uint64_t number);

#endif
