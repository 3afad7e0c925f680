/*
 * The files of a checkpoint.  The input is taken for each of them:
 *
 *	a manifest	as it is, and with the last line that makes it whole: if
 *			it can be read, what is printed of it reads the same
 *	a part		as it is: damaged, or a whole one
 *	entries		written as a part, which reads as they were; and with
 *			one byte changed, which never reads as a whole one
 *	a file's name
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "state/manifest.h"
#include "state/save.h"
#include "state/store_priv.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
require(int condition)
{
	if (!condition)
		abort();
}

static void
check_manifest(const char *bytes, size_t size)
{
	struct manifest *manifest, *copy;
	struct buf text = { 0 }, again = { 0 };
	struct err err = ERR_INIT;

	if (manifest_read(bytes, size, "m", &manifest, &err) !=
	    MANIFEST_WHOLE) {
		require(manifest == NULL && err.message[0] != '\0');
		return;
	}
	manifest_print(manifest, &text);
	require(manifest_read(text.bytes, text.size, "m", &copy, &err) ==
	    MANIFEST_WHOLE);
	manifest_print(copy, &again);
	require(text.size == again.size &&
	    memcmp(text.bytes, again.bytes, text.size) == 0);
	manifest_free(&manifest);
	manifest_free(&copy);
	buf_fini(&text);
	buf_fini(&again);
}

static void
check_whole_manifest(const char *bytes, size_t size)
{
	struct buf text = { 0 };

	buf_add(&text, bytes, size);
	buf_add_format(&text, "end %016llx\n",
	    (unsigned long long)hash_bytes(text.bytes, text.size));
	check_manifest(text.bytes, text.size);
	buf_fini(&text);
}

/* The bytes as a file. */
static int
file_of(const char *bytes, size_t size)
{
	int fd = memfd_create("part", 0);

	require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	require(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* Copies the entry: all of its bytes are read. */
static int
take_entry(void *cookie, uint32_t key_group, const char *bytes, size_t size,
	struct err *err)
{
	struct save *save = cookie;

	(void)err;
	save_put(save, key_group, bytes, size);
	return 0;
}

static enum part_status
read_part(const char *bytes, size_t size, const struct part *part,
	struct save *out)
{
	struct err err = ERR_INIT;
	int fd = file_of(bytes, size);
	enum part_status status = part_read(fd, "p", part, take_entry, out,
	    &err);

	close(fd);
	require(status != PART_FAILED);
	require((status == PART_WHOLE) == (err.message[0] == '\0'));
	return status;
}

static void
check_part(const char *bytes, size_t size)
{
	struct save *save = save_new();
	struct part part = { .name = "op", .generation = 1, .number = 2,
	    .bytes = size };

	read_part(bytes, size, &part, save);
	save_free(&save);
}

/* Each piece of the input, as long as its first byte says, is an entry. */
static struct save *
entries_of(const char *bytes, size_t size)
{
	struct save *save = save_new();

	while (size > 0) {
		size_t piece = (unsigned char)*bytes;
		if (piece > size - 1)
			piece = size - 1;
		save_put(save, piece > 0 ? (unsigned char)bytes[1] :
		    SAVE_SHARED, bytes + 1, piece);
		bytes += 1 + piece;
		size -= 1 + piece;
	}
	return save;
}

static void
check_entries(const char *bytes, size_t size)
{
	struct save *save = entries_of(bytes, size), *copy = save_new();
	struct part part = { .name = "op", .generation = 1, .number = 2 };
	struct err err = ERR_INIT;
	int fd = memfd_create("part", 0);

	require(part_write(fd, "p", save, &part, &err) == 0);
	char *file = malloc(part.bytes);
	require(pread(fd, file, part.bytes, 0) == (ssize_t)part.bytes);
	close(fd);
	require(read_part(file, part.bytes, &part, copy) == PART_WHOLE);
	require(save_count(copy) == save_count(save));
	for (uint64_t i = 0; i < save_count(save); i++) {
		uint32_t group[2];
		size_t entry_size[2];
		const char *entry = save_entry(save, i, &group[0],
		    &entry_size[0]);
		require(memcmp(entry, save_entry(copy, i, &group[1],
		    &entry_size[1]), entry_size[0]) == 0);
		require(group[0] == group[1] && entry_size[0] == entry_size[1]);
	}
	uint64_t at = hash_bytes(bytes, size) % part.bytes;
	file[at] ^= (char)(1 + at % 255);
	require(read_part(file, part.bytes, &part, copy) == PART_DAMAGED);
	free(file);
	save_free(&save);
	save_free(&copy);
}

static void
check_name(const char *bytes, size_t size)
{
	struct buf name = { 0 }, again = { 0 };
	struct part part = { .bytes = 0 };

	buf_add(&name, bytes, size < 200 ? size : 200);
	struct store_file file = store_file_of(buf_string(&name));
	/* Behind ten digits zeros may lead: the name is not always the same,
	 * but it says the same. */
	if (file.kind == STORE_PART) {
		strcpy(part.name, file.part);
		part.generation = file.generation;
		part.number = file.number;
		store_part_name(&part, &again);
	} else if (file.kind == STORE_MANIFEST) {
		store_manifest_name(file.generation, file.number, &again);
	} else if (file.kind == STORE_TEMP) {
		store_temp_name(file.generation, file.number, &again);
	} else if (file.kind == STORE_CLAIM) {
		store_claim_name(file.generation, &again);
	}
	struct store_file same = store_file_of(buf_string(&again));
	require(same.kind == file.kind);
	require(file.kind == STORE_OTHER ||
	    (same.generation == file.generation &&
	    same.number == file.number));
	buf_fini(&name);
	buf_fini(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;

	check_manifest(bytes, size);
	check_whole_manifest(bytes, size);
	check_part(bytes, size);
	check_entries(bytes, size);
	check_name(bytes, size);
	return 0;
}
