/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/auth.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/secret_file.h"
#include "base/text.h"
#include "option/option.h"

#define EXPECTED "{user: NAME, password_file: FILE}"

/* The options of the key. A text may be as long as a config, so that no error of a range quotes it. */
struct options {
	const char *user;
	const char *password;
	const char *password_file;
	const char *password_environment;
};

#define ROW(field)                                                     \
	{ .name = #field, .type = TENON_OPTION_STRING,                 \
	  .offset = offsetof(struct options, field), .min = 0,         \
	  .max = TENON_CONFIG_MAX_BYTES, .def_text = "" }

static const struct tenon_option rows[] = {
	ROW(user),
	ROW(password_file),
	ROW(password_environment),
	ROW(password),
	{ .name = NULL },
};

static void fini(struct options *options)
{
	tenon__free_text((char *)(uintptr_t)options->password);
	options->password = NULL;
	tenon__option_fini(rows, options);
}

/* ---- checks ---------------------------------------------------------------- */

static int refuse(const struct tenon__place *place, const char *problem,
		  struct tenon_error *err)
{
	return tenon__error_place(err, TENON_ECONFIG, place, "key 'auth': %s",
				  problem);
}

/* Check what option rows cannot check without quoting a value, which may be a password. */
static int check_shape(const struct tenon__node *value, struct tenon_error *err)
{
	if (value->type != TENON__NODE_MAP) {
		return refuse(&value->place, "found no map, expected " EXPECTED,
			      err);
	}
	for (const struct tenon__node *entry = value->first; entry;
	     entry = entry->next) {
		if (!tenon__option_find(rows, entry->key)) {
			return refuse(&entry->key_place,
				      "found an unknown option, expected user, password_file, password_environment or password",
				      err);
		}
		if (entry->type != TENON__NODE_SCALAR) {
			return refuse(&entry->place,
				      "found a list or map, expected a text",
				      err);
		}
	}
	return 0;
}

/* Return NULL, or why user or password cannot be sent. */
static const char *word_problem(const char *word, size_t max_bytes,
				const char *too_long)
{
	if (strlen(word) > max_bytes) {
		return too_long;
	}
	for (; *word != '\0'; word++) {
		if ((unsigned char)*word <= ' ' || *word == 0x7f) {
			return "user and password may have neither a space nor a control byte, as memcached separates them by a space";
		}
	}
	return NULL;
}

static const char *user_problem(const char *user)
{
	if (user[0] == '\0') {
		return "found no user, expected " EXPECTED;
	}
	return word_problem(user, TENON_USER_MAX_BYTES,
			    "user has more than " TENON__TEXT(TENON_USER_MAX_BYTES) " bytes");
}

static const char *password_problem(const char *password)
{
	if (password[0] == '\0') {
		return "the password is empty";
	}
	return word_problem(password, TENON_PASSWORD_MAX_BYTES,
			    "the password has more than " TENON__TEXT(TENON_PASSWORD_MAX_BYTES) " bytes");
}

/* Return NULL, or why these options cannot be right. */
static const char *options_problem(const struct options *options)
{
	int given = (options->password[0] != '\0') +
		    (options->password_file[0] != '\0') +
		    (options->password_environment[0] != '\0');

	if (given != 1) {
		return given == 0
			       ? "found no password, expected password_file, password_environment or password"
			       : "found several passwords, expected one of password_file, password_environment and password";
	}
	const char *problem = user_problem(options->user);
	return problem || options->password[0] == '\0'
		       ? problem
		       : password_problem(options->password);
}

/* Return true when the value says that no user and password are sent: none, false, no or off. */
static bool is_none(const struct tenon__node *value)
{
	int32_t is_on = 1;

	return value->type == TENON__NODE_SCALAR && value->plain &&
	       (strcmp(value->text, "none") == 0 ||
		(tenon__option_bool(value->text, &is_on) && !is_on));
}

/* Read the options. The caller calls fini(), also after an error. */
static int read_options(struct options *out, const struct tenon__node *value,
			struct tenon_error *err)
{
	static const struct tenon__option_owner owner = { .subject = "auth" };

	*out = (struct options){ NULL, NULL, NULL, NULL };
	int code = check_shape(value, err);
	if (!code) {
		code = tenon__option_fill(rows, out, value, &owner,
					  &value->place, err);
	}
	if (code) {
		return code;
	}
	const char *problem = options_problem(out);
	return problem ? refuse(&value->place, problem, err) : 0;
}

int tenon__auth_check(const struct tenon__node *value, struct tenon_error *err)
{
	struct options options;
	int code;

	if (tenon__node_is_null(value) || is_none(value)) {
		return 0;
	}
	code = read_options(&options, value, err);
	fini(&options);
	return code;
}

/* ---- passwords ---------------------------------------------------------------- */

/* What the functions below need to read one password. */
struct task {
	struct tenon__login *login;
	const struct tenon__place *place;
	const struct tenon__log *log;
	struct tenon_error *err;
};

static int cannot_read(const struct task *task, const char *path,
		       const char *problem, int sys_errno)
{
	tenon__error_place(task->err, TENON_EIO, task->place,
			   "key 'auth': the password file %s: %s", path,
			   problem ? problem : strerror(sys_errno));
	if (task->err) {
		task->err->sys_errno = sys_errno;
	}
	return TENON_EIO;
}

/* Take the password out of the text of its file: one line. Returns NULL, or what is wrong. */
static const char *take_line(struct tenon__login *login, const char *text,
			     size_t len)
{
	if (len > 0 && text[len - 1] == '\n') {
		len--;
	}
	if (len > 0 && text[len - 1] == '\r') {
		len--;
	}
	if (memchr(text, '\n', len) || memchr(text, '\0', len)) {
		return "has more than the password in one line";
	}
	if (len > TENON_PASSWORD_MAX_BYTES) {
		return "has a longer line than a password of " TENON__TEXT(TENON_PASSWORD_MAX_BYTES) " bytes";
	}
	memcpy(login->password, text, len);
	login->password[len] = '\0';
	return password_problem(login->password);
}

static int read_descriptor(const struct task *task, const char *path, int fd)
{
	/* room for CR LF, and one byte more, so that a file that is too long is noticed */
	char text[TENON_PASSWORD_MAX_BYTES + 3];
	size_t len = 0;
	ssize_t got;

	do {
		got = read(fd, text + len, sizeof(text) - len);
		len += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && len < sizeof(text)) ||
		 (got < 0 && errno == EINTR));
	int sys_errno = got < 0 ? errno : 0;
	const char *problem = take_line(task->login, text, len);

	explicit_bzero(text, sizeof(text));
	return sys_errno || problem
		       ? cannot_read(task, path, sys_errno ? NULL : problem,
				     sys_errno)
		       : 0;
}

static int read_file(const struct task *task, const char *path)
{
	struct stat status;
	int fd = tenon__open_secret(path);

	if (fd < 0) {
		return cannot_read(task, path,
				   errno == ELOOP
					   ? "is a symbolic link of another user, or leads over too many symbolic links"
					   : NULL,
				   errno);
	}
	int code = fstat(fd, &status) != 0
			   ? cannot_read(task, path, NULL, errno)
		   : !S_ISREG(status.st_mode)
			   ? cannot_read(task, path, "is no regular file", 0)
			   : read_descriptor(task, path, fd);
	close(fd);
	if (!code && (status.st_mode & S_IROTH)) {
		tenon__log_line(task->log, TENON_LOG_WARNING,
				"key 'auth': every user of this host can read the password file %s; `chmod o-r` it",
				path);
	}
	return code;
}

static int read_environment(const struct task *task, const char *name)
{
	const char *password = secure_getenv(name);
	char problem[TENON_ERROR_MESSAGE_BYTES];
	const char *wrong = !password || password[0] == '\0'
				    ? "it is not set"
				    : password_problem(password);

	if (wrong) {
		snprintf(problem, sizeof(problem),
			 "the environment variable '%.60s': %s", name, wrong);
		return refuse(task->place, problem, task->err);
	}
	snprintf(task->login->password, sizeof(task->login->password), "%s",
		 password);
	return 0;
}

/* Warn when every user can read the config file with the password. */
static int take_from_config(const struct task *task, const char *password,
			    const char *public_file)
{
	if (public_file) {
		tenon__log_line(task->log, TENON_LOG_WARNING,
				"key 'auth': every user of this host can read %s, which has a password; `chmod o-r` it, or use password_file",
				public_file);
	}
	snprintf(task->login->password, sizeof(task->login->password), "%s",
		 password);
	return 0;
}

static int read_password(const struct task *task, const struct options *options,
			 const char *folder, const char *public_file)
{
	if (options->password[0] != '\0') {
		return take_from_config(task, options->password, public_file);
	}
	if (options->password_environment[0] != '\0') {
		return read_environment(task, options->password_environment);
	}
	char *path = tenon__path_join(folder, options->password_file);
	int code = path ? read_file(task, path) : tenon__error_no_memory(task->err);
	tenon__free(path);
	return code;
}

int tenon__auth_load(struct tenon__login *out, const struct tenon__auth *auth,
		     const char *public_file,
		     const struct tenon__log *log, struct tenon_error *err)
{
	struct options options;
	int code = 0;

	explicit_bzero(out, sizeof(*out));
	if (tenon__node_is_null(auth->value) || is_none(auth->value)) {
		return 0;
	}
	const struct task task = { out, &auth->value->place, log, err };
	code = read_options(&options, auth->value, err);
	if (!code) {
		code = read_password(&task, &options, auth->folder,
				     public_file);
		snprintf(out->user, sizeof(out->user), "%s", options.user);
	}
	fini(&options);
	if (code) {
		explicit_bzero(out, sizeof(*out));
	}
	return code;
}
