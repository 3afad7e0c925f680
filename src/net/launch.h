#ifndef SFLOW_NET_LAUNCH_H
#define SFLOW_NET_LAUNCH_H

#include <stdint.h>
#include <sys/types.h>

struct err;
struct link;

/*
 * Workers on other hosts: a program that is started here, leads there, and
 * joins our end of the link to the stdin and stdout of `sflow worker`.
 */

/* What is started unless the user says otherwise.  A host that does not answer
 * for 30 s is gone. */
#define LAUNCH_DEFAULT "ssh -o BatchMode=yes -o ServerAliveInterval=10 " \
	"{host} sflow worker"

/*
 * A command line in words: NULL-terminated, for words_free.  `text` is split
 * at blanks; '...', "..." and \ quote as in a shell, but nothing else a shell
 * does is done, and no shell sees the words.  Then {host} is replaced, in
 * each word, so a host is never more than (part of) a word.  -1 for quotes
 * that do not end, no words, and a host that launch_check_host() refuses.
 */
int launch_words(const char *text, const char *host, char ***words,
	struct err *);
void launch_words_free(char ***words);

/*
 * Is it fit to be a word of a command: not empty, at most 255 bytes, no
 * leading '-' (that would be an option), no blanks, no control characters?
 */
int launch_check_host(const char *host, struct err *);

/* A running worker. */
struct launch {
	struct link *link;	/* to it; the first packet is the hello */
	pid_t pid;		/* the program started here */
	char *host;
	char *program;		/* "ssh" */
};

/*
 * Start a worker for `host` by `text` (NULL: LAUNCH_DEFAULT).  Returns 0 or -1
 * with `err`; what goes wrong over there shows when the link is used.
 */
int launch_start(struct launch *, const char *text, const char *host,
	struct err *);
/*
 * Has it ended?  1 yes, and `err` says how if it was with another status than
 * 0; 0 not yet; only then may launch_wait or launch_poll be called again.
 */
int launch_poll(struct launch *, struct err *);
/* Close the link, so that the worker ends, and wait until it has: 0, or -1
 * with `err` for a status other than 0. */
int launch_wait(struct launch *, struct err *);
/* End it at once. */
void launch_kill(struct launch *);
/* Close the link, so that the worker ends, and wait for that, but not longer
 * than until `deadline_ns`. */
void launch_linger(struct launch *, uint64_t deadline_ns);
/*
 * The worker has closed the connection: end what was started.  Returns -1, and
 * `err` says that it has, and how the program ended.
 */
int launch_gone(struct launch *, struct err *err);
/* The link is closed, the process killed if it still runs. */
void launch_fini(struct launch *);

#endif
