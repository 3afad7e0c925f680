#ifndef SFLOW_NET_LINK_H
#define SFLOW_NET_LINK_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct env_waits;
struct err;
struct link;

/*
 * A duplex link to another process over two descriptors, which carries packets
 * of many channels in order, each with checksums.  It never waits: who drives
 * it waits with env->wait on link_add_waits(), then flushes and takes.
 *
 *	link_put / link_begin, link_end	queue packets
 *	link_flush			write what the peer has room for
 *	link_take			the next whole packet, if it is there
 *
 * What kinds and channels mean is the caller's business.  One thread at a time.
 */

/* No packet's payload is longer. */
#define LINK_PAYLOAD_BYTES_MAX ((size_t)1 << 30)

struct packet {
	uint8_t kind;
	uint32_t channel;
	const char *bytes;	/* good until the next take, not aligned */
	size_t size;
};

/*
 * Takes both descriptors (they may be the same) and makes them non-blocking.
 * `name` (copied) is the peer as messages say it: "host b".
 */
struct link *link_new(int take_in, int take_out, const char *name);
/* Closes the descriptors; what is queued is lost. */
void link_close(struct link **);
const char *link_name(const struct link *);

/* Queue a packet; the bytes are copied.  Returns 0, or -1 if it is too long. */
int link_put(struct link *, uint8_t kind, uint32_t channel, const void *bytes,
	size_t size, struct err *);
/*
 * The same without a copy: append the payload to the buffer that link_begin
 * returns and to nothing else, then call link_end; on -1 nothing was queued.
 */
struct buf *link_begin(struct link *);
int link_end(struct link *, uint8_t kind, uint32_t channel, struct err *);
/* Queue bytes that are no packet (the hello). */
void link_put_bytes(struct link *, const void *bytes, size_t size);

/* Bytes queued and not yet written: the caller's measure of backpressure. */
size_t link_queued(const struct link *);
/*
 * Write what the peer has room for.  Returns 0 (link_queued tells how far it
 * came), or -1 when the peer has gone; what it said before may still be taken.
 */
int link_flush(struct link *, struct err *);

/*
 * Returns 1 with the next packet; 0 when it has not come whole: wait; -1 with
 * `err` when the peer has gone or what it sends is damaged, then and for ever.
 */
int link_take(struct link *, struct packet *out, struct err *);
/* The same for `size` bytes that are no packet. */
int link_take_bytes(struct link *, size_t size, const char **bytes,
	struct err *);
/* What has come and has not been taken, whole or not. */
size_t link_peek(const struct link *, const char **bytes);
/* Did taking or flushing fail because the peer has gone? */
int link_is_gone(const struct link *);
/* Has the peer closed its end, after a whole packet?  Then link_take fails,
 * which is no error to who expected it. */
int link_is_ended(const struct link *);

/*
 * Wait for input (if `wants_input`, and whole packets that have come already
 * are taken first!), and for room if something is queued.
 */
void link_add_waits(const struct link *, int wants_input, struct env_waits *);

#endif
