/*
 * The streams: one row each, STREAM(name); stream_NAME.c holds
 * `const struct stream_def stream_NAME`.  Included with STREAM defined; no
 * guard on purpose.  The order is that of the help.
 */
STREAM(tail)
STREAM(tcp)
