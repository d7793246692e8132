/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The health of servers as text for Prometheus, format version 0.0.4. Each metric has a HELP
 * line, a TYPE line, and one line for each combination of its labels, such as server and
 * state.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "base/memory.h"

/* The longest line, not counting its labels. */
#define LINE_MAX_BYTES 256
/* The upper limits of the histogram's buckets are powers of two in ns: from 8 us to 17 s. */
#define LE_FIRST_BITS 13
#define LE_LAST_BITS 34

struct page {
	const struct tenon_health *servers;
	size_t count;
	tenon_write_fn write;
	void *payload;
	int stopped; /* the last return value of write; not 0: write nothing more */
};

/* ---- text -------------------------------------------------------------- */

static void put_bytes(struct page *page, const char *text, size_t len)
{
	if (page->stopped == 0 && len > 0) {
		page->stopped = page->write(page->payload, text, len);
	}
}

static void put(struct page *page, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct page *page, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len > 0) {
		put_bytes(page, line, strlen(line));
	}
}

/* Return the length in bytes of the UTF-8 character at text; 0 when it is not valid UTF-8. */
static size_t utf8_len(const unsigned char *text)
{
	static const struct {
		unsigned char mask, lead, len;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 1, 0 },
		      { 0xe0, 0xc0, 2, 0x80 },
		      { 0xf0, 0xe0, 3, 0x800 },
		      { 0xf8, 0xf0, 4, 0x10000 } };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		uint32_t code = text[0] & (uint32_t)~forms[i].mask & 0xff;

		if ((text[0] & forms[i].mask) != forms[i].lead) {
			continue;
		}
		for (size_t at = 1; at < forms[i].len; at++) {
			if ((text[at] & 0xc0) != 0x80) {
				return 0;
			}
			code = code << 6 | (text[at] & 0x3fu);
		}
		return code >= forms[i].least && code <= 0x10ffff &&
				(code < 0xd800 || code > 0xdfff) ?
			forms[i].len : 0;
	}
	return 0;
}

/*
 * Write a text with its backslashes, newlines, and the byte `quote` escaped. Each byte that is not valid
 * UTF-8 becomes a question mark. quote 0: a help, in which a quote stands for itself.
 */
static void put_escaped(struct page *page, const char *value, char quote)
{
	while (*value != '\0') {
		size_t len = utf8_len((const unsigned char *)value);

		if (len == 0) {
			put_bytes(page, "?", 1);
		} else if (*value == '\n') {
			put_bytes(page, "\\n", 2);
		} else {
			put_bytes(page, "\\", *value == quote || *value == '\\');
			put_bytes(page, value, len);
		}
		value += len > 0 ? len : 1;
	}
}

static void put_label(struct page *page, const char *name, const char *value)
{
	put(page, "%s=\"", name);
	put_escaped(page, value, '"');
	put_bytes(page, "\"", 1);
}

/* Write text as one word for a label: "timed out" becomes timed_out. */
static void put_word(struct page *page, const char *text)
{
	for (; *text != '\0'; text++) {
		char byte = *text == ' ' || *text == '/' ? '_' : *text;

		put_bytes(page, &byte, 1);
	}
}

/* ---- metrics ----------------------------------------------------------- */

static void put_head(struct page *page, const char *name, const char *type,
		     const char *help)
{
	put(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Begin a line: the metric's name and the labels of the server. More labels may follow. */
static void put_series(struct page *page, const char *name,
		       const struct tenon_health *server)
{
	put(page, "%s{", name);
	if (server->client) {
		put_label(page, "client", server->client);
		put_bytes(page, ",", 1);
	}
	put_label(page, "server", server->alias);
}

static void put_value(struct page *page, uint64_t value)
{
	put(page, "} %" PRIu64 "\n", value);
}

static const struct {
	const char *name;
	const char *help;
	size_t offset;
} counters[] = {
	{ "tenon_operations_total", "Operations that used the server.",
	  offsetof(struct tenon_health, operations) },
	{ "tenon_operation_failures_total",
	  "Operations in which the server failed.",
	  offsetof(struct tenon_health, failed) },
	{ "tenon_operation_timeouts_total",
	  "Operations without a complete answer within poll_timeout.",
	  offsetof(struct tenon_health, timeouts) },
	{ "tenon_connections_total", "Connections made.",
	  offsetof(struct tenon_health, connects) },
	{ "tenon_reconnections_total",
	  "Connections made, without the first one of each client.",
	  offsetof(struct tenon_health, reconnects) },
	{ "tenon_retries_total",
	  "Operations repeated on a new connection, because the earlier one was at fault.",
	  offsetof(struct tenon_health, retries) },
	{ "tenon_hops_total",
	  "Keys of this home server that were sent to another server.",
	  offsetof(struct tenon_health, hops) },
	{ "tenon_noreply_errors_total",
	  "Error lines that answered noreply requests.",
	  offsetof(struct tenon_health, noreply.errors) },
	{ "tenon_sent_bytes_total", "Bytes sent.",
	  offsetof(struct tenon_health, sent_bytes) },
	{ "tenon_received_bytes_total", "Bytes received.",
	  offsetof(struct tenon_health, received_bytes) },
};

static void put_counters(struct page *page)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		put_head(page, counters[i].name, "counter", counters[i].help);
		for (size_t s = 0; s < page->count; s++) {
			uint64_t value;

			memcpy(&value,
			       (const char *)&page->servers[s] +
				       counters[i].offset,
			       sizeof(value));
			put_series(page, counters[i].name, &page->servers[s]);
			put_value(page, value);
		}
	}
}

static void put_states(struct page *page)
{
	put_head(page, "tenon_server_info", "gauge",
		 "The address of the server, as a label.");
	for (size_t s = 0; s < page->count; s++) {
		put_series(page, "tenon_server_info", &page->servers[s]);
		put_bytes(page, ",", 1);
		put_label(page, "address", page->servers[s].address);
		put_value(page, 1);
	}
	put_head(page, "tenon_server_up", "gauge",
		 "1 when the server answered the last operation or had none yet.");
	for (size_t s = 0; s < page->count; s++) {
		put_series(page, "tenon_server_up", &page->servers[s]);
		put_value(page, page->servers[s].state == TENON_SERVER_UP);
	}
	put_head(page, "tenon_server_state", "gauge",
		 "1 for the state that the server is in.");
	for (size_t s = 0; s < page->count; s++) {
		for (int state = TENON_SERVER_UP;
		     state <= TENON_SERVER_MISCONFIGURED; state++) {
			put_series(page, "tenon_server_state",
				   &page->servers[s]);
			put(page, ",state=\"%s\"",
			    tenon_server_state_name(state));
			put_value(page, page->servers[s].state ==
						(uint32_t)state);
		}
	}
	put_head(page, "tenon_server_failures", "gauge",
		 "Operations that failed one after another, up to now.");
	for (size_t s = 0; s < page->count; s++) {
		put_series(page, "tenon_server_failures", &page->servers[s]);
		put_value(page, page->servers[s].failures);
	}
}

static void put_outcome(struct page *page, const struct tenon_health *server,
			const char *outcome, uint64_t value)
{
	put_series(page, "tenon_keys_total", server);
	put(page, ",outcome=\"%s\"", outcome);
	put_value(page, value);
}

/* Return true when a server can cause this status. Its counter is shown also while it is 0. */
static bool is_usual(int status)
{
	return status <= TENON_ETOOBIG && status >= TENON_EUNKNOWN;
}

static void put_keys(struct page *page)
{
	put_head(page, "tenon_keys_total", "counter",
		 "Keys of all operations, by outcome.");
	for (size_t s = 0; s < page->count; s++) {
		const struct tenon_health *server = &page->servers[s];

		put_outcome(page, server, "hit", server->hits);
		put_outcome(page, server, "miss", server->misses);
		put_outcome(page, server, "stored", server->stored);
		put_outcome(page, server, "other", server->other);
		put_outcome(page, server, "error",
			    server->keys - server->hits - server->misses -
				    server->stored - server->other);
	}
	put_head(page, "tenon_key_errors_total", "counter",
		 "Keys without an answer, by status.");
	for (size_t s = 0; s < page->count; s++) {
		for (int i = 1; i < TENON_HEALTH_ERRORS; i++) {
			uint64_t value = page->servers[s].errors[i];

			if (value == 0 && !is_usual(-i)) {
				continue;
			}
			put_series(page, "tenon_key_errors_total",
				   &page->servers[s]);
			put(page, ",status=\"");
			put_word(page, tenon_status_name(-i));
			put_bytes(page, "\"", 1);
			put_value(page, value);
		}
	}
}

static void put_seconds(struct page *page, uint64_t ns)
{
	put(page, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

static void put_buckets(struct page *page, const struct tenon_health *server)
{
	static const char name[] = "tenon_operation_duration_seconds";
	const struct tenon_histogram *latency = &server->latency;
	uint64_t below = 0;
	size_t bucket = 0;

	for (unsigned bits = LE_FIRST_BITS; bits <= LE_LAST_BITS; bits++) {
		uint64_t end_ns = UINT64_C(1) << bits;

		while (tenon_histogram_bucket_ns(bucket) < end_ns) {
			below += latency->counts[bucket++];
		}
		put_series(page, "tenon_operation_duration_seconds_bucket",
			   server);
		put(page, ",le=\"");
		put_seconds(page, end_ns - 1);
		put_bytes(page, "\"", 1);
		put_value(page, below);
	}
	put_series(page, "tenon_operation_duration_seconds_bucket", server);
	put(page, ",le=\"+Inf\"");
	put_value(page, latency->total);
	put(page, "%s_sum", name);
	put_series(page, "", server);
	put(page, "} ");
	put_seconds(page, latency->sum_ns);
	put(page, "\n%s_count", name);
	put_series(page, "", server);
	put_value(page, latency->total);
}

/* ---- sessions of the secure plugin ------------------------------------- */

/* Return true when the server has had a session, maybe before the counters were reset. */
static bool is_secured(const struct tenon_health *server)
{
	return server->secure.sessions > 0 ||
	       server->secure.protocol[0] != '\0';
}

static bool one_is_secured(const struct page *page)
{
	size_t s = 0;

	while (s < page->count && !is_secured(&page->servers[s])) {
		s++;
	}
	return s < page->count;
}

static void put_certificates(struct page *page)
{
	put_head(page, "tenon_secure_info", "gauge",
		 "Protocol and cipher of the last session with the server, as labels.");
	for (size_t s = 0; s < page->count; s++) {
		put_series(page, "tenon_secure_info", &page->servers[s]);
		put_bytes(page, ",", 1);
		put_label(page, "protocol", page->servers[s].secure.protocol);
		put_bytes(page, ",", 1);
		put_label(page, "cipher", page->servers[s].secure.cipher);
		put_value(page, is_secured(&page->servers[s]));
	}
	put_head(page, "tenon_certificate_end_timestamp_seconds", "gauge",
		 "Unix time at which the first certificate of the server's chain ends; 0: unknown.");
	for (size_t s = 0; s < page->count; s++) {
		put_series(page, "tenon_certificate_end_timestamp_seconds",
			   &page->servers[s]);
		put(page, "} %" PRId64 "\n",
		    page->servers[s].secure.certificate_ends_s);
	}
	put_head(page, "tenon_certificate_warning", "gauge",
		 "1 when a certificate of the server's chain ends within 14 days or has ended.");
	for (size_t s = 0; s < page->count; s++) {
		put_series(page, "tenon_certificate_warning",
			   &page->servers[s]);
		put_value(page, page->servers[s].secure.certificate_state >=
					TENON_CERTIFICATE_ENDING);
	}
}

/* One sample of seconds for each server; offset is that of its nanoseconds. */
static void put_times(struct page *page, const char *name, size_t offset)
{
	for (size_t s = 0; s < page->count; s++) {
		uint64_t ns;

		memcpy(&ns, (const char *)&page->servers[s].secure + offset,
		       sizeof(ns));
		put_series(page, name, &page->servers[s]);
		put(page, "} ");
		put_seconds(page, ns);
		put_bytes(page, "\n", 1);
	}
}

static void put_handshakes(struct page *page)
{
	static const char name[] = "tenon_handshake_duration_seconds";

	put_head(page, name, "summary",
		 "Time of complete handshakes with the server.");
	put_times(page, "tenon_handshake_duration_seconds_sum",
		  offsetof(struct tenon_secure_health, handshake_sum_ns));
	for (size_t s = 0; s < page->count; s++) {
		put_series(page, "tenon_handshake_duration_seconds_count",
			   &page->servers[s]);
		put_value(page, page->servers[s].secure.sessions);
	}
	put_head(page, "tenon_handshake_max_seconds", "gauge",
		 "Time of the longest handshake with the server.");
	put_times(page, "tenon_handshake_max_seconds",
		  offsetof(struct tenon_secure_health, handshake_max_ns));
	put_head(page, "tenon_resumptions_total", "counter",
		 "Handshakes that resumed an earlier session.");
	for (size_t s = 0; s < page->count; s++) {
		put_series(page, "tenon_resumptions_total", &page->servers[s]);
		put_value(page, page->servers[s].secure.resumptions);
	}
}

/* ---- plugins ----------------------------------------------------------- */

static void put_plugins(struct page *page, const struct tenon_client *client)
{
	struct tenon_metric_info metric;

	for (size_t i = 0; tenon_client_metric(client, i, &metric) == 0; i++) {
		char name[3 * TENON_PLUGIN_NAME_BYTES];

		snprintf(name, sizeof(name), "tenon_%s_%s_%s", metric.kind,
			 metric.plugin, metric.name);
		put(page, "# HELP %s ", name);
		put_escaped(page, metric.help, 0);
		put(page, "\n# TYPE %s %s\n%s %" PRId64 "\n", name,
		    metric.type == TENON_METRIC_COUNTER ? "counter" : "gauge",
		    name, metric.value);
	}
}

static int put_page(struct page *page)
{
	put_states(page);
	put_counters(page);
	put_keys(page);
	put_head(page, "tenon_operation_duration_seconds", "histogram",
		 "Time until the server had answered an operation, connecting included.");
	for (size_t s = 0; s < page->count; s++) {
		put_buckets(page, &page->servers[s]);
	}
	if (one_is_secured(page)) {
		put_certificates(page);
		put_handshakes(page);
	}
	return page->stopped;
}

int tenon_health_prometheus(const struct tenon_health *servers, size_t count,
			    tenon_write_fn write, void *payload)
{
	struct page page = {
		.servers = servers,
		.count = count,
		.write = write,
		.payload = payload,
	};

	return put_page(&page);
}

int tenon_metrics_prometheus(const struct tenon_client *client,
			     tenon_write_fn write, void *payload)
{
	struct page page = { .write = write, .payload = payload };

	put_plugins(&page, client);
	return page.stopped;
}

int tenon_client_prometheus(const struct tenon_client *client,
			    tenon_write_fn write, void *payload)
{
	struct page page = {
		.count = client->engine.server_count,
		.write = write,
		.payload = payload,
	};
	struct tenon_health *servers =
		tenon__calloc(client->engine.server_count, sizeof(*servers));

	if (!servers) {
		return TENON_ENOMEM;
	}
	for (size_t i = 0; i < client->engine.server_count; i++) {
		tenon_client_health(client, i, &servers[i]);
	}
	page.servers = servers;
	put_page(&page);
	put_plugins(&page, client);
	tenon__free(servers);
	return page.stopped;
}
