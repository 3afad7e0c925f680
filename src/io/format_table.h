/*
 * The formats: one row each, FORMAT(name); fmt_NAME.c holds
 * `const struct format_def format_NAME`.  Included with FORMAT defined; no
 * guard on purpose.  The order is that of the help.
 */
FORMAT(csv)
FORMAT(tsv)
FORMAT(jsonl)
FORMAT(json)
FORMAT(lines)
FORMAT(clf)
FORMAT(combined)
FORMAT(table)
FORMAT(vertical)
