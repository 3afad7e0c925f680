/*
 * Starting workers.  A launch goes through these states:
 *
 *	launch_start	pid > 0, link
 *	launch_poll or launch_wait says that it has ended: pid 0
 *	launch_fini
 *
 * What the user gives as a command and as hosts becomes words of an argument
 * vector without a shell in between.  ssh hands its last words to a shell over
 * there, so the default puts only fixed words behind the host; the program and
 * its arguments travel over the link.
 */
#include "net/launch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "net/link.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"

#define HOST "{host}"
#define HOST_BYTES_MAX 255
/* How long what has closed its stdout may take to end by itself. */
#define GONE_NS ((uint64_t)2000000000)

int
launch_check_host(const char *host, struct err *err)
{
	size_t size = strlen(host);

	if (size == 0)
		return err_set(err, ERR_USAGE, "a host without a name");
	if (size > HOST_BYTES_MAX)
		return err_set(err, ERR_USAGE, "host '%.40s...' has %zu "
		    "characters, %d are allowed", host, size, HOST_BYTES_MAX);
	if (host[0] == '-')
		return err_set(err, ERR_USAGE, "host '%s' begins with '-', as "
		    "an option does", host);
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)host[i] <= ' ' || host[i] == 0x7f)
			return err_set(err, ERR_USAGE, "character %zu of a "
			    "host's name is a blank or control character",
			    i + 1);
	return 0;
}

/* The words found so far. */
struct words {
	char **word;
	size_t count;
};

/* The word in `text` with the host in its places, as the next one. */
static void
words_add(struct words *words, struct buf *text, const char *host)
{
	const char *at = buf_string(text);
	const char *place;
	struct buf word = { 0 };

	while ((place = strstr(at, HOST)) != NULL) {
		buf_add(&word, at, (size_t)(place - at));
		buf_add_string(&word, host);
		at = place + sizeof(HOST) - 1;
	}
	buf_add_string(&word, at);
	words->word = mem_resize(words->word, (words->count + 2) *
	    sizeof(*words->word));
	words->word[words->count++] = mem_copy_string(buf_string(&word));
	words->word[words->count] = NULL;
	buf_fini(&word);
	text->size = 0;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/*
 * What is quoted from *at on, behind the opening quote, to `word`; *at is left
 * behind the closing one.  -1 if there is none.
 */
static int
take_quoted(const char **at, char quote, struct buf *word)
{
	for (; **at != '\0'; (*at)++) {
		char c = **at;
		if (c == quote) {
			(*at)++;
			return 0;
		}
		/* In "" a backslash quotes only what is special there. */
		if (c == '\\' && quote == '"' && (*at)[1] != '\0' &&
		    strchr("\"\\$`", (*at)[1]) != NULL)
			c = *++*at;
		buf_add_char(word, c);
	}
	return -1;
}

/* One word from *at on, which is no blank; -1 if a quote does not end. */
static int
take_word(const char **at, struct buf *word)
{
	while (**at != '\0' && !is_blank(**at)) {
		char c = *(*at)++;
		if (c == '\'' || c == '"') {
			if (take_quoted(at, c, word) != 0)
				return -1;
			continue;
		}
		if (c == '\\') {
			if (**at == '\0')
				return -1;
			c = *(*at)++;
		}
		buf_add_char(word, c);
	}
	return 0;
}

int
launch_words(const char *text, const char *host, char ***out, struct err *err)
{
	struct words words = { 0 };
	struct buf word = { 0 };
	int status = launch_check_host(host, err);

	for (const char *at = text; status == 0; ) {
		while (is_blank(*at))
			at++;
		if (*at == '\0')
			break;
		if (take_word(&at, &word) != 0)
			status = err_set(err, ERR_USAGE, "a quote in the "
			    "launch command does not end: %s", text);
		else
			words_add(&words, &word, host);
	}
	if (status == 0 && (words.count == 0 || words.word[0][0] == '\0'))
		status = err_set(err, ERR_USAGE, "the launch command names no "
		    "program");
	buf_fini(&word);
	*out = words.word;
	if (status != 0)
		launch_words_free(out);
	return status;
}

void
launch_words_free(char ***words_address)
{
	char **words = *words_address;

	*words_address = NULL;
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		mem_free(words[i]);
	mem_free(words);
}

int
launch_start(struct launch *launch, const char *text, const char *host,
	struct err *err)
{
	struct env_process process;
	struct buf name = { 0 };
	char **words;

	*launch = (struct launch){ 0 };
	if (launch_words(text == NULL ? LAUNCH_DEFAULT : text, host, &words,
	    err) != 0)
		return -1;
	int status = env->spawn((const char *const *)words, &process);
	if (status != 0) {
		err_set_errno(err, ERR_IO, errno, "host %s: cannot start '%s'",
		    host, words[0]);
	} else {
		buf_add_format(&name, "host %s", host);
		launch->link = link_new(process.from_it, process.to_it,
		    buf_string(&name));
		launch->pid = process.pid;
		launch->host = mem_copy_string(host);
		launch->program = mem_copy_string(words[0]);
	}
	buf_fini(&name);
	launch_words_free(&words);
	return status == 0 ? 0 : -1;
}

/* It has ended with this status, as a shell counts.  `gone`: what is said of
 * the host before. */
static int
launch_ended(struct launch *launch, int status, const char *gone,
	struct err *err)
{
	launch->pid = 0;
	if (status == 0)
		return 0;
	if (status > 128 && status < 128 + NSIG)
		return err_set(err, ERR_IO, "host %s%s: '%s' was ended by "
		    "signal %d", launch->host, gone, launch->program,
		    status - 128);
	err_set(err, ERR_IO, "host %s%s: '%s' ended with status %d",
	    launch->host, gone, launch->program, status);
	if (status == 127)
		return err_hint(err, "is sflow installed there, where a "
		    "command finds it?");
	return -1;
}

int
launch_poll(struct launch *launch, struct err *err)
{
	int status = 0;

	if (launch->pid == 0)
		return 1;
	if (env_process_poll(launch->pid, &status) == 1)
		return 0;
	launch_ended(launch, status, "", err);
	return 1;
}

int
launch_wait(struct launch *launch, struct err *err)
{
	int status = 0;

	link_close(&launch->link);
	if (launch->pid == 0)
		return 0;
	while (env_process_wait(launch->pid, &status) != 0)
		if (errno != EINTR)
			return err_set_errno(err, ERR_IO, errno, "host %s: "
			    "'%s'", launch->host, launch->program);
	return launch_ended(launch, status, "", err);
}

void
launch_kill(struct launch *launch)
{
	if (launch->pid != 0)
		env_process_kill(launch->pid, SIGKILL);
}

void
launch_linger(struct launch *launch, uint64_t deadline_ns)
{
	struct env_waits waits = { 0 };

	link_close(&launch->link);
	int fd = launch->pid == 0 ? -1 : env_process_watch(launch->pid);
	while (fd >= 0 && env->monotonic_ns() < deadline_ns) {
		env_waits_clear(&waits);
		env_waits_add(&waits, fd, 0);
		env_waits_until(&waits, deadline_ns);
		if (env->wait(&waits) > 0)
			break;
	}
	if (fd >= 0)
		env->close(fd);
	env_waits_fini(&waits);
}

int
launch_gone(struct launch *launch, struct err *err)
{
	int status = 0;

	/* It closes its stdout some time before it ends. */
	launch_linger(launch, env->monotonic_ns() + GONE_NS);
	launch_kill(launch);
	while (launch->pid != 0 &&
	    env_process_wait(launch->pid, &status) != 0 && errno == EINTR)
		;
	if (launch_ended(launch, status, " closed the connection", err) == 0)
		err_set(err, ERR_IO, "host %s closed the connection",
		    launch->host);
	return -1;
}

void
launch_fini(struct launch *launch)
{
	struct err ignored = ERR_INIT;

	launch_kill(launch);
	launch_wait(launch, &ignored);
	mem_free(launch->host);
	mem_free(launch->program);
	*launch = (struct launch){ 0 };
}
