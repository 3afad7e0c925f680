/*
 * OPTION(symbol, short letter or 0, long name, argument or NULL, help): one row
 * per command-line option, in the order of the help.
 */
OPTION(FILE, 'f', "file", "FILE",
	"read the program from FILE ('-' is standard input)")
OPTION(ARG, 0, "arg", "NAME=VALUE",
	"set $NAME in the program; may be given more than once")
OPTION(INPUT, 'i', "input", "FORMAT",
	"format of the files and of standard input")
OPTION(OUTPUT, 'o', "output", "FORMAT",
	"format of standard output; as the input's if not given")
OPTION(BAD, 0, "bad", "stop|skip|FILE",
	"bad records: stop at the first (default), skip and count, or write "
	"them to FILE with place and reason")
OPTION(MEMORY, 0, "memory", "SIZE",
	"limit of memory, like 512MiB")
OPTION(STATS, 0, "stats", NULL,
	"print rows and memory of every operator to standard error")
OPTION(HELP, 'h', "help", NULL, "print this and exit")
OPTION(VERSION, 'V', "version", NULL, "print the version and exit")
