#ifndef SFLOW_TESTS_DIFFERENTIAL_CASE_H
#define SFLOW_TESTS_DIFFERENTIAL_CASE_H

/*
 * The kinds of cases.  Each makes a folder of files:
 *
 *	command		shell text that runs $SFLOW over files of the folder
 *	piped		the same, with the main input from a pipe
 *	peer		shell text that prints what another tool answers
 *	compare		how the two answers are compared: see compare.h
 *
 * and the files that these read.
 */
void case_relational(void);	/* stages against sqlite3 */
void case_document(void);	/* nested JSON against jq */
void case_lines(void);		/* text against awk, sort, join, ... */

/* The text as one word of a shell. */
char *say_shell(const char *text);

/*
 * Write command and piped.  `options` stand before the program, which is
 * `rest` behind from SOURCE; `piped_source` is the source for the pipe, and
 * `file` what is piped.
 */
void case_commands(const char *options, const char *source,
	const char *piped_source, const char *file, const char *rest);

#endif
