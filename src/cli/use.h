#ifndef SFLOW_CLI_USE_H
#define SFLOW_CLI_USE_H

#include <stddef.h>

struct ast_program;
struct buf;
struct err;
struct region;
struct use_map;

/*
 * `use "file";`: what the file declares, in place of the declaration.  Paths
 * are relative to the file that says `use`; each file is taken once.
 */

/* Append the program in `path`, "-" being standard input. */
int use_read(const char *path, struct buf *, struct err *);
/*
 * The whole text of `program`, whose own is `name`, is appended to `out`, NUL
 * behind it; `map` (never NULL, the region's) tells where its parts come from.
 * Without a `use` nothing is appended and map is NULL.  -1 with `err`, whose
 * place use_place() finds.
 */
int use_expand(const struct ast_program *, const char *name, struct region *,
	struct buf *out, struct use_map **map, struct err *);
/* The file that err's place is in: its name and text; err's span becomes one of
 * it. */
void use_place(const struct use_map *, struct err *, const char **name,
	const char **text, size_t *size);

#endif
