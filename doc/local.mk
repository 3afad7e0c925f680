# doc/: the manual page, and what explains the language and the house.
dist_man_MANS = doc/sflow.1
dist_doc_DATA = doc/ARCHITECTURE doc/HACKING doc/language.md \
	doc/benchmarks.md
EXTRA_DIST += doc/benchmarks/csv.svg doc/benchmarks/group.svg \
	doc/benchmarks/json.svg doc/benchmarks/log.svg \
	doc/benchmarks/weather.svg
