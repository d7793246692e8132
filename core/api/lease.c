/* SPDX-License-Identifier: BSD-3-Clause */
/* Leases: the calls of tenon/lease.h but tenon_fetch(). Lock keys are in lease_lock.c. */
#include "api/lease.h"

#include <inttypes.h>

#include "api/lease_lock.h"
#include "base/clock.h"
#include "base/error.h"
#include "tenon/plugin/distribution.h"
#include "wire/exptime.h"
#include "wire/protocol.h"

/* ---- options ------------------------------------------------------------- */

static bool speaks_meta(const struct tenon_client *client)
{
	return client->engine.assembly->protocol->sends_more;
}

/* Check a number of the options: 0 to most. */
static int check_range(const char *name, int64_t number, int64_t most,
		       struct tenon_error *err)
{
	return number >= 0 && number <= most
		       ? 0
		       : tenon__error_set(err, TENON_EINVAL,
				"%s is %" PRId64 ", expected 0 to %" PRId64,
				name, number, most);
}

static int check_fields(const struct tenon_lease *lease, struct tenon_error *err)
{
	const struct {
		const char *name;
		int64_t number, most;
	} fields[] = {
		{ "lease_s", lease->lease_s, TENON_LEASE_MAX_S },
		{ "stale_for_s", lease->stale_for_s, TENON_LEASE_MAX_S },
		{ "refresh_s", lease->refresh_s,
		  TENON_LEASE_MAX_S - lease->stale_for_s },
		{ "wait_ms", lease->wait_ms, TENON_TIMEOUT_MAX_MS },
		{ "timeout_ms", lease->timeout_ms, TENON_TIMEOUT_MAX_MS },
	};
	const uint32_t known = TENON_RAW | TENON_NO_COMPRESS | TENON_FROM_NOW;
	int code = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && !code; i++) {
		code = check_range(fields[i].name, fields[i].number,
				   fields[i].most, err);
	}
	return code || !(lease->options & ~known)
		       ? code
		       : tenon__error_set(err, TENON_EINVAL,
				"options 0x%x are not allowed with a lease",
				lease->options);
}

int tenon__lease_read(struct tenon_lease *out, const struct tenon_lease *given,
		      const struct tenon_client *client, struct tenon_error *err)
{
	static const struct tenon_lease usual = { .size = sizeof(usual) };
	int code = tenon__options_copy(out, sizeof(*out), given ? given : &usual,
				       "tenon_lease", err);

	if (!code) {
		code = check_fields(out, err);
	}
	if (code) {
		return code;
	}
	if (!speaks_meta(client) && (out->stale_for_s || out->refresh_s)) {
		return tenon__error_set(err, TENON_EINVAL,
			"stale_for_s and refresh_s need `protocol: meta` in the config");
	}
	out->lease_s = out->lease_s ? out->lease_s : TENON_LEASE_S;
	if (!out->wait_ms) {
		out->wait_ms = out->lease_s < TENON_TIMEOUT_MAX_MS / 2000
				       ? 2000 * out->lease_s
				       : TENON_TIMEOUT_MAX_MS;
	}
	return 0;
}

int tenon__lease_check_exptime(const struct tenon_lease *lease, int64_t exptime,
			       struct tenon_error *err)
{
	return !lease->stale_for_s || exptime > 0
		       ? 0
		       : tenon__error_set(err, TENON_EINVAL,
				"exptime is %" PRId64 ": a value can be stale only behind an exptime of 1 or more",
				exptime);
}

/* ---- the item that is stored ----------------------------------------------- */

/*
 * Move the exptime of an item by the time for which its value may be stale. *from_now becomes true
 * when the exptime is seconds from now, whatever its size.
 * Errors: TENON_EINVAL.
 */
static int keep_longer(struct tenon_item *item, const struct tenon_lease *lease,
		       bool *from_now, struct tenon_error *err)
{
	int code = tenon__lease_check_exptime(lease, item->exptime, err);

	if (code || !lease->stale_for_s) {
		return code;
	}
	*from_now |= !tenon__exptime_unclear(item->exptime);
	if (item->exptime <= TENON_EXPTIME_MAX_S - lease->stale_for_s) {
		item->exptime += lease->stale_for_s;
	}
	return 0;
}

/* ---- over meta ------------------------------------------------------------- */

/* Read the value with a lease, and mark one that is older than its exptime. */
static int look_leased(struct tenon_client *client, const struct tenon_item *item,
		       const struct tenon_lease *lease, struct tenon_result *out,
		       struct tenon_error *err)
{
	const struct tenon_call call = {
		.size = sizeof(call),
		.options = lease->options & ~TENON_FROM_NOW,
		.timeout_ms = lease->timeout_ms,
		.lease_s = lease->lease_s,
		.refresh_s = lease->refresh_s + lease->stale_for_s,
	};
	int code = tenon__run_one(client, TENON_GETS, item, &call, out, err);

	if (out->status == TENON_HIT && out->ttl_s >= 0 &&
	    out->ttl_s < tenon__request_early_s(client->operation.requests.list,
						lease->stale_for_s)) {
		out->marks |= TENON_MARK_STALE;
	}
	return code;
}

/* Run a delete with these options on an item. */
static int delete_leased(struct tenon_client *client,
			 const struct tenon_item *item, unsigned options,
			 const struct tenon_lease *lease,
			 struct tenon_result *out, struct tenon_error *err)
{
	const struct tenon_call call = {
		.size = sizeof(call),
		.options = (lease->options & TENON_RAW) | options,
		.timeout_ms = lease->timeout_ms,
	};

	return tenon__run_one(client, TENON_DELETE, item, &call, out, err);
}

/* The comparison lets one of all callers delete a ruin, and none deletes what was stored since then. */
static int get_leased(struct tenon_client *client, const struct tenon_item *asked,
		      const struct tenon_lease *lease, struct tenon_result *out,
		      struct tenon_error *err)
{
	struct tenon_item item = { .key = asked->key,
				   .routing_key = lease->routing_key };
	int code = look_leased(client, &item, lease, out, err);

	if (code || !tenon__lease_is_ruin(out)) {
		return code;
	}
	item.cas = out->cas;
	code = delete_leased(client, &item, TENON_COMPARE, lease, out, err);
	return code ? code : look_leased(client, &item, lease, out, err);
}

static int fill_leased(struct tenon_client *client, const struct tenon_item *item,
		       const struct tenon_lease *lease, struct tenon_result *out,
		       struct tenon_error *err)
{
	struct tenon_item longer = *item;
	bool from_now = lease->options & TENON_FROM_NOW;
	int code = keep_longer(&longer, lease, &from_now, err);

	if (code) {
		out->status = code;
		return code;
	}
	const struct tenon_call call = {
		.size = sizeof(call),
		.options = lease->options | (from_now ? TENON_FROM_NOW : 0),
		.timeout_ms = lease->timeout_ms,
	};
	return tenon__run_one(client, TENON_CAS, &longer, &call, out, err);
}

static int invalidate_leased(struct tenon_client *client,
			     const struct tenon_item *asked,
			     const struct tenon_lease *lease,
			     struct tenon_result *out, struct tenon_error *err)
{
	const struct tenon_item item = {
		.key = asked->key,
		.routing_key = lease->routing_key,
		.exptime = lease->stale_for_s ? lease->stale_for_s
					      : lease->lease_s,
	};

	return delete_leased(client, &item, TENON_INVALIDATE, lease, out, err);
}

/* Ask who has the lease of an item. *out has no value: TENON_MISS with a cas unique is a leased absent key. */
static int ask_leased(struct tenon_client *client, const struct tenon_item *item,
		      const struct tenon_lease *lease, struct tenon_result *out,
		      struct tenon_error *err)
{
	const struct tenon_call call = {
		.size = sizeof(call),
		.options = TENON_FACTS,
		.timeout_ms = lease->timeout_ms,
	};

	return tenon__run_one(client, TENON_GETS, item, &call, out, err);
}

/*
 * Give back the lease of an absent key: its placeholder is deleted. A value stays instead, and becomes stale:
 * that is what lets another caller win. It keeps its end.
 *
 * The look can win a lease itself, of an item that somebody has invalidated meanwhile. Nobody would know
 * that, so this lease is given back too.
 */
static int give_back_leased(struct tenon_client *client,
			    const struct tenon_item *item,
			    const struct tenon_lease *lease,
			    struct tenon_result *out, struct tenon_error *err)
{
	struct tenon_item leased = { .key = item->key,
				     .routing_key = item->routing_key };
	int code = ask_leased(client, &leased, lease, out, err);
	bool ours = out->cas == item->cas && (out->marks & TENON_MARK_TAKEN);
	unsigned keep = out->status == TENON_HIT ? TENON_INVALIDATE : 0;

	if (code || !out->cas) {
		return code;
	}
	leased.cas = out->cas;
	if (ours || (out->marks & TENON_MARK_WON)) {
		code = delete_leased(client, &leased,
				     TENON_RAW | TENON_COMPARE | keep, lease,
				     out, err);
	}
	if (!ours && !code) {
		*out = (struct tenon_result){ .status = TENON_EXISTS,
					      .server = out->server };
	}
	return code;
}

/* ---- the calls -------------------------------------------------------------- */

/* The arguments of a call that has an item. `given` and `out` may be NULL. */
struct asked {
	struct tenon_client *client;
	const struct tenon_item *item;
	const struct tenon_lease *given;
	struct tenon_result *out;
	struct tenon_error *err;
};

/* Read the options, and run the call over leases of the protocol or over lock keys. */
static int run(const struct asked *asked, tenon__lease_fn *leased,
	       tenon__lease_fn *locked)
{
	struct tenon_client *client = asked->client;
	struct tenon_result unused;
	struct tenon_result *out = asked->out ? asked->out : &unused;
	struct tenon_lease lease;

	tenon__error_clear(asked->err);
	int code = tenon__lease_read(&lease, asked->given, client, asked->err);

	*out = (struct tenon_result){ .status = code,
				      .server = TENON_NO_SERVER };
	return code ? code
		    : (speaks_meta(client) ? leased : locked)(
			      client, asked->item, &lease, out, asked->err);
}

int tenon_get_or_lease(struct tenon_client *client, struct tenon_slice key,
		       const struct tenon_lease *lease, struct tenon_result *out,
		       struct tenon_error *err)
{
	const struct tenon_item item = { .key = key };

	return run(&(struct asked){ client, &item, lease, out, err },
		   get_leased, tenon__lock_get);
}

int tenon_fill(struct tenon_client *client, const struct tenon_item *item,
	       const struct tenon_lease *lease, struct tenon_result *out,
	       struct tenon_error *err)
{
	return run(&(struct asked){ client, item, lease, out, err },
		   fill_leased, tenon__lock_fill);
}

int tenon_invalidate(struct tenon_client *client, struct tenon_slice key,
		     const struct tenon_lease *lease, struct tenon_result *out,
		     struct tenon_error *err)
{
	const struct tenon_item item = { .key = key };

	return run(&(struct asked){ client, &item, lease, out, err },
		   invalidate_leased, tenon__lock_delete);
}

int tenon_give_back(struct tenon_client *client, const struct tenon_item *item,
		    const struct tenon_lease *lease, struct tenon_result *out,
		    struct tenon_error *err)
{
	return run(&(struct asked){ client, item, lease, out, err },
		   give_back_leased, tenon__lock_give_back);
}

int tenon_info(struct tenon_client *client, struct tenon_slice key,
	       struct tenon_result *out, struct tenon_error *err)
{
	const struct tenon_item item = { .key = key };
	const struct tenon_call call = { .size = sizeof(call),
					 .options = TENON_FACTS };

	return tenon__run_one(client, TENON_GETS, &item, &call, out, err);
}
