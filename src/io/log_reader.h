#ifndef SFLOW_IO_LOG_READER_H
#define SFLOW_IO_LOG_READER_H

#include "io/format.h"

/* The slots of the formats clf and combined. */
extern const struct option_def log_reader_options[];

struct reader *log_open(const char *format, int combined, struct input *,
	const struct reader_config *, struct err *);
struct schema *log_schema(struct reader *, struct err *);
void log_need(struct reader *, const struct need *);
int log_next(struct reader *, struct batch **out, struct err *);
void log_position(const struct reader *, struct reader_position *);
int log_seek(struct reader *, const struct reader_position *, struct err *);
void log_close(struct reader **);

#endif
