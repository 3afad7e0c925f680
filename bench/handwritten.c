/*
 * handwritten filter|quoted|weather FILE [THREADS]: what a C programmer writes
 * who needs just this one job done fast, as a measure of what is possible.
 *
 *     filter   orders: id, city, amount where status is "failed"; knows that
 *              nothing is quoted and that a row has less than 64 KiB
 *     quoted   lines: id, city, note where status is "failed"; quotes are
 *              honoured, so one thread walks the file from its begin
 *     weather  station, lowest, mean and highest temperature, sorted
 *
 * Threads take chunks of the file in turn: each reads its chunk and the rest
 * of the line that ends behind it, and writes its output when all before it
 * have been written.
 */
#include <emmintrin.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)1 << 20)
#define LINE_BYTES_MAX ((size_t)1 << 16)
#define STATIONS_MAX 4096 /* a power of two, far above their number */

struct station {
	char name[64]; /* zeros behind it */
	uint32_t length;
	int32_t low;
	int32_t high;
	uint32_t count;
	int64_t sum;
};

struct worker {
	pthread_t thread;
	char *in; /* a chunk, with room on both sides */
	char *out;
	size_t out_bytes;
	struct station *stations;
};

static void (*run_lines)(struct worker *, const char *at, const char *end);
static int file;
static size_t file_bytes;
static _Atomic size_t next_chunk;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static size_t turn;

static void
write_all(const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t did = write(STDOUT_FILENO, bytes, count);
		if (did < 0)
			exit(1);
		bytes += did;
		count -= (size_t)did;
	}
}

/* Which of 64 bytes are `c`. */
static inline uint64_t
find(const char *at, char c)
{
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++) {
		__m128i part = _mm_loadu_si128((const __m128i *)at + i);
		part = _mm_cmpeq_epi8(part, _mm_set1_epi8(c));
		mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(part) << 16 * i;
	}
	return mask;
}

static inline char *
copy(char *to, const char *from, const char *end)
{
	memcpy(to, from, (size_t)(end - from));
	return to + (end - from);
}

/* The sixth comma lies within 64 bytes of the begin of each line. */
static void
filter_lines(struct worker *worker, const char *at, const char *end)
{
	char *out = worker->out;

	while (at < end) {
		uint64_t commas = find(at, ',');
		const char *comma[6];
		for (int i = 0; i < 6; i++) {
			comma[i] = at + __builtin_ctzll(commas);
			commas &= commas - 1;
		}
		if (memcmp(comma[3], ",failed,", 8) == 0) {
			out = copy(out, at, comma[0]);
			out = copy(out, comma[2], comma[3]);
			out = copy(out, comma[4], comma[5]);
			*out++ = '\n';
		}
		at = memchr(comma[5], '\n', LINE_BYTES_MAX);
		at++;
	}
	worker->out_bytes = (size_t)(out - worker->out);
}

static struct station *
find_station(struct station *stations, const char *name, uint32_t length)
{
	uint64_t head;

	memcpy(&head, name, sizeof(head));
	if (length < 8)
		head &= ~0ull >> (64 - 8 * length);
	uint64_t hash = (head ^ length) * 0x9E3779B97F4A7C15u;
	for (uint64_t i = hash >> 40;; i++) {
		struct station *station = &stations[i % STATIONS_MAX];
		if (station->length == length &&
		    memcmp(station->name, name, length) == 0)
			return station;
		if (station->length == 0) {
			memcpy(station->name, name, length);
			station->length = length;
			station->low = INT32_MAX;
			station->high = INT32_MIN;
			return station;
		}
	}
}

static void
weather_lines(struct worker *worker, const char *at, const char *end)
{
	while (at < end) {
		uint32_t length = (uint32_t)__builtin_ctzll(find(at, ';'));
		struct station *station = find_station(worker->stations, at,
		    length);
		at += length + 1;
		int negative = *at == '-';
		at += negative;
		int32_t tenths = *at++ - '0';
		if (*at != '.')
			tenths = tenths * 10 + *at++ - '0';
		tenths = tenths * 10 + at[1] - '0';
		at += 3;
		tenths = negative ? -tenths : tenths;
		if (tenths < station->low)
			station->low = tenths;
		if (tenths > station->high)
			station->high = tenths;
		station->count++;
		station->sum += tenths;
	}
}

/* Read a chunk; the lines that begin in it are *at to *end. */
static void
read_chunk(struct worker *worker, size_t index, const char **at,
    const char **end)
{
	size_t start = index * CHUNK_BYTES;
	size_t before = start > 0; /* to see whether a line begins there */
	size_t bytes = 0;
	ssize_t did;

	while (bytes < CHUNK_BYTES + LINE_BYTES_MAX &&
	    (did = pread(file, worker->in + bytes, CHUNK_BYTES +
	    LINE_BYTES_MAX - bytes, (off_t)(start - before + bytes))) > 0)
		bytes += (size_t)did;
	if (start - before + bytes == file_bytes &&
	    worker->in[bytes - 1] != '\n')
		worker->in[bytes++] = '\n';
	*at = worker->in;
	if (before)
		*at = (char *)memchr(*at, '\n', bytes) + 1;
	*end = worker->in + bytes;
	if (bytes > CHUNK_BYTES + before)
		*end = (char *)memchr(worker->in + CHUNK_BYTES + before - 1,
		    '\n', bytes - CHUNK_BYTES - before + 1) + 1;
}

static void *
work(void *of)
{
	struct worker *worker = of;

	for (;;) {
		size_t index = atomic_fetch_add(&next_chunk, 1);
		const char *at, *end;
		if (index * CHUNK_BYTES >= file_bytes)
			return NULL;
		read_chunk(worker, index, &at, &end);
		run_lines(worker, at, end);
		if (worker->out == NULL)
			continue;
		pthread_mutex_lock(&lock);
		while (turn != index)
			pthread_cond_wait(&moved, &lock);
		pthread_mutex_unlock(&lock);
		write_all(worker->out, worker->out_bytes);
		pthread_mutex_lock(&lock);
		turn++;
		pthread_cond_broadcast(&moved);
		pthread_mutex_unlock(&lock);
	}
}

static const char *
skip_field(const char *at)
{
	if (*at == '"')
		do
			at = (char *)rawmemchr(at + 1, '"') + 1;
		while (*at == '"');
	while (*at != ',' && *at != '\n')
		at++;
	return at;
}

/* All of the file, which ends with a newline. */
static void
quoted(void)
{
	static char out[1 << 18];
	size_t used = 0;
	const char *at = mmap(NULL, file_bytes, PROT_READ, MAP_PRIVATE, file,
	    0);

	if (at == MAP_FAILED)
		exit(1);
	const char *end = at + file_bytes;
	at = (char *)memchr(at, '\n', file_bytes) + 1;
	puts("id,city,note");
	fflush(stdout);
	while (at < end) {
		const char *field[11] = { at };
		for (int i = 1; i <= 10; i++)
			field[i] = skip_field(field[i - 1]) + 1;
		at = field[10];
		if (field[5] - field[4] != 7 ||
		    memcmp(field[4], "failed", 6) != 0)
			continue;
		if (used + (size_t)(at - field[0]) > sizeof(out)) {
			write_all(out, used);
			used = 0;
		}
		char *to = copy(out + used, field[0], field[1]);
		to = copy(to, field[3], field[4]);
		to = copy(to, field[9], field[10]);
		used = (size_t)(to - out);
	}
	write_all(out, used);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct station *)a)->name,
	    ((const struct station *)b)->name);
}

static void
print_stations(struct worker *workers, int count)
{
	struct station *all = workers[0].stations;

	for (int w = 1; w < count; w++) {
		for (int i = 0; i < STATIONS_MAX; i++) {
			struct station *from = &workers[w].stations[i];
			if (from->length == 0)
				continue;
			struct station *to = find_station(all, from->name,
			    from->length);
			if (from->low < to->low)
				to->low = from->low;
			if (from->high > to->high)
				to->high = from->high;
			to->count += from->count;
			to->sum += from->sum;
		}
	}
	qsort(all, STATIONS_MAX, sizeof(*all), compare);
	puts("station,low,mean,high");
	for (int i = 0; i < STATIONS_MAX; i++)
		if (all[i].length > 0)
			printf("%s,%.1f,%.10g,%.1f\n", all[i].name,
			    all[i].low / 10.0, (double)all[i].sum / 10 /
			    all[i].count, all[i].high / 10.0);
}

int
main(int argc, char **argv)
{
	struct worker workers[64] = { 0 };
	struct stat stat;
	int count = argc > 3 ? atoi(argv[3]) : 1;

	if (argc < 3 || count < 1 || count > 64)
		return 2;
	file = open(argv[2], O_RDONLY);
	if (file < 0 || fstat(file, &stat) != 0)
		return 1;
	file_bytes = (size_t)stat.st_size;
	if (strcmp(argv[1], "quoted") == 0) {
		quoted();
		return 0;
	}
	int filter = strcmp(argv[1], "filter") == 0;
	run_lines = filter ? filter_lines : weather_lines;
	if (filter)
		puts("id,city,amount");
	fflush(stdout);
	for (int i = 0; i < count; i++) {
		struct worker *worker = &workers[i];
		worker->in = malloc(CHUNK_BYTES + LINE_BYTES_MAX + 65);
		if (filter)
			worker->out = malloc(CHUNK_BYTES + LINE_BYTES_MAX);
		else
			worker->stations = calloc(STATIONS_MAX,
			    sizeof(*worker->stations));
		pthread_create(&worker->thread, NULL, work, worker);
	}
	for (int i = 0; i < count; i++)
		pthread_join(workers[i].thread, NULL);
	if (!filter)
		print_stations(workers, count);
	return 0;
}
