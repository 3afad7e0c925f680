#ifndef SFLOW_IO_JSON_READER_H
#define SFLOW_IO_JSON_READER_H

#include <stdint.h>

struct batch;
struct err;
struct format_option;
struct input;
struct need;
struct reader_config;
struct reader_position;
struct schema;

/*
 * Reads JSON documents: what json and jsonl have in common.
 */
struct json_reader;

struct json_settings {
	int by_lines;		/* a bad record ends with its first line */
	int streams;		/* a top-level array is a stream of records */
	int single;		/* one document is all there may be */
	uint32_t record_max;	/* bytes */
	/* Declared types by name; NULL: none.  Held by the reader. */
	struct schema *types;
};

#define JSON_RECORD_MAX (64u << 20)
/* Positions are 32 bits wide. */
#define JSON_RECORD_MAX_MAX (1u << 30)

/* Fill what the options say into `settings`; -1 with err (ERR_PROGRAM). */
int json_settings_read(struct json_settings *, const char *format,
	const struct format_option *, uint32_t count, struct err *);

/* Borrows the input; copies the settings. */
struct json_reader *json_reader_new(struct input *,
	const struct json_settings *, const struct reader_config *);
struct schema *json_reader_schema(struct json_reader *);
void json_reader_need(struct json_reader *, const struct need *);
int json_reader_next(struct json_reader *, struct batch **out, struct err *);
/* Between two calls of next. */
void json_reader_position(struct json_reader *, struct reader_position *);
int json_reader_seek(struct json_reader *, const struct reader_position *,
	struct err *);
/* format_def.met, format_def.meet. */
struct schema *json_reader_met(struct json_reader *);
void json_reader_meet(struct json_reader *, struct schema *);
void json_reader_free(struct json_reader **);

#endif
