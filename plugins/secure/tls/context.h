/* SPDX-License-Identifier: BSD-3-Clause */
/* An SSL_CTX as the options ask for it. */
#ifndef TENON_PLUGINS_CONTEXT_H
#define TENON_PLUGINS_CONTEXT_H

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "identity.h"
#include "option_file.h"
#include "watch.h"

/* ---- certificates that are trusted --------------------------------------------- */

/* Return true when a folder has a file that is named as `openssl rehash` names certificates. */
static bool context_is_hashed(const char *folder)
{
	DIR *dir = opendir(folder);
	bool found = false;
	struct dirent *entry;

	while (dir && !found && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		found = strspn(name, "0123456789abcdef") == 8 &&
			name[8] == '.' && name[9] >= '0' && name[9] <= '9';
	}
	if (dir) {
		closedir(dir);
	}
	return found;
}

static int context_load_folder(SSL_CTX *ctx, const struct tls_options *options,
			       const struct tenon_host *host,
			       struct tenon_error *err)
{
	if (!context_is_hashed(options->ca)) {
		return host->set_error(
			err, TENON_ECONFIG,
			"ca: the folder '%s' has no certificate that `openssl rehash` has named; run it, or name a file",
			options->ca);
	}
	return SSL_CTX_load_verify_dir(ctx, options->ca) == 1
		       ? 0
		       : option_refuse(host, err, "ca", options->ca);
}

static int context_load_ca(SSL_CTX *ctx, const struct tls_options *options,
			   const struct tenon_host *host,
			   struct tenon_error *err)
{
	struct stat stat_of;

	if (!options->ca[0]) {
		return SSL_CTX_set_default_verify_paths(ctx) == 1
			       ? 0
			       : option_refuse(host, err, "ca", "the system's");
	}
	int code = option_file_check(host, err, "ca", options->ca,
				     OPTION_FILE_OR_FOLDER);
	if (code) {
		return code;
	}
	if (stat(options->ca, &stat_of) == 0 && S_ISDIR(stat_of.st_mode)) {
		return context_load_folder(ctx, options, host, err);
	}
	return SSL_CTX_load_verify_file(ctx, options->ca) == 1
		       ? 0
		       : option_refuse(host, err, "ca", options->ca);
}

/* ---- what is spoken ---------------------------------------------------------------- */

/* Take the ciphers of TLS 1.3 (begin with TLS_) or the others out of the option `ciphers`. */
static void context_pick_ciphers(char out[TLS_CIPHERS_BYTES + 1],
				 const char *ciphers, bool newest)
{
	size_t len = 0;

	while (*ciphers != '\0') {
		size_t n = strcspn(ciphers, ": ,");
		bool is_newest = strncmp(ciphers, "TLS_", 4) == 0;

		if (n > 0 && is_newest == newest) {
			len += (size_t)snprintf(out + len,
						TLS_CIPHERS_BYTES + 1 - len,
						"%s%.*s", len > 0 ? ":" : "",
						(int)n, ciphers);
		}
		ciphers += n + (ciphers[n] != '\0');
	}
	out[len] = '\0';
}

static int context_set_ciphers(SSL_CTX *ctx, const struct tls_options *options,
			       const struct tenon_host *host,
			       struct tenon_error *err)
{
	char list[TLS_CIPHERS_BYTES + 1];

	context_pick_ciphers(list, options->ciphers, true);
	if (list[0] && SSL_CTX_set_ciphersuites(ctx, list) != 1) {
		return option_refuse(host, err, "ciphers", list);
	}
	context_pick_ciphers(list, options->ciphers, false);
	if (list[0] && SSL_CTX_set_cipher_list(ctx, list) != 1) {
		return option_refuse(host, err, "ciphers", list);
	}
	return 0;
}

/* Write the option `alpn` in the form of the protocol. Returns its length; 0: a name is too long or empty. */
static unsigned context_alpn(unsigned char out[TLS_ALPN_BYTES + 1],
			     const char *names)
{
	unsigned len = 0;

	while (*names != '\0') {
		size_t n = strcspn(names, ",");

		if (n == 0 || n > 255) {
			return 0;
		}
		out[len++] = (unsigned char)n;
		memcpy(out + len, names, n);
		len += (unsigned)n;
		names += n;
		if (*names == ',' && *++names == '\0') {
			return 0;
		}
	}
	return len;
}

static int context_set_protocol(SSL_CTX *ctx, const struct tls_options *options,
				const struct tenon_host *host,
				struct tenon_error *err)
{
	int minimum = options->minimum == TLS_MINIMUM_1_3 ? TLS1_3_VERSION
							  : TLS1_2_VERSION;
	unsigned char alpn[TLS_ALPN_BYTES + 1];
	unsigned len = context_alpn(alpn, options->alpn);

	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION);
	if (SSL_CTX_set_min_proto_version(ctx, minimum) != 1) {
		return option_refuse(host, err, "minimum",
				      tls_minimum_words[options->minimum]);
	}
	if (len > 0 && SSL_CTX_set_alpn_protos(ctx, alpn, len) != 0) {
		return option_refuse(host, err, "alpn", options->alpn);
	}
	return context_set_ciphers(ctx, options, host, err);
}

/* ---- making one ---------------------------------------------------------------------- */

/*
 * Make a context of the files as they are now, and note what they are. The caller frees *out.
 * Errors: TENON_ENOMEM; TENON_ECONFIG with one sentence.
 */
static int context_create(SSL_CTX **out, struct watch *files,
			  const struct tls_options *options,
			  const struct tenon_host *host,
			  struct tenon_error *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	watch_look(files, options);
	if (!ctx) {
		ERR_clear_error();
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	int code = context_set_protocol(ctx, options, host, err);
	if (!code && options->verify != TLS_VERIFY_NONE) {
		code = context_load_ca(ctx, options, host, err);
	}
	if (!code) {
		code = identity_load(ctx, options, host, err);
	}
	if (code) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	*out = ctx;
	return code;
}

#endif
