/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/tenon.h
 * @brief The memcached client: configure, open, operate.
 *
 * A config describes a cluster and the plugins that serve it; a client works
 * with it. Keys and values are bytes with a length. One client belongs to one
 * thread at a time; clients share nothing that is writable.
 *
 * Stability: client ABI. Structs that a caller fills begin with what 1.0 had
 * and never change size; new fields come with new functions.
 */
#ifndef TENON_TENON_H
#define TENON_TENON_H

#include "tenon/error.h"

TENON_BEGIN_DECLS

/** A string literal as slice. */
#define TENON_LITERAL(s) { (s), sizeof(s) - 1 }

/* ---- config ------------------------------------------------------------ */

struct tenon_config;

/**
 * Receives what the library has to say; it prints nothing itself.
 * Shape:   line is one sentence, NUL-terminated, no newline.
 * Threads: called on the thread that made the call; must not call back into
 *          the same client.
 */
typedef void (*tenon_log_fn)(void *payload, int level, const char *line);

/**
 * Make an empty config: defaults and no server.
 * Owns:    *out is the caller's, for tenon_config_destroy().
 * Errors:  TENON_ENOMEM; *out is then NULL.
 */
int tenon_config_create(struct tenon_config **out, struct tenon_error *err);

/** Free a config. NULL is fine. Clients that were opened from it live on. */
void tenon_config_destroy(struct tenon_config *config);

/**
 * Read a YAML (or JSON) file into the config, on top of what is set already.
 * Shape:   path is NUL-terminated; plugins named in it by path are relative to
 *          its folder.
 * Errors:  TENON_EIO (cannot be read), TENON_ECONFIG (with file, line, column),
 *          TENON_EPLUGIN (with file, line, plugin, path, found, expected),
 *          TENON_ENOMEM. After an error the config can only be destroyed.
 * Source:  the keys are listed in tenon.yaml(5) and by `tenon plugins core`.
 */
int tenon_config_load_file(struct tenon_config *config, const char *path,
			   struct tenon_error *err);

/**
 * The same from memory.
 * Shape:   text has len bytes; name stands for the file in errors; relative
 *          plugin paths are relative to the working folder.
 */
int tenon_config_load_text(struct tenon_config *config, const char *name,
			   const char *text, size_t len, struct tenon_error *err);

/**
 * Set one key, as if the file had said `key: value`.
 * Shape:   both NUL-terminated; value is YAML: "md5", "250ms",
 *          "{poll: {}}", "[a:11211 alias1, b:11211 alias2]".
 * Errors:  as tenon_config_load_text().
 */
int tenon_config_set(struct tenon_config *config, const char *key,
		     const char *value, struct tenon_error *err);

/**
 * Append one server.
 * Shape:   address is "host", "host:port", "[ipv6]:port" or "/path.sock",
 *          NUL-terminated; alias may be NULL (the address names it then);
 *          weight is 1..1000.
 * Errors:  TENON_ECONFIG (malformed, duplicate alias or address), TENON_ENOMEM.
 */
int tenon_config_add_server(struct tenon_config *config, const char *address,
			    const char *alias, unsigned weight,
			    struct tenon_error *err);

/**
 * Append one server to a spare pool. It is not on the main ring: no key has its
 * home there; failover policies that use spare pools send keys to it.
 * Shape:   pool is 1..60 letters, digits, '.', '-' and '_', NUL-terminated; the
 *          rest as above.
 * Errors:  as above.
 */
int tenon_config_add_spare(struct tenon_config *config, const char *pool,
			   const char *address, const char *alias,
			   unsigned weight, struct tenon_error *err);

/** Where log lines go, for clients opened afterwards. fn NULL: nowhere (the default). */
void tenon_config_set_log(struct tenon_config *config, tenon_log_fn fn,
			  void *payload);

/**
 * Check the config as tenon_client_open() would, without making a client.
 * Opens no socket, resolves no name.
 * Errors:  TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM.
 */
int tenon_config_check(struct tenon_config *config, struct tenon_error *err);

/* ---- client ------------------------------------------------------------ */

struct tenon_client;

/**
 * Assemble a client. No socket is opened before the first operation needs one.
 * After a fork the child's copy makes connections of its own; parent and child go
 * on side by side. A copy that another thread was using while the process forked
 * stays TENON_EBUSY in the child.
 * Owns:    *out is the caller's, for tenon_client_close(); config is not kept.
 * Errors:  TENON_ECONFIG (no server; settings that contradict each other),
 *          TENON_EPLUGIN (a plugin cannot work here), TENON_ENOMEM; *out is
 *          then NULL.
 */
int tenon_client_open(struct tenon_config *config, struct tenon_client **out,
		      struct tenon_error *err);

/** Close every connection and free the client. NULL is fine. */
void tenon_client_close(struct tenon_client *client);

/** Where a server lives and what it is called. Strings live as long as the client. */
struct tenon_server_info {
	const char *alias;   /**< identity: ring, log, statistics; never NULL */
	const char *address; /**< as configured; changes with tenon_client_update_servers() */
	uint32_t weight;     /**< 1..1000: its share of the keys of its pool */
	const char *pool;    /**< spare pool that it belongs to; "" for the main ring */
};

/** Number of servers, 1 or more, those of spare pools included. */
size_t tenon_client_server_count(const struct tenon_client *client);

/**
 * Describe server number index: those of the main ring in the order of the
 * config, then those of spare pools, pool by pool.
 * Errors:  TENON_EINVAL when index is out of range.
 */
int tenon_client_server(const struct tenon_client *client, size_t index,
			struct tenon_server_info *out);

/**
 * Find the home server of a key; opens no connection.
 * Shape:   key without prefix; *out is the server's index.
 * Errors:  TENON_EKEY.
 * Cost:    one hash and one ring lookup.
 */
int tenon_client_where(struct tenon_client *client, struct tenon_slice key,
		       size_t *out, struct tenon_error *err);

/**
 * Move servers: give aliases new addresses. No key changes its alias.
 * Shape:   specs[count], each as a line of `servers:` ("host:port alias"), in
 *          any order, every alias of the client exactly once.
 * Errors:  TENON_ECONFIG (unknown, missing or duplicate alias, malformed
 *          address; nothing is changed then), TENON_ENOMEM.
 * Cost:    connections of servers that moved are closed; the others stay.
 */
int tenon_client_update_servers(struct tenon_client *client,
				const char *const *specs, size_t count,
				struct tenon_error *err);

/**
 * Let somebody else wait: every wait of the client's operations, for connections,
 * replies and names, becomes a call of the hook; nothing else blocks.
 * Shape:   wait NULL: the client waits by itself again.
 * Owns:    payload is the caller's and has to outlive the client's last operation.
 * Errors:  TENON_EINVAL when the transport takes no hook (uring: it waits in the
 *          kernel), TENON_EBUSY.
 */
int tenon_client_set_wait(struct tenon_client *client, tenon_wait_fn wait,
			  void *payload, struct tenon_error *err);

/** Close every connection now; the next operation opens what it needs. */
void tenon_client_disconnect(struct tenon_client *client);

/* ---- operations -------------------------------------------------------- */

/** What a call does; memcached protocol.txt, classic text commands. */
enum tenon_verb {
	TENON_GET = 0,
	TENON_GETS = 1, /**< get, and fetch the cas unique */
	TENON_GAT = 2,  /**< get and touch: exptime is used */
	TENON_GATS = 3,
	TENON_SET = 4,
	TENON_ADD = 5,     /**< store when absent */
	TENON_REPLACE = 6, /**< store when present */
	TENON_APPEND = 7,
	TENON_PREPEND = 8,
	TENON_CAS = 9, /**< store when the cas unique is unchanged */
	TENON_DELETE = 10,
	TENON_TOUCH = 11,
	TENON_INCR = 12, /**< 64 bit, wraps */
	TENON_DECR = 13, /**< stops at 0 */
	TENON_VERB_COUNT = 14
};

/** One key of a call and what goes with it; a verb uses the fields it needs. */
struct tenon_item {
	struct tenon_slice key;   /**< without prefix; read only during the call */
	struct tenon_slice value; /**< store verbs; read only during the call, never copied when large */
	uint32_t flags;           /**< store verbs: kept by the server for the reader */
	int64_t exptime;          /**< seconds from now up to 30 days, above that UNIX time; 0 never; negative at once */
	uint64_t cas;             /**< cas: the cas unique that gets returned */
	uint64_t delta;           /**< incr, decr */
};

/** What became of one key. */
struct tenon_result {
	int32_t status;    /**< enum tenon_status */
	uint32_t flags;    /**< get family: as stored */
	uint64_t cas;      /**< gets, gats */
	uint64_t number;   /**< incr, decr: the new value */
	const char *value; /**< get family: value_len bytes and a NUL that is not counted; NULL unless HIT */
	size_t value_len; /**< bytes of value; 0 when it is NULL */
	const char *text; /**< the server's words behind ESERVER, ECLIENT, EUNKNOWN; a codec's reason behind
			       MISS, EINVAL, ENOMEM, ETOOBIG, EUNDECODABLE, EENCODED; else NULL */
	uint32_t server;  /**< index of the server concerned; UINT32_MAX: the key was refused */
	uint32_t reserved; /**< 0 */
};

/** Call option: the server sends no reply (store verbs, delete, touch, incr, decr). */
#define TENON_NOREPLY 1u
/** Call option: values are stored and returned as they are; no codec sees them. */
#define TENON_RAW 2u
/** Call option: no codec that encodes is used (a value may still be split). */
#define TENON_NO_COMPRESS 4u

/**
 * Run one verb over any number of keys: all servers concerned at the same time,
 * under one deadline (poll_timeout) for the whole call. What was sent on an idle
 * connection that the server had closed is sent once more where twice is as good as
 * once (gets, set, delete, touch): a set may so take effect after one that another
 * client sent later.
 * Shape:   items[count]; *results becomes an array of count results in the
 *          order of items, duplicates included. A key that is refused
 *          (TENON_EKEY, TENON_ETOOBIG) does not hinder the others.
 * Owns:    results, their values and texts are the client's and live until its
 *          next operation; copy what is needed longer.
 * Errors:  0 when every key has an answer (status >= 0). Otherwise the status
 *          of the first key that has none; err names its server, and the other
 *          results hold. TENON_EINVAL, TENON_ENOMEM and TENON_EBUSY concern the
 *          call as a whole: *results is then NULL.
 * Threads: one call at a time per client.
 */
int tenon_run(struct tenon_client *client, enum tenon_verb verb,
	      const struct tenon_item *items, size_t count, unsigned options,
	      const struct tenon_result **results, struct tenon_error *err);

/**
 * @name One key
 * As tenon_run() with one item. *out is what became of it, and the return value its
 * status when that is an error, else 0. out may be NULL where only success matters.
 * Owns, errors and threads: as tenon_run().
 * @{
 */

/** Get a value: HIT or MISS. */
int tenon_get(struct tenon_client *client, struct tenon_slice key,
	      struct tenon_result *out, struct tenon_error *err);
/** Get a value and its cas unique. */
int tenon_gets(struct tenon_client *client, struct tenon_slice key,
	       struct tenon_result *out, struct tenon_error *err);
/** Get a value and give it another exptime, as struct tenon_item has it. */
int tenon_gat(struct tenon_client *client, struct tenon_slice key,
	      int64_t exptime, struct tenon_result *out,
	      struct tenon_error *err);
/** tenon_gat() with the cas unique. */
int tenon_gats(struct tenon_client *client, struct tenon_slice key,
	       int64_t exptime, struct tenon_result *out,
	       struct tenon_error *err);
/** Store a value, whatever is there: STORED. */
int tenon_set(struct tenon_client *client, const struct tenon_item *item,
	      struct tenon_result *out, struct tenon_error *err);
/** Store where nothing is: STORED or NOT_STORED. */
int tenon_add(struct tenon_client *client, const struct tenon_item *item,
	      struct tenon_result *out, struct tenon_error *err);
/** Store where something is: STORED or NOT_STORED. */
int tenon_replace(struct tenon_client *client, const struct tenon_item *item,
		  struct tenon_result *out, struct tenon_error *err);
/** Put bytes behind a value that is there: STORED or NOT_STORED. */
int tenon_append(struct tenon_client *client, const struct tenon_item *item,
		 struct tenon_result *out, struct tenon_error *err);
/** Put bytes before a value that is there: STORED or NOT_STORED. */
int tenon_prepend(struct tenon_client *client, const struct tenon_item *item,
		  struct tenon_result *out, struct tenon_error *err);
/** Store where nobody has since item->cas was returned: STORED, EXISTS or MISS. */
int tenon_cas(struct tenon_client *client, const struct tenon_item *item,
	      struct tenon_result *out, struct tenon_error *err);
/** Remove a key: DELETED or MISS. */
int tenon_delete(struct tenon_client *client, struct tenon_slice key,
		 struct tenon_result *out, struct tenon_error *err);
/** Give another exptime: TOUCHED or MISS. */
int tenon_touch(struct tenon_client *client, struct tenon_slice key,
		int64_t exptime, struct tenon_result *out,
		struct tenon_error *err);
/** Add delta to a decimal number, which wraps at 2^64: HIT with out->number, or MISS. */
int tenon_incr(struct tenon_client *client, struct tenon_slice key,
	       uint64_t delta, struct tenon_result *out,
	       struct tenon_error *err);
/** Subtract delta, down to 0: HIT with out->number, or MISS. */
int tenon_decr(struct tenon_client *client, struct tenon_slice key,
	       uint64_t delta, struct tenon_result *out,
	       struct tenon_error *err);
/** @} */

/**
 * Give memory that a value is to be received into.
 * Shape:   index is that of the item in tenon_run(); the memory has to have
 *          len + 1 bytes, for a NUL as well. It may be asked for again when the
 *          item's reply is repeated.
 * Owns:    the memory stays the caller's, who leaves it alone until the call has
 *          returned. What is in it counts only when the result is a HIT whose
 *          value points there. NULL: the value goes into the client's memory.
 * Threads: called on the thread that made the call; must not call back into
 *          the same client.
 */
typedef void *(*tenon_sink_fn)(void *payload, size_t index, size_t len);

/**
 * Let large values be received straight into the caller's memory, in calls of the
 * get family made afterwards, where they are not copied.
 * Shape:   asked for values of min_bytes and more that no codec has to see; fn
 *          NULL: no longer.
 * Threads: not while a call runs.
 */
void tenon_client_set_sink(struct tenon_client *client, size_t min_bytes,
			   tenon_sink_fn fn, void *payload);

/* ---- whole servers ----------------------------------------------------- */

/** Commands that go to every server at the same time. */
enum tenon_server_verb {
	TENON_VERSION = 0,   /**< value is the version text */
	TENON_STATS = 1,     /**< value is the reply's lines; read with tenon_stat_next() */
	TENON_FLUSH_ALL = 2, /**< needs enable_flush_all: true */
	TENON_VERBOSITY = 3,
	TENON_QUIT = 4, /**< servers close the connections that are open; TENON_SENT */
	TENON_SERVER_VERB_COUNT = 5
};

/**
 * Run one command on every server.
 * Shape:   argument is a NUL-terminated word (or words) after the command:
 *          stats "slabs", flush_all "30" (delay in seconds), verbosity "1";
 *          NULL for none. *results is an array of tenon_client_server_count()
 *          results in server order; status TENON_OK where the server complied.
 * Owns:    as tenon_run().
 * Errors:  as tenon_run(); TENON_EDISABLED for flush_all that is not enabled;
 *          TENON_EINVAL for an argument with control bytes or out of place.
 */
int tenon_run_servers(struct tenon_client *client, enum tenon_server_verb verb,
		      const char *argument, unsigned options,
		      const struct tenon_result **results,
		      struct tenon_error *err);

/**
 * Step through what TENON_STATS returned.
 * Shape:   *cursor is 0 at first; name and value become slices of the result.
 *          Returns 1 for a pair, 0 at the end.
 */
int tenon_stat_next(const struct tenon_result *result, size_t *cursor,
		    struct tenon_slice *name, struct tenon_slice *value);

/** Package version, such as "1.2.3". */
const char *tenon_version(void);

TENON_END_DECLS

#endif
