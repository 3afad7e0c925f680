/*
 * Parts of a URL, by position, as RFC 3986 cuts them:
 *
 *	https://user@host:8080/path/to?key=value&x=1#fragment
 *
 * A text without a scheme is what logs hold: a path with a query.  A part that
 * is not there is null.
 */
#include "func/kernel.h"

#include "func/percent.h"

FUNC_TYPE(text_of_texts, TYPE_TEXT, "t")
FUNC_TYPE(int_of_text, TYPE_INT, "t")

struct span {
	const char *bytes;	/* NULL: not there */
	size_t size;
};

struct url {
	struct span scheme, host, port, path, query;
};

static int
is_scheme_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

/* user@host:port or [::1]:port */
static void
authority_cut(struct url *url, const char *at, const char *end)
{
	const char *user = memrchr(at, '@', (size_t)(end - at));
	const char *close = NULL;

	if (user != NULL)
		at = user + 1;
	if (at < end && *at == '[')
		close = memchr(at, ']', (size_t)(end - at));
	const char *rest = close == NULL ? at : close;
	const char *colon = memchr(rest, ':', (size_t)(end - rest));
	const char *host_end = colon == NULL ? end : colon;
	if (close != NULL) {
		at++;
		host_end = close;
	}
	if (host_end > at)
		url->host = (struct span){ at, (size_t)(host_end - at) };
	if (colon != NULL && colon + 1 < end)
		url->port = (struct span){ colon + 1,
		    (size_t)(end - colon - 1) };
}

/* Where one of the bytes a, b, c first lies in [at, end), or `end`. */
static inline const char *
first_of(const char *at, const char *end, char a, char b, char c)
{
	while (at < end && *at != a && *at != b && *at != c)
		at++;
	return at;
}

static void
url_cut(struct url *url, const char *at, size_t size)
{
	const char *end = at + size;
	const char *stop = at;

	*url = (struct url){ 0 };
	while (stop < end && is_scheme_byte(*stop))
		stop++;
	if (stop > at && end - stop >= 3 && memcmp(stop, "://", 3) == 0) {
		url->scheme = (struct span){ at, (size_t)(stop - at) };
		at = stop + 1;
	}
	if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
		stop = first_of(at + 2, end, '/', '?', '#');
		authority_cut(url, at + 2, stop);
		at = stop;
	}
	stop = first_of(at, end, '?', '#', '#');
	if (stop > at)
		url->path = (struct span){ at, (size_t)(stop - at) };
	if (stop < end && *stop == '?') {
		at = stop + 1;
		stop = first_of(at, end, '#', '#', '#');
		url->query = (struct span){ at, (size_t)(stop - at) };
	}
}

/* Each row is a part of the URL: the span at this offset of struct url. */
static int
part_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, size_t offset, struct column *out)
{
	struct column in[1];
	struct writer writer;
	struct url url;

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		url_cut(&url, text_bytes(&text), text.size);
		const struct span *span =
		    (const struct span *)((const char *)&url + offset);
		if (span->bytes == NULL)
			kernel_null(call, i, count, out);
		writer_view(&writer, i, span->bytes, span->size);
	}
	return 0;
}

/* The kernel url_part_eval: each row is that part of the URL. */
#define URL_EVAL(part) \
static int \
url_##part##_eval(struct func_call *call, const struct column *arg, \
	unsigned arg_count, uint32_t count, struct column *out) \
{ \
	return part_eval(call, arg, arg_count, count, \
	    offsetof(struct url, part), out); \
}

/* What the definitions have in common. */
#define URL_SLOTS(part) \
	.name = "url_" #part, \
	.group = "url", \
	.signature = "url_" #part "(url)", \
	.arg_min = 1, \
	.arg_max = 1, \
	.want = WANT_ALL(FUNC_TEXT), \
	.type = text_of_texts, \
	.eval = url_##part##_eval

URL_EVAL(scheme)

const struct func_def func_url_scheme = {
	URL_SLOTS(scheme),
	.summary = "what stands before ://; null if nothing does",
	.example = "url_scheme(\"https://example.org/a\")",
	.result = "https",
};

URL_EVAL(host)

const struct func_def func_url_host = {
	URL_SLOTS(host),
	.summary = "the host without user and port; null if there is none",
	.example = "url_host(\"https://me@example.org:8080/a?b=1\")",
	.result = "example.org",
};

URL_EVAL(path)

const struct func_def func_url_path = {
	URL_SLOTS(path),
	.summary = "the path, not decoded; null if there is none",
	.example = "url_path(\"https://example.org/a/b?c=1\")",
	.result = "/a/b",
};

URL_EVAL(query)

const struct func_def func_url_query = {
	URL_SLOTS(query),
	.summary = "what stands between ? and #, not decoded; null if there is"
	    " none",
	.example = "url_query(\"/a?b=1&c=2#top\")",
	.result = "b=1&c=2",
};

static int
url_port_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct url url;

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		url_cut(&url, text_bytes(&text), text.size);
		int64_t port = url.port.bytes == NULL ? 65536 : 0;
		for (size_t k = 0; k < url.port.size && port < 65536; k++) {
			unsigned digit = (unsigned char)url.port.bytes[k] - '0';
			port = digit < 10 ? port * 10 + digit : 65536;
		}
		if (port > 65535)
			kernel_null(call, i, count, out);
		target[i] = port;
	}
	return 0;
}

const struct func_def func_url_port = {
	.name = "url_port",
	.group = "url",
	.signature = "url_port(url)",
	.summary = "the port as a number; null if there is none",
	.example = "url_port(\"http://[::1]:8080/\")",
	.result = "8080",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = int_of_text,
	.eval = url_port_eval,
};

/* The value behind name= in key=value&key=value; `scratch` has room for the
 * query.  -1 if the name is not there. */
static int
query_find(const struct span *query, const struct text *name, char *scratch,
	struct span *value)
{
	const char *at = query->bytes;
	const char *end = at + query->size;

	while (at < end) {
		const char *stop = memchr(at, '&', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		const char *equals = memchr(at, '=', (size_t)(stop - at));
		const char *key_end = equals == NULL ? stop : equals;
		size_t key_size =
		    percent_decode(at, (size_t)(key_end - at), scratch);
		if (key_size == name->size &&
		    memcmp(scratch, text_bytes(name), key_size) == 0) {
			value->bytes = equals == NULL ? stop : equals + 1;
			value->size = (size_t)(stop - value->bytes);
			return 0;
		}
		at = stop + 1;
	}
	return -1;
}

static int
url_param_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct writer writer;
	struct url url;
	struct span value;

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct text name = arg_text(&in[1], i);
		url_cut(&url, text_bytes(&text), text.size);
		char *target = writer_room(&writer, url.query.size);
		if (url.query.bytes == NULL ||
		    query_find(&url.query, &name, target, &value) != 0) {
			kernel_null(call, i, count, out);
			writer_put(&writer, i, 0);
			continue;
		}
		writer_put(&writer, i,
		    percent_decode(value.bytes, value.size, target));
	}
	return 0;
}

const struct func_def func_url_param = {
	.name = "url_param",
	.group = "url",
	.signature = "url_param(url, name)",
	.summary = "the decoded value of a parameter of the query; null if "
	    "there is none",
	.example = "url_param(\"/find?q=a%20b&n=5\", \"q\")",
	.result = "a b",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_TEXT),
	.type = text_of_texts,
	.eval = url_param_eval,
};
