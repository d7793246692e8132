/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of leases that fetch.c uses too. */
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
 * Check that a value with this exptime can be stale behind it, when the options say so.
 * Errors: TENON_EINVAL.
 */
int tenon__lease_check_exptime(const struct tenon_lease *lease, int64_t exptime,
			       struct tenon_error *err);

#endif
