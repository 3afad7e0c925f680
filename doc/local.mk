# doc/: the manual page, and what explains the language and the house.
dist_man_MANS = doc/sflow.1
dist_doc_DATA = doc/ARCHITECTURE doc/HACKING doc/language.md \
	doc/benchmarks.md doc/benchmarks-epyc.md
EXTRA_DIST += doc/benchmarks/csv.svg \
	doc/benchmarks/group.svg \
	doc/benchmarks/h2oai.svg \
	doc/benchmarks/io.svg \
	doc/benchmarks/join.svg \
	doc/benchmarks/json.svg \
	doc/benchmarks/latency.svg \
	doc/benchmarks/limits.svg \
	doc/benchmarks/log.svg \
	doc/benchmarks/sort.svg \
	doc/benchmarks/start.svg \
	doc/benchmarks/tpch.svg \
	doc/benchmarks/weather.svg \
	doc/benchmarks-epyc/csv.svg \
	doc/benchmarks-epyc/group.svg \
	doc/benchmarks-epyc/h2oai.svg \
	doc/benchmarks-epyc/io.svg \
	doc/benchmarks-epyc/join.svg \
	doc/benchmarks-epyc/json.svg \
	doc/benchmarks-epyc/latency.svg \
	doc/benchmarks-epyc/log.svg \
	doc/benchmarks-epyc/start.svg
