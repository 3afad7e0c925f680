/*
 * TCP, as far as a listener needs it.  A host may have several addresses: the
 * first that can be bound is taken.  For "" that is IPv6, which takes IPv4
 * along where the system allows it; for a name it is IPv4 before IPv6, since
 * who connects to "localhost" tries both, but to 127.0.0.1 only that.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/env_priv.h"

static int
errno_of_lookup(int status)
{
	switch (status) {
	case EAI_SYSTEM: return errno;
	case EAI_MEMORY: return ENOMEM;
	case EAI_AGAIN: return EAGAIN;
	default: return ENOENT;
	}
}

/* One address: the descriptor that listens there, or -1 with errno. */
static int
address_listen(const struct addrinfo *address)
{
	int on = 1, off = 0;
	int fd = socket(address->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	int errno_value = errno;
	close(fd);
	errno = errno_value;
	return -1;
}

/* The first address of the family that can be had. */
static int
family_listen(const struct addrinfo *first, int family)
{
	int fd = -1;

	for (const struct addrinfo *at = first; at != NULL && fd < 0;
	    at = at->ai_next)
		if (at->ai_family == family)
			fd = address_listen(at);
	return fd;
}

int
env_real_listen(const char *host, uint16_t port)
{
	int is_any = *host == '\0';
	struct addrinfo *first, hints = {
		.ai_flags = AI_NUMERICSERV | (is_any ? AI_PASSIVE : 0),
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	char port_text[8];

	snprintf(port_text, sizeof(port_text), "%u", port);
	int status = getaddrinfo(is_any ? NULL : host, port_text, &hints,
	    &first);
	if (status != 0) {
		errno = errno_of_lookup(status);
		return -1;
	}
	/* An answer of other families only. */
	errno = EADDRNOTAVAIL;
	int fd = family_listen(first, is_any ? AF_INET6 : AF_INET);
	if (fd < 0)
		fd = family_listen(first, is_any ? AF_INET : AF_INET6);
	int errno_value = errno;
	freeaddrinfo(first);
	errno = errno_value;
	return fd;
}

/* "?" stands for a peer that is gone before it could be named. */
static void
peer_write(const struct sockaddr *address, socklen_t size,
	char peer[ENV_PEER_SIZE])
{
	/* With a zone behind it: fe80::1%eth0. */
	char host[ENV_PEER_SIZE - 9], port[6];

	if (getnameinfo(address, size, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		strcpy(peer, "?");
		return;
	}
	/* An IPv4 peer of a socket that listens on IPv6 too. */
	const char *name = strncmp(host, "::ffff:", 7) == 0 &&
	    strchr(host, '.') != NULL ? host + 7 : host;
	snprintf(peer, ENV_PEER_SIZE, strchr(name, ':') == NULL ? "%s:%s" :
	    "[%s]:%s", name, port);
}

int
env_real_accept(int fd, char peer[ENV_PEER_SIZE])
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	int connection = accept4(fd, (struct sockaddr *)&address, &size,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (connection >= 0)
		peer_write((struct sockaddr *)&address, size, peer);
	return connection;
}

uint16_t
env_local_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address;
	socklen_t size = sizeof(address);

	if (getsockname(fd, &address.any, &size) != 0)
		return 0;
	switch (address.any.sa_family) {
	case AF_INET: return ntohs(address.in.sin_port);
	case AF_INET6: return ntohs(address.in6.sin6_port);
	default: return 0;
	}
}
