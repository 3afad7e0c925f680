/*
 * Links.  Two queues of bytes, one a direction:
 *
 *	output: [written | queued packets        ]-> link_flush
 *	input:  [taken   | whole packets | a part]<- link_take reads when only
 *		a part is left
 *
 * A packet is a head and its payload:
 *
 *	u32 payload bytes, u32 channel, u32 number, u8 kind, u8 0[3],
 *	u64 XXH3 of the payload, u64 XXH3 of the head before
 *
 * The head has a checksum of its own, so that a damaged length is seen at once
 * and not waited for.  Packets are numbered from 0, so that one that got lost
 * or came twice is seen too.  The input buffer grows with what has come, never
 * by what a head claims.
 *
 * Both directions fail for good: the first error is kept and said again.
 */
#include "net/link.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/mem.h"

/* What one read may bring; pipes are enlarged to hold as much. */
#define READ_BYTES ((size_t)256 << 10)
#define PIPE_BYTES (1 << 20)

struct packet_head {
	uint32_t size;
	uint32_t channel;
	uint32_t number;
	uint8_t kind;
	uint8_t zero[3];
	uint64_t payload_hash;
	uint64_t head_hash;
};

_Static_assert(sizeof(struct packet_head) == 32, "no gaps");

struct link {
	char *name;
	int in, out;
	struct buf output;
	size_t written;		/* of output */
	size_t begun;		/* where in output link_begin's packet is */
	uint32_t put_count;
	struct buf input;
	size_t taken;		/* of input */
	uint32_t take_count;
	int is_ended;		/* there is nothing more to read */
	int is_gone;		/* that is why taking or flushing fails */
	struct err in_err, out_err;
};

struct link *
link_new(int take_in, int take_out, const char *name)
{
	struct link *link = mem_alloc_zero(sizeof(*link));

	link->name = mem_copy_string(name);
	link->in = take_in;
	link->out = take_out;
	link->begun = SIZE_MAX;
	if (env_set_nonblocking(take_in) != 0 ||
	    env_set_nonblocking(take_out) != 0) {
		err_set_errno(&link->in_err, ERR_IO, errno, "%s", name);
		link->out_err = link->in_err;
	}
	env_pipe_enlarge(take_in, PIPE_BYTES);
	env_pipe_enlarge(take_out, PIPE_BYTES);
	return link;
}

void
link_close(struct link **link_address)
{
	struct link *link = *link_address;

	*link_address = NULL;
	if (link == NULL)
		return;
	env->close(link->in);
	if (link->out != link->in)
		env->close(link->out);
	buf_fini(&link->output);
	buf_fini(&link->input);
	mem_free(link->name);
	mem_free(link);
}

const char *
link_name(const struct link *link)
{
	return link->name;
}

/* Say again what has failed: -1. */
static int
repeat(const struct err *failed, struct err *err)
{
	return err_set(err, failed->kind, "%s", failed->message);
}

struct buf *
link_begin(struct link *link)
{
	static const struct packet_head no_head;

	assert(link->begun == SIZE_MAX);
	link->begun = link->output.size;
	buf_add(&link->output, &no_head, sizeof(no_head));
	return &link->output;
}

int
link_end(struct link *link, uint8_t kind, uint32_t channel, struct err *err)
{
	size_t start = link->begun;
	size_t payload = start + sizeof(struct packet_head);

	assert(start != SIZE_MAX);
	assert(link->output.size >= payload);
	size_t size = link->output.size - payload;
	link->begun = SIZE_MAX;
	if (size > LINK_PAYLOAD_BYTES_MAX) {
		link->output.size = start;
		return err_set(err, ERR_IO, "%s: %zu bytes in one piece are "
		    "too many to send, %zu are allowed", link->name, size,
		    LINK_PAYLOAD_BYTES_MAX);
	}
	struct packet_head head = {
		.size = (uint32_t)size,
		.channel = channel,
		.number = link->put_count++,
		.kind = kind,
		.payload_hash = hash_bytes(link->output.bytes + payload, size),
	};
	head.head_hash = hash_bytes(&head, offsetof(struct packet_head,
	    head_hash));
	memcpy(link->output.bytes + start, &head, sizeof(head));
	return 0;
}

int
link_put(struct link *link, uint8_t kind, uint32_t channel, const void *bytes,
	size_t size, struct err *err)
{
	buf_add(link_begin(link), bytes, size);
	return link_end(link, kind, channel, err);
}

void
link_put_bytes(struct link *link, const void *bytes, size_t size)
{
	assert(link->begun == SIZE_MAX);
	buf_add(&link->output, bytes, size);
}

size_t
link_queued(const struct link *link)
{
	return link->output.size - link->written;
}

/* Forget what is written, when that costs little. */
static void
output_shrink(struct link *link)
{
	size_t left = link_queued(link);

	if (left > link->written)
		return;
	if (left > 0)
		memcpy(link->output.bytes, link->output.bytes + link->written,
		    left);
	link->output.size = left;
	link->written = 0;
}

int
link_flush(struct link *link, struct err *err)
{
	assert(link->begun == SIZE_MAX);
	while (link_queued(link) > 0 && link->out_err.kind == ERR_NONE) {
		ssize_t size = env->write(link->out,
		    link->output.bytes + link->written, link_queued(link));
		if (size > 0)
			link->written += (size_t)size;
		else if (size == 0 || errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno == EPIPE || errno == ECONNRESET)
			link->is_gone = 1, err_set(&link->out_err, ERR_IO,
			    "%s closed the connection", link->name);
		else if (errno != EINTR)
			err_set_errno(&link->out_err, ERR_IO, errno,
			    "%s: cannot send", link->name);
	}
	if (link->out_err.kind != ERR_NONE)
		return repeat(&link->out_err, err);
	output_shrink(link);
	return 0;
}

/* Forget what is taken, when that costs little or room is short. */
static void
input_shrink(struct link *link)
{
	size_t left = link->input.size - link->taken;

	if (link->taken == 0 || (left > link->taken &&
	    link->input.capacity - link->input.size >= READ_BYTES))
		return;
	memmove(link->input.bytes, link->input.bytes + link->taken, left);
	link->input.size = left;
	link->taken = 0;
}

/* Read once: 1 if something came, or the end; 0 if it would wait; -1. */
static int
input_fill(struct link *link)
{
	input_shrink(link);
	char *room = buf_reserve(&link->input, READ_BYTES);
	ssize_t size;

	do {
		size = env->read(link->in, room,
		    link->input.capacity - link->input.size);
	} while (size < 0 && errno == EINTR);
	if (size > 0)
		link->input.size += (size_t)size;
	else if (size == 0 || errno == ECONNRESET)
		link->is_ended = 1;
	else if (errno == EAGAIN || errno == EWOULDBLOCK)
		return 0;
	else
		return err_set_errno(&link->in_err, ERR_IO, errno,
		    "%s: cannot receive", link->name);
	return 1;
}

/* Until `size` bytes are there: 1, 0 or -1 as link_take() has it. */
static int
input_need(struct link *link, size_t size)
{
	if (link->in_err.kind != ERR_NONE)
		return -1;
	for (;;) {
		size_t there = link->input.size - link->taken;
		if (there >= size)
			return 1;
		link->is_gone |= link->is_ended;
		if (link->is_ended && there > 0)
			return err_set(&link->in_err, ERR_IO, "%s closed the "
			    "connection in the middle of a packet",
			    link->name);
		if (link->is_ended)
			return err_set(&link->in_err, ERR_IO,
			    "%s closed the connection", link->name);
		int status = input_fill(link);
		if (status <= 0)
			return status;
	}
}

static int
check_head(struct link *link, const struct packet_head *head)
{
	if (head->head_hash != hash_bytes(head, offsetof(struct packet_head,
	    head_hash)) || head->size > LINK_PAYLOAD_BYTES_MAX)
		return err_set(&link->in_err, ERR_IO, "%s sends damaged data: "
		    "the checksum in front of packet %u is wrong", link->name,
		    link->take_count);
	if (head->number != link->take_count)
		return err_set(&link->in_err, ERR_IO, "%s sends damaged data: "
		    "packet %u comes where packet %u is due", link->name,
		    head->number, link->take_count);
	return 0;
}

/* link_take() but for saying the error. */
static int
take_packet(struct link *link, struct packet *out)
{
	struct packet_head head;
	int status = input_need(link, sizeof(head));

	if (status <= 0)
		return status;
	memcpy(&head, link->input.bytes + link->taken, sizeof(head));
	if (check_head(link, &head) != 0)
		return -1;
	status = input_need(link, sizeof(head) + head.size);
	if (status <= 0)
		return status;
	const char *bytes = link->input.bytes + link->taken + sizeof(head);
	if (hash_bytes(bytes, head.size) != head.payload_hash)
		return err_set(&link->in_err, ERR_IO, "%s sends damaged data: "
		    "the checksum of packet %u is wrong", link->name,
		    link->take_count);
	link->taken += sizeof(head) + head.size;
	link->take_count++;
	*out = (struct packet){ head.kind, head.channel, bytes, head.size };
	return 1;
}

int
link_take(struct link *link, struct packet *out, struct err *err)
{
	int status = take_packet(link, out);

	return status < 0 ? repeat(&link->in_err, err) : status;
}

int
link_take_bytes(struct link *link, size_t size, const char **bytes,
	struct err *err)
{
	int status = input_need(link, size);

	if (status < 0)
		return repeat(&link->in_err, err);
	if (status == 1) {
		*bytes = link->input.bytes + link->taken;
		link->taken += size;
	}
	return status;
}

size_t
link_peek(const struct link *link, const char **bytes)
{
	*bytes = link->input.bytes + link->taken;
	return link->input.size - link->taken;
}

int
link_is_gone(const struct link *link)
{
	return link->is_gone;
}

int
link_is_ended(const struct link *link)
{
	return link->is_ended && link->taken == link->input.size;
}

void
link_add_waits(const struct link *link, int wants_input,
	struct env_waits *waits)
{
	if (wants_input && !link->is_ended && link->in_err.kind == ERR_NONE)
		env_waits_add(waits, link->in, 0);
	if (link_queued(link) > 0 && link->out_err.kind == ERR_NONE)
		env_waits_add(waits, link->out, 1);
}
