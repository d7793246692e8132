/* SPDX-License-Identifier: BSD-3-Clause */
/* An engine whose transport cannot be set up. */
#include <check.h>

#include "base/error.h"
#include "connection/engine.h"
#include "runner/suite.h"

static int closes, finis;
static const char *reason;

static int init_fails(void *self, const void *options,
		      const struct tenon_host *host,
		      const struct tenon_transport_setup *setup,
		      struct tenon_error *err)
{
	(void)self;
	(void)options;
	(void)host;
	(void)setup;
	return reason ? tenon__error_set(err, TENON_EIO, "%s", reason)
		      : TENON_EIO;
}

static void count_close(void *self, struct tenon_connection *conn)
{
	(void)self;
	(void)conn;
	closes++;
}

static void count_fini(void *self)
{
	(void)self;
	finis++;
}

/* close() needs what init() makes: it is not called; fini() is. */
START_TEST(a_transport_whose_init_failed_closes_nothing)
{
	static struct tenon__server server = {
		.host = "127.0.0.1",
		.address = "127.0.0.1:1",
		.port = 1,
	};
	static const struct tenon_transport_ops ops = {
		.init = init_fails,
		.close = count_close,
		.fini = count_fini,
	};
	struct tenon__assembly assembly = {
		.refs = 2,
		.server_count = 1,
		.servers = &server,
		.transport = &ops,
		.transport_name = "mine",
	};
	static const struct {
		const char *reason;
		const char *message;
	} rows[] = {
		{ "no rings here", "transport plugin 'mine': no rings here" },
		{ NULL, "transport plugin 'mine': init failed, and gives no reason" },
	};
	struct tenon__engine engine;

	for (int i = 0; i < 2; i++) {
		struct tenon_error err = { .code = 0 };

		closes = 0;
		finis = 0;
		reason = rows[i].reason;
		ck_assert_int_eq(tenon__engine_init(&engine, &assembly,
						    &err),
				 TENON_EIO);
		ck_assert_str_eq(err.message, rows[i].message);
		ck_assert_int_eq(err.code, TENON_EIO);
		tenon__engine_close(&engine);
		tenon__engine_fini(&engine);
		ck_assert_int_eq(closes, 0);
		ck_assert_int_eq(finis, 1);
		ck_assert_uint_eq(assembly.refs, 2);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine");
	TCase *tcase = tcase_create("transport");

	tcase_add_test(tcase, a_transport_whose_init_failed_closes_nothing);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
