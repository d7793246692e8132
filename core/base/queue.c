/* SPDX-License-Identifier: BSD-3-Clause */
/* Keep the calls of poll and read under these names: see plugins/transport/socket.h. */
#undef _FORTIFY_SOURCE
#include "base/queue.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

static struct tenon__waiter *new_waiter(int *code)
{
	struct tenon__waiter *waiter = tenon__calloc(1, sizeof(*waiter));

	if (!waiter) {
		*code = TENON_ENOMEM;
		return NULL;
	}
	waiter->event_fd = eventfd(0, EFD_CLOEXEC);
	if (waiter->event_fd < 0) {
		*code = TENON_ELOCAL;
		tenon__free(waiter);
		return NULL;
	}
	return waiter;
}

static void free_waiter(struct tenon__waiter *waiter)
{
	close(waiter->event_fd);
	tenon__free(waiter);
}

void tenon__queue_fini(struct tenon__queue *queue)
{
	struct tenon__waiter *next;

	for (; queue->spare; queue->spare = next) {
		next = queue->spare->next;
		free_waiter(queue->spare);
	}
	queue->spare_count = 0;
}

int tenon__queue_join(struct tenon__queue *queue, struct tenon__waiter **out)
{
	struct tenon__waiter *waiter = queue->spare;
	int code = 0;

	if (waiter) {
		queue->spare = waiter->next;
		queue->spare_count--;
	} else {
		waiter = new_waiter(&code);
		if (!waiter) {
			return code;
		}
	}
	waiter->item = NULL;
	waiter->refused = false;
	waiter->wait = NULL;
	atomic_store(&waiter->granted, false);
	waiter->next = NULL;
	waiter->before = queue->last;
	if (queue->last) {
		queue->last->next = waiter;
	} else {
		queue->first = waiter;
	}
	queue->last = waiter;
	queue->count++;
	*out = waiter;
	return 0;
}

void tenon__queue_leave(struct tenon__queue *queue,
			struct tenon__waiter *waiter)
{
	if (waiter->before) {
		waiter->before->next = waiter->next;
	} else {
		queue->first = waiter->next;
	}
	if (waiter->next) {
		waiter->next->before = waiter->before;
	} else {
		queue->last = waiter->before;
	}
	queue->count--;
}

struct tenon__waiter *tenon__queue_grant(struct tenon__queue *queue,
					 void *item)
{
	struct tenon__waiter *waiter = queue->first;

	tenon__queue_leave(queue, waiter);
	waiter->item = item;
	atomic_store(&waiter->granted, true);
	return waiter;
}

struct tenon__waiter *tenon__queue_refuse(struct tenon__queue *queue)
{
	struct tenon__waiter *waiter = tenon__queue_grant(queue, NULL);

	waiter->refused = true;
	return waiter;
}

void tenon__queue_reuse(struct tenon__queue *queue,
			struct tenon__waiter *waiter)
{
	if (queue->spare_count == TENON_QUEUE_SPARE_MAX) {
		free_waiter(waiter);
		return;
	}
	waiter->next = queue->spare;
	queue->spare = waiter;
	queue->spare_count++;
}

void tenon__waiter_wake(const struct tenon__waiter *waiter)
{
	const uint64_t one = 1;

	/* only a signal can make this fail, because the counter of the eventfd is far from full */
	while (write(waiter->event_fd, &one, sizeof(one)) < 0 &&
	       errno == EINTR) {
	}
}

/* The time from now to until_ns as a timeout for poll(2), rounded up; -1: no end. */
static int timeout_ms(int64_t until_ns)
{
	if (until_ns == INT64_MAX) {
		return -1;
	}
	int64_t left_ms = (until_ns - tenon__now_ns() + 999999) / 1000000;

	return left_ms < 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

static bool is_over(int64_t until_ns)
{
	return until_ns != INT64_MAX && tenon__now_ns() >= until_ns;
}

int tenon__waiter_wait(struct tenon__waiter *waiter, int64_t until_ns)
{
	for (;;) {
		struct pollfd fd = { .fd = waiter->event_fd, .events = POLLIN };
		int left_ms = timeout_ms(until_ns);
		int ready = waiter->wait ?
			waiter->wait(&fd, 1, left_ms, waiter->wait_payload) :
			poll(&fd, 1, left_ms);

		if (atomic_load(&waiter->granted)) {
			return 0;
		}
		if (ready < 0 && errno != EINTR) {
			return TENON_EWAIT;
		}
		if (left_ms == 0) {
			return TENON_ETIMEDOUT;
		}
		if (ready == 0 && !waiter->wait && !is_over(until_ns)) {
			/* only a replacement of poll(2), such as greenify's, ends early */
			errno = ECANCELED;
			return TENON_EWAIT;
		}
	}
}

void tenon__waiter_reset(struct tenon__waiter *waiter)
{
	uint64_t count;

	while (read(waiter->event_fd, &count, sizeof(count)) < 0 &&
	       errno == EINTR) {
	}
}
