/* SPDX-License-Identifier: BSD-3-Clause */
/* The core as plugins see it: services of the host, facts about keys, items and servers. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "fakes/rig.h"
#include "fakes/store.h"
#include "plugin/host.h"
#include "runner/builddir.h"
#include "runner/suite.h"
#include "tenon/health.h"
#include "tenon/pool.h"
#include "zoo/good/good.h"

static struct rig rig;
static struct store store;
static char page[65536];

static const char *const servers[] = { "127.0.0.1:1 a", "127.0.0.1:2 b" };

static void open_with(const char *settings)
{
	char text[400];

	snprintf(text, sizeof(text), "plugin_path: " GOOD_DIR "\n%s", settings);
	rig = (struct rig){ .client = NULL };
	rig_open_at(&rig, servers, COUNT(servers), text);
	store = (struct store){ .items = NULL };
	store_wrap(&store, rig.client);
}

static void close_all(void)
{
	store_unwrap(&store, rig.client);
	store_clear(&store);
	rig_close(&rig);
}

static const struct tenon_host *host_of_policy(void)
{
	return rig.client->engine.assembly->policies.list[0].host;
}

static int64_t metric_of(const struct tenon_client *client, const char *name)
{
	struct tenon_metric_info info;

	for (size_t i = 0; tenon_client_metric(client, i, &info) == 0; i++) {
		if (strcmp(info.name, name) == 0) {
			ck_assert_str_eq(info.kind, "failover");
			ck_assert_str_eq(info.plugin, "counts");
			return info.value;
		}
	}
	return -1;
}

static int64_t metric(const char *name)
{
	return metric_of(rig.client, name);
}

static int keep_page(void *payload, const char *text, size_t len)
{
	(void)payload;
	ck_assert_uint_lt(strlen(page) + len, sizeof(page));
	strncat(page, text, len);
	return 0;
}

START_TEST(a_metric_is_shown)
{
	open_with("failover: counts\n");
	ck_assert_int_eq(metric("routed_total"), 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "key"), TENON_MISS);
	ck_assert_int_eq(metric("routed_total"), 2);
	ck_assert_int_eq(metric("last_key_len"), 3);
	ck_assert_int_eq(metric("nothing"), -1);
	page[0] = '\0';
	ck_assert_int_eq(tenon_client_prometheus(rig.client, keep_page, NULL),
			 0);
	ck_assert_ptr_nonnull(strstr(
		page,
		"# HELP tenon_failover_counts_routed_total Keys that were routed.\n"
		"# TYPE tenon_failover_counts_routed_total counter\n"
		"tenon_failover_counts_routed_total 2\n"));
	ck_assert_ptr_nonnull(
		strstr(page, "tenon_failover_counts_last_key_len 3\n"));
	close_all();
}
END_TEST

START_TEST(a_plugin_of_several_places_has_one_metric_with_the_sum)
{
	open_with("failover: {read: counts, write: counts, delete: none}\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_set(&rig, "k", "v"), TENON_STORED);
	ck_assert_int_eq(metric("routed_total"), 2);
	page[0] = '\0';
	tenon_client_prometheus(rig.client, keep_page, NULL);
	char *first = strstr(page, "\ntenon_failover_counts_routed_total ");
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_null(
		strstr(first + 1, "\ntenon_failover_counts_routed_total "));
	close_all();
}
END_TEST

static void open_pool(struct tenon_pool **pool)
{
	static const char text[] = "plugin_path: " GOOD_DIR "\n"
				   "servers: [a, b]\nfailover: counts\n";
	const struct tenon_pool_limits limits = { 1, 2, 1 };
	struct tenon_config *config;
	struct tenon_error err;

	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	ck_assert_int_eq(tenon_config_load_text(config, "", text,
						sizeof(text) - 1, &err),
			 0);
	ck_assert_msg(tenon_pool_open(config, &limits, pool, &err) == 0, "%s",
		      err.message);
	tenon_config_destroy(config);
}

START_TEST(the_clients_of_a_pool_share_memory_and_metrics)
{
	struct tenon_client *clients[2];
	struct tenon_pool *pool;

	open_pool(&pool);
	ck_assert_int_eq(tenon_pool_acquire(pool, 0, &clients[0], NULL), 0);
	const struct tenon_host *host =
		clients[0]->engine.assembly->policies.list[0].host;
	const struct good_shared *shared =
		host->shared(host->context, sizeof(*shared));
	unsigned before = atomic_load(&shared->instances);
	ck_assert_uint_ge(before, 1);
	ck_assert_int_eq(tenon_pool_acquire(pool, 0, &clients[1], NULL), 0);
	ck_assert_uint_eq(atomic_load(&shared->instances), before + 1);
	ck_assert_ptr_null(host->shared(host->context, sizeof(*shared) + 1));
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(metric_of(clients[i], "instances_total"),
				 before + 1);
		tenon_pool_release(pool, clients[i]);
	}
	tenon_pool_close(pool);
}
END_TEST

static const struct {
	const char *name;
	uint32_t type;
} bad_metrics[] = {
	{ "", TENON_METRIC_COUNTER },
	{ "Upper", TENON_METRIC_COUNTER },
	{ "a-b", TENON_METRIC_COUNTER },
	{ "fine", 0 },
	{ "fine", 3 },
	{ "routed_total", TENON_METRIC_GAUGE },
};

START_TEST(a_bad_metric_is_refused_and_counts_nothing)
{
	open_with("failover: counts\n");
	const struct tenon_host *host = host_of_policy();
	struct tenon_metric *made =
		host->metric(host->context, bad_metrics[_i].name,
			     bad_metrics[_i].type, "Help.");

	ck_assert_ptr_null(made);
	host->metric_add(made, 1);
	host->metric_set(made, 1);
	close_all();
}
END_TEST

START_TEST(a_plugin_has_a_limited_number_of_metrics)
{
	char name[20];
	size_t made = 0;

	open_with("failover: counts\n");
	const struct tenon_host *host = host_of_policy();
	for (size_t i = 0; i < TENON_METRICS_MAX_COUNT; i++) {
		snprintf(name, sizeof(name), "m%zu", i);
		made += host->metric(host->context, name, TENON_METRIC_GAUGE,
				     "Help.") != NULL;
	}
	/* failover_counts has made three */
	ck_assert_uint_eq(made, TENON_METRICS_MAX_COUNT - 3);
	close_all();
}
END_TEST

START_TEST(a_line_of_the_log_names_the_plugin)
{
	open_with("failover: counts\n");
	ck_assert_ptr_nonnull(
		strstr(rig.log, "failover plugin 'counts': 1 instances\n"));
	close_all();
}
END_TEST

START_TEST(a_policy_knows_the_key)
{
	open_with("failover: counts\n");
	char plain[RIG_KEY_LEN + 1];

	for (size_t home = 0; home < 2; home++) {
		rig_key_at(&rig, home, 0, plain);
		ck_assert_int_eq(rig_get(&rig, plain), TENON_MISS);
		ck_assert_uint_eq(rig.result.server, home);
	}
	ck_assert_int_eq(rig_get(&rig, "!moved"), TENON_MISS);
	uint32_t moved = rig.result.server;
	close_all();
	open_with("failover: none\n");
	ck_assert_int_eq(rig_get(&rig, "!moved"), TENON_MISS);
	ck_assert_uint_ne(rig.result.server, moved);
	close_all();
}
END_TEST

START_TEST(a_codec_knows_key_and_flags)
{
	struct tenon_item item = { .key = slice("k"),
				   .value = slice("secret"),
				   .flags = 3 };

	open_with("codecs: bound\nuser_flags: 15\nprefix: p.\n");
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &item, 0), TENON_STORED);
	const struct store_item *stored = store_find(&store, "p.k", 3);
	ck_assert_ptr_nonnull(stored);
	ck_assert_uint_eq(stored->value_len, 4 + 3 + 6);
	ck_assert_mem_eq((const char *)stored->value + 4, "p.ksecret", 9);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	ck_assert(rig_value_is(&rig, "secret"));
	ck_assert_uint_eq(rig.result.flags, 3);
	/* the same bytes under another key, and with other flags */
	store_put(&store, "p.x", 3, stored->flags, stored->value,
		  stored->value_len);
	ck_assert_int_eq(rig_get(&rig, "x"), TENON_EUNDECODABLE);
	stored = store_find(&store, "p.k", 3);
	store_put(&store, "p.k", 3, stored->flags ^ 1, stored->value,
		  stored->value_len);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EUNDECODABLE);
	close_all();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("services");
	TCase *tcase = tcase_create("plugins");

	enter_builddir();
	tcase_add_test(tcase, a_metric_is_shown);
	tcase_add_test(tcase,
		       a_plugin_of_several_places_has_one_metric_with_the_sum);
	tcase_add_test(tcase, the_clients_of_a_pool_share_memory_and_metrics);
	LOOP(tcase, a_bad_metric_is_refused_and_counts_nothing,
	     COUNT(bad_metrics));
	tcase_add_test(tcase, a_plugin_has_a_limited_number_of_metrics);
	tcase_add_test(tcase, a_line_of_the_log_names_the_plugin);
	tcase_add_test(tcase, a_policy_knows_the_key);
	tcase_add_test(tcase, a_codec_knows_key_and_flags);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
