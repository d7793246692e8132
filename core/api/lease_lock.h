/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leases by lock keys, for protocols without leases. The functions are those of tenon/lease.h without
 * their `lock`. *lease has all fields. *out is set also after an error.
 */
#ifndef TENON_CORE_LEASE_LOCK_H
#define TENON_CORE_LEASE_LOCK_H

#include "api/client.h"
#include "tenon/lease.h"

int tenon__lock_get(struct tenon_client *client, struct tenon_slice key,
		    const struct tenon_lease *lease, struct tenon_result *out,
		    struct tenon_error *err);
int tenon__lock_fill(struct tenon_client *client, const struct tenon_item *item,
		     const struct tenon_lease *lease, struct tenon_result *out,
		     struct tenon_error *err);
int tenon__lock_give_back(struct tenon_client *client,
			  const struct tenon_item *item,
			  const struct tenon_lease *lease,
			  struct tenon_result *out, struct tenon_error *err);
int tenon__lock_delete(struct tenon_client *client, struct tenon_slice key,
		       const struct tenon_lease *lease, struct tenon_result *out,
		       struct tenon_error *err);

#endif
