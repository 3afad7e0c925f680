/*
 * What f-strings are made of: the value of a hole by its format, and pieces put
 * together.
 *
 * f"{user}:{ms:.1}" is concat(format_hole(user, ""), ":",
 * format_hole(ms, ".1")).  A null shows as nothing in a hole, for a text with a
 * gap says more than no text; concat() of a null is null, like all functions.
 */
#include "func/format_spec.h"
#include "func/func_priv.h"
#include "func/kernel.h"
#include "util/buf.h"
#include "util/err.h"

/* The rows of `buf`, one behind the other, ends in `end`, as texts. */
static void
texts_from_buf(struct buf *buf, const uint32_t *end, uint32_t count,
	struct region *region, struct column *out)
{
	const char *bytes = region_copy(region, buf->bytes, buf->size);
	uint32_t start = 0;

	column_init_flat(out, TYPE_TEXT, count, region);
	struct text *text = out->data;
	for (uint32_t i = 0; i < count; i++) {
		text[i] = text_make(bytes + start, end[i] - start);
		start = end[i];
	}
}

struct hole {
	char *bytes;		/* the spec borrows from it; NUL-terminated */
	struct format_spec spec;
	struct format_spec empty;	/* how nothing is shown: its width */
};

static int
hole_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	(void)count;
	*bad_arg = 1;
	if (arg[1] == NULL || arg[1]->type != TYPE_TEXT)
		return err_set(err, ERR_PROGRAM,
		    "the format of a hole is a constant text");
	const struct text *text = &arg[1]->cell.text;
	struct hole *hole = mem_alloc(sizeof(*hole));
	hole->bytes = mem_alloc(text->size + 1);
	memcpy(hole->bytes, text_bytes(text), text->size);
	hole->bytes[text->size] = '\0';
	const char *fault = format_spec_parse(hole->bytes, text->size,
	    &hole->spec);
	if (fault != NULL) {
		mem_free(hole->bytes);
		mem_free(hole);
		return err_set(err, ERR_PROGRAM, "format '%.*s': %s",
		    (int)text->size, text_bytes(text), fault);
	}
	hole->empty = hole->spec;
	hole->empty.pattern = NULL;
	hole->empty.sign = hole->empty.type = '\0';
	hole->empty.zero = hole->empty.comma = 0;
	hole->empty.precision = -1;
	*plan = hole;
	return 0;
}

static void
hole_release(void *take_plan)
{
	struct hole *hole = take_plan;

	mem_free(hole->bytes);
	mem_free(hole);
}

/* Append the value of row `i`; an empty text where there is none. */
static void
hole_add(struct func_call *call, const struct column *shown,
	const struct column *arg, uint32_t i, struct buf *buf)
{
	const struct hole *hole = call->plan;
	struct value value = { .type = TYPE_TEXT };
	struct buf text = { 0 };

	if (!arg_is_there(arg, i)) {
		value.cell.text = text_make("", 0);
		format_spec_add(&hole->empty, &value, buf);
		return;
	}
	value = column_cell(shown, i);
	if (!column_is_live(call, i) ||
	    format_spec_add(&hole->spec, &value, buf) == 0)
		return;
	value = column_cell(arg, i);
	value_add_text(&value, &text);
	func_reject(call, i, "format '%s' does not go with %s '%.*s'",
	    hole->bytes, type_name(value.type),
	    text.size < 40 ? (int)text.size : 40,
	    text.bytes == NULL ? "" : text.bytes);
	buf_fini(&text);
}

static int
hole_eval(struct func_call *call, const struct column *arg, unsigned arg_count,
	uint32_t count, struct column *out)
{
	const struct hole *hole = call->plan;
	uint32_t *end = region_alloc(call->region, count * sizeof(*end));
	struct column shown = arg[0], numbers;
	struct buf buf = { 0 };

	(void)arg_count;
	if (arg[0].type == TYPE_RAW && format_spec_wants_number(&hole->spec)) {
		column_numbers(&arg[0], NULL, count, call->region, &numbers);
		if (type_is_number(numbers.type))
			shown = numbers;
	}
	for (uint32_t i = 0; i < count; i++) {
		hole_add(call, &shown, &arg[0], i, &buf);
		end[i] = (uint32_t)buf.size;
	}
	texts_from_buf(&buf, end, count, call->region, out);
	buf_fini(&buf);
	return 0;
}

static enum type
text_type(const enum type *arg, unsigned count)
{
	(void)arg;
	(void)count;
	return TYPE_TEXT;
}

const struct func_def func_format_hole = {
	.name = "format_hole",
	.group = "text",
	.signature = "{x:format}",
	.summary = "the text of x by a format, as in the holes of f-strings",
	.example = "f\"{3.14159:.2}|{7:03}|{\"a\":>3}\"",
	.result = "3.14|007|  a",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_HIDDEN | FUNC_NULLS,
	.want = { FUNC_ANY, FUNC_ANY, FUNC_ANY, FUNC_ANY },
	.type = text_type,
	.prepare = hole_prepare,
	.release = hole_release,
	.eval = hole_eval,
};

/* In a path a null must not pass for a name. */
const struct func_def func_path_hole = {
	.name = "path_hole",
	.group = "text",
	.signature = "{x:format}",
	.summary = "the text of x by a format, as in the holes of paths",
	.example = "f\"{7:03}\"",
	.result = "007",
	.arg_min = 2,
	.arg_max = 2,
	.flags = FUNC_HIDDEN,
	.want = { FUNC_ANY, FUNC_ANY, FUNC_ANY, FUNC_ANY },
	.type = text_type,
	.prepare = hole_prepare,
	.release = hole_release,
	.eval = hole_eval,
};

/* The bytes that all rows take together. */
static size_t
concat_bytes(const struct column *arg, unsigned arg_count, uint32_t count)
{
	size_t bytes = 0;

	for (unsigned a = 0; a < arg_count; a++) {
		const struct text *text = arg[a].data;
		if (arg[a].encoding == CONST) {
			bytes += (size_t)text->size * count;
			continue;
		}
		for (uint32_t i = 0; i < count; i++)
			bytes += text[i].size;
	}
	return bytes;
}

static int
concat_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column text[FUNC_ARGS_MAX];

	for (unsigned a = 0; a < arg_count; a++) {
		text[a] = arg[a];
		/* Lists and records as JSON. */
		if (arg[a].type != TYPE_TEXT)
			column_texts(&arg[a], NULL, count, call->region,
			    &text[a]);
	}
	/* Room behind, since short texts are moved as 16 bytes. */
	char *at = region_alloc(call->region,
	    concat_bytes(text, arg_count, count) + 16);
	column_init_flat(out, TYPE_TEXT, count, call->region);
	struct text *result = out->data;
	for (uint32_t i = 0; i < count; i++) {
		char *start = at;
		for (unsigned a = 0; a < arg_count; a++) {
			const struct text *piece = column_text(&text[a], i);
			if (piece->size <= TEXT_INLINE_MAX)
				memcpy(at, piece->inlined, TEXT_INLINE_MAX);
			else
				memcpy(at, piece->bytes, piece->size);
			at += piece->size;
		}
		result[i] = text_make(start, (size_t)(at - start));
	}
	return 0;
}

const struct func_def func_concat = {
	.name = "concat",
	.group = "text",
	.signature = "concat(a, b, ...)",
	.summary = "the texts of all arguments, one behind the other",
	.example = "concat(\"a\", 1, true)",
	.result = "a1true",
	.arg_min = 1,
	.arg_max = FUNC_ARGS_MAX,
	.flags = FUNC_NESTS,
	.want = { FUNC_TEXT, FUNC_TEXT, FUNC_TEXT, FUNC_TEXT },
	.type = text_type,
	.eval = concat_eval,
};
