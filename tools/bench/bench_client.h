/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients of tenon, for the servers of the bench. */
#ifndef TENON_BENCH_CLIENT_H
#define TENON_BENCH_CLIENT_H

#include "servers.h"
#include "tenon/tenon.h"

/*
 * Make a config with long timeouts, so that a busy machine is no error. NULL with the reason in
 * *err.
 */
struct tenon_config *config_open(const struct address *servers, size_t count,
				 struct tenon_error *err);

/* A key of the config and its value. The last of a list has key == NULL. */
struct config_key {
	const char *key;
	const char *value;
};

/* Open a client, with these keys of the config set (NULL: none). NULL with the reason in *err. */
struct tenon_client *client_open(const struct address *servers, size_t count,
				 const struct config_key *keys,
				 struct tenon_error *err);

#endif
