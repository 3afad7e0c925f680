#ifndef SFLOW_STATE_TIMER_H
#define SFLOW_STATE_TIMER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Timers: numbers that wait for a time, in microseconds, of any clock.  Adding
 * and taking one costs a few steps, however many wait and however far apart
 * they are.  A timer is not taken back: whoever no longer wants it knows it by
 * its number when it comes.
 */
struct timers;

struct timers *timers_new(void);
void timers_free(struct timers **);
/* Any time will do, also one before those that have come already. */
void timers_add(struct timers *, int64_t at_us, uint64_t payload);
/*
 * Take the earliest timer if its time is not behind `upto_us`: 1, or 0 and
 * nothing is touched.  Of equal times the one that was added first comes first.
 */
int timers_next(struct timers *, int64_t upto_us, int64_t *at_us,
	uint64_t *payload);
/* The time of the earliest; INT64_MAX if there is none. */
int64_t timers_earliest(const struct timers *);
uint64_t timers_count(const struct timers *);
/* What they keep from the system; the caller charges it. */
size_t timers_bytes(const struct timers *);

#endif
