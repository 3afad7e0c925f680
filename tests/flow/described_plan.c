#include "described.h"

#include <assert.h>

#include "io/bad.h"
#include "lang/parse.h"
#include "plan/plan.h"
#include "util/buf.h"
#include "util/err.h"
#include "util/mem.h"

#define SOURCES_MAX 64

static struct check_description description[SOURCES_MAX];
static uint32_t description_count;

/* The plan; NULL when the case is about a mistake. */
static struct plan *
bind(const char *text, size_t size, const struct check_config *config,
	struct err *err)
{
	struct region *region = region_new();
	struct ast_program *program = parse_program("program", text,
	    size, 0, region, err);
	struct flow *flow = program == NULL ? NULL :
	    flow_check(program, config, err);

	region_drop(&region);
	struct plan_config alone = { .workers = 1 };
	return flow == NULL ? NULL : plan_new(flow, &alone);
}

/* What each source of the plan tells of itself, by its number. */
static void
describe(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->flow->source_count; i++) {
		const struct source *source = plan->flow->source[i]->source;
		uint32_t number = plan->flow->source[i]->number;
		struct buf buf = { 0 };
		assert(number < SOURCES_MAX);
		source_describe(source, &buf);
		description[number] = (struct check_description){
			buf.bytes, buf.size };
		if (description_count <= number)
			description_count = number + 1;
	}
}

const char *
plan_seen(const char *program, size_t size, const char *const *file,
	unsigned file_count)
{
	struct err err = ERR_INIT;
	struct check_config config = {
		.file = file, .file_count = file_count,
		.bad = bad_new(BAD_SKIP, NULL, &err),
	};
	static struct buf text;
	struct plan *plan = bind(program, size, &config, &err);

	if (plan == NULL)
		return NULL;
	plan_explain(plan, &text);
	describe(plan);
	return buf_string(&text);
}

const char *
plan_described(const char *program, size_t size, const char *const *file,
	unsigned file_count)
{
	static struct err err = ERR_INIT;
	struct check_config config = {
		.file = file, .file_count = file_count,
		.description = description,
		.description_count = description_count,
		.bad = bad_new(BAD_SKIP, NULL, &err),
	};
	static struct buf text;
	struct plan *plan = bind(program, size, &config, &err);

	if (plan == NULL)
		return err.message;
	plan_explain(plan, &text);
	return buf_string(&text);
}
