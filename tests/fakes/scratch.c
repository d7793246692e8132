/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE 1 /* nftw */
#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[80];
static pid_t owner;

static int remove_one(const char *path, const struct stat *status, int type,
		      struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

static void scratch_remove(void)
{
	/*
	 * Tests run in forked children, which inherit the atexit list. Only the parent
	 * removes the folder.
	 */
	if (getpid() == owner) {
		(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	}
}

void scratch_begin(void)
{
	const char *tmp = getenv("TMPDIR");

	/*
	 * The path of a socket has at most 108 bytes; a long TMPDIR would not leave
	 * enough room.
	 */
	if (!tmp || strnlen(tmp, 50) == 50) {
		tmp = "/tmp";
	}
	snprintf(folder, sizeof(folder), "%s/tenon-test-XXXXXX", tmp);
	if (!mkdtemp(folder)) {
		perror(folder);
		exit(EXIT_FAILURE);
	}
	owner = getpid();
	atexit(scratch_remove);
}

void scratch_path(char *out, size_t bytes)
{
	static unsigned number;

	if (owner == 0) {
		fputs("scratch_begin() has to come first\n", stderr);
		exit(EXIT_FAILURE);
	}
	snprintf(out, bytes, "%s/%ld-%u", folder, (long)getpid(), ++number);
}

void scratch_folder(char *out, size_t bytes)
{
	scratch_path(out, bytes);
	if (mkdir(out, 0700) != 0) {
		perror(out);
		exit(EXIT_FAILURE);
	}
}
