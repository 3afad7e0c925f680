/*
 * generate KIND ROWS > FILE: the benchmarks' data, the same on every machine.
 *
 *     orders   CSV, 10 columns, some 100 bytes a row; 5 % have status "failed"
 *     quoted   the same with a comma and quotes in one field of ten rows
 *     groups   CSV in the shape of the h2oai group-by question: id1 of 100
 *              values, id3 of ROWS / 2, v1 v2 ints, v3 float
 *     bids     JSON lines, 7 fields, some 240 bytes
 *     access   combined log lines
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;

static uint64_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 2685821657736338717u;
}

static uint32_t
below(uint32_t bound)
{
	return (uint32_t)((next() >> 32) * bound >> 32);
}

static const char *const cities[] = {
	"Amsterdam", "Berlin", "Cairo", "Delhi", "Edinburgh", "Fukuoka",
	"Geneva", "Havana", "Istanbul", "Jakarta", "Kyoto", "Lagos", "Madrid",
	"Nairobi", "Oslo", "Paris", "Quito", "Rome", "Seoul", "Tunis",
};
static const char *const states[] = { "open", "paid", "shipped", "returned" };
static const char *const words[] = {
	"blue", "garden", "table", "lamp", "metal", "small", "kitchen", "chair",
	"winter", "coat", "paper", "desk", "steel", "round", "mirror", "glass",
};

static void
orders(uint64_t rows, int quoted)
{
	puts("id,ts,customer,city,status,amount,quantity,product,country,note");
	for (uint64_t i = 0; i < rows; i++) {
		const char *status = below(20) == 0 ? "failed" :
		    states[below(4)];
		uint32_t second = (uint32_t)(i % 86400);
		printf("%" PRIu64 ",2026-%02u-%02uT%02u:%02u:%02uZ,%u,%s,%s,"
		    "%u.%02u,%u,%s %s,%c%c,", i + 1, 1 + below(12),
		    1 + below(28), second / 3600, second / 60 % 60,
		    second % 60, below(1000000), cities[below(20)], status,
		    below(5000), below(100), 1 + below(9), words[below(16)],
		    words[below(16)], 'A' + below(26), 'A' + below(26));
		if (quoted && below(10) == 0)
			printf("\"%s, \"\"%s\"\" %s\"\n", words[below(16)],
			    words[below(16)], words[below(16)]);
		else
			printf("%s %s %s\n", words[below(16)],
			    words[below(16)], words[below(16)]);
	}
}

static void
groups(uint64_t rows)
{
	uint32_t many = (uint32_t)(rows / 2 > 0 ? rows / 2 : 1);

	puts("id1,id2,id3,id4,id5,id6,v1,v2,v3");
	for (uint64_t i = 0; i < rows; i++)
		printf("id%03u,id%03u,id%010u,%u,%u,%u,%u,%u,%u.%06u\n",
		    1 + below(100), 1 + below(100), 1 + below(many),
		    1 + below(100), 1 + below(100), 1 + below(many),
		    1 + below(5), 1 + below(15), below(100), below(1000000));
}

static void
bids(uint64_t rows)
{
	static const char *const channels[] = { "Google", "Facebook", "Baidu",
		"Apple" };

	for (uint64_t i = 0; i < rows; i++)
		printf("{\"auction\":%u,\"bidder\":%u,\"price\":%u,"
		    "\"channel\":\"%s\",\"url\":\"https://www.nexmark.com/"
		    "%s/%s/%s/item.htm?query=%u\",\"dateTime\":"
		    "\"2026-01-%02uT%02u:%02u:%02u.%03uZ\",\"extra\":"
		    "\"%s%s%s%s%s%s\"}\n", 1000 + below(100000),
		    1000 + below(50000), 100 + below(10000000),
		    channels[below(4)], words[below(16)], words[below(16)],
		    words[below(16)], below(10), 1 + below(28), below(24),
		    below(60), below(60), below(1000), words[below(16)],
		    words[below(16)], words[below(16)], words[below(16)],
		    words[below(16)], words[below(16)]);
}

static void
access_log(uint64_t rows)
{
	static const unsigned status[] = { 200, 200, 200, 200, 200, 200, 304,
		301, 404, 500 };

	for (uint64_t i = 0; i < rows; i++)
		printf("%u.%u.%u.%u - - [%02u/Oct/2026:%02u:%02u:%02u +0000] "
		    "\"GET /%s/%s/%u HTTP/1.1\" %u %u \"-\" \"Mozilla/5.0 "
		    "(X11; Linux x86_64) %s\"\n", 10 + below(200), below(256),
		    below(256), below(256), 1 + below(28), below(24), below(60),
		    below(60), words[below(16)], words[below(16)], below(100),
		    status[below(10)], below(100000), words[below(16)]);
}

int
main(int argc, char **argv)
{
	static char buffer[1 << 20];

	if (argc != 3) {
		fprintf(stderr, "usage: generate KIND ROWS\n");
		return 2;
	}
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	uint64_t rows = strtoull(argv[2], NULL, 10);
	if (strcmp(argv[1], "orders") == 0)
		orders(rows, 0);
	else if (strcmp(argv[1], "quoted") == 0)
		orders(rows, 1);
	else if (strcmp(argv[1], "groups") == 0)
		groups(rows);
	else if (strcmp(argv[1], "bids") == 0)
		bids(rows);
	else if (strcmp(argv[1], "access") == 0)
		access_log(rows);
	else {
		fprintf(stderr, "generate: no kind %s\n", argv[1]);
		return 2;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
