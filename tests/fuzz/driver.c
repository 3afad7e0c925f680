/*
 * Runs a fuzz harness without a fuzzer:
 *
 *	fuzz_NAME CORPUS-FOLDER...
 *
 * first over every file of the corpus, then over mutations of them: always the
 * same ones, as many as FUZZ_ROUNDS says, but for no longer than FUZZ_SECONDS.
 * The input that made the harness crash, or run for longer than RUN_SECONDS,
 * is left in NAME.crash.  A file instead of a folder is run alone.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_DEFAULT 20000
#define SECONDS_DEFAULT 20
#define RUN_SECONDS 60
/* Mutations of long files find little more and take longer. */
#define SIZE_MAX_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
/* The sanitizers' own; absent without one. */
void __sanitizer_set_death_callback(void (*)(void)) __attribute__((weak));

struct input {
	uint8_t *bytes;
	size_t size;
};

static struct input *corpus;
static size_t corpus_count;
static struct input current;
static char crash_path[256];
static uint64_t random_state = 0x9e3779b97f4a7c15u;

static void
current_save(void)
{
	int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd < 0)
		return;
	if (write(fd, current.bytes, current.size) >= 0)
		dprintf(2, "input saved: %s\n", crash_path);
	close(fd);
}

static void
on_signal(int number)
{
	if (number == SIGALRM)
		dprintf(2, "one input took longer than %d s\n", RUN_SECONDS);
	current_save();
	signal(number, SIG_DFL);
	raise(number);
	_exit(1);
}

/* The harness gets a block of exactly the right size, so that a sanitizer
 * sees the first byte read behind it. */
static void
input_run(const uint8_t *bytes, size_t size)
{
	current.bytes = malloc(size > 0 ? size : 1);
	current.size = size;
	if (size > 0)
		memcpy(current.bytes, bytes, size);
	alarm(RUN_SECONDS);
	LLVMFuzzerTestOneInput(current.bytes, size);
	alarm(0);
	free(current.bytes);
	current.bytes = NULL;
	current.size = 0;
}

static uint64_t
random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static size_t
random_below(size_t limit)
{
	return limit > 0 ? (size_t)(random_next() % limit) : 0;
}

static void
input_insert(struct input *input, size_t at, const uint8_t *bytes, size_t size)
{
	if (size > SIZE_MAX_BYTES - input->size)
		size = SIZE_MAX_BYTES - input->size;
	memmove(input->bytes + at + size, input->bytes + at, input->size - at);
	memcpy(input->bytes + at, bytes, size);
	input->size += size;
}

static void
input_delete(struct input *input, size_t at, size_t size)
{
	memmove(input->bytes + at, input->bytes + at + size,
	    input->size - at - size);
	input->size -= size;
}

/* A piece of some file of the corpus, at most `most` bytes. */
static struct input
piece_of_corpus(size_t most)
{
	const struct input *source = &corpus[random_below(corpus_count)];
	size_t at = random_below(source->size + 1);
	size_t size = random_below(source->size - at + 1);
	struct input piece = { source->bytes + at, size < most ? size : most };
	return piece;
}

static void
mutate(struct input *input)
{
	static const uint8_t telling[] = "\0\xff\x80\x7f\n\r\t\"\\',;:{}[]()"
		"|/-+.0919eEzZ@$`# ";
	uint8_t copy[64];
	size_t at = random_below(input->size + 1);
	size_t left = input->size - at;
	struct input piece;

	switch (random_below(6)) {
	case 0:
		if (left > 0)
			input->bytes[at] ^= (uint8_t)(1 << random_below(8));
		break;
	case 1:
		if (left > 0)
			input->bytes[at] =
			    telling[random_below(sizeof(telling) - 1)];
		break;
	case 2:
		copy[0] = telling[random_below(sizeof(telling) - 1)];
		input_insert(input, at, copy, 1);
		break;
	case 3:
		left = left < 16 ? left : 15;
		input_delete(input, at, random_below(left + 1));
		break;
	case 4:
		left = left < sizeof(copy) ? left : sizeof(copy);
		memcpy(copy, input->bytes + at, left);
		input_insert(input, at, copy, left);
		break;
	default:
		piece = piece_of_corpus(64);
		input_insert(input, at, piece.bytes, piece.size);
	}
}

static void
mutations_run(long rounds, time_t seconds)
{
	static uint8_t bytes[SIZE_MAX_BYTES];
	time_t end = time(NULL) + seconds;

	for (long i = 0; i < rounds; i++) {
		size_t index = random_below(corpus_count);
		const struct input *source = &corpus[index];
		struct input input = { bytes, source->size };
		if (input.size > SIZE_MAX_BYTES)
			input.size = SIZE_MAX_BYTES;
		memcpy(bytes, source->bytes, input.size);
		for (size_t n = 1 + random_below(8); n > 0; n--)
			mutate(&input);
		input_run(input.bytes, input.size);
		if (i % 64 == 0 && time(NULL) > end) {
			printf("%ld of %ld mutations in the time\n", i, rounds);
			return;
		}
	}
	printf("%ld mutations\n", rounds);
}

static void
corpus_add(const char *path)
{
	struct input input;
	struct stat info;
	FILE *file = fopen(path, "rb");

	if (file == NULL || fstat(fileno(file), &info) != 0) {
		perror(path);
		exit(2);
	}
	input.bytes = malloc((size_t)info.st_size + 1);
	input.size = fread(input.bytes, 1, (size_t)info.st_size, file);
	fclose(file);
	corpus = realloc(corpus, (corpus_count + 1) * sizeof(*corpus));
	corpus[corpus_count++] = input;
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Sorted, so that the mutations are the same everywhere. */
static void
corpus_read(const char *path)
{
	struct dirent **entries;
	struct stat info;
	char file[4096];

	if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode)) {
		corpus_add(path);
		return;
	}
	int count = scandir(path, &entries, is_visible, alphasort);
	for (int i = 0; i < count; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		corpus_add(file);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static long
number_of(const char *name, long fallback)
{
	const char *text = getenv(name);
	return text != NULL ? atol(text) : fallback;
}

int
main(int argc, char **argv)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE,
		SIGABRT, SIGALRM };
	const char *slash = strrchr(argv[0], '/');

	snprintf(crash_path, sizeof(crash_path), "%s.crash",
	    slash != NULL ? slash + 1 : argv[0]);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(current_save);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], on_signal);
	for (int i = 1; i < argc; i++)
		corpus_read(argv[i]);
	if (corpus_count == 0) {
		fprintf(stderr, "%s: no corpus\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < corpus_count; i++)
		input_run(corpus[i].bytes, corpus[i].size);
	printf("%zu files\n", corpus_count);
	input_run((const uint8_t *)"", 0);
	if (corpus_count > 1 || number_of("FUZZ_ROUNDS", -1) >= 0)
		mutations_run(number_of("FUZZ_ROUNDS", ROUNDS_DEFAULT),
		    number_of("FUZZ_SECONDS", SECONDS_DEFAULT));
	return 0;
}
