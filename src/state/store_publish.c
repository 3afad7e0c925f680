/*
 * Writing a checkpoint.
 *
 *	parts		create, write, fsync, close		any threads
 *	publish		look for a higher generation
 *			fsync the folder: the parts' names last
 *			create temp, write, fsync, close
 *			rename to manifest-GEN-NUM
 *			fsync the folder
 *			look for a higher generation again
 *			remove what the two newest do not need
 *
 * So a manifest can be seen only when all it lists lasts, and the one before
 * the former is removed only when the new one lasts.  Whatever fails, all that
 * was written for this checkpoint is removed, the manifest first, and the
 * former ones stay.  A file whose fsync failed is among that and never asked
 * again.
 *
 * If another run has begun meanwhile, it may have seen our manifest and gone on
 * from it, although we give it up: so nothing is removed then.  The other run
 * removes what it does not need.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "state/store_priv.h"
#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"

int
store_write_part(const struct store *store, uint64_t number, const char *name,
	const struct save *save, struct part *out, struct err *err)
{
	struct part part = { .generation = store->generation,
	    .number = number };
	struct buf file = { 0 }, path = { 0 };
	int status = -1;

	assert(part_name_is_valid(name, strlen(name)));
	memcpy(part.name, name, strlen(name) + 1);
	store_part_name(&part, &file);
	store_path(store, buf_string(&file), &path);
	int fd = store_create(buf_string(&path), err);
	if (fd >= 0) {
		status = part_write(fd, buf_string(&path), save, &part, err);
		status = store_finish(fd, buf_string(&path), status, err);
		if (status != 0)
			store_remove(store, buf_string(&file));
	}
	buf_fini(&file);
	buf_fini(&path);
	*out = part;
	return status;
}

/* Has another run of the job taken the folder over? */
static int
check_generation(const struct store *store, struct err *err)
{
	struct store_list list;

	if (store_list(store, &list, err) != 0)
		return -1;
	uint64_t generation = store_list_generation(&list);
	store_list_fini(&list);
	if (generation > store->generation)
		return err_set(err, ERR_IO, "%s was taken over by another run "
		    "of the job: this one is number %llu, the other %llu",
		    store->folder, (unsigned long long)store->generation,
		    (unsigned long long)generation);
	return 0;
}

/* The manifest as a file under the name `temp`. */
static int
write_manifest(const struct manifest *manifest, const char *temp,
	struct err *err)
{
	struct buf text = { 0 };
	int fd = store_create(temp, err);
	int status = -1;

	if (fd >= 0) {
		manifest_print(manifest, &text);
		status = env_write_all(fd, text.bytes, text.size);
		if (status != 0)
			err_set_errno(err, ERR_IO, errno, "cannot write %s",
			    temp);
		status = store_finish(fd, temp, status, err);
	}
	buf_fini(&text);
	return status;
}

static int
rename_manifest(const char *temp, const char *path, struct err *err)
{
	if (env->rename(temp, path) != 0)
		return err_set_errno(err, ERR_IO, errno,
		    "cannot rename %s to %s", temp, path);
	return 0;
}

static int
publish(const struct store *store, const struct manifest *manifest,
	struct err *err)
{
	struct buf temp = { 0 }, path = { 0 }, name = { 0 };

	store_temp_name(manifest->generation, manifest->number, &name);
	store_path(store, buf_string(&name), &temp);
	name.size = 0;
	store_manifest_name(manifest->generation, manifest->number, &name);
	store_path(store, buf_string(&name), &path);
	int status = check_generation(store, err) != 0 ||
	    store_sync(store, err) != 0 ||
	    write_manifest(manifest, buf_string(&temp), err) != 0 ||
	    rename_manifest(buf_string(&temp), buf_string(&path), err) != 0 ||
	    store_sync(store, err) != 0 ||
	    check_generation(store, err) != 0 ? -1 : 0;
	buf_fini(&temp);
	buf_fini(&path);
	buf_fini(&name);
	return status;
}

/* Is it a new part, or one of the newest checkpoint's? */
static int
part_lasts(const struct store *store, uint64_t number, const struct part *part)
{
	if (part->generation == store->generation && part->number == number)
		return 1;
	const struct part *former = store->kept[0] == NULL ? NULL :
	    manifest_part(store->kept[0], part->name);
	return former != NULL && former->generation == part->generation &&
	    former->number == part->number;
}

int
store_publish(struct store *store, uint64_t number,
	struct manifest *take_manifest, struct err *err)
{
	struct manifest *manifest = take_manifest;

	assert(store->kept[0] == NULL || number > store->kept[0]->number);
	for (uint32_t i = 0; i < manifest->part_count; i++)
		assert(part_lasts(store, number, &manifest->part[i]));
	manifest->generation = store->generation;
	manifest->number = number;
	snprintf(manifest->version, sizeof(manifest->version), "%s",
	    PACKAGE_VERSION);
	if (publish(store, manifest, err) != 0) {
		store_abandon(store, number);
		manifest_free(&manifest);
		return -1;
	}
	manifest_free(&store->kept[1]);
	store->kept[1] = store->kept[0];
	store->kept[0] = manifest;
	store_clean(store, number);
	return 0;
}

void
store_abandon(struct store *store, uint64_t number)
{
	struct err err = ERR_INIT;
	struct store_list list;

	if (store_list(store, &list, &err) != 0)
		return;
	if (store_list_generation(&list) > store->generation)
		list.count = 0;
	/* Sorted by name, so the manifest goes before its parts. */
	for (size_t i = 0; i < list.count; i++)
		if (list.file[i].generation == store->generation &&
		    list.file[i].number == number &&
		    list.file[i].kind != STORE_CLAIM)
			store_remove(store, list.file[i].name);
	store_list_fini(&list);
}
