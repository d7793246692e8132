/* SPDX-License-Identifier: BSD-3-Clause */
/* check --online: what the answers of the servers mean for the config. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "latency.h"
#include "needs_meta.h"
#include "online.h"
#include "tenon/introspect.h"

/* memcached reads its clock once a second and tells whole seconds. */
#define SKEW_MAX_S 5
/* A server that has more than this part of its connections in use is nearly full. */
#define CONNECTIONS_PERCENT 90

/* Find the finding with this name, text and advice, or add it. Takes over text. */
static struct online_finding *find(struct online_findings *findings,
				   const char *name, char *text,
				   const char *advice)
{
	for (size_t i = 0; i < findings->count; i++) {
		struct online_finding *finding = &findings->list[i];

		if (strcmp(finding->name, name) == 0 &&
		    strcmp(finding->text, text) == 0 &&
		    strcmp(finding->advice, advice) == 0) {
			free(text);
			return finding;
		}
	}
	findings->list = alloc_resize(findings->list, findings->count + 1,
				      sizeof(*findings->list));
	findings->list[findings->count] = (struct online_finding){
		.name = name, .text = text, .advice = advice
	};
	return &findings->list[findings->count++];
}

/* Add what is found about one server. Takes over text. */
static void add(struct online_findings *findings, struct online *online,
		size_t index, int severity, const char *name, char *text,
		const char *advice)
{
	struct online_finding *finding = find(findings, name, text, advice);
	struct online_server *server = &online->servers[index];

	finding->severity = severity;
	finding->servers = alloc_resize(finding->servers,
					finding->server_count + 1,
					sizeof(*finding->servers));
	finding->servers[finding->server_count++] = index;
	if (severity > server->severity) {
		server->severity = severity;
	}
}

/* ---- servers that cannot be used --------------------------------------------- */

static const char *advice_of(int status)
{
	switch (status) {
	case TENON_ETIMEDOUT:
		return "look whether the server is stopped or overloaded, and whether the port is that of memcached";
	case TENON_ECLOSED:
	case TENON_EPROTOCOL:
		return "look whether the port is that of memcached, and whether the server wants another protocol";
	case TENON_ECONNECT:
		return "look whether the server is overloaded, and whether its port speaks what the config says; or raise connect_timeout";
	case TENON_ESECURE:
		return "look whether both sides speak TLS on this port; then compare what the server sent with the options of tls: ca, server_name, verify, certificate";
	case TENON_EAUTH:
		return "give the user and the password that the server knows, by the key auth or --user";
	case TENON_ESERVER:
	case TENON_ECLIENT:
	case TENON_EUNKNOWN:
		return "look whether the server wants authentication, and whether it is memcached";
	default:
		return "see the reason";
	}
}

static char *text_of(const struct online_server *server)
{
	return alloc_format("no proper answer: %s%s%s",
			    tenon_status_name(server->status),
			    server->reason ? ": " : "",
			    server->reason ? server->reason : "");
}

/* The library's connection failed, and the tool's own one succeeded. */
static char *slow_text(const struct online *online,
		       const struct online_server *server)
{
	return alloc_format("a connection takes %.1f ms, and connect_timeout is %" PRId64
			    " ms",
			    (double)server->direct.connect_us / 1e3,
			    online->connect_timeout_ms);
}

static bool is_too_slow(const struct online *online,
			const struct online_server *server)
{
	return server->status == TENON_ECONNECT &&
	       server->direct.connect_us > online->connect_timeout_ms * 1000;
}

static const char *const binary_texts[] = {
	[BINARY_OPEN] = "it speaks only the binary protocol, which memcached deprecates and tenon does not speak",
	[BINARY_SASL] = "it wants SASL over the binary protocol, which memcached deprecates and tenon does not speak",
};

static void judge_failed(struct online *online, size_t index,
			 struct online_findings *out)
{
	const struct online_server *server = &online->servers[index];

	if (server->status == TENON_ELOCAL) {
		add(out, online, index, TENON_FINDING_ERROR, "local-limit",
		    alloc_text(server->reason ? server->reason
					      : tenon_status_name(server->status)),
		    "raise the limit of this process or host: of open files with ulimit -n, of local ports with net.ipv4.ip_local_port_range");
	} else if (server->direct.state == DIRECT_LOOKUP) {
		add(out, online, index, TENON_FINDING_ERROR, "no-address",
		    alloc_format("its name has no address: %s",
				 server->direct.why),
		    "correct the name, or look at the name servers of this host");
	} else if (server->direct.state == DIRECT_CONNECT) {
		add(out, online, index, TENON_FINDING_ERROR, "no-connection",
		    alloc_format("no connection: %s", server->direct.why),
		    "start the server, correct its port, or let connections through the firewalls on the way");
	} else if (is_too_slow(online, server)) {
		add(out, online, index, TENON_FINDING_ERROR, "slow-connection",
		    slow_text(online, server), "raise connect_timeout");
	} else if (server->binary != BINARY_NO) {
		add(out, online, index, TENON_FINDING_ERROR, "binary-protocol",
		    alloc_text(binary_texts[server->binary]),
		    "start memcached without -S and without -B binary; for user and password, with -Y (key auth), over TLS");
	} else if (server->wants_tls) {
		add(out, online, index, TENON_FINDING_ERROR, "wants-tls",
		    alloc_text("it wants TLS, and the key tls is not set for it"),
		    "set tls: true, or give --tls; a certificate that the system does not trust needs ca too");
	} else if (online->needs_meta && server->meta == OFFER_NO) {
		add(out, online, index, TENON_FINDING_ERROR, "no-meta",
		    alloc_text(NEEDS_META_TEXT), NEEDS_META_ADVICE);
	} else {
		add(out, online, index, TENON_FINDING_ERROR, "no-answer",
		    text_of(server), advice_of(server->status));
	}
}

/* ---- servers that can be used ------------------------------------------------ */

int64_t online_skew_s(int64_t server_s, int64_t before_s, int64_t behind_s)
{
	if (server_s > behind_s + 1) {
		return server_s - behind_s;
	}
	return server_s + 2 < before_s ? server_s - before_s : 0;
}

static void judge_clock(struct online *online, size_t index,
			struct online_findings *out)
{
	const struct online_server *server = &online->servers[index];
	int64_t skew_s = server->skew_s;

	if (skew_s >= SKEW_MAX_S || skew_s <= -SKEW_MAX_S) {
		add(out, online, index, TENON_FINDING_WARNING, "clock-skew",
		    alloc_format("its clock is %" PRId64 " s %s, so items that expire at a date expire too %s",
				 skew_s < 0 ? -skew_s : skew_s,
				 skew_s < 0 ? "behind" : "ahead",
				 skew_s < 0 ? "late" : "early"),
		    "synchronise the clocks of both hosts, and restart a memcached that began with a wrong clock");
	}
}

/* Add that a certificate ends soon, or has ended. Takes over what, a text for the certificate. */
static void add_certificate(struct online *online, size_t index, char *what,
			    int64_t days, const char *advice,
			    struct online_findings *out)
{
	char *text =
		days < 0 ? alloc_format("%s has ended, and only verify: none takes it",
					what)
			 : alloc_format("%s ends within %d days", what,
					TENON_CERTIFICATE_WARNING_DAYS);

	free(what);
	add(out, online, index, TENON_FINDING_WARNING, "certificate-ends", text,
	    advice);
}

/* Find the first certificate that the server sent and that ends then. NULL: it sent none. */
static const struct tenon_certificate *
find_ending(const struct online_server *server, int64_t ends_s)
{
	for (size_t i = 0; i < server->chain_count; i++) {
		if (server->chain[i].not_after_s == ends_s) {
			return &server->chain[i];
		}
	}
	return NULL;
}

/* The certificate that ends first is an issuer's. */
static void judge_issuer(struct online *online, size_t index,
			 struct online_findings *out)
{
	const struct online_server *server = &online->servers[index];
	int64_t ends_s = server->secure.certificate_ends_s;
	const struct tenon_certificate *sent = find_ending(server, ends_s);

	if (sent) {
		add_certificate(online, index,
				alloc_format("the certificate '%s' of its chain",
					     sent->subject),
				certificate_days(ends_s),
				"let the issuer renew it, put the new one behind the server's certificate, and send the command refresh_certs to memcached, or restart it",
				out);
	} else {
		add_certificate(online, index,
				alloc_format("a certificate that it does not send, of '%s' or an authority above,",
					     server->chain[server->chain_count - 1]
						     .issuer),
				certificate_days(ends_s),
				"add the new certificate of the authority to the file or folder of ca, and renew what the authority has issued",
				out);
	}
}

static void judge_certificates(struct online *online, size_t index,
			       struct online_findings *out)
{
	const struct online_server *server = &online->servers[index];
	const struct tenon_secure_health *secure = &server->secure;
	int64_t own_s = server->chain_count > 0 ? server->chain[0].not_after_s
						: secure->certificate_ends_s;

	if (secure->certificate_state < TENON_CERTIFICATE_ENDING) {
		return;
	}
	bool is_first = own_s == secure->certificate_ends_s;
	if (!is_first) {
		judge_issuer(online, index, out);
	}
	if (is_first ||
	    certificate_days(own_s) < TENON_CERTIFICATE_WARNING_DAYS) {
		add_certificate(online, index, alloc_text("its certificate"),
				certificate_days(own_s),
				"renew it, and send the command refresh_certs to memcached, or restart it",
				out);
	}
}

/* Return true when the bytes to this address stay on the host. */
static bool is_local(const char *address)
{
	static const char *const begins[] = { "/", "127.", "localhost:",
					      "[::1]:" };
	size_t i = 0;

	while (i < sizeof(begins) / sizeof(begins[0]) &&
	       strncmp(address, begins[i], strlen(begins[i])) != 0) {
		i++;
	}
	return i < sizeof(begins) / sizeof(begins[0]);
}

static void judge_password(struct online *online, size_t index,
			   struct online_findings *out)
{
	const struct online_server *server = &online->servers[index];

	if (server->auth == OFFER_YES && server->secure.sessions == 0 &&
	    !is_local(server->info.address)) {
		add(out, online, index, TENON_FINDING_WARNING, "plain-password",
		    alloc_text("user and password go to it in the clear, so anyone on the way can read them"),
		    "let memcached speak TLS (-Z), and set tls: true");
	}
}

static void judge_items(struct online *online, size_t index,
			struct online_findings *out)
{
	const struct online_server *server = &online->servers[index];

	if (server->item_max_bytes == 0) {
		return;
	}
	if (server->item_max_bytes < online->item_max_bytes) {
		add(out, online, index, TENON_FINDING_WARNING, "item-max",
		    alloc_format("it takes items of %" PRIu64
				 " bytes at most, and item_max is %" PRIu64
				 " bytes, so it refuses larger values",
				 server->item_max_bytes,
				 online->item_max_bytes),
		    "start memcached with a greater -I, or lower item_max");
	} else if (server->item_max_bytes > online->item_max_bytes) {
		add(out, online, index, TENON_FINDING_NOTE, "item-max",
		    alloc_format("it takes items of %" PRIu64
				 " bytes, and item_max is %" PRIu64
				 " bytes only",
				 server->item_max_bytes,
				 online->item_max_bytes),
		    "raise item_max when all servers take larger items");
	}
}

static void judge_load(struct online *online, size_t index,
		       struct online_findings *out)
{
	const struct online_server *server = &online->servers[index];

	if (server->connections_max > 0 &&
	    server->connections * 100 >
		    server->connections_max * CONNECTIONS_PERCENT) {
		add(out, online, index, TENON_FINDING_WARNING, "connections",
		    alloc_format("%" PRIu64 " of its %" PRIu64
				 " connections are in use",
				 server->connections, server->connections_max),
		    "start memcached with a greater -c, or use fewer clients");
	}
	if (server->evictions > 0) {
		add(out, online, index, TENON_FINDING_NOTE, "evictions",
		    alloc_format("it dropped %" PRIu64
				 " items before their time in %.1f h, to make room",
				 server->evictions,
				 (double)server->uptime_s / 3600),
		    "start memcached with a greater -m, or add servers, when too many gets miss");
	}
	if (online->poll_timeout_ms > 0 &&
	    server->round_trip_ns / 500000 >
		    (uint64_t)online->poll_timeout_ms) {
		add(out, online, index, TENON_FINDING_WARNING, "slow-answer",
		    alloc_format("its fastest answer takes %.1f ms, and poll_timeout is %" PRId64
				 " ms",
				 (double)server->round_trip_ns / 1e6,
				 online->poll_timeout_ms),
		    "raise poll_timeout, or use servers that are nearer");
	}
}

static void judge_offers(struct online *online, size_t index,
			 struct online_findings *out)
{
	const struct online_server *server = &online->servers[index];

	if (server->flush == OFFER_NO && online->flush_is_allowed) {
		add(out, online, index, TENON_FINDING_WARNING, "no-flush",
		    alloc_text("it refuses flush_all, which enable_flush_all allows"),
		    "start memcached without -F, or remove enable_flush_all");
	}
	if (server->cas == OFFER_NO) {
		add(out, online, index, TENON_FINDING_NOTE, "no-cas",
		    alloc_text("it has no cas uniques, so cas fails"),
		    "start memcached without -C when an application uses cas");
	}
	if (server->gat == OFFER_NO) {
		add(out, online, index, TENON_FINDING_NOTE, "no-gat",
		    alloc_text("it does not know gat"),
		    "use get and touch, or memcached 1.5.3 or later");
	}
	if (server->meta == OFFER_NO) {
		add(out, online, index, TENON_FINDING_NOTE, "no-meta",
		    alloc_text("it has no meta commands, which explain --online needs"),
		    "use memcached 1.6 or later");
	}
}

/* ---- all servers --------------------------------------------------------------- */

/* A note when the servers have several versions: the first server that differs is named. */
static void judge_versions(struct online *online, struct online_findings *out)
{
	const struct online_server *first = NULL;

	for (size_t i = 0; i < online->count; i++) {
		const struct online_server *server = &online->servers[i];

		if (!server->version) {
			continue;
		}
		if (!first) {
			first = server;
		} else if (strcmp(first->version, server->version) != 0) {
			add(out, online, i, TENON_FINDING_NOTE, "versions",
			    alloc_format("its version is %s, and that of %s is %s",
					 server->version, first->info.alias,
					 first->version),
			    "use one version everywhere when their behaviour must not differ");
		}
	}
}

/* Errors come first. Findings of one severity stay in the order of the servers. */
static void sort(struct online_findings *findings)
{
	struct online_finding *list =
		alloc_array(findings->count, sizeof(*list));
	size_t count = 0;

	for (int severity = TENON_FINDING_ERROR; severity >= 0; severity--) {
		for (size_t i = 0; i < findings->count; i++) {
			if (findings->list[i].severity == severity) {
				list[count++] = findings->list[i];
			}
		}
	}
	free(findings->list);
	findings->list = list;
}

void online_judge(struct online *online, struct online_findings *out)
{
	*out = (struct online_findings){ 0 };
	for (size_t i = 0; i < online->count; i++) {
		if (online->servers[i].status < 0) {
			judge_failed(online, i, out);
			continue;
		}
		judge_clock(online, i, out);
		judge_certificates(online, i, out);
		judge_password(online, i, out);
		judge_items(online, i, out);
		judge_load(online, i, out);
		judge_offers(online, i, out);
	}
	judge_versions(online, out);
	sort(out);
}

void online_findings_fini(struct online_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].text);
		free(findings->list[i].servers);
	}
	free(findings->list);
}
