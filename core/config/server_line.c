/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/server_line.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/memory.h"
#include "option/texts.h"
#include "tenon/types.h"

#define SYNTAX "expected host[:port][ alias], [ipv6]:port[ alias] or /path.sock[ alias]"

/* The longest address with its port: "[" host "]:65535". */
#define ADDRESS_MAX_BYTES (TENON_HOST_MAX_BYTES + 8)

/* An error message quotes at most this many bytes of a malformed server line. */
#define SHOWN_SPEC_MAX_BYTES 200

/* The parts of an address. host points into the text that was parsed. */
struct pieces {
	const char *host;
	size_t host_len;
	uint32_t port; /* 0: a UNIX socket */
	bool bracketed;
};

static int malformed(struct tenon_error *err, const char *spec, size_t len,
		     const char *problem)
{
	return tenon__error_set(err, TENON_ECONFIG, "server '%.*s': %s",
				len > SHOWN_SPEC_MAX_BYTES
					? SHOWN_SPEC_MAX_BYTES
					: (int)len,
				spec, problem);
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

static bool has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
			return true;
		}
	}
	return false;
}

static bool is_host_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' ||
	       byte == '_';
}

/* Return true for an IPv6 address, with or without a zone ("fe80::1%eth0"). */
static bool is_ipv6(const char *text, size_t len)
{
	char literal[INET6_ADDRSTRLEN];
	struct in6_addr ignored;
	const char *zone = memchr(text, '%', len);

	if (zone) {
		if (zone + 1 == text + len) {
			return false;
		}
		len = (size_t)(zone - text);
	}
	if (len >= sizeof(literal)) {
		return false;
	}
	memcpy(literal, text, len);
	literal[len] = '\0';
	return inet_pton(AF_INET6, literal, &ignored) == 1;
}

/* Read a port in 1..65535. Returns 0 when the text is not a port. */
static uint32_t parse_port(const char *text, size_t len)
{
	uint32_t port = 0;

	if (len == 0 || len > 5) {
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9') {
			return 0;
		}
		port = port * 10 + (uint32_t)(text[i] - '0');
	}
	return port <= UINT16_MAX ? port : 0;
}

/* Split "host" or "host:port". Returns the problem, or NULL. */
static const char *split_name(struct pieces *out, const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	size_t host_len = colon ? (size_t)(colon - text) : len;

	out->host = text;
	out->host_len = host_len;
	if (colon && is_ipv6(text, len)) {
		return "an IPv6 address needs brackets, as in [::1]:11211";
	}
	if (host_len == 0) {
		return "has no host; " SYNTAX;
	}
	for (size_t i = 0; i < host_len; i++) {
		if (!is_host_byte(text[i])) {
			return "a host has letters, digits, '.', '-' and '_' only; " SYNTAX;
		}
	}
	if (!colon) {
		return NULL;
	}
	out->port = parse_port(colon + 1, len - host_len - 1);
	if (out->port != 0) {
		return NULL;
	}
	if (memchr(colon + 1, ':', len - host_len - 1)) {
		return "has more than one ':'; a weight goes into a map, as in {address: host:11211, weight: 2}";
	}
	return "the port is not a number in 1..65535";
}

/* Split "[ipv6]" or "[ipv6]:port". Returns the problem, or NULL. */
static const char *split_bracketed(struct pieces *out, const char *text,
				   size_t len)
{
	const char *close = memchr(text, ']', len);
	size_t rest;

	if (!close) {
		return "has no closing ']'; " SYNTAX;
	}
	out->bracketed = true;
	out->host = text + 1;
	out->host_len = (size_t)(close - text) - 1;
	if (!is_ipv6(out->host, out->host_len)) {
		return "has no IPv6 address between the brackets; " SYNTAX;
	}
	rest = len - out->host_len - 2;
	if (rest == 0) {
		return NULL;
	}
	out->port = close[1] == ':' ? parse_port(close + 2, rest - 1) : 0;
	return out->port != 0 ? NULL : "the port is not a number in 1..65535";
}

/* Split an address of any of the three forms. Returns the problem, or NULL. */
static const char *split_address(struct pieces *out, const char *text,
				 size_t len)
{
	const char *problem;

	memset(out, 0, sizeof(*out));
	if (len > 5 && memcmp(text, "unix:/", 6) == 0) {
		/* as Django and other programs write the path of a UNIX socket */
		text += 5;
		len -= 5;
	}
	if (len == 0) {
		return "has no address; " SYNTAX;
	}
	if (text[0] == '/') {
		out->host = text;
		out->host_len = len;
		return len < sizeof(((struct sockaddr_un *)NULL)->sun_path) ?
			       NULL :
			       "the path is too long for a UNIX socket, use a shorter one";
	}
	out->port = TENON_DEFAULT_PORT;
	problem = text[0] == '[' ? split_bracketed(out, text, len) :
				   split_name(out, text, len);
	if (!problem && out->host_len > TENON_HOST_MAX_BYTES) {
		return "the host is too long, expected at most 255 bytes";
	}
	return problem;
}

/* Copy the pieces, the alias and the weight into *out. After an error *out needs fini. */
static int fill(struct tenon__server *out, const struct pieces *pieces,
		const char *alias, size_t alias_len, uint32_t weight)
{
	char address[ADDRESS_MAX_BYTES + 1];
	int host_len = (int)pieces->host_len;

	out->host = tenon__strndup(pieces->host, pieces->host_len);
	if (pieces->port == 0) {
		out->address = tenon__strndup(pieces->host, pieces->host_len);
	} else {
		int len = snprintf(address, sizeof(address),
				   pieces->bracketed ? "[%.*s]:%u" : "%.*s:%u",
				   host_len, pieces->host,
				   (unsigned)pieces->port);
		out->address = tenon__strndup(address, (size_t)len);
	}
	if (alias) {
		out->alias = tenon__strndup(alias, alias_len);
	}
	out->port = pieces->port;
	out->weight = weight;
	return out->host && out->address && (!alias || out->alias != NULL)
		       ? 0
		       : TENON_ENOMEM;
}

static int make(struct tenon__server *out, const char *spec, size_t spec_len,
		const char *address, size_t address_len, const char *alias,
		size_t alias_len, uint32_t weight, struct tenon_error *err)
{
	struct pieces pieces;
	const char *problem;

	memset(out, 0, sizeof(*out));
	if (has_control(address, address_len) ||
	    (alias && has_control(alias, alias_len))) {
		return malformed(err, spec, spec_len,
				 "contains a control byte; " SYNTAX);
	}
	problem = split_address(&pieces, address, address_len);
	if (problem) {
		return malformed(err, spec, spec_len, problem);
	}
	if (alias && (alias_len == 0 || alias_len > TENON_ALIAS_MAX_BYTES)) {
		return malformed(err, spec, spec_len,
				 "the alias is empty or too long, expected 1..250 bytes");
	}
	if (fill(out, &pieces, alias, alias_len, weight) != 0) {
		tenon__server_fini(out);
		return tenon__error_no_memory(err);
	}
	return 0;
}

/*
 * Read one word from *at, up to a space without a backslash, and skip the spaces after it. "\ "
 * becomes a space in the word. word has room for all bytes up to end. Returns the length of the
 * word.
 */
static size_t take_word(char *word, const char **at, const char *end)
{
	size_t len = 0;

	while (*at < end && !is_space(**at)) {
		if (**at == '\\' && *at + 1 < end && is_space((*at)[1])) {
			(*at)++;
		}
		word[len++] = *(*at)++;
	}
	while (*at < end && is_space(**at)) {
		(*at)++;
	}
	return len;
}

int tenon__server_parse(struct tenon__server *out, const char *spec, size_t len,
			struct tenon_error *err)
{
	const char *at = spec;
	const char *end = spec + len;
	size_t address_len;
	size_t alias_len;
	char *words;
	int code;

	memset(out, 0, sizeof(*out));
	words = tenon__alloc(len);
	if (!words) {
		return tenon__error_no_memory(err);
	}
	while (at < end && is_space(*at)) {
		at++;
	}
	address_len = take_word(words, &at, end);
	alias_len = take_word(words + address_len, &at, end);
	if (at < end) {
		code = malformed(err, spec, len,
				 "has more than an address and an alias; a space inside an alias is written '\\ '");
	} else {
		code = make(out, spec, len, words, address_len,
			    alias_len > 0 ? words + address_len : NULL,
			    alias_len, 1, err);
	}
	tenon__free(words);
	return code;
}

int tenon__server_make(struct tenon__server *out, const char *address,
		       const char *alias, uint64_t weight,
		       struct tenon_error *err)
{
	size_t address_len = strlen(address);

	if (weight < 1 || weight > TENON_WEIGHT_MAX) {
		memset(out, 0, sizeof(*out));
		return tenon__error_set(
			err, TENON_ECONFIG,
			"server '%.200s': found weight %llu, expected 1..%d",
			address, (unsigned long long)weight, TENON_WEIGHT_MAX);
	}
	return make(out, address, address_len, address, address_len, alias,
		    alias ? strlen(alias) : 0, (uint32_t)weight, err);
}

int tenon__server_set_pool(struct tenon__server *server, const char *pool,
			   struct tenon_error *err)
{
	size_t len = strlen(pool);
	bool fits = len > 0 && len <= TENON_POOL_NAME_MAX_BYTES;

	for (size_t i = 0; i < len && fits; i++) {
		fits = is_host_byte(pool[i]);
	}
	if (!fits) {
		return tenon__error_set(
			err, TENON_ECONFIG,
			"server '%.200s': found pool '%.80s', expected 1..%d letters, digits, '.', '-' and '_'",
			tenon__server_name(server), pool,
			TENON_POOL_NAME_MAX_BYTES);
	}
	server->pool = tenon__strndup(pool, len);
	return server->pool ? 0 : tenon__error_no_memory(err);
}

int tenon__server_copy(struct tenon__server *out,
		       const struct tenon__server *server,
		       struct tenon_error *err)
{
	*out = *server;
	out->host = tenon__strdup(server->host);
	out->address = tenon__strdup(server->address);
	out->alias = tenon__strdup(server->alias);
	out->pool = tenon__strdup(server->pool);
	out->labels = tenon__map_copy(server->labels);
	if (!out->host || !out->address || (server->alias && !out->alias) ||
	    (server->pool && !out->pool) || (server->labels && !out->labels)) {
		tenon__server_fini(out);
		return tenon__error_no_memory(err);
	}
	return 0;
}

void tenon__server_fini(struct tenon__server *server)
{
	if (!server) {
		return;
	}
	tenon__free(server->alias);
	tenon__free(server->host);
	tenon__free(server->address);
	tenon__free(server->pool);
	tenon__free(server->labels);
	memset(server, 0, sizeof(*server));
}

const char *tenon__server_name(const struct tenon__server *server)
{
	return server->alias ? server->alias : server->address;
}
