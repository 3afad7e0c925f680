#ifndef SFLOW_EXEC_RUN_H
#define SFLOW_EXEC_RUN_H

#include <stdint.h>

#include "plan/plan.h"

struct bad;
struct buf;
struct err;

struct run_config {
	struct bad *bad;
	void (*warn)(void *cookie, const char *message);
	void *warn_cookie;
	/* NULL, or where to append a line per operator at the end. */
	struct buf *stats;
};

/*
 * Run a plan to its end.  0; or -1 with err: outputs that were not complete
 * have not appeared.  A reader of our output that went away is a normal end.
 * ERR_INTERRUPT when a signal asked to stop.
 */
int run_plan(const struct plan *, const struct run_config *, struct err *);

#endif
