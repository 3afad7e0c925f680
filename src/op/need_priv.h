#ifndef SFLOW_OP_NEED_PRIV_H
#define SFLOW_OP_NEED_PRIV_H

#include <stdint.h>

struct need_set {
	int all;
	int record;
	char **name;
	uint8_t *is_number;	/* of each: need_is_number() */
	uint32_t count;
};

#endif
