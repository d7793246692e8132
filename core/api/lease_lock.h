/* SPDX-License-Identifier: BSD-3-Clause */
/* Leases by lock keys, for protocols without leases. */
#ifndef TENON_CORE_LEASE_LOCK_H
#define TENON_CORE_LEASE_LOCK_H

#include "api/client.h"
#include "tenon/lease.h"

/*
 * A call of tenon/lease.h, in one protocol. *lease has all fields. Of the item, get and delete read the
 * key only. *out is set also after an error.
 */
typedef int tenon__lease_fn(struct tenon_client *client,
			    const struct tenon_item *item,
			    const struct tenon_lease *lease,
			    struct tenon_result *out, struct tenon_error *err);

/*
 * Return true when a get with cas unique found an item whose value cannot be read, because a chunk of a
 * split value is lost. Such an item would block its key until it expires: a server leases absent keys
 * only. A key that is absent has no cas unique, and the item of a lease has a mark.
 */
static inline bool tenon__lease_is_ruin(const struct tenon_result *result)
{
	return result->status == TENON_MISS && result->marks == 0 && result->cas;
}

tenon__lease_fn tenon__lock_get;
tenon__lease_fn tenon__lock_fill;
tenon__lease_fn tenon__lock_give_back;
tenon__lease_fn tenon__lock_delete;

#endif
