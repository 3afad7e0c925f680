#include "lang/stage.h"

#include <string.h>

const struct stage_word stage_words[] = {
#define STAGE(word, kind, form, help) { #word, kind, form, help },
#include "lang/stage_table.h"
#undef STAGE
};

const size_t stage_word_count = sizeof(stage_words) / sizeof(*stage_words);

/* In the order of enum ast_join_kind. */
static const char *const join_words[] = {
	"inner", "left", "right", "full", "semi", "anti", "asof",
};

const struct stage_word *
stage_word_find(const char *word)
{
	for (size_t i = 0; i < stage_word_count; i++)
		if (strcmp(stage_words[i].word, word) == 0)
			return &stage_words[i];
	return NULL;
}

int
stage_join_kind(const char *word, enum ast_join_kind *kind)
{
	for (size_t i = 0; i < sizeof(join_words) / sizeof(*join_words); i++) {
		if (strcmp(join_words[i], word) == 0) {
			*kind = (enum ast_join_kind)i;
			return 0;
		}
	}
	return -1;
}

const char *
stage_join_word(enum ast_join_kind kind)
{
	return join_words[kind];
}
