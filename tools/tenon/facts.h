/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Facts about one item on a certain server, asked by the library: so over TLS, and with user and
 * password, when the config has them for that server.
 */
#ifndef TENON_CLI_FACTS_H
#define TENON_CLI_FACTS_H

#include "cli.h"

enum facts_state {
	FACTS_FOUND,
	FACTS_ABSENT,
	FACTS_UNKNOWN, /* the server has no meta commands */
	FACTS_FAILED   /* no proper answer; text says why */
};

/* An item on one server. The numbers are set when state is FACTS_FOUND. */
struct facts_item {
	enum facts_state state;
	char text[160]; /* the reason, for FACTS_FAILED and FACTS_UNKNOWN */
	uint64_t value_bytes;
	uint32_t flags;
	int64_t ttl_s;   /* seconds left; -1: the item does not expire */
	uint64_t idle_s; /* seconds since the last access */
	bool fetched;    /* the item was read since it was stored */
	uint32_t marks;  /* TENON_MARK_STALE, _WON and _TAKEN */
};

struct facts {
	struct app app;      /* a copy, with a client of its own that speaks meta */
	char **routing_keys; /* by server; NULL: the server is home to no key */
	size_t count;
};

/*
 * Open a client with the config of app, which then has `protocol: meta` and `failover: none`. Makes no
 * connection. Returns 0, or a negative enum tenon_status. The caller calls facts_close() in both cases.
 */
int facts_open(struct facts *out, const struct app *app,
	       struct tenon_error *err);
void facts_close(struct facts *facts);

/*
 * Ask this server for an item, wherever its home is. The question does not count as an access. When it
 * wins the right to refresh a stale item, it gives the right back.
 */
void facts_read(struct facts *facts, struct tenon_item item, uint32_t server,
		struct facts_item *out);

#endif
