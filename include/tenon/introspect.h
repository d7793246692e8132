/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/introspect.h
 * @brief What plugins and options there are, and what is stored, for tools that
 *        show it.
 *
 * What is told of plugins and options is text for people, made from the rows that
 * the core itself reads options by.
 *
 * Stability: client ABI; structs never change size.
 */
#ifndef TENON_INTROSPECT_H
#define TENON_INTROSPECT_H

#include "tenon/tenon.h"

TENON_BEGIN_DECLS

/** One option of a plugin, or one key of the config. No string is NULL; "" where it does not apply. */
struct tenon_option_info {
	const char *name;         /**< as in the config */
	const char *type;         /**< bool int size duration string choice hash; keys also: list plugin */
	const char *default_text; /**< as in the config: "10ms", "md5" */
	const char *range;        /**< "1ms..1h", "0..249 bytes" */
	const char *choices;      /**< "a, b, c" */
	const char *units;        /**< "us, ms, s, min, h" */
	const char *bare_unit;    /**< unit of a number that has none; "": such a number is refused */
	const char *help;         /**< one line */
};

/** One plugin that a config could name. Strings as above. */
struct tenon_plugin_info {
	const char *kind; /**< hash distribution transport codec failover; "core" for the config's own keys */
	const char *name;    /**< as in the config */
	const char *version; /**< the plugin's own */
	const char *summary; /**< one line */
	const char *origin;  /**< path, or "built-in" */
	const char *problem; /**< why it cannot be used: found and expected; "" when it can */
	const struct tenon_option_info *options; /**< [option_count] */
	size_t option_count; /**< 0 or more */
};

/** Receives one plugin; info and all it points to live during the call. */
typedef void (*tenon_plugin_fn)(const struct tenon_plugin_info *info,
				void *payload);

/**
 * Tell fn of everything there is: the config's own keys (kind and name "core"),
 * modules that are refused, with their problem, and every plugin that can be
 * used: loaded by path, built in, or found in the search path.
 * Shape:   plugins are loaded and stay so. fn must not use the config.
 * Errors:  TENON_ENOMEM.
 */
int tenon_config_each_plugin(struct tenon_config *config, tenon_plugin_fn fn,
			     void *payload, struct tenon_error *err);

/** One key of a config and what it says now. Strings as above. */
struct tenon_setting_info {
	const char *name;    /**< of the key */
	const char *value;   /**< as in the config: "10ms", "md5" */
	const char *kind;    /**< of the plugin that value names; "" for other keys */
	const char *version; /**< of that plugin; "" until tenon_config_check() has found it */
	const char *origin;  /**< likewise */
};

/** Receives one key; info and all it points to live during the call. */
typedef void (*tenon_setting_fn)(const struct tenon_setting_info *info,
				 void *payload);

/**
 * Tell fn of every key that is one value, defaults included; lists such as the
 * servers are left out. `codecs` is told once for each codec that values go
 * through, in their order, or once with the value "none"; `failover` as
 * failover.read, failover.write and failover.delete where these differ.
 */
void tenon_config_each_setting(const struct tenon_config *config,
			       tenon_setting_fn fn, void *payload);

/** One codec of a client. */
struct tenon_codec_info {
	const char *name; /**< lives as long as the client */
	uint32_t flags;   /**< the bits of an item's flags that are its own */
	uint32_t splits;  /**< 1: it makes several items of a value; 0: it encodes */
};

/**
 * Describe codec number index, in the order that values go through them.
 * Errors:  TENON_EINVAL when there is none of that number.
 */
int tenon_client_codec(const struct tenon_client *client, size_t index,
		       struct tenon_codec_info *out);

/** One item on a server. */
struct tenon_stored_item {
	struct tenon_slice key; /**< as it is sent, with prefix */
	int32_t status;         /**< HIT, MISS, or why nobody knows */
	uint32_t flags;         /**< HIT: as stored, with the bits of codecs */
	uint64_t value_bytes;   /**< HIT: length of what is stored */
	uint32_t server;        /**< index of its server */
	uint32_t reserved;      /**< 0 */
};

/** What a value is stored as. */
struct tenon_stored {
	const struct tenon_stored_item *items; /**< the key's own, then its chunks in order */
	size_t item_count; /**< 0 when the key cannot be sent */
	const struct tenon_result *result; /**< what tenon_get() gives; NULL likewise */
};

/**
 * Read a key as tenon_get() does, and tell what its value is stored as.
 * Shape:   *out is filled as far as anything is known, also after an error.
 * Owns:    all that it points to is the client's and lives until its next
 *          operation.
 * Errors:  as tenon_get().
 * Threads: one call at a time per client.
 * Cost:    the item is read twice, as it is and through the codecs.
 */
int tenon_client_stored(struct tenon_client *client, struct tenon_slice key,
			struct tenon_stored *out, struct tenon_error *err);

TENON_END_DECLS

#endif
