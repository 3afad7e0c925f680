/*
 * Does a record have a shape?  A template, included once per instruction set:
 *
 *	MATCH_NAME	the function to make
 *	MATCH_TARGET	its target attribute
 *	MATCH_LEAD	compares a lead
 *
 * Returns 1 only for records that json_check() would let through as well; see
 * the head of json_shape.c.
 */
static MATCH_TARGET int
MATCH_NAME(const struct json_shape *shape, const struct json_index *index,
	uint32_t first)
{
	const char *base = index->base;
	const uint32_t *place = index->place + first;
	const struct shape_segment *segment = shape->segment;
	uint32_t segments = shape->mark_count - 1;
	uint32_t strings = shape->key_count;

	if (index->count - first < shape->mark_count ||
	    index->mark[first + segments] != '}')
		return 0;
	for (uint32_t i = 0; i < segments; i++, segment++) {
		const char *at = base + place[i];
		const char *end = base + place[i + 1];
		if (!MATCH_LEAD(at, segment, shape))
			return 0;
		at += segment->lead_size;
		if (segment->part == JSON_NOTHING) {
			if (at != end && !only_blanks(at, end))
				return 0;
		} else if (*at == '"') {
			strings++;
			if (end[-1] != '"' && !ends_with_quote(at, end))
				return 0;
		} else if (!is_primitive(at, end)) {
			return 0;
		}
	}
	return MATCH_QUOTES(index, place[segments]) -
	    MATCH_QUOTES(index, place[0]) == 2 * strings;
}

#undef MATCH_NAME
#undef MATCH_TARGET
#undef MATCH_LEAD
