#include "state/manifest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "util/buf.h"
#include "util/err.h"
#include "util/hash.h"

/* The text with its last line. */
static void
with_end(const char *text, struct buf *out)
{
	out->size = 0;
	buf_add_string(out, text);
	buf_add_format(out, "end %016llx\n",
	    (unsigned long long)hash_bytes(out->bytes, out->size));
}

Test(manifest, there_and_back)
{
	struct manifest *manifest = manifest_new(), *copy;
	struct buf text = { 0 }, again = { 0 };
	struct err err = ERR_INIT;
	char all[256];

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	manifest->generation = UINT64_MAX;
	manifest->number = 17;
	strcpy(manifest->version, "1.2 +x%");
	manifest->fingerprint = 0xfedcba9876543210u;
	manifest->is_finished = 1;
	manifest_set(manifest, "hosts", "one");
	manifest_set(manifest, "empty", "");
	manifest_set(manifest, "hosts", all);
	for (unsigned i = 0; i < 5; i++) {
		struct part part = { .generation = i, .number = i * 2,
		    .bytes = i * 1000, .checksum = ~(uint64_t)i };
		snprintf(part.name, sizeof(part.name), "op-%u", i);
		manifest_add_part(manifest, &part);
	}
	manifest_print(manifest, &text);
	cr_assert(manifest_read(text.bytes, text.size, "m", &copy, &err) ==
	    MANIFEST_WHOLE, "%s", err.message);
	manifest_print(copy, &again);
	cr_assert(text.size == again.size &&
	    memcmp(text.bytes, again.bytes, text.size) == 0);
	cr_assert_str_eq(manifest_get(copy, "hosts"), all);
	cr_assert_str_eq(manifest_get(copy, "empty"), "");
	cr_assert_null(manifest_get(copy, "none"));
	cr_assert(manifest_part(copy, "op-3")->bytes == 3000);
	cr_assert_null(manifest_part(copy, "op-5"));
	cr_assert(copy->value_count == 2);
	manifest_free(&manifest);
	manifest_free(&copy);
	manifest_free(&copy);
	buf_fini(&text);
	buf_fini(&again);
}

#define HEAD "sflow-checkpoint 1\nversion 1\ngeneration 1\nnumber 2\n" \
	"fingerprint 00000000000000aa\nfinished 0\n"

Test(manifest, what_is_none)
{
	static const char *const wrong[] = {
		"", "sflow", "sflow-claim 1\n", "sflow-checkpoint 1\n",
		HEAD "part\n", HEAD "part a 1 2 3\n", HEAD "part / 1 2 3 4\n",
		HEAD "part a 1 2 3 4 5\n", HEAD "part a 1 2 3 g\n",
		HEAD "part a 99999999999999999999 2 3 4\n",
		HEAD "value\n", HEAD "value a\n", HEAD "value a b%\n",
		HEAD "value a %00\n", HEAD "value a %4\n", HEAD "other\n",
		HEAD "\n", HEAD "part a 1 2 3 4",
	};
	struct buf text = { 0 };
	struct manifest *manifest;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct err err = ERR_INIT;
		with_end(wrong[i], &text);
		cr_assert(manifest_read(text.bytes, text.size, "m", &manifest,
		    &err) == MANIFEST_DAMAGED, "%s", wrong[i]);
		cr_assert_str_eq(err.message, "m is damaged: it is no "
		    "manifest");
		cr_assert_null(manifest);
	}
	with_end(HEAD, &text);
	struct err err = ERR_INIT;
	cr_assert(manifest_read(text.bytes, text.size, "m", &manifest, &err) ==
	    MANIFEST_WHOLE);
	manifest_free(&manifest);
	with_end("sflow-checkpoint 2\nwho knows\n", &text);
	cr_assert(manifest_read(text.bytes, text.size, "m", &manifest, &err) ==
	    MANIFEST_FOREIGN);
	cr_assert_str_eq(err.message, "m was written by another version of "
	    "sflow: this one reads format 1");
	buf_fini(&text);
}
