/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/resolve.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

/* ---- set-up ---------------------------------------------------------------- */

static int init_path(struct tenon__resolver *resolver, const char *path,
		     struct tenon_error *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len >= sizeof(un.sun_path)) {
		return tenon__error_set(err, TENON_ECONFIG,
			"server '%s': the path is too long for a UNIX socket, expected at most %zu bytes",
			path, sizeof(un.sun_path) - 1);
	}
	memcpy(un.sun_path, path, len);
	resolver->known = tenon__lookup_literal((struct sockaddr *)&un,
						sizeof(un));
	return resolver->known ? 0 : TENON_ENOMEM;
}

/* Set up the resolver of an IP address or a name. Errors: TENON_ENOMEM. */
static int init_host(struct tenon__resolver *resolver, const char *host)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST,
	};
	struct addrinfo *list = NULL;

	if (getaddrinfo(host, NULL, &hints, &list) != 0) {
		resolver->host = tenon__strndup(host, strlen(host));
		return resolver->host ? 0 : TENON_ENOMEM;
	}
	resolver->known = tenon__lookup_literal(list->ai_addr,
						list->ai_addrlen);
	freeaddrinfo(list);
	return resolver->known ? 0 : TENON_ENOMEM;
}

static int init(struct tenon__resolver *resolver,
		const struct tenon__server *server, struct tenon_error *err)
{
	const size_t size = strlen(server->address) + 1;

	resolver->address = tenon__alloc(size + strlen(server->host) + 1);
	if (!resolver->address) {
		return TENON_ENOMEM;
	}
	strcpy(resolver->address, server->address);
	resolver->server_host =
		strcpy(resolver->address + size, server->host);
	return server->port == 0 ? init_path(resolver, server->host, err) :
				   init_host(resolver, server->host);
}

int tenon__resolver_init(struct tenon__resolver *resolver,
			 const struct tenon__server *server,
			 int64_t resolve_timeout_ms, struct tenon_error *err)
{
	*resolver = (struct tenon__resolver){
		.port = server->port,
		.resolve_timeout_ms = resolve_timeout_ms,
	};
	int code = init(resolver, server, err);
	if (code) {
		tenon__resolver_fini(resolver);
	}
	return code == TENON_ENOMEM ? tenon__error_no_memory(err) : code;
}

static void stop_waiting(struct tenon__resolver *resolver)
{
	if (resolver->waiting) {
		resolver->waiting = false;
		tenon__lookup_leave(resolver->newest);
	}
}

static void set_lookup(struct tenon__lookup **field,
		       struct tenon__lookup *lookup)
{
	tenon__lookup_unref(*field);
	*field = lookup;
}

void tenon__resolver_fini(struct tenon__resolver *resolver)
{
	stop_waiting(resolver);
	tenon__lookup_unref(resolver->newest);
	tenon__lookup_unref(resolver->known);
	tenon__free(resolver->host);
	tenon__free(resolver->address);
	*resolver = (struct tenon__resolver){ 0 };
}

void tenon__resolver_forked(struct tenon__resolver *resolver)
{
	tenon__resolver_rewind(resolver);
	set_lookup(&resolver->newest, NULL);
	if (resolver->host) {
		set_lookup(&resolver->known, NULL);
		resolver->first = 0;
	}
}

/* ---- the addresses of an operation ------------------------------------------- */

void tenon__resolver_rewind(struct tenon__resolver *resolver)
{
	const struct tenon__lookup *known = resolver->known;

	stop_waiting(resolver);
	if (known && !resolver->worked && resolver->next > 0) {
		resolver->first = (resolver->first + resolver->next) % known->count;
	}
	resolver->begun = false;
	resolver->worked = false;
	resolver->outcome = TENON_LOOKUP_NONE;
	resolver->server_errno = 0;
	resolver->local_errno = 0;
	resolver->given = 0;
	resolver->given_ns = 0;
	resolver->given_before = 0;
	resolver->next = 0;
	resolver->skip = 0;
}

/* Return the index of an address in a lookup; count: it is not there. */
static uint32_t index_of(const struct tenon__lookup *lookup,
			 const struct tenon_address *address)
{
	uint32_t i = 0;

	while (i < lookup->count &&
	       memcmp(&lookup->addresses[i], address, sizeof(*address)) != 0) {
		i++;
	}
	return i;
}

static bool was_given(const struct tenon__resolver *resolver, uint32_t index)
{
	for (uint32_t i = resolver->given_before; i < resolver->given; i++) {
		if (resolver->order[i - resolver->given_before] == index) {
			return true;
		}
	}
	return false;
}

/* Go on with the addresses that the newest lookup found, except those that were tried. */
static void adopt(struct tenon__resolver *resolver)
{
	const struct tenon__lookup *old = resolver->known;
	const struct tenon__lookup *found = resolver->newest;
	uint32_t first = 0, skip = 0;

	if (old == found) {
		return;
	}
	for (uint32_t i = 0; old && i < found->count; i++) {
		uint32_t index = index_of(old, &found->addresses[i]);

		if (index == resolver->first) {
			first = i;
		}
		skip |= (uint32_t)was_given(resolver, index) << i;
	}
	tenon__lookup_ref(resolver->newest);
	set_lookup(&resolver->known, resolver->newest);
	resolver->first = first;
	resolver->skip = skip;
	resolver->next = 0;
	resolver->given_before = resolver->given;
}

/* Record the outcome of the newest lookup, which is done. A name that is gone loses its addresses. */
static void conclude(struct tenon__resolver *resolver)
{
	const struct tenon__lookup *newest = resolver->newest;

	stop_waiting(resolver);
	switch (newest->gai_error) {
	case 0:
		resolver->outcome = TENON_LOOKUP_FOUND;
		adopt(resolver);
		return;
	case EAI_NONAME:
#ifdef EAI_NODATA
	case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
	case EAI_ADDRFAMILY:
#endif
		resolver->outcome = TENON_LOOKUP_NO_NAME;
		set_lookup(&resolver->known, NULL);
		resolver->first = 0;
		resolver->next = 0;
		return;
	default:
		resolver->outcome = TENON_LOOKUP_UNREACHABLE;
		resolver->local_errno = newest->sys_errno;
	}
}

/* The first question of an operation: join a lookup of the name. */
static void begin(struct tenon__resolver *resolver)
{
	struct tenon__lookup *newest;

	resolver->begun = true;
	if (!resolver->host) {
		return;
	}
	int code = tenon__lookup_join(resolver->host, &newest,
				      &resolver->known);
	set_lookup(&resolver->newest, newest);
	if (code) {
		resolver->outcome = TENON_LOOKUP_UNREACHABLE;
		resolver->local_errno = code;
	} else if (tenon__lookup_is_done(newest)) {
		conclude(resolver);
	}
}

static void set_port(struct tenon_address *address, uint32_t port)
{
	if (address->sockaddr.ss_family == AF_INET) {
		((struct sockaddr_in *)(void *)&address->sockaddr)->sin_port =
			htons((uint16_t)port);
	} else if (address->sockaddr.ss_family == AF_INET6) {
		((struct sockaddr_in6 *)(void *)&address->sockaddr)->sin6_port =
			htons((uint16_t)port);
	}
}

/* Give the next address that is known. Returns false when none is left. */
static bool give(struct tenon__resolver *resolver, struct tenon_address *out)
{
	const struct tenon__lookup *known = resolver->known;

	while (known && resolver->next < known->count) {
		uint32_t index =
			(resolver->first + resolver->next++) % known->count;

		if (resolver->skip >> index & 1) {
			continue;
		}
		if (resolver->given == 0 && resolver->host) {
			resolver->given_ns = tenon__now_ns();
		}
		*out = known->addresses[index];
		set_port(out, resolver->port);
		resolver->order[resolver->given++ - resolver->given_before] =
			(uint8_t)index;
		return true;
	}
	return false;
}

/* Return true when the newest lookup has taken longer than resolve_timeout. */
static bool is_overdue(const struct tenon__resolver *resolver)
{
	return tenon__now_ns() - resolver->newest->start_ns >=
	       resolver->resolve_timeout_ms * 1000000;
}

/* Wait for the newest lookup; the result is as for tenon__resolver_next(). */
static int wait_for_lookup(struct tenon__resolver *resolver,
			   struct tenon_address *out)
{
	if (is_overdue(resolver)) {
		resolver->outcome = TENON_LOOKUP_TIMED_OUT;
		return TENON_ECONNECT;
	}
	if (!resolver->waiting) {
		int fd = tenon__lookup_wait(resolver->newest);

		if (fd < 0) {
			resolver->outcome = TENON_LOOKUP_UNREACHABLE;
			resolver->local_errno = -fd;
			return TENON_ECONNECT;
		}
		resolver->waiting = true;
	}
	resolver->outcome = TENON_LOOKUP_UNFINISHED;
	out->wait_fd = resolver->newest->fd;
	return 0;
}

int tenon__resolver_next(struct tenon__resolver *resolver,
			 struct tenon_address *out)
{
	if (!resolver->begun) {
		begin(resolver);
	}
	if (give(resolver, out)) {
		return 1;
	}
	const struct tenon__lookup *newest = resolver->newest;
	if (newest && resolver->outcome <= TENON_LOOKUP_UNFINISHED) {
		if (!tenon__lookup_is_done(newest)) {
			return wait_for_lookup(resolver, out);
		}
		conclude(resolver);
		if (give(resolver, out)) {
			return 1;
		}
	}
	/* the lookup could not even be queued */
	return !newest && resolver->local_errno == ENOMEM &&
			       resolver->given == 0
		       ? TENON_ENOMEM
		       : TENON_ECONNECT;
}

uint32_t tenon__resolver_left(const struct tenon__resolver *resolver)
{
	return resolver->known ? resolver->known->count - resolver->next : 0;
}

/* ---- how it ended ------------------------------------------------------------ */

void tenon__resolver_ended(struct tenon__resolver *resolver, uint32_t nth,
			   int sys_errno)
{
	if (tenon__is_local_limit(sys_errno)) {
		resolver->local_errno = sys_errno;
	} else if (sys_errno) {
		resolver->server_errno = sys_errno;
	} else {
		resolver->worked = true;
		if (resolver->known && nth >= resolver->given_before &&
		    nth < resolver->given) {
			resolver->first =
				resolver->order[nth - resolver->given_before];
		}
	}
}

void tenon__resolver_connected(struct tenon__resolver *resolver)
{
	if (!resolver->worked && resolver->given > 0) {
		tenon__resolver_ended(resolver, resolver->given - 1, 0);
	}
}

int tenon__resolver_errno(const struct tenon__resolver *resolver)
{
	return resolver->server_errno ? resolver->server_errno :
					resolver->local_errno;
}

bool tenon__resolver_explain(const struct tenon__resolver *resolver, char *out,
			     size_t size)
{
	const struct tenon__lookup *newest = resolver->newest;

	out[0] = '\0';
	if (resolver->given > 0 || resolver->outcome == TENON_LOOKUP_NONE) {
		return false;
	}
	if (resolver->outcome == TENON_LOOKUP_TIMED_OUT ||
	    (resolver->outcome == TENON_LOOKUP_UNFINISHED &&
	     is_overdue(resolver))) {
		snprintf(out, size,
			 "the lookup of %.60s took longer than resolve_timeout (%" PRId64
			 " ms)",
			 resolver->host, resolver->resolve_timeout_ms);
	} else if (resolver->outcome == TENON_LOOKUP_UNFINISHED) {
		snprintf(out, size,
			 "the lookup of %.60s took longer than the time left",
			 resolver->host);
	} else {
		snprintf(out, size, "the lookup of %.60s failed: %s",
			 resolver->host,
			 resolver->local_errno || !newest
				 ? strerror(resolver->local_errno)
				 : gai_strerror(newest->gai_error));
	}
	return true;
}
