#ifndef SFLOW_LANG_LEX_PRIV_H
#define SFLOW_LANG_LEX_PRIV_H

#include "lang/lex.h"

/* The byte `ahead` of the position, 0 past the end. */
static inline unsigned char
lex_at(const struct lex *lex, uint32_t ahead)
{
	return ahead < lex->size - lex->position ?
	    (unsigned char)lex->source[lex->position + ahead] : 0;
}

static inline int
lex_is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* Close `token` as `kind`, from its offset to the position. */
void lex_finish(struct lex *, struct token *, enum token_kind);
/* Make `token` bad, `bytes` long at `offset`; `hint` may be NULL. */
void lex_bad(struct lex *, struct token *, uint32_t offset, uint32_t bytes,
	const char *hint, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
/* Set the rewrite of a bad token: `text` in place of its span. */
void lex_mend(struct lex *, struct token *, const char *text, size_t size);
/* A copy in the region, NUL-terminated. */
struct ast_text lex_text(struct lex *, const char *bytes, size_t size);

/* A number at the position: INT, FLOAT, DURATION, SIZE or BAD. */
void lex_number(struct lex *, struct token *);
/* A timestamp at the position, where there is an '@': TIME or BAD. */
void lex_time(struct lex *, struct token *);
/* A string at the position, where its quote is. */
void lex_string(struct lex *, struct token *);
/* A raw string at the position, where its r" is. */
void lex_raw_string(struct lex *, struct token *);
/* A name in backticks at the position. */
void lex_backticks(struct lex *, struct token *);

#endif
