#ifndef SFLOW_STATE_STORE_PRIV_H
#define SFLOW_STATE_STORE_PRIV_H

#include "state/store.h"
#include "util/buf.h"

struct store {
	char *folder;
	int lock_fd;
	uint64_t generation;
	/* The newest checkpoint and the one before it; or NULL. */
	struct manifest *kept[2];
	char *warning;
};

/* What a name in the folder says. */
enum store_kind { STORE_OTHER, STORE_CLAIM, STORE_MANIFEST, STORE_PART,
	STORE_TEMP };

struct store_file {
	enum store_kind kind;
	uint64_t generation, number;
	const char *name;	/* in the folder */
	const char *part;	/* PART: its name; points into `name` */
};

/* The files of the folder, for store_list_fini(). */
struct store_list {
	struct store_file *file;
	size_t count;
	char **names;
	size_t name_count;
};

/* Append a file's path. */
void store_path(const struct store *, const char *name, struct buf *path);
void store_claim_name(uint64_t generation, struct buf *name);
void store_manifest_name(uint64_t generation, uint64_t number,
	struct buf *name);
void store_part_name(const struct part *, struct buf *name);
void store_temp_name(uint64_t generation, uint64_t number, struct buf *name);
/* What is it? */
struct store_file store_file_of(const char *name);

/* Every file whose name is one of ours.  0 or -1. */
int store_list(const struct store *, struct store_list *, struct err *);
void store_list_fini(struct store_list *);
/* The highest generation in the list; 0 if there is none. */
uint64_t store_list_generation(const struct store_list *);

/*
 * Create `path`; it must not be there.  A descriptor for store_finish(), or -1.
 */
int store_create(const char *path, struct err *);
/* Make what was written last, and close.  `status` of -1 only closes. */
int store_finish(int fd, const char *path, int status, struct err *);
/* Make the names in the folder last. */
int store_sync(const struct store *, struct err *);
void store_remove(const struct store *, const char *name);
/*
 * Remove files of former generations, and of ours up to checkpoint `number`,
 * that no kept checkpoint needs.  What cannot be removed stays for the next
 * time.
 */
void store_clean(const struct store *, uint64_t number);

#endif
