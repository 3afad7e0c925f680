# doc/: part of the one Makefile.

EXTRA_DIST += doc/language.md
