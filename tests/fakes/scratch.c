/* SPDX-License-Identifier: BSD-3-Clause */
#include "scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[80];
static pid_t owner;

static void scratch_remove(void)
{
	char path[sizeof(folder) + 280];
	DIR *dir;

	/*
	 * Tests run in forked children, which inherit the atexit list. Only the parent
	 * removes the folder.
	 */
	if (getpid() != owner) {
		return;
	}
	dir = opendir(folder);
	if (!dir) {
		return;
	}
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		(void)unlink(path);
	}
	closedir(dir);
	(void)rmdir(folder);
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
