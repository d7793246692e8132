/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plugins that a config gets when it names none. defaults.sh makes the table
 * from the file plugins/defaults, so that no plugin's name stands in the core.
 */
#ifndef TENON_CORE_DEFAULTS_H
#define TENON_CORE_DEFAULTS_H

#include <stddef.h>

extern const char tenon__default_hash_function[];
extern const char tenon__default_distribution[];
extern const char tenon__default_transport[];
extern const char tenon__default_failover[];

/* The codecs: first one that compresses, then one that splits; and both as a list for people. */
extern const char tenon__default_compressor[];
extern const char tenon__default_splitter[];
extern const char tenon__default_codecs[];

/* The compressor's option that gets the value of the key compression_threshold. */
extern const char tenon__default_compressor_threshold[];

/* The other options that the compressor gets, as the text of a config; ends with name NULL. */
struct tenon__default_option {
	const char *name;
	const char *text;
};
extern const struct tenon__default_option tenon__default_compressor_options[];

/* The compressor has at most so many options, compressor_threshold included. */
#define TENON__COMPRESSOR_OPTIONS_MAX 8

#endif
