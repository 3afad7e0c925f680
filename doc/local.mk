# doc/: part of the one Makefile.
