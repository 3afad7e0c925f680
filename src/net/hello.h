#ifndef SFLOW_NET_HELLO_H
#define SFLOW_NET_HELLO_H

#include <stdint.h>

struct err;
struct link;

/*
 * The first thing both ends of a link say, before any packet: who they are.
 * Its form never changes, so that all versions can tell each other that they
 * do not fit.  Both must be the same program, to the byte: plans, frames and
 * rounding are then the same everywhere.
 */
struct hello {
	char version[24];	/* "0.1.0" */
	char host[64];		/* as the machine calls itself */
	uint64_t build;		/* hash of the program's own file */
	uint32_t protocol;
	uint32_t cpu_count;
};

/* Queue ours.  -1 if the program's own file cannot be read. */
int hello_put(struct link *, struct err *);
/*
 * The peer's, if it has come: 1, or 0 when it has not.  -1 if something else
 * answers there, or another version or build: then `out` is what that one says
 * of itself, else it is empty.
 */
int hello_take(struct link *, struct hello *out, struct err *);

#endif
