# What is drawn from `seed` alone, with any awk.  The $RANDOM of a shell is
# another one in each of its sub-shells.

function draw(most) {
	state = state * 16807 % 2147483647
	return int(state / 2147483647 * most)
}

# One of some things, which | separates.
function pick(things, all, count) {
	count = split(things, all, "|")
	return all[1 + draw(count)]
}

BEGIN {
	state = seed * 7919 + 1
	for (i = 0; i < 10; i++)
		draw(2)
}
