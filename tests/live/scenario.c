/*
 * Records and the plain reading of what becomes of them.
 *
 * Times go up by steps and jump about: most by less than the watermark's delay,
 * some by minutes, which makes them late.  The oracle takes one split after
 * another and one record after another, as the language defines lateness: a
 * record is late if its window's end lies at or behind the highest time that
 * its own split had before it, less the delay.
 */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_MS 5000
#define WINDOW_MS 60000
#define USERS 7
#define WINDOWS_MAX 60

uint32_t
random_below(uint64_t *state, uint32_t bound)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)((*state * 2685821657736338717u >> 32) * bound >> 32);
}

void
lines_add(struct lines *lines, const char *bytes, size_t size)
{
	if (lines->count == lines->capacity) {
		lines->capacity = lines->capacity * 2 + 16;
		lines->line = realloc(lines->line,
		    lines->capacity * sizeof(*lines->line));
	}
	lines->line[lines->count++] = strndup(bytes, size);
}

static int
line_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
lines_sort(struct lines *lines)
{
	if (lines->count > 0)
		qsort(lines->line, lines->count, sizeof(*lines->line),
		    line_compare);
}

void
lines_free(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->line[i]);
	free(lines->line);
	*lines = (struct lines){ 0 };
}

struct lines
lines_read(const char *path)
{
	struct lines lines = { 0 };
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t capacity = 0;
	ssize_t size;

	while (file != NULL && (size = getline(&line, &capacity, file)) > 0)
		lines_add(&lines, line, (size_t)size -
		    (line[size - 1] == '\n'));
	free(line);
	if (file != NULL)
		fclose(file);
	lines_sort(&lines);
	return lines;
}

/* Milliseconds of the scenario's hour as RFC 3339; whole seconds bare. */
static const char *
time_text(int64_t ms, char text[40])
{
	int size = snprintf(text, 40, "2026-03-01T1%d:%02d:%02d",
	    (int)(ms / 3600000), (int)(ms / 60000 % 60),
	    (int)(ms / 1000 % 60));

	if (ms % 1000 != 0)
		size += snprintf(text + size, 40 - (size_t)size, ".%03d",
		    (int)(ms % 1000));
	snprintf(text + size, 40 - (size_t)size, "Z");
	return text;
}

/* The time of the next record of a split whose clock is `now_ms`. */
static int64_t
time_draw(uint64_t *random, int64_t now_ms)
{
	int64_t ms = now_ms;

	if (random_below(random, 12) == 0)
		ms -= random_below(random, 4 * WINDOW_MS);
	else
		ms -= random_below(random, DELAY_MS * 2);
	return ms < 0 ? 0 : ms;
}

/* The records of one split, counted where they are on time. */
static void
split_make(struct scenario *scenario, struct lines *split, uint64_t *random,
	unsigned counts[USERS][WINDOWS_MAX])
{
	uint32_t count = random_below(random, 8) == 0 ? 0 :
	    random_below(random, 300);
	int64_t now_ms = random_below(random, 3 * WINDOW_MS);
	int64_t most_ms = INT64_MIN / 2;

	for (uint32_t i = 0; i < count; i++) {
		char line[200], text[40];
		unsigned user = random_below(random, USERS);
		now_ms += random_below(random, 8000);
		int64_t ms = time_draw(random, now_ms);
		int64_t window = ms / WINDOW_MS;
		int size = snprintf(line, sizeof(line), "{\"ts\":\"%s\","
		    "\"user\":\"u%u\", \"n\":%u.0}", time_text(ms, text),
		    user, i);
		lines_add(split, line, (size_t)size);
		if ((window + 1) * WINDOW_MS <= most_ms - DELAY_MS)
			lines_add(&scenario->late, line, (size_t)size);
		else
			counts[user][window]++;
		most_ms = ms > most_ms ? ms : most_ms;
	}
}

void
scenario_make(struct scenario *scenario, uint64_t seed)
{
	static const char header[] = "user,window_start,window_end,count";
	unsigned counts[USERS][WINDOWS_MAX] = { { 0 } };
	uint64_t random = seed * 2654435761u + 88172645463325252u;

	*scenario = (struct scenario){ 0 };
	scenario->split_count = 1 + random_below(&random, SPLITS_MAX);
	for (unsigned i = 0; i < scenario->split_count; i++)
		split_make(scenario, &scenario->split[i], &random, counts);
	for (unsigned user = 0; user < USERS; user++) {
		for (int64_t at = 0; at < WINDOWS_MAX; at++) {
			char line[200], start[40], end[40];
			if (counts[user][at] == 0)
				continue;
			int size = snprintf(line, sizeof(line),
			    "u%u,%s,%s,%u", user,
			    time_text(at * WINDOW_MS, start),
			    time_text((at + 1) * WINDOW_MS, end),
			    counts[user][at]);
			lines_add(&scenario->out, line, (size_t)size);
		}
	}
	lines_add(&scenario->out, header, sizeof(header) - 1);
	lines_sort(&scenario->out);
	lines_sort(&scenario->late);
}

void
scenario_free(struct scenario *scenario)
{
	for (unsigned i = 0; i < scenario->split_count; i++)
		lines_free(&scenario->split[i]);
	lines_free(&scenario->out);
	lines_free(&scenario->late);
}
