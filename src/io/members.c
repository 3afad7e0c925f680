/*
 * The members of an archive, by libarchive.  It gets its bytes from an input,
 * which decodes what is compressed (and checks it, which libarchive does not);
 * only of a plain file it may seek, to pass over members or to find the
 * directory of zip and 7z archives.
 *
 *	input -> read_bytes() -> libarchive -> member_read() -> input
 *
 * A tar archive ends with blocks of zeros.  One that was cut between two
 * members has none, and that is an error here: less than there was must never
 * look like all of it.
 */
#include "io/members.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "io/input.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define MEMBERS_BYTES ((size_t)256 << 10)
/* The end of a tar archive is at least one such block of zeros. */
#define TAR_BLOCK ((size_t)512)

struct members {
	struct input *input;
	struct archive *archive;
	char *bytes;
	int64_t offset;		/* in the input */
	struct err *err;	/* of the call that is under way */
	int has_failed;		/* the input, and err was filled */
	uint32_t next;		/* number of the next regular member */
	int is_open;		/* the member is an input now */
	/* Has the input ended, and with a block of zeros? */
	int has_ended;
	int ends_in_zeros;
};

/* --- what libarchive calls ---------------------------------------------- */

static void
note_end(struct members *members, size_t size)
{
	const char *bytes = members->bytes;
	size_t at = size < TAR_BLOCK ? 0 : size - TAR_BLOCK;

	while (at < size && bytes[at] == '\0')
		at++;
	members->ends_in_zeros = at == size;
}

static la_ssize_t
read_bytes(struct archive *archive, void *user, const void **out)
{
	struct members *members = user;
	size_t have = 0;

	(void)archive;
	while (have < MEMBERS_BYTES) {
		ssize_t got = input_read(members->input, members->bytes + have,
		    MEMBERS_BYTES - have, members->err);
		if (got < 0) {
			members->has_failed = 1;
			return -1;
		}
		if (got == 0)
			break;
		have += (size_t)got;
	}
	if (have > 0)
		note_end(members, have);
	members->has_ended |= have < MEMBERS_BYTES;
	members->offset += (int64_t)have;
	*out = members->bytes;
	return (la_ssize_t)have;
}

static la_int64_t
seek_bytes(struct archive *archive, void *user, la_int64_t offset, int whence)
{
	struct members *members = user;
	int64_t size = input_size(members->input);

	(void)archive;
	offset += whence == SEEK_CUR ? members->offset :
	    whence == SEEK_END ? size : 0;
	if (offset < 0 || offset > size)
		return ARCHIVE_FATAL;
	if (input_seek(members->input, (uint64_t)offset, members->err) != 0) {
		members->has_failed = 1;
		return ARCHIVE_FATAL;
	}
	members->offset = offset;
	return offset;
}

static la_int64_t
skip_bytes(struct archive *archive, void *user, la_int64_t count)
{
	struct members *members = user;
	int64_t left = input_size(members->input) - members->offset;

	/* What lies behind the end is found out by reading. */
	if (count > left)
		return 0;
	return seek_bytes(archive, user, count, SEEK_CUR) < 0 ? ARCHIVE_FATAL :
	    count;
}

/* --- going through ------------------------------------------------------ */

/* What libarchive says, with the place; -1. */
static int
members_fail(struct members *members, struct err *err)
{
	const char *reason = archive_error_string(members->archive);

	if (members->has_failed)
		return -1;
	return err_set(err, ERR_IO, "cannot read the archive %s: near byte "
	    "%lld: %s", input_path(members->input), (long long)members->offset,
	    reason == NULL ? "it is broken" : reason);
}

struct members *
members_open(struct input *take_input, struct err *err)
{
	struct members *members = mem_alloc_zero(sizeof(*members));
	int is_plain = input_size(take_input) >= 0;

	members->input = take_input;
	members->err = err;
	input_allow_archive(take_input);
	members->bytes = mem_alloc(MEMBERS_BYTES);
	members->archive = archive_read_new();
	if (members->archive == NULL) {
		err_set(err, ERR_IO, "cannot read the archive %s: there is "
		    "not enough memory", input_path(take_input));
		members_close(&members);
		return NULL;
	}
	struct archive *archive = members->archive;
	archive_read_support_format_tar(archive);
	if (is_plain) {
		archive_read_support_format_zip_seekable(archive);
		archive_read_support_format_7zip(archive);
		archive_read_set_seek_callback(archive, seek_bytes);
		archive_read_set_skip_callback(archive, skip_bytes);
	}
	archive_read_set_read_callback(archive, read_bytes);
	archive_read_set_callback_data(archive, members);
	if (archive_read_open1(archive) != ARCHIVE_OK) {
		members_fail(members, err);
		members_close(&members);
	}
	return members;
}

void
members_close(struct members **take_members)
{
	struct members *members = *take_members;

	*take_members = NULL;
	if (members == NULL)
		return;
	assert(!members->is_open);
	if (members->archive != NULL)
		archive_read_free(members->archive);
	input_close(&members->input);
	mem_free(members->bytes);
	mem_free(members);
}

/* Read what stands behind the archive, so that a decoder checks all of it.  0
 * or -1. */
static int
finish(struct members *members, struct err *err)
{
	const void *bytes;
	int is_tar = (archive_format(members->archive) &
	    ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;

	if (is_tar && members->has_ended && !members->ends_in_zeros)
		return err_set(err, ERR_IO, "cannot read the archive %s: it "
		    "ends at byte %lld without the zeros that end a tar "
		    "archive", input_path(members->input),
		    (long long)members->offset);
	while (!members->has_ended && input_size(members->input) < 0)
		if (read_bytes(NULL, members, &bytes) < 0)
			return -1;
	return 0;
}

/* Is it a file with bytes of its own? */
static int
is_regular(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFREG &&
	    archive_entry_hardlink(entry) == NULL;
}

int
members_next(struct members *members, const char **name, struct err *err)
{
	struct archive_entry *entry;

	assert(!members->is_open);
	members->err = err;
	for (;;) {
		int status = archive_read_next_header(members->archive, &entry);
		if (status == ARCHIVE_EOF)
			return finish(members, err);
		/* ARCHIVE_WARN: an attribute that nobody here asks for. */
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
			return members_fail(members, err);
		if (!is_regular(entry))
			continue;
		*name = archive_entry_pathname(entry);
		if (*name == NULL)
			*name = archive_entry_pathname_utf8(entry);
		if (*name == NULL)
			*name = "?";
		members->next++;
		return 1;
	}
}

/* --- a member as an input ----------------------------------------------- */

static ssize_t
member_read(void *cookie, char *bytes, size_t size, struct err *err)
{
	struct members *members = cookie;

	members->err = err;
	la_ssize_t got = archive_read_data(members->archive, bytes, size);
	/* A wrong checksum is but a warning to libarchive. */
	return got < 0 ? members_fail(members, err) : (ssize_t)got;
}

static void
member_close(void *cookie)
{
	struct members *members = cookie;

	members->is_open = 0;
}

struct input *
members_input(struct members *members, const char *label)
{
	static const struct input_calls calls = {
		.read = member_read, .close = member_close,
	};
	struct input *input = input_custom(label, &calls, members);

	assert(!members->is_open);
	members->is_open = 1;
	input_decode(input);
	return input;
}

char *
members_label(const char *path, const char *name)
{
	struct buf buf = { 0 };

	buf_add_format(&buf, "%s:%s", path, name);
	char *label = mem_copy_string(buf_string(&buf));
	buf_fini(&buf);
	return label;
}

/* The archive at `path`, from its start. */
static struct members *
members_of_path(const char *path, struct err *err)
{
	struct input *input = input_open(path, err);
	int is_archive = input == NULL ? -1 : input_is_archive(input, err);

	if (is_archive == 1)
		return members_open(input, err);
	if (is_archive == 0)
		err_set(err, ERR_IO, "%s is no archive any more", path);
	input_close(&input);
	return NULL;
}

struct input *
members_find(struct members **members, const char *path, uint32_t index,
	const char *label, struct err *err)
{
	const char *name = NULL;
	int status = 1;

	if (*members != NULL && ((*members)->next > index ||
	    strcmp(input_path((*members)->input), path) != 0))
		members_close(members);
	if (*members == NULL)
		*members = members_of_path(path, err);
	if (*members == NULL)
		return NULL;
	while (status == 1 && (*members)->next <= index)
		status = members_next(*members, &name, err);
	if (status < 0)
		return NULL;
	size_t before = strlen(path) + 1;
	if (status == 1 && strcmp(name, label + before) == 0)
		return members_input(*members, label);
	err_set(err, ERR_IO, "%s has changed: %s is not in its place", path,
	    label);
	return NULL;
}
