#ifndef SFLOW_STATE_PART_H
#define SFLOW_STATE_PART_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct save;

/*
 * A part of a checkpoint: what one instance of one operator has saved, as a
 * file of checksummed entries.  The format is told in part.c.
 */
#define PART_NAME_SIZE 64

struct part {
	char name[PART_NAME_SIZE];	/* "op-3.1" */
	/* The run of the job and the checkpoint it was written for. */
	uint64_t generation, number;
	uint64_t bytes;		/* of the file */
	uint64_t checksum;	/* over all entries, in order */
};

/* Letters, digits, '.', '_' and '-'; not empty, and it fits. */
int part_name_is_valid(const char *name, size_t size);

/*
 * Write the entries to `fd`, at the start of an empty file, and fill in bytes
 * and checksum.  0, or -1 with an error that names `path`.
 */
int part_write(int fd, const char *path, const struct save *, struct part *,
	struct err *);

enum part_status {
	PART_FAILED = -1,	/* it cannot be read, or `entry` returned -1 */
	PART_WHOLE = 0,
	PART_DAMAGED = 1,	/* it is not what was written */
};

/* Takes an entry; 0, or -1 with the error filled. */
typedef int part_entry_f(void *cookie, uint32_t key_group, const char *bytes,
	size_t size, struct err *);

/*
 * Read a part's file from its start.  Each entry goes to `entry` (NULL: only
 * check) when its own checksum is right; that the whole is what `part` says is
 * known behind the last.  Errors name the file and the byte.
 */
enum part_status part_read(int fd, const char *path, const struct part *,
	part_entry_f *entry, void *cookie, struct err *);

#endif
