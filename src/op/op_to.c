/*
 * to PATH | to FORMAT(PATH, options): write the records.
 *
 * Arguments: path (NULL: standard output) or expr (a path per record), format,
 * option, append.
 *
 * One path is one writer.  With holes in the path every record's path is
 * computed and each different one gets a writer when it first comes.  When more
 * files than ROUTES_OPEN_MAX are wanted the job stops with a sentence: the
 * system's limit of open files is near.  A file is whole and closed when the
 * input has ended, but appears when the job has: those of all sinks together,
 * so either all appear or none.
 *
 * A job that never ends, or keeps checkpoints, writes its files in place.  At a
 * barrier a sink writes all it holds and remembers how long each file is; a job
 * that resumes cuts the files to that, so what was written behind the barrier
 * comes once.  Standard output cannot be cut: there it may come twice.
 *
 * The reader of a pipe may go away (`| head -1`): this sink then wants no more,
 * quietly, and the operators before it stop as soon as nobody else wants more.
 */
#include "op/op.h"

#include <string.h>

#include "data/key.h"
#include "io/codec.h"
#include "io/output.h"
#include "op/group.h"
#include "state/save.h"
#include "util/buf.h"

/* Below the customary limit of 1024 descriptors. */
#define ROUTES_OPEN_MAX 900


struct route {
	struct output *output;
	struct writer *writer;
	struct schema *schema;		/* of the last batch; held */
};

struct to {
	struct route *single;		/* one path */
	struct group_table *routes;	/* path -> struct route */
	struct buf folders;		/* that were made for the routes */
	int gone;			/* the reader went away */
	int is_ended;
};

static int
to_bind(struct op *op, struct err *err)
{
	(void)err;
	op->out = NULL;
	return 0;
}

/*
 * Can the records' own bytes be written as they are?  A line is its only field:
 * that is wanted anyway.
 */
static int
to_wants_records(const struct op *op)
{
	return op->args.copies && op->origin_format != NULL &&
	    op->args.format->record_type != TYPE_RAW &&
	    op->args.format->record_type ==
	    op->origin_format->record_type &&
	    (op->args.format == op->origin_format ||
	    op->args.format->record_type == TYPE_RAW_JSON);
}

static void
to_need(const struct op *op, const struct need_set *out, unsigned port,
	struct need_set *in)
{
	(void)out;
	(void)port;
	need_add_expr(in, op->args.expr);
	if (to_wants_records(op))
		need_set_record(in, 1);
	else
		need_all(in);
}

/* `keep`: the file goes on; where, output_resume() may say. */
static int
route_open_output(const struct op_run *run, struct route *route,
	const char *path, int keep, struct err *err)
{
	const struct op_args *args = &run->op->args;
	struct to *to = run->state;

	if (run->job->discards) {
		route->output = output_open("/dev/null", err);
		return route->output == NULL ? -1 : 0;
	}
	if (run->job->has_checkpoints && codec_of_path(path) != NULL) {
		err_set(err, ERR_USAGE, "%s is compressed and cannot go on "
		    "after a failure", path);
		return err_hint(err, "write it uncompressed, or leave "
		    "--checkpoint out");
	}
	if (args->path_shape != NULL &&
	    output_make_folders(path, &to->folders, err) != 0)
		return -1;
	if (run->job->in_place)
		route->output = output_in_place(path, keep || args->append,
		    err);
	else
		route->output = args->append ? output_append(path, err) :
		    output_open(path, err);
	if (route->output == NULL)
		return -1;
	if (run->job->has_checkpoints && output_is_file(route->output) &&
	    !args->format->resumes) {
		err_set(err, ERR_USAGE, "%s as %s cannot go on after a "
		    "failure", path, args->format->name);
		return err_hint(err, "write it as jsonl or csv");
	}
	return 0;
}

/* A header is written only where nothing stands yet, so behind resume. */
static int
route_open_writer(const struct op_run *run, struct route *route,
	struct err *err)
{
	const struct op_args *args = &run->op->args;

	if (route->writer == NULL)
		route->writer = args->format->write_open(route->output,
		    args->option, args->option_count, err);
	return route->writer == NULL ? -1 : 0;
}

static int
route_open(const struct op_run *run, struct route *route, const char *path,
	struct err *err)
{
	if (route_open_output(run, route, path, 0, err) != 0)
		return -1;
	return route_open_writer(run, route, err);
}

static int
to_open(struct op_run *run, struct err *err)
{
	struct to *to = run->state;
	const struct op_args *args = &run->op->args;

	if (args->expr != NULL) {
		to->routes = group_table_new(sizeof(struct route),
		    &run->budget);
		return 0;
	}
	const char *path = args->path == NULL ? "stdout" : args->path;
	to->single = mem_alloc_zero(sizeof(*to->single));
	if (run->job->resumes)
		return route_open_output(run, to->single, path, 1, err);
	return route_open(run, to->single, path, err);
}

static int
route_write(struct op_run *run, struct route *route, struct batch *batch,
	struct err *err)
{
	if (route->schema != batch->schema) {
		schema_drop(&route->schema);
		route->schema = schema_hold(batch->schema);
	}
	if (route_open_writer(run, route, err) != 0 ||
	    run->op->args.format->write(route->writer, batch, err) != 0)
		return -1;
	return output_room(route->output, err);
}

/* Rows with the same path become one write, in order of rows. */
static int
to_write_rows(struct op_run *run, struct batch *batch, char *const *row,
	uint8_t *done, uint32_t first, uint32_t count, struct err *err)
{
	uint16_t sel[BATCH_ROWS_MAX];
	uint16_t *kept_sel = batch->sel;
	uint32_t kept_count = batch->sel_count, used = 0;

	for (uint32_t i = first; i < count; i++)
		if (row[i] == row[first]) {
			sel[used++] = (uint16_t)batch_row(batch, i);
			done[i] = 1;
		}
	batch->sel = sel;
	batch->sel_count = used;
	int status = route_write(run, (struct route *)row[first], batch, err);
	batch->sel = kept_sel;
	batch->sel_count = kept_count;
	return status;
}

static int
to_open_new(struct op_run *run, const struct key_set *keys, char *const *row,
	const uint8_t *is_new, uint32_t count, struct err *err)
{
	struct to *to = run->state;

	if (group_table_count(to->routes) > ROUTES_OPEN_MAX)
		return err_set(err, ERR_IO, "the records want more than %d "
		    "files at once", ROUTES_OPEN_MAX);
	for (uint32_t i = 0; i < count; i++) {
		char path[4096];
		const struct text *text = &keys->text[i];
		if (!is_new[i])
			continue;
		if (text->size >= sizeof(path) || memchr(text_bytes(text), '\0',
		    text->size) != NULL)
			return err_set(err, ERR_IO,
			    "a path of %u bytes cannot be written", text->size);
		memcpy(path, text_bytes(text), text->size);
		path[text->size] = '\0';
		if (route_open(run, (struct route *)row[i], path, err) != 0)
			return -1;
	}
	return 0;
}

/* How many folders the path goes down, and how often up. */
static void
path_depth(const char *path, uint32_t size, unsigned *down, unsigned *up)
{
	const char *end = path + size;

	*down = *up = 0;
	for (const char *at = path; at < end; (*down)++) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		const char *part_end = slash == NULL ? end : slash;
		*up += part_end - at == 2 && at[0] == '.' && at[1] == '.';
		at = part_end + 1;
	}
}

/*
 * Records whose path cannot be one: a field of it is null, or holds a slash and
 * would lead somewhere else than the program says.
 */
static void
reject_paths(const struct op *op, const struct column *path,
	struct batch *batch, struct rejects *rejects)
{
	const char *shape = op->args.path_shape;
	unsigned wanted_down, wanted_up;

	path_depth(shape, (uint32_t)strlen(shape), &wanted_down, &wanted_up);
	for (uint32_t i = 0; i < batch->sel_count; i++) {
		unsigned down, up;
		if (!column_row_is_valid(path, i)) {
			rejects_add(rejects, batch_row(batch, i),
			    "a field of the path is null");
			continue;
		}
		struct text text = column_row_text(path, i);
		path_depth(text_bytes(&text), text.size, &down, &up);
		if (down != wanted_down || up != wanted_up)
			rejects_add(rejects, batch_row(batch, i),
			    "a field of the path leads to another folder");
	}
}

static int
to_push_routed(struct op_run *run, struct batch *batch, struct err *err)
{
	struct to *to = run->state;
	struct region *region = batch_region(batch);
	struct eval eval;
	struct column path;
	struct key_set keys;

	eval_init(&eval, batch, region);
	expr_eval_as(run->op->args.expr, &eval, FUNC_TEXT, batch->sel,
	    batch->sel_count, &path);
	reject_paths(run->op, &path, batch, &eval.rejects);
	if (eval.rejects.count > 0) {
		if (op_reject(run, batch, &eval.rejects, err) != 0)
			return -1;
		return to_push_routed(run, batch, err);
	}
	uint32_t count = batch->sel_count;
	char **row = region_alloc(region, BATCH_ROWS_MAX * sizeof(*row));
	uint8_t *is_new = region_alloc(region, BATCH_ROWS_MAX);
	uint8_t *done = region_alloc_zero(region, BATCH_ROWS_MAX);
	key_make(&path, 1, count, region, &keys);
	if (group_table_find(to->routes, &keys, count, row, is_new) != 0)
		return op_charge(run, UINT64_MAX / 2, err);
	if (to_open_new(run, &keys, row, is_new, count, err) != 0)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		if (!done[i] && to_write_rows(run, batch, row, done, i, count,
		    err) != 0)
			return -1;
	return 0;
}

/* The reader has gone: not an error, but no more is wanted. */
static enum op_status
to_status(struct to *to, int status, struct err *err)
{
	if (status == 0)
		return OP_OK;
	if (err->kind != ERR_PIPE)
		return OP_FAIL;
	err_clear(err);
	to->gone = 1;
	return OP_DONE;
}

static enum op_status
to_push(struct op_run *run, unsigned port, struct batch *take_batch,
	struct err *err)
{
	struct to *to = run->state;
	struct batch *batch = take_batch;

	(void)port;
	int status = to->single != NULL ?
	    route_write(run, to->single, batch, err) :
	    to_push_routed(run, batch, err);
	batch_free(&batch);
	return to_status(to, status, err);
}

static uint64_t
route_count(const struct to *to)
{
	return to->routes == NULL ? 1 : group_table_count(to->routes);
}

static struct route *
route_at(const struct to *to, uint64_t index)
{
	return to->single != NULL ? to->single :
	    (struct route *)group_table_row(to->routes, index);
}

/* All that the writer has goes out. */
static int
route_pause(const struct op_run *run, struct route *route, struct err *err)
{
	if (route->writer == NULL)
		return 0;
	if (run->op->args.format->write_flush(route->writer, err) != 0)
		return -1;
	return output_flush(route->output, err);
}

static enum op_status
to_pause(struct op_run *run, struct err *err)
{
	struct to *to = run->state;
	int status = 0;

	/* Files that appear when they are whole need not be written yet. */
	if (to->gone || (to->routes != NULL && !run->job->in_place))
		return OP_OK;
	for (uint64_t i = 0; i < route_count(to) && status == 0; i++)
		status = route_pause(run, route_at(to, i), err);
	if (to_status(to, status, err) == OP_FAIL)
		return OP_FAIL;
	run->done |= to->gone;
	return OP_OK;
}

static int
route_end(struct op_run *run, struct route *route, struct err *err)
{
	const struct schema *schema = route->schema;

	if (route->output == NULL || route_open_writer(run, route, err) != 0)
		return route->output == NULL ? 0 : -1;
	if (schema == NULL && !run->op->in[0]->open)
		schema = run->op->in[0];
	return run->op->args.format->write_end(route->writer, schema, err);
}

static enum op_status
to_flush(struct op_run *run, unsigned port, struct err *err)
{
	struct to *to = run->state;
	int status = 0;

	(void)port;
	for (uint64_t i = 0; i < route_count(to) && status == 0; i++)
		status = route_end(run, route_at(to, i), err);
	for (uint64_t i = 0; i < route_count(to) && status == 0; i++) {
		struct route *route = route_at(to, i);
		/* Images still speak of it: it is closed with the job. */
		if (run->job->has_checkpoints)
			status = output_flush(route->output, err);
		else if (route->output != NULL)
			status = output_end(route->output, err);
	}
	to->is_ended = 1;
	return to_status(to, status, err) == OP_FAIL ? OP_FAIL : OP_OK;
}

static int
to_commit(struct op_run *run, struct err *err)
{
	struct to *to = run->state;
	int status = 0;

	if (!to->is_ended || to->gone)
		return 0;
	for (uint64_t i = 0; i < route_count(to) && status == 0; i++) {
		struct route *route = route_at(to, i);
		if (route->output != NULL)
			status = output_commit(&route->output, err);
	}
	return status;
}

/* --- barriers --------------------------------------------------------- */

/* How long each file was. */
struct to_image {
	uint32_t count;
	struct file_image {
		const struct output *output;
		const char *path;	/* "" for the one path */
		uint32_t path_size;
		uint64_t size;
	} file[];
};

static void
to_thaw(struct op_run *run, void *take_image)
{
	struct to_image *image = take_image;

	(void)run;
	for (uint32_t i = 0; i < image->count; i++)
		mem_free((void *)(uintptr_t)image->file[i].path);
	mem_free(image);
}

static int
to_freeze(struct op_run *run, void **out, struct err *err)
{
	struct to *to = run->state;
	uint64_t count = route_count(to);
	struct to_image *image = mem_alloc_zero(sizeof(*image) +
	    count * sizeof(image->file[0]));

	*out = image;
	for (uint64_t i = 0; i < count; i++) {
		struct route *route = route_at(to, i);
		struct file_image *file = &image->file[image->count];
		if (route->output == NULL || !output_is_file(route->output))
			continue;
		if (route_pause(run, route, err) != 0)
			goto fail;
		file->output = route->output;
		file->size = output_position(route->output);
		if (to->routes != NULL) {
			struct text key = group_table_key(to->routes, i);
			file->path = mem_copy(text_bytes(&key), key.size);
			file->path_size = key.size;
		}
		image->count++;
	}
	return 0;

fail:
	to_thaw(run, image);
	*out = NULL;
	return -1;
}

/* An entry is the size of a file and, if records say it, its path. */
static int
to_save(struct op_run *run, void *from, struct save *save, struct err *err)
{
	const struct to_image *image = from;
	struct buf entry = { 0 };
	int status = 0;

	(void)run;
	for (uint32_t i = 0; i < image->count && status == 0; i++) {
		const struct file_image *file = &image->file[i];
		status = output_sync(file->output, err);
		entry.size = 0;
		buf_add(&entry, &file->size, sizeof(file->size));
		if (file->path_size > 0)
			buf_add(&entry, file->path, file->path_size);
		save_put(save, SAVE_SHARED, entry.bytes, entry.size);
	}
	buf_fini(&entry);
	return status;
}

/* The route of a path that a checkpoint has. */
static struct route *
to_load_route(struct op_run *run, const char *path, size_t size,
	struct err *err)
{
	struct to *to = run->state;
	struct region *region = region_new();
	struct value value = { .type = TYPE_TEXT };
	struct column column;
	struct key_set keys;
	char *row, *name = region_alloc_zero(region, size + 1);

	memcpy(name, path, size);
	value.cell.text = text_make(name, (uint32_t)size);
	column_init_const(&column, &value, region);
	key_make(&column, 1, 1, region, &keys);
	if (group_table_find(to->routes, &keys, 1, &row, NULL) != 0) {
		op_charge(run, UINT64_MAX / 2, err);
		row = NULL;
	} else if (route_open_output(run, (struct route *)row, name, 1,
	    err) != 0) {
		row = NULL;
	}
	region_drop(&region);
	return (struct route *)row;
}

static int
to_load(struct op_run *run, uint32_t key_group, const char *bytes, size_t size,
	struct err *err)
{
	struct to *to = run->state;
	struct route *route = to->single;
	uint64_t length;

	(void)key_group;
	if (size < sizeof(length) ||
	    (size == sizeof(length)) != (to->single != NULL))
		return err_set(err, ERR_IO, "the checkpoint's entry of `to` "
		    "is broken");
	memcpy(&length, bytes, sizeof(length));
	if (route == NULL)
		route = to_load_route(run, bytes + sizeof(length),
		    size - sizeof(length), err);
	return route == NULL ? -1 : output_resume(route->output, length, err);
}

static void
route_close(const struct op *op, struct route *route)
{
	if (route->writer != NULL)
		op->args.format->write_close(&route->writer);
	if (route->output != NULL)
		output_abort(&route->output);
	schema_drop(&route->schema);
}

/* A job that failed: standard output still gets what was good. */
static void
to_rescue(const struct op_run *run)
{
	const struct to *to = run->state;
	const struct route *route = to->single;
	struct err ignored = ERR_INIT;

	if (route == NULL || route->writer == NULL || route->output == NULL ||
	    run->op->args.path != NULL || to->gone || to->is_ended)
		return;
	if (run->op->args.format->write_flush(route->writer, &ignored) == 0)
		output_flush(route->output, &ignored);
}

static void
to_close(struct op_run *run)
{
	struct to *to = run->state;

	to_rescue(run);
	for (uint64_t i = 0; (to->single != NULL || to->routes != NULL) &&
	    i < route_count(to); i++)
		route_close(run->op, route_at(to, i));
	/* Only a job that failed leaves some of them empty. */
	output_drop_folders(&to->folders);
	buf_fini(&to->folders);
	mem_free(to->single);
	group_table_free(&to->routes);
}

static void
to_explain(const struct op *op, struct buf *out)
{
	buf_add_format(out, "%s (%s)", op->args.expr != NULL ?
	    "a file per path" : op->args.path == NULL ? "stdout" :
	    op->args.path, op->args.format->name);
}

const struct op_def op_to = {
	.name = "to",
	.syntax = "to \"PATH\" | to FORMAT(\"PATH\", OPTION=VALUE, ...) | "
	    "to stdout",
	.summary = "write the records; {field} in the path makes a file each",
	.holds = "nothing",
	.example = "to \"by/{country}.csv\"",
	.flags = OP_SINK | OP_KEEPS_RECORD,
	.state_bytes = sizeof(struct to),
	.bind = to_bind,
	.need = to_need,
	.open = to_open,
	.push = to_push,
	.flush = to_flush,
	.commit = to_commit,
	.pause = to_pause,
	.freeze = to_freeze,
	.save = to_save,
	.thaw = to_thaw,
	.load = to_load,
	.close = to_close,
	.explain = to_explain,
};
