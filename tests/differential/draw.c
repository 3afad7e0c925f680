/*
 * Random numbers, texts and files of the generator.
 *
 * splitmix64 has no bad seeds, so seed N+1 is as good as N and a case is known
 * by one number.  Texts are never freed: a case has a few thousand of them.
 */
#include "draw.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t state;
static const char *folder_path = ".";

void
draw_seed(uint64_t seed)
{
	state = seed;
	/* Neighbours would be the same numbers, one later. */
	state = draw();
}

uint64_t
draw(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned
draw_below(unsigned count)
{
	return (unsigned)(draw() % count);
}

int64_t
draw_between(int64_t low, int64_t high)
{
	return low + (int64_t)(draw() % ((uint64_t)(high - low) + 1));
}

int
draw_chance(unsigned percent)
{
	return draw_below(100) < percent;
}

const char *
draw_word(const char *const *words)
{
	unsigned count = 0;

	while (words[count] != NULL)
		count++;
	return words[draw_below(count)];
}

static void *
get_memory(size_t size)
{
	void *memory = malloc(size);

	if (memory == NULL) {
		perror("generate");
		exit(1);
	}
	return memory;
}

char *
say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = get_memory((size_t)size + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	return text;
}

char *
say_list(const char *list, const char *separator, const char *item)
{
	if (list == NULL)
		return say("%s", item);
	return say("%s%s%s", list, separator, item);
}

char *
say_sql(const char *text)
{
	/* sqlite3 drops a carriage return before a line's end. */
	static const char carriage_return[] = "'||char(13)||'";
	char *out = get_memory(strlen(text) * sizeof(carriage_return) + 5);
	char *at = out;

	*at++ = '(';
	*at++ = '\'';
	for (; *text != '\0'; text++) {
		if (*text == '\r') {
			at = stpcpy(at, carriage_return);
			continue;
		}
		if (*text == '\'')
			*at++ = '\'';
		*at++ = *text;
	}
	strcpy(at, "')");
	return out;
}

/* What stands behind the backslash for a byte, or 0 if it needs none. */
static char
escape_of(char c)
{
	switch (c) {
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	case '"':
	case '\\':
		return c;
	default:
		return 0;
	}
}

char *
say_quoted(const char *text)
{
	char *out = get_memory(2 * strlen(text) + 3);
	char *at = out;

	*at++ = '"';
	for (; *text != '\0'; text++) {
		char escape = escape_of(*text);
		if (escape != 0)
			*at++ = '\\';
		*at++ = escape != 0 ? escape : *text;
	}
	*at++ = '"';
	*at = '\0';
	return out;
}

void
file_folder(const char *folder)
{
	folder_path = folder;
}

FILE *
file_open(const char *name)
{
	char *path = say("%s/%s", folder_path, name);
	FILE *file = fopen(path, "w");

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	return file;
}

int
file_exists(const char *name)
{
	return access(say("%s/%s", folder_path, name), F_OK) == 0;
}

void
file_write(const char *name, const char *text)
{
	FILE *file = file_open(name);

	fputs(text, file);
	fclose(file);
}
