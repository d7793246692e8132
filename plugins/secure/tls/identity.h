/* SPDX-License-Identifier: BSD-3-Clause */
/* The client's certificate, and its private key with the password of the key. */
#ifndef TENON_PLUGINS_IDENTITY_H
#define TENON_PLUGINS_IDENTITY_H

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "option_file.h"

/* A file with a key and a chain of certificates has some KiB. */
#define IDENTITY_KEY_FILE_MAX_BYTES (1024 * 1024)

#define IDENTITY_PASSWORD_BYTES 1024 /* as OpenSSL's PEM_BUFSIZE, the most that it asks for */

/* What is needed while the certificate and the key are read. */
struct identity {
	SSL_CTX *ctx;
	const struct tls_options *options;
	const struct tenon_host *host;
	struct tenon_error *err;
	bool asked; /* the key is encrypted */
	size_t password_len;
	char password[IDENTITY_PASSWORD_BYTES];
};

/* Return the file that holds the private key. */
static const char *identity_key(const struct tls_options *options)
{
	return options->key[0] ? options->key : options->certificate;
}

/* ---- the password --------------------------------------------------------------- */

/* OpenSSL calls this for the password of an encrypted key. Returns its length, or -1: there is none. */
static int identity_give_password(char *out, int room, int writes, void *payload)
{
	struct identity *identity = payload;

	(void)writes;
	identity->asked = true;
	if (identity->password_len == 0 ||
	    (size_t)room < identity->password_len) {
		return -1;
	}
	memcpy(out, identity->password, identity->password_len);
	return (int)identity->password_len;
}

/* Read the first line of the file of the password. Errors: TENON_ECONFIG. */
static int identity_read_password(struct identity *identity)
{
	const char *path = identity->options->key_password_file;
	char *text = identity->password;
	struct stat status;
	int fd = option_file_open(identity->host, identity->err,
				  "key_password_file", path,
				  OPTION_FILE_SECRET, &status);

	if (fd < 0) {
		return fd;
	}
	ssize_t n = option_file_read(fd, text, sizeof(identity->password));
	if (n < 0) {
		identity->host->set_error(
			identity->err, TENON_ECONFIG,
			"key_password_file: cannot read '%s': %s", path,
			strerror(errno));
		close(fd);
		return TENON_ECONFIG;
	}
	close(fd);
	const char *end = memchr(text, '\n', (size_t)n);
	size_t len = end ? (size_t)(end - text) : (size_t)n;
	identity->password_len = len - (len > 0 && text[len - 1] == '\r');
	return 0;
}

/* ---- the private key -------------------------------------------------------------- */

/* Say why the key cannot be used, after OpenSSL has refused it. */
static int identity_refuse_key(const struct identity *identity, bool is_read)
{
	const char *path = identity_key(identity->options);

	if (is_read || !identity->asked) {
		return option_refuse(identity->host, identity->err, "key",
				     path);
	}
	ERR_clear_error();
	return identity->host->set_error(
		identity->err, TENON_ECONFIG,
		"key: '%s' is encrypted, and %s", path,
		identity->password_len > 0
			? "the password in key_password_file does not fit"
			: "key_password_file gives no password");
}

static int identity_lacks_key(const struct identity *identity)
{
	return identity->host->set_error(
		identity->err, TENON_ECONFIG,
		"key: '%s' has no private key (PEM)%s",
		identity_key(identity->options),
		identity->options->key[0]
			? ""
			: "; set `key` to the file that has it");
}

/* Give the private key of a PEM text to the context. Errors: TENON_ECONFIG. */
static int identity_take_key(struct identity *identity, const char *text,
			     size_t len)
{
	/* the end of the first line of a key of any kind; OpenSSL's reason is only "unsupported" */
	static const char mark[] = "PRIVATE KEY-----";

	if (!memmem(text, len, mark, sizeof(mark) - 1)) {
		return identity_lacks_key(identity);
	}
	BIO *bio = BIO_new_mem_buf(text, (int)len);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL,
						      identity_give_password,
						      identity)
			    : NULL;
	bool is_read = key != NULL;
	bool is_taken = key && SSL_CTX_use_PrivateKey(identity->ctx, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return is_taken ? 0 : identity_refuse_key(identity, is_read);
}

/* Read the private key from an open file. Errors: TENON_ECONFIG, TENON_ENOMEM. */
static int identity_read_key(struct identity *identity, int fd,
			     const struct stat *status)
{
	const struct tenon_host *host = identity->host;
	const char *path = identity_key(identity->options);

	if (status->st_size > IDENTITY_KEY_FILE_MAX_BYTES) {
		return host->set_error(identity->err, TENON_ECONFIG,
				       "key: '%s' is larger than 1 MiB", path);
	}
	size_t bytes = (size_t)status->st_size + 1; /* an empty file has room too */
	char *text = host->alloc(host->context, bytes);
	if (!text) {
		return host->set_error(identity->err, TENON_ENOMEM,
				       "out of memory");
	}
	ssize_t len = option_file_read(fd, text, bytes);
	int code = len < 0
			   ? host->set_error(identity->err, TENON_ECONFIG,
					     "key: cannot read '%s': %s", path,
					     strerror(errno))
			   : identity_take_key(identity, text, (size_t)len);
	explicit_bzero(text, bytes);
	host->free(host->context, text);
	return code;
}

/* ---- both ------------------------------------------------------------------------- */

/* Load the certificate with its chain, and the key. Errors: TENON_ECONFIG, TENON_ENOMEM. */
static int identity_load_pair(struct identity *identity, int key_fd,
			      const struct stat *key_status)
{
	const struct tls_options *options = identity->options;
	int code = options->key_password_file[0]
			   ? identity_read_password(identity)
			   : 0;

	if (!code && SSL_CTX_use_certificate_chain_file(
			     identity->ctx, options->certificate) != 1) {
		code = option_refuse(identity->host, identity->err,
				     "certificate", options->certificate);
	}
	return code ? code : identity_read_key(identity, key_fd, key_status);
}

/*
 * Load what `certificate`, `key` and `key_password_file` name; nothing without a certificate. The
 * file of the key is opened once, so the file that was judged is the one that is read. Errors:
 * TENON_ECONFIG with one sentence, TENON_ENOMEM.
 */
static int identity_load(SSL_CTX *ctx, const struct tls_options *options,
			 const struct tenon_host *host, struct tenon_error *err)
{
	struct identity identity = {
		.ctx = ctx, .options = options, .host = host, .err = err
	};
	struct stat status;
	int code = 0;

	if (!options->certificate[0]) {
		return 0;
	}
	if (options->key[0]) {
		code = option_file_check(host, err, "certificate",
					 options->certificate,
					 OPTION_FILE_PUBLIC);
	}
	if (code) {
		return code;
	}
	int fd = option_file_open(host, err,
				  options->key[0] ? "key" : "certificate",
				  identity_key(options), OPTION_FILE_SECRET,
				  &status);
	if (fd < 0) {
		return fd;
	}
	code = identity_load_pair(&identity, fd, &status);
	close(fd);
	explicit_bzero(identity.password, sizeof(identity.password));
	return code;
}

#endif
