/*
 * Rows of groups.
 *
 *	row	state | state | ... | code, code, ...
 *
 * A key's code (key_code) and the key's bytes, by which the row is found, are
 * the value as it was first seen, so that a time stays a time and a number
 * keeps its digits.  So a row holds no address of its table's, and may be
 * copied.
 */
#include "op/group_rows.h"

#include <string.h>

#include "data/key.h"
#include "io/bad.h"
#include "util/bits.h"
#include "util/buf.h"

static uint16_t *
row_codes(const struct group_rows *rows, const char *row)
{
	return (uint16_t *)(uintptr_t)(row + rows->keys_offset);
}

void
group_rows_add_keys(const struct op *op, struct schema *schema)
{
	for (uint32_t i = 0; i < op->args.by_count; i++)
		schema_add(schema, op->args.by[i].name,
		    strlen(op->args.by[i].name),
		    expr_type(op->args.by[i].expr));
}

void
group_rows_add_aggregates(const struct op *op, struct schema *schema)
{
	for (uint32_t i = 0; i < op->args.agg_count; i++)
		schema_add(schema, op->args.agg[i].name,
		    strlen(op->args.agg[i].name),
		    agg_expr_type(op->args.agg[i].agg));
}

void
group_rows_need(const struct op *op, struct need_set *in)
{
	/* The number of the set is no field, if there is no expand before. */
	for (uint32_t i = 0; i < op->args.by_count; i++)
		if (i + 1 < op->args.by_count || op->args.set_count == 0)
			need_add_expr(in, op->args.by[i].expr);
	for (uint32_t i = 0; i < op->args.agg_count; i++)
		need_add_agg(in, op->args.agg[i].agg);
}

void
group_rows_explain(const struct op *op, struct buf *out)
{
	for (uint32_t i = 0; i < op->args.agg_count; i++)
		buf_add_format(out, "%s%s", i == 0 ? "" : ", ",
		    op->args.agg[i].name);
	for (uint32_t i = 0; i < op->args.by_count; i++)
		buf_add_format(out, "%s%s", i == 0 ? " by " : ", ",
		    op->args.by[i].name);
}

/* Which columns of the output does somebody look at? */
static uint8_t *
rows_needs(const struct op *op, uint32_t width)
{
	const struct need_set *need = op->out_need;
	uint8_t *is_needed = mem_alloc_zero(width + 1);

	for (uint32_t c = 0; c < width && c < op->out->field_count; c++)
		is_needed[c] = need == NULL || need_has_record(need) ||
		    need_has(need, op->out->field[c].name);
	return is_needed;
}

void
group_rows_init(struct group_rows *rows, struct op_run *run, uint32_t gap)
{
	const struct op_args *args = &run->op->args;

	*rows = (struct group_rows){ .args = args, .gap = gap };
	rows->offset = mem_alloc((args->agg_count + 1) * sizeof(size_t));
	for (uint32_t i = 0; i < args->agg_count; i++) {
		rows->offset[i] = rows->keys_offset;
		rows->keys_offset +=
		    agg_expr_def(args->agg[i].agg)->state_bytes;
		agg_expr_set_budget(args->agg[i].agg, &run->budget);
	}
	rows->bytes = rows->keys_offset +
	    bits_round_up(args->by_count * sizeof(uint16_t), 8);
	rows->width = args->by_count + gap + args->agg_count;
	rows->builder = mem_alloc_zero((rows->width + 1) *
	    sizeof(*rows->builder));
	rows->is_needed = rows_needs(run->op, rows->width);
}

void
group_rows_fini(struct group_rows *rows)
{
	for (uint32_t i = 0; i < rows->width; i++)
		builder_fini(&rows->builder[i]);
	mem_free(rows->builder);
	mem_free(rows->is_needed);
	mem_free(rows->offset);
}

void
group_rows_set_keys(const struct group_rows *rows, const struct column *column,
	uint32_t i, struct region *scratch, char *row)
{
	uint16_t *code = row_codes(rows, row);

	for (uint32_t k = 0; k < rows->args->by_count; k++) {
		struct value value;
		if (column[k].encoding == FLAT && column[k].valid == NULL &&
		    column[k].type >= TYPE_TEXT && column[k].type <= TYPE_RAW) {
			code[k] = column[k].type;
			continue;
		}
		value = column_value(&column[k], i, scratch);
		code[k] = key_code(&value);
	}
}

void
group_rows_set_codes(const struct group_rows *rows, const uint16_t *code,
	char *row)
{
	uint16_t *target = row_codes(rows, row);

	for (uint32_t k = 0; k < rows->args->by_count; k++)
		target[k] = code[k];
}

/* What the records' values did: too much for the memory, or bad ones. */
static int
rows_judge(struct op_run *run, struct batch *batch, struct eval *eval,
	struct err *err)
{
	const struct op_args *args = &run->op->args;

	for (uint32_t i = 0; i < args->agg_count; i++)
		if (agg_expr_call(args->agg[i].agg)->refused &&
		    !agg_expr_call(args->agg[i].agg)->takes_all)
			return op_charge(run, UINT64_MAX / 2, err);
	return op_reject(run, batch, &eval->rejects, err);
}

int
group_rows_update(struct op_run *run, struct group_rows *rows,
	struct batch *batch, struct region *region, char *const *row,
	char *single, struct err *err)
{
	const struct op_args *args = rows->args;
	struct eval eval;

	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->agg_count; i++)
		agg_expr_update(args->agg[i].agg, &eval, batch->sel,
		    batch->sel_count, row, single, rows->offset[i],
		    rows->sequence);
	rows->sequence += batch->sel_count;
	return rows_judge(run, batch, &eval, err);
}

int
group_rows_probe(struct op_run *run, struct group_rows *rows,
	struct batch *batch, struct region *region, struct err *err)
{
	const struct op_args *args = rows->args;
	struct eval eval;

	if (bad_policy(run->job->bad) == BAD_STOP)
		return 0;
	char *scratch = region_alloc_zero(region, rows->keys_offset + 8);
	eval_init(&eval, batch, region);
	for (uint32_t i = 0; i < args->agg_count; i++)
		agg_expr_update(args->agg[i].agg, &eval, batch->sel,
		    batch->sel_count, NULL, scratch, rows->offset[i], 0);
	group_rows_clear(rows, scratch);
	return rows_judge(run, batch, &eval, err);
}

void
group_rows_merge(const struct group_rows *rows, char *target,
	const char *source)
{
	const struct op_args *args = rows->args;

	for (uint32_t i = 0; i < args->agg_count; i++) {
		struct agg_call *call = agg_expr_call(args->agg[i].agg);
		call->def->merge(call, target + rows->offset[i],
		    source + rows->offset[i]);
	}
}

void
group_rows_absorb(const struct group_rows *rows, char *target, char *source,
	const struct agg_places *places, int is_new)
{
	const struct op_args *args = rows->args;

	if (is_new && places == NULL) {
		memcpy(target, source, rows->bytes);
		return;
	}
	if (is_new)
		group_rows_copy_keys(rows, target, source);
	for (uint32_t i = 0; i < args->agg_count; i++) {
		struct agg_call *call = agg_expr_call(args->agg[i].agg);
		size_t offset = rows->offset[i];
		if (is_new && !(call->def->flags & AGG_ORDERED)) {
			memcpy(target + offset, source + offset,
			    call->def->state_bytes);
			continue;
		}
		call->places = places;
		call->def->merge(call, target + offset, source + offset);
		call->places = NULL;
		if (call->def->free != NULL)
			call->def->free(call, source + offset);
	}
}

void
group_rows_take_all(struct group_rows *rows, struct mem_budget *budget)
{
	const struct op_args *args = rows->args;

	for (uint32_t i = 0; i < args->agg_count; i++) {
		agg_expr_set_budget(args->agg[i].agg, budget);
		agg_expr_call(args->agg[i].agg)->takes_all = 1;
	}
}

uint64_t
group_rows_refused(const struct group_rows *rows)
{
	const struct op_args *args = rows->args;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < args->agg_count; i++) {
		struct agg_call *call = agg_expr_call(args->agg[i].agg);
		bytes += call->refused_bytes;
		call->refused_bytes = 0;
		call->refused = 0;
	}
	return bytes;
}

int
group_rows_has_refused(const struct group_rows *rows)
{
	for (uint32_t i = 0; i < rows->args->agg_count; i++)
		if (agg_expr_call(rows->args->agg[i].agg)->refused_bytes > 0)
			return 1;
	return 0;
}

void
group_rows_set_disk(const struct group_rows *rows, struct agg_disk *disk)
{
	for (uint32_t i = 0; i < rows->args->agg_count; i++)
		agg_expr_call(rows->args->agg[i].agg)->disk = disk;
}

long
group_rows_spill(const struct group_rows *rows, char *row, struct err *err)
{
	const struct op_args *args = rows->args;
	long bytes = 0;

	for (uint32_t i = 0; i < args->agg_count && bytes >= 0; i++) {
		struct agg_call *call = agg_expr_call(args->agg[i].agg);
		if (call->disk == NULL || call->def->spill == NULL)
			continue;
		long more = call->def->spill(call, row + rows->offset[i], err);
		bytes = more < 0 ? -1 : bytes + more;
	}
	return bytes;
}

void
group_rows_copy_keys(const struct group_rows *rows, char *row,
	const char *source)
{
	memcpy(row + rows->keys_offset, source + rows->keys_offset,
	    rows->bytes - rows->keys_offset);
}

void
group_rows_copy_set(const struct group_rows *rows, char *row,
	const char *source, uint64_t keep)
{
	const uint16_t *from = row_codes(rows, source);
	uint16_t *code = row_codes(rows, row);
	uint32_t last = rows->args->by_count - 1;

	for (uint32_t k = 0; k < last; k++)
		code[k] = keep >> k & 1 ? from[k] : TYPE_NULL;
	code[last] = TYPE_INT;
}

int
group_rows_own(const struct group_rows *rows)
{
	const struct op_args *args = rows->args;

	for (uint32_t i = 0; i < args->agg_count; i++)
		if (agg_expr_def(args->agg[i].agg)->free != NULL)
			return 1;
	return 0;
}

void
group_rows_clear(const struct group_rows *rows, char *row)
{
	const struct op_args *args = rows->args;

	for (uint32_t i = 0; i < args->agg_count; i++) {
		struct agg_call *call = agg_expr_call(args->agg[i].agg);
		if (call->def->free != NULL)
			call->def->free(call, row + rows->offset[i]);
	}
}

int
group_rows_add(struct group_rows *rows, const char *row, struct text key,
	struct err *err)
{
	const struct op_args *args = rows->args;
	const uint16_t *code = row_codes(rows, row);
	struct builder *builder = rows->builder;

	for (uint32_t k = 0; k < args->by_count; k++) {
		struct value value = key_part_value(&key, args->by_count, k,
		    code[k]);
		builder_add(builder++, &value);
	}
	builder += rows->gap;
	for (uint32_t i = 0; i < args->agg_count; i++) {
		struct agg_call *call = agg_expr_call(args->agg[i].agg);
		if (call->def->final(call, row + rows->offset[i], builder++,
		    err) != 0)
			return -1;
	}
	rows->count++;
	return 0;
}

struct batch *
group_rows_take(struct group_rows *rows, struct op_run *run)
{
	struct batch *batch = batch_new(run->op->out, rows->count);
	struct region *region = batch_region(batch);

	for (uint32_t i = 0; i < rows->width; i++)
		builder_finish(&rows->builder[i], region, &batch->column[i]);
	rows->count = 0;
	return batch;
}

/* Key k, if it is of one textual type in all rows. */
static int
copy_text_keys(const struct group_rows *rows, uint32_t k, char *const *row,
	const struct text *key, uint32_t count, struct region *region,
	struct column *out)
{
	uint32_t by_count = rows->args->by_count;
	uint16_t code = row_codes(rows, row[0])[k];

	if (!type_is_textual((enum type)code))
		return 0;
	for (uint32_t i = 1; i < count; i++)
		if (row_codes(rows, row[i])[k] != code)
			return 0;
	column_init_flat(out, (enum type)code, count, region);
	struct text *text = out->data;
	for (uint32_t i = 0; i < count; i++) {
		text[i] = key_part_text(&key[i], by_count, k);
		if (text[i].size > TEXT_INLINE_MAX)
			text[i].bytes = region_copy(region, text[i].bytes,
			    text[i].size);
	}
	return 1;
}

static void
make_keys(struct group_rows *rows, uint32_t k, char *const *row,
	const struct text *key, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct value value = key_part_value(&key[i],
		    rows->args->by_count, k, row_codes(rows, row[i])[k]);
		builder_add(&rows->builder[k], &value);
	}
}

static int
make_results(struct group_rows *rows, uint32_t a, char *const *row,
	uint32_t count, struct builder *builder, struct err *err)
{
	struct agg_call *call = agg_expr_call(rows->args->agg[a].agg);
	size_t offset = rows->offset[a];

	for (uint32_t i = 0; i < count; i++)
		if (call->def->final(call, row[i] + offset, builder,
		    err) != 0)
			return -1;
	return 0;
}

int
group_rows_columns(struct group_rows *rows, char *const *row,
	const struct text *key, uint32_t count, struct region *region,
	struct column *out, struct err *err)
{
	const struct op_args *args = rows->args;
	struct region *scratch = region_new();
	struct column made;
	int status = 0;

	for (uint32_t c = 0; c < rows->width; c++) {
		struct builder *builder = &rows->builder[c];
		int is_key = c < args->by_count;
		column_init_null(&out[c]);
		if (is_key && (!rows->is_needed[c] || copy_text_keys(rows, c,
		    row, key, count, region, &out[c])))
			continue;
		if (is_key)
			make_keys(rows, c, row, key, count);
		else
			status = make_results(rows, c - args->by_count, row,
			    count, builder, err);
		/* It leaves more behind than the column. */
		builder_finish(builder, scratch, &made);
		if (status != 0)
			break;
		if (rows->is_needed[c])
			column_copy(&made, NULL, count, region, &out[c]);
		region_reset(scratch);
	}
	region_drop(&scratch);
	return status;
}

/* --- as bytes: hash, size of the key, key | codes | states --- */

#define HEAD_BYTES 12

struct agg_call *
group_rows_calls(const struct group_rows *rows)
{
	const struct op_args *args = rows->args;
	struct agg_call *call = mem_alloc_zero((args->agg_count + 1) *
	    sizeof(*call));

	for (uint32_t i = 0; i < args->agg_count; i++) {
		const struct agg_call *own = agg_expr_call(args->agg[i].agg);
		call[i].def = own->def;
		call[i].plan = own->plan;
		call[i].budget = own->budget;
	}
	return call;
}

void
group_rows_save(const struct group_rows *rows, struct agg_call *call,
	const char *row, struct text key, uint64_t hash, struct buf *out)
{
	char *head = buf_reserve(out, HEAD_BYTES);

	bits_store64(head, hash);
	bits_store32(head + 8, key.size);
	out->size += HEAD_BYTES;
	buf_add(out, text_bytes(&key), key.size);
	buf_add(out, row_codes(rows, row),
	    rows->args->by_count * sizeof(uint16_t));
	for (uint32_t i = 0; i < rows->args->agg_count; i++)
		call[i].def->save(&call[i], row + rows->offset[i], out);
}

int
group_rows_load_key(const struct group_rows *rows, const char **at,
	const char *end, struct text *key, uint64_t *hash)
{
	if (end - *at < HEAD_BYTES)
		return -1;
	*hash = bits_load64(*at);
	uint32_t size = bits_load32(*at + 8);
	*at += HEAD_BYTES;
	if ((size_t)(end - *at) < size)
		return -1;
	*key = text_make(*at, size);
	*at += size;
	return key_has_parts(key, rows->args->by_count) ? 0 : -1;
}

static int
load_codes(const struct group_rows *rows, const char **at, const char *end,
	char *row)
{
	size_t bytes = rows->args->by_count * sizeof(uint16_t);

	if ((size_t)(end - *at) < bytes)
		return -1;
	memcpy(row_codes(rows, row), *at, bytes);
	*at += bytes;
	return 0;
}

int
group_rows_load(const struct group_rows *rows, const char **at,
	const char *end, char *row, int is_new)
{
	const struct op_args *args = rows->args;
	char *loaded = is_new ? row : mem_alloc_zero(rows->bytes + 8);
	int status = load_codes(rows, at, end, loaded);

	for (uint32_t i = 0; i < args->agg_count && status == 0; i++) {
		struct agg_call *call = agg_expr_call(args->agg[i].agg);
		status = call->def->load(call, loaded + rows->offset[i], at,
		    end);
	}
	if (is_new)
		return status;
	if (status == 0)
		group_rows_merge(rows, row, loaded);
	group_rows_clear(rows, loaded);
	mem_free(loaded);
	return status;
}
