# tests/: part of the one Makefile.
