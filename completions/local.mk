# completions/: part of the one Makefile.
