/* SPDX-License-Identifier: BSD-3-Clause */
/* Make slices of literals, of strings and of bytes. */
#include <stdio.h>
#include <tenon/tenon.h>

static const struct tenon_slice fixed = TENON_LITERAL("greeting");

static void show(struct tenon_slice slice)
{
	printf("%zu bytes: ", slice.len);
	fwrite(slice.data, 1, slice.len, stdout);
	putchar('\n');
}

int main(int argc, char **argv)
{
	const unsigned char bytes[] = { 'k', 'e', 'y' };
	const struct tenon_slice part = { bytes, sizeof(bytes) };

	show(fixed);
	show(part);
	for (int i = 1; i < argc; i++) {
		show(tenon_slice_of(argv[i]));
	}
	return 0;
}
