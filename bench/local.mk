# bench/: part of the one Makefile.
