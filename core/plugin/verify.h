/* SPDX-License-Identifier: BSD-3-Clause */
/* Check a descriptor before its plugin is registered. */
#ifndef TENON_CORE_VERIFY_H
#define TENON_CORE_VERIFY_H

#include "plugin/plugin.h"
#include "plugin/refusal.h"

/*
 * Check the version numbers, sizes, kind and name of a descriptor. Copy kind, name, version and
 * summary into *out. A field of the descriptor is read only after the check of the version
 * which has that field.
 * Shape:  kind is the kind that was asked for, 0: any. name likewise, NULL: any.
 * Errors: TENON_EPLUGIN with *refusal.
 */
int tenon__verify_descriptor(struct tenon__plugin *out,
			     const struct tenon_plugin *descriptor,
			     uint32_t kind, const char *name,
			     struct tenon__refusal *refusal);

/*
 * Check the slots and options of a descriptor that has passed tenon__verify_descriptor(). Fill
 * the other fields of *out, except for next and origin.
 * Owns:   out->options is the caller's, also after an error.
 * Errors: TENON_EPLUGIN with *refusal, TENON_ENOMEM.
 */
int tenon__verify_slots(struct tenon__plugin *out,
			const struct tenon_plugin *descriptor,
			struct tenon__refusal *refusal);

/*
 * Run the self-test of a hash plugin: make an instance with default options, and compare its
 * hashes with the vectors in the plugin's table.
 * Errors: TENON_EPLUGIN with *refusal, TENON_ENOMEM.
 */
int tenon__verify_hash(const struct tenon__plugin *plugin,
		       struct tenon__refusal *refusal);

#endif
