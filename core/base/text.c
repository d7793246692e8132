/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/text.h"

bool tenon__same_word(const char *a, const char *b)
{
	while (*a != '\0' && tenon__lower(*a) == tenon__lower(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}
