/*
 * The text of a manifest:
 *
 *	sflow-checkpoint 1
 *	version 0.1.0
 *	generation 3
 *	number 12
 *	fingerprint 00b8a7f2c3d4e5f6
 *	finished 0
 *	value hosts web1%0aweb2
 *	part op-3.1 3 12 70214 5d3c1f0a9b8e7766
 *	end 1f2e3d4c5b6a7988
 *
 * "end" has the XXH3 of all that stands before it, and is the last line: what
 * is cut off anywhere is not a manifest.  The first line tells the format; a
 * later one may have other lines, so it is looked at before the rest.  A part
 * has its name, the generation and number it was written under, its size and
 * checksum.  Texts have their control characters and '%' as %xx.
 */
#include "state/manifest.h"

#include <assert.h>
#include <string.h>

#include "util/buf.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/mem.h"

#define FORMAT "sflow-checkpoint "
#define FORMAT_NUMBER "1"

struct manifest *
manifest_new(void)
{
	return mem_alloc_zero(sizeof(struct manifest));
}

void
manifest_free(struct manifest **take_manifest)
{
	struct manifest *manifest = *take_manifest;

	if (manifest == NULL)
		return;
	for (uint32_t i = 0; i < manifest->value_count; i++) {
		mem_free(manifest->value[i].key);
		mem_free(manifest->value[i].value);
	}
	mem_free(manifest->value);
	mem_free(manifest->part);
	mem_free(manifest);
	*take_manifest = NULL;
}

void
manifest_add_part(struct manifest *manifest, const struct part *part)
{
	uint32_t count = manifest->part_count;

	assert(part_name_is_valid(part->name, strlen(part->name)));
	if ((count & (count - 1)) == 0)
		manifest->part = mem_resize(manifest->part,
		    (count == 0 ? 1 : (size_t)count * 2) * sizeof(*part));
	manifest->part[manifest->part_count++] = *part;
}

const struct part *
manifest_part(const struct manifest *manifest, const char *name)
{
	for (uint32_t i = 0; i < manifest->part_count; i++)
		if (strcmp(manifest->part[i].name, name) == 0)
			return &manifest->part[i];
	return NULL;
}

static struct manifest_value *
manifest_find(const struct manifest *manifest, const char *key)
{
	for (uint32_t i = 0; i < manifest->value_count; i++)
		if (strcmp(manifest->value[i].key, key) == 0)
			return &manifest->value[i];
	return NULL;
}

void
manifest_set(struct manifest *manifest, const char *key, const char *value)
{
	uint32_t count = manifest->value_count;
	struct manifest_value *found = manifest_find(manifest, key);
	char *copy = mem_copy_string(value);

	assert(part_name_is_valid(key, strlen(key)));
	if (found != NULL) {
		mem_free(found->value);
		found->value = copy;
		return;
	}
	if ((count & (count - 1)) == 0)
		manifest->value = mem_resize(manifest->value,
		    (count == 0 ? 1 : (size_t)count * 2) *
		    sizeof(*manifest->value));
	manifest->value[manifest->value_count++] = (struct manifest_value){
		mem_copy_string(key), copy };
}

const char *
manifest_get(const struct manifest *manifest, const char *key)
{
	const struct manifest_value *found = manifest_find(manifest, key);

	return found != NULL ? found->value : NULL;
}

static void
add_escaped(struct buf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;
		if (c < ' ' || c == '%' || c == 0x7f)
			buf_add_format(out, "%%%02x", c);
		else
			buf_add_char(out, (char)c);
	}
}

void
manifest_print(const struct manifest *manifest, struct buf *out)
{
	size_t start = out->size;

	buf_add_string(out, FORMAT FORMAT_NUMBER "\nversion ");
	add_escaped(out, manifest->version);
	buf_add_format(out, "\ngeneration %llu\nnumber %llu\n"
	    "fingerprint %016llx\nfinished %d\n",
	    (unsigned long long)manifest->generation,
	    (unsigned long long)manifest->number,
	    (unsigned long long)manifest->fingerprint,
	    manifest->is_finished != 0);
	for (uint32_t i = 0; i < manifest->value_count; i++) {
		buf_add_format(out, "value %s ", manifest->value[i].key);
		add_escaped(out, manifest->value[i].value);
		buf_add_char(out, '\n');
	}
	for (uint32_t i = 0; i < manifest->part_count; i++) {
		const struct part *part = &manifest->part[i];
		buf_add_format(out, "part %s %llu %llu %llu %016llx\n",
		    part->name, (unsigned long long)part->generation,
		    (unsigned long long)part->number,
		    (unsigned long long)part->bytes,
		    (unsigned long long)part->checksum);
	}
	buf_add_format(out, "end %016llx\n", (unsigned long long)
	    hash_bytes(out->bytes + start, out->size - start));
}

/* What is left of a text; every taker steps behind what it took. */
struct rest {
	const char *at, *end;
};

static int
take_word(struct rest *rest, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(rest->end - rest->at) < size ||
	    memcmp(rest->at, word, size) != 0)
		return -1;
	rest->at += size;
	return 0;
}

static int
digit_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static int
take_number(struct rest *rest, unsigned base, uint64_t *out)
{
	const char *start = rest->at;

	for (*out = 0; rest->at < rest->end; rest->at++) {
		unsigned digit = (unsigned)digit_value(*rest->at);
		if (digit >= base)
			break;
		if (*out > (UINT64_MAX - digit) / base)
			return -1;
		*out = *out * base + digit;
	}
	return rest->at > start ? 0 : -1;
}

/* " NUMBER" */
static int
take_next_number(struct rest *rest, unsigned base, uint64_t *out)
{
	return take_word(rest, " ") != 0 || take_number(rest, base, out) != 0 ?
	    -1 : 0;
}

/* "WORD NUMBER\n" */
static int
take_number_line(struct rest *rest, const char *word, unsigned base,
	uint64_t *out)
{
	return take_word(rest, word) != 0 ||
	    take_next_number(rest, base, out) != 0 ? -1 : take_word(rest, "\n");
}

/* Up to `stop`, which it steps over, into `room` as a string. */
static int
take_name(struct rest *rest, char stop, char *room, size_t room_bytes)
{
	const char *end = memchr(rest->at, stop, (size_t)(rest->end -
	    rest->at));

	if (end == NULL || (size_t)(end - rest->at) >= room_bytes ||
	    !part_name_is_valid(rest->at, (size_t)(end - rest->at)))
		return -1;
	memcpy(room, rest->at, (size_t)(end - rest->at));
	room[end - rest->at] = '\0';
	rest->at = end + 1;
	return 0;
}

/* The rest of the line, without its escapes. */
static int
take_escaped(struct rest *rest, struct buf *out)
{
	for (; rest->at < rest->end && *rest->at != '\n'; rest->at++) {
		char c = *rest->at;
		if (c == '%') {
			if (rest->end - rest->at < 3)
				return -1;
			int high = digit_value(rest->at[1]);
			int low = digit_value(rest->at[2]);
			if (high > 15 || low > 15 || high + low == 0)
				return -1;
			c = (char)(high * 16 + low);
			rest->at += 2;
		} else if (c == '\0') {
			return -1;
		}
		buf_add_char(out, c);
	}
	return take_word(rest, "\n");
}

static int
take_version_line(struct rest *rest, struct manifest *manifest)
{
	struct buf version = { 0 };
	int status = take_word(rest, "version ");

	if (status == 0)
		status = take_escaped(rest, &version);
	if (version.size >= sizeof(manifest->version))
		status = -1;
	if (status == 0)
		memcpy(manifest->version, buf_string(&version),
		    version.size + 1);
	buf_fini(&version);
	return status;
}

static int
take_value_line(struct rest *rest, struct manifest *manifest)
{
	char key[PART_NAME_SIZE];
	struct buf value = { 0 };
	int status = take_name(rest, ' ', key, sizeof(key));

	if (status == 0)
		status = take_escaped(rest, &value);
	if (status == 0)
		manifest_set(manifest, key, buf_string(&value));
	buf_fini(&value);
	return status;
}

static int
take_part_line(struct rest *rest, struct manifest *manifest)
{
	struct part part = { .bytes = 0 };

	if (take_name(rest, ' ', part.name, sizeof(part.name)) != 0 ||
	    take_number(rest, 10, &part.generation) != 0 ||
	    take_next_number(rest, 10, &part.number) != 0 ||
	    take_next_number(rest, 10, &part.bytes) != 0 ||
	    take_next_number(rest, 16, &part.checksum) != 0 ||
	    take_word(rest, "\n") != 0)
		return -1;
	manifest_add_part(manifest, &part);
	return 0;
}

/* All lines between the first and the last. */
static int
take_lines(struct rest *rest, struct manifest *manifest)
{
	uint64_t finished;

	if (take_version_line(rest, manifest) != 0 ||
	    take_number_line(rest, "generation", 10,
	    &manifest->generation) != 0 ||
	    take_number_line(rest, "number", 10, &manifest->number) != 0 ||
	    take_number_line(rest, "fingerprint", 16,
	    &manifest->fingerprint) != 0 ||
	    take_number_line(rest, "finished", 10, &finished) != 0 ||
	    finished > 1)
		return -1;
	manifest->is_finished = (int)finished;
	while (rest->at < rest->end)
		if (take_word(rest, "value ") == 0 ?
		    take_value_line(rest, manifest) != 0 :
		    take_word(rest, "part ") != 0 ||
		    take_part_line(rest, manifest) != 0)
			return -1;
	return 0;
}

/* Takes the last line off, if it is there and right. */
static int
take_end(struct rest *rest)
{
	static const size_t size = sizeof("end 0123456789abcdef\n") - 1;
	uint64_t checksum;

	if ((size_t)(rest->end - rest->at) < size)
		return -1;
	struct rest last = { rest->end - size, rest->end };
	rest->end = last.at;
	if (take_number_line(&last, "end", 16, &checksum) != 0 ||
	    last.at != last.end)
		return -1;
	return 0;
}

static enum manifest_status
manifest_damaged(const char *path, const char *what, struct err *err)
{
	err_set(err, ERR_IO, "%s is damaged: %s", path, what);
	return MANIFEST_DAMAGED;
}

enum manifest_status
manifest_read(const char *bytes, size_t size, const char *path,
	struct manifest **out, struct err *err)
{
	struct rest rest = { bytes, bytes + size };

	*out = NULL;
	if (take_end(&rest) != 0)
		return manifest_damaged(path, "its last line is missing", err);
	uint64_t sum = hash_bytes(bytes, (size_t)(rest.end - bytes));
	struct rest last = { rest.end + 4, bytes + size };
	uint64_t checksum;
	if (take_number(&last, 16, &checksum) != 0 || checksum != sum)
		return manifest_damaged(path, "its checksum is wrong", err);
	if (take_word(&rest, FORMAT) == 0 &&
	    take_word(&rest, FORMAT_NUMBER "\n") != 0) {
		err_set(err, ERR_IO, "%s was written by another version of "
		    "sflow: this one reads format " FORMAT_NUMBER, path);
		return MANIFEST_FOREIGN;
	}
	struct manifest *manifest = manifest_new();
	if (rest.at == bytes || take_lines(&rest, manifest) != 0) {
		manifest_free(&manifest);
		return manifest_damaged(path, "it is no manifest", err);
	}
	*out = manifest;
	return MANIFEST_WHOLE;
}
