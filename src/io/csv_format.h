#ifndef SFLOW_IO_CSV_FORMAT_H
#define SFLOW_IO_CSV_FORMAT_H

#include <stdint.h>

struct batch;
struct csv_settings;
struct err;
struct format_option;
struct input;
struct need;
struct output;
struct reader;
struct reader_config;
struct reader_position;
struct schema;
struct writer;

/*
 * The slots of format_def for formats of separated fields.  Opening differs;
 * the rest is the same for all of them.
 */
struct reader *csv_format_open(struct input *, const struct csv_settings *,
	const struct reader_config *);
struct schema *csv_format_schema(struct reader *, struct err *);
void csv_format_need(struct reader *, const struct need *);
int csv_format_next(struct reader *, struct batch **out, struct err *);
void csv_format_position(const struct reader *, struct reader_position *);
int csv_format_seek(struct reader *, const struct reader_position *,
	struct err *);
void csv_format_close(struct reader **);

/* How fields are written. */
enum csv_quoting {
	CSV_QUOTES,		/* "a ""b""" where it must be */
	CSV_ESCAPES,		/* \t \n \r \\ */
};

struct writer *csv_writer_open(struct output *, enum csv_quoting,
	char delimiter, int header, int crlf);
int csv_writer_write(struct writer *, struct batch *, struct err *);
int csv_writer_flush(struct writer *, struct err *);
int csv_writer_end(struct writer *, const struct schema *, struct err *);
void csv_writer_close(struct writer **);

#endif
