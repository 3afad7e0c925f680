#ifndef SFLOW_IO_MEMBERS_H
#define SFLOW_IO_MEMBERS_H

#include <stdint.h>

struct err;
struct input;

/*
 * The members of an archive (tar, zip, 7z; a tar archive may be compressed) one
 * behind another: each regular file in it is an input of its own.  Members
 * are numbered from 0 in the order of the archive.
 */
struct members;

/* Of an input for which input_is_archive() said so; NULL with err, and then the
 * input is closed. */
struct members *members_open(struct input *take_input, struct err *);
void members_close(struct members **);
/* Go to the next: 1 and its name, good until the next call; 0 behind the last;
 * -1 with err. */
int members_next(struct members *, const char **name, struct err *);
/*
 * The one that members_next went to, decoded if it is compressed, and called
 * `label`.  It is closed before the next.
 */
struct input *members_input(struct members *, const char *label);
/*
 * Member `index` of the archive at `path`, which has that label.  *members, or
 * NULL, is one that was found before: it goes on from there if it can.  NULL
 * with err, also if the archive has changed.
 */
struct input *members_find(struct members **, const char *path,
	uint32_t index, const char *label, struct err *);
/* "x.tar:a.csv", to be freed with mem_free(). */
char *members_label(const char *path, const char *name);

#endif
