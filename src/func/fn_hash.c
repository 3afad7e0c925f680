/*
 * Hashes: a fast one of any values (XXH3), a checksum, and the digests that
 * other programs know, as hexadecimal digits.
 */
#include "func/kernel.h"

#include <md5.h>
#include <sha1.h>
#include <sha2.h>

#include "util/hash.h"

FUNC_TYPE(int_of_any, TYPE_INT, "*")
FUNC_TYPE(int_of_text, TYPE_INT, "t")
FUNC_TYPE(text_of_text, TYPE_TEXT, "t")

/* Stand for a null among several values. */
#define NULL_HASH 0x6e756c6cu

/*
 * Of one value the XXH3 of its text; further ones are mixed in, in order.  A
 * number and the text that shows it hash alike, as they do in keys.
 */
static int
hash_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	int64_t *target = kernel_out(call, TYPE_INT, count, out);

	for (unsigned a = 0; a < arg_count; a++) {
		struct column texts;
		int is_null = arg[a].type == TYPE_NULL ||
		    arg[a].type == TYPE_MISSING;
		if (!is_null)
			column_texts(&arg[a], NULL, count, call->region,
			    &texts);
		for (uint32_t i = 0; i < count; i++) {
			uint64_t hash = NULL_HASH;
			if (!is_null && column_row_is_valid(&texts, i)) {
				struct text text = arg_text(&texts, i);
				hash = hash_bytes(text_bytes(&text), text.size);
			}
			if (a > 0)
				hash = hash_mix((uint64_t)target[i], hash);
			target[i] = (int64_t)hash;
		}
	}
	return 0;
}

const struct func_def func_hash = {
	.name = "hash",
	.group = "hash",
	.signature = "hash(x, ...)",
	.summary = "an int made of all the values (XXH3 of 64 bits), the same "
	    "in every run",
	.example = "hash(\"sflow\", 1)",
	.result = "-1677727464786837072",
	.arg_min = 1,
	.arg_max = FUNC_ARGS_MAX,
	.flags = FUNC_NULLS,
	.want = WANT_ALL(FUNC_ANY),
	.type = int_of_any,
	.eval = hash_eval,
};

/* A digest writes its bytes and returns how many. */
#define DIGEST_BYTES_MAX 64
typedef size_t digest_f(const char *bytes, size_t size, uint8_t *out);

static int
digest_eval(struct func_call *call, const struct column *arg, uint32_t count,
	digest_f *digest, struct column *out)
{
	struct column in[1];
	struct writer writer;
	uint8_t bytes[DIGEST_BYTES_MAX];

	if (kernel_take(call, "t", arg, 1, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		size_t size = digest(text_bytes(&text), text.size, bytes);
		char *at = writer_room(&writer, size * 2);
		for (size_t k = 0; k < size; k++) {
			at[2 * k] = "0123456789abcdef"[bytes[k] >> 4];
			at[2 * k + 1] = "0123456789abcdef"[bytes[k] & 15];
		}
		writer_put(&writer, i, size * 2);
	}
	return 0;
}

static size_t
md5_bytes(const char *bytes, size_t size, uint8_t *out)
{
	MD5_CTX context;

	MD5Init(&context);
	MD5Update(&context, (const uint8_t *)bytes, size);
	MD5Final(out, &context);
	return MD5_DIGEST_LENGTH;
}

static size_t
sha1_bytes(const char *bytes, size_t size, uint8_t *out)
{
	SHA1_CTX context;

	SHA1Init(&context);
	SHA1Update(&context, (const uint8_t *)bytes, size);
	SHA1Final(out, &context);
	return SHA1_DIGEST_LENGTH;
}

static size_t
sha256_bytes(const char *bytes, size_t size, uint8_t *out)
{
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)bytes, size);
	SHA256Final(out, &context);
	return SHA256_DIGEST_LENGTH;
}

static size_t
sha512_bytes(const char *bytes, size_t size, uint8_t *out)
{
	SHA2_CTX context;

	SHA512Init(&context);
	SHA512Update(&context, (const uint8_t *)bytes, size);
	SHA512Final(out, &context);
	return SHA512_DIGEST_LENGTH;
}

/* The kernel symbol_eval, of symbol_bytes. */
#define DIGEST_EVAL(symbol) \
static int \
symbol##_eval(struct func_call *call, const struct column *arg, \
	unsigned arg_count, uint32_t count, struct column *out) \
{ \
	(void)arg_count; \
	return digest_eval(call, arg, count, symbol##_bytes, out); \
}

/* What the definitions have in common. */
#define DIGEST_SLOTS(symbol) \
	.name = #symbol, \
	.group = "hash", \
	.signature = #symbol "(text)", \
	.arg_min = 1, \
	.arg_max = 1, \
	.want = WANT_ALL(FUNC_TEXT), \
	.type = text_of_text, \
	.eval = symbol##_eval

DIGEST_EVAL(md5)

const struct func_def func_md5 = {
	DIGEST_SLOTS(md5),
	.summary = "the MD5 digest of the bytes, in hexadecimal digits",
	.example = "md5(\"abc\")",
	.result = "900150983cd24fb0d6963f7d28e17f72",
};

DIGEST_EVAL(sha1)

const struct func_def func_sha1 = {
	DIGEST_SLOTS(sha1),
	.summary = "the SHA-1 digest of the bytes, in hexadecimal digits",
	.example = "sha1(\"abc\")",
	.result = "a9993e364706816aba3e25717850c26c9cd0d89d",
};

DIGEST_EVAL(sha256)

const struct func_def func_sha256 = {
	DIGEST_SLOTS(sha256),
	.summary = "the SHA-256 digest of the bytes, in hexadecimal digits",
	.example = "sha256(\"abc\")",
	.result =
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
};

DIGEST_EVAL(sha512)

const struct func_def func_sha512 = {
	DIGEST_SLOTS(sha512),
	.summary = "the SHA-512 digest of the bytes, in hexadecimal digits",
	.example = "sha512(\"abc\")",
	.result =
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

/*
 * CRC-32 as gzip and zip have it.  The table is linear: entry i is the sum of
 * the entries of its bits, and those of single bits are the constants here.
 */
#define CRC_BIT(i, bit, value) (((i) >> (bit) & 1) * (value))
#define CRC(i) (CRC_BIT(i, 0, 0x77073096u) ^ CRC_BIT(i, 1, 0xee0e612cu) ^ \
	CRC_BIT(i, 2, 0x076dc419u) ^ CRC_BIT(i, 3, 0x0edb8832u) ^ \
	CRC_BIT(i, 4, 0x1db71064u) ^ CRC_BIT(i, 5, 0x3b6e20c8u) ^ \
	CRC_BIT(i, 6, 0x76dc4190u) ^ CRC_BIT(i, 7, 0xedb88320u))
#define CRC_4(i) CRC(i), CRC((i) + 1), CRC((i) + 2), CRC((i) + 3)
#define CRC_16(i) CRC_4(i), CRC_4((i) + 4), CRC_4((i) + 8), CRC_4((i) + 12)
#define CRC_64(i) CRC_16(i), CRC_16((i) + 16), CRC_16((i) + 32), \
	CRC_16((i) + 48)

static const uint32_t crc_table[256] = {
	CRC_64(0u), CRC_64(64u), CRC_64(128u), CRC_64(192u),
};

static int
crc32_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		const char *bytes = text_bytes(&text);
		uint32_t crc = UINT32_MAX;
		for (size_t k = 0; k < text.size; k++)
			crc = crc_table[(crc ^ (uint8_t)bytes[k]) & 255] ^
			    crc >> 8;
		target[i] = (int64_t)(crc ^ UINT32_MAX);
	}
	return 0;
}

const struct func_def func_crc32 = {
	.name = "crc32",
	.group = "hash",
	.signature = "crc32(text)",
	.summary = "the CRC-32 checksum of the bytes, as gzip has it",
	.example = "crc32(\"123456789\")",
	.result = "3421780262",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = int_of_text,
	.eval = crc32_eval,
};
