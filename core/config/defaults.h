/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The default plugins, for keys that a config does not set. defaults.sh makes the table from
 * the file plugins/defaults, so that the sources of the core name no plugin.
 */
#ifndef TENON_CORE_DEFAULTS_H
#define TENON_CORE_DEFAULTS_H

#include <stddef.h>

extern const char tenon__default_hash_function[];
extern const char tenon__default_distribution[];
extern const char tenon__default_transport[];
extern const char tenon__default_failover[];

/* The secure plugin that has a key of its own; also the name of that key. */
extern const char tenon__default_secure_key[];

/* The hash whose digest, MD5, stands for a key that cannot be sent. */
extern const char tenon__default_key_digest[];

/* The default codecs: one that compresses, then one that splits. As a list for people: "a, b". */
extern const char tenon__default_compressor[];
extern const char tenon__default_splitter[];
extern const char tenon__default_codecs[];

/* The name of the compressor's option that is set to the value of compression_threshold. */
extern const char tenon__default_compressor_threshold[];

/* The other options of the compressor, as in a config. Ends with name NULL. */
struct tenon__default_option {
	const char *name;
	const char *text;
};
extern const struct tenon__default_option tenon__default_compressor_options[];

/* The most options of the default compressor, compressor_threshold included. */
#define TENON__COMPRESSOR_OPTIONS_MAX 8

#endif
