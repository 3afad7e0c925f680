/*
 * The registry of codecs.
 */
#include "io/codec.h"

#include <string.h>
#include <strings.h>

#define CODEC(name) extern const struct codec_def codec_##name;
#include "io/codec_table.h"
#undef CODEC

static const struct codec_def *const all_codecs[] = {
#define CODEC(name) &codec_##name,
#include "io/codec_table.h"
#undef CODEC
};

#define CODEC_COUNT (sizeof(all_codecs) / sizeof(all_codecs[0]))

static enum codec_guess
guess(const struct codec_magic *magic, const char *bytes, size_t size)
{
	size_t common = size < magic->size ? size : magic->size;

	for (size_t i = 0; i < common; i++)
		if (magic->bytes[i] != CODEC_ANY && magic->bytes[i] != bytes[i])
			return CODEC_NO;
	return size < magic->size ? CODEC_PERHAPS : CODEC_YES;
}

enum codec_guess
codec_of_bytes(const char *bytes, size_t size, const struct codec_def **out)
{
	enum codec_guess best = CODEC_NO;

	for (size_t i = 0; i < CODEC_COUNT; i++)
		for (unsigned k = 0; k < 2; k++) {
			const struct codec_magic *magic =
			    &all_codecs[i]->magic[k];
			enum codec_guess found = magic->size == 0 ? CODEC_NO :
			    guess(magic, bytes, size);
			if (found == CODEC_YES) {
				*out = all_codecs[i];
				return CODEC_YES;
			}
			if (found == CODEC_PERHAPS)
				best = CODEC_PERHAPS;
		}
	return best;
}

const struct codec_def *
codec_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash == NULL ? path : slash, '.');

	if (dot == NULL)
		return NULL;
	for (size_t i = 0; i < CODEC_COUNT; i++)
		if (strcasecmp(dot + 1, all_codecs[i]->suffix) == 0)
			return all_codecs[i];
	return NULL;
}
