/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct tenon_config: what files and setters have said so far. Settings are
 * parsed and checked as they come; plugins are looked up by name only when an
 * assembly is made, so that plugin_path may be set after them.
 *
 * The header is not called config.h, which is autoconf's.
 */
#ifndef TENON_CORE_CONF_H
#define TENON_CORE_CONF_H

#include "base/log.h"
#include "config/defaults.h"
#include "config/server_list.h"
#include "plugin/registry.h"
#include "tenon/tenon.h"

/* The keys that are one value each; tenon__setting_rows describes them. */
struct tenon__settings {
	const char *prefix;
	int64_t connect_timeout_ms;
	int64_t poll_timeout_ms;
	int64_t retry_timeout_ms;
	int64_t compression_threshold_bytes;
	int64_t max_value_bytes;
	int64_t item_max_bytes;
	int64_t user_flags;
	int32_t enable_flush_all;
};

/* Ends with name NULL. */
extern const struct tenon_option tenon__setting_rows[];

/* The keys that name one plugin. */
enum tenon__role {
	TENON__ROLE_HASH = 0,
	TENON__ROLE_DISTRIBUTION = 1,
	TENON__ROLE_TRANSPORT = 2,
	TENON__ROLE_COUNT = 3
};

/* Each codec has flag bits of its own. */
#define TENON__CODEC_MAX_COUNT 32

/* A key that is more than one value. */
struct tenon__root_key {
	const char *name;
	const char *type;
	const char *def_text;
	const char *help;
	int (*read)(struct tenon_config *config,
		    const struct tenon__root_key *key,
		    const struct tenon__node *value, const char *folder,
		    struct tenon_error *err);
	uint32_t role; /* enum tenon__role, where it is one */
	uint32_t kind; /* of the plugins that it names */
};

/* Ends with name NULL. */
extern const struct tenon__root_key tenon__root_keys[];

/* What a role's key says, or one codec. */
struct tenon__choice {
	const struct tenon__root_key *key;
	const char *asker;                 /* name of the key that wants it, for errors */
	const char *name;                  /* of the plugin */
	const struct tenon__node *options; /* a map, or NULL */
	struct tenon__place place;         /* of the name */
	bool optional;                     /* left out when there is no such plugin */
};

/* What the key `codecs` says, or its default. */
struct tenon__codecs {
	bool given; /* it was said, if only that there are none */
	struct tenon__place place;
	size_t count;
	struct tenon__choice list[TENON__CODEC_MAX_COUNT];
};

/* What the key `failover` says: a policy, or one for each access. */
struct tenon__failover {
	bool by_access;
	size_t count;
	struct tenon__choice list[TENON_ACCESS_COUNT];
	uint8_t of[TENON_ACCESS_COUNT]; /* into list, by enum tenon_access */
};

/* What compression_threshold says, also where it is 0: a codec, and the options it gets. */
struct tenon__compression {
	struct tenon__choice choice;
	struct tenon__node options;
	struct tenon__node entries[TENON__COMPRESSOR_OPTIONS_MAX];
	char threshold[24];
};

/* A text that was loaded; places and choices point into it. */
struct tenon__source {
	struct tenon__source *next;
	char *where;
	char *folder; /* of relative paths, "" is the working folder */
	struct tenon__node *root;
};

struct tenon_config {
	struct tenon__registry *registry;
	struct tenon__source *sources;
	struct tenon__settings settings;
	struct tenon__server_list servers;
	struct tenon__choice choices[TENON__ROLE_COUNT];
	struct tenon__failover failover;
	struct tenon__codecs codecs;
	struct tenon__compression compression;
	struct tenon__log log;
};

/*
 * Parse a text and keep its tree for as long as the config lives.
 * Shape:  *out is the source; out->root is NULL for an empty text.
 * Owns:   folder is taken, also after an error; NULL is out of memory.
 * Errors: TENON_ECONFIG, TENON_ENOMEM.
 */
int tenon__source_add(struct tenon_config *config, struct tenon__source **out,
		      const char *where, char *folder, const char *text,
		      size_t len, struct tenon_error *err);

/*
 * Parse a text and take all its keys.
 * Owns:   folder is taken, also after an error; NULL is out of memory.
 * Errors: TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM.
 */
int tenon__source_load(struct tenon_config *config, const char *where,
		       char *folder, const char *text, size_t len,
		       struct tenon_error *err);

/* The same for the text in a file. Errors: also TENON_EIO, with errno in err. */
int tenon__source_load_file(struct tenon_config *config, const char *path,
			    struct tenon_error *err);

/* Free a list of sources. NULL is fine. */
void tenon__source_free_all(struct tenon__source *source);

/*
 * Take one key and its value; place is the key's, folder is what relative paths
 * are relative to ("" is the working folder). What value points to is kept.
 * Errors: TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM.
 */
int tenon__config_read_key(struct tenon_config *config, const char *name,
			   const struct tenon__place *place,
			   const struct tenon__node *value, const char *folder,
			   struct tenon_error *err);

/* Give a new config its defaults. Errors: TENON_ENOMEM. */
int tenon__config_reset(struct tenon_config *config, struct tenon_error *err);

/*
 * Write the codecs that values go through, in order: those that were given, or
 * the default. Returns their number.
 */
size_t tenon__config_codecs(
	const struct tenon_config *config,
	const struct tenon__choice *out[TENON__CODEC_MAX_COUNT]);

/* Do no two keys disagree about codecs? Errors: TENON_ECONFIG. */
int tenon__config_check_codecs(const struct tenon_config *config,
			       struct tenon_error *err);

#endif
