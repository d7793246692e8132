/* SPDX-License-Identifier: BSD-3-Clause */
/* make_certificates FOLDER: make the certificates of certificates.h there, for scripts. */
#include <stdio.h>
#include <stdlib.h>

#include "certificates.h"

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: make_certificates FOLDER\n", stderr);
		return EXIT_FAILURE;
	}
	certificates_make(argv[1]);
	return EXIT_SUCCESS;
}
