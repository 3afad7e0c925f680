/*
 * Order keys as words.
 *
 * The plain way makes the bytes of each key (key_add_order) and cuts them.  One
 * key of numbers, times or text, which is nearly all that is ever sorted by, is
 * done without: a number's key is a class byte, the double's bits and two bytes
 * that are the same for all but ints beyond 2^53; text stands in its key as it
 * is, so that its rest is a view.  Several of these are written one behind the
 * other, with what is asked of a column asked once a batch.  A test holds all
 * ways against the plain one.
 */
#include "data/key_words.h"

#include <string.h>

#include "data/batch.h"
#include "data/key_priv.h"
#include "data/raw_priv.h"
#include "util/buf.h"
#include "util/mem.h"

/* Rows that a cut is learnt from. */
#define LEARN_ROWS 256

/* Without what the key goes on with anyway. */
static uint32_t
strip(const char *bytes, uint32_t size, uint8_t pad)
{
	while (size > 0 && (uint8_t)bytes[size - 1] == pad)
		size--;
	return size;
}

int
key_rest_compare(const struct key_cut *cut, const char *a, uint32_t a_size,
	const char *b, uint32_t b_size)
{
	uint32_t size = a_size < b_size ? a_size : b_size;
	int order = size == 0 ? 0 : memcmp(a, b, size);

	if (order != 0 || a_size == b_size)
		return order;
	/* The longer one has something before the pads that is no pad. */
	return (a_size > b_size) == (cut->pad == 0) ? 1 : -1;
}

void
key_cut_learn(struct key_cut *cut, const struct column *columns,
	const struct key_order *order, uint32_t column_count, uint32_t count)
{
	struct buf first = { 0 }, key = { 0 };
	uint32_t alike = KEY_HEAD_MAX, longest = 0;

	*cut = (struct key_cut){
		.pad = order[column_count - 1].descending ? 0xff : 0,
	};
	if (count > LEARN_ROWS)
		count = LEARN_ROWS;
	for (uint32_t i = 0; i < count; i++) {
		key.size = 0;
		key_add_order(columns, order, column_count, i, &key);
		if (key.size <= 1)
			continue;	/* null */
		if (first.size == 0)
			buf_add(&first, key.bytes, key.size);
		uint32_t same = 0;
		while (same < alike && same < key.size && same < first.size &&
		    key.bytes[same] == first.bytes[same])
			same++;
		alike = same;
		uint32_t size = strip(key.bytes, (uint32_t)key.size, cut->pad);
		longest = size > longest ? size : longest;
	}
	/* No more than makes words of all of the key: the less is said to be
	 * alike, the less will lie without. */
	if (longest > 8 && alike > longest - 8)
		alike = longest - 8;
	else if (longest <= 8 && alike > 1)
		alike = 1;
	/* Numbers: the class alone, and the byte that says "exact" is usual. */
	if (column_count == 1 && first.size > 0 &&
	    key_is_number(first.bytes[0], order)) {
		alike = 1;
		cut->usual_size = 1;
		cut->usual[0] = order->descending ? 0x7f : (char)0x80;
	}
	if (first.size > 0) {
		cut->head_size = alike;
		memcpy(cut->head, first.bytes, alike);
	}
	buf_fini(&first);
	buf_fini(&key);
}

void
key_words_init(struct key_words *words, struct region *region)
{
	words->part = region_alloc(region, BATCH_ROWS_MAX);
	words->word = region_alloc(region, BATCH_ROWS_MAX * sizeof(uint64_t));
	words->rest = region_alloc(region, BATCH_ROWS_MAX * sizeof(char *));
	words->rest_size = region_alloc(region,
	    BATCH_ROWS_MAX * sizeof(uint32_t));
}

/* --- any key --- */

static void
take_rest(const struct key_cut *cut, const char *bytes, uint32_t size,
	uint32_t i, struct region *region, struct key_words *out)
{
	int within = out->part[i] == KEY_WITHIN;

	size = strip(bytes, size, cut->pad);
	out->rest[i] = NULL;
	out->rest_size[i] = 0;
	if (within ? size == cut->usual_size &&
	    memcmp(bytes, cut->usual, size) == 0 : size == 0)
		return;
	out->rest[i] = region == NULL ? bytes :
	    region_copy(region, bytes, size);
	out->rest_size[i] = size;
	out->any_rest = 1;
}

/* Row i, whose key these are; they are copied if there is a region. */
static void
take_key(const struct key_cut *cut, const char *bytes, uint32_t size,
	uint32_t i, struct region *region, struct key_words *out)
{
	uint32_t head = cut->head_size;
	int order = memcmp(bytes, cut->head, size < head ? size : head);

	/* A key is no beginning of another. */
	out->part[i] = order < 0 ? KEY_BELOW : order > 0 ? KEY_ABOVE :
	    KEY_WITHIN;
	if (order == 0) {
		bytes += head;
		size -= head;
	}
	out->word[i] = key_word_at(bytes, size, cut->pad);
	take_rest(cut, size > 8 ? bytes + 8 : bytes, size > 8 ? size - 8 : 0,
	    i, region, out);
}

static void
take_row(const struct key_cut *cut, const struct column *columns,
	const struct key_order *order, uint32_t column_count, uint32_t i,
	struct buf *key, struct region *region, struct key_words *out)
{
	key->size = 0;
	key_add_order(columns, order, column_count, i, key);
	take_key(cut, key->bytes, (uint32_t)key->size, i, region, out);
}

/* --- one key of one type --- */

static void
take_null(const struct key_cut *cut, const struct key_order *order,
	uint32_t i, struct key_words *out)
{
	char null = key_null_byte(order);

	take_key(cut, &null, 1, i, NULL, out);
}

/* 1, or 0 when it is an int whose double is not all of it. */
static inline int
number_word(enum type type, const void *data, uint32_t row, uint64_t *word)
{
	const uint64_t sign = (uint64_t)1 << 63;
	const int64_t exact = (int64_t)1 << 53;
	uint64_t bits;
	double number;

	if (type == TYPE_FLOAT) {
		number = ((const double *)data)[row] + 0.0;
	} else {
		int64_t integer = ((const int64_t *)data)[row];
		if (integer > exact || integer < -exact)
			return 0;
		number = (double)integer;
	}
	memcpy(&bits, &number, sizeof(bits));
	if (number != number)
		bits = UINT64_MAX >> 1;
	*word = bits & sign ? ~bits : bits | sign;
	return 1;
}

static void
take_numbers(const struct key_cut *cut, const struct column *column,
	const struct key_order *order, uint32_t count, struct region *region,
	struct key_words *out)
{
	const uint64_t flip = order->descending ? UINT64_MAX : 0;
	struct buf key = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		uint64_t word = 0;
		if (column->valid != NULL && !column_row_is_valid(column, i)) {
			take_null(cut, order, i, out);
		} else if (number_word(column->type, column->data, i, &word)) {
			out->part[i] = KEY_WITHIN;
			out->word[i] = word ^ flip;
			out->rest[i] = NULL;
		} else {
			take_row(cut, column, order, 1, i, &key, region, out);
		}
	}
	buf_fini(&key);
}

static inline uint64_t
moment_word(const struct column *column, uint32_t row)
{
	int64_t us = ((const int64_t *)column->data)[row];

	if (column->type == TYPE_DATE)
		us = date_to_us(us);
	return (uint64_t)us ^ (uint64_t)1 << 63;
}

static void
take_moments(const struct key_cut *cut, const struct column *column,
	const struct key_order *order, uint32_t count, struct key_words *out)
{
	const uint64_t flip = order->descending ? UINT64_MAX : 0;

	for (uint32_t i = 0; i < count; i++) {
		if (column->valid != NULL && !column_row_is_valid(column, i)) {
			take_null(cut, order, i, out);
			continue;
		}
		out->part[i] = KEY_WITHIN;
		out->word[i] = moment_word(column, i) ^ flip;
		out->rest[i] = NULL;
	}
}

/* Ascending text without a NUL: its key is the class and itself. */
static inline int
take_text(const struct key_cut *cut, const struct text *text, uint32_t i,
	struct key_words *out)
{
	const char *bytes = text_bytes(text);
	uint32_t size = text->size, head = cut->head_size - 1;

	if (size < head || memcmp(bytes, cut->head + 1, head) != 0)
		return 0;
	bytes += head;
	size -= head;
	if (memchr(bytes, 0, size) != NULL)
		return 0;
	out->part[i] = KEY_WITHIN;
	out->word[i] = key_word_at(bytes, size, 0);
	out->rest[i] = NULL;
	if (size > 8) {
		out->rest[i] = bytes + 8;
		out->rest_size[i] = size - 8;
		out->any_rest = 1;
	}
	return 1;
}

static void
take_texts(const struct key_cut *cut, const struct column *column,
	const struct key_order *order, uint32_t count, struct region *region,
	struct key_words *out)
{
	const struct text *text = column->data;
	int is_raw = column->type == TYPE_RAW;
	struct buf key = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		if (column->valid != NULL && !column_row_is_valid(column, i))
			take_null(cut, order, i, out);
		else if ((is_raw && raw_starts_number(text_bytes(&text[i]),
		    text[i].size)) || !take_text(cut, &text[i], i, out))
			take_row(cut, column, order, 1, i, &key, region, out);
	}
	buf_fini(&key);
}

/* --- several keys --- */

enum field_kind { FIELD_NUMBER, FIELD_MOMENT, FIELD_TEXT };

struct key_field {
	const struct column *column;
	enum field_kind kind;
	uint64_t flip;
	char class, null;
	char exact[2];		/* what a number's key ends with */
};

/* The most that a field takes without a text's bytes. */
#define FIELD_BYTES_MAX 11

/* 0 if it is of no type that can be written so. */
static int
field_init(struct key_field *field, const struct column *column,
	const struct key_order *order)
{
	enum type type = (enum type)column->type;

	*field = (struct key_field){ .column = column,
		.flip = order->descending ? UINT64_MAX : 0,
		.class = key_class_byte(type, order),
		.null = key_null_byte(order) };
	if (column->encoding != FLAT || field->class == 0)
		return 0;
	if (type == TYPE_INT || type == TYPE_FLOAT) {
		field->kind = FIELD_NUMBER;
		field->exact[0] = (char)(0x80 ^ field->flip);
		field->exact[1] = (char)field->flip;
		return 1;
	}
	field->kind = type_is_word(type) ? FIELD_MOMENT : FIELD_TEXT;
	return type_is_word(type) ||
	    ((type == TYPE_TEXT || type == TYPE_RAW) && !order->descending);
}

static inline char *
put_word(char *out, uint64_t word)
{
	word = __builtin_bswap64(word);
	memcpy(out, &word, 8);
	return out + 8;
}

/* Writes row i of a field; NULL if only the plain way can. */
static inline char *
field_put(const struct key_field *field, uint32_t i, char *out)
{
	const struct column *column = field->column;
	const struct text *text = (const struct text *)column->data + i;
	uint64_t word = 0;

	*out++ = field->class;
	switch (field->kind) {
	case FIELD_NUMBER:
		if (!number_word(column->type, column->data, i, &word))
			return NULL;
		out = put_word(out, word ^ field->flip);
		memcpy(out, field->exact, 2);
		return out + 2;
	case FIELD_MOMENT:
		return put_word(out, moment_word(column, i) ^ field->flip);
	default:
		if ((column->type == TYPE_RAW && raw_starts_number(
		    text_bytes(text), text->size)) ||
		    memchr(text_bytes(text), 0, text->size) != NULL)
			return NULL;
		memcpy(out, text_bytes(text), text->size);
		memset(out + text->size, 0, 2);
		return out + text->size + 2;
	}
}

/* Writes the key of row i; NULL if only the plain way can. */
static inline char *
fields_put(const struct key_field *field, uint32_t field_count, uint32_t i,
	char *out)
{
	for (uint32_t c = 0; c < field_count && out != NULL; c++) {
		const struct column *column = field[c].column;
		if (column->valid != NULL && !column_row_is_valid(column, i))
			*out++ = field[c].null;
		else
			out = field_put(&field[c], i, out);
	}
	return out;
}

/* Room for the keys of all rows. */
static char *
fields_room(const struct key_field *field, uint32_t field_count,
	uint32_t count, struct region *region)
{
	size_t bytes = (size_t)count * field_count * FIELD_BYTES_MAX;

	for (uint32_t c = 0; c < field_count; c++) {
		const struct column *column = field[c].column;
		const struct text *text = column->data;
		for (uint32_t i = 0; i < count && field[c].kind == FIELD_TEXT;
		    i++)
			if (column->valid == NULL ||
			    column_row_is_valid(column, i))
				bytes += text[i].size;
	}
	return region_alloc(region, bytes);
}

/* Keys lie one behind the other, so that rests need not be copied. */
static void
take_fields(const struct key_cut *cut, const struct column *columns,
	const struct key_order *order, uint32_t column_count, uint32_t count,
	struct region *region, struct key_words *out)
{
	struct key_field *field = region_alloc(region,
	    column_count * sizeof(*field));
	struct buf plain = { 0 };
	char *key = NULL;
	int can = 1;

	for (uint32_t c = 0; c < column_count; c++)
		can &= field_init(&field[c], &columns[c], &order[c]);
	if (can)
		key = fields_room(field, column_count, count, region);
	for (uint32_t i = 0; i < count; i++) {
		char *end = can ? fields_put(field, column_count, i, key) :
		    NULL;
		if (end == NULL) {
			take_row(cut, columns, order, column_count, i, &plain,
			    region, out);
			continue;
		}
		take_key(cut, key, (uint32_t)(end - key), i, NULL, out);
		key = end;
	}
	buf_fini(&plain);
}

void
key_words_make(const struct key_cut *cut, const struct column *columns,
	const struct key_order *order, uint32_t column_count, uint32_t count,
	struct region *region, struct key_words *out)
{
	enum type type = (enum type)columns->type;
	char class = key_class_byte(type, order);

	out->any_rest = 0;
	if (column_count == 1 && columns->encoding == FLAT &&
	    cut->head_size > 0 && class != 0 && cut->head[0] == class) {
		if (type == TYPE_INT || type == TYPE_FLOAT)
			return take_numbers(cut, columns, order, count, region,
			    out);
		if (type_is_word(type) && cut->head_size == 1)
			return take_moments(cut, columns, order, count, out);
		if ((type == TYPE_TEXT || type == TYPE_RAW) &&
		    !order->descending)
			return take_texts(cut, columns, order, count, region,
			    out);
	}
	take_fields(cut, columns, order, column_count, count, region, out);
}
