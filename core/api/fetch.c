/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon_fetch(): one of all callers makes a value, the others wait for it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "api/lease.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random_bits.h"

/* The first wait between two looks, and the longest, without jitter. */
#define WAIT_FIRST_MS 10
#define WAIT_MOST_MS 200

/* One call of tenon_fetch(). */
struct fetch {
	struct tenon_client *client;
	struct tenon_slice key;
	struct tenon_lease lease; /* with all fields */
	tenon_fetch_fn function;
	void *user;
	struct tenon_result *out;
	struct tenon_error *err;
	int64_t until_ns; /* the end of the waits; 0: none has begun */
	int64_t wait_ms;  /* the next wait, without jitter */
};

/* Answer the call without a value. Returns code. */
static int fail(struct fetch *fetch, int code)
{
	*fetch->out = (struct tenon_result){ .status = code,
					     .server = fetch->out->server };
	return code;
}

/* ---- waiting ------------------------------------------------------------------- */

/* Wait, through the hook of the client when it has one. Returns 0, or TENON_EWAIT with a sentence. */
static int wait_ms(const struct fetch *fetch, int ms)
{
	const struct tenon__waits *waits = &fetch->client->waits;
	int ready = waits->wait ? waits->wait(NULL, 0, ms, waits->wait_payload)
				: poll(NULL, 0, ms);

	if (ready >= 0) {
		return 0;
	}
	int number = errno;
	if (number == EINTR && !(waits->interrupt &&
				 waits->interrupt(waits->interrupt_payload))) {
		return 0;
	}
	int code = tenon__error_set(fetch->err, TENON_EWAIT,
		"the wait for the value of another caller was ended: %s",
		strerror(number));
	if (fetch->err) {
		fetch->err->sys_errno = number;
	}
	return code;
}

/* Wait a little before the next look: between half of fetch->wait_ms and all of it. */
static int wait_a_little(struct fetch *fetch)
{
	int64_t now_ns = tenon__now_ns();
	int64_t half_ms = fetch->wait_ms / 2;
	int64_t ms = half_ms + (int64_t)(tenon__random() % (uint64_t)(half_ms + 1));

	if (fetch->until_ns == 0) {
		fetch->until_ns = now_ns + fetch->lease.wait_ms * 1000000;
	}
	int64_t left_ms = (fetch->until_ns - now_ns + 999999) / 1000000;
	if (left_ms <= 0) {
		return tenon__error_set(fetch->err, TENON_ETIMEDOUT,
			"another caller has the lease and did not store the value within wait_ms (%" PRId64
			" ms)", fetch->lease.wait_ms);
	}
	if (fetch->wait_ms < WAIT_MOST_MS) {
		fetch->wait_ms *= 2;
	}
	return wait_ms(fetch, (int)(ms < left_ms ? ms : left_ms));
}

/* ---- making the value ------------------------------------------------------------ */

/* Copy bytes, with a NUL behind them, into the memory of the client's results. */
static char *keep(struct tenon_client *client, struct tenon_slice bytes)
{
	if (!tenon__client_enter(client)) {
		return NULL;
	}
	char *copy = tenon__arena_alloc(&client->operation.arena, bytes.len + 1);
	if (copy) {
		if (bytes.len > 0) {
			memcpy(copy, bytes.data, bytes.len);
		}
		copy[bytes.len] = '\0';
	}
	tenon__client_leave(client);
	return copy;
}

/* Make the item of the function the result. why: the value was not stored; "": it was. */
static int give(struct fetch *fetch, const struct tenon_item *item,
		uint32_t server, const char *why)
{
	char *value = keep(fetch->client, item->value);
	char *text = value && why[0] ? keep(fetch->client, tenon_slice_of(why))
				     : NULL;

	if (!value || (why[0] && !text)) {
		tenon__error_no_memory(fetch->err);
		return fail(fetch, TENON_ENOMEM);
	}
	*fetch->out = (struct tenon_result){
		.status = TENON_HIT,
		.marks = TENON_MARK_WON,
		.flags = item->flags,
		.value = value,
		.value_len = item->value.len,
		.text = text,
		.server = server,
	};
	return 0;
}

/* Nothing is stored: give the lease back, so that another caller can try at once. */
static void give_back(struct fetch *fetch, uint64_t token)
{
	const struct tenon_item item = { .key = fetch->key,
					 .routing_key = fetch->lease.routing_key,
					 .cas = token };

	(void)tenon_give_back(fetch->client, &item, &fetch->lease, NULL, NULL);
}

/* The function has no value. */
static int give_up(struct fetch *fetch, uint64_t token, int code)
{
	give_back(fetch, token);
	if (code > 0) {
		code = TENON_EINVAL;
	}
	return fail(fetch, tenon__error_set(fetch->err, code,
		"the fetch function made no value: %s", tenon_status_name(code)));
}

/* The caller has won: call the function, and store its value. */
static int make(struct fetch *fetch)
{
	const uint64_t token = fetch->out->cas;
	struct tenon_item item = { .key = fetch->key,
				   .routing_key = fetch->lease.routing_key,
				   .exptime = fetch->lease.exptime };
	struct tenon_result filled;
	struct tenon_error err;
	int code = fetch->function(fetch->user, &item);

	if (code) {
		return give_up(fetch, token, code);
	}
	item.cas = token;
	code = tenon_fill(fetch->client, &item, &fetch->lease, &filled, &err);
	if (code) {
		give_back(fetch, token);
	}
	return give(fetch, &item, filled.server,
		    code			     ? err.message
		    : filled.status == TENON_STORED ? ""
						     : tenon_status_name(filled.status));
}

/* ---- the call ------------------------------------------------------------------- */

static int run(struct fetch *fetch)
{
	for (;;) {
		struct tenon_result *out = fetch->out;
		int code = tenon_get_or_lease(fetch->client, fetch->key,
					      &fetch->lease, out, fetch->err);

		if (code) {
			return code;
		}
		if (out->marks & TENON_MARK_WON) {
			return make(fetch);
		}
		if (out->status == TENON_HIT) {
			return 0;
		}
		code = wait_a_little(fetch);
		if (code) {
			return fail(fetch, code);
		}
	}
}

int tenon_fetch(struct tenon_client *client, struct tenon_slice key,
		const struct tenon_lease *lease, tenon_fetch_fn function,
		void *user, struct tenon_result *out, struct tenon_error *err)
{
	struct tenon_result unused;
	struct fetch fetch = {
		.client = client,
		.key = key,
		.function = function,
		.user = user,
		.out = out ? out : &unused,
		.err = err,
		.wait_ms = WAIT_FIRST_MS,
	};

	tenon__error_clear(err);
	fetch.out->server = UINT32_MAX;
	int code = tenon__lease_read(&fetch.lease, lease, client, err);
	if (!code) {
		code = tenon__lease_check_exptime(&fetch.lease,
						  fetch.lease.exptime, err);
	}
	return code ? fail(&fetch, code) : run(&fetch);
}
