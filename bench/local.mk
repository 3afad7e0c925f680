# bench/: what sflow is measured with; not part of the tests.
EXTRA_DIST += bench/setup bench/requirements.txt bench/run bench/run.py \
	bench/workloads.py bench/tpch.py bench/answer.py bench/peer.py \
	bench/page bench/generate.c bench/handwritten.c bench/launch.c \
	bench/latency bench/latency.c bench/results/two-cores.json \
	bench/results/two-cores-epyc.json

# A script: not what the builtin rule would make of bench/latency.c.
bench/latency:
	@:
