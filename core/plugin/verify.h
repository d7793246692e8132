/* SPDX-License-Identifier: BSD-3-Clause */
/* What a descriptor has to be before its plugin is registered. */
#ifndef TENON_CORE_VERIFY_H
#define TENON_CORE_VERIFY_H

#include "plugin/plugin.h"
#include "plugin/refusal.h"

/*
 * Check a descriptor's numbers, kind and name, and fill these into *out. Nothing
 * of the descriptor is read before the checks that allow it.
 * Shape:  kind 0 and name NULL: any.
 * Errors: TENON_EPLUGIN with *refusal.
 */
int tenon__verify_descriptor(struct tenon__plugin *out,
			     const struct tenon_plugin *descriptor,
			     uint32_t kind, const char *name,
			     struct tenon__refusal *refusal);

/*
 * Then its slots and options; fills the rest but next and origin.
 * Owns:   out->options is the caller's, also after an error.
 * Errors: TENON_EPLUGIN with *refusal, TENON_ENOMEM.
 */
int tenon__verify_slots(struct tenon__plugin *out,
			const struct tenon_plugin *descriptor,
			struct tenon__refusal *refusal);

/* Does a hash give its known answers? Returns 0, TENON_EPLUGIN, TENON_ENOMEM. */
int tenon__verify_hash(const struct tenon__plugin *plugin,
		       struct tenon__refusal *refusal);

#endif
