/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/resolve.h"

#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

/* A lookup, shared by the resolver and the lookup's thread. The last of the two frees it. */
struct tenon__lookup {
	atomic_uint refs;
	atomic_bool done;
	int read_fd;  /* for the resolver; becomes readable when the lookup is done */
	int write_fd; /* for the thread, which closes it when the lookup is done */
	char *host;
	char port[6];
	int gai_error;         /* result of getaddrinfo(3) */
	struct addrinfo *list; /* the addresses that were found, or NULL */
};

static struct addrinfo hints_for(int flags)
{
	return (struct addrinfo){
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | flags,
	};
}

static void lookup_unref(struct tenon__lookup *lookup)
{
	if (!lookup || atomic_fetch_sub(&lookup->refs, 1) != 1) {
		return;
	}
	if (lookup->list) {
		freeaddrinfo(lookup->list);
	}
	close(lookup->read_fd);
	if (lookup->write_fd >= 0) {
		close(lookup->write_fd);
	}
	tenon__free(lookup->host);
	tenon__free(lookup);
}

static void *lookup_thread(void *payload)
{
	struct tenon__lookup *lookup = payload;
	struct addrinfo hints = hints_for(AI_ADDRCONFIG);

	lookup->gai_error = getaddrinfo(lookup->host, lookup->port, &hints,
					&lookup->list);
	atomic_store(&lookup->done, true);
	/*
	 * Give up the lookup first, then wake the transport. When the transport is woken, the thread
	 * does not use *lookup any more.
	 */
	int write_fd = lookup->write_fd;
	lookup->write_fd = -1;
	lookup_unref(lookup);
	close(write_fd); /* end of file makes read_fd readable */
	return NULL;
}

/* Start the thread with all signals blocked, so that the application's threads get them. */
static int lookup_spawn(struct tenon__lookup *lookup)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int code = pthread_attr_init(&attr);

	if (code) {
		return code;
	}
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&thread, &attr, lookup_thread, lookup);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return code;
}

static struct tenon__lookup *lookup_start(const char *host, uint32_t port)
{
	struct tenon__lookup *lookup = tenon__calloc(1, sizeof(*lookup));
	int ends[2];

	if (!lookup) {
		return NULL;
	}
	lookup->host = tenon__strndup(host, strlen(host));
	if (!lookup->host || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		tenon__free(lookup->host);
		tenon__free(lookup);
		return NULL;
	}
	lookup->read_fd = ends[0];
	lookup->write_fd = ends[1];
	snprintf(lookup->port, sizeof(lookup->port), "%u", (unsigned)port);
	atomic_init(&lookup->refs, 2);
	if (lookup_spawn(lookup) != 0) {
		atomic_store(&lookup->refs, 1);
		lookup_unref(lookup);
		return NULL;
	}
	return lookup;
}

/* Copy the addresses of a list into the resolver, up to the limit. Errors: TENON_ENOMEM. */
static int keep_addresses(struct tenon__resolver *resolver,
			  const struct addrinfo *list)
{
	uint32_t count = 0;

	for (const struct addrinfo *at = list; at; at = at->ai_next) {
		count += count < TENON_ADDRESS_MAX_COUNT;
	}
	struct tenon_address *addresses = tenon__calloc(count, sizeof(*addresses));
	if (!addresses) {
		return TENON_ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++, list = list->ai_next) {
		memcpy(&addresses[i].sockaddr, list->ai_addr, list->ai_addrlen);
		addresses[i].sockaddr_len = list->ai_addrlen;
		addresses[i].wait_fd = -1;
	}
	tenon__free(resolver->addresses);
	resolver->addresses = addresses;
	resolver->count = count;
	return 0;
}

static int init_path(struct tenon__resolver *resolver, const char *path,
		     struct tenon_error *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct addrinfo info = {
		.ai_addr = (struct sockaddr *)&un,
		.ai_addrlen = sizeof(un),
	};
	size_t len = strlen(path);

	if (len >= sizeof(un.sun_path)) {
		return tenon__error_set(err, TENON_ECONFIG,
			"server '%s': the path is too long for a UNIX socket, expected at most %zu bytes",
			path, sizeof(un.sun_path) - 1);
	}
	memcpy(un.sun_path, path, len);
	return keep_addresses(resolver, &info);
}

/* Returns 1 when host is an IP address, 0 when host is a name, or an error below 0. */
static int init_literal(struct tenon__resolver *resolver,
			const struct tenon__server *server)
{
	struct addrinfo hints = hints_for(AI_NUMERICHOST);
	struct addrinfo *list = NULL;
	char port[12];

	snprintf(port, sizeof(port), "%u", (unsigned)server->port);
	if (getaddrinfo(server->host, port, &hints, &list) != 0) {
		return 0;
	}
	int code = keep_addresses(resolver, list);
	freeaddrinfo(list);
	return code ? code : 1;
}

static int init(struct tenon__resolver *resolver,
		const struct tenon__server *server, struct tenon_error *err)
{
	int code;

	resolver->address = tenon__strndup(server->address,
					   strlen(server->address));
	if (!resolver->address) {
		return TENON_ENOMEM;
	}
	if (server->port == 0) {
		resolver->literal = true;
		return init_path(resolver, server->host, err);
	}
	code = init_literal(resolver, server);
	if (code) {
		resolver->literal = true;
		return code < 0 ? code : 0;
	}
	resolver->host = tenon__strndup(server->host, strlen(server->host));
	return resolver->host ? 0 : TENON_ENOMEM;
}

int tenon__resolver_init(struct tenon__resolver *resolver,
			 const struct tenon__server *server,
			 struct tenon_error *err)
{
	*resolver = (struct tenon__resolver){ .port = server->port };
	int code = init(resolver, server, err);
	if (code) {
		tenon__resolver_fini(resolver);
	}
	return code == TENON_ENOMEM ? tenon__error_no_memory(err) : code;
}

void tenon__resolver_fini(struct tenon__resolver *resolver)
{
	lookup_unref(resolver->lookup);
	tenon__free(resolver->addresses);
	tenon__free(resolver->host);
	tenon__free(resolver->address);
	*resolver = (struct tenon__resolver){ 0 };
}

void tenon__resolver_forked(struct tenon__resolver *resolver)
{
	if (resolver->lookup) {
		atomic_store(&resolver->lookup->refs, 1);
		lookup_unref(resolver->lookup);
		resolver->lookup = NULL;
	}
}

void tenon__resolver_rewind(struct tenon__resolver *resolver)
{
	resolver->next = 0;
	resolver->answered = resolver->literal;
}

/* Copy the result of a lookup that is done, and give up the lookup. Errors: TENON_ENOMEM. */
static int take_answer(struct tenon__resolver *resolver)
{
	struct tenon__lookup *lookup = resolver->lookup;
	int code = 0;

	resolver->gai_error = lookup->gai_error;
	if (lookup->gai_error) {
		resolver->count = 0;
	} else {
		code = keep_addresses(resolver, lookup->list);
	}
	resolver->lookup = NULL;
	lookup_unref(lookup);
	resolver->answered = !code;
	return code;
}

int tenon__resolver_next(struct tenon__resolver *resolver,
			 struct tenon_address *out)
{
	if (!resolver->answered) {
		if (!resolver->lookup) {
			resolver->lookup = lookup_start(resolver->host,
							resolver->port);
			if (!resolver->lookup) {
				return TENON_ENOMEM;
			}
		}
		if (!atomic_load(&resolver->lookup->done)) {
			out->wait_fd = resolver->lookup->read_fd;
			return 0;
		}
		int code = take_answer(resolver);
		if (code) {
			return code;
		}
	}
	if (resolver->next == resolver->count) {
		return TENON_ECONNECT;
	}
	*out = resolver->addresses[resolver->next++];
	return 1;
}
