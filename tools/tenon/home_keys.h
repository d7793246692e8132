/* SPDX-License-Identifier: BSD-3-Clause */
/* Made-up keys, one for each server, by which a request goes to a certain server. */
#ifndef TENON_CLI_HOME_KEYS_H
#define TENON_CLI_HOME_KEYS_H

#include "tenon/tenon.h"

/*
 * Find a key for each server of a client that is home to keys: as the key and as the routing key of an
 * item, the item has its home there. keys has an entry for each server. The entry of a server that is
 * home to no key stays NULL. The caller frees the keys.
 */
void home_keys_find(struct tenon_client *client, char **keys);

#endif
