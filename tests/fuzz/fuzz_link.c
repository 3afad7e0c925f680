/*
 * What a peer sends: any bytes end in an error; a packet is taken only with
 * right checksums.  First they are read as they are, then with the checksums
 * of all heads and payloads made right, as far as the lengths go.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/hello.h"
#include "net/link.h"
#include "util/err.h"
#include "util/hash.h"

#define HELLO_BYTES 128
#define HEAD_BYTES 32
/* A pipe holds that without a reader. */
#define SIZE_MAX_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(int condition)
{
	if (!condition)
		abort();
}

static void
take_all(const uint8_t *bytes, size_t size, int with_hello)
{
	struct err err = ERR_INIT, hello_err = ERR_INIT;
	struct packet packet;
	struct hello hello;
	int ends[2];
	size_t total = 0;

	require(pipe(ends) == 0);
	require(size == 0 || write(ends[1], bytes, size) == (ssize_t)size);
	close(ends[1]);
	struct link *link = link_new(ends[0], open("/dev/null", O_WRONLY),
	    "host b");
	if (with_hello && hello_take(link, &hello, &hello_err) != 1)
		require(hello_err.message[0] != '\0');
	while (link_take(link, &packet, &err) == 1)
		total += packet.size + HEAD_BYTES;
	require(total <= size && err.message[0] != '\0');
	link_close(&link);
}

/* Sign packets one behind the other. */
static void
sign(uint8_t *bytes, size_t size)
{
	uint32_t number = 0, length;
	uint64_t hash;

	while (size >= HEAD_BYTES) {
		bytes[2] = bytes[3] = 0;
		memcpy(&length, bytes, 4);
		memcpy(bytes + 8, &number, 4);
		size_t there = size - HEAD_BYTES;
		hash = hash_bytes(bytes + HEAD_BYTES, length < there ? length :
		    there);
		memcpy(bytes + 16, &hash, 8);
		hash = hash_bytes(bytes, 24);
		memcpy(bytes + 24, &hash, 8);
		if (length > there)
			return;
		number++;
		bytes += HEAD_BYTES + length;
		size -= HEAD_BYTES + length;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > SIZE_MAX_BYTES)
		return 0;
	take_all(bytes, size, 1);
	uint8_t *copy = malloc(size + 1);
	if (size > 0)
		memcpy(copy, bytes, size);
	sign(copy, size);
	take_all(copy, size, 0);
	if (size >= HELLO_BYTES) {
		uint64_t hash = hash_bytes(copy, HELLO_BYTES - 8);
		memcpy(copy + HELLO_BYTES - 8, &hash, 8);
		take_all(copy, size, 1);
	}
	free(copy);
	return 0;
}
