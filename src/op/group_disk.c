/*
 * States on disk: a file of state/spill.h behind the interface that func/ has
 * for it.
 */
#include "op/group_disk.h"

#include "state/spill.h"
#include "util/mem.h"

struct group_disk {
	struct agg_disk disk;	/* first: it is what others know */
	struct op_run *run;
	struct spill_file *file;
};

struct disk_reader {
	struct op_run *run;
	struct spill_reader *reader;
};

static struct group_disk *
disk_of(struct agg_disk *disk)
{
	return (struct group_disk *)(void *)disk;
}

static int
disk_write(struct agg_disk *agg_disk, const void *bytes, size_t size,
	struct err *err)
{
	struct group_disk *disk = disk_of(agg_disk);

	if (disk->file == NULL) {
		disk->file = op_spill_new(disk->run, err);
		if (disk->file == NULL)
			return -1;
		mem_charge_always(&disk->run->budget, SPILL_FILE_BYTES);
	}
	return spill_write(disk->file, bytes, size, err);
}

static int
disk_cut(struct agg_disk *agg_disk, uint64_t *place, struct err *err)
{
	struct group_disk *disk = disk_of(agg_disk);

	return disk->file == NULL ? 0 : spill_cut(disk->file, place, err);
}

static void *
disk_open(struct agg_disk *agg_disk, struct agg_disk *own, uint64_t from,
	uint64_t to)
{
	struct disk_reader *reader = mem_alloc(sizeof(*reader));

	reader->run = disk_of(own)->run;
	mem_charge_always(&reader->run->budget, SPILL_READER_BYTES);
	reader->reader = spill_reader_new(disk_of(agg_disk)->file, from, to);
	return reader;
}

static long
disk_read(void *cookie, void *bytes, size_t size, struct err *err)
{
	struct disk_reader *reader = cookie;

	return spill_read(reader->reader, bytes, size, err);
}

static void
disk_close(void *take_reader)
{
	struct disk_reader *reader = take_reader;

	spill_reader_free(&reader->reader);
	mem_release(&reader->run->budget, SPILL_READER_BYTES);
	mem_free(reader);
}

struct agg_disk *
group_disk_new(struct op_run *run)
{
	struct group_disk *disk = mem_alloc_zero(sizeof(*disk));

	disk->disk = (struct agg_disk){
		.write = disk_write, .cut = disk_cut,
		.open = disk_open, .read = disk_read, .close = disk_close,
	};
	disk->run = run;
	return &disk->disk;
}

void
group_disk_free(struct agg_disk **take_disk)
{
	struct group_disk *disk = *take_disk == NULL ? NULL :
	    disk_of(*take_disk);

	if (disk == NULL)
		return;
	if (disk->file != NULL)
		mem_release(&disk->run->budget, SPILL_FILE_BYTES);
	spill_file_free(&disk->file);
	mem_free(disk);
	*take_disk = NULL;
}
