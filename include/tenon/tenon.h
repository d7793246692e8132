/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/tenon.h
 * @brief The memcached client: configure, open, operate.
 *
 * A config describes a cluster and the plugins that serve it. A client is opened from a config
 * and sends commands to the servers of the cluster. Keys and values are bytes with a length.
 * One client belongs to one thread at a time. Clients share nothing that is writable.
 *
 * Stability: client ABI. struct tenon_item and struct tenon_result never change size: a new field
 * takes the place of reserved ones. struct tenon_call can grow, because its `size` says which of
 * its fields the caller knows. The other structs never change size; new fields come with new
 * functions.
 */
#ifndef TENON_TENON_H
#define TENON_TENON_H

#include "tenon/error.h"

TENON_BEGIN_DECLS

/* ---- config ------------------------------------------------------------ */

/** A config: the servers of a cluster, the plugins and all settings. */
struct tenon_config;

/**
 * Log function: receives the library's log lines. The library itself prints nothing.
 * Shape:   level is an enum tenon_log_level. line is one sentence, NUL-terminated, no newline.
 * Owns:    line is valid during the call only. payload is the pointer given to
 *          tenon_config_set_log().
 * Threads: called on the thread that made the call to the library. The function must not use
 *          the client that made the call.
 */
typedef void (*tenon_log_fn)(void *payload, int level, const char *line);

/**
 * Create an empty config: default settings and no server.
 * Returns: 0, or a negative enum tenon_status; *out is then NULL.
 * Owns:    *out is the caller's. tenon_config_destroy() frees it.
 * Errors:  TENON_ENOMEM.
 * Threads: any.
 */
int tenon_config_create(struct tenon_config **out, struct tenon_error *err);

/**
 * Free a config. Clients that were opened from the config go on working.
 * Shape:   config may be NULL.
 * Threads: one call at a time per config.
 */
void tenon_config_destroy(struct tenon_config *config);

/**
 * Read a YAML or JSON file into the config. Keys of the file replace what was set before.
 * Shape:   path is NUL-terminated. The file may name plugins by path; such paths are relative
 *          to the file's folder. A FIFO or pipe is read to its end; when nothing comes for 5 s, that
 *          is an error.
 * Returns: 0, or a negative enum tenon_status. After an error the config can only be destroyed, or
 *          looked at by tenon_config_each_problem().
 * Errors:  TENON_EIO: the file cannot be read. TENON_ECONFIG: the file is wrong; err has file,
 *          line and column. TENON_EPLUGIN: a plugin cannot be loaded; err has file and line, and
 *          the message names the plugin, its path, what was found and what was expected.
 *          TENON_ENOMEM.
 * Threads: one call at a time per config.
 * Source:  tenon.yaml(5) lists the keys, and so does `tenon plugins core`.
 */
int tenon_config_load_file(struct tenon_config *config, const char *path,
			   struct tenon_error *err);

/**
 * Read YAML or JSON text from memory into the config, as tenon_config_load_file() does.
 * Shape:   text has len bytes. name is NUL-terminated and stands for the file in errors.
 *          Relative plugin paths are relative to the working folder.
 * Returns: 0, or a negative enum tenon_status. After an error the config can only be destroyed, or
 *          looked at by tenon_config_each_problem().
 * Owns:    text is not kept.
 * Errors:  TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM, with line and column in the text.
 * Threads: one call at a time per config.
 */
int tenon_config_load_text(struct tenon_config *config, const char *name,
			   const char *text, size_t len, struct tenon_error *err);

/**
 * Set one key, as if a file said `key: value`.
 * Shape:   key and value are NUL-terminated. value is YAML: "md5", "250ms", "{poll: {}}",
 *          "[a:11211 alias1, b:11211 alias2]".
 * Returns: 0, or a negative enum tenon_status. After an error the config can only be destroyed, or
 *          looked at by tenon_config_each_problem().
 * Owns:    key and value are not kept.
 * Errors:  TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM.
 * Threads: one call at a time per config.
 */
int tenon_config_set(struct tenon_config *config, const char *key,
		     const char *value, struct tenon_error *err);

/**
 * Append one server to the main ring.
 * Shape:   address is "host", "host:port", "[ipv6]:port" or "/path.sock", NUL-terminated; the
 *          port is TENON_DEFAULT_PORT when none is given. alias is NUL-terminated, or NULL: the
 *          server is then known by its address. weight is 1..1000.
 * Returns: 0, or a negative enum tenon_status.
 * Owns:    address and alias are not kept.
 * Errors:  TENON_ECONFIG: malformed address, or an alias or address that the config has already.
 *          TENON_ENOMEM.
 * Threads: one call at a time per config.
 */
int tenon_config_add_server(struct tenon_config *config, const char *address,
			    const char *alias, unsigned weight,
			    struct tenon_error *err);

/**
 * Append one server to a server pool of spare servers. A spare server is not on the main ring:
 * it is the home server of no key. Failover policies such as gutter send keys to spare servers
 * when a home server fails.
 * Shape:   pool is the name of the server pool: 1..60 letters, digits, '.', '-' and '_',
 *          NUL-terminated. address, alias and weight are as for tenon_config_add_server().
 * Returns: 0, or a negative enum tenon_status.
 * Owns:    pool, address and alias are not kept.
 * Errors:  TENON_ECONFIG: malformed pool or address, or an alias or address that the config has
 *          already. TENON_ENOMEM.
 * Threads: one call at a time per config.
 */
int tenon_config_add_spare(struct tenon_config *config, const char *pool,
			   const char *address, const char *alias,
			   unsigned weight, struct tenon_error *err);

/**
 * Set the log function of clients that are opened from the config afterwards.
 * Shape:   fn NULL, the default: log lines are dropped.
 * Owns:    payload stays the caller's and must outlive those clients.
 * Threads: one call at a time per config.
 */
void tenon_config_set_log(struct tenon_config *config, tenon_log_fn fn,
			  void *payload);

/**
 * Check the config as tenon_client_open() does, without opening a client. The check opens no
 * socket and resolves no name.
 * Returns: 0 when a client can be opened, or a negative enum tenon_status.
 * Errors:  TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM.
 * Threads: one call at a time per config.
 */
int tenon_config_check(struct tenon_config *config, struct tenon_error *err);

/* ---- client ------------------------------------------------------------ */

/** A client: the connections to the servers of one config, and the plugins that use them. */
struct tenon_client;

/**
 * Open a client. The client opens no socket before the first operation needs one.
 *
 * A client may be used after fork(2): the child's copy makes connections of its own, and parent
 * and child do not disturb each other. When another thread was using the client during the
 * fork, every call on the child's copy returns TENON_EBUSY.
 * Returns: 0, or a negative enum tenon_status; *out is then NULL.
 * Owns:    *out is the caller's. tenon_client_close() frees it. config is not kept.
 * Errors:  TENON_ECONFIG: no server, or settings that contradict each other. TENON_EPLUGIN: a
 *          plugin cannot work here. TENON_ENOMEM.
 * Threads: one call at a time per config.
 */
int tenon_client_open(struct tenon_config *config, struct tenon_client **out,
		      struct tenon_error *err);

/**
 * Close every connection and free the client. Its results become invalid.
 * Shape:   client may be NULL.
 * Threads: no other call on this client may run.
 */
void tenon_client_close(struct tenon_client *client);

/** Alias and address of a server. The strings live as long as the client. */
struct tenon_server_info {
	const char *alias;   /**< name of the server in ring, log and statistics; never NULL */
	const char *address; /**< as configured; tenon_client_update_servers() changes it */
	uint32_t weight;     /**< 1..1000: share of its server pool's keys, relative to the other weights */
	const char *pool;    /**< server pool of a spare server; "" for the main ring */
};

/**
 * Count the servers of a client, spare servers included.
 * Returns: 1 or more.
 * Errors:  none.
 * Threads: one call at a time per client.
 */
size_t tenon_client_server_count(const struct tenon_client *client);

/**
 * Describe the server with this index. Servers of the main ring come first, in the order of the
 * config; spare servers follow, server pool by server pool.
 * Shape:   index is 0..tenon_client_server_count() - 1.
 * Returns: 0, or TENON_EINVAL; *out is then untouched.
 * Owns:    the strings in *out are the client's.
 * Errors:  TENON_EINVAL: index is out of range.
 * Threads: one call at a time per client.
 */
int tenon_client_server(const struct tenon_client *client, size_t index,
			struct tenon_server_info *out);

/**
 * Find the home server of a key: the server where the ring puts the key. The call opens no
 * connection, and the failover policy is not asked. tenon_client_where_item() does the same for an
 * item with a routing key.
 * Shape:   key is without the config's prefix. *out is the index of the server.
 * Returns: 0, or a negative enum tenon_status.
 * Errors:  TENON_EKEY: memcached does not accept the key.
 * Threads: one call at a time per client.
 * Cost:    one hash and one ring lookup.
 */
int tenon_client_where(struct tenon_client *client, struct tenon_slice key,
		       size_t *out, struct tenon_error *err);

/**
 * Give servers new addresses. Aliases stay, so every key keeps its home server.
 * Shape:   specs has count strings. Each is like an entry of `servers:` in the config
 *          ("host:port alias"), in any order. Every alias of the client is there exactly once.
 *          Two aliases may have the same address, for example while a host is replaced.
 * Returns: 0, or a negative enum tenon_status; nothing has changed then.
 * Owns:    specs is not kept.
 * Errors:  TENON_ECONFIG: unknown, missing or repeated alias, or malformed address.
 *          TENON_ENOMEM. TENON_EBUSY.
 * Threads: one call at a time per client.
 * Cost:    connections to servers with a new address are closed; the others stay open.
 */
int tenon_client_update_servers(struct tenon_client *client,
				const char *const *specs, size_t count,
				struct tenon_error *err);

/**
 * Set the wait hook of a client. Each time an operation has to wait, for a connection, a reply
 * or a name, the client calls the hook. The operation blocks nowhere else.
 * Shape:   wait NULL: the client waits by itself again.
 * Returns: 0, or a negative enum tenon_status.
 * Owns:    payload stays the caller's and must outlive the client's last operation.
 * Errors:  TENON_EINVAL: the transport cannot use a hook (uring: it waits in the kernel).
 *          TENON_EBUSY.
 * Threads: one call at a time per client. The hook is called on the thread that runs the
 *          operation.
 */
int tenon_client_set_wait(struct tenon_client *client, tenon_wait_fn wait,
			  void *payload, struct tenon_error *err);

/**
 * Set the interrupt function of a client. An operation of the client calls the function after a
 * signal has interrupted one of its waits, and ends when the function says so.
 * Shape:   interrupt NULL: operations go on after signals, as at first.
 * Returns: 0, or a negative enum tenon_status.
 * Owns:    payload stays the caller's and must outlive the client's last operation.
 * Errors:  TENON_EINVAL: the transport does not notice signals. TENON_EBUSY.
 * Threads: one call at a time per client. The function is called on the thread that runs the
 *          operation.
 */
int tenon_client_set_interrupt(struct tenon_client *client,
			       tenon_interrupt_fn interrupt, void *payload,
			       struct tenon_error *err);

/**
 * Close every connection now. The next operation opens the connections that it needs.
 * Threads: one call at a time per client.
 */
void tenon_client_disconnect(struct tenon_client *client);

/* ---- operations -------------------------------------------------------- */

/**
 * The command of a call.
 * Source:  memcached protocol.txt, classic text commands.
 */
enum tenon_verb {
	TENON_GET = 0,     /**< read values */
	TENON_GETS = 1,    /**< read values and their cas unique */
	TENON_GAT = 2,     /**< read values and set exptime */
	TENON_GATS = 3,    /**< read values and their cas unique, and set exptime */
	TENON_SET = 4,     /**< store, whether the key exists or not */
	TENON_ADD = 5,     /**< store when the key is absent */
	TENON_REPLACE = 6, /**< store when the key exists */
	TENON_APPEND = 7,  /**< put bytes behind a value that exists */
	TENON_PREPEND = 8, /**< put bytes before a value that exists */
	TENON_CAS = 9,     /**< store when the cas unique is unchanged */
	TENON_DELETE = 10, /**< delete keys */
	TENON_TOUCH = 11,  /**< set exptime */
	TENON_INCR = 12,   /**< add to a number of 64 bits; 2^64 becomes 0 */
	TENON_DECR = 13,   /**< subtract from a number; stops at 0 */
	TENON_VERB_COUNT = 14 /**< number of verbs */
};

/** One key of a call, and the arguments for it. Each verb reads the fields that it needs. */
struct tenon_item {
	/**
	 * Without prefix; with it 1..TENON_KEY_MAX_BYTES bytes. With `protocol: meta`, a key of 186
	 * bytes may have any bytes, and is sent as base64; the key itself decides the server. A value
	 * of such a key cannot be split. Over classic text, spaces and control bytes are refused.
	 */
	struct tenon_slice key;
	struct tenon_slice value; /**< set, add, replace, append, prepend, cas: the value */
	uint32_t flags;           /**< set, add, replace, cas: kept by the server for readers */
	uint32_t reserved_bits;   /**< 0. Another number is TENON_EINVAL for this key */
	/**
	 * When the item expires. 0: never. -1: at once. 1 to 2592000, which is 30 days: seconds
	 * from now. 2592001 to 2^32: a UNIX time, in seconds; a time above 2147483647 (19 January
	 * 2038) is sent as 2147483647, because no server can have a later one. With
	 * TENON_FROM_NOW, 1 to 2^32 are seconds from now: above 30 days the client adds its own
	 * clock and sends the UNIX time, at most 2147483647. Any other number: TENON_EINVAL for
	 * this key.
	 */
	int64_t exptime;
	/**
	 * cas: the cas unique that gets or gats returned. With TENON_COMPARE also gets, gats and
	 * delete.
	 */
	uint64_t cas;
	uint64_t delta;           /**< incr, decr: what to add or subtract */
	/**
	 * Empty: the key decides which server gets the item. Otherwise the routing key decides: the
	 * ring and the failover policy use its bytes as they are, of any length, without the
	 * config's prefix. A distribution that hashes keys itself, such as ch3 or rendezvous, looks
	 * at the first TENON_KEY_MAX_BYTES bytes only. The routing key is not sent. Items with one
	 * routing key are on one server, and so are the chunks of a split value. A reader has to
	 * give the routing key that the writer gave.
	 * Source: libmemcached, memcached_get_by_key() and its kin.
	 */
	struct tenon_slice routing_key;
	/**
	 * incr, decr: the value that a key gets when it is absent; it then expires as exptime says.
	 * For the value 0, set TENON_VIVIFY. Needs `protocol: meta`: over the classic text protocol,
	 * a number above 0 is TENON_EINVAL for this key.
	 */
	uint64_t initial;
	/**
	 * set, add, replace, append, prepend, cas, incr, decr: the cas unique that the item gets, such
	 * as the version of a row in a database. 0: the server chooses one. Needs `protocol: meta`: over
	 * the classic text protocol, another number is TENON_EINVAL for this key. memcached 1.6.18 does
	 * not know it (TENON_ECLIENT); newer servers do.
	 */
	uint64_t new_cas;
};

/**
 * Mark of a result: the caller has won the right to store the value anew, and cas is the token.
 * Other callers that read the key are told that somebody has that right.
 */
#define TENON_MARK_WON 1u
/** Mark of a result: the value is stale; somebody is to store it anew. */
#define TENON_MARK_STALE 2u
/** Mark of a result: another caller has the right to store the value anew. */
#define TENON_MARK_TAKEN 4u
/** Mark of a result of TENON_FACTS: the item was read since it was stored. */
#define TENON_MARK_READ 8u

/** Outcome for one key. */
struct tenon_result {
	int32_t status;    /**< enum tenon_status */
	uint32_t flags;    /**< get, gets, gat, gats: the flags that were stored */
	uint64_t cas;      /**< gets, gats: the cas unique */
	uint64_t number;   /**< incr, decr: the new value */
	const char *value; /**< get, gets, gat, gats: value_len bytes, then a NUL; NULL unless TENON_HIT */
	size_t value_len;  /**< bytes of value without the NUL; 0 when value is NULL */
	/**
	 * The server's text with TENON_ESERVER, TENON_ECLIENT and TENON_EUNKNOWN. The client's
	 * or a codec's reason with TENON_MISS, TENON_EINVAL, TENON_ENOMEM, TENON_ETOOBIG,
	 * TENON_ETIMEDOUT, TENON_EUNDECODABLE and TENON_EENCODED, when there is one to tell.
	 * Otherwise NULL.
	 */
	const char *text;
	uint32_t server;   /**< index of the server; UINT32_MAX: the key was refused, no server */
	/** A sum of TENON_MARK_...; the classic text protocol sets none. */
	uint32_t marks;
	/**
	 * Seconds until the item expires; -1: it never does. Set for hits of a call with lease_s,
	 * refresh_s, TENON_FACTS, TENON_NO_BUMP or TENON_COMPARE. Otherwise 0.
	 */
	int64_t ttl_s;
	uint64_t size_bytes; /**< TENON_FACTS: length of the value, as it is stored; otherwise 0 */
	uint64_t idle_s;     /**< TENON_FACTS: seconds since the last access; otherwise 0 */
};

/**
 * Option bit: the server sends no reply, and the status is TENON_SENT. For set, add, replace,
 * append, prepend, cas, delete, touch, incr, decr, and for flush_all and verbosity. A call that
 * stores a value in several items (codec split) waits for replies in spite of the bit, because
 * the client must know whether all of them were stored; each status is then the server's answer.
 */
#define TENON_NOREPLY 1u
/** Option bit: values are stored and returned as they are; no codec is used. */
#define TENON_RAW 2u
/** Option bit: no codec encodes the value. A value may still be split. */
#define TENON_NO_COMPRESS 4u
/**
 * Option bit: exptime of every item is seconds from now, also above 30 days; 0 and -1 keep their
 * meaning (see struct tenon_item). For the verbs that have an exptime: gat, gats, set, add,
 * replace, append, prepend, cas and touch; and with TENON_INVALIDATE or TENON_VIVIFY.
 */
#define TENON_FROM_NOW 8u
/*
 * The following options need `protocol: meta`. With another protocol the call is TENON_EINVAL.
 */
/**
 * Option bit of delete: the item stays and is stale. The first caller that reads it has
 * TENON_MARK_WON, all have TENON_MARK_STALE. Its cas unique changes, so a cas that is on its way
 * fails. exptime of the item, unless it is 0, is when it is gone at last. A tenon_get() can win, too,
 * so all readers of such keys use tenon_get_or_lease().
 */
#define TENON_INVALIDATE 16u
/** Option bit of get, gets: the read does not count as an access, and the LRU stays as it is. */
#define TENON_NO_BUMP 32u
/**
 * Option bit of get, gets: no value, but what the server knows of the item: flags (as they are
 * stored, with those of codecs), ttl_s, size_bytes, idle_s, TENON_MARK_READ, and cas for gets. The
 * read does not count as an access. An item that is stale gives its TENON_MARK_WON away, however.
 */
#define TENON_FACTS 64u
/**
 * Option bit of gets, gats: a value only when its cas unique is not item->cas; otherwise
 * TENON_NOT_MODIFIED. memcached 1.6.18 sends the value all the same, and the client drops it. gats
 * reads the chunks of a split value too, because reading touches them. Option bit of delete: only
 * when the cas unique is item->cas; otherwise TENON_EXISTS.
 */
#define TENON_COMPARE 128u
/**
 * Option bit of incr, decr: an absent key gets the value `initial`. Option bit of append, prepend: an
 * absent key gets the value; memcached 1.6.18 answers TENON_NOT_STORED. The new item has the exptime
 * of the item; an item that is there keeps its own.
 */
#define TENON_VIVIFY 256u

/** Longest timeout_ms in struct tenon_call: an hour, as for poll_timeout of the config. */
#define TENON_TIMEOUT_MAX_MS 3600000
/** Longest lease_s, refresh_s and stale_for_s: 30 days, the longest time that servers count from now. */
#define TENON_LEASE_MAX_S 2592000

/**
 * Options of one call. A field that is 0 has its default, so a caller sets `size` and the fields
 * that it needs:
 * `const struct tenon_call call = { .size = sizeof(call), .timeout_ms = 50 };`.
 *
 * The struct may get more fields at its end. The library reads `size` bytes; fields behind them
 * have their defaults. A program that was compiled with a newer header than the library's gets
 * TENON_EINVAL when it sets a field that the library does not know.
 */
struct tenon_call {
	uint32_t size;    /**< sizeof(struct tenon_call) */
	uint32_t options; /**< a sum of TENON_NOREPLY, TENON_RAW and the other option bits */
	/**
	 * Longest time for the network work of the call in milliseconds, 1 to
	 * TENON_TIMEOUT_MAX_MS, in place of poll_timeout of the config. 0: poll_timeout. It may be
	 * shorter or longer than poll_timeout. connect_timeout and resolve_timeout of the config
	 * hold too. A server that does not answer within a time shorter than poll_timeout is not
	 * blamed: no failover policy hears of it, and no key hops.
	 */
	int64_t timeout_ms;
	/**
	 * gets: when a key is absent, the caller wins a lease of that many seconds, 1 to
	 * TENON_LEASE_MAX_S: the result is TENON_MISS with TENON_MARK_WON, and cas is the token for
	 * tenon_cas(). Others have TENON_MISS with TENON_MARK_TAKEN, until the value is stored or the
	 * time is over. 0: no lease. Needs `protocol: meta`; tenon_get_or_lease() works with both.
	 */
	int64_t lease_s;
	/**
	 * gets: when a value expires in less than that many seconds, 1 to TENON_LEASE_MAX_S, one caller
	 * has TENON_MARK_WON and others have TENON_MARK_TAKEN, all of them with the value. 0: not at
	 * all. Half of the life of an item at most, where a failover policy limits that life. Needs
	 * `protocol: meta`.
	 */
	int64_t refresh_s;
};

/**
 * Run one verb on any number of keys. The client talks to all servers of these keys at the same
 * time. One deadline holds for the network work of the whole call: timeout_ms of the call, or
 * poll_timeout of the config. The time that codecs take, to compress or to inflate for example, is not part of it: the
 * deadline moves by that time, the call takes so much longer, and no server is blamed.
 * max_value_bytes, max_operation_bytes and max_chunks of the config limit the work of codecs.
 *
 * Idle connections. Before any verb but get, gets, gat and gats is sent, the client looks at the
 * connection: when the server has closed it, or bytes wait on it that answer nothing, the client
 * takes a new connection, and nothing is lost. After that look, and for the four verbs, the client
 * notices an end only after sending. It then sends the requests once more, if the verb may safely
 * run twice: get, gets, gat, gats, set, delete and touch. When a middlebox has forgotten the
 * connection, Linux gives it up 0.6 to 1 s after sending: with a longer poll_timeout the requests go
 * again, otherwise the call fails with TENON_ETIMEDOUT, no server is blamed, and the next call
 * connects. In both cases a server that was only slow can read the first copy of a set late, after
 * a set that was sent later. Behind a reply that is none, only get and gets go again: the server has
 * the connection, and may still run the others.
 *
 * Stray bytes. A value is matched by its key. Other replies of the text protocol carry no key, so
 * a line that a server or proxy sends unasked can be taken for an answer: without `integrity:
 * strict` a stray END that waits is a miss, and a stray VALUE line of the same key is its value.
 * With it, nothing that waits before a request is sent is an answer. Bytes that come after the
 * look are not told from the answer. tenon_failure_row() says what follows from each failure.
 * Shape:   items has count entries. *results is an array of count results in the order of
 *          items; a key that is there twice has two results. call NULL: every option has its
 *          default. A key, value, exptime or initial that is refused (TENON_EKEY, TENON_ETOOBIG,
 *          TENON_EINVAL) does not affect the other keys.
 *          When a store has a key twice, the items are stored in their order, so the last one
 *          stays. results may not be NULL; count may be 0.
 * Returns: 0 when every key has an answer (status 0 or positive). Otherwise the negative status
 *          of the first key without an answer: err explains that status and names the server,
 *          and the results of the other keys are valid. tenon_client_explain() explains the others.
 * Owns:    the results, their values and their texts are the client's, until its next
 *          operation: copy what is needed longer. items, keys and values are read during the
 *          call only; large values are sent without a copy.
 * Errors:  each negative enum tenon_status can be the status of a key. TENON_EINVAL (unknown
 *          verb, options that do not go with the verb, a field of *call that is out of range, too
 *          many keys), TENON_ENOMEM and TENON_EBUSY (another call uses the client) can also concern the call as a whole:
 *          *results is then NULL.
 * Threads: one call at a time per client.
 */
int tenon_run(struct tenon_client *client, enum tenon_verb verb,
	      const struct tenon_item *items, size_t count,
	      const struct tenon_call *call,
	      const struct tenon_result **results, struct tenon_error *err);

/**
 * Explain one result of the last operation, as the operation itself explains the first one without an
 * answer. The sentence is about this result: what the server, the connection or the request did.
 * Shape:   result is one that the operation returned, or a copy. item is the one that the result
 *          belongs to; its key and the length of its value are read. item may be NULL for a
 *          result of a server.
 * Returns: the status of the result when that is negative; err explains it, with the errno of the
 *          failure and the server. 0: the result is an answer. Or an error below.
 * Owns:    valid until the next operation of the client, as the result's text is. Copies of results
 *          stay the caller's, but after another operation the sentence can be about that one.
 * Errors:  TENON_EINVAL: the result has neither a server of the client nor an item. TENON_EBUSY:
 *          another call uses the client. Both also come as the status of a result.
 * Threads: one call at a time per client.
 * Cost:    writes one sentence. Nothing is sent.
 */
int tenon_client_explain(struct tenon_client *client,
			 const struct tenon_item *item,
			 const struct tenon_result *result,
			 struct tenon_error *err);

/**
 * Find the home server of an item, as tenon_client_where() does for a key: the home server of the
 * item's routing key when it has one, else of its key.
 * Shape:   key and routing_key of the item are read. *out is the index of the server.
 * Returns: 0, or a negative enum tenon_status.
 * Errors:  TENON_EKEY: memcached does not accept the key.
 * Threads: one call at a time per client.
 * Cost:    one hash and one ring lookup.
 */
int tenon_client_where_item(struct tenon_client *client,
			    const struct tenon_item *item, size_t *out,
			    struct tenon_error *err);

/**
 * @name One key
 * Each of these functions is tenon_run() with one item and with the default of every option. For
 * options, such as a timeout of one call, use tenon_run() with one item.
 * Shape:   *out is the result of the key. out may be NULL.
 * Returns: 0 when the server answered: out->status is the answer. Otherwise a negative enum
 *          tenon_status.
 * Owns:    value and text of *out are the client's, until its next operation. *out itself is
 *          the caller's.
 * Errors:  each negative enum tenon_status; TENON_EBUSY: another call uses the client.
 * Threads: one call at a time per client.
 * @{
 */

/** Read a value. Answers: TENON_HIT, TENON_MISS. */
int tenon_get(struct tenon_client *client, struct tenon_slice key,
	      struct tenon_result *out, struct tenon_error *err);
/** Read a value and its cas unique. Answers: TENON_HIT, TENON_MISS. */
int tenon_gets(struct tenon_client *client, struct tenon_slice key,
	       struct tenon_result *out, struct tenon_error *err);
/** Read a value and set its exptime (see struct tenon_item). Answers: TENON_HIT, TENON_MISS. */
int tenon_gat(struct tenon_client *client, struct tenon_slice key,
	      int64_t exptime, struct tenon_result *out,
	      struct tenon_error *err);
/** Read a value and its cas unique, and set its exptime. Answers: TENON_HIT, TENON_MISS. */
int tenon_gats(struct tenon_client *client, struct tenon_slice key,
	       int64_t exptime, struct tenon_result *out,
	       struct tenon_error *err);
/** Store a value, whether the key exists or not. Answer: TENON_STORED. */
int tenon_set(struct tenon_client *client, const struct tenon_item *item,
	      struct tenon_result *out, struct tenon_error *err);
/** Store a value when the key is absent. Answers: TENON_STORED, TENON_NOT_STORED. */
int tenon_add(struct tenon_client *client, const struct tenon_item *item,
	      struct tenon_result *out, struct tenon_error *err);
/** Store a value when the key exists. Answers: TENON_STORED, TENON_NOT_STORED. */
int tenon_replace(struct tenon_client *client, const struct tenon_item *item,
		  struct tenon_result *out, struct tenon_error *err);
/** Put bytes behind the value of a key that exists. Answers: TENON_STORED, TENON_NOT_STORED. */
int tenon_append(struct tenon_client *client, const struct tenon_item *item,
		 struct tenon_result *out, struct tenon_error *err);
/** Put bytes before the value of a key that exists. Answers: TENON_STORED, TENON_NOT_STORED. */
int tenon_prepend(struct tenon_client *client, const struct tenon_item *item,
		  struct tenon_result *out, struct tenon_error *err);
/**
 * Store a value when no client has stored the key since item->cas was read. Answers:
 * TENON_STORED, TENON_EXISTS (another client stored the key), TENON_MISS (the key is absent).
 */
int tenon_cas(struct tenon_client *client, const struct tenon_item *item,
	      struct tenon_result *out, struct tenon_error *err);
/** Delete a key. Answers: TENON_DELETED, TENON_MISS. */
int tenon_delete(struct tenon_client *client, struct tenon_slice key,
		 struct tenon_result *out, struct tenon_error *err);
/** Set the exptime of a key. Answers: TENON_TOUCHED, TENON_MISS. */
int tenon_touch(struct tenon_client *client, struct tenon_slice key,
		int64_t exptime, struct tenon_result *out,
		struct tenon_error *err);
/**
 * Add delta to a value that is a decimal number of 64 bits; after 2^64 - 1 comes 0. Answers:
 * TENON_HIT (out->number is the new number), TENON_MISS.
 */
int tenon_incr(struct tenon_client *client, struct tenon_slice key,
	       uint64_t delta, struct tenon_result *out,
	       struct tenon_error *err);
/**
 * Subtract delta from a value that is a decimal number; the smallest result is 0. Answers:
 * TENON_HIT (out->number is the new number), TENON_MISS.
 */
int tenon_decr(struct tenon_client *client, struct tenon_slice key,
	       uint64_t delta, struct tenon_result *out,
	       struct tenon_error *err);
/** @} */

/* ---- sink -------------------------------------------------------------- */

/**
 * Sink function: give memory for one large value. The client receives the value straight into
 * this memory and writes a NUL behind it.
 * Shape:   index is the index of the item in tenon_run(), 0 for the functions that take one
 *          key. The memory must have len + 1 bytes. The client can call the function again for
 *          the same item, when it receives the reply once more on a new connection; len may then
 *          differ. The function may give the same memory again.
 * Units:   len is the length of the value in bytes, without the NUL.
 * Returns: the memory, or NULL: the client receives the value into its own memory.
 * Owns:    the memory stays the caller's. The caller must neither free nor use it before the
 *          operation has returned. The memory holds the value only if status in the struct
 *          tenon_result is TENON_HIT and value points to the memory. In any other case (timeout,
 *          broken connection) the memory can hold part of a value. The caller frees the memory
 *          in every case.
 * Threads: called on the thread that runs the operation. The function must not use the client.
 */
typedef void *(*tenon_sink_fn)(void *payload, size_t index, size_t len);

/**
 * Set the sink function of a client: the caller's memory for large values. Without a sink,
 * values stay in the client's memory and a caller who keeps them has to copy them. The sink is
 * used by tenon_run() and tenon_get(), tenon_gets(), tenon_gat(), tenon_gats(), in calls made
 * afterwards, until another sink is set.
 * Shape:   the client asks for memory for each value of min_bytes and more, unless a codec has
 *          to see the value (compressed or split values), or the value is above max_value_bytes.
 *          With TENON_RAW no codec sees any value. fn NULL: no sink, as in a new client.
 * Units:   min_bytes is bytes of a value as it is stored.
 * Owns:    payload stays the caller's, and must outlive the calls that use the sink.
 * Threads: one call at a time per client; never while an operation runs.
 * Cost:    a large value is copied once less.
 */
void tenon_client_set_sink(struct tenon_client *client, size_t min_bytes,
			   tenon_sink_fn fn, void *payload);

/* ---- whole servers ----------------------------------------------------- */

/** Commands for whole servers. They go to every server of the client at the same time. */
enum tenon_server_verb {
	TENON_VERSION = 0,   /**< value is the text of the version */
	TENON_STATS = 1,     /**< value is the lines of the reply; tenon_stat_next() reads them */
	TENON_FLUSH_ALL = 2, /**< drop every item; the config needs enable_flush_all: true */
	TENON_VERBOSITY = 3, /**< set how much the server logs */
	TENON_QUIT = 4,      /**< close open connections: TENON_SENT; TENON_OK: none was open */
	TENON_SERVER_VERB_COUNT = 5 /**< number of server verbs */
};

/**
 * Run one command on every server of the client, spare servers included.
 * Shape:   argument is NUL-terminated text behind the command, or NULL for none: "slabs" for
 *          stats, "30" for flush_all (delay in seconds from now, up to 2^32, as with TENON_FROM_NOW),
 *          "1" for verbosity. call is as for tenon_run(); its options are TENON_NOREPLY (flush_all,
 *          verbosity) or 0. *results is an array of tenon_client_server_count() results in the order of the servers. Status
 *          TENON_OK: the server has done the command.
 * Returns: 0 when every server has answered. Otherwise the negative status of the first server
 *          without an answer: err explains that status, and the other results are valid.
 *          tenon_client_explain() explains the others.
 * Owns:    the results, their values and their texts are the client's, until its next operation.
 * Errors:  each negative enum tenon_status can be the status of a server. TENON_EDISABLED
 *          (flush_all that the config does not allow), TENON_EINVAL (unknown verb, options that do
 *          not go with the verb, a field of *call that is out of range, an argument that the verb
 *          does not take), TENON_ENOMEM and
 *          TENON_EBUSY (another call uses the client) concern the call as a whole: *results is
 *          then NULL.
 * Threads: one call at a time per client.
 */
int tenon_run_servers(struct tenon_client *client, enum tenon_server_verb verb,
		      const char *argument, const struct tenon_call *call,
		      const struct tenon_result **results,
		      struct tenon_error *err);

/**
 * Get the next pair of name and value from a result of TENON_STATS.
 * Shape:   *cursor is 0 before the first call. name and value become slices of the result.
 * Returns: 1 when there is a pair, 0 at the end.
 * Owns:    name and value point into the result.
 * Errors:  none.
 * Threads: as the result: one call at a time per client.
 */
int tenon_stat_next(const struct tenon_result *result, size_t *cursor,
		    struct tenon_slice *name, struct tenon_slice *value);

/* ---- library ----------------------------------------------------------- */

/**
 * Get the version of the library that the program runs with.
 * Returns: a string such as "1.2.3".
 * Owns:    the string is static.
 * Errors:  none.
 * Threads: any.
 */
const char *tenon_version(void);

TENON_END_DECLS

#endif
