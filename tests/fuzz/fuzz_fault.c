/* The text of SFLOW_FAULT. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/env_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	if (size > 0)
		memcpy(text, bytes, size);
	text[size] = '\0';
	const char *wrong = env_fault_parse(text);
	if (wrong != NULL && (wrong < text || wrong > text + strlen(text)))
		abort();
	free(text);
	return 0;
}
