/*
 * Readers that are interrupted: an input that has nothing for now, at any byte,
 * and a job that stops and goes on with another reader.  What comes out must be
 * what a reader gives that is left alone, to the lines of bad records.
 */
#include <criterion/criterion.h>

#include "../unit/rounds.h"
#include "../unit/text_dialects.h"

/* Places where documents are cut, in all. */
#define CUTS 1000000

static uint64_t cut_count;

static void
try_dialect(const struct dialect *dialect, uint64_t seed)
{
	char bytes[BYTES_MAX + 100];
	uint64_t state = seed * 977 + 5;
	struct rig rig;

	rig_init(&rig, dialect->format);
	draw_options(&rig, &state);
	size_t size = draw_document(dialect, &state, bytes);
	struct buf whole = rig_run(&rig, bytes, size);
	for (unsigned i = 0; i < 6; i++) {
		rig.chunk_bytes = 1 + rig_draw(&state, 64);
		rig.unrest = state | 1;
		struct buf pieces = rig_run(&rig, bytes, size);
		cr_assert(strcmp(whole.bytes, pieces.bytes) == 0,
		    "%s, seed %llu, chunks of %u:\n%.*s\n--- whole\n%s"
		    "--- pieces\n%s", dialect->format,
		    (unsigned long long)seed, rig.chunk_bytes, (int)size,
		    bytes, whole.bytes, pieces.bytes);
		buf_fini(&pieces);
	}
	buf_fini(&whole);
	cut_count += rig.cut_count;
}

Test(reader_seek, goes_on_where_it_was_left)
{
	for (uint64_t seed = 1; cut_count < rounds(CUTS); seed++)
		for (size_t i = 0; i < DIALECT_COUNT; i++)
			try_dialect(&dialects[i], seed);
}

Test(reader_seek, one_row_a_batch)
{
	setenv("SFLOW_BATCH_ROWS", "1", 1);
	for (uint64_t seed = 1; seed <= 60; seed++)
		for (size_t i = 0; i < DIALECT_COUNT; i++)
			try_dialect(&dialects[i], seed);
}
