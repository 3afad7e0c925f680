#ifndef SFLOW_CLI_HELP_H
#define SFLOW_CLI_HELP_H

struct buf;

/* The short text of --help. */
void help_usage(struct buf *);
/*
 * A topic: "stages", "functions", "aggregates", "formats", "options",
 * "commands", or the name of a member of one.  0, or -1 if there is no such
 * topic; *near is then the nearest name or NULL.
 */
int help_topic(const char *topic, struct buf *, const char **near);
/* Every name of a kind ("stages", ..., "options"), one a line; of all kinds but
 * options for NULL.  -1: no such kind. */
int help_names(const char *kind, struct buf *);

#endif
