/*
 * Random numbers, from the system by way of env, a batch's worth at a time.
 */
#include "func/kernel.h"

#include "util/bits.h"
#include "util/env.h"

FUNC_TYPE(float_of_nothing, TYPE_FLOAT, "*")
FUNC_TYPE(int_of_ints, TYPE_INT, "i")
FUNC_TYPE(text_of_nothing, TYPE_TEXT, "*")

static uint64_t *
random_words(struct func_call *call, uint32_t count)
{
	uint64_t *words = region_alloc(call->region, count * sizeof(*words));

	env->random(words, count * sizeof(*words));
	return words;
}

static int
random_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	const uint64_t *words = random_words(call, count);
	double *target = kernel_out(call, TYPE_FLOAT, count, out);

	(void)arg;
	(void)arg_count;
	for (uint32_t i = 0; i < count; i++)
		target[i] = (double)(words[i] >> 11) * 0x1p-53;
	return 0;
}

const struct func_def func_random = {
	.name = "random",
	.group = "math",
	.signature = "random()",
	.summary = "a random number from 0 to below 1",
	.example = "random()",
	.flags = FUNC_VOLATILE,
	.want = WANT_ALL(FUNC_ANY),
	.type = float_of_nothing,
	.eval = random_eval,
};

static int
random_int_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];

	if (kernel_take(call, "i", arg, arg_count, count, in) != 0)
		return -1;
	const uint64_t *words = random_words(call, count);
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		int64_t low = arg_int(&in[0], i);
		int64_t high = arg_int(&in[1], i);
		/* 0 for all 2^64; the product's bias is below 2^-64 * span. */
		uint64_t span = (uint64_t)high - (uint64_t)low + 1;
		uint64_t step = span == 0 ? words[i] :
		    (uint64_t)((__uint128_t)words[i] * span >> 64);
		target[i] = (int64_t)((uint64_t)low + step);
		if (low > high)
			func_reject(call, i,
			    "random_int(%lld, %lld) is an empty range",
			    (long long)low, (long long)high);
	}
	return 0;
}

const struct func_def func_random_int = {
	.name = "random_int",
	.group = "math",
	.signature = "random_int(low, high)",
	.summary = "a random int, at least `low` and at most `high`",
	.example = "random_int(1, 6)",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_VOLATILE,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = int_of_ints,
	.eval = random_int_eval,
};

#define UUID_BYTES 16
#define UUID_TEXT_BYTES 36

/* 8-4-4-4-12 digits, version 4. */
static void
uuid_write(unsigned char *bytes, char *at)
{
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (unsigned i = 0; i < UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = "0123456789abcdef"[bytes[i] >> 4];
		*at++ = "0123456789abcdef"[bytes[i] & 15];
	}
}

static int
uuid_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	unsigned char *bytes =
	    region_alloc(call->region, (size_t)count * UUID_BYTES);
	struct writer writer;

	(void)arg;
	(void)arg_count;
	env->random(bytes, (size_t)count * UUID_BYTES);
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		uuid_write(bytes + (size_t)i * UUID_BYTES,
		    writer_room(&writer, UUID_TEXT_BYTES));
		writer_put(&writer, i, UUID_TEXT_BYTES);
	}
	return 0;
}

const struct func_def func_uuid = {
	.name = "uuid",
	.group = "hash",
	.signature = "uuid()",
	.summary = "a random UUID of version 4",
	.example = "uuid()",
	.flags = FUNC_VOLATILE,
	.want = WANT_ALL(FUNC_ANY),
	.type = text_of_nothing,
	.eval = uuid_eval,
};
