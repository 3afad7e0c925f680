#ifndef SFLOW_NET_ORDER_H
#define SFLOW_NET_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct region;

/*
 * The order for a job as it travels to a worker, which binds the program for
 * itself: the text, and all that it means depends on.  Nothing of it is looked
 * at here.  Every string is NUL-terminated and every pointer is borrowed.
 */
struct order_pair {
	const char *name;
	const char *value;
};

struct order_bytes {
	const char *bytes;	/* a NUL behind them is not counted */
	size_t size;
};

struct order {
	struct order_bytes program;	/* its text */
	const char *program_name;	/* as messages say it */
	const char *job_name;
	uint32_t worker_index;
	uint32_t worker_count;		/* above worker_index, at most 65536 */
	const struct order_pair *arg;	/* what the program is called with */
	uint32_t arg_count;
	const struct order_pair *option;	/* --name value */
	uint32_t option_count;
	/* What each source found out: files, header, guessed format. */
	const struct order_bytes *source;
	uint32_t source_count;
	struct order_bytes assignment;	/* who runs what */
};

/* Append the order to `out`. */
void order_write(const struct order *, struct buf *out);
/*
 * Read what order_write wrote, all of the `size` bytes.  `name` is the peer, as
 * messages say it.  What `out` leads to lies in the region.  The bytes may be
 * anything: -1 with what is wrong, and where.
 */
int order_read(const char *bytes, size_t size, const char *name,
	struct region *, struct order *out, struct err *);

#endif
