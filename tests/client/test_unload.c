/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that loads libtenon with dlopen(3), and unloads it while a name is being looked up. The
 * program is not linked to the library.
 */
#include <check.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/names.h"
#include "runner/builddir.h"
#include "runner/suite.h"
#include "tenon/tenon.h"

static const struct fake_name names[] = { { .host = "slow.test",
					    .hangs = true } };

/* The functions of the library that the test calls, with the types of the headers. */
struct library {
	void *handle;
	__typeof__(&tenon_config_create) config_create;
	__typeof__(&tenon_config_set) config_set;
	__typeof__(&tenon_config_destroy) config_free;
	__typeof__(&tenon_client_open) client_open;
	__typeof__(&tenon_client_close) client_close;
	__typeof__(&tenon_get) get;
};

static void *function(const struct library *library, const char *name)
{
	void *found = dlsym(library->handle, name);

	ck_assert_msg(found != NULL, "%s", dlerror());
	return found;
}

static void load(struct library *library)
{
	library->handle = dlopen("core/.libs/libtenon.so", RTLD_NOW);
	ck_assert_msg(library->handle != NULL, "%s", dlerror());
	*(void **)&library->config_create =
		function(library, "tenon_config_create");
	*(void **)&library->config_set = function(library, "tenon_config_set");
	*(void **)&library->config_free =
		function(library, "tenon_config_destroy");
	*(void **)&library->client_open =
		function(library, "tenon_client_open");
	*(void **)&library->client_close =
		function(library, "tenon_client_close");
	*(void **)&library->get = function(library, "tenon_get");
}

START_TEST(a_lookup_in_progress_survives_the_unloading_of_the_library)
{
	struct library library;
	struct tenon_config *config;
	struct tenon_client *client;
	struct tenon_result result;
	const struct tenon_slice key = { "k", 1 };

	fake_names_set(names, 1);
	for (int i = 0; i < 3; i++) {
		load(&library);
		ck_assert_int_eq(library.config_create(&config, NULL), 0);
		ck_assert_int_eq(library.config_set(config, "servers",
						    "[slow.test]", NULL),
				 0);
		ck_assert_int_eq(library.config_set(config, "resolve_timeout",
						    "10ms", NULL),
				 0);
		ck_assert_int_eq(library.client_open(config, &client, NULL), 0);
		library.config_free(config);
		ck_assert_int_eq(library.get(client, key, &result, NULL),
				 TENON_ECONNECT);
		library.client_close(client);
		ck_assert_int_eq(dlclose(library.handle), 0);
	}
	/* the thread of the lookup returns into the code of the library */
	fake_names_await(1);
	fake_names_release();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unload");
	TCase *tcase = tcase_create("unload");

	enter_builddir();
	tcase_add_test(tcase,
		       a_lookup_in_progress_survives_the_unloading_of_the_library);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
