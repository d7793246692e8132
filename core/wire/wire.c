/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/wire.h"

#include "base/memory.h"

int tenon__wire_grow(struct tenon__wire *wire)
{
	size_t capacity = wire->send_capacity ? 2 * wire->send_capacity :
						TENON_SEND_FIRST_BYTES;
	char *buffer = tenon__realloc(wire->send_buffer, capacity, 1);

	if (!buffer) {
		return TENON_ENOMEM;
	}
	wire->send_buffer = buffer;
	wire->send_capacity = capacity;
	return 0;
}
