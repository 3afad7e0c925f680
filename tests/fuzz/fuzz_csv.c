/*
 * CSV, TSV, lines and logs.  The first byte chooses the format and its options,
 * the second the size of chunks and which fields are needed; the rest is read,
 * once in one chunk, once in many, and once by readers that wait and are given
 * up, which must tell the same, and written as csv.
 */
#include <stdint.h>

#include "../unit/csv_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
choose(struct rig *rig, uint8_t way)
{
	static const char *const formats[] = {
		"csv", "csv", "csv", "tsv", "lines", "clf", "combined", "csv",
	};
	static const char *const ragged[] = { "error", "fill", "loose" };

	rig_init(rig, formats[way & 7]);
	rig->policy = way & 8 ? BAD_STOP : BAD_SKIP;
	if ((way & 7) > 3 && (way & 7) < 7)
		return;
	rig_text(rig, "ragged", TYPE_TEXT, ragged[(way >> 4) % 3]);
	rig->without_record = (way >> 4) % 3 != 0;
	rig_bool(rig, "header", way >> 6 & 1);
	if ((way & 7) == 1) {
		rig_text(rig, "comment", TYPE_TEXT, "#");
		rig_bool(rig, "trailing", way >> 7);
	} else if ((way & 7) == 2) {
		rig_int(rig, "max_field", 20);
		rig_int(rig, "max_record", 100);
		rig_bool(rig, "text", way >> 7);
	} else if ((way & 7) == 7) {
		rig_bool(rig, "quote", way >> 7);
		rig_text(rig, "delim", TYPE_TEXT, "|");
	}
}

/* Of odd sizes one field is needed, and told of. */
static void
choose_need(struct rig *rig, uint8_t chunk)
{
	static const char *const names[] = { "1", "3", "a", "status" };

	if (chunk % 2 == 0)
		return;
	rig->only = names[chunk / 2 % 4];
	rig->need.all = 0;
	rig->need.name = &rig->only;
	rig->need.name_count = 1;
}

/* Where they differ, "bad" tells it. */
static void
must_equal(const struct buf *a, const struct buf *b)
{
	if (a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0)
		return;
	fprintf(stderr, "--- whole:\n%s--- in chunks:\n%s", a->bytes, b->bytes);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct rig rig;

	if (size < 2)
		return 0;
	choose(&rig, bytes[0]);
	choose_need(&rig, bytes[1]);
	unsigned chunk_bytes = 1 + bytes[1];
	struct buf whole = rig_run(&rig, bytes + 2, size - 2);
	rig.chunk_bytes = chunk_bytes;
	struct buf parts = rig_run(&rig, bytes + 2, size - 2);
	must_equal(&whole, &parts);
	buf_fini(&parts);
	rig.unrest = ((uint64_t)size << 8) + chunk_bytes;
	parts = rig_run(&rig, bytes + 2, size - 2);
	must_equal(&whole, &parts);
	rig.unrest = 0;
	buf_fini(&whole);
	buf_fini(&parts);

	char *text = mem_alloc(size);
	memcpy(text, bytes + 2, size - 2);
	text[size - 2] = '\0';
	struct buf written = rig_convert(&rig, text, "csv", NULL, 0);
	buf_fini(&written);
	written = rig_convert(&rig, text, "table", NULL, 0);
	buf_fini(&written);
	mem_free(text);
	return 0;
}
