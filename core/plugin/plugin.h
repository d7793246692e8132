/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A plugin in the form in which the core keeps it: the fields of its descriptor, and copies of
 * its option rows and of its slots. In the copies, optional slots are set to their defaults.
 */
#ifndef TENON_CORE_PLUGIN_H
#define TENON_CORE_PLUGIN_H

#include "option/node.h"
#include "tenon/plugin/codec.h"
#include "tenon/plugin/distribution.h"
#include "tenon/plugin/failover.h"
#include "tenon/plugin/hash.h"
#include "tenon/plugin/secure.h"
#include "tenon/plugin/transport.h"

/* The largest option struct of a plugin. A larger options_bytes is taken for a mistake. */
#define TENON_OPTIONS_MAX_BYTES (64 * 1024)

/*
 * The size of a struct up to the end of a field. With the last field of ABI 1.0 this is the
 * size of the struct in ABI 1.0, even when later versions append more fields.
 */
#define TENON__SIZE_TO(type, field)                                            \
	(offsetof(type, field) + sizeof(((type *)NULL)->field))

#define TENON__BUILTIN_ORIGIN "built-in"

union tenon__ops {
	struct tenon_hash_ops hash;
	struct tenon_distribution_ops distribution;
	struct tenon_transport_ops transport;
	struct tenon_codec_ops codec;
	struct tenon_failover_ops failover;
	struct tenon_secure_ops secure;
};

/* A registered plugin. The plugin owns the strings, except for origin. */
struct tenon__plugin {
	struct tenon__plugin *next;
	uint32_t kind;
	const char *kind_name;
	const char *name;
	const char *version;
	const char *summary;
	char *origin;		      /* path of its file, or TENON__BUILTIN_ORIGIN */
	struct tenon_option *options; /* a copy of the rows, ends with name NULL */
	size_t options_bytes;
	int (*check)(const void *options, const struct tenon_host *host,
		     struct tenon_error *err);
	/*
	 * A copy of the slots; optional ones that were missing have their defaults. A codec
	 * either encodes or splits: an encoding codec has scatter NULL, a splitting codec has
	 * encode NULL.
	 */
	union tenon__ops ops;
};

/* Free a plugin. plugin may be NULL. */
void tenon__plugin_free(struct tenon__plugin *plugin);

/* Write a path for people. Of a path that is too long, write "..." and the path's end. */
#define TENON__SHOWN_PATH_BYTES 120
void tenon__plugin_show_path(char out[TENON__SHOWN_PATH_BYTES],
			     const char *path);

/* Describe a plugin for errors: "hash plugin 'mine' (built-in)". */
#define TENON__SUBJECT_BYTES 256
void tenon__plugin_describe(char out[TENON__SUBJECT_BYTES],
			    const struct tenon__plugin *plugin);

/*
 * Pass on the error of a plugin's slot, with the plugin and the place in the config added.
 * Shape:  code is the slot's return value (not 0), *reported its error, `slot` its name.
 * Errors: returns the code to pass on: TENON_ENOMEM and TENON_ECONFIG unchanged. Any other code
 *         breaks the contract of plugins and becomes TENON_EPLUGIN.
 */
int tenon__plugin_error(struct tenon_error *err, int code,
			const struct tenon_error *reported,
			const struct tenon__plugin *plugin, const char *slot,
			const struct tenon__place *place);

/*
 * Put the plugin in front of the error that its init has reported, so that a client that cannot be
 * opened says by which plugin: "transport plugin 'mine': ...". err may be NULL. Returns code.
 */
int tenon__plugin_init_error(struct tenon_error *err, int code,
			     const char *kind_name, const char *name);

#endif
