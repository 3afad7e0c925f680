#include <stdio.h>
#include <string.h>

#include "util/cpu.h"
#include "util/env.h"

int
main(int argc, char **argv)
{
	if (env_init() != 0)
		return 2;
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("sflow %s (%s)\n", PACKAGE_VERSION,
		    cpu_tier_name(cpu_tier()));
		return 0;
	}
	fprintf(stderr, "usage: sflow --version\n");
	return 2;
}
