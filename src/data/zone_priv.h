#ifndef SFLOW_DATA_ZONE_PRIV_H
#define SFLOW_DATA_ZONE_PRIV_H

#include <stddef.h>
#include <stdint.h>

/* More than any zone has or needs: Africa/Casablanca has a dozen types. */
#define ZONE_NAME_MAX 16
#define ZONE_TYPES_MAX 256

/* An offset to UTC and what it is called. */
struct zone_type {
	int32_t offset_seconds;
	char name[ZONE_NAME_MAX];
};

/*
 * Type `first` holds up to the first transition; from instant[i] (seconds since
 * 1970) on, type[index[i]] does.  After the last one all repeats every 400
 * years, if `repeats`.
 */
struct zone {
	struct zone *next;
	char *path_name;
	int64_t *instant;
	uint8_t *index;
	uint32_t count;
	uint32_t capacity;
	uint32_t type_count;
	int repeats;
	struct zone_type *type;
};

/* Append a transition; keeps the order by refusing (-1) an earlier instant. */
int zone_add(struct zone *, int64_t instant, unsigned type);
/* Append a type; its number, or -1 if there are too many. */
int zone_add_type(struct zone *, int32_t offset_seconds, const char *name,
	size_t name_size);

/* Fill an empty zone from the bytes of a TZif file.  -1 if they are none. */
int zone_read(struct zone *, const unsigned char *bytes, size_t size);
/*
 * Add what the POSIX TZ text ("CET-1CEST,M3.5.0,M10.5.0/3") says of the time
 * after the last transition.  -1 if it is not one.
 */
int zone_extend(struct zone *, const char *rule, size_t size);

#endif
