#ifndef SFLOW_FUNC_FUNC_TYPE_H
#define SFLOW_FUNC_FUNC_TYPE_H

#include "data/type.h"

/*
 * The static types of scalar functions, and what kernels take, are said with
 * one letter an argument; the last letter holds for all further arguments.
 *
 *	t	text; anything but a list or record is turned into its text
 *	n	a number, taken as float
 *	i	a whole number, taken as int
 *	m	a moment: timestamp or date, taken as timestamp
 *	d	a duration
 *	b	true or false
 *	l	a list, or text that is a JSON array
 *	r	a record, or text that is a JSON object
 *	c	a list or record as it is; else as t
 *	*	anything, as it is
 *
 * Undeclared text and unknown types may always turn out to be what is asked
 * for.  func_type_of() gives `result`, or TYPE_ERROR where some argument can
 * never be what its letter says.
 */
enum type func_type_of(const enum type *arg, unsigned count, enum type result,
	const char *letters);

/*
 * For functions that give the type of their first argument, a number or
 * duration: that type, TYPE_ANY where it is not known yet.  Further arguments
 * are whole numbers.
 */
enum type func_type_same(const enum type *arg, unsigned count);

/* A func_type_f of these letters. */
#define FUNC_TYPE(symbol, result, letters) \
static enum type \
symbol(const enum type *arg, unsigned count) \
{ \
	return func_type_of(arg, count, result, letters); \
}

#endif
