/*
 * Stages of other languages, rewritten as text.  These are sketches of those
 * languages, enough for the lines that people type: what comes out is parsed
 * before it is shown, and what does not parse is not shown.
 */
#include <string.h>

#include "lang/guess_priv.h"
#include "lang/letter.h"
#include "lang/parse_priv.h"
#include "util/buf.h"
#include "util/mem.h"

struct part {
	const char *text;
	size_t size;
};

static void
trim(struct part *part)
{
	while (part->size > 0 && strchr(" \t\r\n", part->text[0]) != NULL) {
		part->text++;
		part->size--;
	}
	while (part->size > 0 &&
	    strchr(" \t\r\n", part->text[part->size - 1]) != NULL)
		part->size--;
}

/* Take one pair of quotes or brackets off that encloses the whole part. */
static int
strip(struct part *part)
{
	static const char pairs[] = "''\"\"{}()[]";
	int depth = 0;

	trim(part);
	if (part->size < 2)
		return 0;
	const char *pair = strchr(pairs, part->text[0]);
	if (pair == NULL || *pair == '\0' || (pair - pairs) % 2 != 0 ||
	    part->text[part->size - 1] != pair[1])
		return 0;
	for (size_t i = 0; i + 1 < part->size; i++) {
		if (part->text[i] == pair[0])
			depth++;
		else if (part->text[i] == pair[1])
			depth--;
		if (pair[0] != pair[1] && depth == 0)
			return 0;
	}
	int is_quote = pair[0] == pair[1];
	part->text++;
	part->size -= 2;
	return is_quote ? 2 : 1;
}

/* Miller's $name and ${odd name} are plain names here. */
static void
add_without_dollars(struct part part, struct buf *result)
{
	for (size_t i = 0; i < part.size; i++) {
		size_t left = part.size - i - 1;
		const char *next = part.text + i + 1;
		if (part.text[i] == '$' &&
		    letter_begins_name(next, left) > 0)
			continue;
		const char *close = part.text[i] == '$' && left > 0 &&
		    *next == '{' ? memchr(next, '}', left) : NULL;
		if (close == NULL) {
			buf_add_char(result, part.text[i]);
			continue;
		}
		buf_add_char(result, '`');
		buf_add(result, next + 1, (size_t)(close - next) - 1);
		buf_add_char(result, '`');
		i = (size_t)(close - part.text);
	}
}

/* The word behind the option `-name`, of Miller's verbs. */
static struct part
option(struct part text, char name)
{
	for (size_t i = 0; i + 3 < text.size; i++) {
		if (text.text[i] != '-' || text.text[i + 1] != name ||
		    text.text[i + 2] != ' ')
			continue;
		struct part value = { text.text + i + 3, text.size - i - 3 };
		trim(&value);
		size_t bytes = 0;
		while (bytes < value.size &&
		    strchr(" \t\r\n", value.text[bytes]) == NULL)
			bytes++;
		value.size = bytes;
		return value;
	}
	return (struct part){ NULL, 0 };
}

/* The part before the next comma; `list` goes on behind it. */
static struct part
next_of(struct part *list)
{
	const char *comma = memchr(list->text, ',', list->size);
	size_t bytes = comma != NULL ? (size_t)(comma - list->text) :
	    list->size;
	struct part first = { list->text, bytes };

	if (comma != NULL)
		bytes++;
	list->text += bytes;
	list->size -= bytes;
	return first;
}

/* mean is avg here, p50 is percentile(.., 50) */
static void
add_aggregation(struct part name, struct part field, struct buf *result)
{
	int is_mean = name.size == 4 && memcmp(name.text, "mean", 4) == 0;
	int is_percentile = name.size > 1 && name.text[0] == 'p' &&
	    strspn(name.text + 1, "0123456789") >= name.size - 1;

	if (is_mean)
		buf_add_string(result, "avg");
	else if (is_percentile)
		buf_add_string(result, "percentile");
	else
		buf_add(result, name.text, name.size);
	buf_add_char(result, '(');
	buf_add(result, field.text, field.size);
	if (is_percentile) {
		buf_add_string(result, ", ");
		buf_add(result, name.text + 1, name.size - 1);
	}
	buf_add_char(result, ')');
}

/* stats1 -a mean,sum -f x -g a  =>  aggregate x_mean = avg(x), ... by a */
static int
rewrite_stats1(struct part rest, struct buf *result)
{
	struct part group = option(rest, 'g');
	struct part fields = option(rest, 'f');
	const char *separator = "aggregate ";

	if (fields.size == 0)
		return -1;
	while (fields.size > 0) {
		struct part field = next_of(&fields);
		struct part names = option(rest, 'a');
		while (names.size > 0) {
			struct part name = next_of(&names);
			buf_add_string(result, separator);
			buf_add(result, field.text, field.size);
			buf_add_char(result, '_');
			buf_add(result, name.text, name.size);
			buf_add_string(result, " = ");
			add_aggregation(name, field, result);
			separator = ", ";
		}
	}
	if (group.size > 0) {
		buf_add_string(result, " by ");
		buf_add(result, group.text, group.size);
	}
	return 0;
}

int
guess_rewrite_word(const struct guess_word *row, const char *text, size_t size,
	struct buf *result)
{
	struct part rest = { text, size };
	int is_miller = strncmp(row->whose, "Miller", 6) == 0;
	int stripped;

	trim(&rest);
	if (strcmp(row->word, "stats1") == 0)
		return rewrite_stats1(rest, result);
	if (strcmp(row->here, "from") != 0)
		while ((stripped = strip(&rest)) != 0)
			is_miller |= stripped == 2;
	/* Miller joins text with a dot, which is a field of a record here. */
	if (is_miller && memmem(rest.text, rest.size, " . ", 3) != NULL)
		return -1;
	for (const char *c = row->rewrite; *c != '\0'; c++) {
		if (*c != '%')
			buf_add_char(result, *c);
		else if (is_miller)
			add_without_dollars(rest, result);
		else
			buf_add(result, rest.text, rest.size);
	}
	return 0;
}

enum sql_clause {
	SQL_SELECT, SQL_FROM, SQL_WHERE, SQL_GROUP, SQL_HAVING, SQL_ORDER,
	SQL_LIMIT, SQL_CLAUSE_COUNT, SQL_NONE = SQL_CLAUSE_COUNT
};

/* Which clause the token begins; a `by` alone stands for `group by`. */
static enum sql_clause
sql_clause(const struct token *token)
{
	static const char *const words[] = {
		"select", "from", "where", "group", "having", "order", "limit",
	};

	if (token->kind != TOKEN_NAME || token->quoted)
		return SQL_NONE;
	for (int i = 0; i < SQL_CLAUSE_COUNT; i++)
		if (strcasecmp(token->text.bytes, words[i]) == 0)
			return (enum sql_clause)i;
	return parse_token_is_word(token, "by") ? SQL_GROUP : SQL_NONE;
}

/* Cut the text at the words outside of brackets. */
static int
sql_cut(const char *text, size_t size, struct part *parts)
{
	struct region *region = region_new();
	struct lex lex = { .source = text, .size = (uint32_t)size,
		.flags = PARSE_FILE, .region = region };
	struct part *open = NULL;
	struct token token;
	int depth = 0;
	int failed = 0;

	for (;;) {
		lex_next(&lex, &token);
		if (token.kind == TOKEN_END)
			break;
		depth += token.kind == TOKEN_LPAREN;
		depth -= token.kind == TOKEN_RPAREN;
		enum sql_clause clause = depth == 0 ? sql_clause(&token) :
		    SQL_NONE;
		if (clause == SQL_NONE)
			continue;
		if (open != NULL)
			open->size = (size_t)(text + token.span.offset -
			    open->text);
		failed |= parts[clause].text != NULL;
		if ((clause == SQL_GROUP || clause == SQL_ORDER) &&
		    !parse_token_is_word(&token, "by"))
			lex_next(&lex, &token);	/* by */
		open = &parts[clause];
		open->text = text + lex.position;
	}
	if (open != NULL)
		open->size = (size_t)(text + size - open->text);
	for (int i = 0; i < SQL_CLAUSE_COUNT; i++)
		if (parts[i].text != NULL)
			trim(&parts[i]);
	region_drop(&region);
	return failed ? -1 : 0;
}

static void
add_part(struct buf *result, const char *word, struct part part)
{
	if (part.size == 0)
		return;
	if (result->size > 0)
		buf_add_string(result, " | ");
	buf_add_string(result, word);
	buf_add(result, part.text, part.size);
}

/* Does the list have this element? */
static int
list_has(struct part list, struct part element)
{
	trim(&element);
	while (list.size > 0) {
		struct part other = next_of(&list);
		trim(&other);
		if (other.size == element.size &&
		    memcmp(other.text, element.text, other.size) == 0)
			return 1;
	}
	return 0;
}

/* The next element outside of brackets. */
static struct part
next_item(struct part *list)
{
	size_t at = 0;
	int depth = 0;

	for (; at < list->size; at++) {
		char c = list->text[at];
		depth += c == '(' || c == '[' || c == '{';
		depth -= c == ')' || c == ']' || c == '}';
		if (c == ',' && depth == 0)
			break;
	}
	struct part first = { list->text, at };
	if (at < list->size)
		at++;
	list->text += at;
	list->size -= at;
	return first;
}

/* select a, count(*) group by a  =>  aggregate count(*) by a */
static void
add_aggregate(struct buf *result, struct part items, struct part keys)
{
	struct buf rest = { NULL, 0, 0 };

	while (items.size > 0) {
		struct part item = next_item(&items);
		trim(&item);
		if (list_has(keys, item))
			continue;
		if (rest.size > 0)
			buf_add_string(&rest, ", ");
		buf_add(&rest, item.text, item.size);
	}
	if (rest.size > 0) {
		buf_add_string(&rest, " by ");
		buf_add(&rest, keys.text, keys.size);
		add_part(result, "aggregate ",
		    (struct part){ rest.bytes, rest.size });
	} else {
		add_part(result, "dedup by ", keys);
	}
	buf_fini(&rest);
}

int
guess_rewrite_sql(const char *text, size_t size, struct buf *result)
{
	struct part parts[SQL_CLAUSE_COUNT];

	memset(parts, 0, sizeof(parts));
	if (sql_cut(text, size, parts) != 0)
		return -1;
	add_part(result, "from ", parts[SQL_FROM]);
	add_part(result, "where ", parts[SQL_WHERE]);
	if (parts[SQL_GROUP].size > 0)
		add_aggregate(result, parts[SQL_SELECT], parts[SQL_GROUP]);
	add_part(result, "where ", parts[SQL_HAVING]);
	add_part(result, "sort ", parts[SQL_ORDER]);
	add_part(result, "head ", parts[SQL_LIMIT]);
	if (parts[SQL_GROUP].size == 0 &&
	    (parts[SQL_SELECT].size != 1 || parts[SQL_SELECT].text[0] != '*'))
		add_part(result, "select ", parts[SQL_SELECT]);
	return 0;
}

/* The text of "{ ... }" at the end; `pattern` is what stands before. */
static struct part
awk_body(struct part *pattern)
{
	const char *brace = memchr(pattern->text, '{', pattern->size);
	struct part body = { NULL, 0 };

	if (brace == NULL)
		return body;
	body.text = brace;
	body.size = pattern->size - (size_t)(brace - pattern->text);
	pattern->size = (size_t)(brace - pattern->text);
	strip(&body);
	trim(&body);
	return body;
}

int
guess_rewrite_awk(const char *text, size_t size, struct buf *result)
{
	struct part pattern = { text, size };
	struct part body = awk_body(&pattern);

	trim(&pattern);
	if (pattern.size > 2 && pattern.text[0] == '/' &&
	    pattern.text[pattern.size - 1] == '/')
		add_part(result, "where line ~ ", pattern);
	else
		add_part(result, "where ", pattern);
	if (body.size == 0)
		return result->size > 0 ? 0 : -1;
	if (body.size < 5 || memcmp(body.text, "print", 5) != 0)
		return -1;
	body.text += 5;
	body.size -= 5;
	trim(&body);
	if (body.size != 2 || memcmp(body.text, "$0", 2) != 0)
		add_part(result, "select ", body);
	return result->size > 0 ? 0 : -1;
}

/* join side:left users (==id)  =>  left join users on id */
int
guess_rewrite_join_side(const char *text, size_t size, struct buf *result)
{
	const char *colon = memchr(text, ':', size);

	if (colon == NULL)
		return -1;
	struct part rest = { colon + 1, size - (size_t)(colon + 1 - text) };
	trim(&rest);
	size_t kind = 0;
	while (kind < rest.size && strchr(" \t\r\n", rest.text[kind]) == NULL)
		kind++;
	const char *open = memchr(rest.text, '(', rest.size);
	if (open == NULL || (size_t)(open - rest.text) < kind)
		return -1;
	struct part rel = { rest.text + kind,
		(size_t)(open - rest.text) - kind };
	struct part on = { open, rest.size - (size_t)(open - rest.text) };
	trim(&rel);
	strip(&on);
	trim(&on);
	if (on.size < 3 || memcmp(on.text, "==", 2) != 0)
		return -1;
	buf_add(result, rest.text, kind);
	buf_add_string(result, " join ");
	buf_add(result, rel.text, rel.size);
	buf_add_string(result, " on ");
	buf_add(result, on.text + 2, on.size - 2);
	return 0;
}
