#ifndef SFLOW_IO_OUTPUT_H
#define SFLOW_IO_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/*
 * Where bytes go.  A file is written under a temporary name beside its place
 * and appears by rename when all is written and closed without error, or not at
 * all.  "-" and "stdout" are standard output, "stderr" the other.  Paths that
 * are no regular file (/dev/null, a FIFO) are written directly.
 *
 * Paths that end in .gz or .zst are compressed; another codec's suffix is
 * refused (format_check_suffix), and so is going on in a compressed file.
 *
 * Writers append to output_buf() and call output_room() after each record or
 * batch: it writes when the buffer passes its size.  EPIPE is ERR_PIPE: the
 * reader has gone, all work for it can end quietly.
 */
struct output;

struct output *output_open(const char *path, struct err *);
/* Existing content is kept and written behind (append=true). */
struct output *output_append(const char *path, struct err *);
/*
 * The file itself, seen as it grows: what is in it goes, unless `keep`.
 */
struct output *output_in_place(const char *path, int keep, struct err *);
/*
 * Of an output in place, before anything is written: cut the file to `size`
 * bytes and go on behind them. -1 with err; also if the file has fewer.
 */
int output_resume(struct output *, uint64_t size, struct err *);
/* Where in the file the next flushed byte goes. */
uint64_t output_position(const struct output *);
/* Make what was flushed last through a power failure; on any thread. */
int output_sync(const struct output *, struct err *);
/* Is it a regular file? */
int output_is_file(const struct output *);
/* Was there text in the file already? */
int output_continues(const struct output *);
/*
 * Make the folders of a path that are not there; `made` gets their paths, each
 * with its '\0', also when it fails.  -1 with err.
 */
int output_make_folders(const char *path, struct buf *made, struct err *);
/* Remove those of `made` that are empty, and forget all. */
void output_drop_folders(struct buf *made);
/* To memory: for tests and for tables that are laid out at the end. */
struct output *output_memory(struct buf *);
struct buf *output_buf(struct output *);
int output_room(struct output *, struct err *);	/* 0 or -1 */
int output_flush(struct output *, struct err *);
int output_is_terminal(const struct output *);
/* Columns of the terminal; 80 when unknown. */
unsigned output_columns(const struct output *);
uint64_t output_bytes_written(const struct output *);
/*
 * Nothing more is written: flush, and close the file, which has still to
 * appear.  What can fail for want of room fails here.
 */
int output_end(struct output *, struct err *);
/*
 * End, if that was not done, and rename into place.  -1 with err: then nothing
 * appeared.
 */
int output_commit(struct output **, struct err *);
/* Give up: the temporary file is removed. */
void output_abort(struct output **);

#endif
