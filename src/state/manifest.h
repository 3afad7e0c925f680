#ifndef SFLOW_STATE_MANIFEST_H
#define SFLOW_STATE_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "state/part.h"

struct buf;
struct err;

/*
 * The manifest of a checkpoint: what it consists of.  A job fills in
 * fingerprint, is_finished, parts and values; the rest is the store's.
 */
struct manifest {
	uint64_t generation;	/* of the run that published it */
	uint64_t number;	/* of the checkpoint */
	char version[32];	/* of the sflow that wrote it */
	uint64_t fingerprint;	/* of the program */
	int is_finished;	/* the job had come to its end */
	struct part *part;
	uint32_t part_count;
	struct manifest_value {
		char *key;
		char *value;
	} *value;
	uint32_t value_count;
};

struct manifest *manifest_new(void);
void manifest_free(struct manifest **);
void manifest_add_part(struct manifest *, const struct part *);
/* The part of that name, or NULL. */
const struct part *manifest_part(const struct manifest *, const char *name);
/*
 * Values are for the job's own use.  A key is of what a part's name is; a value
 * is any text; setting one again replaces it.
 */
void manifest_set(struct manifest *, const char *key, const char *value);
/* The value, or NULL. */
const char *manifest_get(const struct manifest *, const char *key);

/* Append the manifest's text. */
void manifest_print(const struct manifest *, struct buf *);

enum manifest_status {
	MANIFEST_WHOLE = 0,
	MANIFEST_DAMAGED = 1,	/* cut off, or not what was written */
	MANIFEST_FOREIGN = 2,	/* of a format that this version cannot read */
};

/*
 * Read the text of a manifest.  *out is the caller's if it is whole; else the
 * error names `path`.
 */
enum manifest_status manifest_read(const char *bytes, size_t size,
	const char *path, struct manifest **out, struct err *);

#endif
