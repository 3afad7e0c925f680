/*
 * The hello, 128 bytes:
 *
 *	char mark[8], u32 protocol, u32 byte order, u64 build,
 *	char version[24], char host[64], u32 cpus, u32 0, u64 XXH3 of these
 *
 * Whoever starts a remote shell gets what its start files print as well; that
 * is the usual reason for a wrong mark, so the message shows what came.  The
 * hash is looked at only when mark and byte order are right.
 *
 * The build is the hash of the file this process was started from.  It is read
 * when the first hello is made, some milliseconds, and only jobs on several
 * hosts make one.
 */
#include "net/hello.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "net/link.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/hash.h"

#define MARK "sflow\r\n\x1a"
#define BYTE_ORDER_MARK 0x01020304u
/* Raise it when packets or what they hold change. */
#define PROTOCOL 1
#define SELF "/proc/self/exe"
#define READ_BYTES ((size_t)1 << 20)
/* Of what came instead of a hello, as shown. */
#define SHOWN_BYTES 40

struct hello_bytes {
	char mark[8];
	uint32_t protocol;
	uint32_t order;
	uint64_t build;
	char version[24];
	char host[64];
	uint32_t cpu_count;
	uint32_t zero;
	uint64_t hash;
};

_Static_assert(sizeof(struct hello_bytes) == 128, "no gaps");
_Static_assert(sizeof(MARK) == 9, "8 bytes and the string's end");
_Static_assert(sizeof(PACKAGE_VERSION) <= 24, "fits struct hello");

/* Hash the rest of the file. */
static int
hash_file(int fd, uint64_t *hash)
{
	struct buf buf = { 0 };
	ssize_t size;

	while ((size = env->read(fd, buf_reserve(&buf, READ_BYTES),
	    READ_BYTES)) > 0 || (size < 0 && errno == EINTR))
		if (size > 0)
			buf.size += (size_t)size;
	*hash = size < 0 ? 0 : hash_bytes(buf.bytes, buf.size);
	int errno_value = errno;
	buf_fini(&buf);
	errno = errno_value;
	return size < 0 ? -1 : 0;
}

/* The hash of this program's file. */
static int
build_read(uint64_t *build, struct err *err)
{
	/* Threads that race here all store the same. */
	static uint64_t known;

	*build = __atomic_load_n(&known, __ATOMIC_RELAXED);
	if (*build != 0)
		return 0;
	int fd = env->open(SELF, O_RDONLY | O_CLOEXEC, 0);
	int status = fd < 0 ? -1 : hash_file(fd, build);
	if (status != 0)
		err_set_errno(err, ERR_IO, errno, "cannot read the program "
		    "itself, %s", SELF);
	if (fd >= 0)
		env->close(fd);
	__atomic_store_n(&known, *build, __ATOMIC_RELAXED);
	return status;
}

static uint64_t
bytes_hash(const struct hello_bytes *bytes)
{
	return hash_bytes(bytes, offsetof(struct hello_bytes, hash));
}

/* What this process says of itself. */
static int
hello_own(struct hello_bytes *out, struct err *err)
{
	*out = (struct hello_bytes){
		.protocol = PROTOCOL,
		.order = BYTE_ORDER_MARK,
		.version = PACKAGE_VERSION,
		.cpu_count = env_cpu_count(),
	};
	memcpy(out->mark, MARK, sizeof(out->mark));
	env_host_name(out->host, sizeof(out->host));
	if (build_read(&out->build, err) != 0)
		return -1;
	out->hash = bytes_hash(out);
	return 0;
}

int
hello_put(struct link *link, struct err *err)
{
	struct hello_bytes own;

	if (hello_own(&own, err) != 0)
		return -1;
	link_put_bytes(link, &own, sizeof(own));
	return 0;
}

/* The first of the bytes, printable. */
static const char *
shown(const char *bytes, size_t size, char text[SHOWN_BYTES + 1])
{
	size_t count = 0;

	while (count < size && count < SHOWN_BYTES) {
		char c = bytes[count];
		if (c == '\n' || c == '\r')
			break;
		text[count++] = c >= ' ' && c <= '~' ? c : '?';
	}
	text[count] = '\0';
	return text;
}

/* Something that is no hello came. */
static int
fail_stranger(const struct link *link, const char *bytes, size_t size,
	struct err *err)
{
	char text[SHOWN_BYTES + 1];

	err_set(err, ERR_IO, "%s: no sflow answers there, but \"%s\"",
	    link_name(link), shown(bytes, size, text));
	return err_hint(err, "does a start file of its shell print "
	    "something?");
}

static int
check_version(const struct link *link, const struct hello_bytes *theirs,
	const struct hello_bytes *own, struct err *err)
{
	if (theirs->protocol != own->protocol ||
	    strcmp(theirs->version, own->version) != 0)
		err_set(err, ERR_IO, "%s runs sflow %s (protocol %u), this is "
		    "sflow %s (protocol %u)", link_name(link), theirs->version,
		    theirs->protocol, own->version, own->protocol);
	else if (theirs->build != own->build)
		err_set(err, ERR_IO, "%s runs another build of sflow %s "
		    "(%016llx) than this (%016llx)", link_name(link),
		    theirs->version, (unsigned long long)theirs->build,
		    (unsigned long long)own->build);
	else
		return 0;
	return err_hint(err, "copy this very program to the host");
}

static int
check_bytes(const struct link *link, struct hello_bytes *theirs,
	struct err *err)
{
	struct hello_bytes own;

	if (theirs->order == __builtin_bswap32(BYTE_ORDER_MARK))
		return err_set(err, ERR_IO, "%s has another byte order than "
		    "this machine: they cannot work together",
		    link_name(link));
	if (theirs->order != BYTE_ORDER_MARK ||
	    theirs->hash != bytes_hash(theirs))
		return err_set(err, ERR_IO, "%s sends damaged data: the "
		    "checksum of its hello is wrong", link_name(link));
	theirs->version[sizeof(theirs->version) - 1] = '\0';
	theirs->host[sizeof(theirs->host) - 1] = '\0';
	if (hello_own(&own, err) != 0)
		return -1;
	return check_version(link, theirs, &own, err);
}

int
hello_take(struct link *link, struct hello *out, struct err *err)
{
	struct hello_bytes theirs;
	struct err gone = ERR_INIT;
	const char *bytes;
	int status = link_take_bytes(link, sizeof(theirs), &bytes, &gone);

	*out = (struct hello){ 0 };
	if (status <= 0) {
		/* A stranger may say less than we wait for. */
		size_t size = link_peek(link, &bytes);
		size_t known = size < 8 ? size : 8;
		if (size > 0 && memcmp(bytes, MARK, known) != 0)
			return fail_stranger(link, bytes, size, err);
		if (status < 0)
			return err_set(err, gone.kind, "%s before it said "
			    "hello", gone.message);
		return 0;
	}
	memcpy(&theirs, bytes, sizeof(theirs));
	if (memcmp(theirs.mark, MARK, sizeof(theirs.mark)) != 0)
		return fail_stranger(link, bytes, sizeof(theirs), err);
	status = check_bytes(link, &theirs, err);
	*out = (struct hello){
		.build = theirs.build,
		.protocol = theirs.protocol,
		.cpu_count = theirs.cpu_count,
	};
	memcpy(out->version, theirs.version, sizeof(out->version));
	memcpy(out->host, theirs.host, sizeof(out->host));
	return status == 0 ? 1 : -1;
}
