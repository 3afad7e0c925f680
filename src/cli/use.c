/*
 * A program made of several files.
 *
 * Every `use "tables.sflow";` of the program's text is replaced by the text of
 * that file, which in turn may use others; what comes out is one program, which
 * is parsed, checked and sent to other hosts as if it had been written so.  The
 * parts remember their file, so an error is shown where it was written.
 *
 * A file is read and parsed alone first, so that it stands for itself: it has
 * declarations only, and whoever uses it finds it whole.
 */
#include "cli/use.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lang/parse.h"
#include "util/buf.h"
#include "util/env.h"
#include "util/err.h"
#include "util/mem.h"

/* A program file larger than this is a mistake. */
#define PROGRAM_BYTES_MAX (16u << 20)
#define FILES_MAX 256

struct use_file {
	const char *name;
	const char *text;
	uint32_t size;
};

/* text[at, at + size) of the whole is the file's from `file_at` on. */
struct use_part {
	uint32_t at, size;
	uint32_t file, file_at;
};

struct use_map {
	struct region *region;
	struct use_file file[FILES_MAX];	/* the program's own first */
	uint32_t file_count;
	struct use_part *part;
	uint32_t part_count;
	int is_whole;		/* else an error lies in the file `current` */
	uint32_t current;
};

static int
read_all(int fd, const char *path, struct buf *out, struct err *err)
{
	for (;;) {
		ssize_t got = env->read(fd, buf_reserve(out, 65536), 65536);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set_errno(err, ERR_IO, errno,
			    "cannot read %s", path);
		if (got == 0)
			return 0;
		out->size += (size_t)got;
		if (out->size > PROGRAM_BYTES_MAX)
			return err_set(err, ERR_USAGE,
			    "%s is too long for a program", path);
	}
}

int
use_read(const char *path, struct buf *out, struct err *err)
{
	int is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : env->open(path, O_RDONLY, 0);

	if (fd < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot open %s",
		    path);
	int status = read_all(fd, is_stdin ? "stdin" : path, out, err);
	if (!is_stdin)
		env->close(fd);
	return status;
}

/* Append a part of a file to the whole. */
static void
add_part(struct use_map *map, uint32_t file, uint32_t from, uint32_t to,
	struct buf *out)
{
	if (to <= from)
		return;
	map->part = mem_resize(map->part,
	    (map->part_count + 1) * sizeof(*map->part));
	map->part[map->part_count++] = (struct use_part){
		.at = (uint32_t)out->size, .size = to - from,
		.file = file, .file_at = from,
	};
	buf_add(out, map->file[file].text + from, to - from);
}

/* The path in a `use` of the file `from`. */
static const char *
path_beside(struct use_map *map, const char *from, struct ast_text path)
{
	const char *slash = strrchr(from, '/');
	size_t folder = path.size > 0 && path.bytes[0] != '/' &&
	    slash != NULL ? (size_t)(slash - from) + 1 : 0;
	char *out = region_alloc(map->region, folder + path.size + 1);

	memcpy(out, from, folder);
	memcpy(out + folder, path.bytes, path.size);
	out[folder + path.size] = '\0';
	return out;
}

/* A new file of the map, read; -1 with err. */
static int
map_add_file(struct use_map *map, const char *name, struct err *err)
{
	struct use_file *file = &map->file[map->file_count];
	struct buf text = { 0 };

	if (map->file_count == FILES_MAX)
		return err_set(err, ERR_PROGRAM,
		    "a program can use %d files", FILES_MAX - 1);
	int status = use_read(name, &text, err);
	if (status == 0) {
		file->name = name;
		file->size = (uint32_t)text.size;
		file->text = region_copy(map->region, buf_string(&text),
		    text.size + 1);
		map->file_count++;
	}
	buf_fini(&text);
	return status;
}

static int
has_file(const struct use_map *map, const char *name)
{
	for (uint32_t i = 0; i < map->file_count; i++)
		if (strcmp(map->file[i].name, name) == 0)
			return 1;
	return 0;
}

static int add_file(struct use_map *, uint32_t file,
	const struct ast_program *, struct buf *out, struct err *);

/* What stands for `use`. */
static int
add_used(struct use_map *map, uint32_t from, const struct ast_decl *use,
	struct buf *out, struct err *err)
{
	const char *name = path_beside(map, map->file[from].name, use->name);
	uint32_t file = map->file_count;

	if (has_file(map, name))
		return 0;
	map->current = from;
	if (map_add_file(map, name, err) != 0) {
		err->has_span = 1;
		err->span_offset = use->name_span.offset;
		err->span_bytes = use->name_span.bytes;
		return -1;
	}
	map->current = file;
	const struct ast_program *program = parse_program(name,
	    map->file[file].text, map->file[file].size,
	    PARSE_FILE | PARSE_DECLARATIONS, map->region, err);
	if (program == NULL || add_file(map, file, program, out, err) != 0)
		return -1;
	/* Its last line may be a comment without an end. */
	buf_add_char(out, '\n');
	return 0;
}

/* The text of a file, with that of the files it uses in their places. */
static int
add_file(struct use_map *map, uint32_t file, const struct ast_program *program,
	struct buf *out, struct err *err)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < program->decl_count; i++) {
		const struct ast_decl *decl = &program->decl[i];
		if (decl->kind != AST_USE)
			continue;
		add_part(map, file, at, decl->span.offset, out);
		if (add_used(map, file, decl, out, err) != 0)
			return -1;
		at = decl->span.offset + decl->span.bytes;
	}
	add_part(map, file, at, map->file[file].size, out);
	return 0;
}

static int
has_use(const struct ast_program *program)
{
	for (uint32_t i = 0; i < program->decl_count; i++)
		if (program->decl[i].kind == AST_USE)
			return 1;
	return 0;
}

int
use_expand(const struct ast_program *program, const char *name,
	struct region *region, struct buf *out, struct use_map **result,
	struct err *err)
{
	*result = NULL;
	if (!has_use(program))
		return 0;
	struct use_map *map = region_alloc_zero(region, sizeof(*map));
	map->region = region;
	map->file_count = 1;
	map->file[0] = (struct use_file){
		.name = name, .size = program->source_bytes,
		.text = region_copy(region, program->source,
		    program->source_bytes + 1),
	};
	*result = map;
	int status = add_file(map, 0, program, out, err);
	buf_string(out);
	struct use_part *part = map->part;
	if (map->part_count > 0)
		map->part = region_copy(region, part,
		    map->part_count * sizeof(*part));
	mem_free(part);
	map->is_whole = status == 0;
	return status;
}

void
use_place(const struct use_map *map, struct err *err, const char **name,
	const char **text, size_t *size)
{
	const struct use_file *file = &map->file[map->current];
	uint32_t offset = err->span_offset;

	for (uint32_t i = 0; map->is_whole && i < map->part_count; i++) {
		const struct use_part *part = &map->part[i];
		uint32_t within = offset - part->at;
		if (offset < part->at)
			break;
		file = &map->file[part->file];
		err->span_offset = part->file_at +
		    (within < part->size ? within : part->size);
	}
	*name = file->name;
	*text = file->text;
	*size = file->size;
}
