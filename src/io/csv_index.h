#ifndef SFLOW_IO_CSV_INDEX_H
#define SFLOW_IO_CSV_INDEX_H

#include <stdint.h>

#include "util/cpu.h"

/*
 * The separator index: positions of all delimiters and line ends that stand
 * outside quotes.  One struct is a scan in progress; zero-initialise, set the
 * upper part, call the kernel, change `at` or `limit`, call again.
 */
struct csv_scan {
	const char *base;	/* positions count from here */
	uint32_t *index;	/* room for limit + CSV_INDEX_SLACK entries */
	uint32_t end;		/* bytes up to here; 64 more may be read */
	uint32_t limit;		/* stop when `count` has reached this */
	char delimiter;		/* '\n': line ends only */
	int quotes;		/* '"' quotes; else it is a byte like others */

	uint32_t start;		/* a row starts here: csv_scan_restart() */
	uint32_t at;		/* first byte that is not scanned */
	uint32_t count;		/* entries of index */
	uint32_t newline_count;	/* line ends among them */
	int quoted_newline;	/* some line ends stood inside of quotes */
	/* The 64 bytes at `at` hold a quote where none may stand.  They, and
	 * nothing behind them, are not indexed. */
	int illegal;
	/* State at `at`: all ones inside of quotes, else 0; did the byte
	 * before close a quote, or was it a '\r' behind such a one? */
	uint64_t inside;
	uint64_t close_before;
	uint64_t cr_before;
};

/* A kernel may write this many entries behind the limit. */
#define CSV_INDEX_SLACK 640

typedef void csv_index_f(struct csv_scan *);

/* The kernel of this machine. */
void csv_index(struct csv_scan *);
/* The kernel of a tier, for tests; NULL if this machine cannot run it. */
csv_index_f *csv_index_of_tier(enum cpu_tier, int quotes);
/* Go on with a row that starts at `start`. */
static inline void
csv_scan_restart(struct csv_scan *scan, uint32_t start)
{
	scan->start = start;
	scan->at = start;
	scan->illegal = 0;
	scan->inside = 0;
	scan->close_before = 0;
	scan->cr_before = 0;
}

/* Line ends in a range of bytes, in quotes or not. */
uint64_t csv_count_lines(const char *bytes, uint64_t size);

#endif
