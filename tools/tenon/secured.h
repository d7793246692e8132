/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of a secure plugin, such as TLS, for people and as JSON: health, and certificates. */
#ifndef TENON_CLI_SECURED_H
#define TENON_CLI_SECURED_H

#include <jansson.h>

#include "output.h"
#include "tenon/health.h"
#include "tenon/introspect.h"

/* Add two cells: the protocol, and the time until the first certificate of the chain ends. */
void secured_add(struct table *table, const struct tenon_secure_health *secure);

/* Return true when there was a session. */
bool secured_is_known(const struct tenon_secure_health *secure);

json_t *secured_json(const struct tenon_secure_health *secure);
json_t *secured_chain_json(const struct tenon_certificate *chain, size_t count);

/*
 * A tree of the certificates of many servers: an issuer is above the certificates that it has
 * issued. Begin with a zeroed struct.
 */
struct secured_tree {
	struct secured_node *nodes;
	size_t count;
};

/* Add the chain of a server, of which the server's own certificate is the first one. */
void secured_tree_add(struct secured_tree *tree, const char *alias,
		      const struct tenon_certificate *chain, size_t count);

void secured_tree_print(const struct secured_tree *tree);
void secured_tree_fini(struct secured_tree *tree);

#endif
