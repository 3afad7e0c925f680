/*
 * The state of an instance: frozen at a barrier, turned into entries, and taken
 * back.  An entry begins with the number of the operator or source it is of; it
 * keeps the key group it was put under.
 */
#include <string.h>

#include "exec/subtask_priv.h"
#include "state/save.h"
#include "util/err.h"
#include "util/mem.h"

/* Marks an entry as a source's; the rest of the number is its index. */
#define PART_SOURCE 0x80000000u

struct frozen {
	void **image;		/* like plan->op; NULL: no state */
	struct save **source;	/* like plan->source */
};

void
subtask_thaw(struct subtask *it, struct frozen **take_frozen)
{
	struct frozen *frozen = *take_frozen;

	*take_frozen = NULL;
	if (frozen == NULL)
		return;
	for (uint32_t i = 0; i < it->plan->op_count; i++)
		if (frozen->image[i] != NULL)
			it->op[i].op->def->thaw(&it->op[i], frozen->image[i]);
	for (uint32_t i = 0; i < it->plan->source_count; i++)
		save_free(&frozen->source[i]);
	mem_free(frozen->image);
	mem_free(frozen->source);
	mem_free(frozen);
}

struct frozen *
subtask_freeze(struct subtask *it, struct err *err)
{
	struct frozen *frozen = mem_alloc_zero(sizeof(*frozen));

	frozen->image = mem_alloc_zero((it->plan->op_count + 1) *
	    sizeof(*frozen->image));
	frozen->source = mem_alloc_zero((it->plan->source_count + 1) *
	    sizeof(*frozen->source));
	for (uint32_t i = 0; i < it->plan->source_count; i++) {
		const struct source_in *in = &it->source[i];
		frozen->source[i] = save_new();
		if (in->has_ahead)
			save_put_all(frozen->source[i], in->ahead_save, "",
			    0);
		else
			source_run_save(in->run, frozen->source[i]);
	}
	for (uint32_t i = 0; i < it->plan->op_count; i++) {
		struct op_run *run = &it->op[i];
		if (run->op->def->freeze == NULL)
			continue;
		if (run->op->def->freeze(run, &frozen->image[i], err) != 0) {
			subtask_thaw(it, &frozen);
			return NULL;
		}
	}
	return frozen;
}

int
subtask_save(struct subtask *it, struct frozen *frozen, struct save *save,
	struct err *err)
{
	int status = 0;

	for (uint32_t i = 0; i < it->plan->source_count; i++) {
		uint32_t part = PART_SOURCE | it->source[i].index;
		save_put_all(save, frozen->source[i], &part, sizeof(part));
	}
	for (uint32_t i = 0; i < it->plan->op_count && status == 0; i++) {
		struct op_run *run = &it->op[i];
		if (frozen->image[i] == NULL)
			continue;
		struct save *part = save_new();
		status = run->op->def->save(run, frozen->image[i], part, err);
		if (status == 0)
			save_put_all(save, part, &run->op->id,
			    sizeof(run->op->id));
		save_free(&part);
	}
	return status;
}

int
subtask_load(struct subtask *it, const char *bytes, size_t size,
	uint32_t key_group, struct err *err)
{
	uint32_t part;

	if (size < sizeof(part))
		return err_set(err, ERR_IO, "an entry of the checkpoint is too "
		    "short");
	memcpy(&part, bytes, sizeof(part));
	bytes += sizeof(part);
	size -= sizeof(part);
	if (part & PART_SOURCE) {
		for (uint32_t i = 0; i < it->plan->source_count; i++)
			if (it->source[i].index == (part & ~PART_SOURCE))
				return source_run_load(it->source[i].run,
				    bytes, size, err);
		return 0;
	}
	if (part >= it->copy->flow->op_count)
		return err_set(err, ERR_IO, "the checkpoint has an operator "
		    "that the program has not");
	struct op_run *run = it->by_id[part];
	if (run == NULL || run->op->def->load == NULL ||
	    (key_group != SAVE_SHARED && (key_group < run->group_first ||
	    key_group >= run->group_end)))
		return 0;
	return run->op->def->load(run, key_group, bytes, size, err);
}
