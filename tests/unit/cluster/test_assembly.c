/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/assembly.h"

#include <stdio.h>
#include <string.h>

#include "runner/builddir.h"
#include "config/conf.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "base/memory.h"
#include "zoo/good/good.h"
#include "runner/suite.h"

static struct tenon_config *config;
static struct tenon__assembly *assembly;
static struct tenon_error err;
static char last_line[200];

static const char good[] = "plugin_path: " GOOD_DIR "\n"
			   "servers: [a x, b:1 y, {address: c, weight: 5}]\n"
			   "hash_function: good\n"
			   "distribution: good\n"
			   "transport: good\n"
			   "failover: good\n";

static void keep_line(void *payload, int level, const char *line)
{
	(void)payload;
	snprintf(last_line, sizeof(last_line), "%d %s", level, line);
}

static void setup(void)
{
	assembly = NULL;
	last_line[0] = '\0';
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	ck_assert_int_eq(tenon_config_load_text(config, "site.yaml", good,
						sizeof(good) - 1, &err),
			 0);
}

static void teardown(void)
{
	tenon_config_destroy(config);
	tenon__assembly_unref(assembly);
}

static void set(const char *key, const char *value)
{
	ck_assert_msg(tenon_config_set(config, key, value, &err) == 0, "%s",
		      err.message);
}

static int assemble(void)
{
	return tenon__assembly_create(&assembly, config, &err);
}

/* Assemble, and destroy the config. */
static void assemble_alone(void)
{
	ck_assert_msg(assemble() == 0, "%s", err.message);
	tenon_config_destroy(config);
	config = NULL;
}

static uint64_t hash_of(const char *key)
{
	return assembly->hash.ops->hash(assembly->hash.self, key, strlen(key));
}

START_TEST(servers_are_those_of_the_config)
{
	assemble_alone();
	ck_assert_uint_eq(assembly->server_count, 3);
	ck_assert_str_eq(assembly->servers[0].alias, "x");
	ck_assert_str_eq(assembly->servers[1].address, "b:1");
	ck_assert_ptr_null(assembly->servers[2].alias);
	ck_assert_uint_eq(assembly->servers[2].weight, 5);
}
END_TEST

START_TEST(settings_are_those_of_the_config)
{
	set("prefix", "app.");
	set("connect_timeout", "1s");
	set("poll_timeout", "2s");
	set("retry_timeout", "3");
	set("max_value_bytes", "1MiB");
	set("item_max", "2MiB");
	set("enable_flush_all", "on");
	assemble_alone();
	ck_assert_str_eq(assembly->prefix.text, "app.");
	ck_assert_uint_eq(assembly->prefix.len, 4);
	ck_assert_int_eq(assembly->connect_timeout_ms, 1000);
	ck_assert_int_eq(assembly->poll_timeout_ms, 2000);
	ck_assert_int_eq(assembly->retry_timeout_ms, 3000);
	ck_assert_uint_eq(assembly->max_value_bytes, 1048576);
	ck_assert_uint_eq(assembly->item_max_bytes, 2097152);
	ck_assert(assembly->enable_flush_all);
}
END_TEST

START_TEST(the_hash_has_its_options)
{
	set("hash_function", "{good: {salt: 7}}");
	assemble_alone();
	ck_assert_uint_eq(hash_of("a"), 97 + 7);
}
END_TEST

START_TEST(a_hash_without_hash_many_gets_one)
{
	const struct tenon_slice keys[] = { { "a", 1 }, { "ab", 2 }, { "", 0 } };
	uint64_t hashes[3];

	set("hash_function", "{good: {salt: 7}}");
	assemble_alone();
	assembly->hash.ops->hash_many(assembly->hash.self, keys, 3, hashes);
	ck_assert_uint_eq(hashes[0], 104);
	ck_assert_uint_eq(hashes[1], 202);
	ck_assert_uint_eq(hashes[2], 7);
}
END_TEST

START_TEST(the_ring_is_built)
{
	const struct tenon_ring_key key = { 5, "k", 1 };
	const struct good_ring *ring;

	set("hash_function", "{good: {salt: 7}}");
	assemble_alone();
	ring = assembly->rings[0].instance;
	ck_assert_uint_eq(ring->server_count, 3);
	ck_assert_uint_eq(ring->weights, 7);
	/* The point hash has the default options, not those of the hash of keys. */
	ck_assert_uint_eq(ring->point, 'x');
	ck_assert_uint_eq(assembly->distribution->locate(ring, &key),
			  (5 + 1) % 3);
}
END_TEST

START_TEST(one_server_is_a_ring_too)
{
	set("servers", "a");
	assemble_alone();
	ck_assert_uint_eq(
		((const struct good_ring *)assembly->rings[0].instance)
			->server_count,
		1);
}
END_TEST

START_TEST(transport_and_failover_come_with_their_options)
{
	const struct good_failover_options *options;

	set("failover",
	    "{good: {limit: 6, mode: Strict, window: 2s, memory: 2KiB, note: hi, verbose: yes}}");
	assemble_alone();
	ck_assert_ptr_null(assembly->transport_options);
	options = assembly->policies.list[0].options;
	ck_assert_int_eq(options->limit, 6);
	ck_assert_int_eq(options->mode, 1);
	ck_assert_int_eq(options->window_ms, 2000);
	ck_assert_int_eq(options->memory_bytes, 2048);
	ck_assert_str_eq(options->note, "hi");
	ck_assert_int_eq(options->verbose, 1);
}
END_TEST

START_TEST(optional_slots_can_be_called)
{
	const struct tenon_failover_ops *failover;
	struct tenon_failover_state state = { .failures = 5 };

	assemble_alone();
	failover = assembly->policies.list[0].ops;
	ck_assert_int_eq(failover->init(NULL,
					assembly->policies.list[0].options,
					assembly->policies.list[0].host, NULL,
					&err),
			 0);
	failover->fini(NULL);
	failover->state(NULL, 0, 0, &state);
	ck_assert_uint_eq(state.state, TENON_SERVER_UP);
	ck_assert_uint_eq(state.failures, 0);
	assembly->transport->fini(NULL);
}
END_TEST

START_TEST(a_spare_pool_is_a_ring_of_its_own_behind_the_main_one)
{
	const struct tenon_failover_setup *told;
	const struct good_ring *ring;

	set("servers",
	    "[{address: p, pool: spare}, a x, {address: q, pool: other}, {address: r, pool: spare, weight: 4}, b]");
	assemble_alone();
	ck_assert_uint_eq(assembly->server_count, 5);
	ck_assert_str_eq(assembly->servers[0].alias, "x");
	ck_assert_str_eq(assembly->servers[1].host, "b");
	ck_assert_str_eq(assembly->servers[2].host, "p");
	ck_assert_str_eq(assembly->servers[3].host, "r");
	ck_assert_str_eq(assembly->servers[4].host, "q");
	ck_assert_uint_eq(assembly->ring_count, 3);
	ck_assert_str_eq(assembly->rings[1].pool, "spare");
	ck_assert_uint_eq(assembly->rings[1].first, 2);
	ring = assembly->rings[1].instance;
	ck_assert_uint_eq(ring->server_count, 2);
	ck_assert_uint_eq(ring->weights, 5);
	ring = assembly->rings[0].instance;
	ck_assert_uint_eq(ring->server_count, 2);

	told = &assembly->policies.setup;
	ck_assert_uint_eq(told->server_count, 5);
	ck_assert_uint_eq(told->pool_count, 3);
	ck_assert_str_eq(told->pools[0], "");
	ck_assert_str_eq(told->pools[2], "other");
	ck_assert_str_eq(told->servers[0].alias, "x");
	ck_assert_str_eq(told->servers[3].alias, "r:11211");
	ck_assert_uint_eq(told->servers[3].weight, 4);
	ck_assert_uint_eq(told->servers[3].pool, 1);
	ck_assert_uint_eq(told->servers[4].pool, 2);
	ck_assert_uint_eq(told->servers[1].pool, 0);
}
END_TEST

START_TEST(each_access_may_have_a_policy_with_options_of_its_own)
{
	const struct good_failover_options *options;

	set("failover", "{read: {good: {limit: 2}}, write: {good: {limit: 4}}}");
	assemble_alone();
	ck_assert_uint_eq(assembly->policies.count, 2);
	ck_assert_uint_eq(assembly->policies.of[TENON_ACCESS_READ], 0);
	options = assembly->policies.list[0].options;
	ck_assert_int_eq(options->limit, 2);
	/* deletes use the policy of writes */
	ck_assert_uint_eq(assembly->policies.of[TENON_ACCESS_DELETE],
			  assembly->policies.of[TENON_ACCESS_WRITE]);
	options = assembly->policies.list[1].options;
	ck_assert_int_eq(options->limit, 4);
}
END_TEST

START_TEST(an_access_without_policy_has_the_default)
{
	set("failover", "{delete: good}");
	assemble_alone();
	ck_assert_uint_eq(assembly->policies.count, 3);
	ck_assert_ptr_eq(assembly->policies.list[0].ops,
			 assembly->policies.list[1].ops);
	ck_assert_ptr_ne(assembly->policies.list[1].ops,
			 assembly->policies.list[2].ops);
	ck_assert_ptr_nonnull(assembly->policies.list[2].options);
}
END_TEST

START_TEST(more_spare_pools_than_there_may_be_are_refused)
{
	set("servers", "a");
	/* TENON_SERVER_POOL_MAX_COUNT: the ring is one of the 17 */
	for (int i = 0; i <= 16; i++) {
		char name[20];
		int code = 0;

		snprintf(name, sizeof(name), "p%d", i);
		code = tenon_config_add_spare(config, name, name, NULL, 1,
					      &err);
		ck_assert_msg(code == 0, "%s", err.message);
	}
	ck_assert_int_eq(assemble(), TENON_ECONFIG);
	ck_assert_str_eq(err.message, "servers: found more spare pools than the limit of 16");
}
END_TEST

/* ---- codecs ------------------------------------------------------------- */

START_TEST(codecs_are_those_of_the_config_in_order)
{
	const struct good_codec_options *options;

	set("codecs", "[{Good: {flags: 1280, room: 4KiB}}, halves]");
	assemble_alone();
	ck_assert_uint_eq(assembly->codecs.count, 2);
	ck_assert_str_eq(assembly->codecs.list[0].name, "good");
	ck_assert_str_eq(assembly->codecs.list[1].name, "halves");
	ck_assert_uint_eq(assembly->codecs.flags, 1280 | 512);
	options = assembly->codecs.list[0].options;
	ck_assert_int_eq(options->flags, 1280);
	ck_assert_int_eq(options->room_bytes, 4096);
	ck_assert_ptr_null(assembly->codecs.list[1].options);
}
END_TEST

START_TEST(a_codec_encodes_or_splits_and_its_optional_slots_can_be_called)
{
	const struct tenon_codec_ops *good_ops;
	const struct tenon_codec_ops *halves_ops;

	set("codecs", "[good, halves]");
	assemble_alone();
	good_ops = assembly->codecs.list[0].ops;
	halves_ops = assembly->codecs.list[1].ops;
	ck_assert(good_ops->encode && good_ops->decode != NULL);
	ck_assert(!good_ops->scatter && !good_ops->plan && !good_ops->gather);
	ck_assert_uint_eq(good_ops->owns_chunks(NULL), 0);
	ck_assert(!halves_ops->encode && !halves_ops->decode);
	ck_assert(halves_ops->scatter && halves_ops->plan &&
		  halves_ops->gather != NULL);
	ck_assert_int_eq(halves_ops->init(NULL, NULL,
					  assembly->codecs.list[1].host, NULL, &err),
			 0);
	ck_assert_uint_eq(halves_ops->owns_chunks(NULL), 0);
	halves_ops->fini(NULL);
}
END_TEST

START_TEST(no_codec_is_no_codec)
{
	set("codecs", "none");
	tenon_config_set_log(config, keep_line, NULL);
	assemble_alone();
	ck_assert_uint_eq(assembly->codecs.count, 0);
	ck_assert_uint_eq(assembly->codecs.flags, 0);
	ck_assert_ptr_null(assembly->codecs.list);
	ck_assert_str_eq(last_line, "");
}
END_TEST

START_TEST(a_default_codec_that_is_not_there_is_left_out_with_a_warning)
{
	config->codecs.list[0].name = "nosuch";
	config->compression.choice.name = "nosuch";
	tenon_config_set_log(config, keep_line, NULL);
	assemble_alone();
	ck_assert_uint_eq(assembly->codecs.count, 0);
	ck_assert_str_eq(
		last_line,
		"1 key 'codecs': codec plugin 'nosuch' not found and left out of the default codecs; to avoid this warning, set `codecs` to the codecs that you want, or to none");
}
END_TEST

START_TEST(a_codec_of_the_config_has_to_be_there)
{
	set("codecs", "[good, nosuch]");
	ck_assert_int_eq(assemble(), TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(
		err.message, "key 'codecs': codec plugin 'nosuch' not found"));
}
END_TEST

START_TEST(the_codec_of_a_threshold_has_to_be_there)
{
	static const char text[] = "compression_threshold:\n  1KiB\n";

	ck_assert_int_eq(tenon_config_load_text(config, "site.yaml", text,
						sizeof(text) - 1, &err),
			 0);
	config->compression.choice.name = "nosuch";
	ck_assert_int_eq(assemble(), TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(
		err.message,
		"site.yaml:2:3: key 'compression_threshold': codec plugin 'nosuch' not found"));
}
END_TEST

START_TEST(the_codec_of_a_threshold_gets_its_options)
{
	set("compression_threshold", "1KiB");
	config->compression.choice.name = "good";
	ck_assert_int_eq(assemble(), TENON_ECONFIG);
	ck_assert_str_eq(err.message,
			 "codec plugin 'good' (" GOOD_DIR
			 "/codec_good.so): unknown option 'threshold', expected flags, room");
}
END_TEST

START_TEST(chunks_have_to_fit_into_items)
{
	if (tenon_config_set(config, "codecs", "{split: {chunk: 65223B}}",
			     &err) != 0 ||
	    tenon_config_set(config, "item_max", "64KiB", &err) != 0) {
		ck_abort_msg("%s", err.message);
	}
	/* 65536 - 250 - 59 - 4 */
	ck_assert_msg(assemble() == 0, "%s", err.message);
	tenon__assembly_unref(assembly);
	assembly = NULL;
	set("codecs", "{split: {chunk: 65224B}}");
	ck_assert_int_eq(assemble(), TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(
		err.message,
		"chunk is 65224 bytes, expected at most 65223: a longer value does not fit into item_max of the config"));
}
END_TEST

START_TEST(codecs_get_max_value_bytes)
{
	set("max_value_bytes", "4KiB");
	set("codecs", "{good: {room: 4KiB}}");
	ck_assert_msg(assemble() == 0, "%s", err.message);
	tenon__assembly_unref(assembly);
	assembly = NULL;
	set("codecs", "{good: {room: 4097B}}");
	ck_assert_int_eq(assemble(), TENON_ECONFIG);
	ck_assert_str_eq(err.message,
			 "codec plugin 'good' (" GOOD_DIR
			 "/codec_good.so): max_value_bytes is 4096, expected 4097 or more");
}
END_TEST

/* Each value stands after "codecs:" in the fifth line. */
static const struct {
	const char *value;
	int code;
	const char *message;
	uint32_t column;
} codec_errors[] = {
	{ "[{good: {flags: 769}}, halves]", TENON_ECONFIG,
	  "key 'codecs': codecs 'good' and 'halves' both own flag bits 0x200, expected different bits for each codec",
	  32 },
	{ "[halves, good]", TENON_ECONFIG,
	  "key 'codecs': codec 'good' comes after codec 'halves', which splits values and has to be the last",
	  18 },
	{ "[halves, {good: {rom: 2KiB}}]", TENON_ECONFIG,
	  "codec plugin 'good' (" GOOD_DIR
	  "/codec_good.so): unknown option 'rom', expected flags, room; did you mean 'room'?",
	  26 },
	{ "[zero]", TENON_EPLUGIN,
	  "codec plugin 'zero' (" BAD_DIR
	  "/codec_zero.so): flags returned 0x0, expected at least one bit",
	  10 },
	{ "[good, code]", TENON_EPLUGIN,
	  "codec plugin 'code' (" BAD_DIR
	  "/codec_code.so): init returned -99, expected 0, TENON_ENOMEM (-1) or TENON_ECONFIG (-14)",
	  16 },
};

START_TEST(codecs_that_do_not_go_are_refused)
{
	char text[200];
	char expected[400];

	snprintf(text, sizeof(text),
		 "plugin_path: [" GOOD_DIR ",\n " BAD_DIR
		 "]\n\n\ncodecs: %s\n",
		 codec_errors[_i].value);
	ck_assert_int_eq(tenon_config_load_text(config, "site.yaml", text,
						strlen(text), &err),
			 0);
	ck_assert_int_eq(assemble(), codec_errors[_i].code);
	ck_assert_ptr_null(assembly);
	snprintf(expected, sizeof(expected), "site.yaml:5:%u: %s",
		 (unsigned)codec_errors[_i].column, codec_errors[_i].message);
	ck_assert_str_eq(err.message, expected);
	ck_assert_uint_eq(err.line, 5);
	ck_assert_uint_eq(err.column, codec_errors[_i].column);
}
END_TEST

/* ---- refusals ----------------------------------------------------------- */

START_TEST(a_rule_between_options_is_kept)
{
	static const char text[] = "failover:\n  good: {limit: 6}\n";

	ck_assert_int_eq(tenon_config_load_text(config, "site.yaml", text,
						sizeof(text) - 1, &err),
			 0);
	ck_assert_int_eq(assemble(), TENON_ECONFIG);
	ck_assert_ptr_null(assembly);
	ck_assert_str_eq(err.message,
			 "site.yaml:2:3: failover plugin 'good' (" GOOD_DIR
			 "/failover_good.so): limit above 5 needs mode strict");
	ck_assert_uint_eq(err.line, 2);
}
END_TEST

static const struct {
	const char *value;
	const char *message;
} option_errors[] = {
	{ "{good: {limit: 11}}",
	  "option 'limit': found '11', expected a whole number in 1..10" },
	{ "{good: {window: 10}}",
	  "option 'window': found '10', expected a duration in 1s..1min: a whole number with a unit (us, ms, s, min, h)" },
	{ "{good: {mode: harsh}}",
	  "option 'mode': found 'harsh', expected one of lax, strict" },
	{ "{good: {lmit: 1}}",
	  "unknown option 'lmit', expected limit, window, memory, note, mode, verbose; did you mean 'limit'?" },
};

START_TEST(an_option_that_is_wrong_is_refused)
{
	char expected[600];

	set("failover", option_errors[_i].value);
	ck_assert_int_eq(assemble(), TENON_ECONFIG);
	snprintf(expected, sizeof(expected),
		 "failover plugin 'good' (" GOOD_DIR "/failover_good.so): %s",
		 option_errors[_i].message);
	ck_assert_str_eq(err.message, expected);
}
END_TEST

START_TEST(an_error_of_build_is_passed_on)
{
	set("servers", "a:666");
	ck_assert_int_eq(assemble(), TENON_ECONFIG);
	ck_assert_str_eq(err.message,
			 "site.yaml:4:15: distribution plugin 'good' (" GOOD_DIR
			 "/distribution_good.so): port 666 is unlucky");
}
END_TEST

START_TEST(a_code_outside_the_contract_is_the_plugins_fault)
{
	set("plugins", BAD_DIR "/distribution_code.so");
	set("distribution", "code");
	ck_assert_int_eq(assemble(), TENON_EPLUGIN);
	ck_assert_str_eq(err.message,
			 "distribution plugin 'code' (" BAD_DIR
			 "/distribution_code.so): build returned -99, expected 0, TENON_ENOMEM (-1) or TENON_ECONFIG (-14)");
}
END_TEST

START_TEST(a_missing_hash_of_an_option_is_named)
{
	set("distribution", "{good: {point_hash: godo}}");
	ck_assert_int_eq(assemble(), TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(
		err.message,
		"distribution plugin 'good' (" GOOD_DIR
		"/distribution_good.so): option 'point_hash': hash plugin 'godo' not found; did you mean 'good'?"));
}
END_TEST

START_TEST(references_are_counted)
{
	assemble_alone();
	ck_assert_ptr_eq(tenon__assembly_ref(assembly), assembly);
	tenon__assembly_unref(assembly);
	ck_assert_uint_eq(hash_of("a"), 97);
	tenon__assembly_unref(NULL);
}
END_TEST

START_TEST(the_host_serves_plugins)
{
	const struct tenon_host *host;
	unsigned char bytes[64] = { 0 };
	unsigned char zero[64] = { 0 };
	unsigned char *memory;

	tenon_config_set_log(config, keep_line, NULL);
	assemble_alone();
	host = assembly->transport_host;
	ck_assert_uint_eq(host->size, sizeof(*host));
	ck_assert_uint_eq(host->abi_major, TENON_PLUGIN_ABI_MAJOR);
	memory = host->alloc(host->context, sizeof(zero));
	ck_assert_mem_eq(memory, zero, sizeof(zero));
	host->free(host->context, memory);
	host->free(host->context, NULL);
	host->random_bytes(host->context, bytes, sizeof(bytes));
	ck_assert_mem_ne(bytes, zero, sizeof(bytes));
	host->log(host->context, TENON_LOG_INFO, "100% well");
	ck_assert_str_eq(last_line, "2 transport plugin 'good': 100% well");
	ck_assert_int_eq(host->logs(host->context, TENON_LOG_DEBUG), 1);
	host->logf(host->context, TENON_LOG_WARNING, "%d%%", 7);
	ck_assert_str_eq(last_line, "1 transport plugin 'good': 7%");
	ck_assert_int_eq(host->set_error(&err, TENON_ECONFIG, "%d", 5),
			 TENON_ECONFIG);
	ck_assert_str_eq(err.message, "5");
}
END_TEST

START_TEST(a_log_without_listener_goes_nowhere)
{
	assemble_alone();
	tenon__log_line(&assembly->log, TENON_LOG_ERROR, "%s", "nobody hears");
}
END_TEST

START_TEST(any_allocation_may_fail)
{
	int code = TENON_ENOMEM;
	size_t n;

	set("codecs", "[{good: {room: 2KiB}}, halves]");
	for (n = 1; code; n++) {
		ck_assert_uint_lt(n, 1000);
		tenon__memory_fail_from(n);
		code = assemble();
		tenon__memory_fail_from(0);
		if (code) {
			ck_assert_msg(code == TENON_ENOMEM, "%zu: %s", n,
				      err.message);
			ck_assert_int_eq(err.code, TENON_ENOMEM);
			ck_assert_ptr_null(assembly);
		}
	}
	ck_assert_uint_gt(n, 20);
}
END_TEST

START_TEST(a_key_that_the_policy_refuses_has_a_reason)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	rig_open(&rig, "plugins: [" GOOD_DIR "/failover_refuse.so]\n"
		       "failover: {read: refuse}\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EREFUSED);
	ck_assert_uint_eq(rig.result.server, 0);
	ck_assert_str_eq(tenon_status_name(rig.result.status),
			 "refused by policy");
	ck_assert_ptr_nonnull(
		strstr(rig.err.message,
		       ": the failover policy allows no server for the key"));
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("assembly");
	TCase *parts = tcase_create("parts");
	TCase *codecs = tcase_create("codecs");
	TCase *refusals = tcase_create("refusals");
	TCase *services = tcase_create("services");
	TCase *answers = tcase_create("answers");

	enter_builddir();
	scratch_begin();
	tcase_add_checked_fixture(parts, setup, teardown);
	tcase_add_test(parts, servers_are_those_of_the_config);
	tcase_add_test(parts, settings_are_those_of_the_config);
	tcase_add_test(parts, the_hash_has_its_options);
	tcase_add_test(parts, a_hash_without_hash_many_gets_one);
	tcase_add_test(parts, the_ring_is_built);
	tcase_add_test(parts, one_server_is_a_ring_too);
	tcase_add_test(parts, transport_and_failover_come_with_their_options);
	tcase_add_test(parts,
		       a_spare_pool_is_a_ring_of_its_own_behind_the_main_one);
	tcase_add_test(parts,
		       each_access_may_have_a_policy_with_options_of_its_own);
	tcase_add_test(parts, an_access_without_policy_has_the_default);
	tcase_add_test(parts, more_spare_pools_than_there_may_be_are_refused);
	tcase_add_test(parts, optional_slots_can_be_called);
	suite_add_tcase(suite, parts);
	tcase_add_checked_fixture(codecs, setup, teardown);
	tcase_add_test(codecs, codecs_are_those_of_the_config_in_order);
	tcase_add_test(
		codecs,
		a_codec_encodes_or_splits_and_its_optional_slots_can_be_called);
	tcase_add_test(codecs, no_codec_is_no_codec);
	tcase_add_test(
		codecs,
		a_default_codec_that_is_not_there_is_left_out_with_a_warning);
	tcase_add_test(codecs, a_codec_of_the_config_has_to_be_there);
	tcase_add_test(codecs, the_codec_of_a_threshold_has_to_be_there);
	tcase_add_test(codecs, the_codec_of_a_threshold_gets_its_options);
	suite_add_codec_test(codecs, chunks_have_to_fit_into_items, 1);
	tcase_add_test(codecs, codecs_get_max_value_bytes);
	tcase_add_loop_test(codecs, codecs_that_do_not_go_are_refused, 0, 5);
	suite_add_tcase(suite, codecs);
	tcase_add_checked_fixture(refusals, setup, teardown);
	tcase_add_test(refusals, a_rule_between_options_is_kept);
	tcase_add_loop_test(refusals, an_option_that_is_wrong_is_refused, 0, 4);
	tcase_add_test(refusals, an_error_of_build_is_passed_on);
	tcase_add_test(refusals,
		       a_code_outside_the_contract_is_the_plugins_fault);
	tcase_add_test(refusals, a_missing_hash_of_an_option_is_named);
	suite_add_tcase(suite, refusals);
	tcase_add_checked_fixture(services, setup, teardown);
	tcase_add_test(services, references_are_counted);
	tcase_add_test(services, the_host_serves_plugins);
	tcase_add_test(services, a_log_without_listener_goes_nowhere);
	tcase_add_test(services, any_allocation_may_fail);
	suite_add_tcase(suite, services);
	tcase_add_test(answers, a_key_that_the_policy_refuses_has_a_reason);
	suite_add_tcase(suite, answers);
	return suite_run(suite);
}
