/* SPDX-License-Identifier: BSD-3-Clause */
#include "contest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tenon/introspect.h"

/* ---- who takes part ------------------------------------------------------ */

static struct contestant *add(struct contest *contest,
			      const struct driver *driver, const char *name,
			      const char *variant)
{
	struct contestant *one = &contest->list[contest->count++];

	*one = (struct contestant){ .driver = driver };
	snprintf(one->name, sizeof(one->name), "%s", name);
	snprintf(one->variant, sizeof(one->variant), "%s", variant);
	return one;
}

/* Payload of the functions by which contest_init() collects the clients. */
struct choice {
	struct contest *contest;
	const char *patterns;
};

static void add_transport(const struct tenon_plugin_info *info, void *payload)
{
	struct choice *choice = payload;
	char name[sizeof(choice->contest->list[0].name)];

	snprintf(name, sizeof(name), "tenon-%s", info->name);
	if (strcmp(info->kind, "transport") != 0 ||
	    !is_selected(choice->patterns, name)) {
		return;
	}
	if (info->problem[0] != '\0') {
		warn("%s is left out: %s", name, info->problem);
		return;
	}
	/* Three places stay free: for the meta protocol, for libmc and for libmemcached. */
	if (choice->contest->count < CONTESTANTS_MAX - 3) {
		add(choice->contest, &tenon_driver, name, info->name);
	}
}

void contest_init(struct contest *contest, const char *patterns)
{
	struct choice choice = { contest, patterns };
	struct tenon_config *config;
	struct tenon_error err;

	*contest = (struct contest){ 0 };
	add(contest, &floor_driver, FLOOR_NAME, "");
#ifdef HAVE_URING
	if (is_selected(patterns, "f_ring")) {
		add(contest, &floor_driver, "f_ring", "ring");
	}
#endif
	if (tenon_config_create(&config, &err) != 0 ||
	    tenon_config_each_plugin(config, add_transport, &choice, &err) !=
		    0) {
		fail("%s", err.message);
	}
	tenon_config_destroy(config);
	if (is_selected(patterns, "tenon-meta")) {
		add(contest, &tenon_protocol_driver, "tenon-meta", "meta");
	}
#ifdef HAVE_LIBMC
	if (is_selected(patterns, "libmc")) {
		add(contest, &libmc_driver, "libmc", "");
	}
#endif
#ifdef HAVE_LIBMEMCACHED
	if (is_selected(patterns, "libmemcached")) {
		add(contest, &libmemcached_driver, "libmemcached", "");
	}
#endif
	if (contest->count == 1 && !is_selected(patterns, FLOOR_NAME)) {
		fail("no client matches '%s'; --list shows them", patterns);
	}
}

/* ---- tasks, in this process or in one of their own ----------------------- */

enum task_kind { TASK_GET_ALL, TASK_SET_ALL, TASK_RUN };

struct task {
	enum task_kind kind;
	size_t count; /* RUN: operations */
};

/* Read every key once, and compare the values. */
static int get_all(const struct contestant *one, const struct work *work)
{
	struct seen seen = { .work = work };
	size_t calls = work->bench_case->is_multi ? 1 : work->key_count;
	size_t bad = 0;
	int code = 0;

	seen.counts = alloc_array(work->key_count, sizeof(*seen.counts));
	for (size_t i = 0; !code && i < calls; i++) {
		code = one->driver->get(one->self, i, &seen);
	}
	for (size_t i = 0; i < work->key_count; i++) {
		bad += seen.counts[i] != 1;
	}
	free(seen.counts);
	if (!code && (bad > 0 || seen.wrong > 0)) {
		code = driver_fail("%zu wrong values, %zu keys not read exactly once",
				 seen.wrong, bad);
	}
	return code;
}

static int set_all(const struct contestant *one, const struct work *work)
{
	size_t calls = work->bench_case->is_multi ? 1 : work->key_count;
	int code = 0;

	if (work->bench_case->kind == CASE_SET_NOREPLY) {
		/* The reply to the get shows that the server has stored the values. */
		code = one->driver->set_noreply(one->self);
		return code ? code : one->driver->get(one->self, 0, NULL);
	}
	for (size_t i = 0; !code && i < calls; i++) {
		code = one->driver->set(one->self, i);
	}
	return code;
}

static int run_gets(struct contestant *one, size_t keys, size_t count)
{
	int code = 0;

	for (size_t i = 0; !code && i < count; i++) {
		code = one->driver->get(one->self, one->next, NULL);
		one->next = one->next + 1 < keys ? one->next + 1 : 0;
	}
	return code;
}

static int run_sets(struct contestant *one, size_t keys, size_t count)
{
	int code = 0;

	for (size_t i = 0; !code && i < count; i++) {
		code = one->driver->set(one->self, one->next);
		one->next = one->next + 1 < keys ? one->next + 1 : 0;
	}
	return code;
}

static int run_noreply(struct contestant *one, size_t count)
{
	int code = 0;

	for (size_t i = 0; !code && i < count; i++) {
		code = one->driver->set_noreply(one->self);
	}
	/* The get empties the queues, so that the queued work is part of the time. */
	return code ? code : one->driver->get(one->self, 0, NULL);
}

static int run_slice(struct contestant *one, const struct work *work,
		     size_t count)
{
	size_t keys = work->bench_case->is_multi ? 1 : work->key_count;

	switch (work->bench_case->kind) {
	case CASE_GET:
		return run_gets(one, keys, count);
	case CASE_SET:
		return run_sets(one, keys, count);
	case CASE_SET_NOREPLY:
		break;
	}
	return run_noreply(one, count);
}

static struct sample do_task(struct contestant *one, const struct work *work,
			     const struct task *task)
{
	struct sample sample = { 0 };
	int64_t wall_ns;
	int64_t cpu_ns;
	int code = 0;

	wall_ns = clock_wall_ns();
	cpu_ns = clock_cpu_ns();
	switch (task->kind) {
	case TASK_GET_ALL:
		code = get_all(one, work);
		break;
	case TASK_SET_ALL:
		code = set_all(one, work);
		break;
	case TASK_RUN:
		code = run_slice(one, work, task->count);
		break;
	}
	sample.cpu_ns = clock_cpu_ns() - cpu_ns;
	sample.wall_ns = clock_wall_ns() - wall_ns;
	if (code) {
		snprintf(sample.error, sizeof(sample.error), "%s",
			 driver_error());
	}
	return sample;
}

/* ---- a process of its own ------------------------------------------------ */

/*
 * Serve the client in a process of its own. Tasks and samples are smaller than PIPE_BUF: no read
 * gets a part of one.
 */
static void serve(struct contestant *one, const struct work *work, int in,
		  int out)
{
	struct sample hello = { 0 };
	struct task task;

	one->self = one->driver->open(work, one->variant);
	if (!one->self) {
		snprintf(hello.error, sizeof(hello.error), "%s",
			 driver_error());
	}
	if (write(out, &hello, sizeof(hello)) != sizeof(hello) ||
	    !one->self) {
		return;
	}
	while (read(in, &task, sizeof(task)) == sizeof(task)) {
		struct sample sample = do_task(one, work, &task);

		if (write(out, &sample, sizeof(sample)) != sizeof(sample)) {
			return;
		}
	}
}

static struct sample read_sample(const struct contestant *one)
{
	struct sample sample;

	if (read(one->from_fd, &sample, sizeof(sample)) != sizeof(sample)) {
		fail("%s: its process ended", one->name);
	}
	return sample;
}

static struct sample start_alone(struct contestant *one,
				 const struct work *work)
{
	int to[2];
	int from[2];

	if (pipe(to) != 0 || pipe(from) != 0) {
		fail("pipe: %s", strerror(errno));
	}
	one->pid = child_fork(CPU_NONE);
	if (one->pid == 0) {
		close(to[1]);
		close(from[0]);
		serve(one, work, to[0], from[1]);
		_exit(EXIT_SUCCESS);
	}
	close(to[0]);
	close(from[1]);
	one->to_fd = to[1];
	one->from_fd = from[0];
	return read_sample(one);
}

static struct sample order(struct contestant *one, const struct work *work,
			   struct task task)
{
	if (one->pid == 0) {
		return do_task(one, work, &task);
	}
	if (write(one->to_fd, &task, sizeof(task)) != sizeof(task)) {
		fail("%s: %s", one->name, strerror(errno));
	}
	return read_sample(one);
}

/* ---- one case ------------------------------------------------------------ */

static void insist(const struct contest *contest, size_t index,
		   const struct sample *sample)
{
	if (sample->error[0] != '\0') {
		fail("%s, %s: %s", contest->list[index].name,
		     contest->work->bench_case->name, sample->error);
	}
}

/*
 * Verify a client. For a case that stores, the floor deletes the keys, the client stores, and the
 * floor reads. For a case that reads, the client reads.
 */
static void verify(struct contest *contest, size_t index)
{
	const struct work *work = contest->work;
	struct contestant *judge = &contest->list[0];
	struct contestant *one = &contest->list[index];
	struct sample sample;

	if (work->bench_case->kind != CASE_GET) {
		if (floor_delete(judge->self) != 0) {
			fail("%s: %s", judge->name, driver_error());
		}
		sample = order(one, work, (struct task){ TASK_SET_ALL, 0 });
		insist(contest, index, &sample);
		one = judge;
	}
	sample = order(one, work, (struct task){ TASK_GET_ALL, 0 });
	insist(contest, index, &sample);
}

static void open_one(struct contest *contest, size_t index, bool alone)
{
	struct contestant *one = &contest->list[index];
	struct sample sample = { 0 };

	if (contest->work->tls_ca && !one->driver->speaks_tls) {
		snprintf(sample.error, sizeof(sample.error),
			 "it is not measured over TLS");
	} else if (alone) {
		sample = start_alone(one, contest->work);
	} else {
		one->self = one->driver->open(contest->work, one->variant);
		if (!one->self) {
			snprintf(sample.error, sizeof(sample.error), "%s",
				 driver_error());
		}
	}
	one->is_out = sample.error[0] != '\0';
	if (one->is_out) {
		warn("%s is left out: %s", one->name, sample.error);
	}
}

void contest_open(struct contest *contest, const struct work *work, bool alone)
{
	struct sample sample;

	contest->work = work;
	/* The floor stays in this process: it verifies the others, and it has hardly any heap. */
	for (size_t i = 0; i < contest->count; i++) {
		if (!contest->list[i].is_out) {
			open_one(contest, i, alone && i > 0);
		}
	}
	if (contest->list[0].is_out) {
		fail("the servers cannot be reached");
	}
	sample = order(&contest->list[0], work,
		       (struct task){ TASK_SET_ALL, 0 });
	insist(contest, 0, &sample);
	for (size_t i = 0; i < contest->count; i++) {
		if (!contest->list[i].is_out) {
			verify(contest, i);
		}
	}
}

void contest_close(struct contest *contest)
{
	for (size_t i = 0; i < contest->count; i++) {
		struct contestant *one = &contest->list[i];

		if (one->pid > 0) {
			close(one->to_fd);
			close(one->from_fd);
			child_stop(one->pid);
		} else if (one->self) {
			one->driver->close(one->self);
		}
		one->self = NULL;
		one->pid = 0;
		one->next = 0;
	}
}

struct sample contest_run(struct contest *contest, size_t index, size_t count)
{
	struct sample sample = order(&contest->list[index], contest->work,
				     (struct task){ TASK_RUN, count });

	insist(contest, index, &sample);
	return sample;
}
