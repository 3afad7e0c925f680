#ifndef SFLOW_DATA_KEY_PRIV_H
#define SFLOW_DATA_KEY_PRIV_H

#include "data/key.h"

/* The first byte of the order key of a null; of a value of the type (0 if that
 * differs from value to value). */
char key_null_byte(const struct key_order *);
char key_class_byte(enum type, const struct key_order *);
/* Does a key that begins with this byte begin with a number? */
int key_is_number(char first, const struct key_order *);

#endif
