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

/* Open a client with the first server_count servers, and with those of the settings. */
static void open_servers(size_t server_count, const char *more,
			 const char *settings)
{
	char text[600];

	snprintf(text, sizeof(text), "plugin_path: " GOOD_DIR "\n%s%s", more,
		 settings);
	rig = (struct rig){ .client = NULL };
	rig_open_at(&rig, servers, server_count, text);
	store = (struct store){ .items = NULL };
	store_wrap(&store, rig.client);
}

static void open_with(const char *settings)
{
	open_servers(COUNT(servers), "", settings);
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

/* In a help, a quote stands for itself: a backslash in front of it would make the page invalid. */
START_TEST(the_page_of_metrics_escapes_the_help)
{
	open_with("failover: counts\n");
	const struct tenon_host *host = host_of_policy();
	host->metric_set(host->metric(host->context, "odd", TENON_METRIC_GAUGE,
				      "A \"quote\", C:\\ and\na byte \xff."), 7);
	page[0] = '\0';
	ck_assert_int_eq(tenon_metrics_prometheus(rig.client, keep_page, NULL),
			 0);
	ck_assert_msg(strstr(page,
			     "# HELP tenon_failover_counts_odd A \"quote\", C:\\\\ and\\na byte ?.\n"
			     "# TYPE tenon_failover_counts_odd gauge\n"
			     "tenon_failover_counts_odd 7\n") != NULL,
		      "%s", page);
	ck_assert_ptr_null(strstr(page, "tenon_server"));
	close_all();
}
END_TEST

START_TEST(metrics_have_the_order_in_which_they_were_added)
{
	static const char *const names[] = { "instances_total", "routed_total",
					     "last_key_len" };
	struct tenon_metric_info info;

	open_with("failover: counts\n");
	for (size_t i = 0; i < COUNT(names); i++) {
		ck_assert_int_eq(tenon_client_metric(rig.client, i, &info), 0);
		ck_assert_str_eq(info.name, names[i]);
	}
	ck_assert_int_eq(tenon_client_metric(rig.client, COUNT(names), &info),
			 TENON_EINVAL);
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
	char bytes[4 + 3 + 6];
	uint32_t flags = stored->flags;
	memcpy(bytes, stored->value, sizeof(bytes));
	store_put(&store, "p.x", 3, flags, bytes, sizeof(bytes));
	ck_assert_int_eq(rig_get(&rig, "x"), TENON_EUNDECODABLE);
	store_put(&store, "p.k", 3, flags ^ 1, bytes, sizeof(bytes));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EUNDECODABLE);
	close_all();
}
END_TEST

/* ---- plugins in plugins --------------------------------------------------------- */

START_TEST(a_plugin_wraps_another)
{
	open_with("failover: {wrap: {inner: {wrap: {inner: counts}}}}\n");
	ck_assert_ptr_nonnull(strstr(rig.log, "'wrap': wraps wrap\n"));
	ck_assert_ptr_nonnull(strstr(rig.log, "'wrap': wraps counts\n"));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "?k"), TENON_EREFUSED);
	ck_assert_int_eq(metric("routed_total"), 1);
	close_all();
}
END_TEST

static const struct {
	const char *failover, *problem;
} wrong_inners[] = {
	{ "wrap", "option 'inner': found more than 8 plugins in one another" },
	{ "{wrap: {inner: [counts]}}",
	  "option 'inner': found a list, expected a plugin's name, or one name with its options as in {name: {option: value}}" },
	{ "{wrap: {inner: {counts: 7}}}",
	  "option 'inner': found '7', expected a map of options after the plugin's name" },
	{ "{wrap: {inner: {counts: {a: b}}}}", "unknown option 'a'" },
	{ "{wrap: {inner: nobody}}",
	  "option 'inner': failover plugin 'nobody' not found" },
};

/* TENON_WRAPPED_DEPTH_MAX */
START_TEST(a_wrong_inner_plugin_is_refused)
{
	struct tenon_config *config;
	struct tenon_client *client;
	struct tenon_error err;
	char text[300];

	snprintf(text, sizeof(text),
		 "plugin_path: " GOOD_DIR "\nservers: [a]\nfailover: %s\n",
		 wrong_inners[_i].failover);
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	ck_assert_int_eq(tenon_config_load_text(config, "f", text, strlen(text),
						&err),
			 0);
	ck_assert_int_ne(tenon_client_open(config, &client, &err), 0);
	ck_assert_msg(strstr(err.message, wrong_inners[_i].problem) != NULL,
		      "%s", err.message);
	tenon_config_destroy(config);
}
END_TEST

/* ---- labels --------------------------------------------------------------------- */

#define LABELLED                                                               \
	"servers: [{address: '127.0.0.1:1', alias: a}, "                       \
	"{address: '[::1]:2', alias: b, labels: {zone: east, prefix: users}}, " \
	"{address: /c.sock, alias: c, labels: {rack: 7, prefix: pages}}]\n"

static void open_labelled(const char *settings)
{
	open_servers(0, LABELLED, settings);
}

START_TEST(a_policy_knows_the_labels_of_servers)
{
	open_labelled("failover: counts\n");
	ck_assert_ptr_nonnull(strstr(rig.log, ": server a: zone unknown\n"));
	ck_assert_ptr_nonnull(strstr(rig.log, ": server b: zone east\n"));
	ck_assert_ptr_nonnull(strstr(rig.log, ": server c: zone unknown\n"));
	close_all();
}
END_TEST

static const struct {
	const char *key;
	uint32_t server;
} prefixed[] = { { "users:7", 1 }, { "pages:7", 2 }, { "page:7", 0 },
		 { "users", 0 } };

START_TEST(a_distribution_knows_the_labels_of_servers)
{
	open_labelled("distribution: prefix\n");
	ck_assert_int_eq(rig_get(&rig, prefixed[_i].key), TENON_MISS);
	ck_assert_uint_eq(rig.result.server, prefixed[_i].server);
	close_all();
}
END_TEST

static const struct {
	const char *alias, *host, *rack;
	uint32_t port;
} facts_rows[] = {
	{ "a", "127.0.0.1", NULL, 1 },
	{ "b", "::1", NULL, 2 },
	{ "c", "/c.sock", "7", 0 },
};

START_TEST(a_transport_knows_the_server_of_a_connection)
{
	struct tenon_server_facts facts = { .size = 0 };

	open_labelled("");
	store.ops->server(store.ops->context,
			  &rig.client->engine.conns[_i].base, &facts);
	ck_assert_uint_eq(facts.size, sizeof(facts));
	ck_assert_str_eq(facts.alias, facts_rows[_i].alias);
	ck_assert_str_eq(facts.host, facts_rows[_i].host);
	ck_assert_uint_eq(facts.port, facts_rows[_i].port);
	ck_assert_pstr_eq(tenon_map_get(facts.labels, "rack"),
			  facts_rows[_i].rack);
	close_all();
}
END_TEST

static const struct {
	const char *labels, *problem;
} bad_labels[] = {
	{ "a", "found 'a', expected a map of 0..64 entries, each a text" },
	{ "[a]", "found a list, expected a map of 0..64 entries, each a text" },
	{ "{a: [b]}", "found a map, expected a map of 0..64 entries, each a text" },
};

/* TENON_LABELS_MAX_COUNT */
START_TEST(a_server_has_a_limited_number_of_labels)
{
	char text[2000] = "servers: [{address: a, labels: {";
	struct tenon_config *config;
	struct tenon_error err;
	size_t len = strlen(text);

	for (int i = 0; i < TENON_LABELS_MAX_COUNT + _i; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"l%d: x, ", i);
	}
	snprintf(text + len, sizeof(text) - len, "}}]");
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	ck_assert_int_eq(tenon_config_load_text(config, "f", text, strlen(text),
						&err),
			 _i == 0 ? 0 : TENON_ECONFIG);
	tenon_config_destroy(config);
}
END_TEST

START_TEST(wrong_labels_are_refused)
{
	struct tenon_config *config;
	struct tenon_error err;
	char text[200];

	snprintf(text, sizeof(text), "servers: [{address: a, labels: %s}]",
		 bad_labels[_i].labels);
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	ck_assert_int_eq(tenon_config_load_text(config, "f", text, strlen(text),
						&err),
			 TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, bad_labels[_i].problem));
	tenon_config_destroy(config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("services");
	TCase *tcase = tcase_create("plugins");

	enter_builddir();
	tcase_add_test(tcase, a_metric_is_shown);
	tcase_add_test(tcase, the_page_of_metrics_escapes_the_help);
	tcase_add_test(tcase, metrics_have_the_order_in_which_they_were_added);
	tcase_add_test(tcase,
		       a_plugin_of_several_places_has_one_metric_with_the_sum);
	tcase_add_test(tcase, the_clients_of_a_pool_share_memory_and_metrics);
	LOOP(tcase, a_bad_metric_is_refused_and_counts_nothing,
	     COUNT(bad_metrics));
	tcase_add_test(tcase, a_plugin_has_a_limited_number_of_metrics);
	tcase_add_test(tcase, a_line_of_the_log_names_the_plugin);
	tcase_add_test(tcase, a_policy_knows_the_key);
	tcase_add_test(tcase, a_codec_knows_key_and_flags);
	tcase_add_test(tcase, a_plugin_wraps_another);
	LOOP(tcase, a_wrong_inner_plugin_is_refused, COUNT(wrong_inners));
	tcase_add_test(tcase, a_policy_knows_the_labels_of_servers);
	LOOP(tcase, a_distribution_knows_the_labels_of_servers,
	     COUNT(prefixed));
	LOOP(tcase, a_transport_knows_the_server_of_a_connection,
	     COUNT(facts_rows));
	LOOP(tcase, a_server_has_a_limited_number_of_labels, 2);
	LOOP(tcase, wrong_labels_are_refused, COUNT(bad_labels));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
