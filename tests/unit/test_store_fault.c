/*
 * Every call that a checkpoint makes fails once, or from then on: what was
 * reported as published is found when the folder is opened again, whole.
 */
#include "state/store.h"

#include "store_rig.h"
#include "util/env_priv.h"

/* More than any call is made in a run; those that are not made do not fail. */
#define CALLS_MAX 48

/* Opens and makes checkpoints 2 to 4; the last number that was published. */
static uint64_t
run(const char *folder)
{
	struct err err = ERR_INIT;
	uint64_t published = 1;
	struct store *store = store_open(folder, &err);

	if (store == NULL) {
		cr_assert(err.kind == ERR_IO && err.message[0] != '\0');
		return published;
	}
	cr_assert(store_manifest(store)->number == 1);
	for (uint64_t number = 2; number <= 4; number++) {
		err_clear(&err);
		if (rig_checkpoint(store, number, &err) == 0)
			published = number;
		else
			cr_assert(err.kind == ERR_IO);
		cr_assert(store_manifest(store)->number == published);
	}
	store_close(&store);
	return published;
}

static void
run_with(const char *fault)
{
	char folder[64];
	struct err err = ERR_INIT;

	env = &env_real;
	rig_folder_new(folder);
	struct store *store = store_open(folder, &err);
	cr_assert(rig_checkpoint(store, 1, &err) == 0);
	store_close(&store);

	cr_assert_null(env_fault_parse(fault));
	env = &env_fault;
	uint64_t published = run(folder);
	env = &env_real;

	store = store_open(folder, &err);
	cr_assert_not_null(store, "%s: %s", fault, err.message);
	uint64_t found = rig_number(store);
	cr_assert(found >= published && found <= 4, "%s: %llu, not %llu", fault,
	    (unsigned long long)found, (unsigned long long)published);
	cr_assert_null(store_warning(store), "%s: %s", fault,
	    store_warning(store));
	/* It goes on as if nothing had been, and cleans up. */
	cr_assert(rig_checkpoint(store, found + 1, &err) == 0, "%s: %s", fault,
	    err.message);
	cr_assert(rig_checkpoint(store, found + 2, &err) == 0);
	cr_assert(rig_count_files(folder, "") == 4 + 2 * RIG_PARTS, "%s",
	    fault);
	store_close(&store);
	rig_folder_remove(folder);
}

static void
run_all(const char *call, const char *error)
{
	char fault[64];

	for (unsigned n = 1; n <= CALLS_MAX; n++) {
		snprintf(fault, sizeof(fault), "%s:%u:%s", call, n, error);
		run_with(fault);
		if (strcmp(error, "EINTR") == 0)
			continue;
		snprintf(fault, sizeof(fault), "%s:%u+:%s", call, n, error);
		run_with(fault);
	}
}

Test(store_fault, open)
{
	run_all("open", "EMFILE");
	run_all("open", "EINTR");
}

Test(store_fault, write)
{
	run_all("write", "ENOSPC");
	run_all("write", "EINTR");
	run_all("write", "short");
}

Test(store_fault, read)
{
	run_all("read", "EIO");
	run_all("read", "EINTR");
	run_all("read", "short");
}

Test(store_fault, fsync)
{
	run_all("fsync", "EIO");
	run_all("sync_dir", "EIO");
}

Test(store_fault, rename)
{
	run_all("rename", "EIO");
}

Test(store_fault, unlink)
{
	run_all("unlink", "EPERM");
}

Test(store_fault, close)
{
	run_all("close", "EIO");
}

Test(store_fault, the_others)
{
	run_all("list", "EIO");
	run_all("lock", "EIO");
	run_all("truncate", "EIO");
	run_all("mkdir", "EIO");
	run_all("stat", "EIO");
}
