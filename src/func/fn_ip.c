/*
 * IP addresses, of both kinds.  An address is its bytes, most significant
 * first; an IPv4 address written as an IPv6 one (::ffff:1.2.3.4) is the IPv4
 * address.
 */
#include "func/kernel.h"

#include <arpa/inet.h>
#include <string.h>

#include "data/number.h"
#include "util/err.h"

FUNC_TYPE(bool_of_texts, TYPE_BOOL, "t")
FUNC_TYPE(bool_of_any, TYPE_BOOL, "*")
FUNC_TYPE(int_of_text, TYPE_INT, "t")
FUNC_TYPE(text_of_int, TYPE_TEXT, "i")
FUNC_TYPE(text_of_text_int, TYPE_TEXT, "ti")

struct ip {
	unsigned char bytes[16];
	unsigned size;		/* 4 or 16 */
};

/* Dotted decimal, no leading zeros. */
static int
ip4_parse(const char *at, size_t size, unsigned char *out)
{
	const char *end = at + size;

	for (unsigned part = 0; part < 4; part++) {
		unsigned value = 0;
		const char *start = at;
		if (part > 0 && (at == end || *at++ != '.'))
			return -1;
		start = at;
		while (at < end && *at >= '0' && *at <= '9' && at - start < 3)
			value = value * 10 + (unsigned)(*at++ - '0');
		if (at == start || value > 255 ||
		    (*start == '0' && at - start > 1))
			return -1;
		out[part] = (unsigned char)value;
	}
	return at == end ? 0 : -1;
}

static int
ip_parse(const char *bytes, size_t size, struct ip *ip)
{
	static const unsigned char mapped[12] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
	};
	char text[INET6_ADDRSTRLEN];

	ip->size = 4;
	if (ip4_parse(bytes, size, ip->bytes) == 0)
		return 0;
	if (size >= sizeof(text) || memchr(bytes, ':', size) == NULL)
		return -1;
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (strlen(text) != size || inet_pton(AF_INET6, text, ip->bytes) != 1)
		return -1;
	ip->size = 16;
	if (memcmp(ip->bytes, mapped, sizeof(mapped)) == 0) {
		memcpy(ip->bytes, ip->bytes + 12, 4);
		ip->size = 4;
	}
	return 0;
}

/* Writes at most INET6_ADDRSTRLEN bytes, NUL included; returns the length. */
static size_t
ip_format(const struct ip *ip, char *out)
{
	inet_ntop(ip->size == 4 ? AF_INET : AF_INET6, ip->bytes, out,
	    INET6_ADDRSTRLEN);
	return strlen(out);
}

/* Clear what stands behind the first `bits` bits. */
static void
ip_mask(struct ip *ip, unsigned bits)
{
	for (unsigned i = 0; i < ip->size; i++) {
		unsigned keep = bits <= i * 8 ? 0 :
		    bits - i * 8 < 8 ? bits - i * 8 : 8;
		ip->bytes[i] &= (unsigned char)(0xff00u >> keep);
	}
}

struct network {
	struct ip ip;
	unsigned bits;
};

/* 10.0.0.0/8, or an address alone. */
static int
network_parse(const struct text *text, struct network *network)
{
	const char *bytes = text_bytes(text);
	const char *slash = memchr(bytes, '/', text->size);
	size_t size = slash == NULL ? text->size : (size_t)(slash - bytes);

	if (ip_parse(bytes, size, &network->ip) != 0)
		return -1;
	network->bits = network->ip.size * 8;
	if (slash == NULL)
		return 0;
	const char *at = slash + 1, *end = bytes + text->size;
	unsigned bits = 0;
	if (at == end || end - at > 3)
		return -1;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return -1;
		bits = bits * 10 + (unsigned)(*at - '0');
	}
	/* The prefix of a mapped address counts from its IPv6 form. */
	if (network->ip.size == 4 && memchr(bytes, ':', size) != NULL)
		bits = bits < 96 ? 129 : bits - 96;
	if (bits > network->bits)
		return -1;
	network->bits = bits;
	ip_mask(&network->ip, bits);
	return 0;
}

static int
network_has(const struct network *network, struct ip ip)
{
	if (ip.size != network->ip.size)
		return 0;
	ip_mask(&ip, network->bits);
	return memcmp(ip.bytes, network->ip.bytes, ip.size) == 0;
}

/* Parse row i or reject it. */
static int
take_ip(struct func_call *call, uint32_t i, struct text text, struct ip *ip)
{
	char quote[KERNEL_QUOTE_MAX];

	if (ip_parse(text_bytes(&text), text.size, ip) == 0)
		return 0;
	func_reject(call, i, "%s is no IP address", kernel_quote(text, quote));
	return -1;
}

static int
ip_in_prepare(const struct value *const *arg, unsigned count, void **plan,
	unsigned *bad_arg, struct err *err)
{
	struct network network;
	char quote[KERNEL_QUOTE_MAX];

	(void)count;
	if (arg[1] == NULL || !type_is_textual(arg[1]->type))
		return 0;
	if (network_parse(&arg[1]->cell.text, &network) != 0) {
		*bad_arg = 1;
		return err_set(err, ERR_PROGRAM, "%s is no network; "
		    "one is \"10.0.0.0/8\"",
		    kernel_quote(arg[1]->cell.text, quote));
	}
	*plan = mem_copy(&network, sizeof(network));
	return 0;
}

static int
ip_in_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct network own;
	char quote[KERNEL_QUOTE_MAX];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	for (uint32_t i = 0; i < count; i++) {
		const struct network *network = call->plan;
		struct ip ip;
		target[i] = 0;
		if (take_ip(call, i, arg_text(&in[0], i), &ip) != 0)
			continue;
		if (network == NULL) {
			struct text text = arg_text(&in[1], i);
			network = &own;
			if (network_parse(&text, &own) != 0) {
				func_reject(call, i, "%s is no network",
				    kernel_quote(text, quote));
				continue;
			}
		}
		target[i] = (uint8_t)network_has(network, ip);
	}
	return 0;
}

const struct func_def func_ip_in = {
	.name = "ip_in",
	.group = "ip",
	.signature = "ip_in(ip, network)",
	.summary = "true if the address lies in the network",
	.example = "ip_in(\"10.1.2.3\", \"10.0.0.0/8\")",
	.result = "true",
	.arg_min = 2,
	.arg_max = 2,
	.want = WANT_ALL(FUNC_TEXT),
	.type = bool_of_texts,
	.prepare = ip_in_prepare,
	.release = mem_free,
	.eval = ip_in_eval,
};

static int
is_ip_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	uint8_t *target = kernel_out(call, TYPE_BOOL, count, out);
	int is_text = arg->type == TYPE_TEXT || arg->type == TYPE_RAW;
	struct ip ip;

	(void)arg_count;
	for (uint32_t i = 0; i < count; i++) {
		target[i] = 0;
		if (!is_text)
			continue;
		struct text text = arg_text(arg, i);
		target[i] = ip_parse(text_bytes(&text), text.size, &ip) == 0;
	}
	return 0;
}

const struct func_def func_is_ip = {
	.name = "is_ip",
	.group = "ip",
	.signature = "is_ip(x)",
	.summary = "true for the text of an IPv4 or IPv6 address",
	.example = "is_ip(\"2001:db8::1\")",
	.result = "true",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_ANY),
	.type = bool_of_any,
	.eval = is_ip_eval,
};

static int
ip_to_int_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	char quote[KERNEL_QUOTE_MAX];

	if (kernel_take(call, "t", arg, arg_count, count, in) != 0)
		return -1;
	int64_t *target = kernel_out(call, TYPE_INT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		struct text text = arg_text(&in[0], i);
		struct ip ip;
		target[i] = 0;
		if (ip_parse(text_bytes(&text), text.size, &ip) != 0 ||
		    ip.size != 4) {
			func_reject(call, i, "%s is no IPv4 address",
			    kernel_quote(text, quote));
			continue;
		}
		for (unsigned k = 0; k < 4; k++)
			target[i] = target[i] << 8 | ip.bytes[k];
	}
	return 0;
}

const struct func_def func_ip_to_int = {
	.name = "ip_to_int",
	.group = "ip",
	.signature = "ip_to_int(ip)",
	.summary = "an IPv4 address as an int",
	.example = "ip_to_int(\"10.0.0.1\")",
	.result = "167772161",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_TEXT),
	.type = int_of_text,
	.eval = ip_to_int_eval,
};

static int
int_to_ip_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[1];
	struct writer writer;
	char text[INET6_ADDRSTRLEN];

	if (kernel_take(call, "i", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		int64_t number = arg_int(&in[0], i);
		struct ip ip = { .size = 4 };
		for (unsigned k = 0; k < 4; k++)
			ip.bytes[k] = (unsigned char)(number >> (24 - 8 * k));
		if (number < 0 || number > UINT32_MAX)
			func_reject(call, i, "%lld is no IPv4 address",
			    (long long)number);
		writer_copy(&writer, i, text, ip_format(&ip, text));
	}
	return 0;
}

const struct func_def func_int_to_ip = {
	.name = "int_to_ip",
	.group = "ip",
	.signature = "int_to_ip(n)",
	.summary = "the IPv4 address that an int stands for",
	.example = "int_to_ip(167772161)",
	.result = "10.0.0.1",
	.arg_min = 1,
	.arg_max = 1,
	.want = WANT_ALL(FUNC_NUMBER),
	.type = text_of_int,
	.eval = int_to_ip_eval,
};

static int
ip_network_eval(struct func_call *call, const struct column *arg,
	unsigned arg_count, uint32_t count, struct column *out)
{
	struct column in[2];
	struct writer writer;
	char text[INET6_ADDRSTRLEN + NUMBER_TEXT_MAX];

	if (kernel_take(call, "ti", arg, arg_count, count, in) != 0)
		return -1;
	writer_init(&writer, call, TYPE_TEXT, count, out);
	for (uint32_t i = 0; i < count; i++) {
		int64_t bits = arg_int(&in[1], i);
		struct ip ip;
		writer_view(&writer, i, "", 0);
		if (take_ip(call, i, arg_text(&in[0], i), &ip) != 0)
			continue;
		if (bits < 0 || bits > ip.size * 8) {
			func_reject(call, i, "an address of %u bits has no "
			    "network of %lld", ip.size * 8, (long long)bits);
			continue;
		}
		ip_mask(&ip, (unsigned)bits);
		size_t size = ip_format(&ip, text);
		text[size++] = '/';
		size += number_format_int(bits, text + size);
		writer_copy(&writer, i, text, size);
	}
	return 0;
}

const struct func_def func_ip_network = {
	.name = "ip_network",
	.group = "ip",
	.signature = "ip_network(ip, bits)",
	.summary = "the network of so many bits that the address lies in",
	.example = "ip_network(\"10.1.2.3\", 16)",
	.result = "10.1.0.0/16",
	.arg_min = 2,
	.arg_max = 2,
	.want = { FUNC_TEXT, FUNC_NUMBER, FUNC_NUMBER, FUNC_NUMBER },
	.type = text_of_text_int,
	.eval = ip_network_eval,
};
