#ifndef SFLOW_CHECK_CHECK_PRIV_H
#define SFLOW_CHECK_CHECK_PRIV_H

#include "check/flow.h"
#include "lang/ast.h"
#include "util/err.h"

/* A $name in scope: an expression of the program with the scope it was written
 * in, or a value of the command line. */
struct binding {
	struct ast_text name;
	const struct ast_expr *expr;
	const struct binding *scope;	/* where expr's own $names are found */
	const char *value;		/* --arg; NULL: expr */
	const struct binding *next;
};

/* What a name put another record under: join ... as u. */
#define ALIASES_MAX 16

/*
 * A place in the graph where records come out while it is being built: who
 * gives them, which fields they have.
 */
struct stream {
	struct flow_source *source;	/* either this ... */
	struct op *tail;		/* ... or this gives the records */
	int from_side;			/* tail's side output */
	struct schema *schema;		/* borrowed from the tail or source */
	/* What all came from, or NULL. */
	const struct format_def *format;
	/* The first source: the dialect of the output. */
	const struct source *origin;
	struct ast_text alias[ALIASES_MAX];
	unsigned alias_count;
	int ended;			/* a sink took them */
	/* Do the records have their event time?  If they had, and have no more,
	 * who took it. */
	int has_time;
	const char *time_taker;
	int is_live;			/* the records never end */
};

/* A `let name = pipeline`, compiled at its first use. */
struct named_stream {
	const struct ast_decl *decl;
	int compiling;
	int compiled;
	struct stream stream;
};

struct check {
	const struct ast_program *program;
	const struct check_config *config;
	struct flow *flow;
	struct err *err;
	const struct binding *globals;
	struct named_stream *named;
	uint32_t named_count;
	unsigned depth;		/* nesting of fn, op and let expansions */
	int argv_used;
	int stdin_used;
	int in_scalar;		/* compiling a pipeline inside an expression */
	/* Such a pipeline has its streams to itself: the stage cannot wait for
	 * its value (flow_await.c). */
	int scalar_is_alone;
	/* How often such a pipeline has read a stream with others. */
	uint32_t shared_count;
};

/* Aggregates found while an item of `aggregate` is bound. */
struct agg_list {
	struct op_agg *agg;
	uint32_t count;
	const struct ast_expr *where;	/* of the item being bound */
};

/* Sets of keys behind `by`: the keys, each once, and a bit per key. */
struct sets {
	struct ast_items key;
	uint64_t *set;
	uint32_t count;
};

/* The key that is the number of the set, from 0. */
#define SETS_NUMBER "#set"

struct scope {
	struct check *check;
	const struct schema *schema;
	const struct ast_text *alias;
	unsigned alias_count;
	const struct binding *binding;
	struct agg_list *aggs;	/* NULL: aggregates are not allowed here */
	const struct sets *sets;	/* for grouping(); NULL: there is one */
	int optional;			/* inside x?: unknown fields are fine */
	int path;			/* of a file: a null is no part of it */
	/* Name of the record itself, u in u.id; or none. */
	struct ast_text self;
};

#define EXPANSION_DEPTH_MAX 64

/* bind_expr.c */
struct expr *bind_expr(const struct scope *, const struct ast_expr *);
/* Fill err's span if the callee left it open.  Returns NULL. */
void *bind_fail_at(struct check *, struct ast_span);
int bind_error(struct check *, struct ast_span, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
struct scope bind_scope(struct check *, const struct stream *,
	const struct binding *);
/* The name an item gets when none is written; region memory. */
const char *bind_item_name(struct check *, const struct ast_item *);
const char *bind_text(struct check *, struct ast_text);
int text_is(struct ast_text, const char *);
int text_same(struct ast_text, struct ast_text);
int scope_has_alias(const struct scope *, struct ast_text);
/* Constant values of clauses: INT for limits, DURATION. */
int bind_limit(struct check *, const struct binding *, const struct ast_expr *,
	int64_t fallback, int64_t *out);
/* An option or argument: a constant; region memory. */
const struct value *bind_constant(struct check *, const struct binding *,
	const struct ast_expr *);

/* bind_call.c */
struct expr *bind_call(const struct scope *, const struct ast_expr *);
struct expr *bind_func(const struct scope *, const char *name,
	const struct ast_expr *at, struct expr **take_arg, unsigned count);

/* Arguments of a call of fn or op to its parameters; out has param_count. */
int bind_params(struct check *, const struct ast_decl *,
	const struct ast_args *, struct ast_span, const struct binding *caller,
	struct binding *out);

/* A duration of 0 or more; `what` names it in messages. */
int bind_duration(struct check *, const struct binding *,
	const struct ast_expr *, const char *what, int64_t *us);

/* bind_agg.c */
struct expr *bind_agg_call(const struct scope *, const struct ast_expr *,
	const struct agg_def *);
int bind_aggregate(struct check *, struct stream *, const struct binding *,
	const struct ast_stage *);

/* bind_sets.c */
/* Are there rollup, cube or sets? */
int bind_has_sets(const struct ast_items *by);
/* An error if there are. */
int bind_refuse_sets(struct check *, const struct ast_items *by);
int bind_sets(struct check *, const struct ast_group *, struct sets *out);
/* What makes the copies of records, to the stream; the keys of `aggregate`,
 * which are those of the sets, become what is needed then. */
int bind_append_sets(struct check *, struct stream *, const struct sets *,
	struct op *aggregate);
/* Of copies in `side` only the first is left, as the record was. */
int bind_late_sets(struct check *, struct stream *side, const struct sets *);
struct expr *bind_grouping(const struct scope *, const struct ast_expr *);

/* bind_window.c */
int bind_watermark(struct check *, struct stream *, const struct binding *,
	const struct ast_stage *);
/* The window of `group`, if it has one, and what becomes of late records. */
int bind_window(struct check *, struct stream *, const struct binding *,
	const struct ast_group *, const struct sets *, struct op *);

/* bind_join.c */
int bind_join(struct check *, struct stream *, const struct binding *,
	const struct ast_stage *);

/* bind_io.c */
int bind_from(struct check *, const struct binding *, const struct ast_io *,
	struct stream *out);
int bind_to(struct check *, struct stream *, const struct binding *,
	const struct ast_io *);
int bind_default_sink(struct check *, struct stream *);
int bind_options(struct check *, const struct binding *,
	const struct ast_args *, struct format_option **option,
	uint32_t *count);
/* Positional arguments are paths; region memory. */
int bind_paths(struct check *, const struct binding *,
	const struct ast_args *, const char ***path, uint32_t *count);
/* `format="jsonl"` among the options names the format of `spec`. */
int take_format_option(struct check *, struct source_spec *,
	struct format_option *option, uint32_t *count, struct ast_span);

/* bind_live.c */
/* tail("f"), tcp(":9000"): 1 if the name is no stream's. */
int bind_live(struct check *, const struct binding *, const struct ast_io *,
	struct source_spec *out);
/* Refuse a stage that waits for the end of what never ends. */
int bind_endless(struct check *, struct stream *, const struct ast_stage *);

/* bind_stage.c */
int bind_stages(struct check *, struct stream *, const struct binding *,
	const struct ast_pipeline *);
int bind_items(const struct scope *, const struct ast_items *,
	struct op_item **out, uint32_t *count);
/* What becomes of the records of `stream` that `op` has no use for; `sets`:
 * they are copies, else NULL. */
int bind_route(struct check *, const struct binding *,
	const struct ast_route *, const struct stream *, const struct sets *,
	struct op *);

/* flow.c */
struct op *flow_add_op(struct check *, const char *name,
	const struct ast_stage *);
struct flow_source *flow_add_source(struct check *);
/* flow_await.c: pipelines in expressions and the streams that they share */
/* Should a pipeline in an expression read the named stream with all others,
 * instead of running it again? */
int flow_is_shared(const struct check *, const struct ast_pipeline *);
/* The end of such a pipeline, which gives `param` its value; `is_shared`: it
 * reads what others read as well. */
void flow_add_scalar(struct check *, const struct stream *, struct expr *param,
	int is_shared);
/* The scalars from number `first` on are read by what was appended to `stream`,
 * of which `before` is a copy from before that. */
void flow_place_scalars(struct check *, uint32_t first,
	const struct stream *before);
/* flow_settle.c: the order of the sources of a complete graph. */
void flow_settle(struct flow *);
/* Of an input that is not looked at; lives as long as the flow. */
struct schema *flow_open_schema(struct check *);
/* A field written x? */
void flow_add_optional(struct check *, struct ast_text name);
/* Make `op` the next of the stream and bind it; the stream then goes on from
 * it.  0 or -1 (op is freed with the flow). */
int stream_append(struct check *, struct stream *, struct op *);
/* Only connect the stream's output to a port of an operator. */
void stream_connect(const struct stream *, struct op *, unsigned port);
/* A whole pipeline in a fresh stream. */
int bind_pipeline(struct check *, const struct binding *,
	const struct ast_pipeline *, struct stream *out);
int bind_rel(struct check *, const struct binding *, const struct ast_rel *,
	struct stream *out);
int bind_named_stream(struct check *, const struct ast_text *,
	struct ast_span, struct stream *out);

#endif
