#ifndef SFLOW_CLI_HELP_ROW_H
#define SFLOW_CLI_HELP_ROW_H

struct buf;

/*
 * Append "  head    text", the text from column `column` on, wrapped before
 * column 80; a head that is too long has the text on the next line.
 */
void help_add_row(struct buf *, const char *head, unsigned column,
	const char *text);

#endif
