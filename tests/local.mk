# tests/: unit tests, flow cases, random programs, tidiness, fuzz harnesses.

# One a line, sorted; each is one file tests/unit/test_NAME.c.
unit_files = \
	tests/unit/test_agg.c \
	tests/unit/test_aggregate.c \
	tests/unit/test_batch.c \
	tests/unit/test_bits.c \
	tests/unit/test_blocks.c \
	tests/unit/test_buf.c \
	tests/unit/test_builder.c \
	tests/unit/test_calendar.c \
	tests/unit/test_channel.c \
	tests/unit/test_codec.c \
	tests/unit/test_column.c \
	tests/unit/test_column_declared.c \
	tests/unit/test_cpu.c \
	tests/unit/test_csv_index.c \
	tests/unit/test_csv_pick.c \
	tests/unit/test_csv_reader.c \
	tests/unit/test_csv_writer.c \
	tests/unit/test_diag.c \
	tests/unit/test_edge.c \
	tests/unit/test_env.c \
	tests/unit/test_env_fault.c \
	tests/unit/test_env_group.c \
	tests/unit/test_env_process.c \
	tests/unit/test_env_sim.c \
	tests/unit/test_env_socket.c \
	tests/unit/test_env_watch.c \
	tests/unit/test_err.c \
	tests/unit/test_expr.c \
	tests/unit/test_expr_agg.c \
	tests/unit/test_expr_nested.c \
	tests/unit/test_filter_fast.c \
	tests/unit/test_fn_operators.c \
	tests/unit/test_format.c \
	tests/unit/test_frame.c \
	tests/unit/test_func_cases.c \
	tests/unit/test_func_examples.c \
	tests/unit/test_func_hostile.c \
	tests/unit/test_group.c \
	tests/unit/test_group_front.c \
	tests/unit/test_guess.c \
	tests/unit/test_hash.c \
	tests/unit/test_interrupt.c \
	tests/unit/test_join.c \
	tests/unit/test_join_loop.c \
	tests/unit/test_joint.c \
	tests/unit/test_json.c \
	tests/unit/test_json_index.c \
	tests/unit/test_json_reader.c \
	tests/unit/test_key.c \
	tests/unit/test_keyed.c \
	tests/unit/test_launch.c \
	tests/unit/test_lex.c \
	tests/unit/test_link.c \
	tests/unit/test_log_reader.c \
	tests/unit/test_manifest.c \
	tests/unit/test_mem.c \
	tests/unit/test_moment.c \
	tests/unit/test_near.c \
	tests/unit/test_needle.c \
	tests/unit/test_number.c \
	tests/unit/test_order.c \
	tests/unit/test_output.c \
	tests/unit/test_parse.c \
	tests/unit/test_parse_pattern.c \
	tests/unit/test_pretty.c \
	tests/unit/test_range.c \
	tests/unit/test_reader_seek.c \
	tests/unit/test_regex.c \
	tests/unit/test_region.c \
	tests/unit/test_rows.c \
	tests/unit/test_save.c \
	tests/unit/test_sched.c \
	tests/unit/test_schema.c \
	tests/unit/test_sort.c \
	tests/unit/test_sort_gap.c \
	tests/unit/test_sort_split.c \
	tests/unit/test_source.c \
	tests/unit/test_spill.c \
	tests/unit/test_store.c \
	tests/unit/test_store_crash.c \
	tests/unit/test_store_fault.c \
	tests/unit/test_stream_tail.c \
	tests/unit/test_stream_tcp.c \
	tests/unit/test_strftime.c \
	tests/unit/test_table.c \
	tests/unit/test_thr.c \
	tests/unit/test_timer.c \
	tests/unit/test_top.c \
	tests/unit/test_turns.c \
	tests/unit/test_type.c \
	tests/unit/test_unnest.c \
	tests/unit/test_utf8.c \
	tests/unit/test_value.c \
	tests/unit/test_waiting.c \
	tests/unit/test_watermark.c \
	tests/unit/test_window.c \
	tests/unit/test_zone.c

# One a line, sorted; NAME stands for tests/fuzz/fuzz_NAME.c, its corpus is the
# folder tests/fuzz/corpus/NAME.
fuzz_names = \
	csv \
	fault \
	frame \
	json \
	lang \
	link \
	num \
	order \
	pack \
	pattern \
	source \
	store \
	stream \
	time \
	window

AM_TESTS_ENVIRONMENT = \
	BUILD='$(abs_builddir)'; export BUILD; \
	CC='$(CC)'; export CC; \
	FUZZ_NAMES='$(fuzz_names)'; export FUZZ_NAMES; \
	ASAN_OPTIONS=allocator_may_return_null=1:exitcode=99; \
	export ASAN_OPTIONS; \
	TSAN_OPTIONS=exitcode=99; export TSAN_OPTIONS;

check_PROGRAMS += tests/flow/replay
tests_flow_replay_SOURCES = tests/flow/case.c tests/flow/case.h \
	tests/flow/replay.c
tests_flow_replay_LDADD =

# The same plans from described sources.
check_PROGRAMS += tests/flow/described
tests_flow_described_SOURCES = tests/flow/case.c tests/flow/case.h \
	tests/flow/described.c tests/flow/described.h \
	tests/flow/described_plan.c
tests_flow_described_LDADD = libsflow.a $(SFLOW_LIBS)

# Random programs and settings; by hand with other seeds and more of them.
check_PROGRAMS += tests/differential/generate tests/differential/chunks
tests_differential_generate_SOURCES = \
	tests/differential/case.h \
	tests/differential/compare.c \
	tests/differential/compare.h \
	tests/differential/document.c \
	tests/differential/draw.c \
	tests/differential/draw.h \
	tests/differential/expr.c \
	tests/differential/expr.h \
	tests/differential/generate.c \
	tests/differential/lines.c \
	tests/differential/relational.c \
	tests/differential/table.c \
	tests/differential/table.h
tests_differential_generate_LDADD = -lm
tests_differential_chunks_SOURCES = tests/differential/chunks.c \
	tests/differential/draw.c tests/differential/draw.h
tests_differential_chunks_LDADD =

# Jobs in threads of one process: with --enable-tsan, a hunt for data races.
check_PROGRAMS += tests/race/jobs
tests_race_jobs_SOURCES = tests/race/jobs.c
tests_race_jobs_LDADD = libsflow.a $(SFLOW_LIBS)
# All orders in which the tasks around a channel can go on.
check_PROGRAMS += tests/model/explore
tests_model_explore_SOURCES = tests/model/explore.c
tests_model_explore_LDADD = libsflow.a $(SFLOW_LIBS)
# Views of keyed state: with --enable-tsan, a hunt for data races.
check_PROGRAMS += tests/race/views
tests_race_views_SOURCES = tests/race/views.c
tests_race_views_LDADD = libsflow.a $(SFLOW_LIBS)

# A live job against a plain reading of what it promises; by hand with more
# seeds, runs and kills.
check_PROGRAMS += tests/live/live
tests_live_live_SOURCES = tests/live/live.c tests/live/scenario.c \
	tests/live/scenario.h
tests_live_live_LDADD =

TESTS += \
	tests/bench/run \
	tests/data/run \
	tests/differential/chunks \
	tests/differential/pipelines \
	tests/differential/rules \
	tests/differential/run \
	tests/examples/run \
	tests/fault/run \
	tests/flow/run \
	tests/fuzz/run \
	tests/hacking/run \
	tests/live/live \
	tests/memory/run \
	tests/race/jobs \
	tests/model/explore \
	tests/race/views \
	tests/remote/run \
	tests/tidy/run

if RUN_UNITS
check_PROGRAMS += tests/unit/units
tests_unit_units_SOURCES = tests/unit/counts.c $(unit_files)
tests_unit_units_LDADD = libsflow.a $(SFLOW_LIBS) -lcriterion
TESTS += tests/unit/units
endif

# The harnesses with a plain driver: the corpus and a seeded mutation loop.
fuzz_programs = $(fuzz_names:%=tests/fuzz/fuzz_%)
check_SCRIPTS = $(fuzz_programs)
CLEANFILES += $(fuzz_programs)
fuzz_compile = $(CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) \
	$(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS)

tests/fuzz/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/driver.c libsflow.a
	@$(MKDIR_P) tests/fuzz
	$(AM_V_CCLD)$(fuzz_compile) -o $@ $(filter %.c,$^) libsflow.a \
		$(SFLOW_LIBS)

# make fuzz-NAME: under libFuzzer, for FUZZ_SECONDS; finds stay in fuzz-build.
FUZZ_SECONDS = 60
fuzz-%:
	@$(MKDIR_P) fuzz-build/corpus/$*
	test -f fuzz-build/Makefile || (cd fuzz-build && \
		$(abs_srcdir)/configure -q CC=clang --enable-asan \
		--enable-ubsan CFLAGS="-O1 -g -fsanitize=fuzzer-no-link")
	$(MAKE) -C fuzz-build tests/fuzz/libfuzzer_$*
	cd fuzz-build && tests/fuzz/libfuzzer_$* -timeout=5 \
		-max_total_time=$(FUZZ_SECONDS) corpus/$* \
		$(abs_srcdir)/tests/fuzz/corpus/$*

tests/fuzz/libfuzzer_%: tests/fuzz/fuzz_%.c libsflow.a
	@$(MKDIR_P) tests/fuzz
	$(fuzz_compile) -fsanitize=fuzzer -o $@ $(filter %.c,$^) libsflow.a \
		$(SFLOW_LIBS)

clean-local:
	rm -rf fuzz-build

EXTRA_DIST += \
	tests/all \
	tests/packages \
	tests/race \
	tests/bench \
	tests/broken \
	tests/data \
	tests/differential \
	tests/examples \
	tests/fault \
	tests/memory \
	tests/flow \
	tests/fuzz \
	tests/gen \
	tests/hacking \
	tests/remote \
	tests/stress \
	tests/tidy \
	tests/unit

# Folders are distributed whole; what a build in place left there is not.
dist-hook:
	cd $(distdir)/tests && find . \( -name '*.o' -o -name '*.log' -o \
		-name '*.trs' -o -name '.dirstamp' -o -name 'libfuzzer_*' \) \
		-exec rm -f {} +
	cd $(distdir)/tests && find . -name .deps -exec rm -rf {} +
	cd $(distdir)/tests && rm -f flow/replay race/views unit/units \
		differential/generate differential/chunks \
		$(fuzz_names:%=fuzz/fuzz_%)
