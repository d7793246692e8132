/* SPDX-License-Identifier: BSD-3-Clause */
/* The public functions of tenon/health.h that read the health of a client's servers. */
#include <string.h>

#include "api/client.h"
#include "base/clock.h"

int tenon_client_health(const struct tenon_client *client, size_t index,
			struct tenon_health *out)
{
	if (index >= client->engine.server_count) {
		return TENON_EINVAL;
	}
	tenon__health_read(&client->engine.health[index],
			   tenon__now_ns() / 1000000, out);
	return 0;
}

int tenon_client_health_reset(struct tenon_client *client)
{
	if (!tenon__client_enter(client)) {
		return TENON_EBUSY;
	}
	for (size_t i = 0; i < client->engine.server_count; i++) {
		tenon__health_reset(&client->engine.health[i]);
	}
	tenon__client_leave(client);
	return 0;
}

const char *tenon_certificate_state_name(int state)
{
	static const char *const names[] = {
		[TENON_CERTIFICATE_UNKNOWN] = "unknown",
		[TENON_CERTIFICATE_VALID] = "valid",
		[TENON_CERTIFICATE_ENDING] = "ending",
		[TENON_CERTIFICATE_ENDED] = "ended",
	};
	const int count = sizeof(names) / sizeof(names[0]);

	return names[state >= 0 && state < count ? state : 0];
}

/* ---- sums -------------------------------------------------------------- */

static void merge_state(struct tenon_health *into,
			const struct tenon_health *from)
{
	/* a server that some clients avoid is worse off than one that fails now and then */
	static const unsigned char badness[] = {
		[TENON_SERVER_UP] = 0,
		[TENON_SERVER_FAILING] = 1,
		[TENON_SERVER_REFUSING] = 2,
		[TENON_SERVER_PROBING] = 3,
		[TENON_SERVER_DOWN] = 4,
		[TENON_SERVER_MISCONFIGURED] = 5,
	};
	const size_t count = sizeof(badness);

	if (badness[from->state % count] > badness[into->state % count]) {
		into->state = from->state;
		into->state_at_ms = from->state_at_ms;
		into->retry_at_ms = from->retry_at_ms;
	}
	into->failures = from->failures > into->failures ? from->failures
							 : into->failures;
	if (from->error_status != 0 &&
	    (into->error_status == 0 ||
	     from->error_at_ms > into->error_at_ms)) {
		into->error_at_ms = from->error_at_ms;
		into->error_status = from->error_status;
		into->error_sys_errno = from->error_sys_errno;
		memcpy(into->error_text, from->error_text,
		       sizeof(into->error_text));
	}
}

/* The sum keeps its texts, if it has some, and has the certificate that ends first. */
static void merge_secure(struct tenon_secure_health *into,
			 const struct tenon_secure_health *from)
{
	if (into->protocol[0] == '\0') {
		memcpy(into->protocol, from->protocol, sizeof(into->protocol));
		memcpy(into->cipher, from->cipher, sizeof(into->cipher));
	}
	if (into->handshake_ns == 0) {
		into->handshake_ns = from->handshake_ns;
	}
	if (from->certificate_ends_s != 0 &&
	    (into->certificate_ends_s == 0 ||
	     from->certificate_ends_s < into->certificate_ends_s)) {
		into->certificate_ends_s = from->certificate_ends_s;
		into->certificate_state = from->certificate_state;
	}
	into->sessions += from->sessions;
	into->resumptions += from->resumptions;
	into->handshake_sum_ns += from->handshake_sum_ns;
	if (from->handshake_max_ns > into->handshake_max_ns) {
		into->handshake_max_ns = from->handshake_max_ns;
	}
}

static void merge_noreply(struct tenon_noreply_health *into,
			  const struct tenon_noreply_health *from)
{
	uint64_t errors = into->errors + from->errors;

	if (from->error_status != 0 &&
	    (into->error_status == 0 || from->error_at_ms > into->error_at_ms)) {
		*into = *from;
	}
	into->errors = errors;
}

void tenon_health_merge(struct tenon_health *into,
			const struct tenon_health *from)
{
	merge_state(into, from);
	merge_noreply(&into->noreply, &from->noreply);
	merge_secure(&into->secure, &from->secure);
	into->operations += from->operations;
	into->failed += from->failed;
	into->timeouts += from->timeouts;
	into->keys += from->keys;
	into->hits += from->hits;
	into->misses += from->misses;
	into->stored += from->stored;
	into->other += from->other;
	for (size_t i = 0; i < TENON_HEALTH_ERRORS; i++) {
		into->errors[i] += from->errors[i];
	}
	into->connects += from->connects;
	into->reconnects += from->reconnects;
	into->retries += from->retries;
	into->hops += from->hops;
	into->sent_bytes += from->sent_bytes;
	into->received_bytes += from->received_bytes;
	tenon_histogram_merge(&into->latency, &from->latency);
}
