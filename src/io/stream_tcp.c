/*
 * tcp("[HOST]:PORT"): a listener; every connection is a split.
 *
 *     open     the address is read; nothing is done yet
 *     next ... listens at its first call; hands out a connection as it comes,
 *              and says the end of a split when its reader has come to the end
 *
 * A peer that goes away in the middle of a line has ended its last line, and a
 * connection that breaks has ended: one client's fault is not the job's.  When
 * the process can have no more connections they wait in the system's queue
 * until one has ended, or for a second.
 *
 * Nothing can be read again.  A checkpoint knows which connections there were,
 * so that a resumed job hears of the end of each.
 */
#include "io/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/interrupt.h"
#include "util/mem.h"
#include "util/pack.h"

#define RETRY_NS ((uint64_t)1000000000)
#define HOST_SIZE 256
/* "tcp" and a version; then a sum, how many were accepted, the open ones. */
#define ENTRY_MAGIC 0x01706374u

struct connection {
	struct stream *stream;	/* NULL: the stream is gone */
	uint64_t split;
	int fd;			/* -1: closed */
	int waits;		/* the last read found nothing */
	int ended;		/* its split's end is to be said */
	unsigned users;		/* the stream, the input */
	char peer[ENV_PEER_SIZE];
};

struct stream {
	const char *address;
	char host[HOST_SIZE];
	uint16_t port;
	int64_t limit;		/* connections to accept; 0: no limit */
	int fd;			/* the listener, or -1 */
	int begun;
	uint64_t retry_ns;	/* accept again then; 0: now */
	uint64_t accepted;
	uint64_t salt;		/* ids of two listeners differ */
	struct connection **connection;
	uint32_t count;
	uint64_t *gone;		/* splits of the job that is resumed */
	uint32_t gone_count;
};

static const struct option_def tcp_options[] = {
	{ "connections", TYPE_INT, "end when so many have come and gone "
		"(never)" },
	{ 0 },
};

/* --- open --- */

static int
bad_address(const char *address, struct err *err)
{
	err_set(err, ERR_PROGRAM, "'%s' is no address to listen on", address);
	return err_hint(err, "write tcp(\":9000\") or tcp(\"localhost:9000\")");
}

/* [HOST]:PORT; an IPv6 address stands in brackets. */
static int
read_address(struct stream *stream, struct err *err)
{
	const char *address = stream->address;
	const char *colon = strrchr(address, ':');
	char *end;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return bad_address(address, err);
	long port = strtol(colon + 1, &end, 10);
	size_t size = (size_t)(colon - address);
	if (*end != '\0' || port > UINT16_MAX)
		return bad_address(address, err);
	if (size >= 2 && address[0] == '[' && address[size - 1] == ']') {
		address++;
		size -= 2;
	} else if (memchr(address, ':', size) != NULL) {
		return bad_address(stream->address, err);
	}
	if (size >= HOST_SIZE)
		return bad_address(stream->address, err);
	memcpy(stream->host, address, size);
	stream->host[size] = '\0';
	stream->port = (uint16_t)port;
	return 0;
}

static int
read_options(struct stream *stream, const struct format_option *option,
	uint32_t count, struct err *err)
{
	if (format_check_options("tcp", tcp_options, option, count, err) != 0)
		return -1;
	stream->limit = format_option_int(option, count, "connections", 0);
	if (format_option_value(option, count, "connections") != NULL &&
	    stream->limit <= 0)
		return err_set(err, ERR_PROGRAM,
		    "connections is a number above 0");
	return 0;
}

static struct stream *
tcp_open(const char *const *path, uint32_t path_count,
	const struct format_option *option, uint32_t option_count,
	struct err *err)
{
	if (path_count != 1) {
		err_set(err, ERR_PROGRAM, "tcp takes one address: "
		    "tcp(\":9000\")");
		return NULL;
	}
	struct stream *stream = mem_alloc_zero(sizeof(*stream));
	stream->address = path[0];
	stream->fd = -1;
	stream->salt = hash_bytes(path[0], strlen(path[0]));
	if (read_address(stream, err) != 0 ||
	    read_options(stream, option, option_count, err) != 0) {
		mem_free(stream);
		return NULL;
	}
	return stream;
}

/* --- connections --- */

static void
connection_drop(struct connection *connection)
{
	if (--connection->users > 0)
		return;
	if (connection->fd >= 0)
		env->close(connection->fd);
	mem_free(connection);
}

static ssize_t
connection_read(void *cookie, char *bytes, size_t size, struct err *err)
{
	struct connection *connection = cookie;
	ssize_t got;

	if (connection->fd < 0)
		return 0;
	connection->waits = 0;
	do {
		got = env->read(connection->fd, bytes, size);
	} while (got < 0 && errno == EINTR && !interrupt_is_set());
	if (got > 0)
		return got;
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		connection->waits = 1;
		return INPUT_WAIT;
	}
	if (got < 0 && errno == EINTR)
		return err_set(err, ERR_INTERRUPT, "interrupted");
	env->close(connection->fd);
	connection->fd = -1;
	return 0;
}

static void
connection_close(void *take_cookie)
{
	connection_drop(take_cookie);
}

static struct connection *
connection_new(struct stream *stream, int fd, const char *peer)
{
	struct connection *connection = mem_alloc_zero(sizeof(*connection));

	connection->stream = stream;
	connection->fd = fd;
	connection->users = 2;
	connection->split = hash_mix(stream->salt, ++stream->accepted);
	memcpy(connection->peer, peer, ENV_PEER_SIZE);
	stream->connection = mem_resize(stream->connection,
	    (stream->count + 1) * sizeof(*stream->connection));
	stream->connection[stream->count++] = connection;
	return connection;
}

/* --- next --- */

static int
begin(struct stream *stream, struct err *err)
{
	stream->begun = 1;
	if (stream->limit > 0 && stream->accepted >= (uint64_t)stream->limit)
		return 0;
	stream->fd = env->listen(stream->host, stream->port);
	if (stream->fd >= 0)
		return 0;
	if (errno == ENOENT)
		return err_set(err, ERR_IO, "cannot listen on %s: there is no "
		    "host of that name", stream->address);
	return err_set_errno(err, ERR_IO, errno, "cannot listen on %s",
	    stream->address);
}

static int
may_accept(const struct stream *stream)
{
	return stream->fd >= 0 && (stream->retry_ns == 0 ||
	    env->monotonic_ns() >= stream->retry_ns);
}

/* STREAM_INPUT, STREAM_WAIT or STREAM_FAIL. */
static enum stream_got
accept_one(struct stream *stream, struct stream_part *out, struct err *err)
{
	static const struct input_calls calls = {
		.read = connection_read, .close = connection_close,
	};
	char peer[ENV_PEER_SIZE];
	int fd;

	do {
		fd = env->accept(stream->fd, peer);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED) &&
	    !interrupt_is_set());
	stream->retry_ns = 0;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			stream->retry_ns = env->monotonic_ns() + RETRY_NS;
		else if (errno != EAGAIN && errno != EWOULDBLOCK &&
		    errno != EINTR) {
			err_set_errno(err, ERR_IO, errno,
			    "cannot accept connections on %s",
			    stream->address);
			return STREAM_FAIL;
		}
		return STREAM_WAIT;
	}
	struct connection *connection = connection_new(stream, fd, peer);
	*out = (struct stream_part){
		.split = connection->split,
		.label = connection->peer,
		.input = input_custom(peer, &calls, connection),
		.token = connection,
	};
	if (stream->limit > 0 && stream->accepted >= (uint64_t)stream->limit) {
		env->close(stream->fd);
		stream->fd = -1;
	}
	return STREAM_INPUT;
}

static void
connection_remove(struct stream *stream, uint32_t at)
{
	struct connection *connection = stream->connection[at];

	connection->stream = NULL;
	connection_drop(connection);
	stream->connection[at] = stream->connection[--stream->count];
	stream->retry_ns = 0;
}

static enum stream_got
tcp_next(struct stream *stream, struct stream_part *out, struct err *err)
{
	if (!stream->begun && begin(stream, err) != 0)
		return STREAM_FAIL;
	if (stream->gone_count > 0) {
		*out = (struct stream_part){
			.split = stream->gone[--stream->gone_count],
		};
		return STREAM_SPLIT_END;
	}
	for (uint32_t i = 0; i < stream->count; i++)
		if (stream->connection[i]->ended) {
			*out = (struct stream_part){
				.split = stream->connection[i]->split,
			};
			connection_remove(stream, i);
			return STREAM_SPLIT_END;
		}
	if (may_accept(stream))
		return accept_one(stream, out, err);
	return stream->fd < 0 && stream->count == 0 ? STREAM_END : STREAM_WAIT;
}

static void
tcp_finished(struct stream *stream, const struct stream_part *part)
{
	struct connection *connection = part->token;

	(void)stream;
	connection->ended = 1;
}

static void
tcp_wait(struct stream *stream, struct env_waits *waits)
{
	if (stream->fd >= 0 && stream->retry_ns == 0)
		env_waits_add(waits, stream->fd, 0);
	else if (stream->fd >= 0)
		env_waits_until(waits, stream->retry_ns);
	for (uint32_t i = 0; i < stream->count; i++) {
		const struct connection *connection = stream->connection[i];
		if (connection->ended || !connection->waits)
			env_waits_until(waits, 0);
		else
			env_waits_add(waits, connection->fd, 0);
	}
}

/* --- checkpoints --- */

/* All connections are in the entry of what is known besides. */
static void
tcp_save(struct stream *stream, const struct stream_part *part,
	const struct reader_position *position, struct buf *out)
{
	struct buf payload = { 0 };

	(void)position;
	if (part != NULL)
		return;
	pack_u64(&payload, stream->accepted);
	for (uint32_t i = 0; i < stream->count; i++)
		pack_u64(&payload, stream->connection[i]->split);
	for (uint32_t i = 0; i < stream->gone_count; i++)
		pack_u64(&payload, stream->gone[i]);
	pack_u64(out, ENTRY_MAGIC);
	pack_u64(out, hash_bytes(payload.bytes, payload.size));
	pack_bytes(out, payload.bytes, payload.size);
	buf_fini(&payload);
}

static int
tcp_load(struct stream *stream, const char *bytes, size_t size,
	struct err *err)
{
	struct unpack in = { .at = bytes, .left = size };
	struct unpack payload = { 0 };

	if (size == 0)
		return 0;
	uint64_t magic = unpack_u64(&in);
	uint64_t sum = unpack_u64(&in);
	payload.at = unpack_bytes(&in, &payload.left);
	if (!unpack_is_done(&in) || magic != ENTRY_MAGIC ||
	    hash_bytes(payload.at, payload.left) != sum ||
	    payload.left < 8 || payload.left % 8 != 0 || stream->gone != NULL)
		return err_set(err, ERR_IO,
		    "the checkpoint's connections of tcp() are damaged");
	stream->accepted = unpack_u64(&payload);
	stream->gone = mem_alloc(payload.left + 1);
	while (payload.left > 0)
		stream->gone[stream->gone_count++] = unpack_u64(&payload);
	return 0;
}

static void
tcp_close(struct stream **take_stream)
{
	struct stream *stream = *take_stream;

	*take_stream = NULL;
	if (stream == NULL)
		return;
	while (stream->count > 0)
		connection_remove(stream, stream->count - 1);
	if (stream->fd >= 0)
		env->close(stream->fd);
	mem_free(stream->connection);
	mem_free(stream->gone);
	mem_free(stream);
}

const struct stream_def stream_tcp = {
	.name = "tcp",
	.syntax = "from tcp(\"[HOST]:PORT\", OPTION=VALUE, ...)",
	.summary = "a listener: what peers send, each connection by itself",
	.example = "from tcp(\":9000\", connections=2) | count by user",
	.options = tcp_options,
	.format = "jsonl",
	.ends_with = "connections",
	.open = tcp_open,
	.next = tcp_next,
	.finished = tcp_finished,
	.wait = tcp_wait,
	.save = tcp_save,
	.load = tcp_load,
	.close = tcp_close,
};
