/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of the config that tenon import writes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "import.h"
#include "output.h"
#include "tenon/introspect.h"

/* Bytes that mean nothing to YAML behind the first byte of a value. */
#define PLAIN                                                               \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-"

/* The comments behind timeouts begin in the same column. */
#define TIME_COLUMNS 22

/* Return true for an IPv4 address, with or without a port. */
static bool is_ipv4(const char *text)
{
	size_t dots = 0;

	for (const char *at = text; *at != '\0'; at++) {
		dots += *at == '.';
	}
	return dots == 3 && strspn(text, "0123456789.:") == strlen(text);
}

/* Return true when YAML reads text as a string although it is not in quotes. */
static bool is_plain(const char *text)
{
	static const char *const others[] = { "true", "false", "yes", "no", "on",
					      "off",  "null",  "y",   "n" };
	char first = (char)(text[0] | 0x20);
	size_t len = strlen(text);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcasecmp(text, others[i]) == 0) {
			return false;
		}
	}
	return len > 0 && strspn(text, PLAIN) == len && text[len - 1] != ':' &&
	       ((first >= 'a' && first <= 'z') || text[0] == '/' ||
		is_ipv4(text));
}

/* Write text as a value of YAML, in quotes when it has to be. */
static void write_value(FILE *out, const char *text)
{
	if (is_plain(text)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (const char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f) {
			fprintf(out, "\\x%02x", (unsigned)(unsigned char)*at);
		} else if (*at == '"' || *at == '\\') {
			fprintf(out, "\\%c", *at);
		} else {
			fputc(*at, out);
		}
	}
	fputc('"', out);
}

static void write_key(FILE *out, const char *key, const char *value)
{
	if (value && value[0] != '\0') {
		fprintf(out, "%s: ", key);
		write_value(out, value);
		fputc('\n', out);
	}
}

/* Write "address alias", or a map when the line cannot say everything. */
static void write_server(FILE *out, const struct imported_server *server)
{
	const char *alias = server->alias;

	fputs("  - ", out);
	if (server->weight == 1 && !alias && !server->tls) {
		write_value(out, server->address);
		fputc('\n', out);
		return;
	}
	if (server->weight == 1 && !server->tls &&
	    is_plain(server->address) && is_plain(alias)) {
		fprintf(out, "%s %s\n", server->address, alias);
		return;
	}
	fputs("{address: ", out);
	write_value(out, server->address);
	if (alias) {
		fputs(", alias: ", out);
		write_value(out, alias);
	}
	if (server->weight != 1) {
		fprintf(out, ", weight: %" PRIu64, server->weight);
	}
	if (server->tls) {
		fputs(", tls: true", out);
	}
	fputs("}\n", out);
}

static void write_time(FILE *out, const char *key,
		       const struct imported_time *time)
{
	char *text;

	if (time->ms < 0) {
		return;
	}
	text = time->ms % 1000 == 0 ?
		       alloc_format("%s: %" PRId64 "s", key, time->ms / 1000) :
		       alloc_format("%s: %" PRId64 "ms", key, time->ms);
	if (time->why) {
		fprintf(out, "%-*s  # %s\n", TIME_COLUMNS, text, time->why);
	} else {
		fprintf(out, "%s\n", text);
	}
	free(text);
}

/* A name of a file, or words of the input, must not end the comment that they are in. */
static void write_comment(FILE *out, const char *before, const char *text)
{
	char *clean = output_clean(text, strlen(text));

	fprintf(out, "# %s%s\n", before, clean);
	free(clean);
}

static void write_head(FILE *out, const struct import *import)
{
	char *title = alloc_format("%s, %s", import->source, import->title);

	write_comment(out, "made by 'tenon import' from ", title);
	free(title);
	for (size_t i = 0; i < import->note_count; i++) {
		write_comment(out, "not carried over: ", import->notes[i]);
	}
	fputc('\n', out);
}

static void write_failover(FILE *out, const struct import *import)
{
	if (import->failover && import->failures > 1) {
		fprintf(out, "failover: {%s: {failures: %" PRIu64 "}}\n",
			import->failover, import->failures);
	} else if (import->failover) {
		fprintf(out, "failover: %s\n", import->failover);
	}
}

/* Return true when the ring of this name hashes keys with their prefix, as far as it says. */
static bool ring_hashes_prefix(const char *name)
{
	struct tenon_ring ring;

	for (size_t i = 0; name && tenon_ring_row(i, &ring) == 0; i++) {
		if (strcmp(ring.name, name) == 0) {
			return !strstr(ring.keys, "hash_prefix: no");
		}
	}
	return true;
}

/* Write whether the prefix is hashed, when the ring says something else. */
static void write_hash_prefix(FILE *out, const struct import *import)
{
	bool hashed = !import->prefix_unhashed;

	if (import->prefix && import->prefix[0] != '\0' &&
	    hashed != ring_hashes_prefix(import->ring)) {
		fprintf(out, "hash_prefix: %s\n", hashed ? "yes" : "no");
	}
}

char *import_write(const struct import *import)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out) {
		alloc_failed();
	}
	write_head(out, import);
	write_key(out, "ring", import->ring);
	write_key(out, "hash_function", import->hash_function);
	write_key(out, "hash_tag", import->hash_tag);
	write_key(out, "prefix", import->prefix);
	write_hash_prefix(out, import);
	fputs("servers:\n", out);
	for (size_t i = 0; i < import->server_count; i++) {
		write_server(out, &import->servers[i]);
	}
	write_time(out, "connect_timeout", &import->connect_timeout);
	write_time(out, "poll_timeout", &import->poll_timeout);
	write_time(out, "retry_timeout", &import->retry_timeout);
	write_failover(out, import);
	if (fclose(out) != 0) {
		alloc_failed();
	}
	return text;
}
