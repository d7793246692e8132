/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of leases that several files of api/ use. */
#ifndef TENON_CORE_LEASE_H
#define TENON_CORE_LEASE_H

#include "api/client.h"
#include "tenon/lease.h"

/*
 * Read the options of a lease. given may be NULL. *out gets all fields, with their defaults.
 * Errors: TENON_EINVAL.
 */
int tenon__lease_read(struct tenon_lease *out, const struct tenon_lease *given,
		      const struct tenon_client *client,
		      struct tenon_error *err);

/*
 * @name Leases by lock keys, for protocols without leases. *lease has all fields. *out is set also
 * after an error. See the functions of lease.h.
 */
int tenon__lock_get(struct tenon_client *client, struct tenon_slice key,
		    const struct tenon_lease *lease, struct tenon_result *out,
		    struct tenon_error *err);
int tenon__lock_fill(struct tenon_client *client, const struct tenon_item *item,
		     const struct tenon_lease *lease, struct tenon_result *out,
		     struct tenon_error *err);
int tenon__lock_delete(struct tenon_client *client, struct tenon_slice key,
		       const struct tenon_lease *lease, struct tenon_result *out,
		       struct tenon_error *err);
int tenon__lock_give_back(struct tenon_client *client,
			  const struct tenon_item *item,
			  const struct tenon_lease *lease,
			  struct tenon_result *out, struct tenon_error *err);

#endif
