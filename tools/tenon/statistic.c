/* SPDX-License-Identifier: BSD-3-Clause */
#include "statistic.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "number.h"

bool statistic_is(const struct tenon_slice *text, const char *word)
{
	return text->len == strlen(word) &&
	       memcmp(text->data, word, text->len) == 0;
}

uint64_t statistic_number(const struct tenon_slice *value, uint64_t max)
{
	char *text = alloc_format("%.*s", (int)value->len,
				  (const char *)value->data);
	uint64_t number = 0;

	parse_u64(text, max, &number);
	free(text);
	return number;
}
