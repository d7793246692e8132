/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key `auth`: user and password, for all servers or in the map of one server. The config keeps
 * only where the value stands; the password is read when an assembly is made. No error and no log line
 * quotes a part of a value.
 */
#ifndef TENON_CORE_AUTH_H
#define TENON_CORE_AUTH_H

#include "base/log.h"
#include "option/node.h"
#include "wire/wire.h"

/* The value of a key `auth`. */
struct tenon__auth {
	const struct tenon__node *value; /* in a source of the config; NULL: the key is not set */
	const char *folder; /* of that source: relative paths start there */
};

/* User and password. The caller of tenon__auth_load() overwrites them with zeros after use. */
struct tenon__login {
	char user[TENON_USER_MAX_BYTES + 1]; /* "": no user and password are sent */
	char password[TENON_PASSWORD_MAX_BYTES + 1];
};

/* Check the value of a key, without a look at files and the environment. Errors: TENON_ECONFIG, TENON_ENOMEM. */
int tenon__auth_check(const struct tenon__node *value, struct tenon_error *err);

/*
 * Read user and password. Passwords that others can read are warnings in the log.
 * Shape:  public_file is the config file that the value stands in, when every user can read that
 *         file; else NULL.
 * Errors: TENON_ECONFIG, TENON_EIO, TENON_ENOMEM. *out has no secret then.
 */
int tenon__auth_load(struct tenon__login *out, const struct tenon__auth *auth,
		     const char *public_file,
		     const struct tenon__log *log, struct tenon_error *err);

#endif
