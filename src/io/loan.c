/*
 * Lent memory.  The ring keeps one reference to each of the last few blocks;
 * a block whose region has no other holder has come back.  When all are out,
 * a new block takes the place of the oldest, which then dies with its holders.
 *
 *	loan_take -> fill, lend (region_hold per batch) -> loan_return
 *
 * With the address sanitizer and in hostile builds nothing is used twice, so
 * that a use after the batch has gone is seen.
 */
#include "io/loan.h"

#include <string.h>

#include "util/bits.h"
#include "util/mem.h"

#define LOAN_ALIGN 64

#if defined(__SANITIZE_ADDRESS__) || defined(SFLOW_HOSTILE)
#define LOAN_AGAIN 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOAN_AGAIN 0
#endif
#endif
#ifndef LOAN_AGAIN
#define LOAN_AGAIN 1
#endif

/* A kept block that is big enough, and not so big that it is wasted. */
static int
loan_fits(const struct loan *loan, size_t bytes)
{
	return loan->region != NULL && loan->capacity >= bytes &&
	    loan->capacity / 4 <= bytes && region_is_sole(loan->region);
}

struct loan
loan_take(struct loans *loans, size_t bytes)
{
	struct loan loan;

	for (uint32_t i = 0; LOAN_AGAIN && i < LOANS_KEPT; i++) {
		if (loan_fits(&loans->kept[i], bytes)) {
			loan = loans->kept[i];
			memset(&loans->kept[i], 0, sizeof(loan));
			return loan;
		}
	}
	loan.region = region_new();
	loan.bytes = region_alloc(loan.region, bytes + LOAN_ALIGN);
	loan.bytes = (char *)bits_round_up((size_t)loan.bytes, LOAN_ALIGN);
	loan.capacity = bytes;
	return loan;
}

void
loan_return(struct loans *loans, struct loan *loan)
{
	if (loan->region == NULL)
		return;
	if (!LOAN_AGAIN || loan->capacity > LOAN_BYTES_KEPT) {
		region_drop(&loan->region);
		return;
	}
	struct loan *place = &loans->kept[loans->next++ % LOANS_KEPT];
	for (uint32_t i = 0; i < LOANS_KEPT; i++)
		if (loans->kept[i].region == NULL)
			place = &loans->kept[i];
	region_drop(&place->region);
	*place = *loan;
	memset(loan, 0, sizeof(*loan));
}

void
loans_fini(struct loans *loans)
{
	for (uint32_t i = 0; i < LOANS_KEPT; i++)
		region_drop(&loans->kept[i].region);
	memset(loans, 0, sizeof(*loans));
}
