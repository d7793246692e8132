/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE 1 /* RTLD_NEXT */
/*
 * Waits look again every millisecond: a condition variable that a thread waits for does not work in
 * a forked child.
 */
#include "fakes/names.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct fake_name *all;
static size_t all_count;
static unsigned begun, running, most;
static atomic_bool released;

/* Marks the lists that are made here. */
static char mark[] = "made by fakes/names.c";

struct entry {
	struct addrinfo info;
	struct sockaddr_storage sockaddr;
};

static void pause_unlocked(void)
{
	pthread_mutex_unlock(&lock);
	poll(NULL, 0, 1);
	pthread_mutex_lock(&lock);
}

void fake_names_set(const struct fake_name *names, size_t count)
{
	pthread_mutex_lock(&lock);
	all = names;
	all_count = count;
	released = false;
	pthread_mutex_unlock(&lock);
}

void fake_names_release(void)
{
	pthread_mutex_lock(&lock);
	released = true;
	while (running > 0) {
		pause_unlocked();
	}
	pthread_mutex_unlock(&lock);
	/* until the threads have ended, for a leak checker */
	poll(NULL, 0, 200);
}

unsigned fake_names_begun(void)
{
	pthread_mutex_lock(&lock);
	unsigned count = begun;
	pthread_mutex_unlock(&lock);
	return count;
}

unsigned fake_names_most(void)
{
	pthread_mutex_lock(&lock);
	unsigned count = most;
	pthread_mutex_unlock(&lock);
	return count;
}

void fake_names_await(unsigned count)
{
	pthread_mutex_lock(&lock);
	while (begun < count) {
		pause_unlocked();
	}
	pthread_mutex_unlock(&lock);
}

static const struct fake_name *find(const char *host)
{
	for (size_t i = 0; i < all_count; i++) {
		size_t len = strlen(all[i].host);

		if (strcmp(all[i].host, host) == 0 ||
		    (all[i].host[len - 1] == '*' &&
		     strncmp(all[i].host, host, len - 1) == 0)) {
			return &all[i];
		}
	}
	return NULL;
}

/* Begin a lookup and wait until it may end. Returns NULL when the name is not one of the fakes. */
static const struct fake_name *begin(const char *host)
{
	pthread_mutex_lock(&lock);
	const struct fake_name *name = find(host);
	if (name) {
		begun++;
		running++;
		most = running > most ? running : most;
		pthread_mutex_unlock(&lock);
		while (name->hangs && !released) {
			poll(NULL, 0, 1);
		}
		pthread_mutex_lock(&lock);
		running--;
	}
	pthread_mutex_unlock(&lock);
	return name;
}

static void fill(struct entry *entry, const char *address, const char *port)
{
	struct sockaddr_in *in = (void *)&entry->sockaddr;
	struct sockaddr_in6 *in6 = (void *)&entry->sockaddr;
	bool is_in = inet_pton(AF_INET, address, &in->sin_addr) == 1;

	if (!is_in && inet_pton(AF_INET6, address, &in6->sin6_addr) != 1) {
		abort();
	}
	/* the port is at the same place in both */
	in->sin_port = htons((uint16_t)(port ? atoi(port) : 0));
	entry->sockaddr.ss_family = is_in ? AF_INET : AF_INET6;
	entry->info.ai_family = entry->sockaddr.ss_family;
	entry->info.ai_addr = (struct sockaddr *)&entry->sockaddr;
	entry->info.ai_addrlen = is_in ? sizeof(*in) : sizeof(*in6);
	entry->info.ai_canonname = mark;
}

static int make(const struct fake_name *name, const char *port,
		struct addrinfo **out)
{
	struct addrinfo **end = out;

	for (size_t i = 0; i < FAKE_NAME_ADDRESSES && name->addresses[i]; i++) {
		struct entry *entry = calloc(1, sizeof(*entry));

		if (!entry) {
			abort();
		}
		fill(entry, name->addresses[i], port);
		*end = &entry->info;
		end = &entry->info.ai_next;
	}
	return 0;
}

/* Visible to a library that the program loads. */
#define VISIBLE __attribute__((visibility("default")))

VISIBLE int getaddrinfo(const char *host, const char *port,
			const struct addrinfo *hints, struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);
	const struct fake_name *name = NULL;

	if (!(hints->ai_flags & AI_NUMERICHOST)) {
		name = begin(host);
	}
	if (!name) {
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
		return real(host, port, hints, out);
	}
	if (name->is_hidden && (hints->ai_flags & AI_ADDRCONFIG)) {
		return EAI_NONAME;
	}
	if (name->gai_error) {
		errno = name->sys_errno;
		return name->gai_error;
	}
	return make(name, port, out);
}

VISIBLE void freeaddrinfo(struct addrinfo *list)
{
	void (*real)(struct addrinfo *);

	if (list && list->ai_canonname != mark) {
		*(void **)&real = dlsym(RTLD_NEXT, "freeaddrinfo");
		real(list);
		return;
	}
	while (list) {
		struct addrinfo *next = list->ai_next;

		free((struct entry *)(void *)list);
		list = next;
	}
}
