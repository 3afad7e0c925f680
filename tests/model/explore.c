/*
 * explore [BOUND [RUNS [SEED]]]: run the channel between tasks in all orders.
 *
 * Two producer tasks put into a channel each; one consumer task takes from both
 * until they are empty.  The code of the channel is src/exec/channel.c itself;
 * its atomic operations are replaced by ones that let another task go on
 * before they happen.  The tasks' states are those of the runner:
 *
 *     idle -> queued -> running -> idle         notified while running:
 *                ^         |                    running -> notified,
 *                +-- notified                   and queued after the step
 *
 * Each task is a coroutine.  A schedule is the list of choices made; it is
 * replayed from the start with its last choice changed until none is left (a
 * depth-first search).  A task that could go on may be interrupted, and a store
 * that is not sequentially consistent may stay in a buffer of its task, where
 * no load of another task sees it, as on x86: together at most BOUND times in a
 * schedule.  A schedule that comes to a state in which another has been is given
 * up: what follows is tried there.  Behind it come RUNS random schedules without a bound.
 *
 * What is checked: all messages arrive, once and in order; no channel has more
 * bytes than its bound and a message; no task is queued twice; and when nobody
 * can go on nothing is left to do (or else a wake-up was lost).
 *
 * Then the program proves that it would see something: every mutant, a small
 * mistake in an operation of the channel or in the tasks' protocol, must break
 * one of these rules.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum order { order_relaxed, order_acquire, order_release, order_acq_rel,
	order_seq_cst };

static uint64_t model_load(const void *at, size_t size, enum order,
	const char *name);
static void model_store(void *at, size_t size, uint64_t value, enum order,
	const char *name);
static uint64_t model_exchange(void *at, size_t size, uint64_t value,
	const char *name);
static int model_compare_exchange(uint32_t *at, uint32_t *expected,
	uint32_t value, const char *name);

#define ATOMIC_REPLACED
#define ATOMIC(type) type
#define ATOMIC_LOAD(at, order) ((__typeof__(*(at) + 0)) \
	model_load((at), sizeof(*(at)), order_##order, #at))
#define ATOMIC_STORE(at, value, order) \
	model_store((at), sizeof(*(at)), (value), order_##order, #at)
#define ATOMIC_EXCHANGE(at, value, order) \
	model_exchange((at), sizeof(*(at)), (value), #at)
#define ATOMIC_COMPARE_EXCHANGE(at, expected, value, order) \
	model_compare_exchange((at), (expected), (value), #at)

#define CHANNEL_SLOTS 2u
#define CHANNEL_BATCH_BYTES 3u
#include "../../src/exec/channel.c"

enum { PRODUCERS = 2, CONSUMER = PRODUCERS, TASKS };

#define MESSAGES_MAX 8
#define STACK_BYTES 65536
#define CHOICES_MAX 4096
#define TRACE_MAX 4096
#define BUFFER_MAX 16
#define PLACES_MAX 32
#define ROW_BYTES 8u
#define NOBODY TASKS
#define MANY (TASKS + 1)

enum mutant {
	MUTANT_NONE,
	MUTANT_WAITING_WEAK,
	MUTANT_NO_SECOND_LOOK,
	MUTANT_TAKEN_WEAK,
	MUTANT_PUT_WEAK,
	MUTANT_SLOT_EARLY,
	MUTANT_IDLE_STORED,
	MUTANT_NOTIFY_IGNORED,
	MUTANT_NOTIFY_FIRST,
	MUTANT_NOTIFY_STORED,
	MUTANT_WAKE_DROPPED,
	MUTANT_COUNT
};

static const char *const mutant_text[] = {
	[MUTANT_NONE] = "the channel and the tasks as they are",
	[MUTANT_WAITING_WEAK] = "`waiting` is stored, not seq_cst",
	[MUTANT_NO_SECOND_LOOK] = "the producer does not look again",
	[MUTANT_TAKEN_WEAK] = "`taken` is stored, not seq_cst",
	[MUTANT_PUT_WEAK] = "`put` is stored, not seq_cst",
	[MUTANT_SLOT_EARLY] = "a slot is used before it is free",
	[MUTANT_IDLE_STORED] = "a step ends as idle, notified or not",
	[MUTANT_NOTIFY_IGNORED] = "a running task is not notified",
	[MUTANT_NOTIFY_FIRST] = "notified before the message is put",
	[MUTANT_NOTIFY_STORED] = "an idle task is queued by a plain store",
	[MUTANT_WAKE_DROPPED] = "nobody wakes the producer",
};

enum state { IDLE, QUEUED, RUNNING, NOTIFIED };

struct task {
	ucontext_t context;
	char *stack;
	ATOMIC(uint32_t) state;
	unsigned queued;	/* entries in the queue of ready tasks */
	int in_step;
	/* Stores that others do not see yet, oldest first. */
	struct store {
		void *at;
		size_t size;
		uint64_t value;
	} buffer[BUFFER_MAX];
	unsigned buffer_count;
	/* Of a producer. */
	struct channel *channel;
	unsigned put_count;
	/* Of the consumer's side of that channel. */
	unsigned taken_count;
	uint64_t put_bytes;
	uint64_t history;	/* hash of all that the task has seen */
	uint64_t taken_seen;	/* what the producer last read */
};

static struct {
	enum mutant mutant;
	unsigned producers;
	unsigned messages;	/* that each puts */
	uint64_t bytes_max;
	/* The search: choice[i] of choice_of[i] was made at the i-th point. */
	uint16_t choice[CHOICES_MAX], choice_of[CHOICES_MAX];
	unsigned depth, fixed;
	uint64_t random;	/* not 0: choices come from here */
	unsigned bound, interrupts, delays_max, delays;
	/* This run. */
	struct task task[TASKS];
	unsigned now;
	ucontext_t main;
	const char *fault;
	int is_cut;		/* it came to where another has been */
	/* Who stores to a place; a load of one's own needs no choice. */
	struct {
		const void *at;
		unsigned owner;
	} place[PLACES_MAX];
	unsigned place_count;
	struct {
		unsigned task;
		const char *what, *name;
		uint64_t value;
	} trace[TRACE_MAX];
	unsigned trace_count;
	/* Hashes of states met; a power of two of them, 0 is free. */
	uint64_t *met;
	size_t met_count, met_capacity;
} model;

static struct schema schema;
static struct column numbers[1] = { { .type = TYPE_INT } };
static struct batch batches[MESSAGES_MAX];

/* --- choices --- */

static void
fail(const char *fault)
{
	if (model.fault == NULL)
		model.fault = fault;
	setcontext(&model.main);
}

static uint64_t
mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static void
trace(const char *what, const char *name, uint64_t value)
{
	if (model.trace_count == TRACE_MAX)
		fail("it runs for ever");
	model.task[model.now].history =
	    mix(model.task[model.now].history, value);
	model.trace[model.trace_count].task = model.now;
	model.trace[model.trace_count].what = what;
	model.trace[model.trace_count].name = name;
	model.trace[model.trace_count++].value = value;
}

static uint64_t
random_next(void)
{
	model.random ^= model.random << 13;
	model.random ^= model.random >> 7;
	model.random ^= model.random << 17;
	return model.random;
}

/* One of 0..count-1: as replayed, or the first. */
static unsigned
choose(unsigned count)
{
	unsigned made = 0;

	if (count <= 1)
		return 0;
	if (model.random != 0)
		return (unsigned)(random_next() % count);
	if (model.depth == CHOICES_MAX)
		fail("it runs for ever");
	if (model.depth < model.fixed)
		made = model.choice[model.depth];
	model.choice[model.depth] = (uint16_t)made;
	model.choice_of[model.depth++] = (uint16_t)count;
	return made;
}

static uint64_t
memory_read(const void *at, size_t size)
{
	uint32_t word;
	uint64_t value;

	if (size == sizeof(word))
		return memcpy(&word, at, size), word;
	return memcpy(&value, at, size), value;
}

static void
memory_write(void *at, size_t size, uint64_t value)
{
	uint32_t word = (uint32_t)value;

	memcpy(at, size == sizeof(word) ? (void *)&word : &value, size);
}

/* The oldest store of the task's buffer is seen by all. */
static void
commit(struct task *task)
{
	memory_write(task->buffer[0].at, task->buffer[0].size,
	    task->buffer[0].value);
	task->buffer_count--;
	memmove(task->buffer, task->buffer + 1,
	    task->buffer_count * sizeof(*task->buffer));
}

static void
commit_all(struct task *task)
{
	while (task->buffer_count > 0)
		commit(task);
}

static void
switch_to(unsigned next)
{
	unsigned last = model.now;

	model.now = next;
	if (next == NOBODY)
		setcontext(&model.main);
	else if (next != last)
		swapcontext(&model.task[last].context,
		    &model.task[next].context);
}

/* The whole state: what all tasks have seen, which says where they are, and
 * the memory. */
static uint64_t
state_hash(int able)
{
	uint64_t hash = mix(mix(mix(1, model.now * 2 + (unsigned)able),
	    model.interrupts), model.delays);

	for (unsigned i = 0; i < TASKS; i++) {
		const struct task *task = &model.task[i];
		hash = mix(mix(mix(hash, task->history), task->state),
		    task->queued);
		for (unsigned j = 0; j < task->buffer_count; j++)
			hash = mix(hash, task->buffer[j].value);
		hash = mix(hash, task->buffer_count);
		if (i >= model.producers)
			continue;
		hash = mix(mix(hash, task->channel->put),
		    task->channel->put_bytes);
		hash = mix(mix(hash, task->channel->taken),
		    task->channel->taken_bytes);
		hash = mix(hash, task->channel->waiting);
	}
	return hash | 1;
}

static int
met_add(uint64_t hash)
{
	size_t i = hash >> 1 & (model.met_capacity - 1);

	while (model.met[i] != 0 && model.met[i] != hash)
		i = (i + 1) & (model.met_capacity - 1);
	if (model.met[i] == hash)
		return 0;
	model.met[i] = hash;
	model.met_count++;
	return 1;
}

static void
met_grow(void)
{
	size_t capacity = model.met_capacity;
	uint64_t *old = model.met;

	model.met_capacity = capacity == 0 ? 65536 : capacity * 2;
	model.met = mem_alloc_zero(model.met_capacity * sizeof(*model.met));
	model.met_count = 0;
	for (size_t i = 0; i < capacity; i++)
		if (old[i] != 0)
			met_add(old[i]);
	mem_free(old);
}

/* A choice where another schedule has been, with as much left of the bound:
 * all that can follow is tried there. */
static int
is_met(int able)
{
	if (model.random != 0 || model.depth < model.fixed)
		return 0;
	if (model.met_count * 2 >= model.met_capacity)
		met_grow();
	return !met_add(state_hash(able));
}

/* Who goes on?  The task itself only if it is `able`; or a store of somebody
 * comes out of its buffer. */
static void
point(int able)
{
	for (;;) {
		unsigned option[2 * TASKS], count = 0;
		int may_interrupt = model.random != 0 || !able ||
		    model.interrupts + model.delays < model.bound;

		if (able)
			option[count++] = model.now;
		for (unsigned i = 0; i < TASKS && may_interrupt; i++)
			if (i != model.now && (model.task[i].in_step ||
			    model.task[i].queued > 0))
				option[count++] = i;
		for (unsigned i = 0; i < TASKS; i++)
			if (model.task[i].buffer_count > 0)
				option[count++] = TASKS + i;
		if (count > 1 && is_met(able)) {
			model.is_cut = 1;
			setcontext(&model.main);
		}
		unsigned next = count == 0 ? NOBODY : option[choose(count)];
		if (count > 0 && next >= TASKS) {
			commit(&model.task[next - TASKS]);
			continue;
		}
		if (able && next != model.now)
			model.interrupts++;
		switch_to(next);
		return;
	}
}

/* --- atomic operations --- */

static int
is_named(const char *name, const char *end)
{
	size_t size = strlen(name), end_size = strlen(end);

	return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

static unsigned *
owner_of(const void *at)
{
	for (unsigned i = 0; i < model.place_count; i++)
		if (model.place[i].at == at)
			return &model.place[i].owner;
	model.place[model.place_count].at = at;
	model.place[model.place_count].owner = NOBODY;
	return &model.place[model.place_count++].owner;
}

static void
owner_note(const void *at)
{
	unsigned *owner = owner_of(at);

	*owner = *owner == NOBODY || *owner == model.now ? model.now : MANY;
}

/* What a mutant makes of the number of messages taken, as a producer reads
 * it. */
static uint64_t
taken_mutated(struct task *task, uint64_t value, enum order order)
{
	if (model.mutant == MUTANT_NO_SECOND_LOOK && order == order_seq_cst)
		value = task->taken_seen;
	if (model.mutant == MUTANT_SLOT_EARLY &&
	    task->put_count == value + CHANNEL_SLOTS)
		value++;
	task->taken_seen = value;
	return value;
}

static uint64_t
model_load(const void *at, size_t size, enum order order, const char *name)
{
	struct task *task = &model.task[model.now];
	uint64_t value;

	if (*owner_of(at) != model.now)
		point(1);
	value = memory_read(at, size);
	for (unsigned i = 0; i < task->buffer_count; i++)
		if (task->buffer[i].at == at)
			value = task->buffer[i].value;
	if (model.now != CONSUMER && is_named(name, "->taken"))
		value = taken_mutated(task, value, order);
	trace("load", name, value);
	return value;
}

/* The order of a store, as a mutant has it. */
static enum order
order_mutated(enum order order, const char *name)
{
	if ((model.mutant == MUTANT_WAITING_WEAK &&
	    is_named(name, "->waiting")) ||
	    (model.mutant == MUTANT_TAKEN_WEAK && is_named(name, "->taken")) ||
	    (model.mutant == MUTANT_PUT_WEAK && is_named(name, "->put")))
		return order_release;
	return order;
}

static int
may_delay(void)
{
	return model.delays < model.delays_max && (model.random != 0 ||
	    model.interrupts + model.delays < model.bound);
}

static void
model_store(void *at, size_t size, uint64_t value, enum order order,
	const char *name)
{
	struct task *task = &model.task[model.now];

	point(1);
	owner_note(at);
	order = order_mutated(order, name);
	trace(order == order_seq_cst ? "store seq_cst" : "store", name, value);
	if (order != order_seq_cst && (task->buffer_count > 0 ||
	    (may_delay() && choose(2) == 1))) {
		model.delays += task->buffer_count == 0;
		if (task->buffer_count == BUFFER_MAX)
			commit(task);
		task->buffer[task->buffer_count++] =
		    (struct store){ at, size, value };
		return;
	}
	commit_all(task);
	memory_write(at, size, value);
}

static uint64_t
model_exchange(void *at, size_t size, uint64_t value, const char *name)
{
	point(1);
	owner_note(at);
	commit_all(&model.task[model.now]);
	uint64_t old = memory_read(at, size);
	trace("exchange", name, old);
	memory_write(at, size, value);
	return old;
}

static int
model_compare_exchange(uint32_t *at, uint32_t *expected, uint32_t value,
	const char *name)
{
	point(1);
	owner_note(at);
	commit_all(&model.task[model.now]);
	trace("compare", name, *at);
	if (*at != *expected) {
		*expected = *at;
		return 0;
	}
	*at = value;
	return 1;
}

/* --- tasks --- */

static void
queue(struct task *task)
{
	if (++task->queued > 1)
		fail("a task is queued twice");
}

/* Somebody has something for the task. */
static void
notify(struct task *task)
{
	uint32_t state = ATOMIC_LOAD(&task->state, seq_cst);

	while (state == IDLE || state == RUNNING) {
		uint32_t next = state == IDLE ? QUEUED : NOTIFIED;
		if (state == RUNNING && model.mutant == MUTANT_NOTIFY_IGNORED)
			return;
		if (state == IDLE && model.mutant == MUTANT_NOTIFY_STORED)
			ATOMIC_STORE(&task->state, next, seq_cst);
		else if (!ATOMIC_COMPARE_EXCHANGE(&task->state, &state, next,
		    seq_cst))
			continue;
		if (next == QUEUED)
			queue(task);
		return;
	}
}

/* Before a put the channel is not full, so it holds at most its bound less a
 * byte and this message. */
static void
check_bytes(struct task *task, const struct message *message)
{
	uint64_t bytes = message->batch == NULL ? 0 :
	    message->batch->sel_count * ROW_BYTES + CHANNEL_BATCH_BYTES;

	task->put_bytes += bytes;
	if (task->put_bytes - task->channel->taken_bytes >=
	    model.bytes_max + bytes)
		fail("more bytes than the bound");
}

static void
produce(struct task *task)
{
	struct task *consumer = &model.task[CONSUMER];

	while (task->put_count < model.messages) {
		struct message message = { .number = task->put_count };
		if (channel_is_full(task->channel)) {
			if (channel_wait_room(task->channel))
				return;
			continue;
		}
		if (task->put_count % 3 != 2)
			message.batch = &batches[task->put_count];
		if (model.mutant == MUTANT_NOTIFY_FIRST)
			notify(consumer);
		if (channel_put(task->channel, &message) != 0)
			fail("there is room, and there is not");
		check_bytes(task, &message);
		task->put_count++;
		if (model.mutant != MUTANT_NOTIFY_FIRST)
			notify(consumer);
	}
}

/* Take one message, if there is one. */
static int
consume(struct task *producer)
{
	struct message message;
	int wake;

	if (!channel_take(producer->channel, &message, &wake))
		return 0;
	if (message.number != producer->taken_count++)
		fail("a message is lost, doubled or out of order");
	if (message.batch != NULL &&
	    message.bytes != message.batch->sel_count * ROW_BYTES)
		fail("a message has wrong bytes");
	if (wake && model.mutant != MUTANT_WAKE_DROPPED)
		notify(producer);
	return 1;
}

static void
step(struct task *task)
{
	int took = 1;

	if (task->channel != NULL) {
		produce(task);
		return;
	}
	while (took) {
		took = 0;
		for (unsigned i = 0; i < model.producers; i++)
			took |= consume(&model.task[i]);
	}
}

/* A worker that is there for one task. */
static void
task_run(void)
{
	struct task *task = &model.task[model.now];

	for (;;) {
		uint32_t state = RUNNING;
		while (task->queued == 0)
			point(0);
		task->queued--;
		task->in_step = 1;
		ATOMIC_STORE(&task->state, RUNNING, seq_cst);
		step(task);
		if (model.mutant == MUTANT_IDLE_STORED) {
			ATOMIC_STORE(&task->state, IDLE, seq_cst);
		} else if (!ATOMIC_COMPARE_EXCHANGE(&task->state, &state, IDLE,
		    seq_cst)) {
			ATOMIC_STORE(&task->state, QUEUED, seq_cst);
			queue(task);
		}
		task->in_step = 0;
	}
}

/* --- schedules --- */

static void
task_init(unsigned index)
{
	struct task *task = &model.task[index];
	char *stack = task->stack;

	memset(task, 0, sizeof(*task));
	task->stack = stack != NULL ? stack : mem_alloc(STACK_BYTES);
	getcontext(&task->context);
	task->context.uc_stack.ss_sp = task->stack;
	task->context.uc_stack.ss_size = STACK_BYTES;
	makecontext(&task->context, task_run, 0);
	if (index >= model.producers)
		return;
	task->channel = channel_new(model.bytes_max);
	task->state = QUEUED;
	task->queued = 1;
}

/* One schedule; 0, or -1 with model.fault. */
static int
schedule_run(void)
{
	model.fault = NULL;
	model.is_cut = 0;
	model.depth = model.interrupts = model.delays = 0;
	model.place_count = model.trace_count = 0;
	for (unsigned i = 0; i < TASKS; i++)
		task_init(i);
	model.now = choose(model.producers);
	swapcontext(&model.main, &model.task[model.now].context);
	for (unsigned i = 0; i < model.producers; i++) {
		if (model.fault == NULL && !model.is_cut &&
		    model.task[i].taken_count < model.messages)
			model.fault = "nobody goes on: a wake-up is lost";
		mem_free(model.task[i].channel);
	}
	return model.fault == NULL ? 0 : -1;
}

/* Make the next schedule of the depth-first search; 0 when there is none. */
static int
schedule_next(void)
{
	while (model.depth > 0 && model.choice[model.depth - 1] + 1 ==
	    model.choice_of[model.depth - 1])
		model.depth--;
	if (model.depth == 0)
		return 0;
	model.choice[model.depth - 1]++;
	model.fixed = model.depth;
	return 1;
}

/* All schedules within the bound; how many, and model.fault. */
static uint64_t
search(unsigned producers, unsigned messages, uint64_t bytes_max,
	unsigned bound)
{
	uint64_t count = 0;

	model.producers = producers;
	model.messages = messages;
	model.bytes_max = bytes_max;
	model.bound = bound;
	model.delays_max = 1;
	model.random = 0;
	model.fixed = 0;
	memset(model.met, 0, model.met_capacity * sizeof(*model.met));
	model.met_count = 0;
	do {
		count++;
		if (schedule_run() != 0)
			break;
	} while (schedule_next());
	return count;
}

static uint64_t
search_random(uint64_t runs, uint64_t seed)
{
	uint64_t count = 0;

	model.producers = PRODUCERS;
	model.messages = MESSAGES_MAX;
	model.delays_max = 4;
	model.random = seed * 2 + 1;
	model.fault = NULL;
	while (count < runs && model.fault == NULL) {
		model.bytes_max = 1 + random_next() % 40;
		count++;
		schedule_run();
	}
	return count;
}

static void
trace_print(void)
{
	for (unsigned i = 0; i < model.trace_count; i++)
		printf("  %u: %s %s: %llu\n", model.trace[i].task,
		    model.trace[i].what, model.trace[i].name,
		    (unsigned long long)model.trace[i].value);
}

/* Say how a search went; is it as it should be? */
static int
report(const char *how, uint64_t count)
{
	int is_right = (model.fault == NULL) ==
	    (model.mutant == MUTANT_NONE);

	printf("%s %s, %s: %llu schedules, %s\n", is_right ? "ok  " : "FAIL",
	    mutant_text[model.mutant], how, (unsigned long long)count,
	    model.fault == NULL ? "no fault" : model.fault);
	if (!is_right)
		trace_print();
	return is_right;
}

/* Bounded by slots, by bytes, by either; one producer lets the search be
 * deeper. */
static int
try_all(enum mutant mutant, unsigned bound)
{
	static const struct {
		unsigned producers, messages;
		uint64_t bytes_max;
		unsigned more;
	} size[] = {
		{ 1, 4, 1000, 1 }, { 1, 3, 1, 1 }, { 2, 3, 1000, 0 },
		{ 2, 2, 1, 0 }, { 2, 4, 20, 0 },
	};
	uint64_t count = 0;

	model.mutant = mutant;
	model.fault = NULL;
	for (unsigned i = 0; i < sizeof(size) / sizeof(*size) &&
	    model.fault == NULL; i++)
		count += search(size[i].producers, size[i].messages,
		    size[i].bytes_max, bound + size[i].more);
	return report("all", count);
}

static void
write_counts(int passed, int failed)
{
	const char *path = getenv("SFLOW_TEST_COUNTS");
	FILE *file = path == NULL || *path == '\0' ? NULL : fopen(path, "a");

	if (file == NULL)
		return;
	fprintf(file, "model %d %d\n", passed, failed);
	fclose(file);
}

int
main(int argc, char **argv)
{
	unsigned bound = argc > 1 ? (unsigned)atoi(argv[1]) : 2;
	uint64_t runs = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	int passed;

	met_grow();
	schema.field_count = 1;
	for (unsigned i = 0; i < MESSAGES_MAX; i++) {
		batches[i].schema = &schema;
		batches[i].column = numbers;
		batches[i].sel_count = i + 1;
	}
	passed = try_all(MUTANT_NONE, bound);
	passed += report("random", search_random(runs, seed));
	for (int i = MUTANT_NONE + 1; i < MUTANT_COUNT; i++)
		passed += try_all((enum mutant)i, bound);
	for (unsigned i = 0; i < TASKS; i++)
		mem_free(model.task[i].stack);
	mem_free(model.met);
	write_counts(passed, MUTANT_COUNT + 1 - passed);
	printf("%d passed, %d failed\n", passed, MUTANT_COUNT + 1 - passed);
	return passed == MUTANT_COUNT + 1 ? 0 : 1;
}
