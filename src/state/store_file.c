/*
 * The files of a checkpoint folder, by their names:
 *
 *	lock			locked by who uses the folder; his process id
 *	claim-GEN		generation GEN has begun
 *	manifest-GEN-NUM	checkpoint NUM, published by generation GEN
 *	part-GEN-NUM-NAME	a part, written for that checkpoint
 *	temp-GEN-NUM		a manifest that is not yet published
 *
 * Numbers have ten digits or more, so that they sort.  Whatever else lies in
 * the folder is not touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "state/store_priv.h"
#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"

void
store_path(const struct store *store, const char *name, struct buf *path)
{
	buf_add_format(path, "%s/%s", store->folder, name);
}

void
store_claim_name(uint64_t generation, struct buf *name)
{
	buf_add_format(name, "claim-%010llu", (unsigned long long)generation);
}

static void
add_numbered(struct buf *name, const char *kind, uint64_t generation,
	uint64_t number)
{
	buf_add_format(name, "%s-%010llu-%010llu", kind,
	    (unsigned long long)generation, (unsigned long long)number);
}

void
store_manifest_name(uint64_t generation, uint64_t number, struct buf *name)
{
	add_numbered(name, "manifest", generation, number);
}

void
store_temp_name(uint64_t generation, uint64_t number, struct buf *name)
{
	add_numbered(name, "temp", generation, number);
}

void
store_part_name(const struct part *part, struct buf *name)
{
	add_numbered(name, "part", part->generation, part->number);
	buf_add_format(name, "-%s", part->name);
}

/* The text behind `word`, or NULL. */
static const char *
behind_word(const char *name, const char *word)
{
	size_t size = strlen(word);

	return strncmp(name, word, size) == 0 ? name + size : NULL;
}

/* "-NUMBER": the text behind it, or NULL. */
static const char *
behind_number(const char *at, uint64_t *number)
{
	if (at == NULL || *at++ != '-')
		return NULL;
	const char *start = at;
	/* 19 digits fit. */
	for (*number = 0; *at >= '0' && *at <= '9' && at - start < 19; at++)
		*number = *number * 10 + (uint64_t)(*at - '0');
	return at - start >= 10 ? at : NULL;
}

struct store_file
store_file_of(const char *name)
{
	static const struct {
		const char *word;
		enum store_kind kind;
	} kinds[] = {
		{ "claim", STORE_CLAIM }, { "manifest", STORE_MANIFEST },
		{ "part", STORE_PART }, { "temp", STORE_TEMP },
	};
	struct store_file file = { .kind = STORE_OTHER, .name = name };
	const char *at = NULL;
	size_t i = 0;

	while (i < 4 && (at = behind_word(name, kinds[i].word)) == NULL)
		i++;
	at = behind_number(at, &file.generation);
	if (at != NULL && kinds[i].kind != STORE_CLAIM)
		at = behind_number(at, &file.number);
	if (at == NULL)
		return file;
	if (kinds[i].kind == STORE_PART) {
		if (*at++ != '-' || !part_name_is_valid(at, strlen(at)))
			return file;
		file.part = at;
	} else if (*at != '\0') {
		return file;
	}
	file.kind = kinds[i].kind;
	return file;
}

int
store_list(const struct store *store, struct store_list *list,
	struct err *err)
{
	memset(list, 0, sizeof(*list));
	if (env->list_dir(store->folder, &list->names,
	    &list->name_count) != 0)
		return err_set_errno(err, ERR_IO, errno,
		    "cannot read the folder %s", store->folder);
	list->file = mem_alloc(list->name_count * sizeof(*list->file));
	for (size_t i = 0; i < list->name_count; i++) {
		struct store_file file = store_file_of(list->names[i]);
		if (file.kind != STORE_OTHER)
			list->file[list->count++] = file;
	}
	return 0;
}

void
store_list_fini(struct store_list *list)
{
	mem_free(list->file);
	env_names_free(list->names, list->name_count);
	memset(list, 0, sizeof(*list));
}

uint64_t
store_list_generation(const struct store_list *list)
{
	uint64_t highest = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->file[i].generation > highest)
			highest = list->file[i].generation;
	return highest;
}

int
store_create(const char *path, struct err *err)
{
	int fd;

	do {
		fd = env->open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		err_set_errno(err, ERR_IO, errno, "cannot create %s", path);
	return fd;
}

int
store_finish(int fd, const char *path, int status, struct err *err)
{
	/* Once refused, fsync() may say yes without having done it: the file
	 * is given up by the caller, so it is not asked again. */
	if (status == 0 && env->fsync(fd) != 0)
		status = err_set_errno(err, ERR_IO, errno, "cannot write %s",
		    path);
	if (env->close(fd) != 0 && status == 0)
		status = err_set_errno(err, ERR_IO, errno, "cannot write %s",
		    path);
	return status;
}

int
store_sync(const struct store *store, struct err *err)
{
	if (env->sync_dir(store->folder) != 0)
		return err_set_errno(err, ERR_IO, errno,
		    "cannot write the folder %s", store->folder);
	return 0;
}

void
store_remove(const struct store *store, const char *name)
{
	struct buf path = { 0 };

	store_path(store, name, &path);
	env->unlink(buf_string(&path));
	buf_fini(&path);
}

/* Does a kept checkpoint need it? */
static int
is_kept(const struct store *store, const struct store_file *file)
{
	for (int i = 0; i < 2; i++) {
		const struct manifest *kept = store->kept[i];
		if (kept == NULL)
			continue;
		if (file->kind == STORE_MANIFEST &&
		    file->generation == kept->generation &&
		    file->number == kept->number)
			return 1;
		if (file->kind != STORE_PART)
			continue;
		for (uint32_t p = 0; p < kept->part_count; p++)
			if (kept->part[p].generation == file->generation &&
			    kept->part[p].number == file->number &&
			    strcmp(kept->part[p].name, file->part) == 0)
				return 1;
	}
	return 0;
}

/* Removes files of one kind, or of all others. */
static void
clean_kind(const struct store *store, const struct store_list *list,
	uint64_t number, int manifests)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct store_file *file = &list->file[i];
		if ((file->kind == STORE_MANIFEST) != manifests ||
		    file->generation > store->generation)
			continue;
		if (file->generation == store->generation &&
		    (file->kind == STORE_CLAIM || file->number > number))
			continue;
		if (!is_kept(store, file))
			store_remove(store, file->name);
	}
}

void
store_clean(const struct store *store, uint64_t number)
{
	struct err err = ERR_INIT;
	struct store_list list;

	if (store_list(store, &list, &err) != 0)
		return;
	/* Manifests first: none is to list parts that are gone. */
	clean_kind(store, &list, number, 1);
	clean_kind(store, &list, number, 0);
	store_list_fini(&list);
}
