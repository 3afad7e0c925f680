/*
 * The words that begin a stage.  STAGE(word, kind, form, help): `form` is the
 * grammar on one line, as hints and the manual show it.  A row here needs its
 * production parse_stage_<word>() in a parse_*.c.
 */
STAGE(where, AST_WHERE, "where CONDITION",
	"keep the records for which the condition is true")
STAGE(select, AST_SELECT, "select ITEM, ...",
	"keep, compute and order fields")
STAGE(extend, AST_EXTEND, "extend NAME = EXPR, ...",
	"add fields or replace them")
STAGE(drop, AST_DROP, "drop FIELD, ...",
	"leave fields out")
STAGE(rename, AST_RENAME, "rename NEW = OLD, ...",
	"give fields other names")
STAGE(aggregate, AST_AGGREGATE, "aggregate NAME = AGG(...) [where CONDITION], "
	"... [by FIELD, ...] [window W(...)] [emit ...] [late ...]",
	"one record for each group")
STAGE(agg, AST_AGGREGATE, "agg NAME = AGG(...), ... [by FIELD, ...]",
	"short for aggregate")
STAGE(count, AST_COUNT, "count [by FIELD, ...] [window W(...)] [emit ...] "
	"[late ...]",
	"count the records of each group")
STAGE(sort, AST_SORT, "sort KEY [asc | desc] [nulls first | nulls last], ...",
	"order the records")
STAGE(head, AST_HEAD, "head [COUNT] [by FIELD, ...]",
	"the first records, of each group")
STAGE(tail, AST_TAIL, "tail [COUNT] [by FIELD, ...]",
	"the last records, of each group")
STAGE(top, AST_TOP, "top [COUNT] EXPR [by FIELD, ...]",
	"the records with the largest values, of each group")
STAGE(dedup, AST_DEDUP, "dedup [by FIELD, ...] [within DURATION]",
	"the first record of each key")
STAGE(join, AST_JOIN, "[inner | left | right | full | semi | anti | asof] "
	"join INPUT [as NAME] on KEY, ... [within DURATION]",
	"put records of another input beside those of this one")
STAGE(union, AST_UNION, "union INPUT",
	"the records of another input as well")
STAGE(unnest, AST_UNNEST, "unnest EXPR [as NAME [, NAME]]",
	"a record for each element of a list")
STAGE(parse, AST_PARSE, "parse EXPR with \"PATTERN\" | with /REGEX/ | "
	"as FORMAT [else drop | keep | fail | to OUTPUT]",
	"take fields out of text")
STAGE(watermark, AST_WATERMARK, "watermark EXPR [delay DURATION] "
	"[idle DURATION]",
	"say which field is the time and how late records may be")
STAGE(match, AST_MATCH, "match NAME = (CONDITION) then NAME = (CONDITION) ... "
	"within DURATION [by FIELD, ...] [unmatched ROUTE]",
	"find patterns of records in time")
STAGE(process, AST_PROCESS, "process [by FIELD, ...] { var $NAME = EXPR; ... "
	"when CONDITION { ACTION; ... } on timer { ... } on end { ... } }",
	"variables, rules and timers for each key")
STAGE(tee, AST_TEE, "tee (STAGE | STAGE ...)",
	"give the records to another pipeline as well")
STAGE(to, AST_TO, "to OUTPUT",
	"write the records")
