/*
 * Job orders: what is read writes the same bytes again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/order.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct region *region = region_new();
	struct err err = ERR_INIT;
	struct buf again = { 0 };
	struct order order;

	if (order_read((const char *)bytes, size, "host b", region, &order,
	    &err) == 0) {
		order_write(&order, &again);
		if (again.size != size || memcmp(again.bytes, bytes, size) != 0)
			abort();
	} else if (err.message[0] == '\0') {
		abort();
	}
	buf_fini(&again);
	region_drop(&region);
	return 0;
}
