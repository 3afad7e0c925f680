#ifndef SFLOW_STATE_SAVE_H
#define SFLOW_STATE_SAVE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What an operator or a source saves at a barrier: a list of entries, each
 * bytes under a key group (data/key.h).  When a job resumes with other
 * instances, the entries of a key group go to the one that owns it then;
 * SAVE_SHARED ones go to all, and who loads them keeps what is its own.
 */
struct save;

#define SAVE_SHARED UINT32_MAX

struct save *save_new(void);
void save_free(struct save **);
/* Append an entry; the bytes are copied.  Entries of 64 KiB and less load with
 * little memory; nothing limits them to that. */
void save_put(struct save *, uint32_t key_group, const void *bytes,
	size_t size);
/* Append all entries of another, `head` in front of the bytes of each. */
void save_put_all(struct save *, const struct save *from, const void *head,
	size_t head_size);
uint64_t save_count(const struct save *);
/* Sum of the sizes. */
uint64_t save_bytes(const struct save *);
/* Entry `index` of save_count(), borrowed. */
const char *save_entry(const struct save *, uint64_t index,
	uint32_t *key_group, size_t *size);

#endif
