#ifndef SFLOW_LANG_AST_H
#define SFLOW_LANG_AST_H

#include <stddef.h>
#include <stdint.h>

/*
 * The abstract syntax of a program.  Every node lies in the region handed to
 * parse_program(); nothing is freed singly and nothing is changed after.  A
 * span is a byte range of the program text.  Strings are decoded and
 * NUL-terminated (`size` counts without the NUL and may pass a NUL inside).
 * The AST knows no engine: names are not resolved here.
 */
struct ast_span {
	uint32_t offset;
	uint32_t bytes;
};

struct ast_text {
	const char *bytes;	/* NULL: there is none */
	uint32_t size;
};

enum ast_expr_kind {
	AST_INT,	/* integer */
	AST_FLOAT,	/* number */
	AST_STRING,	/* text, decoded; flags "r": written raw */
	AST_FSTRING,	/* parts: literal pieces and holes in turn */
	AST_REGEX,	/* text: the pattern; flags: letters behind the slash */
	/* These, AST_INT and AST_FLOAT keep in `text` how they were written. */
	AST_DURATION,	/* integer: microseconds */
	AST_SIZE,	/* integer: bytes */
	AST_TIME,	/* integer: microseconds since 1970 UTC */
	AST_BOOL,	/* integer 0 or 1 */
	AST_NULL,
	AST_VAR,	/* $name: text without the $ */
	AST_COLUMN,	/* $1: integer, from 1 */
	AST_FIELD,	/* a bare name: text.  `this` is AST_THIS */
	AST_THIS,
	AST_STAR,	/* '*' as an argument or item: all fields */
	AST_CALL,	/* name(args): text, args */
	AST_MEMBER,	/* child[0] . text */
	AST_INDEX,	/* child[0] [ child[1] ] */
	AST_OPTIONAL,	/* child[0] ? */
	AST_UNARY,	/* op NEG or NOT; child[0] */
	AST_BINARY,	/* op; child[0], child[1] */
	AST_IS_NULL,	/* child[0] is [not] null; negated */
	AST_IN,		/* child[0] [not] in child[1]; negated */
	AST_RANGE,	/* child[0] .. child[1], both ends included */
	AST_LIST,	/* child[0..child_count) */
	AST_RECORD,	/* items */
	AST_CASE,	/* child: when, then, ...; the odd last is else */
	AST_PIPELINE,	/* ( from ... ) where a value is expected: pipeline */
};

enum ast_op {
	AST_OP_NONE,
	AST_OP_NEG, AST_OP_NOT,
	AST_OP_OR, AST_OP_AND,
	AST_OP_EQ, AST_OP_NE, AST_OP_LT, AST_OP_LE, AST_OP_GT, AST_OP_GE,
	AST_OP_MATCH, AST_OP_NOT_MATCH,	/* ~ and !~ */
	AST_OP_COALESCE,		/* ?? */
	AST_OP_ADD, AST_OP_SUB, AST_OP_MUL, AST_OP_DIV,
	AST_OP_INT_DIV,			/* // */
	AST_OP_MOD,
};

/* One piece of an f-string: literal text, or a hole {expr:format}. */
struct ast_piece {
	struct ast_text text;		/* the literal, when expr is NULL */
	struct ast_expr *expr;
	struct ast_text format;		/* behind ':' in the hole, or none */
};

struct ast_arg {
	struct ast_span span;
	struct ast_text name;		/* none: by position */
	struct ast_expr *expr;
};

struct ast_args {
	struct ast_arg *arg;
	uint32_t count;
};

/* What stands for several sets of keys behind `by`. */
enum ast_sets {
	AST_SETS_NONE,
	AST_SETS_TUPLE,		/* (a, b) inside the others: they go together */
	AST_SETS_ROLLUP,
	AST_SETS_CUBE,
	AST_SETS_LIST,		/* sets(...) */
};

/*
 * item = "*" | REGEX | [ NAME "=" ] expr [ "where" expr ] [ "as" NAME ]
 * Behind `by` also sets of keys: then there is no name and no expr.
 */
struct ast_item {
	struct ast_span span;
	enum ast_sets sets;
	struct ast_items *members;	/* of sets */
	struct ast_text name;		/* given name, or none */
	struct ast_span name_span;
	struct ast_expr *expr;		/* AST_STAR: all fields */
	struct ast_expr *where;		/* or NULL */
	int colon;			/* record item written "name: expr" */
};

struct ast_items {
	struct ast_item *item;
	uint32_t count;
};

/*
 * Nodes on the longest way down an expression, operands of long chains and
 * pipelines used as values included: so deep must a walk be able to recurse.
 */
#define AST_HEIGHT_MAX 1000

struct ast_expr {
	enum ast_expr_kind kind;
	enum ast_op op;
	struct ast_span span;
	uint32_t height;		/* 1 for a leaf */
	int negated;
	int64_t integer;
	double number;
	struct ast_text text;
	struct ast_text flags;
	struct ast_expr **child;
	uint32_t child_count;
	struct ast_args args;
	struct ast_items items;
	struct ast_piece *piece;
	uint32_t piece_count;
	struct ast_pipeline *pipeline;
};

struct ast_key {
	struct ast_expr *expr;
	int descending;
	enum { AST_NULLS_DEFAULT, AST_NULLS_FIRST, AST_NULLS_LAST } nulls;
};

/* io = STRING | VAR | NAME [ args ] */
struct ast_io {
	struct ast_span span;
	enum { AST_IO_STRING, AST_IO_VAR, AST_IO_CALL } kind;
	struct ast_text text;		/* the path, the variable or the name */
	struct ast_args args;
	int has_args;			/* NAME() as against NAME */
};

/* rel = io | "(" pipeline ")" */
struct ast_rel {
	struct ast_io *io;
	struct ast_pipeline *pipeline;
};

struct ast_route {
	enum { AST_ROUTE_NONE, AST_ROUTE_DROP, AST_ROUTE_KEEP, AST_ROUTE_FAIL,
	    AST_ROUTE_TO } kind;
	struct ast_io *io;
};

struct ast_group {
	struct ast_items by;		/* count 0: no "by" */
	struct ast_span by_span;
	struct ast_text window;		/* "tumble", ... or none */
	struct ast_span window_span;
	struct ast_args window_args;
	enum { AST_EMIT_DEFAULT, AST_EMIT_FINAL, AST_EMIT_CHANGES,
	    AST_EMIT_EVERY } emit;
	struct ast_expr *emit_every;
	int has_late;
	struct ast_expr *late_update;	/* or NULL */
	struct ast_route late;		/* DROP, TO or NONE */
};

/* step = [ "not" ] NAME "=" "(" expr ")" [ "+" | "*" | "?" | "{" ... "}" ] */
struct ast_step {
	struct ast_span span;
	int negated;
	int next;			/* "next" before it instead of "then" */
	struct ast_text name;
	struct ast_expr *expr;
	uint32_t count_min;		/* {1,1} when nothing is written */
	uint32_t count_max;		/* UINT32_MAX: no bound */
};

struct ast_action {
	struct ast_span span;
	enum { AST_ACTION_SET, AST_ACTION_EMIT, AST_ACTION_TIMER,
	    AST_ACTION_CLEAR } kind;
	struct ast_text var;
	struct ast_expr *expr;
};

struct ast_rule {
	struct ast_span span;
	enum { AST_RULE_WHEN, AST_RULE_TIMER, AST_RULE_END } kind;
	struct ast_expr *when;
	struct ast_action *action;
	uint32_t action_count;
};

enum ast_stage_kind {
	AST_WHERE,	/* expr */
	AST_SELECT,	/* items */
	AST_EXTEND,	/* items */
	AST_DROP,	/* items, each an expr (field, path or regex) */
	AST_RENAME,	/* items: name = expr (a field) */
	AST_AGGREGATE,	/* items, group */
	AST_COUNT,	/* group */
	AST_SORT,	/* keys */
	AST_HEAD,	/* limit, group.by */
	AST_TAIL,	/* limit, group.by */
	AST_TOP,	/* limit, expr, group.by */
	AST_DEDUP,	/* group.by, within */
	AST_JOIN,	/* join, rel, name, on, within */
	AST_UNION,	/* rel */
	AST_UNNEST,	/* expr, name, name2 (position) */
	AST_PARSE,	/* expr, pattern | (format, args), route */
	AST_WATERMARK,	/* expr, delay, idle */
	AST_MATCH,	/* steps, within, group.by, route (unmatched) */
	AST_PROCESS,	/* group.by, vars, rules */
	AST_TEE,	/* pipeline */
	AST_TO,		/* io */
	AST_CALL_STAGE,	/* name args: of the registry or declared */
};

enum ast_join_kind {
	AST_JOIN_INNER, AST_JOIN_LEFT, AST_JOIN_RIGHT, AST_JOIN_FULL,
	AST_JOIN_SEMI, AST_JOIN_ANTI, AST_JOIN_ASOF
};

struct ast_stage {
	enum ast_stage_kind kind;
	struct ast_span span;		/* the whole stage */
	struct ast_span word;		/* its first word */
	struct ast_expr *expr;
	struct ast_items items;
	struct ast_group group;
	struct ast_key *key;
	uint32_t key_count;
	struct ast_expr *limit;		/* INT or VAR; NULL: 10 */
	struct ast_expr *within;	/* DURATION or VAR, or NULL */
	struct ast_expr *delay;
	struct ast_expr *idle;
	enum ast_join_kind join;
	struct ast_rel rel;
	struct ast_text name;		/* as NAME; of CALL_STAGE: its word */
	struct ast_text name2;
	struct ast_expr **on;
	uint32_t on_count;
	struct ast_expr *pattern;	/* STRING or REGEX of "with", or NULL */
	struct ast_text format;		/* parse x as FORMAT(args) */
	struct ast_args args;		/* of format, or of CALL_STAGE */
	int has_args;
	struct ast_route route;		/* parse: else; match: unmatched */
	struct ast_io *io;
	struct ast_pipeline *pipeline;
	struct ast_step *step;
	uint32_t step_count;
	struct ast_items vars;		/* process: name without $, expr */
	struct ast_rule *rule;
	uint32_t rule_count;
};

struct ast_pipeline {
	struct ast_span span;
	struct ast_io *from;		/* NULL: the files of argv, or stdin */
	struct ast_stage **stage;
	uint32_t stage_count;
};

struct ast_param {
	struct ast_span span;
	struct ast_text name;		/* without the $ */
	struct ast_expr *fallback;	/* default value, or NULL */
};

enum ast_decl_kind {
	AST_LET,	/* let $name = expr */
	AST_LET_STREAM,	/* let name = pipeline */
	AST_FN,		/* fn name(params) = expr */
	AST_OP,		/* op name(params) = pipeline without from */
	AST_USE,	/* use "file": name is its path; the span ends with ; */
};

struct ast_decl {
	enum ast_decl_kind kind;
	struct ast_span span;
	struct ast_span name_span;
	struct ast_text name;
	struct ast_param *param;
	uint32_t param_count;
	struct ast_expr *expr;
	struct ast_pipeline *pipeline;
};

/* "# text" up to, not with, the end of its line. */
struct ast_comment {
	struct ast_span span;
	int own_line;		/* nothing but blanks stands before it */
};

struct ast_program {
	const char *source_name;	/* a path, or "program" */
	const char *source;		/* the text; spans point into it */
	uint32_t source_bytes;
	struct ast_decl *decl;
	uint32_t decl_count;
	struct ast_pipeline **pipeline;
	uint32_t pipeline_count;	/* 1 or more */
	struct ast_comment *comment;	/* as they stand in the source */
	uint32_t comment_count;
};

#endif
