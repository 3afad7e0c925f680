/*
 * watermark and window against a plain reading of what they promise: each
 * record is judged by itself, against the mark of its own split, for each
 * window that holds it.  Random records of several splits are pushed in random
 * batches, the splits interleaved; windows run in several instances that own
 * ranges of key groups; and in the middle all is frozen, pushed on, saved,
 * thrown away and loaded by other instances.  Half of the time `partial` counts
 * in front of the instances, or rows go to disk: that must change nothing.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "data/key.h"
#include "io/bad.h"
#include "op/op.h"
#include "op/partial.h"
#include "state/save.h"
#include "state/spill.h"
#include "util/buf.h"

#define SPLITS_MAX 4
#define RECORDS_MAX 120
#define INSTANCES_MAX 3

struct record {
	int64_t time;
	unsigned user;
	int kind, n;
};

struct stream {
	struct record record[SPLITS_MAX][RECORDS_MAX];
	unsigned count[SPLITS_MAX];
	unsigned split_count;
};

struct setup {
	struct op_window window;
	int64_t delay;
	unsigned by_count;	/* 0, 1: user; 2: user, kind */
	int owns;		/* an aggregate with memory of its own */
	int has_partial;
	int drops;		/* late records */
	int begins_late;	/* splits, when their first record is there */
	uint32_t press_every;	/* rows go to disk; 0: they stay in memory */
};

/* Written by the sinks: lines. */
struct written {
	struct buf rows, late;
};

struct rig {
	const struct setup *setup;
	struct op *watermark, *partial, *window;
	struct op_job job;
	struct op_run mark_run, partial_run, router_run;
	struct op_run run[INSTANCES_MAX], sink[INSTANCES_MAX];
	unsigned width;
	struct written *written;
};

static const char *
user_name(unsigned user)
{
	static const char *const name[] = { "ann", "bob", "",
		"a user with quite a long name", "\xf8odd",
		"another long name of a user" };

	return name[user % 6];
}

static unsigned
draw(unsigned *seed, unsigned count)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % count;
}

/* --- the sink, and the router before the instances --- */

static enum op_status
sink_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct written *written = run->state;
	struct buf *out = port == 0 ? &written->rows : &written->late;
	struct region *region = region_new();

	(void)err;
	batch_verify(take_batch);
	for (uint32_t i = 0; i < take_batch->sel_count; i++) {
		for (uint32_t c = 0; c < take_batch->schema->field_count; c++) {
			struct value value = column_value(
			    &take_batch->column[c], batch_row(take_batch, i),
			    region);
			if (value.type == TYPE_TIME)
				value.type = TYPE_INT;
			value_add_text(&value, out);
			buf_add_char(out, ',');
		}
		buf_add_char(out, '\n');
	}
	region_drop(&region);
	batch_free(&take_batch);
	return OP_OK;
}

static const struct op_def sink_def = { .name = "test", .push = sink_push };
static const struct op sink_op = { .def = &sink_def, .input_count = 1 };

static void
hash_rows(const struct batch *batch, const struct setup *setup,
	struct region *region, uint64_t *hash)
{
	struct key_set keys;

	if (partial_is(batch)) {
		partial_hashes(batch, hash);
		return;
	}
	key_make(&batch->column[1], setup->by_count, batch->row_count, region,
	    &keys);
	for (uint32_t i = 0; i < batch->sel_count; i++)
		hash[i] = keys.hash[batch_row(batch, i)];
}

/* The rows that belong to an instance. */
static struct batch *
route(const struct batch *batch, const struct op_run *run,
	const struct setup *setup)
{
	struct batch *mine = batch_clone(batch);
	struct region *region = region_new();
	uint16_t *sel = batch_sel_storage(mine);
	uint32_t kept = 0;
	uint64_t hash[BATCH_ROWS_MAX];

	hash_rows(batch, setup, region, hash);
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		uint32_t row = batch_row(batch, i);
		uint32_t group = setup->by_count == 0 ? 0 :
		    key_group_of(hash[i]);
		sel[kept] = (uint16_t)row;
		kept += group >= run->group_first && group < run->group_end;
	}
	mine->sel = sel;
	mine->sel_count = kept;
	region_drop(&region);
	return mine;
}

static enum op_status
router_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct rig *rig = run->state;

	(void)port;
	for (unsigned i = 0; i < rig->width; i++)
		cr_assert(op_push(&rig->run[i], 0, route(take_batch,
		    &rig->run[i], rig->setup), err) != OP_FAIL);
	batch_free(&take_batch);
	return OP_OK;
}

static enum op_status
router_mark(struct op_run *run, int64_t us, struct err *err)
{
	struct rig *rig = run->state;

	for (unsigned i = 0; i < rig->width; i++)
		cr_assert(op_mark(&rig->run[i], 0, us, err) != OP_FAIL);
	return OP_OK;
}

static const struct op_def router_def = { .name = "router",
	.push = router_push, .mark = router_mark };
static const struct op router_op = { .def = &router_def, .input_count = 1 };

/* --- the operators --- */

static struct agg_expr *
make_agg(const char *name, const char *field)
{
	const struct agg_def *def = agg_find(name, strlen(name));
	struct expr *arg[1] = { field == NULL ? NULL :
	    expr_field(field, strlen(field), TYPE_INT) };
	struct err err = ERR_INIT;
	unsigned bad_arg;
	struct agg_expr *agg = agg_expr_new(def, arg, field != NULL, NULL,
	    &bad_arg, &err);

	cr_assert(agg != NULL, "%s", err.message);
	return agg;
}

static struct schema *
make_schema(void)
{
	struct schema *schema = schema_new();

	schema_add(schema, "ts", 2, TYPE_TIME);
	schema_add(schema, "user", 4, TYPE_TEXT);
	schema_add(schema, "kind", 4, TYPE_INT);
	schema_add(schema, "n", 1, TYPE_INT);
	return schema;
}

static struct op *
make_window(const char *name, const struct setup *setup, struct schema *schema,
	enum op_route route)
{
	struct op *op = op_new(op_find(name, strlen(name)));
	struct err err = ERR_INIT;

	op->in[0] = schema_hold(schema);
	op->args.window = setup->window;
	op->args.route = route;
	op->args.by = mem_alloc_zero(3 * sizeof(*op->args.by));
	op->args.by_count = setup->by_count;
	for (unsigned i = 0; i < setup->by_count; i++) {
		op->args.by[i].name = i == 0 ? "user" : "kind";
		op->args.by[i].expr = expr_field(op->args.by[i].name, 4,
		    i == 0 ? TYPE_TEXT : TYPE_INT);
	}
	op->args.agg = mem_alloc_zero(4 * sizeof(*op->args.agg));
	op->args.agg[0] = (struct op_agg){ "count", make_agg("count", NULL) };
	op->args.agg[1] = (struct op_agg){ "sum", make_agg("sum", "n") };
	op->args.agg_count = 2;
	if (setup->owns)
		op->args.agg[op->args.agg_count++] = (struct op_agg){
		    "count_distinct", make_agg("count_distinct", "n") };
	cr_assert(op_bind(op, &err) == 0, "%s", err.message);
	return op;
}

static void
make_ops(struct rig *rig, struct schema *schema)
{
	const struct setup *setup = rig->setup;
	struct err err = ERR_INIT;
	struct op *op = rig->watermark = op_new(op_find("watermark", 9));

	op->in[0] = schema_hold(schema);
	op->args.expr = expr_field("ts", 2, TYPE_TIME);
	op->args.delay_us = setup->delay;
	cr_assert(op_bind(op, &err) == 0);
	rig->window = make_window("window", setup, schema, setup->drops ?
	    OP_ROUTE_DROP : OP_ROUTE_TO);
	rig->window->args.takes_partial = setup->has_partial;
	rig->partial = make_window("partial", setup, schema, OP_ROUTE_TO);
	rig->partial->next = rig->window;
}

static void
open_run(struct op_run *run, struct op *op, struct op_job *job)
{
	struct err err = ERR_INIT;

	op_run_init(run, op, job);
	cr_assert(op->def->open == NULL || op->def->open(run, &err) == 0);
}

static void
rig_open(struct rig *rig, unsigned width)
{
	rig->width = width;
	open_run(&rig->mark_run, rig->watermark, &rig->job);
	open_run(&rig->partial_run, rig->partial, &rig->job);
	rig->router_run = (struct op_run){ .op = &router_op, .state = rig,
		.job = &rig->job, .open_inputs = 1, .mark_us = { INT64_MIN },
		.marked_us = INT64_MIN };
	rig->mark_run.next = rig->setup->has_partial ? &rig->partial_run :
	    &rig->router_run;
	rig->partial_run.next = &rig->router_run;
	for (unsigned i = 0; i < width; i++) {
		open_run(&rig->run[i], rig->window, &rig->job);
		rig->run[i].group_first = KEY_GROUP_COUNT * i / width;
		rig->run[i].group_end = KEY_GROUP_COUNT * (i + 1) / width;
		rig->sink[i] = (struct op_run){ .op = &sink_op,
			.state = rig->written, .job = &rig->job,
			.open_inputs = 2 };
		rig->run[i].next = rig->run[i].side = &rig->sink[i];
		rig->run[i].side_port = 1;
	}
}

static void
close_run(struct op_run *run)
{
	run->op->def->close(run);
	cr_assert(run->budget.used_bytes == 0, "%llu bytes are still charged",
	    (unsigned long long)run->budget.used_bytes);
	mem_free(run->state);
}

static void
rig_close(struct rig *rig)
{
	close_run(&rig->mark_run);
	close_run(&rig->partial_run);
	for (unsigned i = 0; i < rig->width; i++)
		close_run(&rig->run[i]);
}

static void
rig_end(struct rig *rig)
{
	struct err err = ERR_INIT;

	cr_assert(op_end(&rig->partial_run, 0, &err) != OP_FAIL);
	for (unsigned i = 0; i < rig->width; i++)
		cr_assert(op_end(&rig->run[i], 0, &err) != OP_FAIL);
}

/* --- checkpoints --- */

struct image {
	struct op_run *run;
	void *image;
};

static struct image
freeze(struct op_run *run)
{
	struct image image = { .run = run };
	struct err err = ERR_INIT;

	cr_assert(run->op->def->freeze(run, &image.image, &err) == 0);
	return image;
}

static void
save(struct image *image, struct save *to)
{
	struct err err = ERR_INIT;
	const struct op_def *def = image->run->op->def;

	cr_assert(def->save(image->run, image->image, to, &err) == 0);
	def->thaw(image->run, image->image);
}

static void
load(struct op_run *run, const struct save *from)
{
	struct err err = ERR_INIT;

	for (uint64_t i = 0; i < save_count(from); i++) {
		uint32_t group;
		size_t size;
		const char *bytes = save_entry(from, i, &group, &size);
		if (group == SAVE_SHARED || (group >= run->group_first &&
		    group < run->group_end))
			cr_assert(run->op->def->load(run, group, bytes, size,
			    &err) == 0, "%s", err.message);
	}
}

/* --- feeding --- */

static struct batch *
make_batch(struct schema *schema, const struct record *record, unsigned count,
	uint64_t split)
{
	struct batch *batch = batch_new(schema, count);
	struct region *region = batch_region(batch);

	column_init_flat(&batch->column[0], TYPE_TIME, count, region);
	column_init_flat(&batch->column[1], TYPE_TEXT, count, region);
	column_init_flat(&batch->column[2], TYPE_INT, count, region);
	column_init_flat(&batch->column[3], TYPE_INT, count, region);
	for (unsigned i = 0; i < count; i++) {
		const char *name = user_name(record[i].user);
		((int64_t *)batch->column[0].data)[i] = record[i].time;
		((struct text *)batch->column[1].data)[i] = text_make(name,
		    strlen(name));
		((int64_t *)batch->column[2].data)[i] = record[i].kind;
		((int64_t *)batch->column[3].data)[i] = record[i].n;
	}
	batch->split = split;
	return batch;
}

/* Where each split stands: position, and whether it ended. */
struct stand {
	unsigned at[SPLITS_MAX];
	unsigned ended;
	unsigned begun;		/* of those that begin late */
};

static void
tell_split(struct rig *rig, unsigned split, enum op_split what)
{
	struct err err = ERR_INIT;

	cr_assert(op_split(&rig->mark_run, 1000 - split, what, &err) !=
	    OP_FAIL);
}

static void
begin_splits(struct rig *rig, const struct stream *stream,
	const struct stand *stand)
{
	for (unsigned s = 0; s < stream->split_count; s++)
		if (!(stand->ended >> s & 1) && !rig->setup->begins_late)
			tell_split(rig, s, OP_SPLIT_BEGIN);
}

/* One random batch, or a split's end.  0 when all is through. */
static int
feed(struct rig *rig, struct schema *schema, const struct stream *stream,
	struct stand *stand, unsigned *seed)
{
	struct err err = ERR_INIT;

	if (stand->ended == (1u << stream->split_count) - 1)
		return 0;
	unsigned s = draw(seed, stream->split_count);
	while (stand->ended >> s & 1)
		s = (s + 1) % stream->split_count;
	/* The next often waits for the one before to be far. */
	if (rig->setup->begins_late && !(stand->begun >> s & 1)) {
		unsigned before = (s + 1) % stream->split_count;
		if (draw(seed, 8) > 0 && !(stand->ended >> before & 1) &&
		    (stand->begun >> before & 1))
			s = before;
		else
			tell_split(rig, s, OP_SPLIT_BEGIN);
		stand->begun |= 1u << s;
	}
	unsigned left = stream->count[s] - stand->at[s];
	if (left == 0) {
		stand->ended |= 1u << s;
		tell_split(rig, s, OP_SPLIT_END);
		return 1;
	}
	unsigned count = 1 + draw(seed, draw(seed, 2) ? 3 : 40);
	if (count > left)
		count = left;
	cr_assert(op_push(&rig->mark_run, 0, make_batch(schema,
	    &stream->record[s][stand->at[s]], count, 1000 - s), &err) !=
	    OP_FAIL, "%s", err.message);
	stand->at[s] += count;
	return 1;
}

/* Stop, load what was saved into other instances, go on. */
static void
restart(struct rig *rig, struct schema *schema, const struct stream *stream,
	struct stand *stand, unsigned *seed)
{
	struct save *marks = save_new(), *state = save_new();
	struct image image[INSTANCES_MAX], mark_image;
	struct stand later = *stand;
	struct err err = ERR_INIT;
	if (rig->setup->has_partial)
		cr_assert(rig->partial->def->barrier(&rig->partial_run,
		    &err) != OP_FAIL);
	mark_image = freeze(&rig->mark_run);
	for (unsigned i = 0; i < rig->width; i++)
		image[i] = freeze(&rig->run[i]);
	size_t rows_size = rig->written->rows.size;
	size_t late_size = rig->written->late.size;
	for (unsigned i = draw(seed, 4); i > 0; i--)
		feed(rig, schema, stream, &later, seed);
	save(&mark_image, marks);
	for (unsigned i = 0; i < rig->width; i++)
		save(&image[i], state);
	rig_close(rig);
	rig->written->rows.size = rows_size;
	rig->written->late.size = late_size;
	rig_open(rig, 1 + draw(seed, INSTANCES_MAX));
	load(&rig->mark_run, marks);
	for (unsigned i = 0; i < rig->width; i++)
		load(&rig->run[i], state);
	begin_splits(rig, stream, stand);
	save_free(&marks);
	save_free(&state);
}

/* --- the oracle --- */

struct group {
	int64_t end;
	unsigned user;
	int kind;
	struct tally {
		unsigned count;
		int64_t sum;
		uint64_t seen;		/* values of n, bit by bit */
	} on_time, all;
	int has_late;
};

struct oracle {
	struct group group[4096];
	unsigned count;
};

static void
tally_add(struct tally *tally, int n)
{
	tally->count++;
	tally->sum += n;
	tally->seen |= (uint64_t)1 << n;
}

static void
oracle_add(struct oracle *oracle, const struct setup *setup,
	const struct record *record, int64_t end, int is_late)
{
	unsigned user = setup->by_count > 0 ? record->user % 6 : 0;
	int kind = setup->by_count > 1 ? record->kind : 0;
	unsigned i = 0;

	while (i < oracle->count && (oracle->group[i].end != end ||
	    oracle->group[i].user != user || oracle->group[i].kind != kind))
		i++;
	struct group *group = &oracle->group[i];
	if (i == oracle->count) {
		cr_assert(oracle->count < 4096);
		*group = (struct group){ .end = end, .user = user,
			.kind = kind };
		oracle->count++;
	}
	if (!is_late)
		tally_add(&group->on_time, record->n);
	group->has_late |= is_late;
	tally_add(&group->all, record->n);
}

static void
judge(struct oracle *oracle, const struct setup *setup,
	const struct record *record, int64_t mark, struct buf *late)
{
	const struct op_window *window = &setup->window;
	int counts = 0, holds = 0;
	/* All ends whose window may hold it, from long before. */
	int64_t end = window->offset_us + window->size_us -
	    1000 * window->every_us;

	for (; end - window->size_us <= record->time; end += window->every_us) {
		if (record->time >= end)
			continue;
		holds = 1;
		if (end > mark)
			oracle_add(oracle, setup, record, end, 0);
		else if (end + window->update_us > mark)
			oracle_add(oracle, setup, record, end, 1);
		else
			continue;
		counts = 1;
	}
	if (holds && !counts)
		buf_add_format(late, "%lld,%s,%d,%d,\n",
		    (long long)record->time, user_name(record->user),
		    record->kind, record->n);
}

static void
group_write(const struct setup *setup, const struct group *group,
	const struct tally *tally, struct buf *out)
{
	if (setup->by_count > 0)
		buf_add_format(out, "%s,", user_name(group->user));
	if (setup->by_count > 1)
		buf_add_format(out, "%d,", group->kind);
	buf_add_format(out, "%lld,%lld,%u,%lld,", (long long)(group->end -
	    setup->window.size_us), (long long)group->end, tally->count,
	    (long long)tally->sum);
	if (setup->owns)
		buf_add_format(out, "%d,",
		    __builtin_popcountll(tally->seen));
	buf_add_char(out, '\n');
}

static void
expect_of(const struct setup *setup, const struct stream *stream,
	struct written *out)
{
	struct oracle *oracle = mem_alloc_zero(sizeof(*oracle));

	for (unsigned s = 0; s < stream->split_count; s++) {
		int64_t mark = INT64_MIN;
		for (unsigned i = 0; i < stream->count[s]; i++) {
			const struct record *record = &stream->record[s][i];
			judge(oracle, setup, record, mark, &out->late);
			if (record->time - setup->delay > mark)
				mark = record->time - setup->delay;
		}
	}
	for (unsigned i = 0; i < oracle->count; i++) {
		struct group *group = &oracle->group[i];
		if (group->on_time.count > 0)
			group_write(setup, group, &group->on_time, &out->rows);
		if (group->has_late)
			group_write(setup, group, &group->all, &out->rows);
	}
	mem_free(oracle);
}

/* --- comparing --- */

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
sort_lines(struct buf *buf)
{
	char *copy = mem_copy(buf_string(buf), buf->size + 1);
	char **line = mem_alloc((buf->size + 1) * sizeof(*line));
	unsigned count = 0;

	for (char *at = strtok(copy, "\n"); at != NULL; at = strtok(NULL, "\n"))
		line[count++] = at;
	qsort(line, count, sizeof(*line), compare_lines);
	buf->size = 0;
	for (unsigned i = 0; i < count; i++)
		buf_add_format(buf, "%s\n", line[i]);
	mem_free(line);
	mem_free(copy);
}

/* Window ends come in order, updates aside. */
static void
expect_order(const struct setup *setup, struct buf *rows)
{
	int64_t last = INT64_MIN;
	char *copy = mem_copy(buf_string(rows), rows->size + 1);

	for (char *at = strtok(copy, "\n"); at != NULL;
	    at = strtok(NULL, "\n")) {
		for (unsigned i = 0; i < setup->by_count + 1; i++)
			at = strchr(at, ',') + 1;
		int64_t end = strtoll(at, NULL, 10);
		cr_assert(end >= last);
		last = end;
	}
	mem_free(copy);
}

static void
draw_stream(struct stream *stream, unsigned *seed)
{
	stream->split_count = 1 + draw(seed, SPLITS_MAX);
	unsigned users = 1 + draw(seed, 6), spread = 1 + draw(seed, 60);
	for (unsigned s = 0; s < stream->split_count; s++) {
		int64_t time = (int64_t)draw(seed, 100) - 50;
		stream->count[s] = draw(seed, RECORDS_MAX);
		for (unsigned i = 0; i < stream->count[s]; i++) {
			time += draw(seed, 4);
			stream->record[s][i] = (struct record){
				.time = time - draw(seed, spread),
				.user = draw(seed, users),
				.kind = (int)draw(seed, 2),
				.n = (int)draw(seed, 60),
			};
		}
	}
}

static void
draw_setup(struct setup *setup, unsigned *seed)
{
	struct op_window *window = &setup->window;

	window->size_us = 1 + draw(seed, 30);
	window->every_us = draw(seed, 2) ? window->size_us :
	    1 + draw(seed, 40);
	window->offset_us = draw(seed, (unsigned)window->every_us);
	window->update_us = draw(seed, 2) ? 0 : draw(seed, 40);
	setup->delay = draw(seed, 20);
	setup->by_count = draw(seed, 3);
	setup->owns = draw(seed, 3) == 0;
	setup->has_partial = setup->by_count > 0 && draw(seed, 2);
	setup->drops = draw(seed, 3) == 0;
}

static void
run_all(const struct setup *setup, const struct stream *stream, unsigned *seed,
	int with_restarts, struct written *got)
{
	struct rig rig = { .setup = setup, .written = got };
	struct schema *schema = make_schema();
	struct stand stand = { 0 };
	struct err err = ERR_INIT;

	make_ops(&rig, schema);
	rig.job.bad = bad_new(BAD_SKIP, NULL, &err);
	if (setup->press_every > 0)
		rig.job.spill = spill_new("/tmp", 0);
	mem_set_press(setup->press_every);
	rig_open(&rig, 1 + draw(seed, INSTANCES_MAX));
	begin_splits(&rig, stream, &stand);
	while (feed(&rig, schema, stream, &stand, seed))
		if (with_restarts && draw(seed, 12) == 0)
			restart(&rig, schema, stream, &stand, seed);
	rig_end(&rig);
	if (rig.width == 1 && !with_restarts && !setup->begins_late &&
	    setup->window.update_us == 0)
		expect_order(setup, &got->rows);
	sort_lines(&got->rows);
	sort_lines(&got->late);
	rig_close(&rig);
	mem_set_press(0);
	cr_assert(!rig.job.spill || spill_used_bytes(rig.job.spill) == 0);
	spill_free(&rig.job.spill);
	bad_close(&rig.job.bad, &err);
	op_free(&rig.watermark);
	op_free(&rig.partial);
	op_free(&rig.window);
	schema_drop(&schema);
}

static void
written_fini(struct written *written)
{
	buf_fini(&written->rows);
	buf_fini(&written->late);
}

static void
expect_run(unsigned seed, int with_restarts, uint32_t press_every)
{
	static struct stream stream;
	struct setup setup = { .press_every = press_every };
	struct written got = { 0 }, wanted = { 0 };
	unsigned first = seed;
	draw_setup(&setup, &seed);
	draw_stream(&stream, &seed);
	expect_of(&setup, &stream, &wanted);
	if (setup.drops)
		wanted.late.size = 0;
	run_all(&setup, &stream, &seed, with_restarts, &got);
	sort_lines(&wanted.rows);
	sort_lines(&wanted.late);
	cr_expect_str_eq(buf_string(&got.late), buf_string(&wanted.late),
	    "late, seed %u", first);
	cr_assert_str_eq(buf_string(&got.rows), buf_string(&wanted.rows),
	    "seed %u: size %lld every %lld offset %lld update %lld delay %lld",
	    first, (long long)setup.window.size_us,
	    (long long)setup.window.every_us,
	    (long long)setup.window.offset_us,
	    (long long)setup.window.update_us, (long long)setup.delay);
	written_fini(&got);
	written_fini(&wanted);
}

/* What splits that begin late come to depends on when they do, but not on
 * `partial`. */
static void
expect_same(unsigned seed)
{
	static struct stream stream;
	struct setup setup = { .begins_late = 1 };
	struct written one = { 0 }, other = { 0 };
	unsigned first = seed, again;
	draw_setup(&setup, &seed);
	draw_stream(&stream, &seed);
	again = seed;
	setup.has_partial = 0;
	run_all(&setup, &stream, &seed, 0, &one);
	setup.has_partial = setup.by_count > 0;
	run_all(&setup, &stream, &again, 0, &other);
	cr_expect_str_eq(buf_string(&one.late), buf_string(&other.late),
	    "late, seed %u", first);
	cr_assert_str_eq(buf_string(&one.rows), buf_string(&other.rows),
	    "seed %u", first);
	written_fini(&one);
	written_fini(&other);
}

Test(window, any_batches_and_instances_give_what_each_record_says)
{
	for (unsigned seed = 1; seed <= 300; seed++)
		expect_run(seed, 0, 0);
}

Test(window, a_restart_changes_nothing)
{
	for (unsigned seed = 1; seed <= 300; seed++)
		expect_run(seed * 7919, 1, 0);
}

Test(window, nor_does_disk)
{
	for (unsigned seed = 1; seed <= 300; seed++)
		expect_run(seed * 6151, 0, 1 + seed % 5);
}

Test(window, partial_changes_nothing_for_splits_that_begin_late)
{
	for (unsigned seed = 1; seed <= 300; seed++)
		expect_same(seed * 104729);
}
