#ifndef SFLOW_IO_TAIL_PRIV_H
#define SFLOW_IO_TAIL_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "io/format.h"
#include "io/input.h"

/*
 * What the files of tail() share.  tail_file is one file that is open,
 * tail_claims the files that are not to be read (again), tail_look finds what
 * a path's file was rotated to, tail_save is for checkpoints; stream_tail ties
 * them together.
 */
struct buf;
struct err;
struct stat;
struct tail_split;

/* --- tail_file.c --- */

/* Bytes of a file's beginning by which it is known again. */
#define TAIL_PRINT_BYTES 256

/* A file, whatever its name is now. */
struct tail_id {
	uint64_t device;
	uint64_t inode;
	/* XXH3 of its first print_bytes bytes; of an empty file, the time of
	 * its last change. */
	uint64_t print;
	uint32_t print_bytes;
};

struct tail_file {
	struct tail_split *split;	/* that it belongs to, or NULL */
	char *path;		/* for messages */
	int fd;
	uint64_t device;
	uint64_t inode;
	int64_t changed_ns;	/* mtime when it was opened */
	char head[TAIL_PRINT_BYTES];
	uint32_t head_bytes;
	uint64_t offset;	/* of the next read */
	int at_end;		/* the last read gave nothing */
	int unread;		/* something was heard since the last read */
	int is_left;		/* its name has gone: it ends when quiet */
	uint64_t left_ns;
	uint64_t quiet_ns;
	uint64_t byte_ns;	/* of the last read that gave something */
	int is_cut;		/* it was cut: what it has now is another's */
	int ended;
	unsigned users;		/* the split, the input */
};

int64_t tail_changed_ns(const struct stat *);
/*
 * Open the regular file `path`.  1 with *out; 0 if there is none now or it is
 * something else; -1 with err if there is one that cannot be opened.
 */
int tail_file_open(const char *path, struct tail_file **out, struct err *);
/* The same file from its first byte, for what was cut; takes the descriptor. */
struct tail_file *tail_file_again(struct tail_file *);
void tail_file_drop(struct tail_file **);
/* An input of its bytes; the caller's. */
struct input *tail_file_input(struct tail_file *);
/* Its name has gone to another: it ends when it gave nothing for quiet_ns. */
void tail_file_leave(struct tail_file *, uint64_t quiet_ns);
/* When a read would end it, UINT64_MAX if none would; 0: read it now. */
uint64_t tail_file_deadline(const struct tail_file *);
void tail_file_id(const struct tail_file *, struct tail_id *);
/* Is it the file that `id` was? */
int tail_file_is(const struct tail_file *, const struct tail_id *);
int tail_file_is_at(const struct tail_file *, const struct stat *);
/*
 * The bytes before `offset`, by which a place in a file is known again: at most
 * TAIL_PRINT_BYTES, *size tells how many, 0 if they are not there.
 */
uint64_t tail_file_mark(const struct tail_file *, uint64_t offset,
	uint32_t *size);
/* Names that link to it; 0 when it was removed. */
unsigned tail_file_links(const struct tail_file *);
uint64_t tail_file_size(const struct tail_file *);
/* Offset behind its last line end.  -1 with err. */
int tail_file_lines_end(const struct tail_file *, uint64_t *offset,
	struct err *);

/* --- tail_claims.c --- */

/*
 * Files that are being read, were read, or were there before and are not ours.
 * Zero-initialised is empty and valid.
 */
struct tail_claims {
	struct tail_claim {
		struct tail_id id;
		int is_used;
		int is_held;	/* open: what it is needs no print */
		uint64_t seen_ns;	/* a name led to it */
		int64_t size;	/* when its print was compared last, or -1 */
		int64_t changed_ns;
	} *entry;
	uint32_t count;
	uint32_t capacity;	/* a power of two, or 0 */
};

void tail_claims_fini(struct tail_claims *);
/* The file is being read; until it is released it is known by its inode. */
void tail_claims_hold(struct tail_claims *, const struct tail_file *);
void tail_claims_release(struct tail_claims *, const struct tail_file *);
/* It is nobody's again. */
void tail_claims_remove(struct tail_claims *, const struct tail_file *);
void tail_claims_add(struct tail_claims *, const struct tail_id *,
	uint64_t now_ns);
/* Is the file at `path`, which `stat` tells of, claimed? */
int tail_claims_has(struct tail_claims *, const char *path,
	const struct stat *, uint64_t now_ns);
/* Forget those to which no name has led since `ns`. */
void tail_claims_prune(struct tail_claims *, uint64_t ns);

/* --- stream_tail.c --- */

/* A path, and the files that had and will have this name. */
struct tail_split {
	uint64_t id;
	char *path;
	size_t folder_bytes;	/* of path, with the slash; 0: the current */
	int is_pattern;		/* a pattern led to it: it may end */
	int ended;
	/* What is read, and what follows it. */
	struct tail_file *current;
	int is_out;		/* current's input was handed out */
	int resumes;
	struct reader_position position;
	struct tail_file **pending;
	uint32_t pending_count;
	/* From a checkpoint, not looked for yet. */
	int is_restored;
	int has_restored_file;
	struct tail_id restored;
	uint64_t mark;		/* tail_file_mark of its position */
	uint32_t mark_bytes;
	/* Of the last look. */
	int is_settled;		/* the path leads to the newest file */
	uint64_t missing_ns;	/* since when it leads nowhere; 0: it leads */
};

struct tail {
	const char *const *path;	/* of the program */
	uint32_t path_count;
	int from_end;
	uint64_t stop_ns;	/* stop_after; 0: never */
	uint64_t quiet_ns;	/* of a file that was rotated away */
	struct tail_split **split;
	uint32_t split_count;
	uint32_t split_at;	/* whom next asks first */
	uint64_t born;		/* of splits; makes ids differ */
	struct tail_claims claims;
	int begun;
	int resumed;
	int stopping;
	int watch;		/* descriptor, or -1 */
	char **watched;		/* folders */
	uint32_t watched_count;
	uint64_t looked_ns;	/* end of the last look */
	uint64_t look_gap_ns;	/* until the next at least */
	uint64_t look_ns;	/* when the next is due */
	int look_again;		/* a watch was set behind what was looked at */
	uint64_t byte_ns;	/* of files that are closed */
};

struct tail_split *tail_add_split(struct tail *, const char *path);
struct tail_split *tail_find_split(const struct tail *, const char *path);
/* Is the path the program's, itself or by a pattern? */
int tail_wants(const struct tail *, const char *path, int *is_pattern);

/* Of a file that is read from its first byte. */
extern const struct reader_position tail_start;

/* --- tail_look.c --- */

/*
 * Look at all paths and patterns: find new files, and where old ones were
 * rotated to.  0 or -1 with err.
 */
int tail_look(struct tail *, struct err *);

/* --- tail_save.c --- */

/* An entry of one split, whose current file is read as far as `position`. */
void tail_save_split(const struct tail_split *, const struct reader_position *,
	struct buf *);
/* What is known besides. */
void tail_save_rest(const struct tail *, struct buf *);
int tail_load(struct tail *, const char *bytes, size_t size, struct err *);

#endif
