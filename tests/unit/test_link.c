#include "net/link.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include "net/hello.h"
#include "random_column.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/interrupt.h"

/* A link that writes to our pipe and one that reads from our other. */
struct rig {
	struct link *sender, *receiver;
	int from_sender, to_receiver;
};

static void
rig_open(struct rig *rig)
{
	int first[2], second[2];

	cr_assert(pipe(first) == 0 && pipe(second) == 0);
	rig->sender = link_new(open("/dev/null", O_RDONLY), first[1],
	    "host a");
	rig->from_sender = first[0];
	rig->receiver = link_new(second[0], open("/dev/null", O_WRONLY),
	    "host b");
	rig->to_receiver = second[1];
}

static void
rig_close(struct rig *rig)
{
	link_close(&rig->sender);
	link_close(&rig->receiver);
	close(rig->from_sender);
	if (rig->to_receiver >= 0)
		close(rig->to_receiver);
}

/* All that the sender has queued, read from its pipe. */
static void
rig_collect(struct rig *rig, struct buf *out)
{
	struct err err = ERR_INIT;

	while (link_queued(rig->sender) > 0) {
		cr_assert(link_flush(rig->sender, &err) == 0);
		char *room = buf_reserve(out, 1 << 20);
		ssize_t size = read(rig->from_sender, room, 1 << 20);
		cr_assert(size > 0);
		out->size += (size_t)size;
	}
}

/* Packet i of a random sequence. */
static size_t
payload(uint64_t *seed, char *bytes, size_t size_max)
{
	size_t size = random_next(seed, 3) == 0 ? 0 :
	    random_next(seed, (uint32_t)size_max);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)random_next(seed, 256);
	return size;
}

static void
put_random(struct link *link, uint64_t *seed)
{
	static char bytes[4096];
	struct err err = ERR_INIT;
	uint8_t kind = (uint8_t)random_next(seed, 256);
	uint32_t channel = random_next(seed, 1000);
	size_t size = payload(seed, bytes, sizeof(bytes));

	if (random_next(seed, 2) == 0) {
		cr_assert(link_put(link, kind, channel, bytes, size, &err) ==
		    0);
	} else {
		buf_add(link_begin(link), bytes, size);
		cr_assert(link_end(link, kind, channel, &err) == 0);
	}
}

/* Is it the packet that put_random made of the same seed? */
static void
expect_random(const struct packet *packet, uint64_t *seed)
{
	static char bytes[4096];

	cr_assert(packet->kind == random_next(seed, 256));
	cr_assert(packet->channel == random_next(seed, 1000));
	size_t size = payload(seed, bytes, sizeof(bytes));
	cr_assert(packet->size == size);
	cr_assert(size == 0 || memcmp(packet->bytes, bytes, size) == 0);
	random_next(seed, 2);
}

Test(link, random_splits)
{
	for (uint64_t round = 1; round < 60; round++) {
		struct rig rig;
		struct buf buf = { 0 };
		struct err err = ERR_INIT;
		struct packet packet;
		uint64_t put = round, took = round, split = round;
		int count = 40, seen = 0;

		rig_open(&rig);
		for (int i = 0; i < count; i++)
			put_random(rig.sender, &put);
		rig_collect(&rig, &buf);
		for (size_t at = 0; at < buf.size; ) {
			size_t size = 1 + random_next(&split, 5000);
			size = size < buf.size - at ? size : buf.size - at;
			cr_assert(write(rig.to_receiver, buf.bytes + at, size)
			    == (ssize_t)size);
			at += size;
			while (link_take(rig.receiver, &packet, &err) == 1) {
				expect_random(&packet, &took);
				seen++;
			}
			cr_assert(err.kind == ERR_NONE, "%s", err.message);
		}
		cr_assert(seen == count && !link_is_ended(rig.receiver));
		close(rig.to_receiver);
		rig.to_receiver = -1;
		cr_assert(link_take(rig.receiver, &packet, &err) == -1);
		cr_assert(link_is_ended(rig.receiver));
		cr_assert_str_eq(err.message, "host b closed the connection");
		rig_close(&rig);
		buf_fini(&buf);
	}
}

/* Three packets, as bytes. */
static void
three_packets(struct buf *buf)
{
	struct rig rig;
	struct err err = ERR_INIT;

	rig_open(&rig);
	link_put(rig.sender, 1, 7, "hello", 5, &err);
	link_put(rig.sender, 2, 8, "", 0, &err);
	link_put(rig.sender, 3, 9, "a longer one", 12, &err);
	rig_collect(&rig, buf);
	rig_close(&rig);
}

/* Feed the bytes, then the end; returns how many whole packets came. */
static int
feed(const char *bytes, size_t size, struct err *err)
{
	struct rig rig;
	struct packet packet;
	int count = 0;

	rig_open(&rig);
	cr_assert(write(rig.to_receiver, bytes, size) == (ssize_t)size);
	close(rig.to_receiver);
	rig.to_receiver = -1;
	while (link_take(rig.receiver, &packet, err) == 1) {
		cr_assert(packet.kind == ++count);
		cr_assert(packet.channel == 6u + (uint32_t)count);
	}
	/* It stays so. */
	struct err again = ERR_INIT;
	cr_assert(link_take(rig.receiver, &packet, &again) == -1);
	cr_assert_str_eq(err->message, again.message);
	rig_close(&rig);
	return count;
}

Test(link, closed_at_each_byte)
{
	struct buf buf = { 0 };

	three_packets(&buf);
	cr_assert(buf.size == 3 * 32 + 17);
	for (size_t size = 0; size <= buf.size; size++) {
		struct err err = ERR_INIT;
		int whole = (size >= 37) + (size >= 69) + (size >= 113);
		int boundary = size == 0 || size == 37 || size == 69 ||
		    size == 113;
		cr_assert(feed(buf.bytes, size, &err) == whole);
		cr_assert_str_eq(err.message, boundary ?
		    "host b closed the connection" : "host b closed the "
		    "connection in the middle of a packet");
	}
	buf_fini(&buf);
}

Test(link, damaged_at_each_byte)
{
	struct buf buf = { 0 };

	three_packets(&buf);
	for (size_t i = 0; i < buf.size; i++) {
		struct err err = ERR_INIT;
		buf.bytes[i] ^= 0x10;
		int count = feed(buf.bytes, buf.size, &err);
		cr_assert(count == (i >= 37) + (i >= 69));
		cr_assert(strstr(err.message, "host b sends damaged data: the "
		    "checksum ") == err.message, "%s", err.message);
		buf.bytes[i] ^= 0x10;
	}
	/* The first packet is missing. */
	struct err err = ERR_INIT;
	cr_assert(feed(buf.bytes + 37, buf.size - 37, &err) == 0);
	cr_assert_str_eq(err.message, "host b sends damaged data: packet 1 "
	    "comes where packet 0 is due");
	buf_fini(&buf);
}

/* Nobody reads: flush neither waits nor loses anything, and says when there is
 * nobody any more. */
Test(link, backpressure)
{
	struct rig rig;
	struct err err = ERR_INIT;
	struct env_waits waits = { 0 };
	static char bytes[1 << 20];
	static char room[1 << 20];
	size_t total = 0, put = 0;

	interrupt_install();
	rig_open(&rig);
	for (int i = 0; i < 8; i++) {
		link_put(rig.sender, 1, 0, bytes, sizeof(bytes), &err);
		put += sizeof(bytes) + 32;
		cr_assert(link_flush(rig.sender, &err) == 0);
	}
	cr_assert(link_queued(rig.sender) > 0);
	env_waits_clear(&waits);
	link_add_waits(rig.sender, 0, &waits);
	cr_assert(waits.count == 1 && waits.entry[0].for_room);
	while (total < put) {
		ssize_t size = read(rig.from_sender, room, sizeof(room));
		cr_assert(size > 0);
		total += (size_t)size;
		cr_assert(link_flush(rig.sender, &err) == 0);
	}
	cr_assert(total == put && link_queued(rig.sender) == 0);
	close(rig.from_sender);
	link_put(rig.sender, 1, 0, bytes, 1, &err);
	cr_assert(link_flush(rig.sender, &err) == -1);
	cr_assert_str_eq(err.message, "host a closed the connection");
	env_waits_fini(&waits);
	link_close(&rig.sender);
	link_close(&rig.receiver);
}

/* What a receiver of these bytes says of the hello. */
static int
greet(const char *bytes, size_t size, int close_it, struct err *err)
{
	struct rig rig;
	struct hello hello;

	rig_open(&rig);
	cr_assert(write(rig.to_receiver, bytes, size) == (ssize_t)size);
	if (close_it) {
		close(rig.to_receiver);
		rig.to_receiver = -1;
	}
	int status = hello_take(rig.receiver, &hello, err);
	if (status == 1) {
		cr_assert_str_eq(hello.version, PACKAGE_VERSION);
		cr_assert(hello.cpu_count == env_cpu_count());
		cr_assert(hello.build != 0 && hello.host[0] != '\0');
	}
	rig_close(&rig);
	return status;
}

static void
own_hello(struct buf *buf)
{
	struct rig rig;
	struct err err = ERR_INIT;

	rig_open(&rig);
	cr_assert(hello_put(rig.sender, &err) == 0, "%s", err.message);
	rig_collect(&rig, buf);
	rig_close(&rig);
}

Test(hello, fits)
{
	struct buf buf = { 0 };

	own_hello(&buf);
	cr_assert(buf.size == 128);
	for (size_t size = 0; size < 128; size++) {
		struct err err = ERR_INIT;
		cr_assert(greet(buf.bytes, size, 0, &err) == 0);
		cr_assert(greet(buf.bytes, size, 1, &err) == -1);
		cr_assert(strstr(err.message, "before it said hello"));
	}
	struct err err = ERR_INIT;
	cr_assert(greet(buf.bytes, 128, 1, &err) == 1, "%s", err.message);
	for (size_t i = 0; i < 128; i++) {
		struct err damaged = ERR_INIT;
		buf.bytes[i] ^= 1;
		cr_assert(greet(buf.bytes, 128, 0, &damaged) == -1);
		buf.bytes[i] ^= 1;
	}
	buf_fini(&buf);
}

static void
greet_signed(struct buf *buf, const char *message)
{
	struct err err = ERR_INIT;
	uint64_t hash = hash_bytes(buf->bytes, 120);

	memcpy(buf->bytes + 120, &hash, 8);
	cr_assert(greet(buf->bytes, 128, 0, &err) == -1);
	cr_assert(strncmp(err.message, message, strlen(message)) == 0, "%s",
	    err.message);
}

Test(hello, messages)
{
	struct buf buf = { 0 };
	struct err err = ERR_INIT;

	cr_assert(greet("Welcome to\nb", 12, 0, &err) == -1);
	cr_assert_str_eq(err.message,
	    "host b: no sflow answers there, but \"Welcome to\"");
	own_hello(&buf);
	buf.bytes[16] ^= 1;
	greet_signed(&buf, "host b runs another build of sflow "
	    PACKAGE_VERSION " (");
	memcpy(buf.bytes + 24, "9.9.9", 6);
	greet_signed(&buf, "host b runs sflow 9.9.9 (protocol 1), this is "
	    "sflow " PACKAGE_VERSION " (protocol 1)");
	memcpy(buf.bytes + 12, "\1\2\3\4", 4);
	greet_signed(&buf, "host b has another byte order than this machine");
	buf_fini(&buf);
}
