/* SPDX-License-Identifier: BSD-3-Clause */
/* main() of the program of one suite. The build defines SUITE. */
#include "conformance/subject.h"

int main(void)
{
	return SUITE();
}
