/* SPDX-License-Identifier: BSD-3-Clause */
#include "value_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "report.h"

/* No server stores a larger value. The limit keeps an endless pipe from using up all memory. */
#define VALUE_MAX_BYTES ((size_t)1 << 30)
#define VALUE_FIRST_BYTES ((size_t)64 * 1024)

/* Read fd to its end. Returns 0 or an errno; EFBIG for more than VALUE_MAX_BYTES. */
static int read_all(int fd, struct value *value)
{
	size_t capacity = 0;

	for (;;) {
		ssize_t got;

		if (value->len > VALUE_MAX_BYTES) {
			return EFBIG;
		}
		if (value->len == capacity) {
			/* One byte above the limit shows that the value is too large. */
			capacity = capacity == 0 ? VALUE_FIRST_BYTES :
						   capacity * 2;
			capacity = capacity > VALUE_MAX_BYTES ?
					   VALUE_MAX_BYTES + 1 : capacity;
			value->data = alloc_resize(value->data, capacity, 1);
		}
		got = read(fd, value->data + value->len, capacity - value->len);
		if (got == 0) {
			return 0;
		}
		if (got < 0 && errno != EINTR) {
			return errno;
		}
		value->len += got < 0 ? 0 : (size_t)got;
	}
}

int value_read(struct app *app, const char *path, struct value *value)
{
	if (path && strcmp(path, "-") == 0) {
		path = NULL;
	}
	const char *name = !path ? "standard input" : path;
	int fd = !path ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int reason = fd < 0 ? errno : read_all(fd, value);

	if (fd >= 0 && path) {
		close(fd);
	}
	if (reason == EFBIG) {
		return fail(app, TENON_ETOOBIG,
			    "%s: a value has at most %zu bytes", name,
			    VALUE_MAX_BYTES);
	}
	if (reason != 0) {
		return fail(app, TENON_EIO, "%s: %s", name, strerror(reason));
	}
	return EXIT_DONE;
}
