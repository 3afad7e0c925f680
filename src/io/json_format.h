#ifndef SFLOW_IO_JSON_FORMAT_H
#define SFLOW_IO_JSON_FORMAT_H

#include <stdint.h>

struct batch;
struct err;
struct input;
struct json_settings;
struct need;
struct output;
struct reader;
struct reader_config;
struct reader_position;
struct schema;
struct writer;

/* The slots that json and jsonl share. */
struct reader *json_format_open(struct input *, const struct json_settings *,
	const struct reader_config *);
struct schema *json_format_schema(struct reader *, struct err *);
void json_format_need(struct reader *, const struct need *);
int json_format_next(struct reader *, struct batch **, struct err *);
void json_format_position(const struct reader *, struct reader_position *);
int json_format_seek(struct reader *, const struct reader_position *,
	struct err *);
struct schema *json_format_met(struct reader *);
void json_format_meet(struct reader *, struct schema *);
void json_format_close(struct reader **);

/* One object a line, or the elements of one array. */
struct writer *json_writer_open(struct output *, int as_array);
int json_writer_write(struct writer *, struct batch *, struct err *);
int json_writer_flush(struct writer *, struct err *);
int json_writer_end(struct writer *, const struct schema *, struct err *);
void json_writer_close(struct writer **);

#endif
