#include "net/launch.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <string.h>

#include "net/hello.h"
#include "net/link.h"
#include "util/env.h"
#include "util/err.h"
#include "util/interrupt.h"

/* The words must be these, up to NULL. */
static void
expect_words(const char *text, ...)
{
	struct err err = ERR_INIT;
	char **words;
	va_list arguments;
	size_t i = 0;

	cr_assert(launch_words(text, "u@b", &words, &err) == 0, "%s",
	    err.message);
	va_start(arguments, text);
	for (const char *word; (word = va_arg(arguments, const char *)); i++)
		cr_assert(words[i] != NULL && strcmp(words[i], word) == 0,
		    "%s: %s", text, word);
	va_end(arguments);
	cr_assert(words[i] == NULL);
	launch_words_free(&words);
}

static void
expect_failure(const char *text, const char *host, const char *message)
{
	struct err err = ERR_INIT;
	char **words;

	cr_assert(launch_words(text, host, &words, &err) == -1);
	cr_assert(words == NULL);
	cr_assert_str_eq(err.message, message);
}

Test(launch, words)
{
	expect_words(LAUNCH_DEFAULT, "ssh", "-o", "BatchMode=yes", "-o",
	    "ServerAliveInterval=10", "u@b",
	    "sflow", "worker", NULL);
	expect_words("docker exec -i {host} sflow worker", "docker", "exec",
	    "-i", "u@b", "sflow", "worker", NULL);
	expect_words("  a\t'b c'd \"e {host}\" f\\ g ''\n", "a", "b cd",
	    "e u@b", "f g", "", NULL);
	expect_words("x 'a\\b' \"a\\b\\\"\\$\\\\\" \\' '\"' \"'\"", "x",
	    "a\\b", "a\\b\"$\\", "'", "\"", "'", NULL);
	expect_words("--on={host}:{host} {hos} $HOME * ; | `a`", "--on=u@b:u@b",
	    "{hos}", "$HOME", "*", ";", "|", "`a`", NULL);
}

Test(launch, mistakes)
{
	char long_host[400];

	memset(long_host, 'a', sizeof(long_host) - 1);
	long_host[sizeof(long_host) - 1] = '\0';
	expect_failure("a 'b", "h",
	    "a quote in the launch command does not end: a 'b");
	expect_failure("a \"b\\", "h",
	    "a quote in the launch command does not end: a \"b\\");
	expect_failure("a \\", "h",
	    "a quote in the launch command does not end: a \\");
	expect_failure(" \t", "h", "the launch command names no program");
	expect_failure("'' a", "h", "the launch command names no program");
	expect_failure("a", "", "a host without a name");
	expect_failure("a", "-oProxyCommand=x",
	    "host '-oProxyCommand=x' begins with '-', as an option does");
	expect_failure("a", "h\nx",
	    "character 2 of a host's name is a blank or control character");
	expect_failure("a", "h x",
	    "character 2 of a host's name is a blank or control character");
	expect_failure("a", long_host, "host "
	    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' has 399 "
	    "characters, 255 are allowed");
}

/* Wait until the link has something to say. */
static int
take(struct link *link, struct packet *packet, struct err *err)
{
	struct env_waits waits = { 0 };
	int status;

	while ((status = link_take(link, packet, err)) == 0) {
		env_waits_clear(&waits);
		link_add_waits(link, 1, &waits);
		cr_assert(link_flush(link, err) == 0);
		env->wait(&waits);
	}
	env_waits_fini(&waits);
	return status;
}

/* cat says what we say: our own hello fits, then packets. */
Test(launch, echo)
{
	struct launch launch;
	struct err err = ERR_INIT;
	struct env_waits waits = { 0 };
	struct hello hello;
	struct packet packet;
	int status;

	interrupt_install();
	cr_assert(launch_start(&launch, "sh -c 'exec cat'", "b", &err) == 0);
	cr_assert_str_eq(link_name(launch.link), "host b");
	cr_assert(hello_put(launch.link, &err) == 0);
	while ((status = hello_take(launch.link, &hello, &err)) == 0) {
		cr_assert(link_flush(launch.link, &err) == 0);
		env_waits_clear(&waits);
		link_add_waits(launch.link, 1, &waits);
		env->wait(&waits);
	}
	cr_assert(status == 1, "%s", err.message);
	cr_assert(link_put(launch.link, 5, 6, "abc", 3, &err) == 0);
	cr_assert(take(launch.link, &packet, &err) == 1);
	cr_assert(packet.kind == 5 && packet.size == 3);
	cr_assert(launch_poll(&launch, &err) == 0);
	cr_assert(launch_wait(&launch, &err) == 0, "%s", err.message);
	cr_assert(launch_poll(&launch, &err) == 1);
	launch_fini(&launch);
	env_waits_fini(&waits);
}

Test(launch, endings)
{
	struct launch launch;
	struct packet packet;
	struct err err = ERR_INIT, end = ERR_INIT, gone = ERR_INIT;

	interrupt_install();
	cr_assert(launch_start(&launch, "sh -c 'exit 127'", "b", &err) == 0);
	cr_assert(take(launch.link, &packet, &gone) == -1);
	cr_assert(link_is_ended(launch.link));
	cr_assert(launch_wait(&launch, &end) == -1);
	cr_assert_str_eq(end.message, "host b: 'sh' ended with status 127");
	cr_assert_str_eq(end.hint,
	    "is sflow installed there, where a command finds it?");
	launch_fini(&launch);

	err_clear(&end);
	cr_assert(launch_start(&launch, "sh -c 'exit 255'", "b", &err) == 0);
	cr_assert(launch_gone(&launch, &end) == -1);
	cr_assert_str_eq(end.message, "host b closed the connection: "
	    "'sh' ended with status 255");
	launch_fini(&launch);

	err_clear(&end);
	cr_assert(launch_start(&launch, "cat", "b", &err) == 0);
	cr_assert(launch_gone(&launch, &end) == -1);
	cr_assert_str_eq(end.message, "host b closed the connection");
	launch_fini(&launch);

	err_clear(&end);
	cr_assert(launch_start(&launch, "cat", "b", &err) == 0);
	launch_kill(&launch);
	cr_assert(launch_wait(&launch, &end) == -1);
	cr_assert_str_eq(end.message, "host b: 'cat' was ended by signal 9");
	launch_fini(&launch);

	cr_assert(launch_start(&launch, "/nonexistent/ssh {host}", "b", &err) ==
	    -1);
	cr_assert_str_eq(err.message, "host b: cannot start "
	    "'/nonexistent/ssh': No such file or directory");
	launch_fini(&launch);
}
