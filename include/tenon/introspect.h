/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/introspect.h
 * @brief For tools: list plugins, options, settings and codecs, and show how a value is stored.
 *
 * Texts about plugins and options are for people. The library makes them from the rows by which
 * it reads the options.
 *
 * Stability: client ABI; structs never change size.
 */
#ifndef TENON_INTROSPECT_H
#define TENON_INTROSPECT_H

#include "tenon/tenon.h"

TENON_BEGIN_DECLS

/**
 * One option of a plugin, or one key of the config. Strings are never NULL. A string that does not apply is empty.
 */
struct tenon_option_info {
	const char *name;         /**< as in the config */
	const char *type;         /**< bool int size duration string choice hash; keys also: list plugin */
	const char *default_text; /**< as in the config: "10ms", "md5" */
	const char *range;        /**< "1ms..1h", "0..249 bytes" */
	const char *choices;      /**< "a, b, c" */
	const char *units;        /**< "us, ms, s, min, h" */
	const char *bare_unit;    /**< unit of a number without unit; "": such a number is refused */
	const char *help;         /**< one line */
};

/** One plugin that a config can name. Strings are never NULL. A string that does not apply is empty. */
struct tenon_plugin_info {
	const char *kind; /**< hash distribution transport codec failover secure; "core": the config's own keys */
	const char *name;    /**< as in the config */
	const char *version; /**< version of the plugin */
	const char *summary; /**< one line */
	const char *origin;  /**< path of the file, or "built-in" */
	const char *problem; /**< why the plugin cannot be used; "": it can be used */
	const struct tenon_option_info *options; /**< option_count entries */
	size_t option_count; /**< 0 or more */
};

/** Whose fault a failure is. */
enum tenon_failure_kind {
	TENON_FAILURE_OURS =
		0, /**< the client's, its process's or its host's: no server is marked */
	TENON_FAILURE_CONNECTION =
		1, /**< this connection's: it is closed, the server is not marked */
	TENON_FAILURE_SERVER =
		2, /**< the server's: the failover policy and the health record hear of it */
	TENON_FAILURE_REQUEST =
		3, /**< the request's: it has the status, nothing else follows */
	TENON_FAILURE_CONFIGURATION =
		4 /**< the config's and the server's do not fit: no key hops, no new connection for a while */
};

/** One kind of failure, and what follows from it. Strings are static, never NULL. */
struct tenon_failure {
	const char *name;    /**< such as "idle-closed" */
	uint32_t kind;	     /**< enum tenon_failure_kind */
	const char *happens; /**< what is seen, in one clause */
	const char *follows; /**< what the client does, in one clause */
};

/**
 * Get a row of the table by which the client decides whose fault a failure is. The first row that
 * fits a failure decides.
 * Shape:   index counts from 0.
 * Returns: 0, or TENON_EINVAL behind the last row; *out is unchanged then.
 * Owns:    the strings are static.
 * Errors:  TENON_EINVAL.
 * Threads: any.
 */
int tenon_failure_row(size_t index, struct tenon_failure *out);

/**
 * Get the name of an enum tenon_failure_kind.
 * Shape:   kind is any number.
 * Returns: "ours", "connection", "server", "request" or "configuration"; "unknown kind" for any
 *          other number.
 * Owns:    the string is static.
 * Errors:  none.
 * Threads: any.
 */
const char *tenon_failure_kind_name(int kind);

/** A ring that the config's key `ring` can choose. Strings are static, never NULL. */
struct tenon_ring {
	const char *name;  /**< as in the config: "libmc" */
	const char *whose; /**< the clients whose placement of keys it keeps */
	const char *keys;  /**< the keys that it sets, as the text of a config */
};

/**
 * Get a row of the table of rings. The first row is the default.
 * Shape:   index counts from 0.
 * Returns: 0, or TENON_EINVAL behind the last row; *out is unchanged then.
 * Owns:    the strings are static.
 * Errors:  TENON_EINVAL.
 * Threads: any.
 */
int tenon_ring_row(size_t index, struct tenon_ring *out);

/**
 * Plugin function: receives one plugin.
 * Owns:    info and everything that info points to is valid during the call only.
 */
typedef void (*tenon_plugin_fn)(const struct tenon_plugin_info *info,
				void *payload);

/**
 * Call fn for each plugin there is: the config's own keys (kind and name are "core"), modules
 * that are refused (problem says why), and every plugin that can be used: loaded by path, built
 * in, or found in the search path.
 * Shape:   the plugins are loaded and stay loaded. fn must not use the config.
 * Returns: 0, or a negative enum tenon_status.
 * Owns:    payload stays the caller's.
 * Errors:  TENON_ENOMEM.
 * Threads: one call at a time per config.
 */
int tenon_config_each_plugin(struct tenon_config *config, tenon_plugin_fn fn,
			     void *payload, struct tenon_error *err);

/** One key of a config and its value. Strings are never NULL. A string that does not apply is empty. */
struct tenon_setting_info {
	const char *name;    /**< name of the key */
	const char *value;   /**< as in the config: "10ms", "md5" */
	const char *kind;    /**< kind of the plugin that value names; "" for other keys */
	const char *version; /**< version of that plugin; "" before tenon_config_check() */
	const char *origin;  /**< path of that plugin, or "built-in"; "" before tenon_config_check() */
};

/**
 * Setting function: receives one key of the config.
 * Owns:    info and everything that info points to is valid during the call only.
 */
typedef void (*tenon_setting_fn)(const struct tenon_setting_info *info,
				 void *payload);

/**
 * Call fn for each key of the config that has a single value, defaults included. Lists such as
 * `servers` are left out. For `codecs`, fn is called once for each codec, in the order that values
 * go through them, or once with the value "none". Where failover policies differ, fn is called for
 * failover.read, failover.write and failover.delete instead of `failover`. An option that the config or its
 * ring sets for a plugin follows the plugin; its name is a path, such as "distribution.ketama.points".
 * Owns:    payload stays the caller's.
 * Threads: one call at a time per config.
 */
void tenon_config_each_setting(const struct tenon_config *config,
			       tenon_setting_fn fn, void *payload);

/** tenon_config_each_problem() tells at most this many problems. */
#define TENON_PROBLEM_MAX_COUNT 100

/**
 * Problem function: receives one error of a config.
 * Owns:    problem is valid during the call only.
 */
typedef void (*tenon_problem_fn)(const struct tenon_error *problem,
				 void *payload);

/**
 * Find every error of a config. tenon_config_check() and the functions that fill a config end at
 * the first error; this call goes on behind each. It looks at all that was given to the config,
 * also at what was refused: texts, keys and servers.
 * Shape:   fn is called once for each error: first those with a place, in the order of the files
 *          and of their lines, then the others. After a text that is not YAML, the rest of that text
 *          has no errors. An error may be the consequence of one before it. When there are
 *          TENON_PROBLEM_MAX_COUNT, the call does not look for more. The config itself stays as it
 *          is. The config's log gets the warnings about what is not wrong.
 * Returns: 0 when nothing is wrong, or the code of the first error.
 * Owns:    payload stays the caller's.
 * Errors:  TENON_ECONFIG. TENON_EPLUGIN. TENON_ENOMEM: the search did not end, and fn was not
 *          called.
 * Threads: one call at a time per config.
 * Cost:    the config is read and checked once more for each error.
 */
int tenon_config_each_problem(const struct tenon_config *config,
			      tenon_problem_fn fn, void *payload,
			      struct tenon_error *err);

/** How much a finding matters. */
enum tenon_finding_severity {
	TENON_FINDING_NOTE = 0,    /**< worth to know; nothing has to change */
	TENON_FINDING_WARNING = 1, /**< the config works, but probably not as meant */
	TENON_FINDING_ERROR = 2    /**< no client can be opened with the config */
};

/** One thing that the linter has to say about a config. Strings are never NULL. */
struct tenon_finding {
	const char *name;   /**< of the check, such as "weak-hash"; "error" for an error */
	uint32_t severity;  /**< enum tenon_finding_severity */
	uint32_t line;      /**< line in the config, from 1; 0: no line */
	uint32_t column;    /**< column in that line, from 1; 0: no column */
	uint32_t reserved;  /**< 0 */
	const char *where;  /**< the config file, or "" */
	const char *text;   /**< what is found, and why it matters; no newline, no place */
	const char *advice; /**< the way out; "" for an error, whose text has it */
	const struct tenon_error *error; /**< the error itself; NULL for notes and warnings */
};

/**
 * Finding function: receives one finding.
 * Owns:    finding and everything that finding points to is valid during the call only.
 */
typedef void (*tenon_finding_fn)(const struct tenon_finding *finding,
				 void *payload);

/**
 * Check a config as a linter does: find its errors, and what is allowed but probably not meant.
 * The manual page tenon-config(1) lists the checks. A comment `# tenon: ignore NAME` in the config
 * silences the findings of a check in its line, or in the next line that is not a comment. A comment
 * `# tenon: ignore-file NAME` above the first key silences them in the whole file. Errors cannot be
 * silenced.
 * Shape:   fn is called once for each finding: first those with a place, in the order of the files
 *          and of their lines, then the others. Notes and warnings are about what is left of the
 *          config without its wrong parts; there are none when no such rest can be used. Errors
 *          are found as by tenon_config_each_problem(). The config itself stays as it is.
 * Returns: 0 when the search ended, also when there are errors; or a negative enum tenon_status.
 * Owns:    payload stays the caller's.
 * Errors:  TENON_ENOMEM: the search did not end, and fn was not called.
 * Threads: one call at a time per config.
 * Cost:    as tenon_config_each_problem(), and 200,000 hashes and lookups in the ring.
 */
int tenon_config_each_finding(const struct tenon_config *config,
			      tenon_finding_fn fn, void *payload,
			      struct tenon_error *err);

#define TENON_CERTIFICATE_TEXT_BYTES 256 /**< size of a text of a certificate, its NUL included */

/** One certificate of the chain that a server sent. */
struct tenon_certificate {
	int64_t not_before_s; /**< Unix time at which it begins to be valid */
	int64_t not_after_s;  /**< Unix time at which it ends to be valid */
	char subject[TENON_CERTIFICATE_TEXT_BYTES]; /**< such as "CN=cache.example.net" */
	char issuer[TENON_CERTIFICATE_TEXT_BYTES];  /**< such as "CN=Example CA,O=Example" */
	char names[TENON_CERTIFICATE_TEXT_BYTES]; /**< hosts that it is for: "a.example.net, ::1" */
};

/**
 * Tell a certificate that a server sent in the last handshake, also when the handshake failed: the
 * chain is then the one that was refused.
 * Shape:   index is the index of the server. depth 0 is the server's own certificate, 1 that of its
 *          issuer, and so on. A text that is too long ends with "...".
 * Returns: 0, or a negative enum tenon_status; *out is unchanged then.
 * Owns:    *out is the caller's.
 * Errors:  TENON_EINVAL: there is no such server, or the chain has no such certificate, or none is
 *          known: no session, no `secure` plugin, or a plugin without certificates. TENON_EBUSY.
 * Threads: one call at a time per client.
 */
int tenon_client_certificate(struct tenon_client *client, size_t index,
			     size_t depth, struct tenon_certificate *out);

/** tenon_client_shares() places this many keys. */
#define TENON_SHARE_KEY_COUNT 100000

/** The part of all keys that one server has. */
struct tenon_share {
	uint64_t key_count;  /**< simulated keys whose home is the server; 0: a spare server */
	double fair_count; /**< keys that the server should have by its weight; 0: a spare server */
};

/**
 * Show how evenly the servers share the keys: find the home servers of TENON_SHARE_KEY_COUNT
 * simulated keys. They look like the keys of an application, and are the same ones in each run and
 * on each machine. The fair count of a server is its part of all weights; where the distribution
 * ignores weights, all servers have the same.
 * Shape:   out has tenon_client_server_count() entries.
 * Errors:  none.
 * Threads: one call at a time per client.
 * Cost:    100,000 hashes and lookups in the ring.
 */
void tenon_client_shares(const struct tenon_client *client,
			 struct tenon_share *out);

/** One codec of a client. */
struct tenon_codec_info {
	const char *name; /**< lives as long as the client */
	uint32_t flags;   /**< bits of an item's flags that belong to the codec */
	uint32_t splits;  /**< 1: the codec splits a value into several items; 0: it encodes */
};

/**
 * Describe the codec with this index. Values go through the codecs in the order of their indexes.
 * Shape:   index is 0 or more.
 * Returns: 0, or TENON_EINVAL.
 * Owns:    the name in *out is the client's.
 * Errors:  TENON_EINVAL: the client has no codec with this index.
 * Threads: one call at a time per client.
 */
int tenon_client_codec(const struct tenon_client *client, size_t index,
		       struct tenon_codec_info *out);

/** One item on a server. */
struct tenon_stored_item {
	struct tenon_slice key; /**< as sent, with prefix */
	int32_t status;         /**< TENON_HIT, TENON_MISS, or why the server did not answer */
	uint32_t flags;         /**< TENON_HIT: the flags as stored, with the codecs' bits */
	uint64_t value_bytes;   /**< TENON_HIT: bytes of the value as stored */
	uint32_t server;        /**< index of the server */
	uint32_t reserved;      /**< 0 */
};

/** How the value of one key is stored. */
struct tenon_stored {
	const struct tenon_stored_item *items; /**< item of the key, then its chunks in order */
	size_t item_count; /**< 0 when the key cannot be sent */
	const struct tenon_result *result; /**< as tenon_get() gives it; NULL: cannot be sent */
};

/**
 * Read a key as tenon_get() does, and show how its value is stored.
 * Shape:   key and routing_key of the item are read. *out holds all that is known, also after an error.
 * Returns: 0 when the server answered, or a negative enum tenon_status.
 * Owns:    everything that *out points to is the client's, until its next operation.
 * Errors:  those of tenon_get(): each negative enum tenon_status.
 * Threads: one call at a time per client.
 * Cost:    the item is read twice: as stored, and through the codecs.
 */
int tenon_client_stored(struct tenon_client *client,
			const struct tenon_item *item,
			struct tenon_stored *out, struct tenon_error *err);

/** Most bytes of `flags` of a struct tenon_meta_request. */
#define TENON_META_FLAGS_MAX_BYTES 1000

/** A meta command of memcached, in the caller's own words. Set the whole struct to 0 before its fields. */
struct tenon_meta_request {
	const char *command; /**< "mg", "ms", "md", "ma", "mn" or "me" */
	const char *flags;   /**< what stands behind the key, such as "v t O7"; NULL or "": nothing */
	struct tenon_slice key; /**< without the prefix; with the flag b: base64, sent as it is; mn: empty */
	struct tenon_slice routing_key; /**< decides the home server in place of the key; empty: the key does */
	struct tenon_slice value; /**< ms: the value, whose length the client writes; empty with others */
	uint32_t server;   /**< index of the server; UINT32_MAX: the home of the key */
	uint32_t reserved; /**< 0 */
};

/**
 * Send a meta command to one server, and tell the server's reply as it came. For people and tools that
 * speak memcached's protocol: no flag is added or left out, no codec sees the value, and no failover
 * policy chooses another server. The command goes over the connection of other calls, with TLS and
 * authentication, whatever the config's key `protocol` says. The client sends `mn` behind it, so
 * that a quiet command has an end too.
 * Shape:   flags are printable ASCII, at most TENON_META_FLAGS_MAX_BYTES. The client adds the flag b
 *          only to a key that `protocol: meta` sends as base64. With the flag b of the caller, the
 *          letters of the key, and not the bytes that they stand for, decide the home server. Of
 *          *call, which may be NULL, only timeout_ms is allowed.
 *          result->text is the line of the reply without its end, such as "VA 5 f0"; NULL: the
 *          command was quiet. result->value is the value that came behind the line, or NULL.
 *          result->status is TENON_HIT for VA, TENON_MISS for EN and NF, TENON_NOT_STORED for NS,
 *          TENON_EXISTS for EX, and TENON_OK for other replies. Without a line it is TENON_MISS
 *          for mg and TENON_OK for others. result->server tells who was asked.
 * Returns: 0, or a negative enum tenon_status.
 * Owns:    the texts of *result are the client's, until its next operation.
 * Errors:  TENON_EINVAL: no such command, flags that cannot be sent, or a field that does not go with
 *          the command. TENON_EUNKNOWN: the server does not know the command. TENON_ECLIENT and
 *          TENON_ESERVER, with the server's words. TENON_EBUSY. Those of tenon_get().
 * Threads: one call at a time per client.
 * Cost:    one round trip. ms: two, each with the timeout. In the first the server shows that it knows
 *          meta commands; another server would take the value for commands. The connection is
 *          closed behind an error line.
 */
int tenon_client_ask_meta(struct tenon_client *client,
			  const struct tenon_meta_request *request,
			  const struct tenon_call *call,
			  struct tenon_result *result, struct tenon_error *err);

TENON_END_DECLS

#endif
