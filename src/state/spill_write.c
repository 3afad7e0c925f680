/*
 * Writing temporary files.
 *
 * Bytes are gathered behind the room for a head; a full block gets its head and
 * goes out in one call, as it is or packed into another buffer that lives for
 * the call only.  A file has no name from the start (O_TMPFILE), or, where the
 * file system does not know that, has one between two calls.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <string.h>
#include <unistd.h>

#include "data/frame.h"
#include "state/spill_priv.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"

/* Others may have chosen the same name: so often. */
#define NAME_TRIES 8

/* A file with a name of its own, which is taken from it at once: -1, errno. */
static int
open_named(const char *folder)
{
	struct buf path = { 0 };
	int fd = -1;

	for (int i = 0; i < NAME_TRIES && fd < 0; i++) {
		uint64_t number;
		env->random(&number, sizeof(number));
		path.size = 0;
		buf_add_format(&path, "%s/.sflow-%016llx", folder,
		    (unsigned long long)number);
		fd = env->open(buf_string(&path), O_RDWR | O_CREAT | O_EXCL,
		    0600);
		if (fd < 0 && errno != EEXIST && errno != EINTR)
			break;
	}
	int errno_value = errno;
	if (fd >= 0 && env->unlink(buf_string(&path)) != 0) {
		errno_value = errno;
		env->close(fd);
		fd = -1;
	}
	buf_fini(&path);
	errno = errno_value;
	return fd;
}

static int
open_nameless(const char *folder)
{
	int fd;

	do {
		fd = env->open(folder, O_TMPFILE | O_RDWR | O_EXCL, 0600);
	} while (fd < 0 && errno == EINTR);
	/* What file systems and old kernels say that do not have it. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR ||
	    errno == EINVAL || errno == ENOENT))
		fd = open_named(folder);
	return fd;
}

struct spill_file *
spill_file_new(struct spill *spill, struct err *err)
{
	int fd = open_nameless(spill->folder);
	if (fd < 0) {
		err_set_errno(err, ERR_IO, errno,
		    "cannot make a temporary file in %s", spill->folder);
		err_hint(err, "--tmp DIR puts temporary files elsewhere, "
		    "--memory SIZE makes do with fewer");
		return NULL;
	}
	struct spill_file *file = mem_alloc_zero(sizeof(*file));
	file->spill = spill;
	file->fd = fd;
	file->holders = 1;
	file->block_bytes = spill_block_bytes();
	return file;
}

static void
file_let_go(struct spill_file *file)
{
	mem_free(file->block);
	file->block = NULL;
	if (file->frame != NULL)
		buf_fini(file->frame);
}

void
spill_file_free(struct spill_file **file_address)
{
	struct spill_file *file = *file_address;

	*file_address = NULL;
	if (file == NULL || __atomic_sub_fetch(&file->holders, 1,
	    __ATOMIC_ACQ_REL) > 0)
		return;
	__atomic_sub_fetch(&file->spill->used_bytes, file->stored_bytes,
	    __ATOMIC_RELAXED);
	env->close(file->fd);
	file_let_go(file);
	mem_free(file->frame);
	mem_free(file);
}

void
spill_file_set_block(struct spill_file *file, size_t bytes)
{
	assert(bytes <= SPILL_BLOCK_BYTES);
	assert(bytes > SPILL_SLACK_BYTES);
	assert(file->plain_bytes == 0);
	file->block_bytes = bytes;
}

void
spill_file_count(struct spill_file *file, uint64_t *counter)
{
	file->counter = counter;
}

uint64_t
spill_file_bytes(const struct spill_file *file)
{
	return file->plain_bytes;
}

static int
fail_full(const struct spill *spill, struct err *err)
{
	err_set(err, ERR_IO, "temporary files in %s need more than the limit "
	    "of %llu MiB", spill->folder,
	    (unsigned long long)(spill->limit_bytes >> 20));
	return err_hint(err, "give them more with --disk SIZE, or more memory "
	    "with --memory SIZE");
}

static int
fail_write(const struct spill *spill, struct err *err)
{
	err_set_errno(err, ERR_IO, errno, "cannot write to a temporary file "
	    "in %s, where %llu MiB lie", spill->folder,
	    (unsigned long long)(spill_used_bytes(spill) >> 20));
	return err_hint(err, "--tmp DIR puts temporary files elsewhere, "
	    "--memory SIZE makes do with fewer");
}

/* `block` has room for the head in front of the stored bytes. */
static int
block_put(struct spill_file *file, char *block, size_t stored, size_t plain,
	struct err *err)
{
	struct spill *spill = file->spill;
	struct spill_head head = { (uint32_t)stored, (uint32_t)plain, 0 };
	size_t size = SPILL_HEAD_BYTES + stored;

	head.check = spill_check(&head, file->stored_bytes,
	    block + SPILL_HEAD_BYTES);
	memcpy(block, &head, sizeof(head));
	if (__atomic_add_fetch(&spill->used_bytes, size, __ATOMIC_RELAXED) >
	    spill->limit_bytes && spill->limit_bytes != 0) {
		__atomic_sub_fetch(&spill->used_bytes, size, __ATOMIC_RELAXED);
		return fail_full(spill, err);
	}
	uint64_t start = env->monotonic_ns();
	if (env_write_all(file->fd, block, size) != 0) {
		__atomic_sub_fetch(&spill->used_bytes, size, __ATOMIC_RELAXED);
		return fail_write(spill, err);
	}
	spill_rate_add(&spill->writing, env->monotonic_ns() - start, size);
	__atomic_add_fetch(&spill->written_bytes, size, __ATOMIC_RELAXED);
	file->stored_bytes += size;
	if (file->counter != NULL)
		__atomic_add_fetch(file->counter, size, __ATOMIC_RELAXED);
	return 0;
}

/* The gathered bytes packed, behind room for a head; 0: no shorter. */
static size_t
block_pack(struct spill_file *file, char *packed)
{
	struct spill *spill = file->spill;
	size_t plain = file->gathered_bytes;
	uint64_t start = env->monotonic_ns();

	/* Both sizes are below that of a block. */
	int size = LZ4_compress_default(file->block + SPILL_HEAD_BYTES,
	    packed + SPILL_HEAD_BYTES, (int)plain,
	    (int)(file->block_bytes - SPILL_HEAD_BYTES));
	size_t stored = size > 0 && (size_t)size < plain ? (size_t)size : plain;
	spill_rate_add(&spill->packing, env->monotonic_ns() - start, plain);
	spill_rate_add(&spill->packed, stored, plain);
	/* An eighth is the least that is worth unpacking. */
	return stored <= plain - plain / 8 ? stored : 0;
}

static int
block_flush(struct spill_file *file, struct err *err)
{
	size_t plain = file->gathered_bytes, stored = 0;
	char *packed = NULL;

	if (plain == 0)
		return 0;
	if (spill_packs(file->spill)) {
		packed = mem_alloc(file->block_bytes);
		stored = block_pack(file, packed);
	}
	int status = stored == 0 || stored == plain ?
	    block_put(file, file->block, plain, plain, err) :
	    block_put(file, packed, stored, plain, err);
	mem_free(packed);
	file->gathered_bytes = 0;
	return status;
}

int
spill_write(struct spill_file *file, const void *bytes, size_t size,
	struct err *err)
{
	const char *source = bytes;
	size_t most = spill_plain_bytes(file);

	if (file->block == NULL)
		file->block = mem_alloc(file->block_bytes);
	file->plain_bytes += size;
	while (size > 0) {
		size_t room = most - file->gathered_bytes;
		size_t piece = size < room ? size : room;
		memcpy(file->block + SPILL_HEAD_BYTES + file->gathered_bytes,
		    source, piece);
		file->gathered_bytes += piece;
		source += piece;
		size -= piece;
		if (file->gathered_bytes == most &&
		    block_flush(file, err) != 0)
			return -1;
	}
	return 0;
}

int
spill_write_batch(struct spill_file *file, const struct batch *batch,
	struct err *err)
{
	if (file->frame == NULL)
		file->frame = mem_alloc_zero(sizeof(*file->frame));
	file->frame->size = 0;
	frame_write(batch, FRAME_PLAIN, file->frame);
	return spill_write(file, file->frame->bytes, file->frame->size, err);
}

int
spill_cut(struct spill_file *file, uint64_t *place, struct err *err)
{
	if (block_flush(file, err) != 0)
		return -1;
	file_let_go(file);
	*place = file->stored_bytes;
	return 0;
}
