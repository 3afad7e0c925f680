# examples/: part of the one Makefile.
