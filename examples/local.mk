# examples/: shown by the README.
EXTRA_DIST += \
	examples/checkpoint \
	examples/demo \
	examples/live \
	examples/tpch \
	examples/data/auth.log \
	examples/data/films.json \
	examples/data/strikes.csv
