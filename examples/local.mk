# examples/: shown by the README.
EXTRA_DIST += \
	examples/demo \
	examples/data/auth.log \
	examples/data/films.json \
	examples/data/strikes.csv
