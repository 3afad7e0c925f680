#ifndef FLOW_CASE_H
#define FLOW_CASE_H

#include <stddef.h>

/*
 * A flow case in memory, and the few helpers that reading and replaying share.
 * What is allocated here lives until the process ends.
 */
#define WORD_COUNT_MAX 64
#define FILE_COUNT_MAX 32

struct text {
	char *bytes;
	size_t size;
};

enum compare { COMPARE_ALL, COMPARE_EACH_LINE };

struct named {
	char name[256];
	struct text text;
};

struct flow_case {
	const char *path;
	struct text flow, command, input;
	int has_flow, has_command, has_input;
	struct text output, error;
	enum compare compare_output, compare_error;
	char *args[WORD_COUNT_MAX];
	char *operands[WORD_COUNT_MAX];
	char *environment[WORD_COUNT_MAX];
	unsigned arg_count, operand_count, environment_count;
	struct named files[FILE_COUNT_MAX];
	struct named wrote[FILE_COUNT_MAX];
	unsigned file_count, wrote_count;
	int status, unordered, once;
	/* Why the case cannot be run; "" if it can. */
	char complaint[512];
};

/* Read the case in the file `path` (borrowed); its format is told in
 * replay.c. */
void case_read(struct flow_case *, const char *path);

/* Say what is wrong with the machine, and end. */
void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
/* Zeroed, one byte longer than asked. */
void *allocate(size_t bytes);
/* A whole file, NUL behind it; empty if there is none. */
struct text text_read(const char *path);
void text_write(const char *path, struct text);

#endif
