#ifndef SFLOW_UTIL_ERR_H
#define SFLOW_UTIL_ERR_H

#include <stdint.h>

/*
 * One error, filled once, where it is detected.  The kind decides the exit
 * status, so that the status never lies.
 */
enum err_kind {
	ERR_NONE = 0,
	ERR_DATA,	/* a bad record under --bad stop: exit 1 */
	ERR_USAGE,	/* options, sub-commands: exit 2 */
	ERR_PROGRAM,	/* the program's text, names or types: exit 2 */
	ERR_IO,		/* files, pipes, memory, disk: exit 3 */
	ERR_PIPE,	/* our reader went away (EPIPE): quiet, exit 0 */
	ERR_INTERRUPT,	/* ^C: exit 130 */
};

struct err {
	enum err_kind kind;
	/* ERR_PROGRAM: byte range in the program text; size 0 is a point. */
	uint32_t span_offset;
	uint32_t span_bytes;
	/* Set when span_* mean something. */
	int has_span;
	/* ERR_DATA: the message begins with the place of the record. */
	int has_place;
	char message[1024];
	/* A second line: the rewrite or the nearest name; "" if none. */
	char hint[512];
};

#define ERR_INIT { .kind = ERR_NONE }

/*
 * Fill `err` unless it is filled already (the first error wins).  Returns -1,
 * so that callers can write `return err_set(...)`.
 */
int err_set(struct err *, enum err_kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with ": strerror(errno_value)" behind it. */
int err_set_errno(struct err *, enum err_kind, int errno_value,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* An ERR_PROGRAM error at a place of the program's text. */
int err_set_at(struct err *, uint32_t offset, uint32_t bytes,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Fill the hint.  Returns -1. */
int err_hint(struct err *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void err_clear(struct err *);
/* Process exit status of a kind. */
int err_exit_status(enum err_kind);

#endif
