/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/fuzz.h"
#include "fuzz/gather.h"

const char fuzz_name[] = "gather";

void fuzz_end(void)
{
	fuzz_gather_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_gather(data, size);
	return 0;
}
