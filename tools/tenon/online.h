/* SPDX-License-Identifier: BSD-3-Clause */
/* check --online: every server of the config is tried, and tells what it is and what it offers. */
#ifndef TENON_CLI_ONLINE_H
#define TENON_CLI_ONLINE_H

#include <jansson.h>

#include "cli.h"
#include "direct.h"
#include "findings.h"
#include "foreign.h"
#include "tenon/health.h"
#include "tenon/introspect.h"

/* What a server offers. */
enum offer { OFFER_UNKNOWN, OFFER_NO, OFFER_YES };

/* What one server told. A number that it did not tell is 0. */
struct online_server {
	struct tenon_server_info info;
	struct direct direct; /* its connection is closed; times and reason stay */
	int status;       /* of the first request: negative when the server cannot be used */
	char *reason;     /* of a negative status; NULL: the status says all */
	bool has_spoken;  /* a byte of an answer came, or a session of the secure plugin began */
	enum binary binary; /* it answered no text, and was asked in the binary protocol */
	bool wants_tls;   /* it closed a plain connection, and answers a handshake of TLS */
	char *version;    /* NULL: the server did not tell */
	uint64_t round_trip_ns; /* the shortest one; 0: unknown */
	bool has_time;
	int64_t skew_s; /* the server's clock is so much ahead of ours; 0: by less than 2 s */
	uint64_t item_max_bytes;
	uint64_t connections;
	uint64_t connections_max;
	uint64_t evictions;
	uint64_t uptime_s;
	enum offer meta, gat, cas, flush;
	enum offer auth; /* it wants authentication */
	struct tenon_secure_health secure;
	struct tenon_certificate *chain; /* that it sent, its own certificate first */
	size_t chain_count;
	int severity; /* of its worst finding: enum tenon_finding_severity; -1: none */
};

/* All servers, and the keys of the config that their answers are compared with. */
struct online {
	struct online_server *servers;
	size_t count;
	uint64_t item_max_bytes;
	int64_t connect_timeout_ms;
	int64_t poll_timeout_ms;
	bool flush_is_allowed;
	bool needs_meta; /* the config says `protocol: meta` */
};

/*
 * Try every server of the open client, and ask it. A server that does not answer holds the others
 * for some seconds at most. Returns false when no server could be asked: err has the reason. The
 * caller calls online_fini() in both cases.
 */
bool online_ask(struct online *out, struct app *app, struct tenon_error *err);
void online_fini(struct online *online);

/*
 * Return how far the clock of a server is ahead of ours, in seconds, from its whole seconds and our
 * time before and behind the question. memcached looks at its clock once a second, so its time may
 * be that of a second ago.
 */
int64_t online_skew_s(int64_t server_s, int64_t before_s, int64_t behind_s);

/* One thing that the answers show. Servers that have it in common are in one finding. */
struct online_finding {
	const char *name; /* such as "clock-skew" */
	int severity;     /* enum tenon_finding_severity */
	char *text;       /* what is found, and why it matters */
	const char *advice; /* the way out */
	size_t *servers;  /* indexes */
	size_t server_count;
};

struct online_findings {
	struct online_finding *list;
	size_t count;
};

/* Compare the answers with the config and with each other: errors first, notes last. */
void online_judge(struct online *online, struct online_findings *out);
void online_findings_fini(struct online_findings *findings);

/* Ask, judge, and print. findings are those of the config. Returns enum exit_status. */
int online_run(struct app *app, const struct findings *findings);

#endif
