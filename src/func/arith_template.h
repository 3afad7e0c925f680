/*
 * Template: arithmetic of two columns, element by element.
 *
 *	KERNEL_NAME	the function
 *	KERNEL_TYPE	element of the operands
 *	KERNEL_RESULT	element of the result
 *	KERNEL_STEP(x, y, r, bad)	statements: r = x op y; bad |= what is
 *			not 0 if the result is none
 *
 * The function computes all rows and returns whether any was bad; which, the
 * caller finds out then, row by row.  CONST operands have their own loops, so
 * that compilers make vectors of all three.
 */
KERNEL_LOOPS static int
KERNEL_NAME(const struct arith_pair *pair, KERNEL_RESULT *restrict out)
{
	const KERNEL_TYPE *restrict a = pair->a->data;
	const KERNEL_TYPE *restrict b = pair->b->data;
	uint32_t rows = pair->rows;
	uint64_t bad = 0;

	if (pair->b->encoding == CONST && pair->a->encoding != CONST) {
		KERNEL_TYPE y = b[0];
		for (uint32_t i = 0; i < rows; i++)
			KERNEL_STEP(a[i], y, out[i], bad)
	} else if (pair->a->encoding == CONST && pair->b->encoding != CONST) {
		KERNEL_TYPE x = a[0];
		for (uint32_t i = 0; i < rows; i++)
			KERNEL_STEP(x, b[i], out[i], bad)
	} else {
		for (uint32_t i = 0; i < rows; i++)
			KERNEL_STEP(a[i], b[i], out[i], bad)
	}
	return bad != 0;
}

#undef KERNEL_NAME
#undef KERNEL_TYPE
#undef KERNEL_RESULT
#undef KERNEL_STEP
