/*
 * CMD(name, arguments, summary): one row per sub-command, in the order of the
 * help.  cmd_NAME.c holds cmd_NAME().
 */
CMD(run, "PROGRAM [FILE...]", "run a program (the word may be left out)")
CMD(check, "PROGRAM [FILE...]", "say what is wrong with a program, run nothing")
CMD(explain, "PROGRAM [FILE...]", "print the program in canonical form and its "
	"plan; with --run also what running it took")
CMD(worker, "", "run a part of a job for a process elsewhere, which speaks "
	"to it over its input and output")
CMD(fmt, "[PROGRAM]", "print a program or a file (-f) well laid out")
CMD(help, "[TOPIC]", "stages, functions, aggregates, formats, streams, "
	"windows, options, or the name of one")
CMD(complete, "[KIND]", "names for completion scripts: one a line")
