#include "state/store.h"

#include <sys/wait.h>

#include "store_rig.h"
#include "util/env_priv.h"
#include "util/mem.h"

/* The store, which must open. */
static struct store *
must_open(const char *folder)
{
	struct err err = ERR_INIT;
	struct store *store = store_open(folder, &err);

	cr_assert_not_null(store, "%s", err.message);
	return store;
}

/* The error of a store that must not. */
static const char *
must_refuse(const char *folder)
{
	static struct err err;

	err_clear(&err);
	cr_assert_null(store_open(folder, &err));
	cr_assert(err.kind == ERR_IO);
	return err.message;
}

static void
must_checkpoint(struct store *store, uint64_t number)
{
	struct err err = ERR_INIT;

	cr_assert(rig_checkpoint(store, number, &err) == 0, "%s", err.message);
}

Test(store, two_are_kept)
{
	char folder[64], path[96];
	struct stat info;

	rig_folder_new(folder);
	snprintf(path, sizeof(path), "%s/new/", folder);
	for (uint64_t run = 1; run <= 3; run++) {
		struct store *store = must_open(path);
		cr_assert(store_generation(store) == run);
		cr_assert(rig_number(store) == (run - 1) * 4);
		cr_assert_null(store_warning(store));
		for (uint64_t i = 1; i <= 4; i++) {
			must_checkpoint(store, (run - 1) * 4 + i);
			cr_assert(rig_number(store) == (run - 1) * 4 + i);
		}
		cr_assert(rig_count_files(path, "manifest") == 2);
		cr_assert(rig_count_files(path, "part") == 2 * RIG_PARTS);
		cr_assert(rig_count_files(path, "") == 4 + 2 * RIG_PARTS);
		store_close(&store);
	}
	cr_assert(stat(path, &info) == 0 && (info.st_mode & 0777) == 0700);
	path[strlen(path) - 1] = '\0';
	rig_folder_remove(path);
	rig_folder_remove(folder);
}

Test(store, a_part_is_used_again)
{
	char folder[64];
	struct err err = ERR_INIT;
	struct save *save = save_new();
	struct part part;

	rig_folder_new(folder);
	struct store *store = must_open(folder);
	save_put(save, 1, "same", 4);
	cr_assert(store_write_part(store, 1, "op", save, &part, &err) == 0);
	for (uint64_t number = 1; number <= 5; number++) {
		struct manifest *manifest = manifest_new();
		manifest_add_part(manifest, &part);
		manifest->is_finished = number == 5;
		cr_assert(store_publish(store, number, manifest, &err) == 0);
	}
	store_close(&store);
	store = must_open(folder);
	cr_assert(store_manifest(store)->number == 5);
	cr_assert(store_manifest(store)->is_finished == 1);
	cr_assert_str_eq(store_manifest(store)->version, PACKAGE_VERSION);
	cr_assert(rig_count_files(folder, "part") == 1);
	store_close(&store);
	save_free(&save);
	rig_folder_remove(folder);
}

Test(store, large_entries)
{
	static const size_t sizes[] = { 0, 1, 262143, 262144, 262145, 1000000,
		5, 3000000 };
	char folder[64], *bytes = mem_alloc_zero(3000000);
	struct err err = ERR_INIT;
	struct save *save = save_new();
	struct part part;

	rig_folder_new(folder);
	struct store *store = must_open(folder);
	for (size_t i = 0; i < 8; i++)
		save_put(save, (uint32_t)i, bytes, sizes[i]);
	cr_assert(store_write_part(store, 1, "op", save, &part, &err) == 0);
	cr_assert(store_read_part(store, &part, NULL, NULL, &err) == 0);
	cr_assert(part.bytes == save_bytes(save) + 32 + 8 * 24);
	store_abandon(store, 1);
	cr_assert(rig_count_files(folder, "part") == 0);
	cr_assert(store_read_part(store, &part, NULL, NULL, &err) == -1);
	cr_assert_not_null(strstr(err.message, "is missing"));
	store_close(&store);
	save_free(&save);
	mem_free(bytes);
	rig_folder_remove(folder);
}

Test(store, in_use)
{
	char folder[64], expected[128];
	int ends[2];

	rig_folder_new(folder);
	struct store *store = must_open(folder);
	snprintf(expected, sizeof(expected), "%s is in use by process %d",
	    folder, (int)getpid());
	cr_assert_str_eq(must_refuse(folder), expected);
	store_close(&store);

	/* The lock ends with its process, however that ends. */
	cr_assert(pipe(ends) == 0);
	pid_t child = fork();
	if (child == 0) {
		must_open(folder);
		if (write(ends[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	char c;
	cr_assert(read(ends[0], &c, 1) == 1);
	snprintf(expected, sizeof(expected), "%s is in use by process %d",
	    folder, (int)child);
	cr_assert_str_eq(must_refuse(folder), expected);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	store = must_open(folder);
	cr_assert(store_generation(store) == 3);
	store_close(&store);
	rig_folder_remove(folder);
}

Test(store, no_folder)
{
	char folder[64], path[96];

	rig_folder_new(folder);
	snprintf(path, sizeof(path), "%s/a/b", folder);
	cr_assert_not_null(strstr(must_refuse(path), "cannot create the "
	    "folder"));
	rig_write_file(folder, "file", "", 0);
	snprintf(path, sizeof(path), "%s/file", folder);
	cr_assert_not_null(strstr(must_refuse(path), "Not a directory"));
	rig_folder_remove(folder);
}

/* A run that lost its lock, as one on another host would: its folder has a
 * higher generation, by whose claim its manifests are void. */
Test(store, the_former_run_is_fenced_off)
{
	char folder[64], path[96];
	struct err err = ERR_INIT;

	rig_folder_new(folder);
	struct store *former = must_open(folder);
	must_checkpoint(former, 1);
	snprintf(path, sizeof(path), "%s/lock", folder);
	cr_assert(unlink(path) == 0);
	struct store *store = must_open(folder);
	cr_assert(rig_number(store) == 1);

	cr_assert(rig_checkpoint(former, 2, &err) == -1);
	cr_assert_not_null(strstr(err.message, "was taken over by another run "
	    "of the job: this one is number 1, the other 2"), "%s",
	    err.message);
	must_checkpoint(store, 2);
	store_close(&former);
	store_close(&store);
	store = must_open(folder);
	cr_assert(rig_number(store) == 2);
	cr_assert(store_manifest(store)->generation == 2);
	cr_assert(rig_count_files(folder, "part") == 2 * RIG_PARTS);
	store_close(&store);
	rig_folder_remove(folder);
}

static char *taken_folder;
static struct store *taken;

/* Behind the rename, another run takes the folder over. */
static int
rename_and_take(const char *source, const char *target)
{
	char path[96];
	int status = env_real.rename(source, target);

	env = &env_real;
	snprintf(path, sizeof(path), "%s/lock", taken_folder);
	cr_assert(unlink(path) == 0);
	taken = must_open(taken_folder);
	return status;
}

/* The other run has seen the manifest: it is its own now, though its writer
 * has not published it. */
Test(store, taken_over_while_publishing)
{
	struct env table = env_real;
	struct err err = ERR_INIT;
	char folder[64];

	rig_folder_new(folder);
	taken_folder = folder;
	struct store *former = must_open(folder);
	must_checkpoint(former, 1);
	table.rename = rename_and_take;
	env = &table;
	cr_assert(rig_checkpoint(former, 2, &err) == -1);
	cr_assert_not_null(strstr(err.message, "was taken over"));
	store_abandon(former, 2);
	cr_assert(rig_number(taken) == 2);
	must_checkpoint(taken, 3);
	store_close(&former);
	store_close(&taken);
	rig_folder_remove(folder);
}

/* The worst moment: the former run's rename comes behind the claim. */
Test(store, a_manifest_behind_the_claim_is_void)
{
	char folder[64];
	size_t size, part_size[RIG_PARTS];

	rig_folder_new(folder);
	struct store *store = must_open(folder);
	must_checkpoint(store, 1);
	must_checkpoint(store, 2);
	char *manifest = rig_read_file(folder,
	    "manifest-0000000001-0000000002", &size);
	char *parts[RIG_PARTS], name[128];
	for (unsigned p = 0; p < RIG_PARTS; p++) {
		snprintf(name, sizeof(name),
		    "part-0000000001-0000000002-op-%u.%u", p, p + 1);
		parts[p] = rig_read_file(folder, name, &part_size[p]);
		snprintf(name, sizeof(name), "%s/part-0000000001-0000000002-"
		    "op-%u.%u", folder, p, p + 1);
		unlink(name);
	}
	store_close(&store);
	store = must_open(folder);
	cr_assert(rig_number(store) == 1);
	cr_assert_not_null(strstr(store_warning(store), "is missing; going on "
	    "from the checkpoint before it"), "%s", store_warning(store));
	store_close(&store);

	/* Now it is all there, but the claim of run 2 does not know it. */
	rig_write_file(folder, "manifest-0000000001-0000000002", manifest,
	    size);
	for (unsigned p = 0; p < RIG_PARTS; p++) {
		snprintf(name, sizeof(name),
		    "part-0000000001-0000000002-op-%u.%u", p, p + 1);
		rig_write_file(folder, name, parts[p], part_size[p]);
		free(parts[p]);
	}
	free(manifest);
	store = must_open(folder);
	cr_assert(rig_number(store) == 1);
	cr_assert_null(store_warning(store));
	must_checkpoint(store, 2);
	cr_assert(rig_count_files(folder, "manifest") == 2);
	store_close(&store);
	rig_folder_remove(folder);
}

/* Opens a folder in which `name` was cut or changed: checkpoint 1 it is. */
static void
must_fall_back(const char *folder, const char *name)
{
	struct store *store = must_open(folder);

	cr_assert(rig_number(store) == 1);
	cr_assert_not_null(store_warning(store));
	cr_assert_not_null(strstr(store_warning(store), name), "%s",
	    store_warning(store));
	store_close(&store);
}

/* Two checkpoints in a folder; for each length and byte of the file. */
static void
damage_file(const char *name)
{
	char folder[64], claim[96];
	size_t size;

	rig_folder_new(folder);
	struct store *store = must_open(folder);
	must_checkpoint(store, 1);
	must_checkpoint(store, 2);
	store_close(&store);
	char *bytes = rig_read_file(folder, name, &size);
	for (size_t i = 0; i < 2 * size; i++) {
		if (i >= size)
			bytes[i - size] ^= 0x10;
		rig_write_file(folder, name, bytes, i < size ? i : size);
		if (i >= size)
			bytes[i - size] ^= 0x10;
		must_fall_back(folder, name);
		/* As if that run had not been: it voids the second. */
		snprintf(claim, sizeof(claim), "%s/claim-0000000002", folder);
		cr_assert(unlink(claim) == 0);
	}
	rig_write_file(folder, name, bytes, size);
	store = must_open(folder);
	cr_assert(rig_number(store) == 2);
	cr_assert_null(store_warning(store));
	store_close(&store);
	free(bytes);
	rig_folder_remove(folder);
}

Test(store, torn_and_changed_manifests)
{
	damage_file("manifest-0000000001-0000000002");
}

Test(store, torn_and_changed_parts)
{
	damage_file("part-0000000001-0000000002-op-1.2");
}

/* A claim that is cut off voids nothing; its number is used up. */
Test(store, torn_claims)
{
	char folder[64], path[96];
	size_t size;

	rig_folder_new(folder);
	struct store *store = must_open(folder);
	must_checkpoint(store, 1);
	must_checkpoint(store, 2);
	store_close(&store);
	store = must_open(folder);
	store_close(&store);
	char *bytes = rig_read_file(folder, "claim-0000000002", &size);
	for (size_t i = 0; i < size; i++) {
		rig_write_file(folder, "claim-0000000002", bytes, i);
		store = must_open(folder);
		cr_assert(store_generation(store) == 3);
		cr_assert(rig_number(store) == 2);
		store_close(&store);
		snprintf(path, sizeof(path), "%s/claim-0000000003", folder);
		cr_assert(unlink(path) == 0);
	}
	free(bytes);
	rig_folder_remove(folder);
}

Test(store, nothing_whole_is_an_error)
{
	char folder[64];

	rig_folder_new(folder);
	struct store *store = must_open(folder);
	must_checkpoint(store, 1);
	store_close(&store);
	rig_write_file(folder, "manifest-0000000001-0000000001", "sflow", 5);
	const char *message = must_refuse(folder);
	cr_assert_not_null(strstr(message, "no checkpoint in "), "%s", message);
	cr_assert_not_null(strstr(message, "manifest-0000000001-0000000001 is "
	    "damaged: its last line is missing"), "%s", message);
	/* It does not get better, nor worse, by trying again. */
	cr_assert_not_null(strstr(must_refuse(folder), "no checkpoint in "));
	cr_assert(rig_count_files(folder, "claim") == 1);
	cr_assert(rig_count_files(folder, "part") == RIG_PARTS);
	rig_folder_remove(folder);
}

/* What is not ours stays. */
Test(store, other_files_are_left_alone)
{
	static const char *const names[] = { "notes", "manifest",
		"manifest-1-2", "part-0000000001-0000000001",
		"part-0000000001-0000000001-a b", "claim-0000000001x",
		"temp-0000000001", "manifest-0000000001-00000000010000000000" };
	char folder[64];
	size_t count = sizeof(names) / sizeof(*names);

	rig_folder_new(folder);
	for (size_t i = 0; i < count; i++)
		rig_write_file(folder, names[i], "x", 1);
	rig_write_file(folder, "temp-0000000004-0000000009", "x", 1);
	rig_write_file(folder, "part-0000000004-0000000009-op", "x", 1);
	struct store *store = must_open(folder);
	cr_assert(store_generation(store) == 5);
	must_checkpoint(store, 1);
	cr_assert(rig_count_files(folder, "") == count + 3 + RIG_PARTS);
	store_close(&store);
	rig_folder_remove(folder);
}
