#ifndef SFLOW_TESTS_STORE_RIG_H
#define SFLOW_TESTS_STORE_RIG_H

/*
 * Checkpoint folders for the tests: folders of their own, checkpoints whose
 * content follows from their number, and a look whether one is whole.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/save.h"
#include "state/store.h"
#include "util/err.h"

#define RIG_PARTS 3
#define RIG_ENTRIES 4

/* In memory if there is room: fsync() is for the disks of users. */
static inline void
rig_folder_new(char path[64])
{
	snprintf(path, 64, "%s/sflow-store-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	cr_assert_not_null(mkdtemp(path));
}

/* Remove what is in the folder, and the folder. */
static inline void
rig_folder_remove(const char *path)
{
	char file[512];
	DIR *folder = opendir(path);
	struct dirent *entry;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL) {
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(file);
	}
	closedir(folder);
	rmdir(path);
}

static inline unsigned
rig_count_files(const char *path, const char *prefix)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	unsigned count = 0;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		count += entry->d_name[0] != '.' &&
		    strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	if (folder != NULL)
		closedir(folder);
	return count;
}

/* Entry `index` of part `part` of checkpoint `number`. */
static inline size_t
rig_entry(uint64_t number, unsigned part, unsigned index, char room[512])
{
	size_t size = (size_t)snprintf(room, 512, "%llu %u %u ",
	    (unsigned long long)number, part, index);
	size_t more = (size_t)(number * 7 + part * 31 + index * 101) % 300;

	memset(room + size, 'a' + (int)(index % 26), more);
	return index == 3 ? 0 : size + more;
}

/* Write and publish checkpoint `number`: 0, or -1 and it is abandoned. */
static inline int
rig_checkpoint(struct store *store, uint64_t number, struct err *err)
{
	struct manifest *manifest = manifest_new();
	char name[32], room[512];
	int status = 0;

	manifest->fingerprint = 0x5f10 + number;
	for (unsigned p = 0; p < RIG_PARTS && status == 0; p++) {
		struct save *save = save_new();
		struct part part;
		for (unsigned i = 0; i < RIG_ENTRIES; i++)
			save_put(save, i == 2 ? SAVE_SHARED : i * 40, room,
			    rig_entry(number, p, i, room));
		snprintf(name, sizeof(name), "op-%u.%u", p, p + 1);
		status = store_write_part(store, number, name, save, &part,
		    err);
		if (status == 0)
			manifest_add_part(manifest, &part);
		save_free(&save);
	}
	if (status == 0) {
		manifest_set(manifest, "place", "line\nof 100%");
		return store_publish(store, number, manifest, err);
	}
	store_abandon(store, number);
	manifest_free(&manifest);
	return -1;
}

struct rig_reading {
	uint64_t number;
	unsigned part, index;
};

static inline int
rig_take_entry(void *cookie, uint32_t key_group, const char *bytes, size_t size,
	struct err *err)
{
	struct rig_reading *reading = cookie;
	char room[512];
	size_t expected = rig_entry(reading->number, reading->part,
	    reading->index, room);

	(void)err;
	cr_assert(size == expected && memcmp(bytes, room, size) == 0);
	cr_assert(key_group == (reading->index == 2 ? SAVE_SHARED :
	    reading->index * 40));
	reading->index++;
	return 0;
}

/* The number of the checkpoint the store goes on from, every byte of which is
 * as it was written; 0 if there is none. */
static inline uint64_t
rig_number(const struct store *store)
{
	const struct manifest *manifest = store_manifest(store);
	struct err err = ERR_INIT;

	if (manifest == NULL)
		return 0;
	cr_assert(manifest->part_count == RIG_PARTS);
	cr_assert(manifest->fingerprint == 0x5f10 + manifest->number);
	cr_assert_str_eq(manifest_get(manifest, "place"), "line\nof 100%");
	for (unsigned p = 0; p < RIG_PARTS; p++) {
		struct rig_reading reading = { manifest->number, p, 0 };
		cr_assert(store_read_part(store, &manifest->part[p],
		    rig_take_entry, &reading, &err) == 0, "%s", err.message);
		cr_assert(reading.index == RIG_ENTRIES);
	}
	return manifest->number;
}

/* All of a file, for free(). */
static inline char *
rig_read_file(const char *folder, const char *name, size_t *size)
{
	char path[512];
	struct stat info;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_RDONLY);
	cr_assert(fd >= 0 && fstat(fd, &info) == 0, "%s", path);
	*size = (size_t)info.st_size;
	char *bytes = malloc(*size + 1);
	cr_assert(read(fd, bytes, *size) == (ssize_t)*size);
	close(fd);
	return bytes;
}

static inline void
rig_write_file(const char *folder, const char *name, const char *bytes,
	size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

#endif
