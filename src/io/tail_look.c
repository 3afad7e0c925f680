/*
 * Looking at names.  Paths are looked at when the folder's watch has told of
 * something, and every second anyway: watches are blind on network file
 * systems and may be refused.  A look has three steps, in this order:
 *
 *     1  every split: does its path lead to another file than the newest that
 *        we know of?  Then there was a rotation, or several; gather() finds
 *        the files between
 *     2  every pattern: what it matches and nobody claims is a new split
 *     3  every split: other files whose names begin like its path are not its
 *        own when the path still leads where it did.  They are noted, so that
 *        step 1 takes none of them for a rotated file one day
 *
 * gather: the files between are the siblings of the path - in its folder, the
 * name begun with its name - that nobody claims, in the order in which they
 * were written last; the path's own file comes last.  Files are opened when
 * they are found, so that no later rename loses them.  Names may change while
 * they are listed, so the listing is repeated until it finds nothing more and
 * the path has led to one file all the while.
 */
#include "io/tail_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/env.h"
#include "util/err.h"
#include "util/glob.h"
#include "util/mem.h"

#define SECOND_NS 1000000000u
#define LOOK_NS ((uint64_t)SECOND_NS)
/* Without a watch. */
#define LOOK_BLIND_NS ((uint64_t)SECOND_NS / 5)
/* A look costs time by the size of the folders: at most a tenth of ours. */
#define LOOK_GAP_MIN_NS ((uint64_t)10000000)
#define LOOK_GAP_FACTOR 10
/* A name that no look has seen for so long is gone. */
#define FORGET_NS ((uint64_t)60 * SECOND_NS)
/* Of a file that has no name any more; of one that has another now. */
#define REMOVED_NS ((uint64_t)5 * SECOND_NS)
#define MOVED_NS ((uint64_t)600 * SECOND_NS)
#define PASSES_MAX 8

/* Nobody reads these as they are. */
static const char *const compressed[] = {
	".gz", ".zst", ".xz", ".bz2", ".lz4", ".Z", ".zip",
};

static int
is_compressed(const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < sizeof(compressed) / sizeof(*compressed); i++) {
		size_t suffix = strlen(compressed[i]);
		if (size > suffix &&
		    strcmp(name + size - suffix, compressed[i]) == 0)
			return 1;
	}
	return 0;
}

/* Does the path lead to a file?  1, 0 or -1 with err. */
static int
look_at(const char *path, struct stat *stat, struct err *err)
{
	if (env->stat(path, stat) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return err_set_errno(err, ERR_IO, errno, "cannot open %s", path);
}

static struct tail_file *
newest_of(const struct tail_split *split)
{
	return split->pending_count > 0 ?
	    split->pending[split->pending_count - 1] : split->current;
}

/* --- siblings --- */

static const char *
base_of(const struct tail_split *split)
{
	return split->path + split->folder_bytes;
}

/* "a.log.1", "a.log-20261121": what "a.log" may be renamed to. */
static int
is_sibling(const char *base, const char *name)
{
	size_t size = strlen(base);

	return strncmp(name, base, size) == 0 && name[size] != '\0' &&
	    strchr(".-_~", name[size]) != NULL && !is_compressed(name);
}

static char *
path_beside(const struct tail_split *split, const char *name)
{
	size_t size = strlen(name);
	char *path = mem_alloc(split->folder_bytes + size + 1);

	memcpy(path, split->path, split->folder_bytes);
	memcpy(path + split->folder_bytes, name, size + 1);
	return path;
}

/* The names in the split's folder. */
static int
list_folder(const struct tail_split *split, char ***names, size_t *count,
	struct err *err)
{
	char *folder = split->folder_bytes == 0 ? mem_copy_string(".") :
	    path_beside(split, "");
	int status = env->list_dir(folder, names, count);

	/* Who may not list it can still follow a name. */
	if (status != 0 && (errno == ENOENT || errno == ENOTDIR ||
	    errno == EACCES)) {
		*names = NULL;
		*count = 0;
		status = 0;
	} else if (status != 0) {
		err_set_errno(err, ERR_IO, errno, "cannot list %s", folder);
	}
	mem_free(folder);
	return status;
}

/* The first of the sorted names that is not below `base`. */
static size_t
names_from(char *const *names, size_t count, const char *base)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;
		if (strcmp(names[middle], base) < 0)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* --- what a path was rotated to --- */

struct gather {
	struct tail *tail;
	struct tail_split *split;
	struct tail_file **found;
	uint32_t count;
	struct tail_file *restored;	/* the split's file of a checkpoint */
	uint64_t now_ns;
};

/* The number behind a.log. , or -1. */
static long
rotation_number(const char *base, const char *path)
{
	const char *name = strrchr(path, '/');
	name = name == NULL ? path : name + 1;
	size_t size = strlen(base);
	char *end;

	if (strlen(name) < size + 2 || strlen(name) > size + 5 ||
	    name[size + 1] < '0' || name[size + 1] > '9')
		return -1;
	long number = strtol(name + size + 1, &end, 10);
	return *end == '\0' ? number : -1;
}

/* By the time of the last write; what is too near for the clock, by name:
 * a.log.2 before a.log.1, but a.log.2026-11-20 before a.log.2026-11-21. */
static int
is_before(const struct tail_file *a, const struct tail_file *b,
	const char *base)
{
	if (a->changed_ns != b->changed_ns)
		return a->changed_ns < b->changed_ns;
	long number_a = rotation_number(base, a->path);
	long number_b = rotation_number(base, b->path);
	if (number_a >= 0 && number_b >= 0)
		return number_a > number_b;
	return strcmp(a->path, b->path) < 0;
}

static void
gather_add(struct gather *gather, struct tail_file *file)
{
	tail_claims_hold(&gather->tail->claims, file);
	gather->found = mem_resize(gather->found,
	    (gather->count + 1) * sizeof(*gather->found));
	gather->found[gather->count++] = file;
}

/* Is the checkpoint's position a place in this file? */
static int
has_place(const struct tail_split *split, const struct tail_file *file)
{
	uint32_t size;

	if (tail_file_size(file) < split->position.offset)
		return 0;
	return split->mark_bytes == 0 || (tail_file_mark(file,
	    split->position.offset, &size) == split->mark &&
	    size == split->mark_bytes);
}

/* Is the file the one that was being read at the checkpoint? */
static int
is_restored(const struct gather *gather, const struct tail_file *file)
{
	const struct tail_split *split = gather->split;

	return split->is_restored && split->has_restored_file &&
	    gather->restored == NULL && tail_file_is(file, &split->restored) &&
	    has_place(split, file);
}

/* Open what the path leads to unless somebody claims it. */
static int
gather_path(struct gather *gather, const char *path, struct err *err)
{
	struct tail *tail = gather->tail;
	struct tail_file *file;
	struct stat stat;

	int status = look_at(path, &stat, err);
	if (status <= 0 || !S_ISREG(stat.st_mode))
		return status < 0 ? -1 : 0;
	if (tail_claims_has(&tail->claims, path, &stat, gather->now_ns))
		return 0;
	status = tail_file_open(path, &file, err);
	if (status < 0 && is_sibling(base_of(gather->split),
	    path + gather->split->folder_bytes))
		err_clear(err);	/* not to be read, so nobody's */
	if (status <= 0)
		return err->kind == ERR_NONE ? 0 : -1;
	/* Another file may have got the name meanwhile. */
	if (!tail_file_is_at(file, &stat)) {
		tail_file_drop(&file);
		return 0;
	}
	file->split = gather->split;
	if (is_restored(gather, file)) {
		gather->restored = file;
		tail_claims_hold(&tail->claims, file);
	} else {
		gather_add(gather, file);
	}
	return 0;
}

static int
gather_pass(struct gather *gather, struct err *err)
{
	struct tail_split *split = gather->split;
	const char *base = base_of(split);
	char **names;
	size_t count;

	if (list_folder(split, &names, &count, err) != 0)
		return -1;
	int status = gather_path(gather, split->path, err);
	for (size_t i = names_from(names, count, base); status == 0 &&
	    i < count && strncmp(names[i], base, strlen(base)) == 0; i++) {
		if (!is_sibling(base, names[i]))
			continue;
		char *path = path_beside(split, names[i]);
		if (tail_find_split(gather->tail, path) == NULL)
			status = gather_path(gather, path, err);
		mem_free(path);
	}
	env_names_free(names, count);
	return status;
}

/* Pass after pass until nothing moves; *last is what the path leads to. */
static int
gather_all(struct gather *gather, struct stat *last, int *leads,
	struct err *err)
{
	for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
		struct stat first;
		uint32_t count = gather->count;
		int is_first = gather->restored == NULL;
		int led = look_at(gather->split->path, &first, err);
		if (led < 0 || gather_pass(gather, err) != 0)
			return -1;
		*leads = look_at(gather->split->path, last, err);
		if (*leads < 0)
			return -1;
		if (led == *leads && (!led || (first.st_ino == last->st_ino &&
		    first.st_dev == last->st_dev)) && count == gather->count &&
		    is_first == (gather->restored == NULL))
			break;
	}
	return 0;
}

/* In the order in which they were written, the path's own file (if `last` is
 * not NULL) last. */
static void
gather_sort(struct gather *gather, const struct stat *last)
{
	const char *base = base_of(gather->split);

	for (uint32_t i = 1; i < gather->count; i++)
		for (uint32_t k = i; k > 0; k--) {
			struct tail_file **pair = &gather->found[k - 1];
			int is_last = last != NULL &&
			    tail_file_is_at(pair[0], last);
			if (!is_last && ((last != NULL &&
			    tail_file_is_at(pair[1], last)) ||
			    !is_before(pair[1], pair[0], base)))
				break;
			struct tail_file *first = pair[0];
			pair[0] = pair[1];
			pair[1] = first;
		}
}

/* Whoever is not the newest of the split will be read to its end. */
static void
leave_older(struct tail *tail, struct tail_split *split)
{
	uint32_t count = split->pending_count;

	if (count == 0)
		return;
	/* The program that writes may not have gone on to the newest yet. */
	if (split->current != NULL)
		tail_file_leave(split->current, count > 1 ? 0 :
		    tail->quiet_ns);
	for (uint32_t i = 0; i + 1 < count; i++)
		tail_file_leave(split->pending[i], i + 2 < count ? 0 :
		    tail->quiet_ns);
}

/* The first `count` of what was found is somebody else's. */
static void
gather_skip(struct gather *gather, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		tail_claims_remove(&gather->tail->claims, gather->found[i]);
		tail_file_drop(&gather->found[i]);
	}
	gather->count -= count;
	memmove(gather->found, gather->found + count,
	    gather->count * sizeof(*gather->found));
}

/*
 * The checkpoint's file is not there any more, but a copy may be: copytruncate
 * makes one before it cuts.
 */
static void
gather_copy(struct gather *gather)
{
	const struct tail_split *split = gather->split;

	if (!split->is_restored || !split->has_restored_file ||
	    split->mark_bytes == 0 || gather->restored != NULL)
		return;
	for (uint32_t i = 0; i < gather->count; i++) {
		struct tail_file *file = gather->found[i];
		struct tail_id id = split->restored;
		id.device = file->device;
		id.inode = file->inode;
		if (!tail_file_is(file, &id) || !has_place(split, file))
			continue;
		gather->restored = file;
		gather_skip(gather, i);
		gather->count--;
		memmove(gather->found, gather->found + 1,
		    gather->count * sizeof(*gather->found));
		return;
	}
}

/* What was found comes behind what the split has. */
static void
gather_take(struct gather *gather, const struct stat *last)
{
	struct tail_split *split = gather->split;

	/* Not rotated: the siblings are not ours. */
	if (gather->restored != NULL && last != NULL &&
	    tail_file_is_at(gather->restored, last))
		gather_skip(gather, gather->count);
	if (split->is_restored && gather->restored == NULL)
		split->position = tail_start;
	if (gather->restored != NULL) {
		split->current = gather->restored;
		split->resumes = split->position.offset > 0;
	}
	split->pending = mem_resize(split->pending, (split->pending_count +
	    gather->count + 1) * sizeof(*split->pending));
	for (uint32_t i = 0; i < gather->count; i++)
		split->pending[split->pending_count++] = gather->found[i];
	if (split->current == NULL && split->pending_count > 0) {
		split->current = split->pending[0];
		memmove(split->pending, split->pending + 1,
		    --split->pending_count * sizeof(*split->pending));
	}
	leave_older(gather->tail, split);
	split->is_restored = 0;
}

static int
gather(struct tail *tail, struct tail_split *split, uint64_t now_ns,
	struct err *err)
{
	struct gather gather = { .tail = tail, .split = split,
		.now_ns = now_ns };
	struct stat last;
	int leads = 0;

	int status = gather_all(&gather, &last, &leads, err);
	if (status == 0) {
		gather_sort(&gather, leads ? &last : NULL);
		gather_copy(&gather);
		gather_take(&gather, leads ? &last : NULL);
	} else {
		tail_file_drop(&gather.restored);
		for (uint32_t i = 0; i < gather.count; i++)
			tail_file_drop(&gather.found[i]);
	}
	mem_free(gather.found);
	return status;
}

/* --- 1: every split --- */

/* Its name leads nowhere: it was removed, or is being rotated. */
static void
look_missing(struct tail_split *split, uint64_t now_ns)
{
	struct tail_file *newest = newest_of(split);

	if (split->missing_ns == 0)
		split->missing_ns = now_ns;
	if (newest == NULL || newest->is_left || !newest->at_end)
		return;
	uint64_t from = newest->byte_ns > split->missing_ns ?
	    newest->byte_ns : split->missing_ns;
	if (now_ns - from >= (tail_file_links(newest) == 0 ? REMOVED_NS :
	    MOVED_NS))
		tail_file_leave(newest, 0);
}

static int
look_split(struct tail *tail, struct tail_split *split, uint64_t now_ns,
	struct err *err)
{
	struct tail_file *newest = newest_of(split);
	struct stat stat;

	split->is_settled = 0;
	if (split->ended)
		return 0;
	if (split->is_restored)
		return gather(tail, split, now_ns, err);
	int status = look_at(split->path, &stat, err);
	if (status <= 0) {
		look_missing(split, now_ns);
		return status;
	}
	split->missing_ns = 0;
	if (newest != NULL && tail_file_is_at(newest, &stat)) {
		split->is_settled = 1;
		return 0;
	}
	if (!S_ISREG(stat.st_mode))
		return 0;
	if (!tail_claims_has(&tail->claims, split->path, &stat, now_ns))
		return gather(tail, split, now_ns, err);
	/* The name now is another split's rotated file. */
	if (newest != NULL)
		tail_file_leave(newest, tail->quiet_ns);
	return 0;
}

/* --- 2: every pattern --- */

static int
split_start(struct tail *tail, struct tail_split *split,
	struct tail_file *file, struct err *err)
{
	file->split = split;
	split->current = file;
	split->is_settled = 1;
	tail_claims_hold(&tail->claims, file);
	if (tail->begun || tail->resumed || !tail->from_end)
		return 0;
	if (tail_file_lines_end(file, &split->position.offset, err) != 0)
		return -1;
	split->resumes = split->position.offset > 0;
	return 0;
}

/* A path that has no split. */
static int
look_new(struct tail *tail, const char *path, int is_pattern, uint64_t now_ns,
	struct err *err)
{
	struct tail_file *file;
	struct stat stat;

	int status = look_at(path, &stat, err);
	if (status < 0)
		return -1;
	if (status > 0 && !is_pattern && !S_ISREG(stat.st_mode)) {
		err_set(err, ERR_IO, S_ISDIR(stat.st_mode) ?
		    "%s is a directory" : "%s is not a regular file", path);
		return err_hint(err, S_ISDIR(stat.st_mode) ?
		    "its files: tail(\"%s/*\")" : "from \"%s\" reads it", path);
	}
	if (status > 0 && !S_ISREG(stat.st_mode))
		return 0;
	if (status == 0 && !is_pattern && !tail->resumed && !tail->begun)
		return err_set_errno(err, ERR_IO, ENOENT, "cannot open %s",
		    path);
	if (status > 0 && tail_claims_has(&tail->claims, path, &stat, now_ns))
		status = 0;
	if (status > 0)
		status = tail_file_open(path, &file, err);
	if (status < 0 || (status == 0 && is_pattern))
		return status;
	struct tail_split *split = tail_add_split(tail, path);
	split->is_pattern = is_pattern;
	return status == 0 ? 0 : split_start(tail, split, file, err);
}

static int
look_pattern(struct tail *tail, const char *pattern, uint64_t now_ns,
	struct err *err)
{
	char **path;
	uint32_t count = glob_expand(pattern, &path);
	int is_pattern = count != 1 || strcmp(path[0], pattern) != 0;
	int status = 0;

	for (uint32_t i = 0; i < count && status == 0; i++)
		if (tail_find_split(tail, path[i]) == NULL &&
		    !(is_pattern && is_compressed(path[i])))
			status = look_new(tail, path[i], is_pattern, now_ns,
			    err);
	glob_free(&path, count);
	return status;
}

/* --- 3: siblings that are not ours --- */

static int
note_sibling(struct tail *tail, const struct tail_split *split,
	const char *path, uint64_t now_ns, struct err *err)
{
	struct tail_file *file;
	struct tail_id id;
	struct stat stat, own;
	int is_pattern;

	int status = look_at(path, &stat, err);
	if (status <= 0 || !S_ISREG(stat.st_mode))
		return status < 0 ? -1 : 0;
	if (tail_claims_has(&tail->claims, path, &stat, now_ns) ||
	    !split->is_settled || tail_wants(tail, path, &is_pattern))
		return 0;
	struct err unread = ERR_INIT;
	if (tail_file_open(path, &file, &unread) <= 0)
		return 0;
	/* A rotation between the steps may have made it one of ours. */
	if (env->stat(split->path, &own) == 0 && newest_of(split) != NULL &&
	    tail_file_is_at(newest_of(split), &own)) {
		tail_file_id(file, &id);
		tail_claims_add(&tail->claims, &id, now_ns);
	}
	tail_file_drop(&file);
	return 0;
}

static int
note_siblings(struct tail *tail, const struct tail_split *split,
	char *const *names, size_t count, uint64_t now_ns, struct err *err)
{
	const char *base = base_of(split);
	int status = 0;

	for (size_t i = names_from(names, count, base); status == 0 &&
	    i < count && strncmp(names[i], base, strlen(base)) == 0; i++) {
		if (!is_sibling(base, names[i]))
			continue;
		char *path = path_beside(split, names[i]);
		status = note_sibling(tail, split, path, now_ns, err);
		mem_free(path);
	}
	return status;
}

static int
same_folder(const struct tail_split *a, const struct tail_split *b)
{
	return a->folder_bytes == b->folder_bytes &&
	    memcmp(a->path, b->path, a->folder_bytes) == 0;
}

/* A folder is listed once for the splits of it that follow each other. */
static int
look_siblings(struct tail *tail, uint64_t now_ns, struct err *err)
{
	const struct tail_split *listed = NULL;
	char **names = NULL;
	size_t count = 0;
	int status = 0;

	for (uint32_t i = 0; i < tail->split_count && status == 0; i++) {
		const struct tail_split *split = tail->split[i];
		if (listed == NULL || !same_folder(listed, split)) {
			env_names_free(names, count);
			names = NULL;
			count = 0;
			status = list_folder(split, &names, &count, err);
			listed = split;
		}
		if (status == 0)
			status = note_siblings(tail, split, names, count,
			    now_ns, err);
	}
	env_names_free(names, count);
	return status;
}

/* --- watches --- */

/* Watch the folder; what changed before is heard by another look. */
static void
watch_folder(struct tail *tail, const char *path, size_t folder_bytes)
{
	char *folder = folder_bytes == 0 ? mem_copy_string(".") :
	    mem_copy(path, folder_bytes + 1);

	folder[folder_bytes == 0 ? 1 : folder_bytes] = '\0';
	for (uint32_t i = 0; i < tail->watched_count; i++)
		if (strcmp(tail->watched[i], folder) == 0) {
			mem_free(folder);
			return;
		}
	if (env->watch_add(tail->watch, folder) < 0) {
		/* No watch is better than one that hears half. */
		if (errno != ENOENT && errno != ENOTDIR) {
			env->close(tail->watch);
			tail->watch = -1;
		}
		mem_free(folder);
		return;
	}
	tail->watched = mem_resize(tail->watched,
	    (tail->watched_count + 1) * sizeof(*tail->watched));
	tail->watched[tail->watched_count++] = folder;
	tail->look_again = 1;
}

/* Folders of all splits, and of patterns that may match nothing yet. */
static void
watch_folders(struct tail *tail)
{
	for (uint32_t i = 0; i < tail->split_count && tail->watch >= 0; i++)
		watch_folder(tail, tail->split[i]->path,
		    tail->split[i]->folder_bytes);
	for (uint32_t i = 0; i < tail->path_count && tail->watch >= 0; i++) {
		const char *path = tail->path[i];
		const char *slash = strrchr(path, '/');
		size_t bytes = slash == NULL ? 0 : (size_t)(slash - path) + 1;
		if (strcspn(path, "*?[") >= bytes)
			watch_folder(tail, path, bytes);
	}
}

int
tail_look(struct tail *tail, struct err *err)
{
	uint64_t start_ns = env->monotonic_ns();

	for (uint32_t i = 0; i < tail->split_count; i++)
		if (look_split(tail, tail->split[i], start_ns, err) != 0)
			return -1;
	for (uint32_t i = 0; i < tail->path_count; i++)
		if (look_pattern(tail, tail->path[i], start_ns, err) != 0)
			return -1;
	if (look_siblings(tail, start_ns, err) != 0)
		return -1;
	if (start_ns > FORGET_NS)
		tail_claims_prune(&tail->claims, start_ns - FORGET_NS);
	watch_folders(tail);
	uint64_t now_ns = env->monotonic_ns();
	tail->begun = 1;
	tail->looked_ns = now_ns;
	tail->look_gap_ns = (now_ns - start_ns) * LOOK_GAP_FACTOR;
	if (tail->look_gap_ns < LOOK_GAP_MIN_NS)
		tail->look_gap_ns = LOOK_GAP_MIN_NS;
	tail->look_ns = tail->look_again ? now_ns : now_ns +
	    (tail->watch < 0 ? LOOK_BLIND_NS : LOOK_NS);
	tail->look_again = 0;
	if (tail->look_ns < now_ns + tail->look_gap_ns)
		tail->look_ns = now_ns + tail->look_gap_ns;
	return 0;
}
