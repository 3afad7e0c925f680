/*
 * Template: compare columns of one type into bools.
 *
 *	KERNEL_NAME	prefix of the functions: NAME_columns, NAME_constant
 *	KERNEL_TYPE	element
 *	KERNEL_ATTRIBUTE	what stands before them: a target, or nothing
 *
 * No branch and no call in the loops, so that compilers make vectors of them.
 */
#define KERNEL_PASTE2(a, b) a##b
#define KERNEL_PASTE(a, b) KERNEL_PASTE2(a, b)

#define KERNEL_LOOP(operation)						\
	for (uint32_t i = 0; i < count; i++)				\
		out[i] = a[i] operation KERNEL_RIGHT;			\
	break

#define KERNEL_SWITCH()							\
	switch (op) {							\
	case COMPARE_EQ: KERNEL_LOOP(==);				\
	case COMPARE_NE: KERNEL_LOOP(!=);				\
	case COMPARE_LT: KERNEL_LOOP(<);				\
	case COMPARE_LE: KERNEL_LOOP(<=);				\
	case COMPARE_GT: KERNEL_LOOP(>);				\
	case COMPARE_GE: KERNEL_LOOP(>=);				\
	}

#define KERNEL_RIGHT b[i]
KERNEL_ATTRIBUTE static void
KERNEL_PASTE(KERNEL_NAME, _columns)(enum compare_op op,
	const KERNEL_TYPE *restrict a, const KERNEL_TYPE *restrict b,
	uint32_t count, uint8_t *restrict out)
{
	KERNEL_SWITCH()
}
#undef KERNEL_RIGHT

#define KERNEL_RIGHT b
KERNEL_ATTRIBUTE static void
KERNEL_PASTE(KERNEL_NAME, _constant)(enum compare_op op,
	const KERNEL_TYPE *restrict a, KERNEL_TYPE b, uint32_t count,
	uint8_t *restrict out)
{
	KERNEL_SWITCH()
}
#undef KERNEL_RIGHT

#undef KERNEL_SWITCH
#undef KERNEL_LOOP
#undef KERNEL_PASTE
#undef KERNEL_PASTE2
#undef KERNEL_NAME
#undef KERNEL_TYPE
#undef KERNEL_ATTRIBUTE
