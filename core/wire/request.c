/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/request.h"

#define TO(state) (UINT32_C(1) << TENON_REQUEST_##state)

static const struct tenon__state states[] = {
	[TENON_REQUEST_NEW] = { "new", TO(HELD) | TO(QUEUED) | TO(DONE),
				"waits for its round" },
	[TENON_REQUEST_HELD] = { "held", TO(NEW) | TO(DONE),
				 "waits for a later round" },
	[TENON_REQUEST_QUEUED] = { "queued", TO(QUEUED) | TO(WRITTEN) | TO(DONE),
				   "waits on a connection; queued again: on another one" },
	[TENON_REQUEST_WRITTEN] = { "written", TO(QUEUED) | TO(DONE),
				    "in flight; queued again: the connection failed" },
	[TENON_REQUEST_DONE] = { "done", TO(DONE) | TO(WRITTEN),
				 "its status is final; written again: the answer was out of protocol" },
};

const struct tenon__states tenon__request_states = {
	.thing = "request",
	.list = states,
	.count = sizeof(states) / sizeof(states[0]),
};
