/*
 * text ~ /regex/ and text !~ /regex/.  The pattern is a constant, compiled once
 * when the plan is made; flags are letters in a third argument.
 */
#include "func/func_priv.h"
#include "func/regex.h"
#include "util/err.h"

static enum type
match_type(const enum type *arg, unsigned count)
{
	(void)count;
	return arg[0] == TYPE_LIST || arg[0] == TYPE_RECORD ||
	    (arg[1] != TYPE_TEXT && arg[1] != TYPE_ANY) ? TYPE_ERROR :
	    TYPE_BOOL;
}

static int
match_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	struct text none = text_make("", 0);
	const struct text *flags = &none;

	*bad_arg = 1;
	if (arg[1] == NULL || arg[1]->type != TYPE_TEXT)
		return err_set(err, ERR_PROGRAM,
		    "the pattern behind ~ is a constant: /regex/ or \"text\"");
	if (count > 2) {
		if (arg[2] == NULL || arg[2]->type != TYPE_TEXT) {
			*bad_arg = 2;
			return err_set(err, ERR_PROGRAM,
			    "the flags of a regex are a constant text");
		}
		flags = &arg[2]->cell.text;
	}
	*plan = regex_new(text_bytes(&arg[1]->cell.text),
	    arg[1]->cell.text.size, text_bytes(flags), flags->size, err);
	return *plan == NULL ? -1 : 0;
}

static void
match_release(void *take_plan)
{
	struct regex *regex = take_plan;

	regex_free(&regex);
}

extern const struct func_def func_not_match;

static int
match_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	uint8_t negate = call->def == &func_not_match;
	uint32_t rows = arg[0].encoding == CONST ? 1 : count;
	struct regex_scan scan;

	(void)arg_count;
	if (arg[0].type != TYPE_TEXT)
		return -1;
	column_init_flat(out, TYPE_BOOL, rows, call->region);
	out->encoding = arg[0].encoding;
	uint8_t *bools = out->data;
	const struct text *text = arg[0].data;
	regex_scan_init(&scan, call->plan);
	for (uint32_t i = 0; i < rows; i++) {
		int found = regex_match(&scan, text_bytes(&text[i]),
		    text[i].size);
		bools[i] = (uint8_t)(found == 1) ^ negate;
		if (found < 0)
			func_reject(call, i,
			    "the regex backtracks too much on this text");
	}
	regex_scan_fini(&scan);
	return 0;
}

#define MATCH_COMMON							\
	.group = "comparison",						\
	.arg_min = 2,							\
	.arg_max = 3,							\
	.flags = FUNC_HIDDEN,						\
	.want = { FUNC_TEXT, FUNC_ANY, FUNC_ANY, FUNC_ANY },		\
	.type = match_type,						\
	.prepare = match_prepare,					\
	.release = match_release,					\
	.eval = match_eval

const struct func_def func_match = {
	.name = "match",
	.signature = "text ~ /regex/",
	.summary = "true if the regex matches somewhere in the text",
	.example = "\"took 12ms\" ~ /\\d+ms/",
	.result = "true",
	MATCH_COMMON,
};

const struct func_def func_not_match = {
	.name = "not_match",
	.signature = "text !~ /regex/",
	.summary = "true if the regex matches nowhere in the text",
	.example = "\"took 12ms\" !~ /^took/",
	.result = "false",
	MATCH_COMMON,
};
