/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct tenon_config: the settings that files and setters have made so far. A setting is
 * parsed and checked at once. A plugin is looked up by its name only when an assembly is made
 * from the config, so plugin_path may be set after the plugin's key.
 *
 * The header is not called config.h because autoconf uses that name.
 */
#ifndef TENON_CORE_CONF_H
#define TENON_CORE_CONF_H

#include "base/log.h"
#include "config/auth.h"
#include "config/defaults.h"
#include "config/server_list.h"
#include "plugin/registry.h"
#include "tenon/tenon.h"

/* Values of the key integrity. */
enum tenon__integrity {
	TENON__INTEGRITY_USUAL = 0,
	TENON__INTEGRITY_STRICT = 1
};

/* Largest value of each setting that is a size: 1 GiB. */
#define TENON__SETTING_MAX_BYTES (INT64_C(1) << 30)

/* The values of the keys that have one value each. tenon__setting_rows describes the keys. */
struct tenon__settings {
	const char *prefix;
	int64_t resolve_timeout_ms;
	int64_t connect_timeout_ms;
	int64_t poll_timeout_ms;
	int64_t retry_timeout_ms;
	int64_t max_idle_ms;
	int32_t integrity; /* enum tenon__integrity */
	int32_t protocol; /* index in tenon__protocols */
	int64_t compression_threshold_bytes;
	int64_t max_value_bytes;
	int64_t max_operation_bytes;
	int64_t max_chunks;
	int64_t item_max_bytes;
	int64_t user_flags;
	int32_t enable_flush_all;
	const char *hash_tag; /* "": none */
	int32_t hash_part;    /* enum tenon__part */
	int32_t hash_prefix;
	int32_t prefix_rule; /* enum tenon__prefix_rule */
	int32_t key_rule; /* enum tenon__key_rule */
};

/* One row for each field of struct tenon__settings. Ends with name NULL. */
extern const struct tenon_option tenon__setting_rows[];

/* The value of the key `keepalive`: what TCP connections do while they are idle. */
struct tenon__keepalive {
	int64_t idle_s; /* time without traffic before the first probe; 0: no probes */
	int64_t interval_s;
	int64_t count;
};

/* The keys that name exactly one plugin. */
enum tenon__role {
	TENON__ROLE_HASH = 0,
	TENON__ROLE_DISTRIBUTION = 1,
	TENON__ROLE_TRANSPORT = 2,
	TENON__ROLE_SECURE = 3,
	TENON__ROLE_COUNT = 4
};

/* The most codecs of a config. Each codec needs a flag bit of its own, and flags have 32 bits. */
#define TENON__CODEC_MAX_COUNT 32

struct tenon__root_key;

/* Read the value of a key; folder and errors as for tenon__config_read_key(). */
typedef int tenon__key_reader(struct tenon_config *config,
			      const struct tenon__root_key *key,
			      const struct tenon__node *value,
			      const char *folder, struct tenon_error *err);

/* A key that is not described by a row of tenon__setting_rows, such as a plugin or a list. */
struct tenon__root_key {
	const char *name;
	const char *type;     /* for people: "list", "map" or "plugin" */
	const char *def_text; /* the default */
	const char *help;     /* one line, no full stop */
	tenon__key_reader *read;
	uint32_t role; /* enum tenon__role, for a key that names exactly one plugin */
	uint32_t kind; /* enum tenon_plugin_kind of the plugins that the key names */
};

/* Ends with name NULL. */
extern const struct tenon__root_key tenon__root_keys[];

/* A plugin that was chosen, with its options: for a role, a codec or a failover policy. */
struct tenon__choice {
	const struct tenon__root_key *key;
	const char *asker;                 /* the key that errors name, such as "failover: read" */
	const char *name;                  /* of the plugin, as in the config */
	const struct tenon__node *options; /* a map; NULL: all options have their defaults */
	struct tenon__place place;         /* of the plugin's name */
	const char *folder; /* that relative paths among the options start from; NULL: the working folder */
	bool optional;                     /* the plugin is not used when it is not found */
};

/* The value of the key `secure` for no plugin. */
#define TENON__NO_PLUGIN "none"

/* Return true when the choice is no plugin. */
bool tenon__choice_is_none(const struct tenon__choice *choice);

/* Return true when a server's map has a choice of a secure plugin. */
static inline bool tenon__server_has_secure(
	const struct tenon__server_entry *entry)
{
	return entry->secure || entry->secure_short;
}

/* Read that choice. Errors: TENON_ECONFIG. */
int tenon__server_secure(struct tenon__choice *out,
			 const struct tenon__server_entry *entry,
			 struct tenon_error *err);

/* The value of the key `codecs`, or its default. */
struct tenon__codecs {
	bool given; /* the key was set, perhaps to none */
	struct tenon__place place;
	size_t count;
	struct tenon__choice list[TENON__CODEC_MAX_COUNT];
};

/* The value of the key `failover`: one policy, or one policy for each access. */
struct tenon__failover {
	bool by_access; /* the value was a map with the keys read, write, delete */
	size_t count;
	struct tenon__choice list[TENON_ACCESS_COUNT];
	uint8_t of[TENON_ACCESS_COUNT]; /* index into list, by enum tenon_access */
};

/*
 * The default compressor as compression_threshold sets it up, also for the threshold 0: the
 * choice of a codec, and the map of its options.
 */
struct tenon__compression {
	struct tenon__choice choice;
	struct tenon__node options;
	struct tenon__node entries[TENON__COMPRESSOR_OPTIONS_MAX]; /* of the map */
	char threshold[24]; /* the threshold as the text of a config, such as "2048B" */
};

/*
 * A text that was loaded: a whole config, or the value of one key. Places and choices of the
 * config point into its tree. A text that was refused stays here as well, so that all its errors
 * can be found.
 */
struct tenon__source {
	struct tenon__source *next;
	char *where;  /* name of the file, or "" */
	char *folder; /* that relative paths start from; "": the working folder */
	char *key;    /* the text is the value of this key; NULL: a whole config */
	char *text;   /* len bytes and a NUL */
	size_t len;
	bool is_public; /* the text is a file that every user can read */
	struct tenon__node *root;
};

/* The keys that the key `ring` chooses together. */
enum tenon__ring_key {
	TENON__RING_HASH = 0,
	TENON__RING_DISTRIBUTION = 1,
	TENON__RING_TAG = 2,
	TENON__RING_PART = 3,
	TENON__RING_PREFIX = 4,
	TENON__RING_PREFIX_RULE = 5,
	TENON__RING_KEY_COUNT = 6
};

struct tenon__preset;

/* One of these keys, as the config itself sets it. */
struct tenon__own_key {
	bool given;
	struct tenon__place place;       /* of the value */
	const struct tenon__node *value; /* in a tree of the config; NULL: was never read */
};

/* The value of the key `ring`. */
struct tenon__ring_choice {
	const struct tenon__preset *preset;
	struct tenon__place place;
	struct tenon__source *sources; /* the text of the preset comes first; NULL: no `ring` was read */
	struct tenon__own_key own[TENON__RING_KEY_COUNT];
	bool gave_options; /* the options of the hash function are the ring's */
};

struct tenon_config {
	struct tenon__registry *registry;
	struct tenon__source *sources; /* the last one that was loaded comes first */
	struct tenon__settings settings;
	struct tenon__keepalive keepalive;
	struct tenon__ring_choice ring;
	struct tenon__server_list servers;
	struct tenon__auth auth;
	struct tenon__choice choices[TENON__ROLE_COUNT];
	struct tenon__failover failover;
	struct tenon__codecs codecs;
	struct tenon__compression compression;
	struct tenon__log log;
};

/*
 * Parse a text and keep its tree as long as the config lives.
 * Shape:  where is the name of the file, or "". key is the key whose value the text is, or NULL
 *         for a whole config. (*out)->root is NULL for an empty text.
 * Owns:   *out is the config's. The function takes folder, also after an error. folder NULL
 *         means that the caller had no memory for it, and gives TENON_ENOMEM.
 * Errors: TENON_ECONFIG, TENON_ENOMEM.
 */
int tenon__source_add(struct tenon_config *config, struct tenon__source **out,
		      const char *where, char *folder, const char *key,
		      const char *text, size_t len, struct tenon_error *err);

/*
 * Parse the text of a source once more.
 * Owns:   *out is the caller's, freed by tenon__node_free(). The source has to live as long.
 * Errors: TENON_ECONFIG, TENON_ENOMEM; *out is then NULL.
 */
int tenon__source_parse(const struct tenon__source *source,
			struct tenon__node **out, struct tenon_error *err);

/*
 * Apply the tree of a source to a config: all keys of a whole config, or the one key. root is the
 * tree; it has to live as long as the config.
 * Errors: TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM. Keys before the wrong one are applied.
 */
int tenon__source_apply(struct tenon_config *config,
			const struct tenon__source *source,
			const struct tenon__node *root,
			struct tenon_error *err);

/*
 * Parse a text and apply all its keys to the config. where and folder are as above.
 * Owns:   the function takes folder, also after an error; NULL gives TENON_ENOMEM.
 * Errors: TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM. Keys before the wrong one are applied.
 */
int tenon__source_load(struct tenon_config *config, const char *where,
		       char *folder, const char *text, size_t len,
		       struct tenon_error *err);

/*
 * Load the file at path, as tenon__source_load() loads a text.
 * Errors: TENON_EIO (err has the errno), TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM.
 */
int tenon__source_load_file(struct tenon_config *config, const char *path,
			    struct tenon_error *err);

/* Free a list of sources. Texts are overwritten, as they may have passwords. source may be NULL. */
void tenon__source_free_all(struct tenon__source *source);

/*
 * Apply one key and its value to the config. place is the place of the key. Relative paths
 * start from folder; "" is the working folder.
 * Owns:   value is not taken, but the config keeps pointers into its tree. The tree has to live
 *         as long as the config.
 * Errors: TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM.
 */
int tenon__config_read_key(struct tenon_config *config, const char *name,
			   const struct tenon__place *place,
			   const struct tenon__node *value, const char *folder,
			   struct tenon_error *err);

/* The same, without regard to `ring`: neither is a ring's key filled, nor is the key the config's own. */
int tenon__config_read_plain(struct tenon_config *config, const char *name,
			     const struct tenon__place *place,
			     const struct tenon__node *value,
			     const char *folder, struct tenon_error *err);

/* Set all keys of a new, zeroed config to their defaults. Errors: TENON_ENOMEM. */
int tenon__config_reset(struct tenon_config *config, struct tenon_error *err);

/*
 * Write the codecs that values go through to `out`, in their order: the value of the key
 * `codecs`, or its default. Returns their number.
 */
size_t tenon__config_codecs(
	const struct tenon_config *config,
	const struct tenon__choice *out[TENON__CODEC_MAX_COUNT]);

/*
 * Check that only one key configures compression: either `codecs` or a compression_threshold
 * above 0. Errors: TENON_ECONFIG.
 */
int tenon__config_check_codecs(const struct tenon_config *config,
			       struct tenon_error *err);

#endif
