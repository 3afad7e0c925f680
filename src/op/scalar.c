/*
 * The one value of a pipeline, whichever instance is given its record.
 */
#include "op/scalar.h"

#include "util/thr.h"

struct scalar {
	struct thr_lock lock;		/* of what is below */
	uint64_t count;
	struct value value;
	struct region *region;		/* of the value; NULL: no record yet */
};

struct scalar *
scalar_new(void)
{
	struct scalar *scalar = mem_alloc_zero(sizeof(*scalar));

	thr_lock_init(&scalar->lock, "the value of a pipeline");
	scalar->value.type = TYPE_NULL;
	return scalar;
}

void
scalar_free(struct scalar **take_scalar)
{
	struct scalar *scalar = *take_scalar;

	*take_scalar = NULL;
	if (scalar == NULL)
		return;
	thr_lock_fini(&scalar->lock);
	if (scalar->region != NULL)
		region_drop(&scalar->region);
	mem_free(scalar);
}

/* The first record's value is kept; how many there are now. */
static uint64_t
scalar_keep(struct scalar *scalar, const struct batch *batch)
{
	thr_lock_take(&scalar->lock);
	if (scalar->count == 0) {
		scalar->region = region_new();
		scalar->value = column_value(&batch->column[0],
		    batch_row(batch, 0), scalar->region);
	}
	uint64_t count = scalar->count += batch->sel_count;
	thr_lock_give(&scalar->lock);
	return count;
}

enum op_status
scalar_take(struct scalar *scalar, struct batch *take_batch, struct err *err)
{
	int is_single = take_batch->schema->field_count == 1;
	int is_good = is_single && scalar_keep(scalar, take_batch) <= 1;

	batch_free(&take_batch);
	if (is_good)
		return OP_OK;
	err_set(err, ERR_DATA, "a pipeline used as a value gave %s",
	    is_single ? "more than one record" :
	    "a record without exactly one field");
	return OP_FAIL;
}

const struct value *
scalar_value(const struct scalar *scalar)
{
	return &scalar->value;
}
