/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/decode.h"
#include "fuzz/fuzz.h"

const char fuzz_name[] = "decode";

void fuzz_end(void)
{
	fuzz_decode_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_decode(data, size);
	return 0;
}
