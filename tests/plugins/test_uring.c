/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of the transport uring alone: older kernels, threads, forks, and that no
 * request stays in flight. Two functions of liburing are replaced by functions that can
 * refuse as an older kernel does.
 */
#define _GNU_SOURCE 1 /* for liburing.h and RTLD_NEXT */
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/subject.h"
#include "fakes/rig.h"
#include "uring_suite.h"

#define LARGE_LEN ((size_t)6 << 20)
#define LARGE_OK "max_value_bytes: 16MiB\n"

/* ---- a simulated kernel -------------------------------------------------- */

static struct {
	int refused;            /* errno for every new ring; 0: rings work */
	unsigned refused_flags; /* rings with these flags fail with EINVAL */
	unsigned lost_features; /* features that the kernel lacks */
	int enter_error;        /* errno of waits after enters_left of them; 0: waits work */
	int enters_left;
	int rings;              /* rings made so far */
	int enters;
	unsigned flags;         /* flags of the last ring */
	unsigned entries;       /* entries wanted for the last ring, which may have failed */
	struct io_uring *ring;
} kernel;

/* The plugin calls these functions, both as a built-in and as a module. */
#define REPLACES __attribute__((visibility("default")))

typedef int (*init_fn)(unsigned, struct io_uring *, struct io_uring_params *);
typedef int (*wait_fn)(struct io_uring *, struct io_uring_cqe **, unsigned,
		       struct __kernel_timespec *, sigset_t *);

static void *real(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function) {
		fprintf(stderr, "%s: not in liburing\n", name);
		abort();
	}
	return function;
}

REPLACES int io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
					struct io_uring_params *params)
{
	init_fn next;
	int code;

	kernel.entries = entries;
	if (kernel.refused != 0 || (params->flags & kernel.refused_flags)) {
		return kernel.refused != 0 ? -kernel.refused : -EINVAL;
	}
	*(void **)&next = real("io_uring_queue_init_params");
	code = next(entries, ring, params);
	if (!code) {
		ring->features &= ~kernel.lost_features;
		kernel.rings++;
		kernel.flags = params->flags;
		kernel.ring = ring;
	}
	return code;
}

REPLACES int io_uring_submit_and_wait_timeout(struct io_uring *ring,
					      struct io_uring_cqe **cqe,
					      unsigned count,
					      struct __kernel_timespec *time,
					      sigset_t *mask)
{
	wait_fn next;

	if (kernel.enter_error != 0 && kernel.enters_left-- <= 0) {
		return -kernel.enter_error;
	}
	kernel.enters++;
	*(void **)&next = real("io_uring_submit_and_wait_timeout");
	return next(ring, cqe, count, time, mask);
}

/*
 * Check that every request of the ring has one completion and that the transport has
 * taken each.
 */
static void check_idle(void)
{
	unsigned sent = *kernel.ring->sq.ktail;

	ck_assert_uint_gt(sent, 0);
	ck_assert_uint_eq(*kernel.ring->sq.khead, sent);
	ck_assert_uint_eq(*kernel.ring->cq.ktail, sent);
	ck_assert_uint_eq(*kernel.ring->cq.khead, sent);
}

static int count_rings_open(void)
{
	char path[32], target[64];
	int count = 0;

	for (int fd = 0; fd < RIG_FDS_MAX; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		count += strcmp(target, "anon_inode:[io_uring]") == 0;
	}
	return count;
}

static void set_up(void)
{
	memset(&kernel, 0, sizeof(kernel));
	rig_transport = "uring";
	rig_options = "{}";
	rig_warm = true;
}

/* Add a fake that answers this many single gets of rig_key_at() keys. */
static void answering(struct rig *rig, struct fake_step steps[2], size_t gets)
{
	steps[0] = (struct fake_step)FAKE_ACCEPT;
	steps[1] = (struct fake_step)FAKE_SERVE(RIG_GET_LEN, "END\r\n", gets);
	rig_fake(rig, steps, 2);
}

/* ---- system calls -------------------------------------------------------- */

#define CLUSTER 20
#define TIMES 50

START_TEST(twenty_servers_cost_one_call)
{
	static struct fake_step steps[CLUSTER][2];
	static char keys[CLUSTER][RIG_KEY_LEN + 1];
	struct tenon_item items[CLUSTER];
	struct rig rig = { 0 };
	int least = TIMES;

	for (size_t i = 0; i < CLUSTER; i++) {
		answering(&rig, steps[i], TIMES);
	}
	rig_open(&rig, NULL);
	for (size_t i = 0; i < CLUSTER; i++) {
		rig_key_at(&rig, i, 0, keys[i]);
		items[i] = item(keys[i], NULL);
	}
	for (int i = 0; i < TIMES; i++) {
		kernel.enters = 0;
		ck_assert_int_eq(rig_run(&rig, TENON_GET, items, CLUSTER, 0), 0);
		least = kernel.enters < least ? kernel.enters : least;
		check_idle();
	}
	/*
	 * The number is larger when a server is slower than uring waits, so the
	 * smallest of many is compared.
	 */
	ck_assert_int_eq(least, 1);
	ck_assert_int_eq(kernel.rings, 1);
	rig_close(&rig);
}
END_TEST

/* ---- kernels ------------------------------------------------------------- */

static const struct {
	unsigned refused_flags;
	unsigned flags; /* flags that the kernel takes */
} kernels[] = {
	{ 0, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN },
	{ IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	  IORING_SETUP_COOP_TASKRUN },
	{ IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
		  IORING_SETUP_COOP_TASKRUN,
	  0 },
};

START_TEST(older_kernels_get_an_older_ring)
{
	const struct fake_listen small = { .family = FAKE_UNIX,
					   .buffer_bytes = 8192 };
	char *value = binary_value(LARGE_LEN, 1);
	struct tenon_item one = item("k", NULL);
	char request[64], header[64];
	const int request_len = snprintf(request, sizeof(request),
					 "set k 0 0 %zu\r\n", LARGE_LEN);
	const int header_len = snprintf(header, sizeof(header),
					"VALUE k 0 %zu\r\n", LARGE_LEN);
	struct rig rig = { 0 };

	kernel.refused_flags = kernels[_i].refused_flags;
	one.value = (struct tenon_slice){ value, LARGE_LEN };
	rig_fake_at(&rig, &small,
		    FAKE_STEPS(FAKE_ACCEPT,
			       FAKE_EXPECT_BYTES(request, (size_t)request_len),
			       FAKE_EXPECT_BYTES(value, LARGE_LEN),
			       FAKE_EXPECT("\r\n"), FAKE_SEND("STORED\r\n"),
			       FAKE_EXPECT("get k\r\n"),
			       FAKE_SEND_BYTES(header, (size_t)header_len),
			       FAKE_SEND_BYTES(value, LARGE_LEN),
			       FAKE_SEND("\r\nEND\r\n"),
			       FAKE_EXPECT("get k\r\n"), FAKE_EXPECT_CLOSE));
	rig_open(&rig, LARGE_OK "poll_timeout: 2s\n");
	ck_assert_int_eq(kernel.rings, 1);
	ck_assert_uint_eq(kernel.flags, kernels[_i].flags);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	ck_assert(result_value_is(&rig.result, value, LARGE_LEN));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	check_idle();
	ck_assert_int_eq(kernel.rings, 1);
	rig_close(&rig);
	free(value);
}
END_TEST

static const struct {
	int refused;
	unsigned lost_features;
	const char *says;
} refusals[] = {
	{ ENOSYS, 0, "the kernel has no io_uring" },
	{ EPERM, 0, "kernel.io_uring_disabled" },
	{ EACCES, 0, "seccomp" },
	{ ENOMEM, 0, "RLIMIT_MEMLOCK" },
	{ EMFILE, 0, "errno 24" },
	{ EINVAL, 0, "older than Linux 5.11" },
	{ 0, IORING_FEAT_EXT_ARG, "older than Linux 5.11" },
};

START_TEST(a_kernel_that_refuses_is_an_error_that_names_another_transport)
{
	struct tenon_client *client = NULL;
	struct tenon_config *config;
	struct tenon_error err;
	struct rig_fds before;

	fds_look(&before);
	kernel.refused = refusals[_i].refused;
	kernel.lost_features = refusals[_i].lost_features;
	ck_assert_int_eq(tenon_config_create(&config, NULL), 0);
	ck_assert_int_eq(tenon_config_add_server(config, "localhost", NULL, 1,
						 NULL), 0);
	ck_assert_int_eq(tenon_config_set(config, "transport", "uring", NULL),
			 0);
	ck_assert_int_eq(tenon_client_open(config, &client, &err), TENON_EIO);
	ck_assert_ptr_null(client);
	ck_assert_msg(strstr(err.message, refusals[_i].says) != NULL, "%s",
		      err.message);
	ck_assert_msg(strstr(err.message, "use 'transport: poll'") != NULL,
		      "%s", err.message);
	tenon_config_destroy(config);
	ck_assert_uint_eq(fds_since(&before, NULL), 0);
}
END_TEST

/* ---- threads ------------------------------------------------------------- */

static void *get_a_key(void *payload)
{
	ck_assert_int_eq(rig_get(payload, "key:00000"), TENON_MISS);
	return NULL;
}

static void get_in_a_thread(struct rig *rig)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, get_a_key, rig), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

/* Threads that run one after the other often have the same pthread_t. */
START_TEST(a_client_moves_between_threads)
{
	struct fake_step steps[2];
	struct rig rig = { 0 };

	answering(&rig, steps, 5);
	rig_open(&rig, NULL);
	get_in_a_thread(&rig);
	check_idle();
	ck_assert_int_eq(kernel.rings, 2);
	get_in_a_thread(&rig);
	ck_assert_int_eq(kernel.rings, 3);
	for (int i = 0; i < 3; i++) {
		get_a_key(&rig);
		check_idle();
	}
	ck_assert_int_eq(kernel.rings, 4);
	ck_assert_int_eq(count_rings_open(), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(poll_does_the_work_without_a_new_ring)
{
	struct fake_step steps[2];
	struct rig rig = { 0 };

	answering(&rig, steps, 2);
	rig_open(&rig, NULL);
	kernel.refused = ENOMEM;
	get_in_a_thread(&rig);
	ck_assert_int_eq(kernel.rings, 1);
	kernel.refused = 0;
	get_a_key(&rig);
	ck_assert_int_eq(kernel.rings, 2);
	rig_close(&rig);
}
END_TEST

/* ---- forks --------------------------------------------------------------- */

/* Wait for the child. Its exit status is 0 when its checks hold. */
static int wait_for_child(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int use_in_child(struct rig *rig)
{
	struct tenon_result result;

	/* the first get makes the connection, without a ring */
	for (int i = 0; i < 2; i++) {
		if (tenon_get(rig->client, slice("key:00000"), &result,
			      NULL) != 0 ||
		    result.status != TENON_MISS) {
			return 1;
		}
	}
	if (kernel.rings != 2) {
		return 2;
	}
	return count_rings_open() == 1 ? 0 : 3;
}

START_TEST(a_fork_makes_a_ring_of_its_own)
{
	struct memcached own;
	struct rig rig = { 0 };

	/* the child has one more connection of its own */
	ck_assert(memcached_start(&own, MEMCACHED_UNIX, NULL));
	rig_open_one(&rig, own.address, NULL);
	get_a_key(&rig);
	unsigned sent = *kernel.ring->sq.ktail;
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		_exit(use_in_child(&rig));
	}
	ck_assert_int_eq(wait_for_child(pid), 0);
	ck_assert_uint_eq(*kernel.ring->sq.ktail, sent);
	get_a_key(&rig);
	check_idle();
	ck_assert_int_eq(kernel.rings, 1);
	rig_close(&rig);
	memcached_stop(&own);
}
END_TEST

START_TEST(a_fork_that_closes_the_client_disturbs_nobody)
{
	struct fake_step steps[2];
	struct rig rig = { 0 };

	answering(&rig, steps, 2);
	rig_open(&rig, NULL);
	get_a_key(&rig);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		tenon_client_close(rig.client);
		_exit(count_rings_open());
	}
	ck_assert_int_eq(wait_for_child(pid), 0);
	get_a_key(&rig);
	check_idle();
	ck_assert_int_eq(kernel.rings, 1);
	rig_close(&rig);
}
END_TEST

/* ---- failures ------------------------------------------------------------ */

/* A reply in pieces is read on while another server is silent. */
START_TEST(a_silent_server_does_not_hold_up_a_reply_in_pieces)
{
	struct rig rig = { 0 };
	char reply[256];
	struct rig_pair pair;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_EXPECT_CLOSE));
	struct fake_step steps[] = {
		FAKE_ACCEPT, FAKE_WAIT, FAKE_READ(RIG_GET_LEN),
		{ .kind = FAKE_STEP_SEND, .bytes = reply, .piece_bytes = 10,
		  .pause_ms = 20 },
	};
	struct fake_server *fake = rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, "poll_timeout: 900ms\n");
	rig_make_pair(&rig, &pair);
	steps[3].len = (size_t)snprintf(reply, sizeof(reply),
					"VALUE %s 0 50\r\n%050d\r\nEND\r\n",
					pair.keys[1], 7);
	fake_server_go(fake);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0),
			 TENON_ETIMEDOUT);
	ck_assert_int_eq(rig.results[0].status, TENON_ETIMEDOUT);
	ck_assert_int_eq(rig.results[1].status, TENON_HIT);
	check_idle();
	rig_close(&rig);
}
END_TEST

START_TEST(an_answer_before_all_is_sent_leaves_nothing_in_flight)
{
	char *value = binary_value(LARGE_LEN, 1);
	struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };

	one.value = (struct tenon_slice){ value, LARGE_LEN };
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(100),
				  FAKE_SEND("SERVER_ERROR no\r\n"), FAKE_HOLD));
	rig_open(&rig, LARGE_OK);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_ESERVER);
	check_idle();
	rig_close(&rig);
	free(value);
}
END_TEST

START_TEST(a_reset_while_sending_leaves_nothing_in_flight)
{
	char *value = binary_value(LARGE_LEN, 1);
	struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };

	one.value = (struct tenon_slice){ value, LARGE_LEN };
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(100), FAKE_DELAY(50),
				  FAKE_RESET, FAKE_ACCEPT, FAKE_READ(100),
				  FAKE_RESET));
	rig_open(&rig, LARGE_OK);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_ECLOSED);
	check_idle();
	rig_close(&rig);
	free(value);
}
END_TEST

/* The application may close descriptors that are not its own. */
START_TEST(a_ring_that_breaks_is_replaced)
{
	struct rig rig = { 0 };
	struct rig_pair pair;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
				  FAKE_READ(RIG_GET_LEN), FAKE_SEND("END\r\n"),
				  FAKE_READ(RIG_GET_LEN), FAKE_SEND("END\r\n")));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"), FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, RETRY_SOON);
	rig_make_pair(&rig, &pair);
	/* the ring fails after this many waits, so that the other server can answer */
	kernel.enter_error = EBADF;
	kernel.enters_left = 50;
	/* an idle connection that fails before a reply byte is made again */
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0), 0);
	ck_assert_int_eq(kernel.rings, 1);
	ck_assert_int_eq(count_rings_open(), 0);
	kernel.enter_error = 0;
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0), 0);
	ck_assert_int_eq(kernel.rings, 2);
	check_idle();
	rig_close(&rig);
}
END_TEST

START_TEST(a_ring_that_never_works_leaves_the_work_to_poll)
{
	struct fake_step steps[2];
	struct rig rig = { 0 };

	answering(&rig, steps, 2);
	rig_open(&rig, NULL);
	kernel.enter_error = EBADF;
	get_a_key(&rig);
	get_a_key(&rig);
	rig_close(&rig);
}
END_TEST

/* ---- without the ring ---------------------------------------------------- */

/*
 * An operation with fewer servers than ring_from works without the ring, on the same
 * connections.
 */
START_TEST(few_servers_may_do_without_the_ring)
{
	static struct fake_step steps[3][2];
	char keys[3][RIG_KEY_LEN + 1];
	struct tenon_item items[3];
	struct rig rig = { 0 };

	rig_options = "{ring_from: 3}";
	for (size_t i = 0; i < 3; i++) {
		answering(&rig, steps[i], 2 * TIMES);
	}
	rig_open(&rig, NULL);
	for (size_t i = 0; i < 3; i++) {
		rig_key_at(&rig, i, 0, keys[i]);
		items[i] = item(keys[i], NULL);
	}
	for (int i = 0; i < TIMES; i++) {
		kernel.enters = 0;
		ck_assert_int_eq(rig_get(&rig, keys[2]), TENON_MISS);
		ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 2, 0), 0);
		ck_assert_int_eq(kernel.enters, 0);
		ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 3, 0), 0);
		ck_assert_int_gt(kernel.enters, 0);
		check_idle();
	}
	rig_close(&rig);
}
END_TEST

/* A ring belongs to one thread. Without the ring, another thread needs no ring. */
START_TEST(a_thread_needs_no_ring_for_few_servers)
{
	struct fake_step steps[2];
	struct rig rig = { 0 };

	rig_options = "{ring_from: 2}";
	answering(&rig, steps, 2);
	rig_open(&rig, NULL);
	get_in_a_thread(&rig);
	get_in_a_thread(&rig);
	ck_assert_int_eq(kernel.rings, 1);
	rig_close(&rig);
}
END_TEST

/*
 * A connection that was read without the ring has a socket that blocks. The ring's
 * deadline still holds.
 */
START_TEST(a_silent_server_is_late_with_and_without_the_ring)
{
	const struct fake_step steps[] = {
		FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN), FAKE_SEND("END\r\n"),
		FAKE_READ(RIG_GET_LEN), FAKE_EXPECT_CLOSE,
		/* the second operation works without the ring */
		FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN), FAKE_EXPECT_CLOSE,
	};
	struct rig rig = { 0 };
	struct rig_pair pair;

	rig_options = "{ring_from: 2}";
	rig_fake(&rig, steps, COUNT(steps));
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, RETRY_SOON "poll_timeout: 300ms\n");
	rig_make_pair(&rig, &pair);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_get(&rig, pair.keys[i]), TENON_MISS);
	}
	kernel.enters = 0;
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0),
			 TENON_ETIMEDOUT);
	ck_assert_int_gt(kernel.enters, 0);
	check_idle();
	ck_assert_int_eq(rig.results[0].status, TENON_ETIMEDOUT);
	ck_assert_int_eq(rig.results[1].status, TENON_ETIMEDOUT);
	kernel.enters = 0;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_get(&rig, pair.keys[i]), TENON_ETIMEDOUT);
	}
	ck_assert_int_eq(kernel.enters, 0);
	rig_close(&rig);
}
END_TEST

/* ---- ceilings ------------------------------------------------------------ */

static struct tenon_connection ceiling_conns[5000];

static void no_facts(void *context, struct tenon_connection *conn,
		     struct tenon_server_facts *out)
{
	(void)context;
	(void)conn;
	*out = (struct tenon_server_facts){ .size = sizeof(*out) };
}

static const struct tenon_connection_ops ceiling_ops = {
	.size = sizeof(ceiling_ops),
	.server = no_facts,
};

/* Return a connection that was not added yet. */
static struct tenon_connection *new_connection(size_t i)
{
	ceiling_conns[i] = (struct tenon_connection){ .fd = -1 };
	return &ceiling_conns[i];
}

/*
 * uring.c: CONNECTIONS_MAX. A ring has a send and a receive for each of 32 to 4096 connections, and
 * is made anew when it becomes larger.
 */
START_TEST(a_ring_is_for_32_to_4096_connections)
{
	const struct tenon__plugin *plugin =
		subject_named(TENON_KIND_TRANSPORT, "uring");
	const struct tenon_transport_ops *ops = &plugin->ops.transport;
	const struct tenon_transport_setup setup = {
		.size = sizeof(setup),
		.connect_timeout_ms = 1,
		.ops = &ceiling_ops,
	};
	static const struct {
		size_t connections;
		unsigned entries;
		int rings;
	} rows[] = { { 0, 64, 1 }, { 32, 64, 1 }, { 33, 128, 2 },
		     { 64, 128, 2 }, { 65, 256, 3 }, { 4096, 8192, 8 },
		     { 5000, 8192, 8 } };
	struct watched_host host;
	struct tenon_error err;
	size_t added = 0;
	void *options, *self = subject_state(ops->state_size);

	subject_option_ends_at(plugin, "ring_from", "4096", "4097");
	watched_host_init(&host);
	options = subject_options(plugin, &host);
	kernel.rings = 0;
	ck_assert_int_eq(ops->init(self, options, &host.table, &setup, &err),
			 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (; added < rows[i].connections; added++) {
			ck_assert_int_eq(ops->add(self, new_connection(added),
						  &err),
					 0);
		}
		ck_assert_uint_eq(kernel.entries, rows[i].entries);
		ck_assert_int_eq(kernel.rings, rows[i].rings);
	}
	while (added-- > 0) {
		ops->remove(self, &ceiling_conns[added]);
	}
	ops->fini(self);
	free(self);
	subject_options_free(plugin, options);
	ck_assert_uint_eq(host.live, 0);
}
END_TEST

START_TEST(a_larger_ring_that_the_kernel_refuses_is_an_error)
{
	const struct tenon__plugin *plugin =
		subject_named(TENON_KIND_TRANSPORT, "uring");
	const struct tenon_transport_ops *ops = &plugin->ops.transport;
	const struct tenon_transport_setup setup = {
		.size = sizeof(setup),
		.ops = &ceiling_ops,
	};
	struct watched_host host;
	struct tenon_error err;
	size_t added = 0;
	void *options, *self = subject_state(ops->state_size);

	watched_host_init(&host);
	options = subject_options(plugin, &host);
	ck_assert_int_eq(ops->init(self, options, &host.table, &setup, &err),
			 0);
	for (; added < 32; added++) {
		ck_assert_int_eq(ops->add(self, new_connection(added), &err),
				 0);
	}
	kernel.refused = ENOMEM;
	ck_assert_int_eq(ops->add(self, new_connection(added), &err),
			 TENON_EIO);
	ck_assert_ptr_nonnull(strstr(err.message, "out of memory for an io_uring"));
	kernel.refused = 0;
	ck_assert_int_eq(ops->add(self, new_connection(added++), &err), 0);
	while (added-- > 0) {
		ops->remove(self, &ceiling_conns[added]);
	}
	ops->fini(self);
	free(self);
	subject_options_free(plugin, options);
	ck_assert_uint_eq(host.live, 0);
}
END_TEST

/*
 * Return true when the first large request in the ring is sent with MSG_WAITALL: the kernel waits
 * for room in the socket's buffer until the whole request is sent.
 */
static bool was_sent_whole(const struct io_uring *ring)
{
	for (unsigned i = 0; i < ring->sq.ring_entries; i++) {
		if (ring->sq.sqes[i].opcode == IORING_OP_SENDMSG) {
			return ring->sq.sqes[i].msg_flags & MSG_WAITALL;
		}
	}
	ck_abort_msg("nothing was sent through the ring");
	return false;
}

/* Loop: 0: a request of 64 KiB; 1: a request of one byte more. */
START_TEST(a_request_of_64_kib_at_most_is_sent_whole)
{
	/* uring.c: WHOLE_MAX_BYTES; "set k 0 0 65517\r\n" and "\r\n" are 19 bytes. */
	size_t len = 65536 - 19 + (size_t)_i;
	char *value = binary_value(len, 1);
	struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };

	one.value = (struct tenon_slice){ value, len };
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(len + 19),
				  FAKE_SEND("STORED\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert(was_sent_whole(kernel.ring) == (_i == 0));
	rig_close(&rig);
	free(value);
}
END_TEST

/* ---- list ---------------------------------------------------------------- */

static const struct uring_test tests[] = {
	{ &twenty_servers_cost_one_call, 1 },
	{ &older_kernels_get_an_older_ring, COUNT(kernels) },
	{ &a_kernel_that_refuses_is_an_error_that_names_another_transport,
	  COUNT(refusals) },
	{ &a_client_moves_between_threads, 1 },
	{ &poll_does_the_work_without_a_new_ring, 1 },
	{ &a_fork_makes_a_ring_of_its_own, 1 },
	{ &a_fork_that_closes_the_client_disturbs_nobody, 1 },
	{ &a_silent_server_does_not_hold_up_a_reply_in_pieces, 1 },
	{ &an_answer_before_all_is_sent_leaves_nothing_in_flight, 1 },
	{ &a_reset_while_sending_leaves_nothing_in_flight, 1 },
	{ &a_ring_that_breaks_is_replaced, 1 },
	{ &a_ring_that_never_works_leaves_the_work_to_poll, 1 },
	{ &few_servers_may_do_without_the_ring, 1 },
	{ &a_thread_needs_no_ring_for_few_servers, 1 },
	{ &a_silent_server_is_late_with_and_without_the_ring, 1 },
	{ &a_ring_is_for_32_to_4096_connections, 1 },
	{ &a_larger_ring_that_the_kernel_refuses_is_an_error, 1 },
	{ &a_request_of_64_kib_at_most_is_sent_whole, 2 },
};

int main(void)
{
	return uring_suite_run("uring", tests, COUNT(tests), set_up);
}
