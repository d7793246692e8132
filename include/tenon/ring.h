/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/ring.h
 * @brief Explain where a key goes and why, and compare the rings of two clients. Sends nothing.
 *
 * Stability: client ABI; structs never change size.
 */
#ifndef TENON_RING_H
#define TENON_RING_H

#include "tenon/tenon.h"

TENON_BEGIN_DECLS

/* ---- the route of one key ------------------------------------------------ */

/** Access to a key: a config can have one failover policy for each. */
enum tenon_route_access {
	TENON_ROUTE_READ = 0,  /**< get, gets, gat, gats */
	TENON_ROUTE_WRITE = 1, /**< every verb that neither reads nor deletes: set, incr, touch, ... */
	TENON_ROUTE_DELETE = 2 /**< delete */
};

/** Number of values of enum tenon_route_access. */
#define TENON_ROUTE_ACCESS_COUNT 3

/** A route tells at most this many points of the ring. */
#define TENON_ROUTE_POINTS_MAX_COUNT 9

/** tenon_client_route() lets the home server fail at most this many times. */
#define TENON_ROUTE_FAILURES_MAX 1024

/** One point of the ring. */
struct tenon_route_point {
	uint64_t place;    /**< where the point lies, comparable to the place of a key */
	uint32_t server;   /**< index of the server that the point belongs to */
	uint32_t reserved; /**< 0 */
};

/** The answer of a failover policy: the server that gets the key. */
struct tenon_route_answer {
	int32_t status;  /**< 0: server gets the key; TENON_EDOWN or TENON_EREFUSED: no server does */
	uint32_t server; /**< index of the server; UINT32_MAX: none */
	uint32_t exptime_max_s; /**< an item that is written lives this many seconds at most; 0: no limit */
	/**
	 * In home_down: failures in a row of the home server after which the answer is this one. 0:
	 * the answer is the same however often the home server fails.
	 */
	uint32_t failures;
};

/** One chunk of a value that is split. */
struct tenon_route_chunk {
	struct tenon_slice key; /**< as sent */
	uint64_t value_bytes;   /**< bytes of the chunk */
	uint32_t server;        /**< index of the chunk's home server */
	uint32_t reserved;      /**< 0 */
};

/** The route of one item: from its key to its servers. */
struct tenon_route {
	struct tenon_slice key;    /**< as sent, with prefix */
	struct tenon_slice hashed; /**< the bytes that decide the server */
	uint64_t hash;             /**< the hash of these bytes */
	uint32_t hash_bits; /**< every hash is below 2^hash_bits; 0: the ring does not look at the hash */
	uint64_t place; /**< where the key lies among the points: the bits of the hash that the ring looks at */
	uint32_t home;      /**< index of the home server */
	uint64_t ring_points; /**< points of the whole ring; 0: it has none, or does not tell */
	/**
	 * The points around the key, in the order in which the ring looks at points: up to four
	 * before the point of the home server, that point, and up to four behind it. On most rings
	 * the places ascend. They descend on a ring whose keys belong to the point at or before
	 * them. The key lies before the point of the home server, in this order.
	 */
	const struct tenon_route_point *points;
	size_t point_count; /**< entries of points; 0: the ring has no points, or does not tell them */
	size_t home_point;  /**< index in points of the home server's point */
	const uint32_t *servers; /**< indexes of servers: the home server, then the next ones in their order */
	size_t server_count; /**< entries of servers: all servers but those of spare pools */
	/** The answer of each failover policy now, by enum tenon_route_access. */
	struct tenon_route_answer now[TENON_ROUTE_ACCESS_COUNT];
	/** The answer when the home server has failed and no other server has. */
	struct tenon_route_answer home_down[TENON_ROUTE_ACCESS_COUNT];
	uint64_t stored_bytes; /**< bytes of the value that is stored under the key; 0 without value */
	uint32_t stored_flags; /**< flags that the key is stored with */
	uint32_t key_replaced; /**< 1: `key` was made by the config's key_rule, as the item's key cannot be sent; 0: it was not */
	const struct tenon_route_chunk *chunks; /**< the chunks of the value, in their order */
	size_t chunk_count; /**< entries of chunks; 0: the value is not split */
};

/**
 * Explain where an item goes. Nothing is sent, and no failover policy is told of a failure.
 * Shape:   key, routing_key, flags and value of the item are read. With a value, the codecs are asked
 *          how they would store the value: it has to be the value itself, or bytes that are as
 *          hard to compress. Codecs that seal give the chunks new keys in each write. At most
 *          TENON_ROUTE_POINTS_MAX_COUNT points are told. For home_down, the home server fails
 *          TENON_ROUTE_FAILURES_MAX times at most. *out holds all that is known, also after an
 *          error of the value.
 * Returns: 0, or a negative enum tenon_status.
 * Owns:    everything that *out points to is the client's, until its next operation.
 * Errors:  TENON_EKEY: memcached does not accept the key. TENON_ETOOBIG: the client does not
 *          store a value of this size. TENON_EINVAL: flags has bits of a codec. TENON_ENOMEM.
 *          TENON_EBUSY. The errors of codecs.
 * Threads: one call at a time per client.
 * Cost:    a walk over all servers of the ring, and a new instance of each failover policy.
 */
int tenon_client_route(struct tenon_client *client,
		       const struct tenon_item *item, struct tenon_route *out,
		       struct tenon_error *err);

/* ---- two rings ----------------------------------------------------------- */

/**
 * A comparison of two rings: where keys are before a change of the config, and where they are
 * after it.
 *
 * A server of one ring is the same as a server of the other ring when both have the same name (the
 * alias; without alias the address). A server whose name is only in one ring is the same as a
 * server of the other ring that is left over and has the same address.
 */
struct tenon_diff;

/** The sums of a comparison. */
struct tenon_diff_sums {
	uint64_t keys;    /**< keys that were added and that both clients can send */
	uint64_t refused; /**< keys that were added and that a client cannot send; counted here only */
	uint64_t moved;   /**< keys whose home server is another one */
	uint64_t renamed; /**< keys that are sent as other bytes: the prefix is another one */
	uint64_t missed;  /**< keys that are moved or renamed: gets of them miss at first */
	uint64_t move_count;   /**< pairs of servers between which keys move */
	uint64_t server_count; /**< servers of both rings; a server of both counts once */
	/**
	 * Keys of the fullest server, divided by the mean; 1: the keys are spread evenly. When the
	 * ring looks at weights, keys are counted per weight. 0 without keys.
	 */
	double max_per_mean_before;
	double max_per_mean_after; /**< the same for the second ring */
};

/** One server of a comparison. The strings are never NULL. */
struct tenon_diff_server {
	const char *name;    /**< alias; without alias the address; of the second ring, if it is there */
	const char *address; /**< of the second ring, if the server is there */
	uint32_t before;     /**< index of the server in the first client; UINT32_MAX: not there */
	uint32_t after;      /**< index of the server in the second client; UINT32_MAX: not there */
	uint32_t weight_before; /**< 0: not there */
	uint32_t weight_after;  /**< 0: not there */
	uint64_t keys_before;   /**< keys whose home server it is in the first ring */
	uint64_t keys_after;    /**< keys whose home server it is in the second ring */
	uint64_t keys_gained;   /**< keys that move to it */
	uint64_t keys_lost;     /**< keys that move away from it */
};

/** Keys that move from one server to another. */
struct tenon_diff_move {
	uint32_t from; /**< index of a server of the comparison */
	uint32_t to;   /**< index of a server of the comparison */
	uint64_t keys; /**< number of keys, 1 or more */
};

/**
 * Begin to compare the rings of two clients.
 * Shape:   before and after may be the same client: the comparison then tells the balance of its
 *          ring. Servers of spare pools are left out, as they are home to no key.
 * Returns: 0, or a negative enum tenon_status; *out is NULL then.
 * Owns:    *out is the caller's, freed by tenon_diff_close(). The clients may be closed before.
 * Errors:  TENON_ENOMEM.
 * Threads: one call at a time per client.
 */
int tenon_diff_open(const struct tenon_client *before,
		    const struct tenon_client *after, struct tenon_diff **out,
		    struct tenon_error *err);

/**
 * Free a comparison.
 * Shape:   diff may be NULL.
 */
void tenon_diff_close(struct tenon_diff *diff);

/**
 * Look up keys in both rings, and count them.
 * Shape:   items has count entries; key and routing_key are read. A key that is there twice
 *          counts twice.
 * Returns: 0, or a negative enum tenon_status; some of the keys are counted then.
 * Owns:    items and keys are read during the call only.
 * Errors:  TENON_ENOMEM.
 * Threads: one call at a time per comparison.
 * Cost:    one hash and one lookup in each ring for each key.
 */
int tenon_diff_add(struct tenon_diff *diff, const struct tenon_item *items,
		   size_t count, struct tenon_error *err);

/**
 * Make up keys such as applications have, and do with them as tenon_diff_add() does. The first
 * keys of seed 0 are those by which tenon_client_shares() measures.
 * Shape:   the keys depend on seed only: the same seed and count make the same keys, other seeds
 *          other keys.
 * Returns: 0, or a negative enum tenon_status; some of the keys are counted then.
 * Errors:  TENON_ENOMEM.
 * Threads: one call at a time per comparison.
 * Cost:    as tenon_diff_add().
 */
int tenon_diff_simulate(struct tenon_diff *diff, uint64_t count, uint64_t seed,
			struct tenon_error *err);

/**
 * Read the sums of all keys that were added so far.
 * Threads: one call at a time per comparison.
 */
void tenon_diff_sums(const struct tenon_diff *diff,
		     struct tenon_diff_sums *out);

/**
 * Describe the server with this index: first the servers of the first ring in their order, then
 * those that only the second ring has.
 * Shape:   index is 0 or more.
 * Returns: 0, or TENON_EINVAL behind the last server; *out is unchanged then.
 * Owns:    the strings are the comparison's.
 * Errors:  TENON_EINVAL.
 * Threads: one call at a time per comparison.
 */
int tenon_diff_server(const struct tenon_diff *diff, size_t index,
		      struct tenon_diff_server *out);

/**
 * Tell between which servers keys move. The move of the most keys has index 0.
 * Shape:   index is 0 or more. Keys that are added change the order.
 * Returns: 0, or a negative enum tenon_status; *out is unchanged then.
 * Errors:  TENON_EINVAL behind the last move. TENON_ENOMEM.
 * Threads: one call at a time per comparison.
 * Cost:    the moves are sorted by the first call after keys were added.
 */
int tenon_diff_move(struct tenon_diff *diff, size_t index,
		    struct tenon_diff_move *out);

TENON_END_DECLS

#endif
