/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key `ring`: one word for the keys that decide the server of each key. A preset is a text with
 * such keys. A key that stands in the config itself has precedence, wherever it stands.
 * presets.h has the table.
 */
#ifndef TENON_CORE_PRESET_H
#define TENON_CORE_PRESET_H

#include "config/conf.h"
#include "config/presets.h"
#include "wire/part.h"

/* Return the name of the config's ring. Owns: the string is static. */
const char *tenon__preset_name(const struct tenon_config *config);

/* Return true when the config itself sets this key of a ring, and not the preset. */
bool tenon__preset_is_own(const struct tenon_config *config, const char *name);

/*
 * Return the name of a key that the config sets itself, when its ring has another value for it.
 * NULL: the config leaves the key to the ring, has the same value, or has no key `ring`.
 */
const char *tenon__preset_overridden(const struct tenon_config *config,
				     enum tenon__ring_key key);

/*
 * Return tenon's name of the hash function that the clients of the config's ring call by this
 * name. NULL: they call it as tenon does, or do not know the name.
 */
const char *tenon__preset_hash_name(const struct tenon_config *config,
				    const char *name);

/*
 * Check that the keys beside `ring` do not contradict each other. own_hash: the distribution hashes
 * keys itself.
 * Errors: TENON_ECONFIG.
 */
int tenon__preset_check(const struct tenon_config *config, bool own_hash,
			struct tenon_error *err);

/* Return the rule for the part of a key that is hashed; its text is the config's. */
struct tenon__part_rule tenon__preset_part(const struct tenon_config *config);

#endif
