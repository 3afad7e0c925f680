/*
 * generate KIND ROWS > FILE: the benchmarks' data, the same on every machine.
 *
 *     orders   CSV, 10 columns, some 100 bytes a row; 5 % have status "failed"
 *     quoted   the same with a comma and quotes in one field of ten rows
 *     lines    the same with a newline there, too
 *     groups   CSV like h2oai, but id3 and id6 have ROWS / 2 values
 *     h2oai    the table of the h2oai group-by questions, as its G1 with
 *              K = 100: id1 id2 id4 id5 of K values, id3 id6 of ROWS / K
 *     x small medium big
 *              the tables of the h2oai join questions: the left one of ROWS
 *              rows, the right ones of ROWS / 1e6, ROWS / 1e3 and ROWS; nine
 *              keys of ten of either side are found on the other
 *     weather  the shape of the one billion rows: station;temperature, of 413
 *              stations
 *     bids     JSON lines, 7 fields, some 240 bytes
 *     access   combined log lines
 *
 * A row is a pattern whose holes are filled from left to right:
 *
 *     <20>        a number below 20; <a> one below the caller's number a
 *     <12+1>      the same and 1
 *     <12+1/2>    the same in at least 2 digits
 *     <=a>        the caller's number a itself, <=a/2> in at least 2 digits
 *     <word> ...  one of a list of texts
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
below(uint64_t bound)
{
	return (uint32_t)((next() >> 32) * bound >> 32);
}

/* Texts of which a hole with the list's name takes one. */
static const struct {
	const char *name;
	uint32_t count;
	const char *const texts[20];
} lists[] = {
	{ "city", 20, { "Amsterdam", "Berlin", "Cairo", "Delhi", "Edinburgh",
	    "Fukuoka", "Geneva", "Havana", "Istanbul", "Jakarta", "Kyoto",
	    "Lagos", "Madrid", "Nairobi", "Oslo", "Paris", "Quito", "Rome",
	    "Seoul", "Tunis" } },
	{ "word", 16, { "blue", "garden", "table", "lamp", "metal", "small",
	    "kitchen", "chair", "winter", "coat", "paper", "desk", "steel",
	    "round", "mirror", "glass" } },
	{ "status", 20, { "open", "open", "open", "open", "open", "paid",
	    "paid", "paid", "paid", "paid", "shipped", "shipped", "shipped",
	    "shipped", "shipped", "returned", "returned", "returned",
	    "returned", "failed" } },
	{ "letter", 20, { "A", "B", "C", "D", "E", "F", "G", "H", "I", "K",
	    "L", "M", "N", "O", "P", "R", "S", "T", "U", "V" } },
	{ "network", 4, { "Google", "Facebook", "Baidu", "Apple" } },
	{ "reply", 10, { "200", "200", "200", "200", "200", "200", "304",
	    "301", "404", "500" } },
};

static void
put_number(uint64_t value, int width)
{
	char digits[24];
	int at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	for (int missing = width - ((int)sizeof(digits) - at); missing > 0;
	     missing--)
		putchar_unlocked('0');
	fwrite_unlocked(digits + at, 1, sizeof(digits) - (size_t)at, stdout);
}

/* Fill the hole whose text begins at `hole`; returns what is behind it. */
static const char *
put_hole(const char *hole, const uint64_t *numbers)
{
	char *end = (char *)hole;
	uint64_t value;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		size_t length = strlen(lists[i].name);
		if (strncmp(hole, lists[i].name, length) == 0) {
			fputs_unlocked(lists[i].texts[below(lists[i].count)],
			    stdout);
			return hole + length + 1;
		}
	}
	if (*hole == '=') {
		value = numbers[hole[1] - 'a'];
		end += 2;
	} else if (*hole >= 'a') {
		value = below(numbers[*hole - 'a']);
		end++;
	} else {
		value = below(strtoull(hole, &end, 10));
	}
	if (*end == '+')
		value += strtoull(end + 1, &end, 10);
	put_number(value, *end == '/' ? (int)strtol(end + 1, &end, 10) : 0);
	return end + 1;
}

/* Write a row; `a` to `d` in its holes are numbers[0] to numbers[3]. */
static void
put(const char *pattern, const uint64_t *numbers)
{
	for (;;) {
		size_t length = strcspn(pattern, "<");
		fwrite_unlocked(pattern, 1, length, stdout);
		if (pattern[length] == '\0')
			return;
		pattern = put_hole(pattern + length + 1, numbers);
	}
}

static void
orders(uint64_t rows, const char *odd_note)
{
	puts("id,ts,customer,city,status,amount,quantity,product,country,note");
	for (uint64_t i = 0; i < rows; i++) {
		uint64_t second = i % 86400;
		uint64_t numbers[] = { i + 1, second / 3600, second / 60 % 60,
			second % 60 };
		put("<=a>,2026-<12+1/2>-<28+1/2>T<=b/2>:<=c/2>:<=d/2>Z,"
		    "<1000000>,<city>,<status>,<5000>.<100/2>,<9+1>,"
		    "<word> <word>,<letter><letter>,", numbers);
		put(odd_note != NULL && below(10) == 0 ? odd_note :
		    "<word> <word> <word>\n", NULL);
	}
}

/* id3 and id6 have `many` values. */
static void
groups(uint64_t rows, uint64_t many)
{
	if (many == 0)
		many = 1;
	puts("id1,id2,id3,id4,id5,id6,v1,v2,v3");
	for (uint64_t i = 0; i < rows; i++)
		put("id<100+1/3>,id<100+1/3>,id<a+1/10>,<100+1>,<100+1>,<a+1>,"
		    "<5+1>,<15+1>,<100>.<1000000/6>\n", &many);
}

/* How many keys the right table of this level has. */
static uint32_t
key_count(uint64_t rows, int level)
{
	static const uint64_t divisors[] = { 1000000, 1000, 1 };
	uint64_t count = rows / divisors[level];

	return (uint32_t)(count > 10 ? count : 10);
}

/*
 * The numbers from 1 to 1.1 `count` in an order that depends on nothing else.
 * The first nine tenths of `count` are the keys of both sides, the next tenth
 * those of the left, the last those of the right.
 */
static uint32_t *
keys_new(uint32_t count)
{
	uint64_t before = state;
	uint32_t all = count + count / 10;
	uint32_t *keys = malloc((size_t)all * sizeof(*keys));

	if (keys == NULL)
		exit(1);
	state = 1 + (uint64_t)count;
	for (uint32_t i = 0; i < all; i++) {
		uint32_t j = below(i + 1);
		keys[i] = keys[j];
		keys[j] = i + 1;
	}
	state = before;
	return keys;
}

static void
join_left(uint64_t rows)
{
	uint32_t counts[3];
	uint32_t *keys[3];

	for (int k = 0; k < 3; k++) {
		counts[k] = key_count(rows, k);
		keys[k] = keys_new(counts[k]);
	}
	puts("id1,id2,id3,id4,id5,id6,v1");
	for (uint64_t i = 0; i < rows; i++) {
		uint64_t ids[3];
		for (int k = 0; k < 3; k++)
			ids[k] = keys[k][below(counts[k])];
		put("<=a>,<=b>,<=c>,id<=a>,id<=b>,id<=c>,<100>.<1000000/6>\n",
		    ids);
	}
	for (int k = 0; k < 3; k++)
		free(keys[k]);
}

/* The right table of a level, 0 to 2: each of its keys in one row. */
static void
join_right(uint64_t rows, int level)
{
	static const char *const heads[] = { "id1,id4,v2", "id1,id2,id4,id5,v2",
		"id1,id2,id3,id4,id5,id6,v2" };
	static const char *const patterns[] = { "<=a>,id<=a>,",
		"<=a>,<=b>,id<=a>,id<=b>,",
		"<=a>,<=b>,<=c>,id<=a>,id<=b>,id<=c>," };
	uint32_t count = key_count(rows, level);
	uint32_t shared = count - count / 10;
	uint32_t *keys = keys_new(count);

	state += 1 + (uint64_t)level;
	puts(heads[level]);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t ids[3];
		for (int k = 0; k < level; k++)
			ids[k] = 1 + below(key_count(rows, k));
		ids[level] = keys[i < shared ? i : i - shared + count];
		put(patterns[level], ids);
		put("<100>.<1000000/6>\n", NULL);
	}
	free(keys);
}

static void
weather(uint64_t rows)
{
	static const char *const places[] = { "", " Airport", " North",
		" South", " East", " West", " Harbour", " Hill", " am Rhein",
		" Köln", " Mountain Base", " I", " II", " de la Sierra",
		" Old Town", " Island", " Bay", " Lake", " Św. Jan", " Falls",
		" Point" };

	for (uint64_t i = 0; i < rows; i++) {
		uint32_t station = below(413);
		/* Around a mean that the station has, from -25 to 44.7. */
		int tenths = (int)(station * 7 % 500) - 250;
		tenths += (int)below(100);
		tenths += (int)below(100);
		fputs_unlocked(lists[0].texts[station % 20], stdout);
		fputs_unlocked(places[station / 20], stdout);
		fputs_unlocked(tenths < 0 ? ";-" : ";", stdout);
		uint64_t numbers[] = { (uint64_t)abs(tenths) / 10,
			(uint64_t)abs(tenths) % 10 };
		put("<=a>.<=b>\n", numbers);
	}
}

static void
plain(uint64_t rows, const char *pattern)
{
	for (uint64_t i = 0; i < rows; i++)
		put(pattern, NULL);
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
	const char *kind = argv[1];
	uint64_t rows = strtoull(argv[2], NULL, 10);
	if (strcmp(kind, "orders") == 0)
		orders(rows, NULL);
	else if (strcmp(kind, "quoted") == 0)
		orders(rows, "\"<word>, \"\"<word>\"\" <word>\"\n");
	else if (strcmp(kind, "lines") == 0)
		orders(rows, "\"<word>, \"\"<word>\"\"\n<word>\"\n");
	else if (strcmp(kind, "groups") == 0)
		groups(rows, rows / 2);
	else if (strcmp(kind, "h2oai") == 0)
		groups(rows, rows / 100);
	else if (strcmp(kind, "x") == 0)
		join_left(rows);
	else if (strcmp(kind, "small") == 0)
		join_right(rows, 0);
	else if (strcmp(kind, "medium") == 0)
		join_right(rows, 1);
	else if (strcmp(kind, "big") == 0)
		join_right(rows, 2);
	else if (strcmp(kind, "weather") == 0)
		weather(rows);
	else if (strcmp(kind, "bids") == 0)
		plain(rows, "{\"auction\":<100000+1000>,\"bidder\":<50000+1000>"
		    ",\"price\":<10000000+100>,\"channel\":\"<network>\","
		    "\"url\":\"https://www.nexmark.com/<word>/<word>/<word>"
		    "/item.htm?query=<10>\",\"dateTime\":\"2026-01-<28+1/2>T"
		    "<24/2>:<60/2>:<60/2>.<1000/3>Z\",\"extra\":"
		    "\"<word><word><word><word><word><word>\"}\n");
	else if (strcmp(kind, "access") == 0)
		plain(rows, "<200+10>.<256>.<256>.<256> - - [<28+1/2>/Oct/2026:"
		    "<24/2>:<60/2>:<60/2> +0000] \"GET /<word>/<word>/<100>"
		    " HTTP/1.1\" <reply> <100000> \"-\" \"Mozilla/5.0 (X11; "
		    "Linux x86_64) <word>\"\n");
	else {
		fprintf(stderr, "generate: no kind %s\n", kind);
		return 2;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
