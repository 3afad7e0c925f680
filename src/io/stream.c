/*
 * The registry of streams.
 */
#include "io/stream.h"

#include <string.h>

#define STREAM(name) extern const struct stream_def stream_##name;
#include "io/stream_table.h"
#undef STREAM

static const struct stream_def *const all_streams[] = {
#define STREAM(name) &stream_##name,
#include "io/stream_table.h"
#undef STREAM
};

#define STREAM_COUNT (sizeof(all_streams) / sizeof(all_streams[0]))

const struct stream_def *
stream_find(const char *name, size_t size)
{
	for (size_t i = 0; i < STREAM_COUNT; i++) {
		const char *candidate = all_streams[i]->name;
		if (strlen(candidate) == size &&
		    memcmp(candidate, name, size) == 0)
			return all_streams[i];
	}
	return NULL;
}

const struct stream_def *const *
stream_all(size_t *count)
{
	*count = STREAM_COUNT;
	return all_streams;
}

int
stream_check(const struct stream_def *def, const char *const *path,
	uint32_t path_count, const struct format_option *option,
	uint32_t option_count, struct err *err)
{
	struct stream *stream = def->open(path, path_count, option,
	    option_count, err);

	if (stream == NULL)
		return -1;
	def->close(&stream);
	return 0;
}
