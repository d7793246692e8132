/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What reads the values of keys that have a shape of their own. keys.c has the table of the keys;
 * nothing here looks into it.
 */
#ifndef TENON_CORE_READERS_H
#define TENON_CORE_READERS_H

#include "config/conf.h"

/* Return TENON_ECONFIG, and say what the value of the key is and what was expected. */
int tenon__key_unexpected(const struct tenon__root_key *key,
			  const struct tenon__node *value,
			  const char *expected, struct tenon_error *err);

/* ---- plugins: choice.c -------------------------------------------------- */

/* Return the choice of the key's default. place is that of the value. */
struct tenon__choice tenon__choice_default(const struct tenon__root_key *key,
					   const struct tenon__place *place);

/*
 * Read the choice of a plugin: name, or {name: {option: value}}, or {name: null}.
 * Errors: TENON_ECONFIG.
 */
int tenon__choice_read(struct tenon__choice *choice,
		       const struct tenon__root_key *key,
		       const struct tenon__node *value,
		       struct tenon_error *err);

/*
 * Read the choice of a secure plugin: from a value of the key `secure`, or from one of the key that
 * is short for the options of the plugin of its name. choice->folder is left as it is by the latter.
 * Errors: TENON_ECONFIG.
 */
int tenon__choice_secure(struct tenon__choice *choice,
			 const struct tenon__root_key *secure,
			 const struct tenon__node *value,
			 struct tenon_error *err);
int tenon__choice_secure_short(struct tenon__choice *choice,
			       const struct tenon__root_key *secure,
			       const struct tenon__root_key *short_key,
			       const struct tenon__node *value,
			       struct tenon_error *err);

/* Read a key that names exactly one plugin. */
tenon__key_reader tenon__read_role;

/* Read the key `failover`: one policy for everything, or one policy for each access. */
tenon__key_reader tenon__read_failover;

/* ---- codecs: codecs.c ---------------------------------------------------- */

/* Read the key `codecs`: a list of codecs, or a single codec, or none. */
tenon__key_reader tenon__read_codecs;

/* Set the default of the key `codecs`. place is no place. */
void tenon__codecs_reset(struct tenon_config *config,
			 const struct tenon__root_key *codecs,
			 const struct tenon__place *place);

/*
 * Choose the default compressor with its options, as compression_threshold says. asker is the key
 * that errors name, and place that of its value. With the threshold 0 no value is compressed, but
 * values that other clients have compressed can be read.
 */
void tenon__codecs_compress(struct tenon_config *config,
			    const struct tenon__root_key *codecs,
			    const char *asker, const struct tenon__place *place);

/* ---- one value each: settings.c ------------------------------------------ */

/* Read the key of a row of tenon__setting_rows. Errors: TENON_ECONFIG, TENON_ENOMEM. */
int tenon__settings_read(struct tenon_config *config,
			 const struct tenon_option *row,
			 const struct tenon__node *value,
			 struct tenon_error *err);

/* Read the key `keepalive`: off, on, the idle time, or a map of options. */
tenon__key_reader tenon__read_keepalive;

/* Set all settings, and keepalive, to their defaults. Errors: TENON_ENOMEM. */
int tenon__settings_reset(struct tenon_config *config,
			  const struct tenon__place *place,
			  struct tenon_error *err);

/* ---- names: ring_choice.c, plugin_paths.c --------------------------------- */

/* Read the key `ring`. preset.c gives the keys that the ring chooses their values. */
tenon__key_reader tenon__read_ring;

/* Read the keys `plugins` and `plugin_path`. */
tenon__key_reader tenon__read_plugins;
tenon__key_reader tenon__read_plugin_path;

#endif
