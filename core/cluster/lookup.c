/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE 1 /* madvise() */
#include "cluster/lookup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"

#define BUCKETS 256

/*
 * The lookups of this process. All bytes zero is a table without lookups and with an open lock.
 * The lock also guards waiters, fd and the lists of every lookup, and its first and its last ref.
 */
struct table {
	pthread_mutex_t lock;
	int64_t process; /* when the process first used the table: no other process has this number */
	uint32_t threads;
	uint32_t queued;
	struct tenon__lookup *queue_first, *queue_last;
	struct tenon__lookup *buckets[BUCKETS]; /* by host; the newest lookup comes first */
};

static struct table *table;
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

/* Linux before 4.14 cannot wipe memory in a child. There fork(), but not clone(), wipes it. */
static void wipe(void)
{
	memset(table, 0, sizeof(*table));
}

static void make_table(void)
{
	void *page = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		return;
	}
	table = page;
	if (madvise(page, sizeof(*table), MADV_WIPEONFORK) != 0) {
		(void)pthread_atfork(NULL, NULL, wipe);
	}
}

/* Returns false without memory for the table. */
static bool lock(void)
{
	pthread_once(&table_once, make_table);
	if (!table) {
		return false;
	}
	pthread_mutex_lock(&table->lock);
	if (!table->process) {
		table->process = tenon__now_ns();
	}
	return true;
}

static void unlock(void)
{
	pthread_mutex_unlock(&table->lock);
}

/* ---- lookups in the table ------------------------------------------------- */

static struct tenon__lookup **bucket_of(const char *host)
{
	return &table->buckets[tenon__hash(host, strlen(host)) % BUCKETS];
}

/* Return the newest lookup of a name from `from` on. found: only one that found addresses. */
static struct tenon__lookup *find(struct tenon__lookup *from, const char *host,
				  bool found)
{
	while (from && (strcmp(from->host, host) != 0 ||
			(found && (!tenon__lookup_is_done(from) ||
				   from->count == 0)))) {
		from = from->next_in_bucket;
	}
	return from;
}

static void unlink_lookup(struct tenon__lookup *lookup)
{
	struct tenon__lookup **at = bucket_of(lookup->host);

	while (*at != lookup) {
		at = &(*at)->next_in_bucket;
	}
	*at = lookup->next_in_bucket;
}

static struct tenon__lookup *make(size_t address_count)
{
	struct tenon__lookup *lookup = tenon__calloc(
		1, sizeof(*lookup) + address_count * sizeof(lookup->addresses[0]));

	if (lookup) {
		atomic_init(&lookup->refs, 1);
		lookup->fd = -1;
	}
	return lookup;
}

static void close_fd(struct tenon__lookup *lookup)
{
	if (lookup->fd >= 0) {
		close(lookup->fd);
		lookup->fd = -1;
	}
}

static void destroy(struct tenon__lookup *lookup)
{
	close_fd(lookup);
	tenon__free(lookup->host);
	tenon__free(lookup);
}

void tenon__lookup_unref(struct tenon__lookup *lookup)
{
	bool last, linked;

	if (!lookup) {
		return;
	}
	if (!lookup->host) {
		destroy(lookup);
		return;
	}
	lock();
	unsigned left = atomic_fetch_sub(&lookup->refs, 1) - 1;
	linked = lookup->process == table->process;
	/* in a forked child the thread of a lookup in progress does not exist */
	last = left == 0 || (!linked && left == TENON_LOOKUP_RUNNING);
	if (last && linked) {
		unlink_lookup(lookup);
	}
	unlock();
	if (last) {
		destroy(lookup);
	}
}

/* ---- addresses ------------------------------------------------------------ */

static void add_address(struct tenon__lookup *lookup,
			const struct sockaddr *sockaddr, socklen_t len)
{
	struct tenon_address *address = &lookup->addresses[lookup->count++];

	memcpy(&address->sockaddr, sockaddr, len);
	address->sockaddr_len = len;
	address->wait_fd = -1;
}

struct tenon__lookup *tenon__lookup_literal(const struct sockaddr *sockaddr,
					    socklen_t sockaddr_len)
{
	struct tenon__lookup *lookup = make(1);

	if (lookup) {
		add_address(lookup, sockaddr, sockaddr_len);
	}
	return lookup;
}

/* Return the first entry from `at` on that is, or is not, of the family. */
static const struct addrinfo *of_family(const struct addrinfo *at, int family,
					bool is)
{
	while (at && (at->ai_addr->sa_family == family) != is) {
		at = at->ai_next;
	}
	return at;
}

/* Keep the addresses of a list: the families take turns, as RFC 8305 says. */
static void keep_addresses(struct tenon__lookup *lookup,
			   const struct addrinfo *list)
{
	int family = list->ai_addr->sa_family;
	const struct addrinfo *next = list;
	const struct addrinfo *other = of_family(list, family, false);
	bool is_first = true; /* next is of the family of the first address */

	while (next && lookup->count < TENON_ADDRESS_MAX_COUNT) {
		const struct addrinfo *rest = of_family(next->ai_next, family,
							is_first);

		add_address(lookup, next->ai_addr, next->ai_addrlen);
		if (other) {
			next = other;
			other = rest;
			is_first = !is_first;
		} else {
			next = rest;
		}
	}
}

/* ---- the threads ----------------------------------------------------------- */

/* Call getaddrinfo(3) and keep its result. Returns its result. */
static int ask(struct tenon__lookup *lookup, int flags)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = flags,
	};
	struct addrinfo *list = NULL;
	int code = getaddrinfo(lookup->host, NULL, &hints, &list);

	lookup->sys_errno = code == EAI_SYSTEM ? errno : 0;
	if (!code && !list) {
		code = EAI_NONAME;
	}
	lookup->gai_error = code;
	if (!code) {
		keep_addresses(lookup, list);
		freeaddrinfo(list);
	}
	return code;
}

/* Return the errno of a limit that keeps this process from opening a descriptor; 0: none. */
static int limit_reached(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0) {
		return errno;
	}
	close(fd);
	return 0;
}

/*
 * AI_ADDRCONFIG leaves out the addresses of a family for which the host has none but that of
 * the loopback. So a host without a network does not find the names of its hosts file, and a
 * host with IPv6 only does not find 127.0.0.1. Such names are looked up without the flag. Other
 * names are looked up with it first: it saves a query on hosts with one family.
 */
static void look_up(struct tenon__lookup *lookup)
{
	bool local = strcasecmp(lookup->host, "localhost") == 0;
	int code = ask(lookup, local ? 0 : AI_ADDRCONFIG);

	if (code && code != EAI_AGAIN && code != EAI_SYSTEM && !local) {
		code = ask(lookup, 0);
	}
	/* at the limit of descriptors the hosts file and the name servers are out of reach */
	int limit = code ? limit_reached() : 0;
	if (limit) {
		lookup->gai_error = EAI_SYSTEM;
		lookup->sys_errno = limit;
	}
}

/* A lookup is done: wake the waiters, and free the lookup when nobody has it any more. */
static void finish(struct tenon__lookup *lookup)
{
	unsigned left = atomic_fetch_sub(&lookup->refs, TENON_LOOKUP_RUNNING) -
			TENON_LOOKUP_RUNNING;

	if (lookup->fd >= 0) {
		(void)eventfd_write(lookup->fd, 1);
	}
	if (left == 0) {
		unlink_lookup(lookup);
		destroy(lookup);
	}
}

static struct tenon__lookup *take_queued(void)
{
	struct tenon__lookup *lookup = table->queue_first;

	if (lookup) {
		table->queue_first = lookup->next_queued;
		table->queued--;
	}
	return lookup;
}

static void *serve(void *payload)
{
	struct tenon__lookup *lookup;

	(void)payload;
	lock();
	while ((lookup = take_queued())) {
		unlock();
		look_up(lookup);
		lock();
		finish(lookup);
	}
	table->threads--;
	unlock();
	return NULL;
}

/*
 * Start a thread with all signals blocked, so that the application's threads get them. Returns
 * 0 or an errno.
 */
static int spawn(void)
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
	code = pthread_create(&thread, &attr, serve, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return code;
}

/* Have a thread for the next lookup. Returns 0 or an errno. */
static int need_thread(void)
{
	if (table->queued == TENON_LOOKUP_QUEUED_MAX) {
		return ENOBUFS;
	}
	if (table->threads == TENON_LOOKUP_THREADS_MAX) {
		return 0;
	}
	int code = spawn();
	table->threads += !code;
	return table->threads > 0 ? 0 : code;
}

static void enqueue(struct tenon__lookup *lookup)
{
	struct tenon__lookup **bucket = bucket_of(lookup->host);

	lookup->process = table->process;
	lookup->next_in_bucket = *bucket;
	*bucket = lookup;
	if (table->queue_first) {
		table->queue_last->next_queued = lookup;
	} else {
		table->queue_first = lookup;
	}
	table->queue_last = lookup;
	table->queued++;
}

/* Returns 0 or an errno. *out has no holder but the queue. */
static int start(struct tenon__lookup **out, const char *host, int64_t now_ns)
{
	struct tenon__lookup *lookup = make(TENON_ADDRESS_MAX_COUNT);

	if (!lookup) {
		return ENOMEM;
	}
	lookup->start_ns = now_ns;
	lookup->host = tenon__strndup(host, strlen(host));
	int code = lookup->host ? need_thread() : ENOMEM;
	if (code) {
		destroy(lookup);
		return code;
	}
	atomic_store(&lookup->refs, TENON_LOOKUP_RUNNING);
	enqueue(lookup);
	*out = lookup;
	return 0;
}

/* ---- what resolvers call --------------------------------------------------- */

/* Return true when a lookup failed by a limit of this host or process, which may be gone at once. */
static bool failed_here(const struct tenon__lookup *lookup)
{
	return lookup->gai_error == EAI_MEMORY ||
	       (lookup->gai_error == EAI_SYSTEM &&
		tenon__is_local_limit(lookup->sys_errno));
}

int tenon__lookup_join(const char *host, struct tenon__lookup **newest,
		       struct tenon__lookup **known)
{
	const int64_t interval_ns =
		(int64_t)TENON_LOOKUP_INTERVAL_MS * 1000000;
	int64_t now_ns = tenon__now_ns();
	int code = 0;

	*newest = NULL;
	if (!lock()) {
		return ENOMEM;
	}
	struct tenon__lookup *last = find(*bucket_of(host), host, false);
	struct tenon__lookup *found = find(last, host, true);
	if (!last || (tenon__lookup_is_done(last) &&
		      (failed_here(last) ||
		       now_ns - last->start_ns >= interval_ns))) {
		code = start(&last, host, now_ns);
	}
	if (!code) {
		*newest = last;
		tenon__lookup_ref(last);
	}
	if (!*known && found) {
		*known = found;
		tenon__lookup_ref(found);
	}
	unlock();
	return code;
}

int tenon__lookup_wait(struct tenon__lookup *lookup)
{
	lock();
	if (lookup->fd < 0) {
		lookup->fd = eventfd(tenon__lookup_is_done(lookup),
				     EFD_CLOEXEC | EFD_NONBLOCK);
	}
	int fd = lookup->fd >= 0 ? lookup->fd : -errno;
	lookup->waiters += fd >= 0;
	unlock();
	return fd;
}

void tenon__lookup_leave(struct tenon__lookup *lookup)
{
	lock();
	if (--lookup->waiters == 0) {
		close_fd(lookup);
	}
	unlock();
}
