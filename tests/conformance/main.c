/* SPDX-License-Identifier: BSD-3-Clause */
/* The program of one suite, which the build names. */
#include "conformance/subject.h"

int main(void)
{
	return SUITE();
}
