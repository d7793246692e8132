/* SPDX-License-Identifier: BSD-3-Clause */
/* How an engine sets its transport up, and announces its connections. */
#include <check.h>

#include "base/error.h"
#include "connection/engine.h"
#include "runner/suite.h"

/* The options of the transport below; its state holds a pointer to them. */
struct options {
	const char *reason; /* of init's failure; NULL: init gives none */
	int init_code;
	size_t room; /* add() fails beyond this many connections */
	size_t added, removes, closes, finis; /* calls so far */
};

static int init(void *self, const void *options, const struct tenon_host *host,
		const struct tenon_transport_setup *setup,
		struct tenon_error *err)
{
	struct options *told = (struct options *)(uintptr_t)options;

	(void)host;
	(void)setup;
	*(struct options **)self = told;
	return told->reason ? tenon__error_set(err, told->init_code, "%s",
					       told->reason)
			    : told->init_code;
}

static void count_fini(void *self)
{
	(*(struct options **)self)->finis++;
}

static int add(void *self, struct tenon_connection *conn,
	       struct tenon_error *err)
{
	struct options *told = *(struct options **)self;

	ck_assert_int_eq(conn->fd, -1);
	ck_assert_uint_eq(conn->server, told->added);
	if (told->added == told->room) {
		return tenon__error_set(err, TENON_EIO, "no room");
	}
	told->added++;
	return 0;
}

static void count_close(void *self, struct tenon_connection *conn)
{
	(void)conn;
	(*(struct options **)self)->closes++;
}

static void count_remove(void *self, struct tenon_connection *conn)
{
	struct options *told = *(struct options **)self;

	/* the last one first, and every one is closed before */
	told->removes++;
	ck_assert_uint_eq(conn->server, told->added - told->removes);
	ck_assert_uint_ge(told->closes, told->added);
}

static const struct tenon_transport_ops ops = {
	.state_size = sizeof(struct options *),
	.init = init,
	.fini = count_fini,
	.add = add,
	.remove = count_remove,
	.close = count_close,
};

#define SERVERS 4

static struct tenon__server servers[SERVERS];
static struct tenon__outcome outcomes[SERVERS];

/* Make an engine whose transport has these options, and release it. */
static void try_engine(struct options *options, int code, const char *message)
{
	struct tenon__assembly assembly = {
		.refs = 2,
		.server_count = SERVERS,
		.servers = servers,
		.outcomes = { .servers = outcomes },
		.transport = &ops,
		.transport_options = options,
		.transport_name = "mine",
	};
	struct tenon_error err = { .code = 0 };
	struct tenon__engine engine;

	for (size_t i = 0; i < SERVERS; i++) {
		servers[i] = (struct tenon__server){ .host = "127.0.0.1",
						     .address = "127.0.0.1:1",
						     .port = 1 };
	}
	ck_assert_int_eq(tenon__engine_init(&engine, &assembly, &err),
			 code);
	ck_assert_str_eq(err.message, message);
	ck_assert_int_eq(err.code, code);
	tenon__engine_close(&engine);
	tenon__engine_fini(&engine);
	ck_assert_uint_eq(options->finis, 1);
	ck_assert_uint_eq(assembly.refs, 2);
}

/* close() needs what init() makes: it is not called; fini() is. */
START_TEST(a_transport_whose_init_failed_closes_nothing)
{
	struct options rows[] = { { .reason = "no rings here" },
				  { .reason = NULL } };
	static const char *const messages[] = {
		"transport plugin 'mine': no rings here",
		"transport plugin 'mine': init returned -16 (input/output error), and gives no reason",
	};

	for (int i = 0; i < 2; i++) {
		rows[i].init_code = TENON_EIO;
		try_engine(&rows[i], TENON_EIO, messages[i]);
		ck_assert_uint_eq(rows[i].added, 0);
		ck_assert_uint_eq(rows[i].closes, 0);
		ck_assert_uint_eq(rows[i].removes, 0);
	}
}
END_TEST

START_TEST(connections_that_were_added_are_closed_and_removed)
{
	struct options few = { .room = 2 };

	try_engine(&few, TENON_EIO, "transport plugin 'mine': no room");
	ck_assert_uint_eq(few.added, 2);
	ck_assert_uint_eq(few.removes, 2);
	/* by close and by fini */
	ck_assert_uint_eq(few.closes, 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine");
	TCase *tcase = tcase_create("transport");

	tcase_add_test(tcase, a_transport_whose_init_failed_closes_nothing);
	tcase_add_test(tcase,
		       connections_that_were_added_are_closed_and_removed);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
