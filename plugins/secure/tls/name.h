/* SPDX-License-Identifier: BSD-3-Clause */
/* The name that the certificate of a server has to be for. */
#ifndef TENON_PLUGINS_NAME_H
#define TENON_PLUGINS_NAME_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tls_options.h"

struct tls_name {
	char expected[TENON_SECURE_TEXT_BYTES];
	/* an IP address that is as good as the expected name; "": none */
	char address[TENON_SECURE_TEXT_BYTES];
};

static bool is_ip(const char *text)
{
	unsigned char address[16];

	return inet_pton(AF_INET, text, address) == 1 ||
	       inet_pton(AF_INET6, text, address) == 1;
}

/* Return true when a text can be the name of a host. */
static bool is_host_name(const char *text)
{
	return text[0] != '\0' && strlen(text) <= TLS_NAME_BYTES &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")] ==
		       '\0' &&
	       !is_ip(text);
}

/* The dot at the end of an absolute name is for name servers: no certificate has it. */
static void drop_dot(char *name)
{
	size_t len = strlen(name);

	if (len > 1 && name[len - 1] == '.' && is_host_name(name)) {
		name[len - 1] = '\0';
	}
}

/*
 * Choose the name that the certificate has to be for: given, the option server_name; else the host of the address. When
 * that is an IP address or a socket, the alias, if it can be the name of a host; the IP address is
 * as good then.
 */
static void choose_name(struct tls_name *out, const char *given,
			const struct tenon_server_facts *server)
{
	const char *name = given[0] ? given : server->host;

	if (!given[0] && !is_host_name(server->host)) {
		name = is_host_name(server->alias) ? server->alias
						   : server->host;
		snprintf(out->address, sizeof(out->address), "%s",
			 is_ip(server->host) ? server->host : "");
	}
	snprintf(out->expected, sizeof(out->expected), "%s", name);
	drop_dot(out->expected);
}

#endif
