#ifndef SFLOW_DATA_SCHEMA_H
#define SFLOW_DATA_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "data/type.h"

/*
 * The names of a batch's columns, in order.  Immutable once shared, counted.
 * `open` (plans only): more fields may turn up in the data, as in JSON lines;
 * the fields listed are then only those that are known to be asked for.
 * Two batches with the same schema pointer have the same columns, so lookups
 * are made once per schema, not per batch.
 */
struct field {
	const char *name;	/* NUL-terminated */
	uint32_t name_size;
	uint32_t qualifier_size;	/* "u.name" of a join as u: 1; else 0 */
	enum type type;		/* TYPE_ANY unless declared or computed */
};

struct schema {
	_Atomic uint32_t references;
	uint32_t field_count;
	int open;
	struct field *field;
	/* Private: hash index. */
	uint32_t *slots;
	uint32_t slot_mask;
};

/* Start one to be filled; names are copied. */
struct schema *schema_new(void);
struct schema *schema_hold(struct schema *);
void schema_drop(struct schema **);
/* Add a field; returns its index.  Only before the schema is shared. */
uint32_t schema_add(struct schema *, const char *name, size_t size, enum type);
/* A new schema with the same fields. */
struct schema *schema_copy(const struct schema *);
/* The index of a name, or -1. */
int schema_find(const struct schema *, const char *name, size_t size);
/* Do both have the same names in the same order? */
int schema_has_names_of(const struct schema *, const struct schema *other);

/* How records are written that were read: what their own bytes mean. */
struct record_form {
	enum type type;		/* RAW* */
	uint8_t delimiter;	/* of RAW_CSV */
	const struct schema *schema;
};

/*
 * Do bytes of a record mean the same in both?  JSON names its fields itself,
 * of others they must have the same names.
 */
int record_form_is_same(const struct record_form *, const struct record_form *);

#endif
