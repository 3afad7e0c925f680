/*
 * What other workers and former runs tell of a source: a description (the first
 * byte is even) or a saved position.  Neither may do more than fail.  What is
 * understood as a description describes itself so again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/bad.h"
#include "op/source.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *const path[] = { "x.csv" };

static void
require(int truth)
{
	if (!truth)
		abort();
}

static void
open_described(struct bad *bad, const char *bytes, size_t size)
{
	struct source_spec spec = {
		.path = path, .path_count = 1,
		.description = bytes, .description_size = size,
	};
	struct err err = ERR_INIT;
	struct buf again = { 0 };
	struct source *source = source_open(&spec, bad, &err);

	if (source == NULL) {
		require(err.kind == ERR_IO);
		return;
	}
	source_describe(source, &again);
	require(again.size == size && memcmp(again.bytes, bytes, size) == 0);
	buf_fini(&again);
	source_close(&source);
}

static void
load_position(struct bad *bad, const char *bytes, size_t size)
{
	static const char *const memory[] = { "/dev/null" };
	struct source_spec spec = {
		.path = memory, .path_count = 1,
		.format = format_find("lines", 5),
	};
	struct need need = { .all = 1 };
	struct err err = ERR_INIT;
	struct source *source = source_open(&spec, bad, &err);

	require(source != NULL);
	struct source_run *run = source_run_new(source, 0, 1, &need, bad);
	require(source_run_load(run, bytes, size, &err) == 0 ||
	    err.kind == ERR_IO);
	source_run_free(&run);
	source_close(&source);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct err err = ERR_INIT;

	if (size == 0)
		return 0;
	struct bad *bad = bad_new(BAD_SKIP, NULL, &err);
	char *text = mem_alloc(size);
	memcpy(text, bytes + 1, size - 1);
	if (bytes[0] % 2 == 0)
		open_described(bad, text, size - 1);
	else
		load_position(bad, text, size - 1);
	mem_free(text);
	return bad_close(&bad, &err);
}
