/*
 * The registry of formats, and their options.
 */
#include "io/format.h"

#include <string.h>
#include <strings.h>

#include "io/codec.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/near.h"

#define FORMAT(name) extern const struct format_def format_##name;
#include "io/format_table.h"
#undef FORMAT

static const struct format_def *const all_formats[] = {
#define FORMAT(name) &format_##name,
#include "io/format_table.h"
#undef FORMAT
};

#define FORMAT_COUNT (sizeof(all_formats) / sizeof(all_formats[0]))

/* More options than any format has. */
#define OPTIONS_MAX 64

const struct format_def *
format_find(const char *name, size_t size)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		const char *candidate = all_formats[i]->name;
		if (strlen(candidate) == size &&
		    memcmp(candidate, name, size) == 0)
			return all_formats[i];
	}
	return NULL;
}

const struct format_def *const *
format_all(size_t *count)
{
	*count = FORMAT_COUNT;
	return all_formats;
}

/* Is the word of `size` bytes one of the blank-separated `words`? */
static int
is_among(const char *words, const char *word, size_t size)
{
	while (words != NULL && *words != '\0') {
		size_t word_size = strcspn(words, " ");
		if (word_size == size && strncasecmp(words, word, size) == 0)
			return 1;
		words += word_size;
		words += strspn(words, " ");
	}
	return 0;
}

/* The extension that ends before `end`, in the file name that starts at `name`;
 * NULL if it has none. */
static const char *
extension_before(const char *name, const char *end)
{
	for (const char *at = end; at > name + 1; at--)
		if (at[-1] == '.')
			return at;
	return NULL;
}

const struct format_def *
format_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	const char *end = name + strlen(name);
	const char *extension = extension_before(name, end);

	if (extension != NULL && is_among("gz zst bz2 xz lz4 Z", extension,
	    (size_t)(end - extension))) {
		end = extension - 1;
		extension = extension_before(name, end);
	}
	if (extension == NULL)
		return NULL;
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (is_among(all_formats[i]->extensions, extension,
		    (size_t)(end - extension)))
			return all_formats[i];
	return NULL;
}

int
format_check_suffix(const char *path, int append, struct err *err)
{
	static const char archives[] = "zip tar 7z tgz tbz2 txz tzst Z";
	const struct codec_def *codec = codec_of_path(path);
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	const char *end = name + strlen(name);
	const char *extension = extension_before(name, end);

	if (extension == NULL)
		return 0;
	if (codec == NULL ? is_among(archives, extension,
	    (size_t)(end - extension)) : codec->write_open == NULL) {
		err_set(err, ERR_USAGE, "%s: files that end in .%s are not "
		    "written", path, extension);
		return err_hint(err, "compressed output ends in .zst or .gz");
	}
	if (codec == NULL || !append)
		return 0;
	err_set(err, ERR_USAGE, "%s is compressed: nothing can be written "
	    "behind what it has", path);
	return err_hint(err, "leave append=true out, or write it "
	    "uncompressed");
}

static const struct option_def *
option_find(const struct option_def *defs, const char *name)
{
	for (; defs != NULL && defs->name != NULL; defs++)
		if (strcmp(defs->name, name) == 0)
			return defs;
	return NULL;
}

static int
unknown_option(const char *format, const struct option_def *defs,
	const char *name, struct err *err)
{
	const char *names[OPTIONS_MAX];
	size_t count = 0;

	for (; defs != NULL && defs->name != NULL && count < OPTIONS_MAX;
	    defs++)
		names[count++] = defs->name;
	err_set(err, ERR_PROGRAM, "%s has no option '%s'", format, name);
	const char *near = near_name(name, names, count);
	if (near != NULL)
		return err_hint(err, "did you mean %s?", near);
	if (count == 0)
		return -1;
	struct buf list = { 0 };
	for (size_t i = 0; i < count; i++) {
		buf_add_string(&list, i == 0 ? "" : ", ");
		buf_add_string(&list, names[i]);
	}
	err_hint(err, "the options are %s", buf_string(&list));
	buf_fini(&list);
	return -1;
}

/* Undeclared text does where text is wanted, null where it is "not given". */
static int
type_fits(enum type wanted, enum type given)
{
	return given == wanted || given == TYPE_NULL ||
	    (wanted == TYPE_TEXT && given == TYPE_RAW);
}

int
format_check_options(const char *format, const struct option_def *defs,
	const struct format_option *option, uint32_t count, struct err *err)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *name = option[i].name;
		const struct option_def *def = option_find(defs, name);
		if (def == NULL)
			return unknown_option(format, defs, name, err);
		if (!type_fits(def->type, option[i].value->type))
			return err_set(err, ERR_PROGRAM,
			    "%s: option '%s' takes a value of type %s, not %s",
			    format, name, type_name(def->type),
			    type_name(option[i].value->type));
	}
	return 0;
}

const struct value *
format_option_value(const struct format_option *option, uint32_t count,
	const char *name)
{
	const struct value *value = NULL;

	for (uint32_t i = 0; i < count; i++)
		if (strcmp(option[i].name, name) == 0)
			value = option[i].value;
	return value == NULL || value->type == TYPE_NULL ? NULL : value;
}

int
format_option_bool(const struct format_option *option, uint32_t count,
	const char *name, int fallback)
{
	const struct value *value = format_option_value(option, count, name);

	return value == NULL ? fallback : value->cell.boolean;
}

int64_t
format_option_int(const struct format_option *option, uint32_t count,
	const char *name, int64_t fallback)
{
	const struct value *value = format_option_value(option, count, name);

	return value == NULL ? fallback : value->cell.integer;
}
