/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More links, one behind the other, are a mistake. */
#define LINKS_MAX 8

/* Return true when the descriptor is a link that may be followed. Sets errno when it is not. */
static bool is_trusted(int link)
{
	struct stat status;

	if (fstat(link, &status) != 0) {
		return false;
	}
	errno = ELOOP;
	return S_ISLNK(status.st_mode) &&
	       (status.st_uid == 0 || status.st_uid == geteuid());
}

/* Read where the trusted link at `path` leads to. The link that is judged is the one that is read. */
static bool read_link(char target[PATH_MAX], const char *path)
{
	int link = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	ssize_t len = -1;

	if (link < 0) {
		return false;
	}
	if (is_trusted(link)) {
		len = readlinkat(link, "", target, PATH_MAX - 1);
		target[len > 0 ? len : 0] = '\0';
	}
	int problem = errno;
	close(link);
	errno = problem;
	return len >= 0;
}

/* Replace the path of a link by the path that the link leads to. Returns false, with errno. */
static bool follow(char path[PATH_MAX])
{
	char target[PATH_MAX];

	if (!read_link(target, path)) {
		return false;
	}
	const char *slash = target[0] == '/' ? NULL : strrchr(path, '/');
	size_t folder_bytes = slash ? (size_t)(slash + 1 - path) : 0;
	size_t bytes = strlen(target) + 1;

	if (folder_bytes + bytes > PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(path + folder_bytes, target, bytes);
	return true;
}

int tenon__open_secret(const char *path)
{
	char at[PATH_MAX];

	if ((size_t)snprintf(at, sizeof(at), "%s", path) >= sizeof(at)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (int links = 0; links <= LINKS_MAX; links++) {
		int fd = open(at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
					  O_NONBLOCK | O_NOCTTY);

		if (fd >= 0 || errno != ELOOP || !follow(at)) {
			return fd;
		}
	}
	errno = ELOOP;
	return -1;
}
