#ifndef SFLOW_IO_INPUT_H
#define SFLOW_IO_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct region;

/*
 * A stream of bytes from outside: a file, a pipe, a terminal, a socket.  "-"
 * and "stdin" name standard input.  Errors say the path and the reason
 * (ERR_IO).  Directories are refused here with a sentence.  A pipe is enlarged
 * to 1 MiB (F_SETPIPE_SZ) when that works.
 *
 * What begins as a compressed stream (io/codec.h) is decoded: all below speaks
 * of the decoded bytes.  An archive, compressed or not, is refused by
 * input_read: its members are inputs (io/members.h).
 */
struct input;

/*
 * The bytes that come next, where they lie.  CHUNK_PADDING bytes before may be
 * read, and as many behind written.
 */
struct input_lent {
	struct region *region;	/* held for whom they are lent to */
	char *bytes;
	size_t size;
};

struct input *input_open(const char *path, struct err *);
/* From memory that outlives it, named "memory": for tests and fuzzing. */
struct input *input_memory(const void *bytes, size_t size);
/*
 * From whoever knows how: `read` as input_read, `seek` as input_seek and `lend`
 * as input_lend, or NULL; `close` frees the cookie.  It has no descriptor: who
 * made it says what to wait for.
 */
struct input_calls {
	ssize_t (*read)(void *cookie, char *bytes, size_t size, struct err *);
	int (*lend)(void *cookie, struct input_lent *out);
	int (*seek)(void *cookie, uint64_t offset, struct err *);
	void (*close)(void *take_cookie);
};
struct input *input_custom(const char *path, const struct input_calls *,
	void *take_cookie);
/* Also what an input_custom() gives is decoded if it is compressed. */
void input_decode(struct input *);
void input_close(struct input **);
const char *input_path(const struct input *);
/* Up to `size` bytes; 0 at the end, -1 with err, INPUT_WAIT if told not to
 * wait. */
ssize_t input_read(struct input *, char *bytes, size_t size, struct err *);
/* Instead of a read: 1 and *out, a byte at least; 0: they are to be read. */
int input_lend(struct input *, struct input_lent *out);
/*
 * Look ahead: up to `size` of the bytes that come next, until a line end is
 * among them or the input ends.  They are still to be read.  May block.  The
 * bytes are good until the next call for this input.  0 or -1 with err.
 */
int input_peek(struct input *, size_t size, const char **bytes, size_t *got,
	struct err *);
/*
 * Shall input_read wait for bytes (it does unless told), or return INPUT_WAIT
 * when there are none yet?
 */
#define INPUT_WAIT (-2)
void input_set_wait(struct input *, int wait);
/*
 * Keep a copy of what is read from here on; unread it: it comes once more, and
 * no more is kept; or forget it.
 */
void input_keep(struct input *);
void input_unread(struct input *);
void input_forget(struct input *);
/* How much is kept; -1 if more may come. */
int64_t input_kept_to_end(const struct input *);
/* Read no more: input_read says INPUT_WAIT from now on. */
void input_stop(struct input *);
/* The descriptor to wait on, or -1: none. */
int input_fd(const struct input *);
/* Go to a byte of a regular file, counted from its start.  -1 with err. */
int input_seek(struct input *, uint64_t offset, struct err *);
/* Would the next read wait?  Never for regular files. */
int input_would_block(struct input *);
/* Size of a regular file, or -1: of others, and once it is known to be
 * compressed. */
int64_t input_size(const struct input *);
/* Is it a file that can be opened again, and read from its start? */
int input_is_file(const struct input *);
/* Is it compressed, as far as it was looked at? */
int input_is_compressed(const struct input *);
/*
 * Before the first read: look whether a regular file is an archive.  1 or 0
 * (also for others, which are not looked at), -1 with err.
 */
int input_is_archive(struct input *, struct err *);
/* The archive itself is wanted. */
void input_allow_archive(struct input *);

/*
 * Chunked reading for the text formats: a window of bytes that begins where the
 * format left off and ends wherever reading stopped.  Chunks are counted
 * regions, padded with 64 readable bytes before and behind; what is carried
 * over to the next chunk is copied to its front.  What an input lends is a
 * chunk as it lies there.  At the end of input the
 * format may write a line end behind the last line that has none.
 */
struct chunker;

/* Bytes that may be read before and behind a chunk. */
#define CHUNK_PADDING 64

struct chunker *chunker_new(struct input *);	/* borrows the input */
void chunker_free(struct chunker **);
/*
 * Get more: keep the last `keep` bytes of the window and read behind them, at
 * least one byte and at most what fills the chunk (256 KiB, or
 * SFLOW_CHUNK_BYTES; grown when keep fills it: a long record).  The former
 * window's region stays valid as long as somebody holds it.  Returns 1; 0 at
 * the end of input and CHUNKER_WAIT when there is nothing for now (window =
 * what was kept, though it may have moved); -1 with err.
 */
#define CHUNKER_WAIT 2
int chunker_fill(struct chunker *, size_t keep, struct err *);
/* Forget the window: the input has gone to `offset`. */
void chunker_restart(struct chunker *, uint64_t offset);
/* The window and its region (not held for the caller). */
char *chunker_bytes(struct chunker *, size_t *size);
struct region *chunker_region(struct chunker *);
/* Offset in the input of the window's first byte. */
uint64_t chunker_offset(const struct chunker *);

#endif
