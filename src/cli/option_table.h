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
	"limit of memory, like 512MiB; three quarters of the machine's, or of "
	"what its control group or 'ulimit -v' leaves, if not given")
OPTION(TMP, 0, "tmp", "DIR",
	"folder for what has no room in memory; $TMPDIR, /var/tmp or /tmp if "
	"not given")
OPTION(DISK, 0, "disk", "SIZE",
	"limit of what may lie there at a time, like 100GiB; none if not "
	"given")
OPTION(WORKERS, 'j', "workers", "N",
	"use N threads, or as many as --memory has room for (8 MiB each); as "
	"many as there are processors if not given")
OPTION(HOSTS, 0, "hosts", "HOST,...",
	"keep windows and groups on these hosts, which are reached by ssh")
OPTION(LAUNCH, 0, "launch", "COMMAND",
	"how to reach `sflow worker` on {host}, as 'docker exec -i {host} "
	"sflow worker'; by ssh if not given")
OPTION(CHECKPOINT, 0, "checkpoint", "DIR",
	"keep what is needed to go on in DIR: started again, the same command "
	"resumes there and nothing is lost or doubled")
OPTION(EVERY, 0, "every", "DURATION",
	"time between two checkpoints, 10s if not given")
OPTION(WITHOUT, 0, "without", "RULE,...",
	"plan without these rules (all: without any); what comes out is the "
	"same, only later")
OPTION(SIM_SEED, 0, "sim-seed", "N",
	"run in simulated time, every choice drawn from the seed N")
OPTION(STATS, 0, "stats", NULL,
	"print figures of every operator and task to standard error, at the "
	"end and on SIGUSR1")
OPTION(RUN, 0, "run", NULL,
	"explain: run the job, throw away what it writes, and print what was "
	"measured")
OPTION(HELP, 'h', "help", NULL, "print this and exit")
OPTION(VERSION, 'V', "version", NULL, "print the version and exit")
