/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of tls. */
#ifndef TENON_PLUGINS_TLS_OPTIONS_H
#define TENON_PLUGINS_TLS_OPTIONS_H

#include "tenon/plugin/secure.h"

enum tls_verify {
	TLS_VERIFY_FULL = 0,
	TLS_VERIFY_CA = 1,
	TLS_VERIFY_NONE = 2
};

enum tls_minimum {
	TLS_MINIMUM_1_2 = 0,
	TLS_MINIMUM_1_3 = 1
};

enum tls_resume {
	TLS_RESUME_AUTO = 0,
	TLS_RESUME_ALWAYS = 1,
	TLS_RESUME_NEVER = 2
};

/* A text is "" when its option is not given. */
struct tls_options {
	const char *ca;
	const char *certificate;
	const char *key;
	const char *key_password_file;
	const char *server_name;
	int32_t verify;  /* enum tls_verify */
	int32_t minimum; /* enum tls_minimum */
	const char *ciphers;
	const char *alpn;
	int32_t resume; /* enum tls_resume */
};

#define TLS_PATH_BYTES	  4095 /* longest path that Linux opens */
#define TLS_NAME_BYTES	  253  /* longest name of a host */
#define TLS_CIPHERS_BYTES 2000
#define TLS_ALPN_BYTES	  250

static const char *const tls_verify_words[] = { "full", "ca", "none", NULL };
static const char *const tls_resume_words[] = { "auto", "always", "never",
						NULL };
static const char *const tls_minimum_words[] = { "1.2", "1.3", NULL };

#define TLS_TEXT(field, longest, text)                                         \
	{                                                                      \
		.name = #field, .type = TENON_OPTION_STRING,                   \
		.offset = offsetof(struct tls_options, field), .min = 0,       \
		.max = longest, .def_text = "", .help = text,                  \
	}
#define TLS_PATH(field, text)                                                  \
	{                                                                      \
		.name = #field, .type = TENON_OPTION_STRING,                   \
		.flags = TENON_OPTION_PATH,                                    \
		.offset = offsetof(struct tls_options, field), .min = 0,       \
		.max = TLS_PATH_BYTES, .def_text = "", .help = text,           \
	}

static const struct tenon_option tls_rows[] = {
	TLS_PATH(ca,
		 "file or folder with the certificates that are trusted to issue those of the servers; not given: those of the system"),
	TLS_PATH(certificate,
		 "file with the client's certificate and its chain (PEM), for servers that ask for one"),
	TLS_PATH(key,
		 "file with the private key of the certificate (PEM); not given: in the file of the certificate"),
	TLS_PATH(key_password_file,
		 "file whose first line is the password of the private key"),
	TLS_TEXT(server_name, TLS_NAME_BYTES,
		 "name that the server's certificate has to be for; not given: the host of the address, or for an IP address or a socket the address or the alias"),
	{ .name = "verify",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct tls_options, verify),
	  .choices = tls_verify_words,
	  .def_text = "full",
	  .help = "how the certificate of the server is judged: full, trusted and for the name of the server; ca, trusted; none, not at all, so that anyone on the way can read and change everything" },
	{ .name = "minimum",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct tls_options, minimum),
	  .choices = tls_minimum_words,
	  .def_text = "1.2",
	  .help = "lowest version of TLS that is spoken" },
	TLS_TEXT(ciphers, TLS_CIPHERS_BYTES,
		 "ciphers in OpenSSL's words, with colons between; those that begin with TLS_ are for TLS 1.3; not given: OpenSSL's"),
	TLS_TEXT(alpn, TLS_ALPN_BYTES,
		 "names of protocols that the client offers by ALPN, with commas between; not given: no ALPN"),
	{ .name = "resume",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct tls_options, resume),
	  .choices = tls_resume_words,
	  .def_text = "auto",
	  .help = "when a new connection resumes the session of an earlier one, which saves most of the handshake; auto: unless the server asks for a client certificate, since some servers then refuse it" },
	{ .name = NULL },
};

#endif
