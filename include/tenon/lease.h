/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/lease.h
 * @brief Leases: one caller makes a value that is absent or old, the others wait or use the old one.
 *
 * When a popular key expires, all callers miss at once, and all ask the database. With a lease, the
 * first of them wins the right to store the value. tenon_fetch() does all of it for a function of the
 * caller; the other calls are its parts.
 *
 * Over `protocol: meta` the server keeps the lease in the item itself. Over the classic text protocol
 * the lease is an item of its own, the lock key KEY:lease, which the winner adds. That is weaker:
 * - The calls take two to four round trips, and the key may have 6 bytes less. With a prefix of 244
 *   bytes or more no key has room: TENON_EKEY.
 * - There are no stale values: stale_for_s and refresh_s are TENON_EINVAL, tenon_invalidate() deletes.
 * - A plain tenon_delete() of the key does not end the lease, and a value that was made before the
 *   delete can be stored behind it. tenon_invalidate() ends the lease, except between the last two
 *   round trips of a fill.
 * - When a server evicts the lock key, or a failover policy sends the two keys to other servers, there
 *   can be two winners.
 *
 * A failover policy can limit the life of items: failover `gutter` does, by gutter_ttl, on the spare
 * servers. An item of a spare server can end before its exptime, so the time that it has left does not tell
 * how old its value is. There a value counts as stale, or is refreshed early, for half of gutter_ttl at most,
 * whatever stale_for_s and refresh_s say. With a gutter_ttl of 1 s there are neither.
 *
 * All readers and writers of a key use the same protocol. Over meta, a key whose first value is being
 * made is an item with an empty value, the placeholder, and ends after lease_s:
 * - A retrieval over meta is a miss. A client that speaks classic text gets the empty value.
 * - Other commands find the placeholder. touch is TENON_TOUCHED, add is TENON_NOT_STORED, incr and decr are
 *   TENON_ECLIENT. set and replace store, and end the lease.
 * - append and prepend store, too: the value is then the appended part alone, it ends when the placeholder
 *   would have, and the fill of the winner is TENON_EXISTS.
 * - touch and gat move the end of the lease, so use neither for a key that may be absent: an exptime of a day
 *   lets all callers wait for a day when the winner dies.
 * - An empty value that is stale, or that is refreshed early, looks like a placeholder: it is a miss, never
 *   an old value. So an empty value cannot be used while the next one is made.
 *
 * A get with a lease goes again when its connection was closed behind it (see tenon_run()). When the server
 * had given the lease to the first copy, the second one finds it taken: all callers wait for lease_s once.
 *
 * A value that codec split has to split needs `format: sealed`: a fill depends on what is stored, and
 * libmc's format splits for set only.
 *
 * Stability: client ABI. struct tenon_lease can grow, because its `size` says which of its fields the
 * caller knows.
 */
#ifndef TENON_LEASE_H
#define TENON_LEASE_H

#include "tenon/tenon.h"

TENON_BEGIN_DECLS

/** lease_s of a struct tenon_lease that does not say. */
#define TENON_LEASE_S 10

/**
 * Options of the calls below. A field that is 0 has its default, so a caller sets `size` and the
 * fields that it needs: `const struct tenon_lease lease = { .size = sizeof(lease), .exptime = 60 };`.
 *
 * A program that was compiled with a newer header than the library's gets TENON_EINVAL when it sets a
 * field that the library does not know.
 */
struct tenon_lease {
	uint32_t size;    /**< sizeof(struct tenon_lease) */
	uint32_t options; /**< a sum of TENON_RAW, TENON_NO_COMPRESS and TENON_FROM_NOW, as for tenon_run() */
	/**
	 * How long the winner has to store the value, in seconds: 1 to TENON_LEASE_MAX_S. 0: TENON_LEASE_S.
	 * When the winner of an absent key dies, the next caller wins after that time. The winner of a value
	 * that is stale or expires soon is not replaced: see stale_for_s.
	 */
	int64_t lease_s;
	/**
	 * How long a value stays behind its exptime, in seconds, 0 to TENON_LEASE_MAX_S: one caller makes
	 * the new one, all others have the old one with TENON_MARK_STALE. When that caller dies without
	 * tenon_give_back(), the old value is used until this time is over; then the key is absent, and the next
	 * caller wins. 0: a value is gone at its exptime. Give the same number to all calls. Needs
	 * `protocol: meta`.
	 */
	int64_t stale_for_s;
	/**
	 * How long before its exptime one caller makes a value anew, in seconds, 0 to TENON_LEASE_MAX_S.
	 * The others have the value, with TENON_MARK_TAKEN. When that caller dies, they have it until its
	 * exptime, and for stale_for_s behind that. Needs `protocol: meta`.
	 */
	int64_t refresh_s;
	/**
	 * tenon_fetch(): of the value that is stored, as in struct tenon_item. 1 or more with stale_for_s.
	 */
	int64_t exptime;
	/**
	 * tenon_fetch(): how long to wait for the value of another caller, in milliseconds, 1 to
	 * TENON_TIMEOUT_MAX_MS. 0: twice lease_s, so that a caller whose winner dies wins after it.
	 */
	int64_t wait_ms;
	int64_t timeout_ms; /**< for the network work of one look or one store, as in struct tenon_call */
	struct tenon_slice routing_key; /**< as in struct tenon_item */
};

/**
 * Read a value, or learn who makes it. Five answers:
 * - TENON_HIT: the value is there.
 * - TENON_MISS with TENON_MARK_WON: make the value, and store it by tenon_fill() with out->cas.
 * - TENON_MISS with TENON_MARK_TAKEN: another caller makes it. Look again a little later.
 * - TENON_HIT with TENON_MARK_WON: use the value, make the next one, and store it by tenon_fill(). With
 *   TENON_MARK_STALE, the exptime of the value is over, or tenon_invalidate() was called; otherwise the
 *   value expires soon (refresh_s).
 * - TENON_HIT with TENON_MARK_TAKEN: use the value; another caller makes the next one.
 * Shape:   lease NULL: every option has its default. out may be NULL.
 * Returns: 0 when the server answered. Otherwise a negative enum tenon_status.
 * Owns:    value and text of *out are the client's, until its next operation.
 * Errors:  those of tenon_run(). TENON_EINVAL: a field of *lease is out of range, or needs another
 *          protocol. TENON_EKEY: also a key that is too long for its lock key.
 * Threads: one call at a time per client.
 * Cost:    over meta one round trip. Over classic text one for a hit, two for a miss, three to win. A
 *          split value that has lost a chunk is a miss, and what is left of it is deleted first.
 */
int tenon_get_or_lease(struct tenon_client *client, struct tenon_slice key,
		       const struct tenon_lease *lease,
		       struct tenon_result *out, struct tenon_error *err);

/**
 * Store the value that the caller has won the right to make. The item stays stale_for_s longer than
 * its exptime says.
 * Shape:   item->cas is the token of tenon_get_or_lease(). item->routing_key is as for tenon_set(); the
 *          one of *lease is not read.
 * Returns: 0 when the server answered: TENON_STORED; TENON_EXISTS: somebody has stored or invalidated
 *          the key, or won the lease, since then; TENON_MISS: somebody has deleted the key, or the
 *          lease is over. Otherwise a negative enum tenon_status.
 * Owns:    text of *out is the client's, until its next operation.
 * Errors:  those of tenon_get_or_lease(). TENON_EINVAL: also an exptime of 0 or less with stale_for_s.
 * Threads: one call at a time per client.
 * Cost:    over meta one round trip, over classic text three.
 */
int tenon_fill(struct tenon_client *client, const struct tenon_item *item,
	       const struct tenon_lease *lease, struct tenon_result *out,
	       struct tenon_error *err);

/**
 * Give a lease back without a value, so that the next caller wins at once. A value that is there stays:
 * it counts as stale from now on, also when it was won early (refresh_s), and ends when it did before.
 * Shape:   key, cas and routing_key of *item are read, as by tenon_fill().
 * Returns: 0 when the server answered: TENON_DELETED: the lease is given back; TENON_EXISTS, TENON_MISS:
 *          the caller has the lease no more. Otherwise a negative enum tenon_status.
 * Owns:    text of *out is the client's, until its next operation.
 * Errors:  those of tenon_get_or_lease().
 * Threads: one call at a time per client.
 * Cost:    two round trips.
 */
int tenon_give_back(struct tenon_client *client, const struct tenon_item *item,
		    const struct tenon_lease *lease, struct tenon_result *out,
		    struct tenon_error *err);

/**
 * Say that the value of a key is out of date. Over meta the value stays as a stale one, for stale_for_s,
 * or for lease_s when that is 0, and the next caller of tenon_get_or_lease() wins. Over classic text the
 * value is deleted. A fill that is on its way is not stored.
 * Returns: 0 when the server answered: TENON_DELETED, TENON_MISS. Otherwise a negative enum
 *          tenon_status.
 * Owns:    text of *out is the client's, until its next operation.
 * Errors:  those of tenon_get_or_lease().
 * Threads: one call at a time per client.
 */
int tenon_invalidate(struct tenon_client *client, struct tenon_slice key,
		     const struct tenon_lease *lease, struct tenon_result *out,
		     struct tenon_error *err);

/**
 * Fetch function: make the value of a key.
 * Shape:   *item has the key, the exptime of struct tenon_lease and zeros. The function sets value, and
 *          flags and exptime if it likes.
 * Returns: 0, or a negative enum tenon_status, which tenon_fetch() returns; nothing is stored then.
 * Owns:    the value stays the caller's, and must live until tenon_fetch() has returned. user is the
 *          pointer that was given to tenon_fetch().
 * Threads: called on the thread that called tenon_fetch(), at most once in a call. The function may use
 *          the client, but not close it.
 */
typedef int (*tenon_fetch_fn)(void *user, struct tenon_item *item);

/**
 * Read a value; when it is absent or old, let one of all callers make and store it. A caller that has
 * to wait looks again after 5 to 10 ms, then after twice as long, up to 200 ms, for wait_ms at most.
 * The waits go through the client's wait hook when it has one.
 * Shape:   lease NULL: every option has its default, and the value never expires.
 * Returns: 0: out->status is TENON_HIT. TENON_MARK_WON: the function was called, and the value is its
 *          one; when the value could not be stored, out->text says why, and the lease is given back.
 *          TENON_MARK_STALE: the value is stale, and another caller makes the next one. Otherwise a
 *          negative enum tenon_status.
 * Owns:    value and text of *out are the client's, until its next operation.
 * Errors:  those of tenon_get_or_lease(), and what the function returns: then the lease is given back.
 *          TENON_EINVAL: also an exptime of 0 or less with stale_for_s. TENON_ETIMEDOUT: also when
 *          another caller did not store the value within wait_ms. TENON_EWAIT: the wait hook failed, or
 *          the interrupt function ended the wait.
 * Threads: one call at a time per client.
 */
int tenon_fetch(struct tenon_client *client, struct tenon_slice key,
		const struct tenon_lease *lease, tenon_fetch_fn function,
		void *user, struct tenon_result *out, struct tenon_error *err);

/**
 * Ask what the server knows of a key: flags, cas, ttl_s, size_bytes, idle_s and TENON_MARK_READ of
 * *out. This is tenon_run() of TENON_GETS with TENON_FACTS: nothing counts as an access.
 * Returns: 0 when the server answered: TENON_HIT without a value, TENON_MISS. Otherwise a negative enum
 *          tenon_status.
 * Owns:    text of *out is the client's, until its next operation.
 * Errors:  those of tenon_run(). TENON_EINVAL: the config does not say `protocol: meta`.
 * Threads: one call at a time per client.
 */
int tenon_info(struct tenon_client *client, struct tenon_slice key,
	       struct tenon_result *out, struct tenon_error *err);

TENON_END_DECLS

#endif
