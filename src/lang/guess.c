/*
 * The words that people bring along from other languages, and what they are
 * here.  One table for the parser and the checker.  A row is tried from top to
 * bottom, so that a longer phrase stands before its first word.
 */
#include "lang/guess.h"

#include <stdio.h>
#include <string.h>

#include "lang/guess_priv.h"
#include "lang/lex.h"
#include "lang/letter.h"
#include "lang/stage.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/near.h"

static const struct guess_word words[] = {
	{ "group by", "SQL", "aggregate ... by",
	    "aggregate n = count() by %" },
	{ "order by", "SQL", "sort", "sort %" },
	{ "limit", "SQL", "head", "head %" },
	{ "having", "SQL", "where", "where %" },
	{ "distinct", "SQL", "dedup by", "dedup by %" },
	{ "union all", "SQL", "union", "union %" },
	{ "project-away", "KQL", "drop", "drop %" },
	{ "project-rename", "KQL", "rename", "rename %" },
	{ "project", "KQL", "select", "select %" },
	{ "summarize", "KQL", "aggregate", "aggregate %" },
	{ "summarise", "dplyr", "aggregate", "aggregate %" },
	{ "mv-expand", "KQL", "unnest", "unnest %" },
	{ "take", "KQL, PRQL", "head", "head %" },
	{ "filter", "Miller, PRQL", "where", "where %" },
	{ "put", "Miller", "extend", "extend %" },
	{ "cut -x -f", "Miller", "drop", "drop %" },
	{ "cut -o -f", "Miller", "select", "select %" },
	{ "cut -f", "Miller", "select", "select %" },
	{ "cut", "Miller", "select", "select %" },
	{ "stats1", "Miller", "aggregate", "aggregate %" },
	{ "count-distinct -f", "Miller", "count by", "count by %" },
	{ "count -g", "Miller", "count by", "count by %" },
	{ "sort -nr", "Miller", "sort", "sort % desc" },
	{ "sort -r", "Miller", "sort", "sort % desc" },
	{ "sort -nf", "Miller", "sort", "sort %" },
	{ "sort -f", "Miller", "sort", "sort %" },
	{ "sort -n", "Unix", "sort", "sort %" },
	{ "head -n", "Unix", "head", "head %" },
	{ "head -", "Unix", "head", "head %" },
	{ "tail -n", "Unix", "tail", "tail %" },
	{ "tail -", "Unix", "tail", "tail %" },
	{ "uniq -g", "Miller", "dedup by", "dedup by %" },
	{ "uniq", "Unix", "dedup", "dedup %" },
	{ "wc -l", "Unix", "count", "count" },
	{ "wc", "Unix", "count", "count" },
	{ "cat", "Unix", "from", "from %" },
	{ "print", "awk", "select", "select %" },
	{ "derive", "PRQL", "extend", "extend %" },
	{ "mutate", "dplyr", "extend", "extend %" },
	{ "arrange", "dplyr", "sort", "sort %" },
	{ "stats count", "SPL", "count", "count %" },
	{ "stats", "SPL", "aggregate", "aggregate %" },
	{ "eval", "SPL", "extend", "extend %" },
	{ "fields", "SPL", "select", "select %" },
	{ "table", "SPL", "select", "select %" },
	{ "search", "SPL", "where", "where %" },
	{ "map", "jq", "select", "select %" },
	{ "sort_by", "jq", "sort", "sort %" },
	{ "unique_by", "jq", "dedup by", "dedup by %" },
	{ "group_by", "jq", "aggregate ... by",
	    "aggregate n = count() by %" },
	{ "groupby", "pandas", "aggregate ... by",
	    "aggregate n = count() by %" },
	{ "group", "PRQL", "aggregate ... by",
	    "aggregate n = count() by %" },
	{ "flatmap", "Flink", "unnest", "unnest %" },
	{ "explode", "Spark", "unnest", "unnest %" },
};

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Bytes of `text` that are the phrase, blanks being any; 0: it is not. */
static size_t
phrase_bytes_at(const char *phrase, const char *text, size_t size)
{
	size_t at = 0;

	for (; *phrase != '\0'; phrase++) {
		size_t before = at;
		if (*phrase == ' ') {
			while (at < size && strchr(" \t\r\n", text[at]) != NULL)
				at++;
			if (at == before)
				return 0;
		} else if (at == size || lower(text[at++]) != *phrase) {
			return 0;
		}
	}
	/* "head -" takes a number right behind it, a word does not. */
	if (phrase[-1] == '-')
		return at;
	if (at < size && (text[at] == '-' ||
	    letter_continues_name(text + at, size - at) > 0))
		return 0;
	return at;
}

const struct guess_word *
guess_phrase(const char *text, size_t size, size_t *phrase_bytes)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t bytes = phrase_bytes_at(words[i].word, text, size);
		/* "stats count" the phrase is not "stats count(x)". */
		if (bytes == 0 || (bytes < size && text[bytes] == '(' &&
		    strchr(words[i].word, ' ') != NULL))
			continue;
		*phrase_bytes = bytes;
		return &words[i];
	}
	return NULL;
}

const struct guess_word *
guess_word_find(const char *word)
{
	size_t size = strlen(word);
	size_t bytes;
	const struct guess_word *row = guess_phrase(word, size, &bytes);

	return row != NULL && bytes == size ? row : NULL;
}

/* The stage that a foreign word's call stands for, as the hint. */
static void
hint_foreign(const struct guess_word *row, const char *rest, size_t size,
	struct err *err)
{
	struct buf text = { NULL, 0, 0 };
	struct buf result = { NULL, 0, 0 };

	if (guess_rewrite_word(row, rest, size, &text) == 0 &&
	    guess_mend(text.bytes, text.size, 0, NULL, &result) == 0)
		err_hint(err, "try: %s", buf_string(&result));
	else
		err_hint(err, "use %s", row->here);
	buf_fini(&text);
	buf_fini(&result);
}

/* The nearest of the stages and of `names`, stages first. */
static const char *
nearest_stage(const char *name, const char *const *names, size_t name_count)
{
	const char *stages[64];
	size_t count = 0;

	for (; count < stage_word_count && count < 64; count++)
		stages[count] = stage_words[count].word;
	const char *nearest = near_name(name, stages, count);
	return nearest != NULL ? nearest : near_name(name, names, name_count);
}

int
guess_unknown_stage(const struct ast_program *program,
	const struct ast_stage *stage, const char *const *names,
	size_t name_count, struct err *err)
{
	const char *text = program->source + stage->span.offset;
	size_t bytes = 0;
	const struct guess_word *row = guess_phrase(text, stage->span.bytes,
	    &bytes);

	if (row != NULL) {
		err_set_at(err, stage->word.offset, stage->word.bytes,
		    "no stage is called '%s' (%s): use '%s'",
		    stage->name.bytes, row->whose, row->here);
		hint_foreign(row, text + bytes, stage->span.bytes - bytes, err);
		return -1;
	}
	err_set_at(err, stage->word.offset, stage->word.bytes,
	    "no stage is called '%s'", stage->name.bytes);
	const char *nearest = nearest_stage(stage->name.bytes, names,
	    name_count);
	if (nearest != NULL)
		err_hint(err, "did you mean '%s'?", nearest);
	else
		err_hint(err, "an op of your own is declared before: "
		    "op %s($x) = STAGE | ...;", stage->name.bytes);
	return -1;
}

int
guess_unknown_var(const struct ast_expr *var, const char *const *names,
	size_t name_count, struct err *err)
{
	const char *name = var->text.bytes;
	const char *nearest = near_name(name, names, name_count);

	err_set_at(err, var->span.offset, var->span.bytes,
	    "there is no variable $%s", name);
	if (nearest != NULL)
		return err_hint(err, "did you mean $%s?", nearest);
	return err_hint(err, "a field is written without the dollar: %s", name);
}
