/* SPDX-License-Identifier: BSD-3-Clause */
/* C and C++ at the same time: slices of literals and of strings, in each place. headers.sh runs it. */
#include <string.h>
#include "tenon/tenon.h"

static const struct tenon_slice literal = TENON_LITERAL("key");
static const struct tenon_slice literals[] = {
	TENON_LITERAL(""),
	TENON_LITERAL("a\0b"),
};

static int is(struct tenon_slice slice, const char *text, size_t len)
{
	return slice.len == len && memcmp(slice.data, text, len) == 0;
}

int main(int argc, char **argv)
{
	struct tenon_item item;

	(void)argc;
	memset(&item, 0, sizeof(item));
	item.key = tenon_slice_of(argv[0]);
	if (item.key.data != argv[0] || item.key.len != strlen(argv[0])) {
		return 1;
	}
	if (!is(tenon_slice_of("key"), "key", 3) ||
	    !is(tenon_slice_of(""), "", 0) || tenon_slice_of(NULL).len != 0) {
		return 2;
	}
	return is(literal, "key", 3) && is(literals[0], "", 0) &&
	       is(literals[1], "a\0b", 3) ? 0 : 3;
}
