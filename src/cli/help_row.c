/*
 * Rows of two columns for help texts.
 */
#include "cli/help_row.h"

#include <string.h>

#include "util/buf.h"

#define HELP_COLUMNS 79

static void
help_pad(struct buf *out, unsigned count)
{
	while (count-- > 0)
		buf_add_char(out, ' ');
}

void
help_add_row(struct buf *out, const char *head, unsigned column,
	const char *text)
{
	unsigned at = 2 + (unsigned)strlen(head);

	help_pad(out, 2);
	buf_add_string(out, head);
	if (at + 2 > column) {
		buf_add_char(out, '\n');
		at = 0;
	}
	help_pad(out, column - at);
	at = column;
	while (*text != '\0') {
		unsigned word = (unsigned)strcspn(text, " ");
		if (at > column && at + 1 + word > HELP_COLUMNS) {
			buf_add_char(out, '\n');
			help_pad(out, column);
			at = column;
		}
		if (at > column) {
			buf_add_char(out, ' ');
			at++;
		}
		buf_add(out, text, word);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
	buf_add_char(out, '\n');
}
