#ifndef SFLOW_OP_PARSE_FORMAT_H
#define SFLOW_OP_PARSE_FORMAT_H

#include <stdint.h>

#include "func/func.h"
#include "op/op.h"
#include "op/parse_pattern.h"

/*
 * parse x as FORMAT: each text is one record of the format.
 */

/*
 * json, jsonl: the members of objects.  `fields` grows with the members that
 * turn up; if not `all`, it is fixed beforehand and others are skipped.
 */
struct parse_members {
	struct schema *fields;
	int all;
};

/*
 * The members of the texts as columns of JSON tokens, `rows` physical rows:
 * those of *out are fields->field_count.  Texts that are no objects are
 * rejected.
 */
void parse_members_read(struct parse_members *, const struct parse_texts *,
	const uint16_t *row, uint32_t rows, struct rejects *,
	struct region *, struct column **out);

/*
 * Other formats, by their reader.  bind: the fields; NULL with err where the
 * format cannot read single records.  read: the columns of these fields.
 */
struct schema *parse_reader_bind(const struct op_args *, struct err *);
int parse_reader_read(struct op_run *, const struct schema *fields,
	const struct parse_texts *, const uint16_t *row, uint32_t rows,
	struct rejects *, struct batch *, struct column **out, struct err *);

#endif
