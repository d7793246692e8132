/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One plugin as the core keeps it: its descriptor's fields, its option rows and
 * its slots, copied and filled.
 */
#ifndef TENON_CORE_PLUGIN_H
#define TENON_CORE_PLUGIN_H

#include "option/node.h"
#include "tenon/plugin/codec.h"
#include "tenon/plugin/distribution.h"
#include "tenon/plugin/failover.h"
#include "tenon/plugin/hash.h"
#include "tenon/plugin/transport.h"

/* The option struct of one plugin has a ceiling, so that a wrong one is found. */
#define TENON_OPTIONS_MAX_BYTES (64 * 1024)

/* The size of a struct up to and with a field. A struct of ABI 1.0 has it, however much is appended later. */
#define TENON__SIZE_TO(type, field)                                            \
	(offsetof(type, field) + sizeof(((type *)NULL)->field))

#define TENON__BUILTIN_ORIGIN "built-in"

union tenon__ops {
	struct tenon_hash_ops hash;
	struct tenon_distribution_ops distribution;
	struct tenon_transport_ops transport;
	struct tenon_codec_ops codec;
	struct tenon_failover_ops failover;
};

/* A registered plugin. Strings but origin are the plugin's. */
struct tenon__plugin {
	struct tenon__plugin *next;
	uint32_t kind;
	const char *kind_name;
	const char *name;
	const char *version;
	const char *summary;
	char *origin;		      /* path, or TENON__BUILTIN_ORIGIN */
	struct tenon_option *options; /* our copy, ends with name NULL */
	size_t options_bytes;
	int (*check)(const void *options, const struct tenon_host *host,
		     struct tenon_error *err);
	/*
	 * Our copy, optional slots filled. A codec encodes or splits: the slots
	 * of what it does not do are NULL, and so tell which it is.
	 */
	union tenon__ops ops;
};

/* Free a plugin. NULL is fine. */
void tenon__plugin_free(struct tenon__plugin *plugin);

/* Write the end of a path, with "..." in front when the path is longer than that. */
#define TENON__SHOWN_PATH_BYTES 120
void tenon__plugin_show_path(char out[TENON__SHOWN_PATH_BYTES],
			     const char *path);

/* Describe a plugin for errors: "hash plugin 'mine' (built-in)". */
#define TENON__SUBJECT_BYTES 256
void tenon__plugin_describe(char out[TENON__SUBJECT_BYTES],
			    const struct tenon__plugin *plugin);

/*
 * Pass on what a plugin's slot reported: adds place and plugin, and turns a code
 * that the contract does not know into TENON_EPLUGIN. Returns the code.
 */
int tenon__plugin_error(struct tenon_error *err, int code,
			const struct tenon_error *reported,
			const struct tenon__plugin *plugin, const char *slot,
			const struct tenon__place *place);

#endif
