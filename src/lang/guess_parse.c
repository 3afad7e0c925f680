/*
 * What the parser says where a program breaks: which of the known slips it is,
 * and the change that would mend it.  Whether the change really does is found
 * out in guess_mend.c, so that a guess here may be bold.
 */
#include <stdio.h>
#include <string.h>

#include "lang/guess_priv.h"
#include "lang/letter.h"
#include "lang/parse_priv.h"
#include "lang/stage.h"
#include "util/buf.h"
#include "util/mem.h"
#include "util/near.h"

/* The text of the unit that is being parsed. */
static const char *
unit_text(const struct parser *p, size_t *size)
{
	uint32_t end = guess_unit_end(p->lex.source, p->lex.size, p->unit);

	*size = end > p->unit ? end - p->unit : 0;
	return p->lex.source + p->unit;
}

typedef int (*rewrite_f)(const char *, size_t, struct buf *);

/* Note the unit's rewrite as the change. */
static void
mend_unit(struct parser *p, rewrite_f rewrite)
{
	struct buf result = { NULL, 0, 0 };
	size_t size;
	const char *text = unit_text(p, &size);

	if (size > 0 && rewrite(text, size, &result) == 0)
		parse_mend(p, p->unit, (uint32_t)size, buf_string(&result));
	buf_fini(&result);
}

/* Is the token the word, in whatever case? */
static int
is_word_of(const struct token *token, const char *const *words, size_t count)
{
	if (token->kind != TOKEN_NAME || token->quoted)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(token->text.bytes, words[i]) == 0)
			return 1;
	return 0;
}

int
guess_dot(struct parser *p)
{
	struct ast_span span = p->token.span;
	const char *unit = p->lex.source + p->unit;
	const struct token *next = parse_peek(p);
	int is_adjacent = next->span.offset == span.offset + 1;

	if (is_adjacent && next->kind == TOKEN_INT) {
		parse_mend(p, span.offset, 0, "0");
		return parse_error(p, span, "write 0.5, not .5",
		    "a number has a digit before its point");
	}
	if (p->place == NULL && span.offset - p->unit >= 7 &&
	    strncmp(unit, "select", 6) == 0 &&
	    (unit[6] == '(' || (unit[6] == ' ' && unit[7] == '('))) {
		parse_mend(p, p->unit, 6, "where");
		return parse_error(p, span, "a field is written without the "
		    "dot, and conditions stand behind where",
		    "expected a field, found '.': jq's select is where");
	}
	parse_mend(p, span.offset, 1,
	    is_adjacent && next->kind == TOKEN_NAME ? "" : "this");
	return parse_error(p, span, "a field is written without the dot",
	    "expected a field, found '.': a field has no dot before it");
}

int
guess_no_stage(struct parser *p)
{
	switch (p->token.kind) {
	case TOKEN_DOT:
		parse_mend(p, p->unit, 0, "select ");
		break;
	case TOKEN_STRING:
		parse_mend(p, p->unit, 0, "from ");
		break;
	case TOKEN_COLUMN: case TOKEN_SLASH: case TOKEN_LBRACE:
		mend_unit(p, guess_rewrite_awk);
		break;
	case TOKEN_NAME: case TOKEN_VAR: case TOKEN_LPAREN: case TOKEN_BANG:
		parse_mend(p, p->unit, 0, "where ");
		break;
	default:
		break;
	}
	return parse_fail(p, "a stage", p->token.kind == TOKEN_END ?
	    "behind '|' stands a stage, as where status >= 400" :
	    "a stage begins with its word, as where status >= 400 or "
	    "select user, status");
}

/* "slowest 3": the rest belongs into parentheses. */
static void
mend_call(struct parser *p, const struct ast_stage *stage)
{
	struct buf result = { NULL, 0, 0 };
	size_t size;
	const char *text = unit_text(p, &size);
	size_t word = stage->word.bytes;

	if (!stage->has_args && parse_begins_operand(&p->token) &&
	    size > word) {
		buf_add(&result, text, word);
		buf_add_char(&result, '(');
		buf_add(&result, text + word, size - word);
		buf_add_char(&result, ')');
		parse_mend(p, p->unit, (uint32_t)size, buf_string(&result));
	}
	buf_fini(&result);
}

/* Is the word a stage's in another case, or nearly one? */
static const char *
near_stage(const char *word, int *is_same)
{
	const char *names[64];
	size_t count = 0;

	for (; count < stage_word_count && count < 64; count++) {
		names[count] = stage_words[count].word;
		if (strcasecmp(names[count], word) == 0) {
			*is_same = 1;
			return names[count];
		}
	}
	*is_same = 0;
	return near_name(word, names, count);
}

/* A word of another language at the start of the unit. */
static int
guess_foreign(struct parser *p, const struct guess_word *row,
	size_t phrase_bytes)
{
	char *hint = region_alloc(p->region, strlen(row->here) + 5);
	const char *option = strstr(row->word, " -");
	size_t shown = option != NULL ? (size_t)(option - row->word) :
	    strlen(row->word);

	guess_mend_phrase(p);
	sprintf(hint, "use %s", row->here);
	return parse_error(p,
	    (struct ast_span){ p->unit, (uint32_t)phrase_bytes }, hint,
	    "no stage is called '%.*s' (%s): use '%s'", (int)shown, row->word,
	    row->whose, row->here);
}

/* Does the program declare an op of this name? */
static int
guess_is_declared(const struct parser *p, struct ast_text name)
{
	const char *at = p->lex.source;
	const char *end = at + p->unit;

	while (at < end && (at = memmem(at, (size_t)(end - at), name.bytes,
	    name.size)) != NULL) {
		const char *before = at;
		while (before > p->lex.source && before[-1] == ' ')
			before--;
		if (before < at && before - p->lex.source >= 2 &&
		    before[-1] == 'p' && before[-2] == 'o')
			return 1;
		at += name.size;
	}
	return 0;
}

/* Something behind a name that is no stage's, where only "(" could be. */
static int
guess_word_end(struct parser *p, const struct ast_stage *stage)
{
	const char *name = stage->name.bytes;
	int same;
	size_t size, bytes;
	const char *text = unit_text(p, &size);
	const struct guess_word *row = guess_phrase(text, size, &bytes);

	if (row != NULL)
		return guess_foreign(p, row, bytes);
	const char *stage_name = near_stage(name, &same);
	if (stage_name != NULL && (same || p->token.kind != TOKEN_BAD)) {
		parse_mend(p, p->unit, stage->word.bytes, stage_name);
		return parse_error(p, stage->word, NULL, same ?
		    "no stage is called '%s': words are written in lower case" :
		    "no stage is called '%s': did you mean '%s'?", name,
		    stage_name);
	}
	if (p->token.kind == TOKEN_BAD)
		return parse_fail(p, "the end", NULL);
	if (strcmp(name, "from") == 0)
		return parse_error(p, stage->word,
		    "union INPUT adds the records of another input",
		    "'from' begins a pipeline, it is no stage");
	if (p->token.kind == TOKEN_ASSIGN) {
		parse_mend(p, p->unit, 0, "extend ");
		return parse_error(p, p->token.span, "extend NAME = EXPR",
		    "expected '(', '|' or the end, found '=': a field is made "
		    "by extend");
	}
	if (stage->has_args || !parse_begins_operand(&p->token))
		parse_mend(p, p->unit, 0, "where ");
	else if (guess_is_declared(p, stage->name))
		mend_call(p, stage);
	else
		return parse_error(p, stage->word, "sflow help stages lists "
		    "them", "no stage is called '%s'", name);
	return parse_fail(p, "'(', '|' or the end",
	    "an op takes its arguments in parentheses");
}

/* Is the stage one that ends with a list, so that a comma may be missing? */
static int
ends_with_list(const struct ast_stage *stage)
{
	if (stage->group.by.count > 0)
		return stage->group.window.bytes == NULL &&
		    stage->group.emit == AST_EMIT_DEFAULT &&
		    !stage->group.has_late && stage->within == NULL &&
		    stage->route.kind == AST_ROUTE_NONE;
	return stage->kind == AST_SELECT || stage->kind == AST_EXTEND ||
	    stage->kind == AST_DROP || stage->kind == AST_RENAME ||
	    stage->kind == AST_AGGREGATE || stage->kind == AST_SORT;
}

/* unnest tag = tags: the name comes behind. */
static int
guess_unnest(struct parser *p, const struct ast_stage *stage)
{
	struct buf result = { NULL, 0, 0 };
	size_t size;
	const char *text = unit_text(p, &size);
	size_t equals = p->token.span.offset - p->unit;

	if (size > equals + 1) {
		buf_add_string(&result, "unnest ");
		buf_add(&result, text + equals + 1, size - equals - 1);
		buf_add_string(&result, " as ");
		buf_add(&result, p->lex.source + stage->expr->span.offset,
		    stage->expr->span.bytes);
		parse_mend(p, p->unit, (uint32_t)size, buf_string(&result));
	}
	buf_fini(&result);
	return parse_error(p, p->token.span, NULL,
	    "expected 'as', found '=': the name comes last");
}

/* head(10), count(): these take no arguments but words. */
static void
mend_arguments(struct parser *p, const struct ast_stage *stage)
{
	struct buf result = { NULL, 0, 0 };
	size_t size;
	const char *text = unit_text(p, &size);
	size_t open = p->token.span.offset - p->unit;

	if (stage->kind != AST_COUNT && stage->kind != AST_HEAD &&
	    stage->kind != AST_TAIL)
		return;
	if (size > open + 1 && text[size - 1] == ')') {
		buf_add(&result, text, open);
		buf_add_char(&result, ' ');
		buf_add(&result, text + open + 1, size - open - 2);
		parse_mend(p, p->unit, (uint32_t)size, buf_string(&result));
	}
	buf_fini(&result);
}

/* aggregate by x: `by` is then a field, and no comma behind it. */
static int
is_by_alone(const struct ast_stage *stage)
{
	return stage->kind == AST_AGGREGATE && stage->items.count == 1 &&
	    stage->group.by.count == 0 &&
	    stage->items.item[0].name.bytes == NULL &&
	    stage->items.item[0].expr->kind == AST_FIELD &&
	    strcmp(stage->items.item[0].expr->text.bytes, "by") == 0;
}

/* What may stand where the stage goes on. */
static const char *
expected_at_end(const struct ast_stage *stage)
{
	if (ends_with_list(stage))
		return "an operator, ',', '|' or the end";
	switch (stage->kind) {
	case AST_WHERE: case AST_TOP: case AST_JOIN: case AST_UNNEST:
	case AST_WATERMARK:
		return "an operator, '|' or the end";
	default:
		return "'|' or the end";
	}
}

/* Is it the word of a stage, of this language or another? */
static int
begins_other_stage(const struct parser *p)
{
	uint32_t offset = p->token.span.offset;
	size_t bytes;

	return p->token.kind == TOKEN_NAME && !p->token.quoted &&
	    (stage_word_find(p->token.text.bytes) != NULL ||
	     guess_phrase(p->lex.source + offset, p->lex.size - offset,
	    &bytes) != NULL);
}

int
guess_stage_end(struct parser *p, const struct ast_stage *stage)
{
	static const char *const sql[] = {
		"from", "where", "group", "having", "order", "limit",
	};
	struct ast_span span = p->token.span;

	if (parse_is_unended(p))
		return parse_fail(p, "';'", NULL);
	if (parse_at_word(p, "then")) {
		parse_mend(p, span.offset, span.bytes, "|");
		return parse_error(p, span, "write '|' for it",
		    "expected '|', found 'then': stages are joined by '|'");
	}
	if (stage->kind == AST_CALL_STAGE)
		return guess_word_end(p, stage);
	if (stage->kind == AST_SELECT && is_word_of(&p->token, sql, 6)) {
		mend_unit(p, guess_rewrite_sql);
		return parse_error(p, span,
		    "from INPUT | where CONDITION | select ITEM, ...",
		    "expected '|', found '%s': stages run left to right",
		    p->token.text.bytes);
	}
	if (stage->kind == AST_SELECT && parse_at_word(p, "by")) {
		mend_unit(p, guess_rewrite_sql);
		return parse_error(p, span, "aggregate ITEM, ... by KEYS",
		    "select has no groups: 'by' belongs to aggregate");
	}
	if (is_by_alone(stage)) {
		struct ast_span by = stage->items.item[0].span;
		parse_mend(p, by.offset, 0, "n = count() ");
		return parse_error(p, by, NULL,
		    "expected NAME = AGG(...), found 'by'");
	}
	if (stage->kind == AST_TOP && parse_at_word(p, "desc")) {
		parse_mend(p, span.offset, span.bytes, "");
		return parse_error(p, span, NULL,
		    "top is always largest first, without 'desc'");
	}
	if (stage->kind == AST_UNNEST && p->token.kind == TOKEN_ASSIGN)
		return guess_unnest(p, stage);
	guess_mend_phrase(p);
	if (p->token.kind == TOKEN_LPAREN)
		mend_arguments(p, stage);
	if (begins_other_stage(p))
		parse_mend(p, span.offset, 0, "| ");
	if (ends_with_list(stage) && parse_begins_operand(&p->token) &&
	    p->token.kind != TOKEN_LBRACE)
		parse_mend(p, span.offset, 0, ", ");
	return parse_fail(p, expected_at_end(stage), NULL);
}

int
guess_from_end(struct parser *p)
{
	if (p->token.kind == TOKEN_NAME && !parse_is_unended(p))
		parse_mend(p, p->token.span.offset, 0, "| ");
	return parse_fail(p, "'|' or the end",
	    "stages are joined by '|': from INPUT | where ... | select ...; "
	    "a second input comes with union or join");
}

int
guess_join_side(struct parser *p)
{
	mend_unit(p, guess_rewrite_join_side);
	return parse_error(p, p->token.span,
	    "left join INPUT as NAME on KEY",
	    "the side of a join stands before the word: left join");
}

int
guess_no_parenthesis(struct parser *p)
{
	if (p->token.kind == TOKEN_STRING) {
		struct buf text = { NULL, 0, 0 };
		buf_add_string(&text, "(to ");
		buf_add(&text, p->lex.source + p->token.span.offset,
		    p->token.span.bytes);
		buf_add_char(&text, ')');
		parse_mend(p, p->token.span.offset, p->token.span.bytes,
		    buf_string(&text));
		buf_fini(&text);
	}
	return parse_fail(p, "'('", NULL);
}

/* The first $left.x or $right.x in the expression. */
static const struct ast_expr *
find_side(const struct ast_expr *expr)
{
	if (expr->kind == AST_MEMBER && expr->child[0]->kind == AST_VAR) {
		const char *name = expr->child[0]->text.bytes;
		if (strcmp(name, "left") == 0 || strcmp(name, "right") == 0)
			return expr;
	}
	for (uint32_t i = 0; i < expr->child_count; i++) {
		const struct ast_expr *found = find_side(expr->child[i]);
		if (found != NULL)
			return found;
	}
	return NULL;
}

/* Is the variable written before this stage, and so perhaps declared? */
static int
is_mentioned(const struct parser *p, const struct ast_text *name)
{
	const char *at = p->lex.source;
	const char *end = at + p->unit;

	while ((at = memchr(at, '$', (size_t)(end - at))) != NULL) {
		at++;
		if ((size_t)(end - at) >= name->size &&
		    memcmp(at, name->bytes, name->size) == 0)
			return 1;
	}
	return 0;
}

/* $left.id == $right.id, which is only `id` here */
static int
is_same_key(const struct ast_expr *on)
{
	return on->kind == AST_BINARY && on->op == AST_OP_EQ &&
	    on->child[0]->kind == AST_MEMBER &&
	    on->child[1]->kind == AST_MEMBER &&
	    find_side(on->child[1]) == on->child[1] &&
	    strcmp(on->child[0]->text.bytes, on->child[1]->text.bytes) == 0;
}

int
guess_sides(struct parser *p, const struct ast_stage *stage, uint32_t rel_end,
	const struct ast_expr *on)
{
	const struct ast_expr *side = find_side(on);

	if (side == NULL || p->place != NULL ||
	    is_mentioned(p, &side->child[0]->text))
		return 0;
	int is_right = strcmp(side->child[0]->text.bytes, "right") == 0;
	uint32_t from = side->span.offset;
	uint32_t bytes = side->child[0]->span.bytes + 1;
	if (stage->name.bytes == NULL && is_same_key(on)) {
		parse_mend(p, on->span.offset, on->span.bytes,
		    on->child[0]->text.bytes);
	} else if (stage->name.bytes == NULL) {
		parse_mend(p, rel_end, 0, " as r");
	} else if (is_right) {
		char *text = region_alloc(p->region, stage->name.size + 2);
		sprintf(text, "%s.", stage->name.bytes);
		parse_mend(p, from, bytes, text);
	} else {
		parse_mend(p, from, bytes, "");
	}
	return parse_error(p, side->span,
	    "join INPUT as r on FIELD == r.FIELD",
	    "$%s is KQL: a field of this stream stands alone, one of the "
	    "other behind its name", side->child[0]->text.bytes);
}

int
guess_bare_path(struct parser *p, uint32_t offset)
{
	if (p->place != NULL || (p->token.kind != TOKEN_DOT &&
	    p->token.kind != TOKEN_SLASH))
		return 0;
	const char *from = p->lex.source + offset;
	size_t bytes = strcspn(from, " \t\r\n|;()\"'");
	struct buf text = { NULL, 0, 0 };
	buf_add_char(&text, '"');
	buf_add(&text, from, bytes);
	buf_add_char(&text, '"');
	parse_mend(p, offset, (uint32_t)bytes, buf_string(&text));
	buf_fini(&text);
	return parse_error(p, (struct ast_span){ offset, (uint32_t)bytes },
	    "write \"file.csv\"", "a path stands in double quotes");
}
