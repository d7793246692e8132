/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients of tenon for servers of the bench. */
#ifndef TENON_BENCH_CLIENT_H
#define TENON_BENCH_CLIENT_H

#include "servers.h"
#include "tenon/tenon.h"

/* A config that is patient with a busy machine; NULL with the reason in *err. */
struct tenon_config *config_open(const struct address *servers, size_t count,
				 struct tenon_error *err);

/* A client with one key of the config set (NULL: none); NULL with the reason. */
struct tenon_client *client_open(const struct address *servers, size_t count,
				 const char *key, const char *value,
				 struct tenon_error *err);

#endif
