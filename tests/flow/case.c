/* Reads flow cases; replay.c tells the format. */
#include "case.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
die(const char *format, ...)
{
	va_list arguments;

	fputs("replay: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(2);
}

void *
allocate(size_t bytes)
{
	void *block = calloc(1, bytes + 1);
	if (block == NULL)
		die("out of memory");
	return block;
}

struct text
text_read(const char *path)
{
	struct text text = { NULL, 0 };
	struct stat info;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &info) != 0) {
		text.bytes = allocate(0);
		if (fd >= 0)
			close(fd);
		return text;
	}
	text.bytes = allocate((size_t)info.st_size);
	while (text.size < (size_t)info.st_size) {
		ssize_t got = read(fd, text.bytes + text.size,
		    (size_t)info.st_size - text.size);
		if (got <= 0)
			break;
		text.size += (size_t)got;
	}
	close(fd);
	return text;
}

void
text_write(const char *path, struct text text)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL)
		die("%s: %s", path, strerror(errno));
	if (text.size > 0)
		fwrite(text.bytes, 1, text.size, file);
	if (fclose(file) != 0)
		die("%s: %s", path, strerror(errno));
}

/* Say what is wrong with a case; the first complaint stays. */
static void __attribute__((format(printf, 2, 3)))
complain(struct flow_case *c, const char *format, ...)
{
	va_list arguments;

	if (c->complaint[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(c->complaint, sizeof(c->complaint), format, arguments);
	va_end(arguments);
}

static int
hex_value(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' :
	    tolower((unsigned char)c) - 'a' + 10;
}

/* One escape behind its backslash; the bytes it takes, 0 if it is none. */
static size_t
escape_decode(const char *at, size_t size, char *out)
{
	static const char names[] = "nrt0\\";
	static const char values[] = "\n\r\t\0\\";

	if (size >= 3 && at[0] == 'x' && hex_value(at[1]) >= 0 &&
	    hex_value(at[2]) >= 0) {
		*out = (char)(hex_value(at[1]) * 16 + hex_value(at[2]));
		return 3;
	}
	const char *name = size > 0 ? memchr(names, at[0], 5) : NULL;
	if (name == NULL)
		return 0;
	*out = values[name - names];
	return 1;
}

static struct text
escapes_decode(struct text text)
{
	size_t target = 0;

	for (size_t i = 0; i < text.size; i++) {
		char c = text.bytes[i];
		if (c == '\\')
			i += escape_decode(text.bytes + i + 1,
			    text.size - i - 1, &c);
		text.bytes[target++] = c;
	}
	text.size = target;
	text.bytes[target] = '\0';
	return text;
}

static int
is_head(const char *line, size_t size)
{
	return size > 4 && memcmp(line, "--- ", 4) == 0;
}

/* The lines up to the next head, unescaped; steps behind them. */
static struct text
body_take(const char **at, const char *end)
{
	struct text text = { allocate((size_t)(end - *at)), 0 };

	while (*at < end) {
		const char *stop = memchr(*at, '\n', (size_t)(end - *at));
		size_t size = (size_t)((stop ? stop + 1 : end) - *at);
		const char *line = *at;
		if (is_head(line, size))
			break;
		*at += size;
		if (line[0] == '\\' && is_head(line + 1, size - 1)) {
			line++;
			size--;
		}
		memcpy(text.bytes + text.size, line, size);
		text.size += size;
	}
	if (text.size >= 2 && text.bytes[text.size - 2] == '\\' &&
	    text.bytes[text.size - 1] == '\n')
		text.size -= 2;
	text.bytes[text.size] = '\0';
	return text;
}

static struct text
last_line_end_off(struct text text)
{
	if (text.size > 0 && text.bytes[text.size - 1] == '\n')
		text.bytes[--text.size] = '\0';
	return text;
}

static void
words_take(struct flow_case *c, struct text text, char **words,
	unsigned *count)
{
	char *rest;
	for (char *line = strtok_r(text.bytes, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		if (*count == WORD_COUNT_MAX - 8)
			complain(c, "too many words");
		else
			words[(*count)++] = line;
	}
}

static void
named_add(struct flow_case *c, struct named *list, unsigned *count,
	const char *name, struct text text)
{
	if (*count == FILE_COUNT_MAX || *name == '\0' || *name == '/' ||
	    strlen(name) >= sizeof(list->name)) {
		complain(c, "bad file section '%s'", name);
		return;
	}
	strcpy(list[*count].name, name);
	list[(*count)++].text = text;
}

/* Put a section into the case.  `name` is the first word of the head, `rest`
 * what stands behind it. */
static void
section_put(struct flow_case *c, const char *name, const char *rest,
	struct text text)
{
	if (strcmp(name, "flow") == 0) {
		c->flow = last_line_end_off(text);
		c->has_flow = 1;
	} else if (strcmp(name, "command") == 0) {
		c->command = text;
		c->has_command = 1;
	} else if (strcmp(name, "args") == 0) {
		words_take(c, text, c->args, &c->arg_count);
	} else if (strcmp(name, "operands") == 0) {
		words_take(c, text, c->operands, &c->operand_count);
	} else if (strcmp(name, "env") == 0) {
		words_take(c, text, c->environment, &c->environment_count);
	} else if (strcmp(name, "file") == 0) {
		named_add(c, c->files, &c->file_count, rest, text);
	} else if (strncmp(name, "files/", 6) == 0) {
		named_add(c, c->files, &c->file_count, name + 6, text);
	} else if (strcmp(name, "wrote") == 0) {
		named_add(c, c->wrote, &c->wrote_count, rest, text);
	} else if (strcmp(name, "in") == 0) {
		c->input = text;
		c->has_input = 1;
	} else if (strcmp(name, "out") == 0 || strcmp(name, "out~") == 0) {
		c->output = text;
		c->compare_output = name[3] ? COMPARE_EACH_LINE : COMPARE_ALL;
	} else if (strcmp(name, "err") == 0 || strcmp(name, "err~") == 0) {
		c->error = text;
		c->compare_error = name[3] ? COMPARE_EACH_LINE : COMPARE_ALL;
	} else if (strcmp(name, "exit") == 0) {
		char *end;
		c->status = (int)strtol(rest, &end, 10);
		if (end == rest || *end != '\0')
			complain(c, "exit needs a number");
	} else if (strcmp(name, "unordered") == 0) {
		c->unordered = 1;
	} else if (strcmp(name, "once") == 0) {
		c->once = 1;
	} else {
		complain(c, "unknown section '--- %s'", name);
	}
}

/* Take the word "printf" off the end of a head. */
static int
head_takes_printf(char *rest)
{
	size_t size = strlen(rest);
	if (size < 6 || strcmp(rest + size - 6, "printf") != 0 ||
	    (size > 6 && rest[size - 7] != ' '))
		return 0;
	rest[size - (size > 6 ? 7 : 6)] = '\0';
	return 1;
}

static void
section_take(struct flow_case *c, const char **at, const char *end)
{
	char head[512];
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));
	size_t size = (size_t)((stop ? stop : end) - *at);

	if (size >= sizeof(head)) {
		complain(c, "a section head is too long");
		size = sizeof(head) - 1;
	}
	memcpy(head, *at, size);
	head[size] = '\0';
	*at = stop ? stop + 1 : end;
	char *name = head + 4;
	char *rest = strchr(name, ' ');
	if (rest == NULL)
		rest = name + strlen(name);
	else
		*rest++ = '\0';
	int decode = head_takes_printf(rest);
	struct text text = body_take(at, end);
	section_put(c, name, rest, decode ? escapes_decode(text) : text);
}

void
case_read(struct flow_case *c, const char *path)
{
	memset(c, 0, sizeof(*c));
	c->path = path;
	c->output.bytes = allocate(0);
	c->error.bytes = allocate(0);
	struct text text = text_read(path);
	const char *at = text.bytes;
	const char *end = at + text.size;
	while (at < end && (*at == '#' || *at == '\n')) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		at = stop ? stop + 1 : end;
	}
	if (at < end && !is_head(at, (size_t)(end - at))) {
		complain(c, "text before the first section");
		return;
	}
	while (at < end)
		section_take(c, &at, end);
	free(text.bytes);
	if (c->has_flow == c->has_command)
		complain(c, "needs one of '--- flow' and '--- command'");
}
