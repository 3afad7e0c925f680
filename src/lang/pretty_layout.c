/*
 * Where lines end.  The printers write a program once, with marks; here they
 * become spaces (the one-line form) or line ends (the wide form).  A group is
 * put on one line if it and what follows up to the next possible line end fit
 * into 79 columns; otherwise all its own breaks are line ends and the groups in
 * it are looked at one by one.  Looking ahead stops where the line is full, so
 * the work is linear.
 */
#include "lang/letter.h"
#include "lang/pretty_priv.h"

#include <string.h>

#define COLUMNS 79
#define INDENT_COLUMNS 4

void
pretty_mark(struct pretty *pretty, enum pretty_mark mark)
{
	if (pretty->wide && pretty->flat == 0)
		buf_add_char(&pretty->text, (char)mark);
	else if (mark == MARK_BREAK || mark == MARK_HARD)
		buf_add_char(&pretty->text, ' ');
}

void
pretty_text(struct pretty *pretty, const char *string)
{
	buf_add_string(&pretty->text, string);
}

/* The next comment, if it begins before `limit`. */
static const struct ast_comment *
next_comment(const struct pretty *pretty, uint32_t limit)
{
	const struct ast_program *program = pretty->program;

	if (!pretty->wide || pretty->flat > 0 || program == NULL ||
	    pretty->comment_next >= program->comment_count)
		return NULL;
	const struct ast_comment *comment =
	    &program->comment[pretty->comment_next];
	return comment->span.offset < limit ? comment : NULL;
}

static void
add_comment(struct pretty *pretty, const struct ast_comment *comment)
{
	pretty_mark(pretty, MARK_COMMENT);
	buf_add(&pretty->text, pretty->program->source + comment->span.offset,
	    comment->span.bytes);
	pretty->comment_next++;
}

void
pretty_trailing(struct pretty *pretty, uint32_t limit)
{
	const struct ast_comment *comment = next_comment(pretty, limit);

	if (comment == NULL || comment->own_line)
		return;
	buf_add_char(&pretty->text, ' ');
	add_comment(pretty, comment);
}

void
pretty_comments(struct pretty *pretty, uint32_t limit)
{
	const struct ast_comment *comment;

	while ((comment = next_comment(pretty, limit)) != NULL) {
		add_comment(pretty, comment);
		pretty_mark(pretty, MARK_HARD);
	}
}

/* The place in the output. */
struct layout {
	struct buf *result;
	size_t column;
	size_t indent;
	uint32_t flat_groups;	/* open groups that are on one line */
	int at_start;		/* the line is empty, its indent not written */
};

/*
 * Does the group whose content begins at bytes[0..size) fit, with what follows
 * it, into `columns`?
 */
static int
fits(const char *bytes, size_t size, size_t columns)
{
	size_t width = 0;
	int depth = 1;

	for (size_t i = 0; i < size && width <= columns; i++) {
		switch ((unsigned char)bytes[i]) {
		case MARK_OPEN:
			depth += depth > 0;
			break;
		case MARK_CLOSE:
			depth -= depth > 0;
			break;
		case MARK_IN: case MARK_OUT:
			break;
		case MARK_BREAK: case MARK_SOFT:
			if (depth == 0)
				return 1;
			width += bytes[i] == MARK_BREAK;
			break;
		case MARK_HARD: case MARK_COMMENT:
			return depth == 0;
		default:
			/* Count the first byte of each character. */
			width += ((unsigned char)bytes[i] & 0xc0) != 0x80;
			break;
		}
	}
	return width <= columns;
}

static void
end_line(struct layout *layout)
{
	buf_add_char(layout->result, '\n');
	layout->column = 0;
	layout->at_start = 1;
}

static void
add_byte(struct layout *layout, char c)
{
	if (layout->at_start) {
		for (size_t i = 0; i < layout->indent; i++)
			buf_add_char(layout->result, ' ');
		layout->column = layout->indent;
		layout->at_start = 0;
	}
	buf_add_char(layout->result, c);
	layout->column += ((unsigned char)c & 0xc0) != 0x80;
}

/* Where the text at the place would begin. */
static size_t
start_column(const struct layout *layout)
{
	return layout->at_start ? layout->indent : layout->column;
}

static void
carry_out(struct layout *layout, const char *bytes, size_t left)
{
	switch ((enum pretty_mark)bytes[0]) {
	case MARK_OPEN:
		if (layout->flat_groups > 0)
			layout->flat_groups++;
		else if (start_column(layout) < COLUMNS && fits(bytes + 1,
		    left - 1, COLUMNS - start_column(layout)))
			layout->flat_groups = 1;
		break;
	case MARK_CLOSE:
		if (layout->flat_groups > 0)
			layout->flat_groups--;
		break;
	case MARK_IN:
		layout->indent += INDENT_COLUMNS;
		break;
	case MARK_OUT:
		layout->indent -= INDENT_COLUMNS;
		break;
	case MARK_BREAK:
		if (layout->flat_groups > 0)
			add_byte(layout, ' ');
		else
			end_line(layout);
		break;
	case MARK_SOFT:
		if (layout->flat_groups == 0)
			end_line(layout);
		break;
	case MARK_HARD:
		end_line(layout);
		break;
	case MARK_COMMENT:
		break;
	}
}

void
pretty_finish(struct pretty *pretty, struct buf *result)
{
	struct layout layout = { .result = result, .at_start = 1 };
	const char *bytes = pretty->text.bytes;
	size_t size = pretty->text.size;

	if (!pretty->wide) {
		buf_add(result, bytes, size);
	} else {
		for (size_t i = 0; i < size; i++) {
			if (bytes[i] >= MARK_OPEN && bytes[i] <= MARK_COMMENT)
				carry_out(&layout, bytes + i, size - i);
			else
				add_byte(&layout, bytes[i]);
		}
	}
	buf_fini(&pretty->text);
}
