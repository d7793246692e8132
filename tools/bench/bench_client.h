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

/* Open a client, with one key of the config set (NULL: none). NULL with the reason in *err. */
struct tenon_client *client_open(const struct address *servers, size_t count,
				 const char *key, const char *value,
				 struct tenon_error *err);

#endif
