/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/transport_rig.h"

#include <stdio.h>
#include <unistd.h>

#include "fakes/rig.h"

const enum fake_family families[FAMILIES] = { FAKE_INET, FAKE_UNIX, FAKE_INET6 };

void transport_use(int i)
{
	rig_transport = subject(i % subjects_count())->name;
	rig_warm = i / subjects_count() >= drive_ways;
	drive_way = drive_of(i);
	rig_opened = drive_client;
}

bool family_exists(enum fake_family family)
{
	if (family != FAKE_INET6 || fake_has_ipv6()) {
		return true;
	}
	dprintf(STDOUT_FILENO, "# no ::1 here, IPv6 is not tested\n");
	return false;
}
