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
	src/util/env_process.c \
	src/util/env_sim.c \
	src/util/env_socket.c \
	src/util/env_watch.c \
	src/util/err.c \
	src/util/err.h \
	src/util/glob.c \
	src/util/glob.h \
	src/util/hash.c \
	src/util/hash.h \
	src/util/interrupt.c \
	src/util/interrupt.h \
	src/util/mem.c \
	src/util/mem.h \
	src/util/near.c \
	src/util/near.h \
	src/util/pack.c \
	src/util/pack.h \
	src/util/region.c \
	src/util/scan.h \
	src/util/thr.c \
	src/util/thr.h

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
	src/data/frame.h \
	src/data/frame_priv.h \
	src/data/frame_read.c \
	src/data/frame_write.c \
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
	src/func/calendar.c \
	src/func/calendar.h \
	src/func/compare.h \
	src/func/compare_template.h \
	src/func/divide.h \
	src/func/fn_arith.c \
	src/func/fn_bucket.c \
	src/func/fn_cast.c \
	src/func/fn_compare.c \
	src/func/fn_cond.c \
	src/func/fn_encode.c \
	src/func/fn_format.c \
	src/func/fn_hash.c \
	src/func/fn_in.c \
	src/func/fn_int.c \
	src/func/fn_ip.c \
	src/func/fn_json.c \
	src/func/fn_least.c \
	src/func/fn_like.c \
	src/func/fn_list.c \
	src/func/fn_list_total.c \
	src/func/fn_logic.c \
	src/func/fn_match.c \
	src/func/fn_math.c \
	src/func/fn_number_text.c \
	src/func/fn_pad.c \
	src/func/fn_random.c \
	src/func/fn_record.c \
	src/func/fn_regex.c \
	src/func/fn_round.c \
	src/func/fn_text.c \
	src/func/fn_text_case.c \
	src/func/fn_text_find.c \
	src/func/fn_text_part.c \
	src/func/fn_text_split.c \
	src/func/fn_text_trim.c \
	src/func/fn_time.c \
	src/func/fn_time_format.c \
	src/func/fn_time_math.c \
	src/func/fn_time_part.c \
	src/func/fn_url.c \
	src/func/format_spec.c \
	src/func/format_spec.h \
	src/func/func.c \
	src/func/func.h \
	src/func/func_priv.h \
	src/func/func_table.h \
	src/func/func_type.c \
	src/func/func_type.h \
	src/func/kernel.c \
	src/func/kernel.h \
	src/func/literal_find.c \
	src/func/nested.h \
	src/func/percent.h \
	src/func/regex.c \
	src/func/regex.h \
	src/func/regex_literal.c \
	src/func/regex_priv.h \
	src/func/utf8.c \
	src/func/utf8.h \
	src/func/utf8_case.h

state_files = \
	src/state/keyed.c \
	src/state/keyed.h \
	src/state/manifest.c \
	src/state/manifest.h \
	src/state/part.c \
	src/state/part.h \
	src/state/save.c \
	src/state/save.h \
	src/state/store.c \
	src/state/store.h \
	src/state/store_file.c \
	src/state/store_priv.h \
	src/state/store_publish.c \
	src/state/timer.c \
	src/state/timer.h

io_files = \
	src/io/bad.c \
	src/io/bad.h \
	src/io/cells.c \
	src/io/cells.h \
	src/io/chunker.c \
	src/io/csv_format.c \
	src/io/csv_format.h \
	src/io/csv_header.c \
	src/io/csv_index.c \
	src/io/csv_index.h \
	src/io/csv_index_template.h \
	src/io/csv_judge.c \
	src/io/csv_options.c \
	src/io/csv_options.h \
	src/io/csv_priv.h \
	src/io/csv_reader.c \
	src/io/csv_reader.h \
	src/io/csv_reject.c \
	src/io/csv_row.c \
	src/io/csv_row.h \
	src/io/csv_section.c \
	src/io/csv_table.c \
	src/io/csv_types.c \
	src/io/csv_writer.c \
	src/io/declared.c \
	src/io/declared.h \
	src/io/fmt_clf.c \
	src/io/fmt_combined.c \
	src/io/fmt_csv.c \
	src/io/fmt_json.c \
	src/io/fmt_jsonl.c \
	src/io/fmt_lines.c \
	src/io/fmt_table.c \
	src/io/fmt_tsv.c \
	src/io/fmt_vertical.c \
	src/io/format.c \
	src/io/format.h \
	src/io/format_table.h \
	src/io/input.c \
	src/io/input.h \
	src/io/json_format.c \
	src/io/json_format.h \
	src/io/json_index.c \
	src/io/json_index.h \
	src/io/json_index_template.h \
	src/io/json_reader.c \
	src/io/json_reader.h \
	src/io/json_reader_priv.h \
	src/io/json_record.c \
	src/io/json_record.h \
	src/io/json_reject.c \
	src/io/json_rows.c \
	src/io/json_rows.h \
	src/io/json_shape.c \
	src/io/json_shape.h \
	src/io/json_shape_template.h \
	src/io/json_take.c \
	src/io/json_types.c \
	src/io/json_writer.c \
	src/io/loan.c \
	src/io/loan.h \
	src/io/log_line.c \
	src/io/log_line.h \
	src/io/log_reader.c \
	src/io/log_reader.h \
	src/io/output.c \
	src/io/output.h \
	src/io/range.c \
	src/io/range.h \
	src/io/stream.c \
	src/io/stream.h \
	src/io/stream_table.h \
	src/io/stream_tail.c \
	src/io/stream_tcp.c \
	src/io/tail_claims.c \
	src/io/tail_file.c \
	src/io/tail_look.c \
	src/io/tail_priv.h \
	src/io/tail_save.c \
	src/io/text_width.c \
	src/io/text_width.h

net_files = \
	src/net/hello.c \
	src/net/hello.h \
	src/net/launch.c \
	src/net/launch.h \
	src/net/link.c \
	src/net/link.h \
	src/net/order.c \
	src/net/order.h

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

op_files = \
	src/op/group.c \
	src/op/group.h \
	src/op/group_rows.c \
	src/op/group_rows.h \
	src/op/join.c \
	src/op/join.h \
	src/op/join_build.c \
	src/op/join_layout.c \
	src/op/join_priv.h \
	src/op/join_probe.c \
	src/op/need.c \
	src/op/need_priv.h \
	src/op/op.c \
	src/op/op.h \
	src/op/op_aggregate.c \
	src/op/op_dedup.c \
	src/op/op_drop.c \
	src/op/op_extend.c \
	src/op/op_head.c \
	src/op/op_join.c \
	src/op/op_parse.c \
	src/op/op_rename.c \
	src/op/op_scalar.c \
	src/op/op_select.c \
	src/op/op_sort.c \
	src/op/op_table.h \
	src/op/op_tail.c \
	src/op/op_tee.c \
	src/op/op_to.c \
	src/op/op_top.c \
	src/op/op_union.c \
	src/op/op_unnest.c \
	src/op/op_watermark.c \
	src/op/op_where.c \
	src/op/op_window.c \
	src/op/parse_format.h \
	src/op/parse_members.c \
	src/op/parse_pattern.c \
	src/op/parse_pattern.h \
	src/op/parse_reader.c \
	src/op/parse_value.c \
	src/op/project.c \
	src/op/project.h \
	src/op/rows.c \
	src/op/rows.h \
	src/op/source.c \
	src/op/source.h \
	src/op/source_align.c \
	src/op/source_describe.c \
	src/op/source_look.c \
	src/op/source_priv.h \
	src/op/source_range.c \
	src/op/source_run.c \
	src/op/source_split.c \
	src/op/window_bucket.c \
	src/op/window_priv.h \
	src/op/window_save.c

check_files = \
	src/check/bind_agg.c \
	src/check/bind_call.c \
	src/check/bind_expr.c \
	src/check/bind_io.c \
	src/check/bind_join.c \
	src/check/bind_live.c \
	src/check/bind_stage.c \
	src/check/bind_window.c \
	src/check/check_priv.h \
	src/check/flow.c \
	src/check/flow.h

plan_files = \
	src/plan/plan.c \
	src/plan/plan.h \
	src/plan/rule.h \
	src/plan/rule_need.c \
	src/plan/rule_table.h \
	src/plan/tasks.c \
	src/plan/tasks.h

exec_files = \
	src/exec/atomic.h \
	src/exec/channel.c \
	src/exec/channel.h \
	src/exec/checkpoint.c \
	src/exec/checkpoint.h \
	src/exec/edge.c \
	src/exec/edge.h \
	src/exec/edge_in.c \
	src/exec/edge_out.c \
	src/exec/remote.c \
	src/exec/remote.h \
	src/exec/remotes.c \
	src/exec/remotes.h \
	src/exec/run.c \
	src/exec/run.h \
	src/exec/run_priv.h \
	src/exec/sched.c \
	src/exec/sched.h \
	src/exec/stats.c \
	src/exec/stats.h \
	src/exec/subtask.c \
	src/exec/subtask.h \
	src/exec/subtask_priv.h \
	src/exec/subtask_save.c \
	src/exec/worker.c

# All of cli but main.c, which the test programs must not link.
cli_files = \
	src/cli/cmd.h \
	src/cli/cmd_check.c \
	src/cli/cmd_complete.c \
	src/cli/cmd_explain.c \
	src/cli/cmd_fmt.c \
	src/cli/cmd_help.c \
	src/cli/cmd_run.c \
	src/cli/cmd_table.h \
	src/cli/cmd_worker.c \
	src/cli/help.c \
	src/cli/help.h \
	src/cli/help_row.c \
	src/cli/help_row.h \
	src/cli/job.c \
	src/cli/job.h \
	src/cli/option_table.h \
	src/cli/options.c \
	src/cli/options.h

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
