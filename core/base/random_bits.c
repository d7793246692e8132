/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/random_bits.h"

#include <sys/random.h>

#include "base/clock.h"

uint64_t tenon__random(void)
{
	uint64_t bits;

	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) == sizeof(bits)) {
		return bits;
	}
	return (uint64_t)tenon__now_ns() * UINT64_C(0x9e3779b97f4a7c15);
}
