#ifndef SFLOW_IO_CSV_OPTIONS_H
#define SFLOW_IO_CSV_OPTIONS_H

#include <stdint.h>

struct csv_settings;
struct err;
struct format_option;

/*
 * Fill what the options say into `settings`, which hold the format's defaults.
 * -1 with err (ERR_PROGRAM).  `names` and `types` are held by the settings.
 */
int csv_options_read(const char *format, const struct format_option *,
	uint32_t count, struct csv_settings *settings, struct err *);
/* One byte that can separate fields; `fallback` if the option is not given. */
int csv_options_delimiter(const char *format, const struct format_option *,
	uint32_t count, char fallback, char *out, struct err *);

/* Limits that the help names. */
#define CSV_FIELD_MAX (1u << 20)
#define CSV_RECORD_MAX (64u << 20)
/* Positions are 32 bits wide. */
#define CSV_RECORD_MAX_MAX (1u << 30)

#endif
