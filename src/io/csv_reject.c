/*
 * Records that are refused.  They are found while a batch is made, some by
 * their shape, some by the value of one field, so they are kept until it is
 * done and reported in the order of the input.  Lines are counted only here:
 * from the section's start, whose line is known, over what lies between.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/bad.h"
#include "io/csv_priv.h"
#include "util/mem.h"

#define REASON_BYTES_MAX 256

void
csv_reject(struct csv_reader *r, uint32_t start, uint32_t end, uint32_t fault,
	const char *format, ...)
{
	struct csv_rejects *rejects = &r->rejects;
	char reason[REASON_BYTES_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	if (rejects->count == rejects->capacity) {
		rejects->capacity = rejects->capacity * 2 + 16;
		rejects->list = mem_resize(rejects->list,
		    rejects->capacity * sizeof(*rejects->list));
	}
	rejects->list[rejects->count++] = (struct csv_reject){
		.start = start, .end = end, .fault = fault,
		.reason = region_copy(r->scratch, reason, strlen(reason) + 1),
	};
}

static int
compare_starts(const void *a, const void *b)
{
	uint32_t x = ((const struct csv_reject *)a)->start;
	uint32_t y = ((const struct csv_reject *)b)->start;

	return x < y ? -1 : x > y;
}

/* The start of the line that `at` lies on, not before `start`. */
static uint32_t
line_start(const char *base, uint32_t start, uint32_t at)
{
	while (at > start && base[at - 1] != '\n')
		at--;
	return at;
}

static int
report(struct csv_reader *r, const struct csv_reject *reject, uint64_t line,
	struct err *err)
{
	const char *base = r->base;
	uint32_t start = reject->start;
	uint32_t end = reject->end;
	uint32_t fault_line = line_start(base, start, reject->fault);

	while (end > start && (base[end - 1] == '\n' || base[end - 1] == '\r'))
		end--;
	if (end - start > CSV_REJECT_TEXT_MAX)
		end = start + CSV_REJECT_TEXT_MAX;
	struct bad_record record = {
		.path = r->origin == NULL ? NULL : r->origin->path,
		.line = line + csv_count_lines(base + start,
		    fault_line - start),
		.column = reject->fault - fault_line + 1,
		.reason = reject->reason,
		.text = base + start,
		.text_size = end - start,
		.text_line = line,
	};
	return bad_report(r->bad, &record, err);
}

int
csv_rejects_report(struct csv_reader *r, uint32_t start, uint32_t *count,
	uint32_t *stopped_at, struct err *err)
{
	struct csv_rejects *rejects = &r->rejects;
	uint64_t line = r->line;
	int result = 0;
	uint32_t i;

	if (rejects->count > 1)
		qsort(rejects->list, rejects->count, sizeof(*rejects->list),
		    compare_starts);
	for (i = 0; i < rejects->count && result == 0; i++) {
		const struct csv_reject *reject = &rejects->list[i];
		line += csv_count_lines(r->base + start, reject->start - start);
		start = reject->start;
		result = report(r, reject, line, err);
		if (result != 0)
			*stopped_at = start;
	}
	*count = i;
	if (rejects->count > 0) {
		rejects->count = 0;
		region_reset(r->scratch);
	}
	return result;
}
