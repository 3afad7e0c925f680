#include "state/spill.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "random_batch.h"
#include "state/spill_priv.h"
#include "util/buf.h"
#include "util/env_priv.h"
#include "util/err.h"
#include "util/mem.h"

/* A disk so slow that everything is packed: a second a byte. */
static void
slow_disk(struct spill *spill)
{
	spill_rate_add(&spill->writing, 16000000000000000u, 16000000);
}

static void
no_disk_cost(struct spill *spill)
{
	spill->block_count = 1;
	spill->writing = spill->reading = (struct spill_rate){ 0 };
	spill->packing = (struct spill_rate){ 1000, 1 };
}

/* Bytes that pack, or do not. */
static void
fill(char *bytes, size_t size, uint64_t *seed, int random)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(random ? random_next(seed, 256) :
		    "abcdefgh"[i / 3 % 8] + random_next(seed, 50) / 49);
}

/* Reads [from, to) in pieces and views; it is bytes[0..size). */
static void
expect_bytes(struct spill_file *file, uint64_t from, uint64_t to,
	const char *bytes, size_t size, uint64_t seed)
{
	struct err err = ERR_INIT;
	struct spill_reader *reader = spill_reader_new(file, from, to);
	char *piece = mem_alloc(SPILL_BLOCK_BYTES * 3);
	const char *view;

	for (size_t at = 0; at < size;) {
		size_t want = 1 + random_next(&seed, random_next(&seed, 3) ?
		    1000 : (uint32_t)SPILL_BLOCK_BYTES);
		if (want > size - at)
			want = size - at;
		if (random_next(&seed, 2)) {
			cr_assert(spill_view(reader, want, &view, &err) == 1,
			    "%s", err.message);
		} else {
			cr_assert(spill_read(reader, piece, want, &err) ==
			    (long)want, "%s", err.message);
			view = piece;
		}
		cr_assert(memcmp(view, bytes + at, want) == 0);
		at += want;
	}
	cr_assert(spill_view(reader, 1, &view, &err) == 0);
	cr_assert(spill_read(reader, piece, 10, &err) == 0);
	spill_reader_free(&reader);
	mem_free(piece);
}

#define BYTES ((size_t)3 << 20)

Test(spill, what_was_written_comes_back)
{
	char *bytes = mem_alloc(BYTES);
	struct err err = ERR_INIT;

	for (uint64_t round = 1; round <= 12; round++) {
		uint64_t seed = round, place[64] = { 0 };
		size_t at = 0, cut[64] = { 0 };
		unsigned cuts = 1;
		struct spill *spill = spill_new("/tmp", 0);
		if (round % 3 == 0)
			slow_disk(spill);
		else if (round % 3 == 1)
			no_disk_cost(spill);
		fill(bytes, BYTES, &seed, round % 2 == 0);
		struct spill_file *file = spill_file_new(spill, &err);
		cr_assert_not_null(file, "%s", err.message);
		while (at < BYTES) {
			size_t piece = random_next(&seed, 300000);
			if (piece > BYTES - at)
				piece = BYTES - at;
			cr_assert(spill_write(file, bytes + at, piece,
			    &err) == 0);
			at += piece;
			if (cuts == 63 || (random_next(&seed, 4) != 0 &&
			    at < BYTES))
				continue;
			cr_assert(spill_cut(file, &place[cuts], &err) == 0);
			cut[cuts++] = at;
		}
		cr_assert(spill_cut(file, &place[cuts], &err) == 0);
		cut[cuts] = at;
		cr_assert(spill_file_bytes(file) == BYTES);
		cr_assert(spill_used_bytes(spill) ==
		    spill_written_bytes(spill));
		if (round % 6 == 3)
			cr_assert(spill_used_bytes(spill) < BYTES / 2);
		for (unsigned i = 0; i < cuts; i++) {
			unsigned to = i + 1 + random_next(&seed, cuts - i);
			expect_bytes(file, place[i], place[to], bytes + cut[i],
			    cut[to] - cut[i], seed);
		}
		spill_file_free(&file);
		cr_assert(spill_used_bytes(spill) == 0);
		spill_free(&spill);
	}
	mem_free(bytes);
}

#define READERS 5

Test(spill, many_read_side_by_side)
{
	struct spill *spill = spill_new("/tmp", 0);
	struct err err = ERR_INIT;
	struct spill_file *file = spill_file_new(spill, &err);
	struct spill_reader *reader[READERS];
	uint64_t end;

	for (uint32_t i = 0; i < 300000; i++)
		cr_assert(spill_write(file, &i, sizeof(i), &err) == 0);
	cr_assert(spill_cut(file, &end, &err) == 0);
	for (int k = 0; k < READERS; k++)
		reader[k] = spill_reader_new(file, 0, end);
	for (uint32_t i = 0; i < 300000; i += 3)
		for (int k = 0; k < READERS; k++) {
			const char *view;
			uint32_t number[3];
			cr_assert(spill_view(reader[k], sizeof(number), &view,
			    &err) == 1);
			memcpy(number, view, sizeof(number));
			cr_assert(number[0] == i && number[2] == i + 2);
		}
	for (int k = 0; k < READERS; k++)
		spill_reader_free(&reader[k]);
	spill_file_free(&file);
	spill_free(&spill);
}

Test(spill, batches)
{
	const struct origin place = { "a.csv" };
	struct spill *spill = spill_new("/tmp", 0);
	struct err err = ERR_INIT;
	struct spill_file *file = spill_file_new(spill, &err);
	uint64_t end, counted = 0;
	struct batch *batch, *kept[40];

	spill_file_count(file, &counted);
	for (uint64_t i = 1; i <= 40; i++) {
		uint64_t seed = i;
		batch = random_batch(&seed, (uint32_t)(i * 50), &place);
		cr_assert(spill_write_batch(file, batch, &err) == 0);
		batch_free(&batch);
	}
	cr_assert(spill_cut(file, &end, &err) == 0);
	cr_assert(counted == end);
	struct spill_reader *reader = spill_reader_new(file, 0, end);
	for (uint64_t i = 1; i <= 40; i++) {
		uint64_t seed = i;
		cr_assert(spill_read_batch(reader, &kept[i - 1], &err) == 1,
		    "%s", err.message);
		batch_verify(kept[i - 1]);
		batch = random_batch(&seed, (uint32_t)(i * 50), &place);
		cr_assert(kept[i - 1]->sel_count == batch->sel_count);
		cr_assert(schema_has_names_of(kept[i - 1]->schema,
		    batch->schema));
		batch_free(&batch);
	}
	cr_assert(spill_read_batch(reader, &batch, &err) == 0);
	spill_reader_free(&reader);
	spill_file_free(&file);
	/* Batches outlive reader and file, with the name of their place. */
	for (int i = 0; i < 40; i++) {
		if (kept[i]->origin != NULL)
			cr_assert_str_eq(kept[i]->origin->path, "a.csv");
		batch_free(&kept[i]);
	}
	spill_free(&spill);
}

static int
read_all_of(struct spill_file *file, uint64_t end, struct err *err)
{
	struct spill_reader *reader = spill_reader_new(file, 0, end);
	char bytes[1000];
	long got;

	while ((got = spill_read(reader, bytes, sizeof(bytes), err)) > 0)
		;
	spill_reader_free(&reader);
	return (int)got;
}

Test(spill, damage_is_found)
{
	char *bytes = mem_alloc(1000000);

	for (uint64_t round = 0; round < 300; round++) {
		uint64_t seed = round + 1, end;
		struct err err = ERR_INIT;
		struct spill *spill = spill_new("/tmp", 0);
		if (round % 2 == 0)
			slow_disk(spill);
		fill(bytes, 1000000, &seed, round % 4 == 0);
		struct spill_file *file = spill_file_new(spill, &err);
		cr_assert(spill_write(file, bytes, 1000000, &err) == 0);
		cr_assert(spill_cut(file, &end, &err) == 0);
		cr_assert(read_all_of(file, end, &err) == 0);
		uint64_t at = random_next(&seed, round % 3 == 0 ? 16 :
		    (uint32_t)end);
		char byte;
		cr_assert(pread(file->fd, &byte, 1, (off_t)at) == 1);
		byte = (char)(byte ^ (1 << random_next(&seed, 8)));
		cr_assert(pwrite(file->fd, &byte, 1, (off_t)at) == 1);
		cr_assert(read_all_of(file, end, &err) == -1);
		cr_assert(err.kind == ERR_IO);
		cr_assert(strstr(err.message, "is damaged") != NULL);
		spill_file_free(&file);
		spill_free(&spill);
	}
	mem_free(bytes);
}

Test(spill, the_limit_holds)
{
	struct err err = ERR_INIT;
	struct spill *spill = spill_new("/tmp", 1 << 20);
	struct spill_file *file = spill_file_new(spill, &err);
	char *bytes = mem_alloc(900000);
	uint64_t seed = 1;

	fill(bytes, 900000, &seed, 1);
	cr_assert(spill_write(file, bytes, 900000, &err) == 0);
	cr_assert(spill_write(file, bytes, 900000, &err) == -1);
	cr_assert_str_eq(err.message, "temporary files in /tmp need more than "
	    "the limit of 1 MiB");
	cr_assert(spill_used_bytes(spill) <= 1 << 20);
	spill_file_free(&file);
	err_clear(&err);
	file = spill_file_new(spill, &err);
	cr_assert(spill_write(file, bytes, 900000, &err) == 0, "room again");
	spill_file_free(&file);
	spill_free(&spill);
	mem_free(bytes);
}

/* One file written and read under a fault; where it fails. */
static const char *
faulted(const char *fault, struct err *err)
{
	struct spill *spill = spill_new("/tmp", 0);
	char *bytes = mem_alloc_zero(600000);
	const char *failed = NULL;
	uint64_t end;

	err_clear(err);
	no_disk_cost(spill);
	cr_assert(env_fault_parse(fault) == NULL);
	env = &env_fault;
	struct spill_file *file = spill_file_new(spill, err);
	if (file == NULL)
		failed = "new";
	else if (spill_write(file, bytes, 600000, err) != 0 ||
	    spill_cut(file, &end, err) != 0)
		failed = "write";
	else if (read_all_of(file, end, err) != 0)
		failed = "read";
	env = &env_real;
	spill_file_free(&file);
	spill_free(&spill);
	mem_free(bytes);
	if (failed != NULL)
		cr_assert(err->kind == ERR_IO);
	return failed;
}

Test(spill, faults)
{
	struct err err = ERR_INIT;

	cr_assert_null(faulted("write:2:short", &err));
	cr_assert_null(faulted("pread:2:short", &err));
	cr_assert_null(faulted("open:1:EOPNOTSUPP", &err), "%s", err.message);
	cr_assert_str_eq(faulted("open:1+:EOPNOTSUPP", &err), "new");
	cr_assert_str_eq(faulted("open:1:EMFILE", &err), "new");
	cr_assert_str_eq(err.message, "cannot make a temporary file in /tmp: "
	    "Too many open files");
	cr_assert_str_eq(faulted("open:1:EISDIR,unlink:1:EIO", &err), "new");
	cr_assert_str_eq(faulted("write:2:ENOSPC", &err), "write");
	cr_assert_str_eq(err.message, "cannot write to a temporary file in "
	    "/tmp, where 0 MiB lie: No space left on device");
	cr_assert_str_eq(faulted("pread:2:EIO", &err), "read");
	cr_assert_str_eq(err.message, "cannot read a temporary file in /tmp: "
	    "Input/output error");
}

Test(spill, a_folder_that_is_not_there)
{
	struct err err = ERR_INIT;
	struct spill *spill = spill_new("/no/such/folder", 0);

	cr_assert_null(spill_file_new(spill, &err));
	cr_assert_str_eq(err.message, "cannot make a temporary file in "
	    "/no/such/folder: No such file or directory");
	spill_free(&spill);
}
