#ifndef SFLOW_TESTS_DIFFERENTIAL_COMPARE_H
#define SFLOW_TESTS_DIFFERENTIAL_COMPARE_H

/*
 * Compare sflow's output `ours`, in a format (csv, "csv;" where a semicolon is
 * the delimiter, tsv, jsonl), with what sqlite3 printed in its ascii mode with
 * headers and \N as null.  Returns 0 if they are the same, else 1 and says
 * where they part.
 *
 * Fields are the same if their bytes are; with a name like x1 also if both are
 * numbers that differ by nothing but rounding.  In TSV an empty text is null.
 */
int compare_tables(const char *format, const char *ours, const char *theirs);

#endif
