/*
 * Power losses.  While a job makes checkpoints, its calls are recorded in a
 * model of a disk that keeps only what it must: the bytes of a file as of its
 * last fsync, the names of the folder as of the last fsync of the folder.
 * Behind every call the disk may be in any of these states:
 *
 *	names	as of the last fsync, and of the changes since: all, none, all
 *		but one, or only one
 *	bytes	of files that were not fsynced: all, half, none
 *
 * Each is laid out in a folder and opened.  The checkpoint found there is the
 * last that was published or the one being published, is whole, and there is
 * nothing to warn of.
 */
#include "state/store.h"

#include "store_rig.h"
#include "util/env_priv.h"

#define FILES_MAX 2048
#define NAMES_MAX 64
#define CHANGES_MAX 64

struct file {
	char bytes[8192];
	size_t size, synced;
};

struct name {
	char name[80];
	unsigned file;
};

/* A name that comes, goes, or both at once. */
struct change {
	char add[80];
	char remove[80];
	unsigned file;
};

struct names {
	struct name name[NAMES_MAX];
	unsigned count;
};

static struct {
	char folder[64];
	struct file *file;
	unsigned file_count;
	unsigned file_of_fd[1024];
	struct names synced;
	struct change change[CHANGES_MAX];
	unsigned change_count;
	uint64_t published, begun;
	unsigned long states;
} disk;

static void
names_apply(struct names *names, const struct change *change)
{
	for (unsigned i = 0; i < names->count; i++)
		if (strcmp(names->name[i].name, change->remove) == 0 ||
		    strcmp(names->name[i].name, change->add) == 0)
			names->name[i--] = names->name[--names->count];
	if (change->add[0] == '\0')
		return;
	cr_assert(names->count < NAMES_MAX);
	strcpy(names->name[names->count].name, change->add);
	names->name[names->count++].file = change->file;
}

/* One state of the disk, opened. */
static void
try_state(const struct names *names, unsigned quarters)
{
	char folder[64];
	struct err err = ERR_INIT;

	rig_folder_new(folder);
	for (unsigned i = 0; i < names->count; i++) {
		const struct file *file = &disk.file[names->name[i].file];
		size_t more = (file->size - file->synced) * quarters / 4;
		rig_write_file(folder, names->name[i].name, file->bytes,
		    file->synced + more);
	}
	struct store *store = store_open(folder, &err);
	cr_assert_not_null(store, "%s", err.message);
	uint64_t found = rig_number(store);
	cr_assert(found == disk.published || found == disk.begun,
	    "%llu, not %llu or %llu", (unsigned long long)found,
	    (unsigned long long)disk.published, (unsigned long long)disk.begun);
	cr_assert_null(store_warning(store), "%s", store_warning(store));
	store_close(&store);
	rig_folder_remove(folder);
	disk.states++;
}

static void
try_bytes(const struct names *names)
{
	int all_synced = 1;

	for (unsigned i = 0; i < names->count; i++) {
		const struct file *file = &disk.file[names->name[i].file];
		all_synced &= file->size == file->synced;
	}
	try_state(names, 4);
	if (!all_synced) {
		try_state(names, 2);
		try_state(names, 0);
	}
}

/* All states the disk may be in now. */
static void
try_states(void)
{
	const struct env *former = env;
	unsigned count = disk.change_count;

	env = &env_real;
	/* All, none; all but one; only one. */
	for (unsigned way = 0; way < 2 + 2 * count; way++) {
		struct names names = disk.synced;
		for (unsigned i = 0; i < count; i++)
			if (way == 0 || (way >= 2 && (way < 2 + count ?
			    i != way - 2 : i == way - 2 - count)))
				names_apply(&names, &disk.change[i]);
		try_bytes(&names);
	}
	env = former;
}

/* The name within the folder, or NULL. */
static const char *
name_of(const char *path)
{
	size_t size = strlen(disk.folder);

	return strncmp(path, disk.folder, size) == 0 && path[size] == '/' ?
	    path + size + 1 : NULL;
}

static void
disk_change(const char *add, const char *removed, unsigned file)
{
	cr_assert(disk.change_count < CHANGES_MAX);
	struct change *change = &disk.change[disk.change_count++];
	strcpy(change->add, add);
	strcpy(change->remove, removed);
	change->file = file;
}

/* The file that has the name now. */
static unsigned
disk_find(const char *name)
{
	struct names names = disk.synced;

	for (unsigned i = 0; i < disk.change_count; i++)
		names_apply(&names, &disk.change[i]);
	for (unsigned i = 0; i < names.count; i++)
		if (strcmp(names.name[i].name, name) == 0)
			return names.name[i].file;
	return FILES_MAX;
}

static int
disk_open(const char *path, int flags, mode_t mode)
{
	int fd = env_real.open(path, flags, mode);
	const char *name = name_of(path);

	if (fd < 0 || name == NULL || (flags & O_ACCMODE) == O_RDONLY)
		return fd;
	unsigned file = disk_find(name);
	if (file == FILES_MAX) {
		file = disk.file_count++;
		cr_assert(file < FILES_MAX && fd < 1024);
		disk_change(name, "", file);
	}
	disk.file_of_fd[fd] = file;
	try_states();
	return fd;
}

static ssize_t
disk_write(int fd, const void *bytes, size_t size)
{
	struct file *file = &disk.file[disk.file_of_fd[fd]];

	cr_assert(file->size + size <= sizeof(file->bytes));
	memcpy(file->bytes + file->size, bytes, size);
	file->size += size;
	try_states();
	return env_real.write(fd, bytes, size);
}

static int
disk_truncate(int fd, off_t size)
{
	struct file *file = &disk.file[disk.file_of_fd[fd]];

	cr_assert(size == 0);
	file->size = file->synced = 0;
	return env_real.truncate(fd, size);
}

static int
disk_fsync(int fd)
{
	struct file *file = &disk.file[disk.file_of_fd[fd]];

	file->synced = file->size;
	try_states();
	return env_real.fsync(fd);
}

static int
disk_rename(const char *source, const char *target)
{
	disk_change(name_of(target), name_of(source),
	    disk_find(name_of(source)));
	try_states();
	return env_real.rename(source, target);
}

static int
disk_unlink(const char *path)
{
	disk_change("", name_of(path), 0);
	try_states();
	return env_real.unlink(path);
}

static int
disk_sync_dir(const char *path)
{
	cr_assert_str_eq(path, disk.folder);
	for (unsigned i = 0; i < disk.change_count; i++)
		names_apply(&disk.synced, &disk.change[i]);
	disk.change_count = 0;
	try_states();
	return env_real.sync_dir(path);
}

static struct store *
disk_store_open(void)
{
	struct err err = ERR_INIT;
	struct store *store = store_open(disk.folder, &err);

	cr_assert_not_null(store, "%s", err.message);
	return store;
}

static void
disk_checkpoint(struct store *store, uint64_t number)
{
	struct err err = ERR_INIT;

	disk.begun = number;
	cr_assert(rig_checkpoint(store, number, &err) == 0, "%s", err.message);
	disk.published = number;
}

Test(store_crash, every_state_of_the_disk)
{
	struct env table = env_real;
	struct err err = ERR_INIT;
	struct part part;

	table.open = disk_open;
	table.write = disk_write;
	table.truncate = disk_truncate;
	table.fsync = disk_fsync;
	table.rename = disk_rename;
	table.unlink = disk_unlink;
	table.sync_dir = disk_sync_dir;
	disk.file = calloc(FILES_MAX, sizeof(*disk.file));
	rig_folder_new(disk.folder);
	env = &table;
	struct store *store = disk_store_open();
	for (uint64_t number = 1; number <= 3; number++)
		disk_checkpoint(store, number);
	store_close(&store);

	store = disk_store_open();
	disk_checkpoint(store, 4);
	struct save *save = save_new();
	save_put(save, 1, "given up", 8);
	cr_assert(store_write_part(store, 5, "op", save, &part, &err) == 0);
	store_abandon(store, 5);
	save_free(&save);
	disk_checkpoint(store, 6);
	disk_checkpoint(store, 7);
	store_close(&store);

	/* A run that ends before its first checkpoint, and one behind it. */
	store = disk_store_open();
	store_close(&store);
	store = disk_store_open();
	disk_checkpoint(store, 8);
	store_close(&store);
	env = &env_real;
	cr_log_info("%lu states", disk.states);
	cr_assert(disk.states > 1000);
	free(disk.file);
	rig_folder_remove(disk.folder);
}
