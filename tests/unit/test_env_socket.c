#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/env.h"

static int
connect_to(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) },
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert(connect(fd, (struct sockaddr *)&address,
	    sizeof(address)) == 0);
	return fd;
}

/* Listens there, connects, and sends a word. */
static void
talk(const char *host)
{
	char peer[ENV_PEER_SIZE], text[8];
	struct env_waits waits = { 0 };
	int fd = env->listen(host, 0);

	cr_assert(fd >= 0, "%s: %s", host, strerror(errno));
	uint16_t port = env_local_port(fd);
	cr_assert(port != 0);
	cr_assert(env->accept(fd, peer) == -1 && errno == EAGAIN);
	int theirs = connect_to(port);
	env_waits_clear(&waits);
	env_waits_add(&waits, fd, 0);
	cr_assert(env->wait(&waits) == 1 && waits.entry[0].is_ready);
	int ours = env->accept(fd, peer);
	cr_assert(ours >= 0);
	cr_assert(strncmp(peer, "127.0.0.1:", 10) == 0, "%s", peer);
	cr_assert(env->read(ours, text, 8) == -1 && errno == EAGAIN);
	cr_assert(write(theirs, "hi", 2) == 2);
	cr_assert(env->poll_in(ours, -1) == 1);
	cr_assert(env->read(ours, text, 8) == 2);
	close(theirs);
	cr_assert(env->poll_in(ours, -1) == 1);
	cr_assert(env->read(ours, text, 8) == 0);
	env->close(ours);
	env->close(fd);
	env_waits_fini(&waits);
}

Test(env_socket, all_addresses_one_address_a_name)
{
	talk("");
	talk("127.0.0.1");
	talk("localhost");
}

Test(env_socket, the_port_is_taken)
{
	int fd = env->listen("127.0.0.1", 0);
	cr_assert(fd >= 0);
	cr_assert(env->listen("127.0.0.1", env_local_port(fd)) == -1);
	cr_assert(errno == EADDRINUSE);
	env->close(fd);
}

Test(env_socket, no_such_host)
{
	cr_assert(env->listen("256.1.1.1.invalid", 0) == -1);
	cr_assert(errno == ENOENT || errno == EAGAIN);
	cr_assert(env->listen("192.0.2.1", 0) == -1);
	cr_assert(errno == EADDRNOTAVAIL);
}

Test(env_socket, ipv6)
{
	char peer[ENV_PEER_SIZE];
	int fd = env->listen("::1", 0);
	if (fd < 0)
		return;		/* a machine without it */
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(env_local_port(fd)),
		.sin6_addr = in6addr_loopback,
	};
	int theirs = socket(AF_INET6, SOCK_STREAM, 0);
	cr_assert(connect(theirs, (struct sockaddr *)&address,
	    sizeof(address)) == 0);
	int ours = env->accept(fd, peer);
	cr_assert(ours >= 0 && strncmp(peer, "[::1]:", 6) == 0);
	close(theirs);
	env->close(ours);
	env->close(fd);
}
