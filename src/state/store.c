/*
 * A checkpoint folder, opened.
 *
 * Who opens it takes the lock, which keeps other processes of this machine away
 * until it ends.  Where locks do not reach (another host, a file system without
 * them) the generation does:
 *
 *	1. create claim-GEN, GEN being one more than any in the folder
 *	2. list the folder and choose the checkpoint to go on from
 *	3. write into the claim which manifests hold from now on; make it last
 *
 * A manifest of an earlier generation that the claim does not name is void.
 * Who publishes looks for higher generations behind its rename, as we look for
 * manifests behind our claim: so if both do it at once, one sees the other, and
 * a checkpoint that we do not know has never been reported as published.
 *
 * The claim ends with a checksum, as manifests do.  One that is cut off is of
 * a run that ended before it began, and voids nothing; its number is used up.
 *
 * What cannot be read (EIO, no permission) is an error: the checkpoint may well
 * be there.  What is read and is wrong is passed over, and the one before it is
 * taken, with a warning; nothing is removed then before the next checkpoint is
 * published.
 */
#include "state/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "state/store_priv.h"
#include "util/env.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/mem.h"

/* A manifest has a line for each part; this is a million of them. */
#define TEXT_BYTES_MAX ((size_t)128 << 20)

const struct manifest *
store_manifest(const struct store *store)
{
	return store->kept[0];
}

const char *
store_warning(const struct store *store)
{
	return store->warning;
}

uint64_t
store_generation(const struct store *store)
{
	return store->generation;
}

/* All of a small file. */
static int
store_read_text(const struct store *store, const char *name, struct buf *out,
	struct err *err)
{
	struct buf path = { 0 };
	int status = -1;
	ssize_t got = 0;

	store_path(store, name, &path);
	int fd = env->open(buf_string(&path), O_RDONLY, 0);
	if (fd < 0)
		goto fail;
	do {
		got = env->read(fd, buf_reserve(out, 65536), 65536);
		if (got > 0)
			out->size += (size_t)got;
	} while ((got > 0 && out->size < TEXT_BYTES_MAX) ||
	    (got < 0 && errno == EINTR));
	status = got < 0 ? -1 : 0;
fail:
	if (status != 0)
		err_set_errno(err, ERR_IO, errno, "cannot read %s",
		    buf_string(&path));
	if (fd >= 0)
		env->close(fd);
	buf_fini(&path);
	return status;
}

/* The folder, with its own name made to last. */
static int
folder_make(const char *folder, struct err *err)
{
	if (env->mkdir(folder, 0700) != 0)
		return errno == EEXIST ? 0 : err_set_errno(err, ERR_IO, errno,
		    "cannot create the folder %s", folder);
	struct buf parent = { 0 };
	const char *slash = strrchr(folder, '/');
	if (slash == NULL)
		buf_add_char(&parent, '.');
	else
		buf_add(&parent, folder, slash > folder ?
		    (size_t)(slash - folder) : 1);
	/* A folder that may be written but not read cannot be opened. */
	int status = env->sync_dir(buf_string(&parent)) == 0 ||
	    errno == EACCES ? 0 : err_set_errno(err, ERR_IO, errno,
	    "cannot write the folder %s", buf_string(&parent));
	buf_fini(&parent);
	return status;
}

/* Somebody else has the lock: who, as far as the file tells. */
static int
lock_refused(const struct store *store, int fd, struct err *err)
{
	char text[24] = "";
	ssize_t size = env->pread(fd, text, sizeof(text) - 1, 0);
	long process = size > 0 ? strtol(text, NULL, 10) : 0;

	if (process > 0)
		return err_set(err, ERR_IO, "%s is in use by process %ld",
		    store->folder, process);
	return err_set(err, ERR_IO, "%s is in use by another process",
	    store->folder);
}

static int
store_lock(struct store *store, struct err *err)
{
	struct buf path = { 0 }, text = { 0 };
	int status = 0;

	store_path(store, "lock", &path);
	int fd = env->open(buf_string(&path), O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		status = err_set_errno(err, ERR_IO, errno, "cannot create %s",
		    buf_string(&path));
	else if (env->lock(fd) == 0)
		store->lock_fd = fd;
	else
		status = errno == EWOULDBLOCK ? lock_refused(store, fd, err) :
		    err_set_errno(err, ERR_IO, errno, "cannot lock %s",
		    buf_string(&path));
	if (status != 0 && fd >= 0)
		env->close(fd);
	buf_fini(&path);
	if (status != 0)
		return -1;
	/* Only a message needs it: no matter if that fails. */
	buf_add_format(&text, "%ld\n", (long)env_process_id());
	if (env->truncate(fd, 0) == 0)
		env_write_all(fd, text.bytes, text.size);
	buf_fini(&text);
	return 0;
}

/* Step 1: the generation is ours.  The claim's descriptor, or -1. */
static int
store_claim(struct store *store, struct err *err)
{
	struct store_list list;
	struct buf name = { 0 }, path = { 0 };

	if (store_list(store, &list, err) != 0)
		return -1;
	uint64_t generation = store_list_generation(&list) + 1;
	store_list_fini(&list);
	store_claim_name(generation, &name);
	store_path(store, buf_string(&name), &path);
	int fd = store_create(buf_string(&path), err);
	if (fd >= 0)
		store->generation = generation;
	buf_fini(&name);
	buf_fini(&path);
	return fd;
}

/* The names that a whole claim has, a line each, into `out`; empty if it is
 * cut off. */
static void
claim_read(struct buf *text, struct buf *out)
{
	static const char head[] = "sflow-claim 1\n";
	size_t head_size = sizeof(head) - 1, end_size = 21;

	if (text->size < head_size + end_size ||
	    memcmp(text->bytes, head, head_size) != 0)
		return;
	size_t size = text->size - end_size;
	struct buf end = { 0 };
	buf_add_format(&end, "end %016llx\n",
	    (unsigned long long)hash_bytes(text->bytes, size));
	if (memcmp(text->bytes + size, end.bytes, end_size) == 0)
		/* From the line end on: each name stands between two. */
		buf_add(out, text->bytes + head_size - 1,
		    size - head_size + 1);
	buf_fini(&end);
}

static void
claim_print(const struct store *store, struct buf *out)
{
	buf_add_string(out, "sflow-claim 1\n");
	for (int i = 0; i < 2; i++) {
		if (store->kept[i] == NULL)
			continue;
		store_manifest_name(store->kept[i]->generation,
		    store->kept[i]->number, out);
		buf_add_char(out, '\n');
	}
	buf_add_format(out, "end %016llx\n",
	    (unsigned long long)hash_bytes(out->bytes, out->size));
}

/* Voids the manifests of earlier generations that this claim does not name. */
static int
claim_apply(const struct store *store, const struct store_file *claim,
	struct store_list *list, struct err *err)
{
	struct buf text = { 0 }, names = { 0 }, line = { 0 };
	int status = store_read_text(store, claim->name, &text, err);

	if (status == 0)
		claim_read(&text, &names);
	for (size_t i = 0; i < list->count && names.size > 0; i++) {
		struct store_file *file = &list->file[i];
		if (file->kind != STORE_MANIFEST ||
		    file->generation >= claim->generation)
			continue;
		line.size = 0;
		buf_add_format(&line, "\n%s\n", file->name);
		if (memmem(names.bytes, names.size, line.bytes,
		    line.size) == NULL)
			file->kind = STORE_OTHER;
	}
	buf_fini(&text);
	buf_fini(&names);
	buf_fini(&line);
	return status;
}

static int
claims_apply(const struct store *store, struct store_list *list,
	struct err *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->file[i].kind == STORE_CLAIM &&
		    list->file[i].generation < store->generation &&
		    claim_apply(store, &list->file[i], list, err) != 0)
			return -1;
	return 0;
}

/* The newest manifest of the list, which is taken out of it; or NULL. */
static const struct store_file *
list_take_newest(struct store_list *list)
{
	struct store_file *newest = NULL;

	for (size_t i = 0; i < list->count; i++) {
		struct store_file *file = &list->file[i];
		if (file->kind == STORE_MANIFEST && (newest == NULL ||
		    file->generation > newest->generation ||
		    (file->generation == newest->generation &&
		    file->number > newest->number)))
			newest = file;
	}
	if (newest != NULL)
		newest->kind = STORE_OTHER;
	return newest;
}

static enum part_status
store_check_part(const struct store *store, const struct part *part,
	part_entry_f *entry, void *cookie, struct err *err)
{
	struct buf name = { 0 }, path = { 0 };
	enum part_status status = PART_FAILED;

	store_part_name(part, &name);
	store_path(store, buf_string(&name), &path);
	int fd = env->open(buf_string(&path), O_RDONLY, 0);
	if (fd >= 0) {
		status = part_read(fd, buf_string(&path), part, entry, cookie,
		    err);
		env->close(fd);
	} else if (errno == ENOENT) {
		err_set(err, ERR_IO, "%s is missing", buf_string(&path));
		status = PART_DAMAGED;
	} else {
		err_set_errno(err, ERR_IO, errno, "cannot read %s",
		    buf_string(&path));
	}
	buf_fini(&name);
	buf_fini(&path);
	return status;
}

int
store_read_part(const struct store *store, const struct part *part,
	part_entry_f *entry, void *cookie, struct err *err)
{
	return store_check_part(store, part, entry, cookie, err) ==
	    PART_WHOLE ? 0 : -1;
}

/*
 * Read a manifest: 0 with *out, or with NULL and the error filled if it is
 * damaged; -1 if it cannot be told.
 */
static int
store_load(const struct store *store, const struct store_file *file,
	struct manifest **out, struct err *err)
{
	struct buf text = { 0 }, path = { 0 };
	enum manifest_status status = MANIFEST_FOREIGN;

	*out = NULL;
	if (store_read_text(store, file->name, &text, err) == 0) {
		store_path(store, file->name, &path);
		status = manifest_read(text.bytes, text.size,
		    buf_string(&path), out, err);
		if (status == MANIFEST_WHOLE &&
		    ((*out)->generation != file->generation ||
		    (*out)->number != file->number)) {
			manifest_free(out);
			err_set(err, ERR_IO, "%s is damaged: it is the "
			    "manifest of another checkpoint",
			    buf_string(&path));
		}
	}
	buf_fini(&text);
	buf_fini(&path);
	return status == MANIFEST_FOREIGN ? -1 : 0;
}

/* The same, and all of its parts are checked. */
static int
store_load_whole(const struct store *store, const struct store_file *file,
	struct manifest **out, struct err *err)
{
	enum part_status status = PART_WHOLE;

	if (store_load(store, file, out, err) != 0)
		return -1;
	for (uint32_t i = 0; *out != NULL && status == PART_WHOLE &&
	    i < (*out)->part_count; i++)
		status = store_check_part(store, &(*out)->part[i], NULL, NULL,
		    err);
	if (status != PART_WHOLE)
		manifest_free(out);
	return status == PART_FAILED ? -1 : 0;
}

/* The newest that is whole, and behind it the one before. */
static int
store_choose(struct store *store, struct store_list *list, struct err *err)
{
	const struct store_file *file;
	struct err first = ERR_INIT;

	while (store->kept[0] == NULL &&
	    (file = list_take_newest(list)) != NULL) {
		struct err damage = ERR_INIT;
		if (store_load_whole(store, file, &store->kept[0],
		    &damage) != 0) {
			*err = damage;
			return -1;
		}
		if (store->kept[0] == NULL && first.kind == ERR_NONE)
			first = damage;
	}
	if (store->kept[0] == NULL && first.kind != ERR_NONE)
		return err_set(err, ERR_IO, "no checkpoint in %s is whole: %s",
		    store->folder, first.message);
	struct buf text = { 0 };
	if (first.kind != ERR_NONE) {
		buf_add_format(&text, "%s; going on from the checkpoint "
		    "before it", first.message);
		store->warning = mem_copy_string(buf_string(&text));
	}
	buf_fini(&text);
	if (store->kept[0] == NULL || (file = list_take_newest(list)) == NULL)
		return 0;
	/* Only to be kept: if it is damaged it is not worth it. */
	struct err damage = ERR_INIT;
	if (store_load(store, file, &store->kept[1], &damage) != 0)
		*err = damage;
	return err->kind == ERR_NONE ? 0 : -1;
}

/* Step 2. */
static int
store_find(struct store *store, struct err *err)
{
	struct store_list list;

	if (store_list(store, &list, err) != 0)
		return -1;
	int status = claims_apply(store, &list, err);
	if (status == 0)
		status = store_choose(store, &list, err);
	store_list_fini(&list);
	return status;
}

/* Step 3.  Takes the claim's descriptor; a `status` of -1 only gives it up. */
static int
store_seal(struct store *store, int fd, int status, struct err *err)
{
	struct buf name = { 0 }, path = { 0 }, text = { 0 };

	store_claim_name(store->generation, &name);
	store_path(store, buf_string(&name), &path);
	claim_print(store, &text);
	if (status == 0 && env_write_all(fd, text.bytes, text.size) != 0)
		status = err_set_errno(err, ERR_IO, errno, "cannot write %s",
		    buf_string(&path));
	status = store_finish(fd, buf_string(&path), status, err);
	if (status == 0)
		status = store_sync(store, err);
	if (status != 0)
		store_remove(store, buf_string(&name));
	buf_fini(&name);
	buf_fini(&path);
	buf_fini(&text);
	return status;
}

struct store *
store_open(const char *folder, struct err *err)
{
	struct store *store = mem_alloc_zero(sizeof(*store));
	size_t size = strlen(folder);

	store->folder = mem_copy_string(folder);
	store->lock_fd = -1;
	while (size > 1 && store->folder[size - 1] == '/')
		store->folder[--size] = '\0';
	if (folder_make(store->folder, err) != 0 || store_lock(store, err) != 0)
		goto fail;
	int fd = store_claim(store, err);
	if (fd < 0)
		goto fail;
	if (store_seal(store, fd, store_find(store, err), err) != 0)
		goto fail;
	if (store->warning == NULL)
		store_clean(store, 0);
	return store;

fail:
	store_close(&store);
	return NULL;
}

void
store_close(struct store **take_store)
{
	struct store *store = *take_store;

	if (store == NULL)
		return;
	if (store->lock_fd >= 0)
		env->close(store->lock_fd);
	manifest_free(&store->kept[0]);
	manifest_free(&store->kept[1]);
	mem_free(store->warning);
	mem_free(store->folder);
	mem_free(store);
	*take_store = NULL;
}
