/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that options name: opened without waiting, judged, and read; and why a value is refused. */
#ifndef TENON_PLUGINS_OPTION_FILE_H
#define TENON_PLUGINS_OPTION_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls_options.h"

/* ---- errors ---------------------------------------------------------------- */

/* Return the reason of OpenSSL's last error, and forget OpenSSL's errors. */
static const char *option_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_SYSTEM_ERROR(code)
				     ? NULL
				     : ERR_reason_error_string(code);

	ERR_clear_error();
	return reason ? reason : "no reason is known";
}

static int option_refuse(const struct tenon_host *host, struct tenon_error *err,
			 const char *option, const char *value)
{
	const char *reason = option_reason();

	return host->set_error(err, TENON_ECONFIG, "%s: cannot use '%s': %s",
			       option, value, reason);
}

/* ---- files ------------------------------------------------------------------ */

/* What a file may be. */
enum option_file_kind {
	OPTION_FILE_PUBLIC,    /* a regular file */
	OPTION_FILE_OR_FOLDER, /* the same, or a folder */
	OPTION_FILE_SECRET     /* a regular file that other users should not be able to read */
};

/* Return what is wrong with an open file, or with a file that could not be opened; NULL: nothing. */
static const char *option_file_problem(int fd, enum option_file_kind kind,
				       struct stat *status)
{
	if (fd < 0 && errno == ELOOP && kind == OPTION_FILE_SECRET) {
		return "it is a symbolic link of another user, or leads over too many symbolic links";
	}
	if (fd < 0 || fstat(fd, status) != 0) {
		return strerror(errno);
	}
	if (S_ISREG(status->st_mode) ||
	    (S_ISDIR(status->st_mode) && kind == OPTION_FILE_OR_FOLDER)) {
		return NULL;
	}
	return "it is no regular file"; /* reading it could last for ever */
}

/*
 * Open a file that an option names, and tell its status. A FIFO is not waited for, but refused. A
 * secret that every user can read is a warning. Returns a descriptor, which the caller closes, or
 * TENON_ECONFIG.
 */
static int option_file_open(const struct tenon_host *host,
			    struct tenon_error *err, const char *option,
			    const char *path, enum option_file_kind kind,
			    struct stat *status)
{
	char line[TLS_PATH_BYTES + 100];
	int fd = kind == OPTION_FILE_SECRET
			 ? host->open_secret(host->context, path)
			 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
					      O_NOCTTY);
	const char *problem = option_file_problem(fd, kind, status);

	if (problem) {
		host->set_error(err, TENON_ECONFIG, "%s: cannot read '%s': %s",
				option, path, problem);
		if (fd >= 0) {
			close(fd);
		}
		return TENON_ECONFIG;
	}
	if (kind == OPTION_FILE_SECRET && (status->st_mode & S_IROTH)) {
		snprintf(line, sizeof(line),
			 "%s: every user can read '%s'; chmod o-r would change that",
			 option, path);
		host->log(host->context, TENON_LOG_WARNING, line);
	}
	return fd;
}

/* Check that a file can be opened. Returns 0 or TENON_ECONFIG. */
static int option_file_check(const struct tenon_host *host,
			     struct tenon_error *err, const char *option,
			     const char *path, enum option_file_kind kind)
{
	struct stat status;
	int fd = option_file_open(host, err, option, path, kind, &status);

	if (fd < 0) {
		return fd;
	}
	close(fd);
	return 0;
}

/* Read at most `room` bytes of a file. Returns their number, or -1 with errno. */
static ssize_t option_file_read(int fd, char *out, size_t room)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, out + len, room - len);
		len += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && len < room) || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : (ssize_t)len;
}

#endif
