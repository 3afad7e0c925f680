/*
 * A shelf: rows by parts.
 *
 * A part is a pile of rows in a file (op/pile.h).  Each row carries its key, so
 * the groups need not be computed again, its place in the input, and the place
 * of the first row of its group, for rows that came earlier may be gone:
 *
 *	image	key | link: its hash | turn: first of the group | number: place
 *
 * A part's groups may be too many still.  Then what the operator holds of it,
 * and the rest of the part, go to a shelf below, whose parts are made by other
 * bits of the hash.  A group alone has no such way out and must have room.
 *
 * What is kept of a part is written in the order of its groups; the results of
 * all parts are then merged by (turn, number), into the result of the part
 * above, or to be given.  So memory holds one part's groups, or a reader a
 * part.
 *
 * Records' own bytes travel as one column more.
 */
#include "op/shelf.h"

#include <string.h>

#include "op/group.h"
#include "op/pile.h"
#include "state/spill.h"

/* Writers, and readers which cost twice as much: so much of the memory. */
#define WRITERS_PART 8
#define PARTS_MIN 8u
#define PARTS_MAX 64u
/* Bits of the hash: below are a table's slots, above its salt. */
#define PART_SHIFT 18
#define DEPTH_BITS 6
#define DEPTH_MAX 5

/* No field of a record is called so. */
static const char RECORD_NAME[] = "\n";

struct shelf {
	struct op_run *run;
	const struct shelf_def *def;
	struct image_shapes *shapes;	/* one for all below */
	unsigned depth;
	uint32_t count;			/* parts; a power of two */
	struct pile part[PARTS_MAX];
	struct pile result[PARTS_MAX];
	/* Of the last batch: its schema, and that with its record. */
	struct schema *plain, *wide;
};

struct shelf_writer {
	struct shelf *shelf;
	struct pile *one;	/* NULL: to the parts */
	const struct rows *rows;
	uint32_t count;
	struct row_ref ref[BATCH_ROWS_MAX];
	struct text key[BATCH_ROWS_MAX];
	uint64_t hash[BATCH_ROWS_MAX];
	uint64_t place[BATCH_ROWS_MAX];
	uint64_t first[BATCH_ROWS_MAX];
};

static struct shelf *
shelf_make(struct op_run *run, const struct shelf_def *def,
	struct image_shapes *shapes, unsigned depth)
{
	struct shelf *shelf = mem_alloc_zero(sizeof(*shelf));
	uint64_t most = mem_limit() / WRITERS_PART / SPILL_FILE_BYTES;

	shelf->run = run;
	shelf->def = def;
	shelf->shapes = shapes;
	shelf->depth = depth;
	shelf->count = PARTS_MIN;
	while (shelf->count < PARTS_MAX && shelf->count * 2 <= most)
		shelf->count *= 2;
	return shelf;
}

static void
shelf_end(struct shelf *shelf)
{
	for (uint32_t i = 0; i < shelf->count; i++) {
		pile_free(&shelf->part[i], &shelf->run->budget);
		pile_free(&shelf->result[i], &shelf->run->budget);
	}
	schema_drop(&shelf->plain);
	schema_drop(&shelf->wide);
	mem_free(shelf);
}

void
shelf_free(struct shelf **take_shelf)
{
	struct shelf *shelf = *take_shelf;

	if (shelf == NULL)
		return;
	image_shapes_fini(shelf->shapes);
	mem_free(shelf->shapes);
	shelf_end(shelf);
	*take_shelf = NULL;
}

static uint32_t
part_of(const struct shelf *shelf, uint64_t hash)
{
	return (uint32_t)(hash >> (PART_SHIFT + DEPTH_BITS * shelf->depth)) &
	    (shelf->count - 1);
}

/* --- rows in --- */

/* The batch as it is kept: without times, its record a column. */
static struct batch *
batch_widen(struct shelf *shelf, const struct batch *batch)
{
	struct batch *wide = batch_clone(batch);
	uint32_t fields = batch->schema->field_count;

	wide->time = wide->mark = NULL;
	wide->split = 0;
	if (!batch->has_record)
		return wide;
	if (shelf->plain != batch->schema) {
		schema_drop(&shelf->plain);
		schema_drop(&shelf->wide);
		shelf->plain = schema_hold(batch->schema);
		shelf->wide = schema_copy(batch->schema);
		schema_add(shelf->wide, RECORD_NAME, 1, TYPE_TEXT);
	}
	batch_set_schema(wide, shelf->wide);
	wide->column[fields] = batch->record;
	return wide;
}

static void
head_write(struct image *image, uint32_t size, uint32_t shape,
	const struct shelf_rows *rows, uint32_t i)
{
	*image = (struct image){
		.link = rows->hash[i], .key = rows->key[i],
		.turn = rows->first[i], .number = rows->place[i],
		.size = size, .shape = (uint16_t)shape,
	};
	if (image->key.size <= TEXT_INLINE_MAX)
		return;
	memcpy(image + 1, image->key.bytes, image->key.size);
	image_settle(image);
}

/* Room for all rows of each pile at once: it stays in place. */
static int
piles_reserve(struct shelf *shelf, struct pile *pile, uint32_t count,
	const uint64_t *bytes, struct err *err)
{
	struct mem_budget *budget = &shelf->run->budget;

	for (uint32_t i = 0; i < count; i++) {
		if (bytes[i] == 0)
			continue;
		pile[i].shapes = shelf->shapes;
		if (pile[i].file == NULL &&
		    pile_spill(&pile[i], budget, shelf->run, err) != 0)
			return -1;
		if (pile_reserve(&pile[i], budget, bytes[i], 1, err) != 0)
			return -1;
	}
	return 0;
}

/* Write the selected rows to the pile `one`, or each to its part. */
static int
shelf_write(struct shelf *shelf, struct pile *one, const struct batch *batch,
	const struct shelf_rows *rows, struct err *err)
{
	struct batch *wide = batch_widen(shelf, batch);
	struct region *region = batch_region(wide);
	struct pile *pile = one != NULL ? one : shelf->part;
	uint32_t count = wide->sel_count, piles = one != NULL ? 1 :
	    shelf->count;
	uint32_t *size = region_alloc(region, (count + 1) * sizeof(*size));
	char **at = region_alloc(region, (count + 1) * sizeof(*at));
	uint64_t bytes[PARTS_MAX] = { 0 };
	uint32_t shape = image_shapes_find(shelf->shapes, wide,
	    IMAGE_SHAPES_MAX, 0, shelf->shapes->count);
	int status = 0;

	for (uint32_t i = 0; i < count; i++)
		size[i] = (uint32_t)sizeof(struct image) +
		    (rows->key[i].size > TEXT_INLINE_MAX ? rows->key[i].size :
		    0);
	image_measure(wide, size);
	for (uint32_t i = 0; i < count; i++) {
		size[i] = (size[i] + 7) & ~7u;
		bytes[one != NULL ? 0 : part_of(shelf, rows->hash[i])] +=
		    size[i];
	}
	if (shape == UINT32_MAX)
		status = err_set(err, ERR_IO, "%s: its records have too many "
		    "kinds of fields to be put on disk",
		    shelf->run->op->def->name);
	if (status == 0)
		status = piles_reserve(shelf, pile, piles, bytes, err);
	for (uint32_t i = 0; i < count && status == 0; i++) {
		struct image *image = (struct image *)pile_take(one != NULL ?
		    one : &pile[part_of(shelf, rows->hash[i])], size[i]);
		head_write(image, size[i], shape, rows, i);
		at[i] = image_cells(image);
	}
	if (status == 0)
		image_write(wide, at);
	batch_free(&wide);
	return status;
}

int
shelf_add(struct shelf *shelf, const struct batch *batch,
	const struct shelf_rows *rows, struct err *err)
{
	return batch->sel_count == 0 ? 0 :
	    shelf_write(shelf, NULL, batch, rows, err);
}

static int
writer_flush(struct shelf_writer *writer, struct err *err)
{
	struct shelf_rows rows = {
		.key = writer->key, .hash = writer->hash,
		.place = writer->place, .first = writer->first,
	};

	if (writer->count == 0)
		return 0;
	struct batch *batch = rows_gather_all(writer->rows, writer->ref,
	    writer->count);
	int status = shelf_write(writer->shelf, writer->one, batch, &rows, err);
	batch_free(&batch);
	writer->count = 0;
	return status;
}

int
shelf_put(struct shelf_writer *writer, const struct rows *rows,
	struct row_ref ref, const char *group, uint64_t first, uint64_t place,
	struct err *err)
{
	const struct group_head *head = group_head_of(group);
	uint32_t i = writer->count++;

	writer->rows = rows;
	writer->ref[i] = ref;
	writer->key[i] = head->key;
	writer->hash[i] = head->hash;
	writer->place[i] = place;
	writer->first[i] = first;
	return writer->count < BATCH_ROWS_MAX ? 0 : writer_flush(writer, err);
}

/* All that the operator holds, to the parts or to `one`. */
static int
shelf_clear_operator(struct shelf *shelf, struct pile *one, struct err *err)
{
	struct shelf_writer *writer = mem_alloc(sizeof(*writer));

	writer->shelf = shelf;
	writer->one = one;
	writer->count = 0;
	int status = shelf->def->put(shelf->run, writer, one != NULL, err);
	if (status == 0)
		status = writer_flush(writer, err);
	shelf->def->clear(shelf->run);
	mem_free(writer);
	return status;
}

struct shelf *
shelf_new(struct op_run *run, const struct shelf_def *def, struct err *err)
{
	struct shelf *shelf = shelf_make(run, def,
	    mem_alloc_zero(sizeof(struct image_shapes)), 0);

	if (shelf_clear_operator(shelf, NULL, err) != 0)
		shelf_free(&shelf);
	return shelf;
}

/* --- one part --- */

/* Rows of one shape, read from a part. */
struct load {
	struct pile_reader *reader;
	struct image *row[BATCH_ROWS_MAX];
	struct image *next;	/* the first of the rest, if has_next */
	int has_next;
	uint32_t count;
	struct text key[BATCH_ROWS_MAX];
	uint64_t hash[BATCH_ROWS_MAX];
	uint64_t place[BATCH_ROWS_MAX];
	uint64_t first[BATCH_ROWS_MAX];
	uint64_t sole_hash;
	int is_sole;		/* all keys so far have that hash */
};

/* 1, 0 at the end, -1. */
static int
load_rows(struct load *load, struct err *err)
{
	struct image *row;
	int got = 1;

	load->count = 0;
	while (load->count < BATCH_ROWS_MAX) {
		if (load->has_next)
			row = load->next;
		else if ((got = pile_reader_next(load->reader, &row,
		    err)) != 1)
			break;
		load->has_next = load->count > 0 &&
		    row->shape != load->row[0]->shape;
		load->next = row;
		if (load->has_next)
			break;
		uint32_t i = load->count++;
		load->row[i] = row;
		load->key[i] = row->key;
		load->hash[i] = row->link;
		load->place[i] = row->number;
		load->first[i] = row->turn;
		if (load->sole_hash == 0)
			load->sole_hash = row->link;
		load->is_sole &= row->link == load->sole_hash;
	}
	return got < 0 ? -1 : load->count > 0;
}

/* The fields but that of records, `record` (-1: there is none). */
static struct schema *
schema_without(const struct schema *wide, int record)
{
	struct schema *plain = schema_new();

	for (uint32_t i = 0; i < wide->field_count; i++) {
		const struct field *field = &wide->field[i];
		if ((int)i == record)
			continue;
		uint32_t at = schema_add(plain, field->name, field->name_size,
		    field->type);
		plain->field[at].qualifier_size = field->qualifier_size;
	}
	return plain;
}

/* The batch that the rows were of. */
static struct batch *
load_batch(const struct shelf *shelf, struct load *load)
{
	const struct image_shape *shape =
	    &shelf->shapes->shape[load->row[0]->shape];
	struct batch *batch = image_batch(shape, load->row, load->count);
	uint32_t fields = shape->schema->field_count;

	if (fields == 0 || strcmp(shape->schema->field[fields - 1].name,
	    RECORD_NAME) != 0)
		return batch;
	struct schema *plain = schema_without(shape->schema, (int)fields - 1);
	batch->record = batch->column[fields - 1];
	batch->has_record = 1;
	batch_set_schema(batch, plain);
	schema_drop(&plain);
	return batch;
}

/* The operator has no room for all groups of a part: a shelf below. */
static struct shelf *
shelf_below(struct shelf *shelf, const struct load *load, struct err *err)
{
	if (load->is_sole || shelf->depth == DEPTH_MAX) {
		err_set(err, ERR_IO, "%s: the rows of one group need more "
		    "memory than the limit", shelf->run->op->def->name);
		err_hint(err, "give it more with --memory SIZE");
		return NULL;
	}
	struct shelf *below = shelf_make(shelf->run, shelf->def,
	    shelf->shapes, shelf->depth + 1);
	if (shelf_clear_operator(below, NULL, err) == 0)
		return below;
	shelf_end(below);
	return NULL;
}

/* A batch of a part to the operator or, if it has no room, below. */
static int
part_take(struct shelf *shelf, struct load *load, struct shelf **below,
	struct err *err)
{
	struct batch *batch = load_batch(shelf, load);
	struct shelf_rows rows = {
		.key = load->key, .hash = load->hash,
		.place = load->place, .first = load->first,
	};
	int status = 1;

	if (*below == NULL)
		status = shelf->def->take(shelf->run, batch, &rows, err);
	if (status == 1 && *below == NULL &&
	    (*below = shelf_below(shelf, load, err)) == NULL)
		status = -1;
	if (status == 1)
		status = shelf_add(*below, batch, &rows, err);
	batch_free(&batch);
	pile_reader_release(load->reader);
	return status;
}

static int
part_read(struct shelf *shelf, uint32_t index, struct shelf **below,
	struct err *err)
{
	struct load *load = mem_alloc(sizeof(*load));
	int status = 0, got = 1;

	load->reader = pile_reader_new(&shelf->part[index],
	    &shelf->run->budget);
	load->has_next = 0;
	load->sole_hash = 0;
	load->is_sole = 1;
	while (status == 0 && (got = load_rows(load, err)) == 1)
		status = part_take(shelf, load, below, err);
	pile_reader_free(&load->reader);
	mem_free(load);
	return got < 0 ? -1 : status;
}

/* --- all parts, and their results --- */

static struct pile_merge *
results_merge(struct shelf *shelf)
{
	struct pile_reader *reader[PARTS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < shelf->count; i++)
		if (shelf->result[i].row_count > 0)
			reader[count++] = pile_reader_new(&shelf->result[i],
			    &shelf->run->budget);
	return pile_merge_new(reader, count);
}

/* The results of the parts of `below` as one. */
static int
results_join(struct shelf *below, struct pile *target, struct err *err)
{
	struct mem_budget *budget = &below->run->budget;
	struct pile_merge *merge = results_merge(below);
	struct image *row;
	uint32_t reader;
	int status = 0;

	target->shapes = below->shapes;
	if (target->file == NULL)
		status = pile_spill(target, budget, below->run, err);
	while (status == 0 &&
	    (status = pile_merge_look(merge, &row, &reader, err)) == 1) {
		status = pile_add(target, budget, row, err);
		if (status == 0)
			status = pile_merge_pass(merge, err);
		pile_merge_release(merge);
	}
	pile_merge_free(&merge);
	return status;
}

static int shelf_work(struct shelf *, struct err *);

/* What is kept of a part becomes its result. */
static int
part_work(struct shelf *shelf, uint32_t index, struct err *err)
{
	struct mem_budget *budget = &shelf->run->budget;
	struct pile *result = &shelf->result[index];
	struct shelf *below = NULL;
	int status = part_read(shelf, index, &below, err);

	pile_free(&shelf->part[index], budget);
	if (status == 0 && below == NULL)
		status = shelf_clear_operator(shelf, result, err);
	if (status == 0 && below != NULL)
		status = shelf_work(below, err);
	if (status == 0 && below != NULL)
		status = results_join(below, result, err);
	if (below != NULL)
		shelf_end(below);
	return status == 0 ? pile_rest(result, budget, err) : -1;
}

static int
shelf_work(struct shelf *shelf, struct err *err)
{
	int status = 0;

	for (uint32_t i = 0; i < shelf->count && status == 0; i++)
		status = pile_rest(&shelf->part[i], &shelf->run->budget, err);
	for (uint32_t i = 0; i < shelf->count && status == 0; i++)
		if (shelf->part[i].row_count > 0)
			status = part_work(shelf, i, err);
	return status;
}

/* --- giving --- */

/* How rows of all shapes are given. */
struct shelf_out {
	struct image_union all;
	int record;		/* the column of records; -1: none */
	int has_record;		/* all have one, and alike */
	struct schema *schema;	/* without it; held */
};

static int
shape_record(const struct image_shape *shape)
{
	return schema_find(shape->schema, RECORD_NAME, 1);
}

/* As op/rows.h has it: lines of CSV also need the same names. */
static int
records_are_alike(const struct image_shapes *shapes)
{
	const struct image_shape *first = &shapes->shape[0];
	int at = shape_record(first);

	for (uint32_t i = 0; i < shapes->count; i++) {
		const struct image_shape *shape = &shapes->shape[i];
		int own = shape_record(shape);
		if (at < 0 || own < 0 || shape->type[own] != first->type[at] ||
		    shape->delimiter[own] != first->delimiter[at])
			return 0;
		if (first->type[at] != TYPE_RAW_JSON &&
		    !schema_has_names_of(shape->schema, first->schema))
			return 0;
	}
	return 1;
}

static void
out_init(struct shelf_out *out, struct shelf *shelf)
{
	const struct image_shapes *shapes = shelf->shapes;
	const struct image_shape **shape = mem_alloc((shapes->count + 1) *
	    sizeof(*shape));

	for (uint32_t i = 0; i < shapes->count; i++)
		shape[i] = &shapes->shape[i];
	image_union_init(&out->all, shelf->run, shape, shape, shapes->count);
	mem_free(shape);
	out->record = schema_find(out->all.schema, RECORD_NAME, 1);
	out->has_record = records_are_alike(shapes);
	out->schema = schema_without(out->all.schema, out->record);
}

static struct batch *
out_batch(const struct shelf_out *out, struct image *const *row, uint32_t count)
{
	uint32_t fields = out->all.schema->field_count, put = 0;
	struct batch *batch = batch_new(out->schema, count);
	struct region *region = batch_region(batch);
	struct column *column = region_alloc(region,
	    (fields + 1) * sizeof(*column));

	image_union_read(&out->all, row, count, region, column);
	for (uint32_t i = 0; i < fields; i++)
		if ((int)i != out->record)
			batch->column[put++] = column[i];
	if (out->has_record) {
		batch->record = column[out->record];
		batch->has_record = 1;
	}
	return batch;
}

static enum op_status
shelf_give_results(struct shelf *shelf, struct err *err)
{
	struct pile_merge *merge = results_merge(shelf);
	struct image **row = mem_alloc(BATCH_ROWS_MAX * sizeof(*row));
	uint32_t most = batch_rows_target(), count = 0, reader;
	enum op_status status = OP_OK;
	struct shelf_out out;
	int got = 1;

	out_init(&out, shelf);
	while (status == OP_OK && got == 1) {
		got = pile_merge_look(merge, &row[count], &reader, err);
		if (got == 1) {
			count++;
			if (pile_merge_pass(merge, err) != 0)
				got = -1;
		}
		if (got < 0 || (got == 1 && count < most) || count == 0)
			continue;
		status = op_give(shelf->run, out_batch(&out, row, count), err);
		pile_merge_release(merge);
		count = 0;
	}
	image_union_fini(&out.all);
	schema_drop(&out.schema);
	mem_free(row);
	pile_merge_free(&merge);
	return got < 0 ? OP_FAIL : status;
}

enum op_status
shelf_give(struct shelf *shelf, struct err *err)
{
	if (shelf_work(shelf, err) != 0)
		return OP_FAIL;
	return shelf_give_results(shelf, err);
}
