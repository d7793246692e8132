/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits of this process, and names whose first address may be dead. Functions here take
 * the place of those of the C library, in the client and in the transports.
 */
#define _GNU_SOURCE 1 /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "chaos/chaos.h"

/* ---- limits --------------------------------------------------------------- */

static _Thread_local bool joined;
/* 0: the call works */
static atomic_int socket_errno, connect_errno, lookup_error;
static struct rlimit usual_limit;

bool chaos_local_begin(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (getrlimit(RLIMIT_NOFILE, &usual_limit) != 0) {
		return false;
	}
	usual_limit.rlim_cur = usual_limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &usual_limit);
	while (fd >= 0 && fd < CHAOS_RESERVED) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	return fd >= 0;
}

void chaos_local_join(void)
{
	joined = true;
}

/* The ways: too few descriptors, a socket that fails with an errno, no port, no memory. */
void chaos_limit(uint32_t how)
{
	static const int of_socket[] = { ENFILE, ENOBUFS, ENOMEM };
	struct rlimit low = usual_limit;
	uint32_t way = how % 9;

	low.rlim_cur = CHAOS_RESERVED;
	if (way < 4) {
		setrlimit(RLIMIT_NOFILE, &low);
		atomic_store(&lookup_error, EAI_SYSTEM);
	} else if (way < 7) {
		atomic_store(&socket_errno, of_socket[way - 4]);
		atomic_store(&lookup_error, EAI_SYSTEM);
	} else if (way == 7) {
		atomic_store(&connect_errno, EADDRNOTAVAIL);
	} else {
		atomic_store(&lookup_error, EAI_MEMORY);
	}
}

void chaos_unlimit(void)
{
	setrlimit(RLIMIT_NOFILE, &usual_limit);
	atomic_store(&socket_errno, 0);
	atomic_store(&connect_errno, 0);
	atomic_store(&lookup_error, 0);
}

int socket(int domain, int type, int protocol)
{
	int (*real)(int, int, int);
	int code = joined ? atomic_load(&socket_errno) : 0;

	if (code) {
		errno = code;
		return -1;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "socket");
	return real(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	int (*real)(int, const struct sockaddr *, socklen_t);
	int code = joined && address->sa_family != AF_UNIX ?
		atomic_load(&connect_errno) : 0;

	if (code) {
		errno = code;
		return -1;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "connect");
	return real(fd, address, len);
}

/* ---- names ---------------------------------------------------------------- */

enum addresses {
	LIVE = 0,
	SWALLOWS_THEN_LIVE = 1,
	REFUSES_THEN_LIVE = 2,
	LIVE_THEN_SWALLOWS = 3,
	ADDRESSES_COUNT = 4
};

static struct {
	struct address live;
	atomic_uint now; /* an enum addresses */
} names[CHAOS_PLACES_MAX];

static struct address swallows, refuses; /* for all names */

/* Marks the answers of this file for freeaddrinfo(). */
#define OURS 0x40000000

/* An address at which every SYN is lost, and one that refuses every connection. */
static bool make_dead_addresses(void)
{
	static int fillers[ADDRESS_FILLERS_MAX];
	int fd = address_bind(FAKE_INET, &swallows);

	return fd >= 0 && listen(fd, 0) == 0 &&
		address_fill_backlog(&swallows, fillers) > 0 &&
		address_bind(FAKE_INET, &refuses) >= 0;
}

bool chaos_name_make(uint32_t place, const char *address, char *out,
		     size_t bytes)
{
	if (!address_parse(address, &names[place].live)) {
		return false;
	}
	snprintf(out, bytes, "place%u.test:%u", (unsigned)place,
		 ntohs(names[place].live.u.in.sin_port));
	return swallows.len > 0 || make_dead_addresses();
}

void chaos_name_change(uint32_t place, uint32_t how)
{
	atomic_store(&names[place].now, how % ADDRESSES_COUNT);
}

struct answer {
	struct addrinfo info;
	struct address address;
};

static struct addrinfo *answer(const struct address *address,
			       struct addrinfo *next)
{
	struct answer *made = calloc(1, sizeof(*made));

	if (!made) {
		return next;
	}
	made->address = *address;
	made->info = (struct addrinfo){
		.ai_flags = OURS,
		.ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP,
		.ai_addr = &made->address.u.any,
		.ai_addrlen = made->address.len,
		.ai_next = next,
	};
	return &made->info;
}

static struct addrinfo *answers_of(uint32_t place)
{
	const struct address *live = &names[place].live;

	switch (atomic_load(&names[place].now)) {
	case SWALLOWS_THEN_LIVE:
		return answer(&swallows, answer(live, NULL));
	case REFUSES_THEN_LIVE:
		return answer(&refuses, answer(live, NULL));
	case LIVE_THEN_SWALLOWS:
		return answer(live, answer(&swallows, NULL));
	default:
		return answer(live, NULL);
	}
}

/* A lookup needs descriptors and memory too. */
static int look_up(uint32_t place, struct addrinfo **out)
{
	int code = atomic_load(&lookup_error);

	if (code) {
		errno = atomic_load(&socket_errno) ?
			atomic_load(&socket_errno) : EMFILE;
		return code;
	}
	*out = answers_of(place);
	return *out ? 0 : EAI_MEMORY;
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);
	unsigned place;

	if (host && sscanf(host, "place%u.test", &place) == 1 &&
	    place < CHAOS_PLACES_MAX &&
	    !(hints && hints->ai_flags & AI_NUMERICHOST)) {
		return look_up(place, out);
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(host, port, hints, out);
}

void freeaddrinfo(struct addrinfo *list)
{
	void (*real)(struct addrinfo *);

	if (!list || !(list->ai_flags & OURS)) {
		*(void **)&real = dlsym(RTLD_NEXT, "freeaddrinfo");
		real(list);
		return;
	}
	while (list) {
		struct addrinfo *next = list->ai_next;

		free(list); /* the first member of a struct answer */
		list = next;
	}
}
