/* SPDX-License-Identifier: BSD-3-Clause */
/* set, add, replace, append, prepend and cas. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "items.h"
#include "output.h"
#include "report.h"

/* No server stores a larger value. The limit keeps an endless pipe from using up all memory. */
#define VALUE_MAX_BYTES ((size_t)1 << 30)
#define VALUE_FIRST_BYTES ((size_t)64 * 1024)

struct value {
	char *data;
	size_t len;
};

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

static int read_from(struct app *app, const char *path, struct value *value)
{
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

/* Get the value from the argument, from --file, or from standard input. */
static int get_value(struct app *app, struct value *value)
{
	const char *operand = app->operand_count > 1 ? app->operands[1] : NULL;
	const char *path = app->options.file_path;

	if (operand && path) {
		return fail_usage(app, "VALUE and --file are both given");
	}
	if (operand && strcmp(operand, "-") != 0) {
		value->data = alloc_text(operand);
		value->len = strlen(operand);
		return EXIT_DONE;
	}
	if (path && strcmp(path, "-") != 0) {
		return read_from(app, path, value);
	}
	if (!operand && !path && isatty(STDIN_FILENO) == 1) {
		return fail_usage(app, "no value: give VALUE, --file FILE, or a pipe");
	}
	return read_from(app, NULL, value);
}

int run_store(struct app *app)
{
	enum tenon_verb verb = (enum tenon_verb)app->command->verb;
	struct tenon_item item = item_of_operand(app, app->operands[0]);
	struct items_call call = { .verb = verb, .items = &item, .count = 1 };
	struct value value = { 0 };
	int status = items_check_expiry(app, false);

	if (status != EXIT_DONE) {
		return status;
	}
	if (verb == TENON_CAS &&
	    (app->options.given & OPTION_BIT(OPTION_CAS)) == 0) {
		return fail_usage(app, "--cas N is needed");
	}
	status = get_value(app, &value);
	if (status == EXIT_DONE) {
		item.flags = (uint32_t)app->options.flags;
		item.cas = app->options.cas;
		item.value.data = value.data;
		item.value.len = value.len;
		status = items_run(app, &call);
	}
	free(value.data);
	return status;
}
