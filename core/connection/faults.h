/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whose fault a failed exchange is. One table decides it, before a failover policy, the health
 * record or a repetition hears of the failure. `tenon explain --failures` prints the table.
 */
#ifndef TENON_CORE_FAULTS_H
#define TENON_CORE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tenon/introspect.h"

/* What is known about a failed exchange besides its status. */
enum tenon__circumstance {
	TENON__WITH_REUSED =
		1u << 0, /* the connection was open before the exchange */
	TENON__WITH_IDLE =
		1u << 1, /* it had been idle for TENON_IDLE_MS or longer */
	TENON__WITH_HEARD = 1u << 2, /* a byte of an answer arrived in the exchange */
	TENON__WITH_ERRED = 1u << 3, /* an error line came in the exchange */
	TENON__WITH_REJECTED = 1u
			       << 4, /* an error line refused the connection, now or when the server was held back */
	TENON__WITH_LITTLE_TIME =
		1u << 5, /* the server had less than its share of the time */
	TENON__WITH_NO_ANSWER =
		1u << 6, /* no name server has answered the lookup */
	TENON__WITH_NO_NAME = 1u << 7,	/* the name has no address */
	TENON__WITH_RARE_VERB = 1u << 8, /* not every server knows the command */
	TENON__WITH_CUT =
		1u << 9, /* the server closed the connection while it was set up */
	TENON__WITH_ASKED =
		1u << 10, /* `version` was sent first on it, and is not answered */
	TENON__WITH_BEGUN =
		1u << 11 /* a byte of an answer arrived that is not the fence's */
};

/*
 * A connection that was idle for this long may have been forgotten by a middlebox. A busy
 * connection is not: when nothing comes on it, the server is late.
 */
#define TENON_IDLE_MS 100

/* A row of the table. */
struct tenon__fault {
	struct tenon_failure shown;
	unsigned statuses; /* the sum of 1 << -status over all statuses of the exchange */
	unsigned all;      /* these circumstances hold */
	unsigned none;     /* none of these circumstances holds */
	/*
	 * enum tenon__repeat: a request goes again when its command has this value or a greater
	 * one, or when it was never sent. 0: no request goes again.
	 */
	uint8_t again;
};

/*
 * Return the row of a failed exchange. Every status of a failed exchange has a row.
 * Shape: status is negative.
 */
const struct tenon__fault *tenon__fault_find(int status,
					     unsigned circumstances);

/* Return row number index; NULL behind the last row. */
const struct tenon__fault *tenon__fault_row(size_t index);

#endif
