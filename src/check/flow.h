#ifndef SFLOW_CHECK_FLOW_H
#define SFLOW_CHECK_FLOW_H

#include <stddef.h>
#include <stdint.h>

#include "op/op.h"
#include "op/source.h"

struct ast_program;
struct err;

/*
 * A checked program: sources that feed chains of bound operators.  Operators
 * point to who comes next; every operator and source of the program is in the
 * lists, each after those that feed it, the sources in the order in which they
 * are to be read (a join's other side before its own).
 */
struct flow_source {
	uint32_t number;	/* in the order in which the checker met them */
	struct source *source;
	struct op *next;
	unsigned next_port;
};

/* A pipeline in an expression: its one value goes to `param`. */
struct flow_scalar {
	struct op *sink;	/* its end: scalar, or port 1 of an await */
	struct expr *param;	/* borrowed: lies in an operator's expression */
};

struct flow {
	struct flow_source **source;
	uint32_t source_count;
	struct op **op;
	uint32_t op_count;
	struct flow_scalar *scalar;
	uint32_t scalar_count;
	struct region *region;	/* names, paths, options */
	const char **optional;	/* fields written x?: they may be absent */
	uint32_t optional_count;
	struct schema **schema;	/* of inputs that were not looked at */
	uint32_t schema_count;
};

struct check_arg {
	const char *name;
	const char *value;
};

/* What source_describe() told of a source elsewhere. */
struct check_description {
	const char *bytes;
	size_t size;
};

struct check_config {
	/* Files behind the program; none: stdin. */
	const char *const *file;
	uint32_t file_count;
	/* --arg name=value */
	const struct check_arg *arg;
	uint32_t arg_count;
	const struct format_def *input_format;	/* -i; NULL: by name or bytes */
	const struct format_def *output_format;	/* -o; NULL: as the input */
	/* Standard output is a terminal: aligned table unless told. */
	int output_is_terminal;
	/* Only check: stdin is not read, its fields are unknown. */
	int dry;
	/* By source_spec()->number; sources behind the last one are looked at.
	 * They outlive the flow. */
	const struct check_description *description;
	uint32_t description_count;
	struct bad *bad;
	/* Of the worker that binds, from 1; 0: the starting process. */
	uint32_t host_number;
};

/*
 * Resolve names, expand declarations, type expressions and bind operators.  The
 * result depends on nothing of the AST.  NULL with `err` (place in the text).
 */
struct flow *flow_check(const struct ast_program *, const struct check_config *,
	struct err *);
void flow_free(struct flow **);

#endif
