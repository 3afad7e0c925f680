# doc/: the manual page, and what explains the language and the house.
dist_man_MANS = doc/sflow.1
dist_doc_DATA = doc/ARCHITECTURE doc/HACKING doc/language.md \
	doc/benchmarks.md
EXTRA_DIST += doc/benchmarks/csv.svg \
	doc/benchmarks/group.svg \
	doc/benchmarks/h2oai.svg \
	doc/benchmarks/io.svg \
	doc/benchmarks/join.svg \
	doc/benchmarks/json.svg \
	doc/benchmarks/latency.svg \
	doc/benchmarks/log.svg \
	doc/benchmarks/sort.svg \
	doc/benchmarks/start.svg \
	doc/benchmarks/tpch.svg \
	doc/benchmarks/weather.svg
