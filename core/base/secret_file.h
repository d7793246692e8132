/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files with secrets. A symbolic link to such a file is followed when root or the process's own user
 * owns the link: a container gets its secrets as such links. The link of another user is not followed,
 * as it could lead to a file that this user has no access to.
 */
#ifndef TENON_CORE_SECRET_FILE_H
#define TENON_CORE_SECRET_FILE_H

/*
 * Open a file with a secret for reading; a FIFO is not waited for. Returns a descriptor, which the
 * caller closes, or -1 with errno. ELOOP: a link of another user, or too many links.
 */
int tenon__open_secret(const char *path);

#endif
