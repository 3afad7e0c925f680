/*
 * Time zones by name.  A zone is a sorted list of instants at which another
 * offset comes in force; see zone_read.c for where it is from and zone_rule.c
 * for how it goes on for ever.
 *
 * Opened zones hang in a list that only grows at its head.  Two threads that
 * open the same zone at once may both read it; one of the two then is merely
 * not found again.
 */
#include "data/moment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "data/moment_priv.h"
#include "data/zone_priv.h"
#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"
/* The largest file of the database has 4 KiB. */
#define FILE_BYTES_MAX 65536
#define NAME_BYTES_MAX 255
/* 400 years. */
#define PERIOD_SECONDS (146097ll * 86400)
/* Longer than any offset: where the search for a wall clock may begin. */
#define OFFSET_SECONDS_MAX (26 * 3600)

static struct zone *zones;

int
zone_add(struct zone *zone, int64_t instant, unsigned type)
{
	if (zone->count > 0 && instant < zone->instant[zone->count - 1])
		return -1;
	if (zone->count == zone->capacity) {
		zone->capacity = zone->capacity == 0 ? 64 : zone->capacity * 2;
		zone->instant = mem_resize(zone->instant,
		    zone->capacity * sizeof(*zone->instant));
		zone->index = mem_resize(zone->index, zone->capacity);
	}
	zone->instant[zone->count] = instant;
	zone->index[zone->count++] = (uint8_t)type;
	return 0;
}

int
zone_add_type(struct zone *zone, int32_t offset_seconds, const char *name,
	size_t name_size)
{
	if (zone->type_count == ZONE_TYPES_MAX)
		return -1;
	zone->type = mem_resize(zone->type,
	    (zone->type_count + 1) * sizeof(*zone->type));
	struct zone_type *type = &zone->type[zone->type_count];
	type->offset_seconds = offset_seconds;
	if (name_size >= ZONE_NAME_MAX)
		name_size = ZONE_NAME_MAX - 1;
	memcpy(type->name, name, name_size);
	type->name[name_size] = '\0';
	return (int)zone->type_count++;
}

static void
zone_free(struct zone **zone)
{
	mem_free((*zone)->path_name);
	mem_free((*zone)->instant);
	mem_free((*zone)->index);
	mem_free((*zone)->type);
	mem_free(*zone);
	*zone = NULL;
}

/* Relative, without "..", of the letters that zones are named with. */
static int
name_is_sound(const char *name, size_t size)
{
	if (size == 0 || size > NAME_BYTES_MAX || name[0] == '/' ||
	    name[0] == '.')
		return 0;
	for (size_t i = 0; i < size; i++) {
		char c = name[i];
		int is_letter = (unsigned char)((c | 0x20) - 'a') < 26;
		int is_digit = (unsigned char)(c - '0') <= 9;
		if (!is_letter && !is_digit && strchr("_+-/", c) == NULL)
			return 0;
		if (c == '\0')
			return 0;
	}
	return 1;
}

/* Reads the file whole; its size, or -1 with errno (EFBIG: no zone's file). */
static ssize_t
file_read(const char *path, unsigned char *bytes, size_t capacity)
{
	size_t size = 0;
	int fd = env->open(path, O_RDONLY, 0);

	if (fd < 0)
		return -1;
	while (size < capacity) {
		ssize_t got = env->read(fd, bytes + size, capacity - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int reason = errno;
			env->close(fd);
			errno = reason;
			return -1;
		}
		if (got == 0)
			break;
		size += (size_t)got;
	}
	env->close(fd);
	errno = EFBIG;
	return size < capacity ? (ssize_t)size : -1;
}

/* Fills `zone` from the system's database. */
static int
zone_load(struct zone *zone, const char *name, struct err *err)
{
	const char *folder = env_variable("TZDIR");
	char path[4096];

	if (folder == NULL || *folder == '\0')
		folder = ZONE_FOLDER;
	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >=
	    (int)sizeof(path))
		return err_set(err, ERR_PROGRAM,
		    "there is no time zone '%s'", name);
	unsigned char *bytes = mem_alloc(FILE_BYTES_MAX);
	ssize_t size = file_read(path, bytes, FILE_BYTES_MAX);
	int status = 0;
	if (size < 0 && (errno == ENOENT || errno == ENOTDIR ||
	    errno == EISDIR))
		status = err_set(err, ERR_PROGRAM,
		    "there is no time zone '%s' in %s", name, folder);
	else if (size < 0)
		status = err_set_errno(err, ERR_IO, errno, "%s", path);
	else if (zone_read(zone, bytes, (size_t)size) != 0)
		status = err_set(err, ERR_IO,
		    "%s: not a time zone file (TZif)", path);
	mem_free(bytes);
	return status;
}

/* "UTC", "Z", "+02:00": one type, no transitions. */
static int
zone_fill_fixed(struct zone *zone, const char *name, size_t size)
{
	int64_t offset_us;
	int is_utc = name[0] != '+' && name[0] != '-';

	if (moment_take_zone(name, name + size, &offset_us) != name + size)
		return -1;
	zone_add_type(zone, (int32_t)(offset_us / SECOND_US),
	    is_utc ? "UTC" : name, is_utc ? 3 : size);
	return 0;
}

const struct zone *
zone_open(const char *name, size_t size, struct err *err)
{
	struct zone *head = __atomic_load_n(&zones, __ATOMIC_ACQUIRE);

	for (const struct zone *zone = head; zone != NULL; zone = zone->next)
		if (strlen(zone->path_name) == size &&
		    memcmp(zone->path_name, name, size) == 0)
			return zone;

	struct zone *zone = mem_alloc_zero(sizeof(*zone));
	zone->path_name = mem_alloc(size + 1);
	if (size > 0)
		memcpy(zone->path_name, name, size);
	zone->path_name[size] = '\0';
	if (zone_fill_fixed(zone, zone->path_name, size) != 0) {
		int status = name_is_sound(name, size) ?
		    zone_load(zone, zone->path_name, err) :
		    err_set(err, ERR_PROGRAM, "'%.*s' is not the name of a "
		    "time zone", size < 64 ? (int)size : 64, zone->path_name);
		if (status != 0) {
			zone_free(&zone);
			return NULL;
		}
	}
	do {
		zone->next = head;
	} while (!__atomic_compare_exchange_n(&zones, &head, zone, 0,
	    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return zone;
}

/* The number of transitions at or before an instant. */
static uint32_t
zone_find(const struct zone *zone, int64_t second)
{
	uint32_t low = 0, count = zone->count;

	while (count > 0) {
		uint32_t half = count / 2;
		if (zone->instant[low + half] <= second) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return low;
}

/* What is in force after so many transitions. */
static const struct zone_type *
zone_type_after(const struct zone *zone, uint32_t count)
{
	return &zone->type[count == 0 ? 0 : zone->index[count - 1]];
}

static int64_t
second_of(int64_t us)
{
	return us / SECOND_US - (us % SECOND_US < 0);
}

/* Periods to go back so that `second` lies among the transitions. */
static int64_t
zone_periods(const struct zone *zone, int64_t second)
{
	if (!zone->repeats)
		return 0;
	/* Two days: a wall clock's neighbours must be there too. */
	int64_t beyond = second + 2 * OFFSET_SECONDS_MAX -
	    zone->instant[zone->count - 1];
	return beyond <= 0 ? 0 : (beyond + PERIOD_SECONDS - 1) / PERIOD_SECONDS;
}

static const struct zone_type *
zone_type_at(const struct zone *zone, int64_t us)
{
	int64_t second = second_of(us);

	second -= zone_periods(zone, second) * PERIOD_SECONDS;
	return zone_type_after(zone, zone_find(zone, second));
}

int64_t
zone_offset(const struct zone *zone, int64_t us)
{
	return zone_type_at(zone, us)->offset_seconds * SECOND_US;
}

const char *
zone_abbreviation(const struct zone *zone, int64_t us)
{
	return zone_type_at(zone, us)->name;
}

/*
 * Goes through the stretches between transitions from a safe distance before:
 * the first whose wall clock reaches past `local_us` holds it, unless the next
 * one's begins behind it; that is a gap, which the offset before it bridges.
 */
int64_t
zone_to_utc(const struct zone *zone, int64_t local_us)
{
	int64_t local = second_of(local_us);
	local -= zone_periods(zone, local) * PERIOD_SECONDS;
	uint32_t at = zone_find(zone, local - OFFSET_SECONDS_MAX);
	int64_t offset = zone_type_after(zone, at)->offset_seconds;

	while (at < zone->count && local - offset >= zone->instant[at]) {
		int64_t next = zone_type_after(zone, at + 1)->offset_seconds;
		if (local - next < zone->instant[at])
			break;
		offset = next;
		at++;
	}
	return local_us - offset * SECOND_US;
}
