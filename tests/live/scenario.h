#ifndef TESTS_LIVE_SCENARIO_H
#define TESTS_LIVE_SCENARIO_H

#include <stddef.h>
#include <stdint.h>

/*
 * Records of some splits, drawn from a seed, and what the program of live.c
 * must make of them.
 */
#define SPLITS_MAX 4

struct lines {
	char **line;		/* without line ends */
	size_t count, capacity;
};

struct scenario {
	unsigned split_count;
	struct lines split[SPLITS_MAX];
	struct lines out, late;	/* expected, sorted */
};

/* A number below `bound`; *state, not 0, is what the next comes from. */
uint32_t random_below(uint64_t *state, uint32_t bound);

void lines_add(struct lines *, const char *bytes, size_t size);
void lines_sort(struct lines *);
void lines_free(struct lines *);
/* The sorted lines of a file; none if it is not there. */
struct lines lines_read(const char *path);

void scenario_make(struct scenario *, uint64_t seed);
void scenario_free(struct scenario *);

#endif
