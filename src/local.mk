# Every source and header, one a line, sorted, by floor.  A test compares the
# lists with the folders.

util_files = \
	src/util/bits.h \
	src/util/buf.c \
	src/util/buf.h \
	src/util/cpu.c \
	src/util/cpu.h \
	src/util/env.c \
	src/util/env.h \
	src/util/env_fault.c \
	src/util/env_priv.h \
	src/util/err.c \
	src/util/err.h \
	src/util/hash.c \
	src/util/hash.h \
	src/util/mem.c \
	src/util/mem.h \
	src/util/near.c \
	src/util/near.h \
	src/util/region.c

lang_files = \
	src/lang/ast.h \
	src/lang/ast_equal.c \
	src/lang/diag.c \
	src/lang/diag.h \
	src/lang/guess.c \
	src/lang/guess.h \
	src/lang/guess_mend.c \
	src/lang/guess_parse.c \
	src/lang/guess_priv.h \
	src/lang/guess_rewrite.c \
	src/lang/letter.c \
	src/lang/letter.h \
	src/lang/lex.c \
	src/lang/lex.h \
	src/lang/lex_number.c \
	src/lang/lex_priv.h \
	src/lang/lex_text.c \
	src/lang/lex_time.c \
	src/lang/parse.c \
	src/lang/parse.h \
	src/lang/parse_events.c \
	src/lang/parse_expr.c \
	src/lang/parse_item.c \
	src/lang/parse_primary.c \
	src/lang/parse_priv.h \
	src/lang/parse_stage.c \
	src/lang/parse_token.c \
	src/lang/pretty.c \
	src/lang/pretty.h \
	src/lang/pretty_expr.c \
	src/lang/pretty_layout.c \
	src/lang/pretty_priv.h \
	src/lang/pretty_stage.c \
	src/lang/stage.c \
	src/lang/stage.h \
	src/lang/stage_table.h

data_files = \
	src/data/batch.c \
	src/data/batch.h \
	src/data/batch_verify.c \
	src/data/builder.c \
	src/data/column.c \
	src/data/column.h \
	src/data/column_decode.c \
	src/data/column_floats.c \
	src/data/column_gather.c \
	src/data/column_ints.c \
	src/data/column_numbers.c \
	src/data/column_texts.c \
	src/data/decimal.c \
	src/data/digits_priv.h \
	src/data/json.c \
	src/data/json.h \
	src/data/json_check.c \
	src/data/json_priv.h \
	src/data/json_write.c \
	src/data/key.c \
	src/data/key.h \
	src/data/key_order.c \
	src/data/lanes_priv.h \
	src/data/moment.c \
	src/data/moment.h \
	src/data/moment_duration.c \
	src/data/moment_format.c \
	src/data/moment_parse.c \
	src/data/moment_priv.h \
	src/data/number.c \
	src/data/number.h \
	src/data/number_format.c \
	src/data/number_powers.c \
	src/data/number_priv.h \
	src/data/number_rank.c \
	src/data/number_scale.c \
	src/data/raw.c \
	src/data/raw_priv.h \
	src/data/rows_priv.h \
	src/data/schema.c \
	src/data/schema.h \
	src/data/strftime.c \
	src/data/text.h \
	src/data/type.c \
	src/data/type.h \
	src/data/value.c \
	src/data/zone.c \
	src/data/zone_priv.h \
	src/data/zone_read.c \
	src/data/zone_rule.c

func_files = \
	src/func/agg.c \
	src/func/agg.h \
	src/func/agg_avg.c \
	src/func/agg_by.c \
	src/func/agg_count.c \
	src/func/agg_distinct.c \
	src/func/agg_extreme.c \
	src/func/agg_first.c \
	src/func/agg_keys.c \
	src/func/agg_keys.h \
	src/func/agg_list.c \
	src/func/agg_percentile.c \
	src/func/agg_priv.h \
	src/func/agg_sum.c \
	src/func/agg_table.h \
	src/func/agg_tally.c \
	src/func/agg_total.c \
	src/func/agg_total.h \
	src/func/agg_twin.h \
	src/func/agg_value.c \
	src/func/agg_var.c \
	src/func/arith_decimal.c \
	src/func/arith_priv.h \
	src/func/arith_template.h \
	src/func/arith_time.c \
	src/func/compare.h \
	src/func/compare_template.h \
	src/func/fn_arith.c \
	src/func/fn_compare.c \
	src/func/fn_format.c \
	src/func/fn_in.c \
	src/func/fn_logic.c \
	src/func/fn_match.c \
	src/func/format_spec.c \
	src/func/format_spec.h \
	src/func/func.c \
	src/func/func.h \
	src/func/func_priv.h \
	src/func/func_table.h \
	src/func/regex.c \
	src/func/regex.h \
	src/func/regex_literal.c \
	src/func/regex_priv.h

state_files =

io_files =

net_files =

expr_files = \
	src/expr/expr.c \
	src/expr/expr.h \
	src/expr/expr_agg.c \
	src/expr/expr_as.c \
	src/expr/expr_call.c \
	src/expr/expr_column.c \
	src/expr/expr_eval.c \
	src/expr/expr_filter.c \
	src/expr/expr_fold.c \
	src/expr/expr_kernel.c \
	src/expr/expr_logic.c \
	src/expr/expr_merge.c \
	src/expr/expr_nested.c \
	src/expr/expr_priv.h \
	src/expr/filter_fast.c

op_files =

check_files =

plan_files =

exec_files =

# All of cli but main.c, which the test programs must not link.
cli_files =

noinst_LIBRARIES += libsflow.a
libsflow_a_SOURCES = \
	$(util_files) \
	$(lang_files) \
	$(data_files) \
	$(func_files) \
	$(state_files) \
	$(io_files) \
	$(net_files) \
	$(expr_files) \
	$(op_files) \
	$(check_files) \
	$(plan_files) \
	$(exec_files) \
	$(cli_files)

bin_PROGRAMS += sflow
sflow_SOURCES = src/cli/main.c
sflow_LDADD = libsflow.a $(SFLOW_LIBS)
