/*
 * The registry of scalar functions, and the reasons why rows could not be
 * computed.
 */
#include "func/func.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "data/batch.h"
#include "util/bits.h"
#include "util/mem.h"

#define FUNC(symbol) extern const struct func_def func_##symbol;
#include "func/func_table.h"
#undef FUNC

static const struct func_def *const all_functions[] = {
#define FUNC(symbol) &func_##symbol,
#include "func/func_table.h"
#undef FUNC
};

#define FUNCTION_COUNT (sizeof(all_functions) / sizeof(all_functions[0]))

/* A reason is a sentence for one line; what is longer is cut. */
#define REASON_BYTES_MAX 256

const struct func_def *
func_find(const char *name, size_t size)
{
	for (size_t i = 0; i < FUNCTION_COUNT; i++) {
		const char *candidate = all_functions[i]->name;
		if (strlen(candidate) == size &&
		    memcmp(candidate, name, size) == 0)
			return all_functions[i];
	}
	return NULL;
}

const struct func_def *const *
func_all(size_t *count)
{
	*count = FUNCTION_COUNT;
	return all_functions;
}

void
rejects_add(struct rejects *rejects, uint32_t row, const char *reason)
{
	if (rejects->bits == NULL) {
		rejects->bits = region_alloc_zero(rejects->region,
		    BATCH_ROWS_MAX / 8);
		rejects->reason = region_alloc(rejects->region,
		    BATCH_ROWS_MAX * sizeof(*rejects->reason));
	}
	if (bits_get(rejects->bits, row))
		return;
	bits_set(rejects->bits, row);
	rejects->reason[row] = reason;
	rejects->count++;
}

void
func_reject(struct func_call *call, uint32_t i, const char *format, ...)
{
	char reason[REASON_BYTES_MAX];
	va_list args;

	if (call->live != NULL && !bits_get(call->live, i))
		return;
	uint32_t row = call->row == NULL ? i : call->row[i];
	if (rejects_has(call->rejects, row))
		return;
	if (call->rejects->quiet) {
		rejects_add(call->rejects, row, "");
		return;
	}
	va_start(args, format);
	int size = vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (size < 0)
		size = 0;
	if (size >= (int)sizeof(reason))
		size = (int)sizeof(reason) - 1;
	reason[size] = '\0';
	rejects_add(call->rejects, row,
	    region_copy(call->rejects->region, reason, (size_t)size + 1));
}
