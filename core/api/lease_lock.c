/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leases over a protocol without leases. The winner is the caller that adds the lock key, KEY:lease,
 * whose value is a random token. tenon/lease.h says what is weaker.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/lease_lock.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random_bits.h"

#define SUFFIX ":lease"
#define SUFFIX_BYTES (sizeof(SUFFIX) - 1)
/* A token: 20 digits, and a NUL. */
#define TOKEN_BYTES 21

/* One call on a key and its lock key. */
struct lock {
	struct tenon_client *client;
	const struct tenon_lease *lease;
	struct tenon_error *err;
	struct tenon_item key;  /* the key, and what else the command needs */
	struct tenon_item lock; /* the same for the lock key */
	int64_t latest_ns;	/* what the operation of the client had before */
	char name[TENON_KEY_MAX_BYTES];
};

/* ---- the two keys ------------------------------------------------------------- */

/* All round trips of the call share one deadline. */
static void begin_deadline(struct lock *lock)
{
	struct tenon__operation *op = &lock->client->operation;
	int64_t timeout_ms = lock->lease->timeout_ms
				     ? lock->lease->timeout_ms
				     : op->assembly->poll_timeout_ms;
	int64_t until_ns = tenon__now_ns() + timeout_ms * 1000000;

	op->latest_ns = until_ns < op->latest_ns ? until_ns : op->latest_ns;
}

/* Return how long a key may be, so that its lock key is no longer than TENON_KEY_MAX_BYTES. 0: no key fits. */
static size_t most_key_bytes(const struct tenon_client *client)
{
	size_t taken = client->engine.assembly->prefix.len + SUFFIX_BYTES;

	return taken < TENON_KEY_MAX_BYTES ? TENON_KEY_MAX_BYTES - taken : 0;
}

/* A key leaves no room for the rest of its lock key. Returns TENON_EKEY, which *out gets too. */
static int refuse_key(size_t key_bytes, size_t most, const struct tenon_client *client,
		      struct tenon_result *out, struct tenon_error *err)
{
	out->status = TENON_EKEY;
	return most > 0
		? tenon__error_set(err, TENON_EKEY,
			"the key has %zu bytes: over classic text a lease is the item KEY" SUFFIX
			", so the key may have %zu", key_bytes, most)
		: tenon__error_set(err, TENON_EKEY,
			"over classic text a lease is the item KEY" SUFFIX
			": the prefix has %zu bytes, and leaves no room for a key",
			client->engine.assembly->prefix.len);
}

/* Begin a call on a key. lock_end() ends it. Errors: TENON_EKEY, which *out gets too. */
static int lock_begin(struct lock *lock, struct tenon_client *client,
		      struct tenon_slice key, const struct tenon_lease *lease,
		      struct tenon_result *out, struct tenon_error *err)
{
	size_t most = most_key_bytes(client);
	int64_t latest_ns = client->operation.latest_ns;

	*lock = (struct lock){
		.client = client,
		.lease = lease,
		.err = err,
		.latest_ns = latest_ns,
		.key = { .key = key, .routing_key = lease->routing_key },
	};
	if (key.len > most) {
		return refuse_key(key.len, most, client, out, err);
	}
	if (key.len > 0) {
		memcpy(lock->name, key.data, key.len);
	}
	memcpy(lock->name + key.len, SUFFIX, SUFFIX_BYTES);
	lock->lock = lock->key;
	lock->lock.key = (struct tenon_slice){ lock->name,
					       key.len + SUFFIX_BYTES };
	begin_deadline(lock);
	return 0;
}

static int lock_end(struct lock *lock, int code)
{
	lock->client->operation.latest_ns = lock->latest_ns;
	return code;
}

/* Run a command on the key, with those options of the lease that the mask has. */
static int on_key(struct lock *lock, enum tenon_verb verb, unsigned mask,
		  struct tenon_result *out)
{
	const struct tenon_call call = {
		.size = sizeof(call),
		.options = lock->lease->options & mask,
		.timeout_ms = lock->lease->timeout_ms,
	};

	return tenon__run_one(lock->client, verb, &lock->key, &call, out,
			      lock->err);
}

/* Run a command on an item as it is: no codec sees it. */
static int run_raw(struct lock *lock, enum tenon_verb verb,
		   const struct tenon_item *item, struct tenon_result *out)
{
	const struct tenon_call call = {
		.size = sizeof(call),
		.options = TENON_RAW,
		.timeout_ms = lock->lease->timeout_ms,
	};

	return tenon__run_one(lock->client, verb, item, &call, out, lock->err);
}

static int on_lock(struct lock *lock, enum tenon_verb verb,
		   struct tenon_result *out)
{
	return run_raw(lock, verb, &lock->lock, out);
}

/* ---- get ------------------------------------------------------------------------ */

static void put_token(char out[TOKEN_BYTES], uint64_t token)
{
	snprintf(out, TOKEN_BYTES, "%020" PRIu64, token);
}

static int look(struct lock *lock, struct tenon_result *out)
{
	return on_key(lock, TENON_GETS, TENON_RAW | TENON_NO_COMPRESS, out);
}

/* Add the lock key. *token becomes what it holds. */
static int take(struct lock *lock, uint64_t *token, struct tenon_result *out)
{
	char text[TOKEN_BYTES];

	*token = tenon__random() | 1;
	put_token(text, *token);
	lock->lock.value = tenon_slice_of(text);
	lock->lock.exptime = lock->lease->lease_s;
	return on_lock(lock, TENON_ADD, out);
}

/*
 * The item is there, but a chunk of its split value is lost. tenon__lock_fill() adds the value, so the item
 * has to go: it is replaced, if nobody else has done that, by one that has expired. out->status
 * becomes TENON_EXISTS when somebody has.
 */
static int clear_ruin(struct lock *lock, struct tenon_result *out)
{
	const struct tenon_item expired = { .key = lock->key.key,
					    .routing_key = lock->key.routing_key,
					    .exptime = -1,
					    .cas = out->cas };

	return run_raw(lock, TENON_CAS, &expired, out);
}

/*
 * The key was absent, and the caller has the lock key now. The winner before may have stored the value
 * in between: look again.
 */
static int confirm(struct lock *lock, uint64_t token, struct tenon_result *out)
{
	int code = look(lock, out);

	if (tenon__lease_is_ruin(out)) {
		code = clear_ruin(lock, out);
	}
	if (out->status == TENON_MISS || out->status == TENON_STORED) {
		out->status = TENON_MISS;
		out->marks = TENON_MARK_WON;
		out->cas = token;
	}
	if (out->status != TENON_HIT && out->status != TENON_EXISTS) {
		return code;
	}
	code = on_lock(lock, TENON_DELETE, out);
	return code ? code : look(lock, out); /* the delete took the value away */
}

/* The key was absent. */
static int take_or_wait(struct lock *lock, struct tenon_result *out)
{
	uint64_t token;
	int code = take(lock, &token, out);

	if (out->status == TENON_STORED) {
		return confirm(lock, token, out);
	}
	if (out->status == TENON_NOT_STORED) {
		out->status = TENON_MISS;
		out->marks = TENON_MARK_TAKEN;
	}
	return code;
}

int tenon__lock_get(struct tenon_client *client, const struct tenon_item *item,
		    const struct tenon_lease *lease, struct tenon_result *out,
		    struct tenon_error *err)
{
	struct lock lock;
	int code = lock_begin(&lock, client, item->key, lease, out, err);

	if (code) {
		return code;
	}
	code = look(&lock, out);
	if (out->status == TENON_MISS) {
		code = take_or_wait(&lock, out);
	}
	return lock_end(&lock, code);
}

/* ---- fill ------------------------------------------------------------------------ */

/*
 * Look whether the caller still has the lease. out->status becomes TENON_HIT when it does, TENON_MISS
 * when the lease is over, and TENON_EXISTS when another caller has it.
 */
static int verify(struct lock *lock, uint64_t token, struct tenon_result *out)
{
	char text[TOKEN_BYTES];
	int code = on_lock(lock, TENON_GET, out);

	put_token(text, token);
	if (out->status == TENON_HIT &&
	    (out->value_len != strlen(text) ||
	     memcmp(out->value, text, out->value_len) != 0)) {
		out->status = TENON_EXISTS;
	}
	out->value = NULL;
	out->value_len = 0;
	return code;
}

/*
 * Begin a call of a caller that may have the lease. out->status becomes TENON_HIT when it has, as by
 * verify().
 */
static int begin_held(struct lock *lock, struct tenon_client *client,
		      const struct tenon_item *item,
		      const struct tenon_lease *lease, struct tenon_result *out,
		      struct tenon_error *err)
{
	int code = lock_begin(lock, client, item->key, lease, out, err);

	if (code) {
		return code;
	}
	lock->key = *item;
	lock->lock.routing_key = item->routing_key;
	return verify(lock, item->cas, out);
}

int tenon__lock_fill(struct tenon_client *client, const struct tenon_item *item,
		     const struct tenon_lease *lease, struct tenon_result *out,
		     struct tenon_error *err)
{
	struct tenon_result ignored;
	struct lock lock;
	int code = begin_held(&lock, client, item, lease, out, err);

	if (out->status != TENON_HIT) {
		return lock_end(&lock, code);
	}
	code = on_key(&lock, TENON_ADD, UINT32_MAX, out);
	if (out->status == TENON_NOT_STORED) {
		out->status = TENON_EXISTS;
	}
	if (out->status == TENON_STORED) {
		code = on_lock(&lock, TENON_DELETE, &ignored);
	}
	return lock_end(&lock, code);
}

/* ---- delete ---------------------------------------------------------------------- */

/* The lock key goes first, so that a fill that is on its way finds the lease over. */
int tenon__lock_delete(struct tenon_client *client,
		       const struct tenon_item *item,
		       const struct tenon_lease *lease, struct tenon_result *out,
		       struct tenon_error *err)
{
	struct lock lock;
	int code = lock_begin(&lock, client, item->key, lease, out, err);

	if (code) {
		return code;
	}
	code = on_lock(&lock, TENON_DELETE, out);
	if (!code) {
		code = on_key(&lock, TENON_DELETE, TENON_RAW, out);
	}
	return lock_end(&lock, code);
}

int tenon__lock_give_back(struct tenon_client *client,
			  const struct tenon_item *item,
			  const struct tenon_lease *lease,
			  struct tenon_result *out, struct tenon_error *err)
{
	struct lock lock;
	int code = begin_held(&lock, client, item, lease, out, err);

	if (out->status == TENON_HIT) {
		code = on_lock(&lock, TENON_DELETE, out);
	}
	return lock_end(&lock, code);
}
