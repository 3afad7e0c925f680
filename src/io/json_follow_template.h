/*
 * Records of known shapes, as a template; json_follow.c includes it once per
 * instruction set.
 *
 *	FOLLOW_NAME(noun)	the functions to make, and those to call:
 *				string_stop, shape_lead
 *	FOLLOW_TARGET		their target attribute
 */

/* Is a record of the shape at *stop?  Then *stop is behind it. */
static inline FOLLOW_TARGET __attribute__((always_inline)) enum followed_record
FOLLOW_NAME(record)(const struct json_shape *shape, uint32_t *restrict place,
	struct json_follow *follow, uint32_t *stop)
{
	const char *base = follow->base;
	const char *end = base + follow->end;
	const char *at = base + *stop;
	const struct shape_segment *segment = shape->segment;
	uint32_t segments = shape->mark_count - 1;

	for (unsigned i = 0; i < AHEAD_BYTES; i += 64)
		__builtin_prefetch(at + AHEAD_FROM + i);
	for (uint32_t i = 0; i < segments; i++, segment++) {
		if (__builtin_expect(!FOLLOW_NAME(shape_lead)(at, segment,
		    shape), 0)) {
			at = skip_blanks(at);
			if (!FOLLOW_NAME(shape_lead)(at, segment, shape))
				return judge_lead(at, end, segment, shape);
		}
		place[i] = (uint32_t)(at - base);
		at += segment->lead_size;
		if (segment->part == JSON_NOTHING)
			continue;
		enum followed_record got = RECORD_TAKEN;
		if (*at == '"') {
			const char *behind = FOLLOW_NAME(string_stop)(at + 1);
			if (__builtin_expect(*behind != '"', 0))
				got = check_string(follow, &at, end);
			else
				at = behind + 1;
		} else {
			const char *behind = shape_primitive_end(at);
			if (__builtin_expect(behind == NULL, 0))
				got = check_primitive(&at);
			else
				at = behind;
		}
		if (__builtin_expect(got != RECORD_TAKEN, 0))
			return got;
	}
	at = skip_blanks(at);
	if (*at != '}')
		return at == end ? RECORD_CUT : RECORD_OTHER;
	place[segments] = (uint32_t)(at - base);
	*stop = (uint32_t)(at + 1 - base);
	return RECORD_TAKEN;
}

/* Try the other shapes that were right not long ago. */
static FOLLOW_TARGET __attribute__((noinline)) enum followed_record
FOLLOW_NAME(others)(struct json_shapes *shapes, struct json_shape **shape,
	struct json_follow *follow, uint32_t *stop)
{
	struct json_shape *failed = *shape;

	for (uint32_t i = 0; i < SHAPES_RECENT; i++) {
		*shape = shapes->recent[i];
		if (*shape == NULL)
			break;
		if (*shape == failed)
			continue;
		enum followed_record got = FOLLOW_NAME(record)(*shape,
		    shapes->place, follow, stop);
		if (got != RECORD_OTHER)
			return got;
	}
	return RECORD_OTHER;
}

static FOLLOW_TARGET enum json_followed
FOLLOW_NAME(follow)(struct json_shapes *shapes, struct json_follow *follow,
	struct json_rows *rows)
{
	const char *base = follow->base;

	while (rows->count < rows->limit) {
		while (shape_is_blank(base[follow->at]))
			follow->line_count += base[follow->at++] == '\n';
		struct json_shape *shape = shapes->last->follower;
		uint32_t stop = follow->at;
		enum followed_record got = FOLLOW_NAME(record)(shape,
		    shapes->place, follow, &stop);
		if (__builtin_expect(got == RECORD_OTHER, 0))
			got = FOLLOW_NAME(others)(shapes, &shape, follow,
			    &stop);
		if (__builtin_expect(got != RECORD_TAKEN, 0))
			return got == RECORD_CUT ? JSON_CUT : JSON_OTHER;
		if (__builtin_expect(stop - follow->at > shapes->record_max,
		    0))
			return JSON_OTHER;
		shapes_note(shapes, shape);
		shape_take_values(shape, base, shapes->place, rows);
		json_rows_end(rows, follow->at, stop);
		follow->line_count += shape->line_count;
		follow->at = stop;
	}
	return JSON_FOLLOWED;
}

#undef FOLLOW_NAME
#undef FOLLOW_TARGET
