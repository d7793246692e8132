/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/auto/auto.h"

#include "wire/classic/classic.h"
#include "wire/meta/meta_protocol.h"

/* When every request has its answer, the next exchange of the connection may be another protocol's. */
static int auto_read(struct tenon__wire *wire)
{
	int verdict = tenon__classic_read(wire);

	if (verdict == TENON_WIRE_DONE && wire->release >= TENON_META_RELEASE) {
		wire->protocol = &tenon__meta;
	}
	return verdict;
}

const struct tenon__protocol tenon__auto = {
	.write = tenon__classic_write,
	.read = auto_read,
	.greet = tenon__classic_greet,
	.greeted = tenon__classic_greeted,
	.are_unasked = tenon__classic_are_unasked,
	.asks = true,
};
