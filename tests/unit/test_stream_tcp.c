/*
 * tcp(): connections of this process to itself; what one end has sent is there
 * for the other when it asks.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "stream_rig.h"

static uint16_t port;

static const struct stream_def *
tcp_def(void)
{
	return stream_find("tcp", 3);
}

/* A port that was free a moment ago. */
static const char *
address(void)
{
	static char text[32];
	int fd = env->listen("127.0.0.1", 0);

	cr_assert(fd >= 0);
	port = env_local_port(fd);
	close(fd);
	snprintf(text, sizeof(text), "127.0.0.1:%u", port);
	return text;
}

static int
dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Run until `size` bytes have come: the system may take its time. */
static void
run_until(struct rig *rig, size_t size)
{
	struct env_waits waits = { 0 };

	rig_run(rig);
	while (rig->lines.size < size && rig->last == STREAM_WAIT) {
		env_waits_clear(&waits);
		rig->def->wait(rig->stream, &waits);
		env->wait(&waits);
		rig_run(rig);
	}
	env_waits_fini(&waits);
}

static void
start(struct rig *rig, int64_t connections)
{
	static const char *path[1];
	struct value value = { .type = TYPE_INT,
		.cell.integer = connections };
	struct format_option option = { "connections", &value };

	path[0] = address();
	rig_open(rig, tcp_def(), path, 1, &option, connections > 0);
	rig_run(rig);
	cr_assert_eq(rig->last, STREAM_WAIT, "%s", rig->err.message);
}

Test(stream_tcp, lines_of_two_peers)
{
	struct rig rig;

	start(&rig, 2);
	int one = dial(), two = dial();
	say(one, "1\n2");
	run_until(&rig, 2);
	rig_expect(&rig, "1\n");
	say(two, "3\n");
	run_until(&rig, 4);
	say(one, "2\n");
	run_until(&rig, 7);
	rig_expect(&rig, "1\n3\n22\n");
	/* The last line of a peer has no end. */
	say(two, "4");
	close(two);
	run_until(&rig, 9);
	rig_expect(&rig, "1\n3\n22\n4\n");
	cr_assert_eq(rig.splits_ended, 1);
	close(one);
	run_until(&rig, 1000);
	cr_assert_eq(rig.last, STREAM_END);
	cr_assert_eq(rig.splits_ended, 2);
	rig_close(&rig);
}

Test(stream_tcp, a_peer_that_breaks_off)
{
	struct rig rig;
	struct linger now = { .l_onoff = 1 };

	start(&rig, 1);
	int fd = dial();
	say(fd, "1\n2");
	run_until(&rig, 2);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	run_until(&rig, 1000);
	cr_assert_eq(rig.last, STREAM_END);
	rig_expect(&rig, "1\n2\n");
	rig_close(&rig);
}

Test(stream_tcp, no_two_on_one_port)
{
	struct rig rig, other;
	char message[128];

	start(&rig, 0);
	char path[32];
	snprintf(path, sizeof(path), "127.0.0.1:%u", port);
	const char *const paths[] = { path };
	rig_open(&other, tcp_def(), paths, 1, NULL, 0);
	rig_run(&other);
	cr_assert_eq(other.last, STREAM_FAIL);
	snprintf(message, sizeof(message),
	    "cannot listen on %s: Address already in use", path);
	cr_assert_str_eq(other.err.message, message);
	rig_close(&other);
	rig_close(&rig);
}

Test(stream_tcp, a_resumed_job_hears_of_the_end)
{
	struct rig rig, resumed;
	struct buf saved = { 0 };
	struct stream_part part;
	struct err err = ERR_INIT;

	start(&rig, 0);
	int fd = dial();
	say(fd, "1\n");
	run_until(&rig, 2);
	uint64_t split = rig.part[0].part.split;
	rig.def->save(rig.stream, NULL, NULL, &saved);
	close(fd);
	rig_close(&rig);
	const char *const path[] = { address() };
	for (size_t i = 0; i < saved.size; i++) {
		rig_open(&resumed, tcp_def(), path, 1, NULL, 0);
		saved.bytes[i] ^= 1;
		cr_assert_neq(resumed.def->load(resumed.stream, saved.bytes,
		    saved.size, &err), 0);
		saved.bytes[i] ^= 1;
		rig_close(&resumed);
	}
	rig_open(&resumed, tcp_def(), path, 1, NULL, 0);
	err_clear(&err);
	cr_assert_eq(resumed.def->load(resumed.stream, saved.bytes,
	    saved.size, &err), 0);
	cr_assert_eq(resumed.def->next(resumed.stream, &part, &err),
	    STREAM_SPLIT_END);
	cr_assert_eq(part.split, split);
	rig_close(&resumed);
	buf_fini(&saved);
}

Test(stream_tcp, addresses)
{
	static const char *const good[] = { ":9000", "localhost:1", "[::1]:80",
		"[::]:0", "10.0.0.1:65535" };
	static const char *const bad[] = { "", "9000", "localhost", ":", ":x",
		":65536", "::1:80", ":9 ", "host:-1" };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		cr_assert_eq(stream_check(tcp_def(), &good[i], 1, NULL, 0,
		    &err), 0, "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err_clear(&err);
		cr_assert_neq(stream_check(tcp_def(), &bad[i], 1, NULL, 0,
		    &err), 0, "%s", bad[i]);
	}
}
