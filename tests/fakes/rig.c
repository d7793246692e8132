/* SPDX-License-Identifier: BSD-3-Clause */
#include "rig.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fakes/toy.h"

const char *rig_transport = "poll";
bool rig_warm;
void (*rig_opened)(struct rig *rig);
const char *rig_plugin;
const char *rig_options = "{}";
const char *rig_codecs = "none";
const struct tenon_item rig_usual_item = {
	.key = TENON_LITERAL("k"),
	.value = TENON_LITERAL("hello"),
	.flags = 5,
	.exptime = 60,
	.cas = 99,
	.delta = 5,
};

static void write_log(void *payload, int level, const char *line)
{
	struct rig *rig = payload;
	size_t room = sizeof(rig->log) - rig->log_len;
	int n;

	ck_assert_int_ge(level, TENON_LOG_ERROR);
	ck_assert_int_le(level, TENON_LOG_DEBUG);
	ck_assert_msg(!strchr(line, '\n'), "log line with newline: %s", line);
	rig->log_lines++;
	n = snprintf(rig->log + rig->log_len, room, "%s\n", line);
	if (n > 0 && (size_t)n < room) {
		rig->log_len += (size_t)n;
	}
}

struct fake_server *rig_fake_at(struct rig *rig,
				const struct fake_listen *listen,
				const struct fake_step *steps, size_t count)
{
	struct fake_listen how = *listen;

	how.greeted = rig_warm && !how.full;
	struct fake_server *fake = fake_server_listen(&how, steps, count);

	ck_assert_msg(fake != NULL, "the fake server does not start");
	ck_assert_uint_lt(rig->fake_count, RIG_SERVERS_MAX);
	rig->fakes[rig->fake_count++] = fake;
	return fake;
}

struct fake_server *rig_fake(struct rig *rig, const struct fake_step *steps,
			     size_t count)
{
	const struct fake_listen usual = { .family = FAKE_INET };

	return rig_fake_at(rig, &usual, steps, count);
}

int rig_config(struct tenon_config **out, struct tenon_error *err)
{
	static const struct {
		const char *key, *value;
	} lines[TOYS] = { [TOY_UPPER] = { "protocol", "upper" },
			  [TOY_XOR] = { "secure", "xor" },
			  [TOY_META] = { "protocol", "meta" } };
	enum toy toy = toy_chosen();
	int code = tenon_config_create(out, err);

	if (!code && lines[toy].key) {
		code = tenon_config_set(*out, lines[toy].key, lines[toy].value,
					err);
	}
	return code;
}

static void must(const struct rig *rig, int status, const char *what)
{
	ck_assert_msg(status == 0, "%s: %d %s", what, status, rig->err.message);
}

void rig_open_at(struct rig *rig, const char *const *servers, size_t count,
		 const char *settings)
{
	struct tenon_config *config;
	char line[1024];

	must(rig, rig_config(&config, &rig->err), "config");
	tenon_config_set_log(config, write_log, rig);
	if (rig_plugin) {
		char list[4096];

		snprintf(list, sizeof(list), "[%s]", rig_plugin);
		must(rig,
		     tenon_config_set(config, "plugins", list, &rig->err),
		     "plugins");
	}
	snprintf(line, sizeof(line), "{%s: %s}", rig_transport, rig_options);
	must(rig, tenon_config_set(config, "transport", line, &rig->err),
	     "transport");
	must(rig, tenon_config_set(config, "resolve_timeout", "20s", &rig->err),
	     "resolve_timeout");
	must(rig, tenon_config_set(config, "connect_timeout", "20s", &rig->err),
	     "connect_timeout");
	must(rig, tenon_config_set(config, "poll_timeout", "60s", &rig->err),
	     "poll_timeout");
	/* few tests are about the servers' item limit */
	must(rig, tenon_config_set(config, "item_max", "1GiB", &rig->err),
	     "item_max");
	if (rig_codecs) {
		must(rig, tenon_config_set(config, "codecs", rig_codecs,
					   &rig->err),
		     "codecs");
	}
	for (size_t i = 0; i < count; i++) {
		char *alias;

		snprintf(line, sizeof(line), "%s", servers[i]);
		alias = strchr(line, ' ');
		if (alias) {
			*alias++ = '\0';
		}
		must(rig,
		     tenon_config_add_server(config, line, alias, 1, &rig->err),
		     "add_server");
	}
	if (settings) {
		must(rig,
		     tenon_config_load_text(config, "test", settings,
					    strlen(settings), &rig->err),
		     "settings");
	}
	must(rig, tenon_client_open(config, &rig->client, &rig->err), "open");
	tenon_config_destroy(config);
	if (rig_opened) {
		rig_opened(rig);
	}
}

void rig_open(struct rig *rig, const char *settings)
{
	char lines[RIG_SERVERS_MAX][160];
	const char *servers[RIG_SERVERS_MAX];

	for (size_t i = 0; i < rig->fake_count; i++) {
		snprintf(lines[i], sizeof(lines[i]), "%s s%zu",
			 fake_server_address(rig->fakes[i]), i);
		servers[i] = lines[i];
	}
	rig_open_at(rig, servers, rig->fake_count, settings);
	for (size_t i = 0; rig_warm && i < rig->fake_count; i++) {
		char key[RIG_KEY_LEN + 1];

		rig_key_at(rig, i, 0, key);
		ck_assert_int_eq(rig_get(rig, key), TENON_MISS);
	}
}

void rig_open_one(struct rig *rig, const char *server, const char *settings)
{
	rig_open_at(rig, &server, 1, settings);
}

void rig_close(struct rig *rig)
{
	/*
	 * Join the fakes before the client closes: a fake may check bytes that it has
	 * not read yet.
	 */
	for (size_t i = 0; i < rig->fake_count; i++) {
		char *problem = fake_server_join(rig->fakes[i]);

		ck_assert_msg(!problem, "%s\nlog:\n%s", problem, rig->log);
	}
	rig->fake_count = 0;
	tenon_client_close(rig->client);
	rig->client = NULL;
}

/*
 * Return 1 when the status always has a text, 0 when it has one only if a codec gives a
 * reason, -1 when it has none.
 */
static int wants_text(int status)
{
	switch (status) {
	case TENON_ESERVER:
	case TENON_ECLIENT:
	case TENON_EUNKNOWN:
	case TENON_EUNDECODABLE:
	case TENON_EENCODED:
		return 1;
	case TENON_MISS:
	case TENON_EINVAL:
	case TENON_ENOMEM:
	case TENON_ETIMEDOUT:
	case TENON_ETOOBIG:
		return 0;
	default:
		return -1;
	}
}

/*
 * Return true when value and text of the result fit its status. No assertions here:
 * libcheck writes a message for each assertion that holds, and a call may have a
 * hundred thousand results.
 */
static bool result_is_sound(const struct tenon_result *r, unsigned options)
{
	int text = wants_text(r->status);
	bool has_facts = options & (TENON_FACTS | TENON_NO_BUMP | TENON_COMPARE);
	bool may_have_value = r->status == TENON_HIT || r->status == TENON_OK;

	return strcmp(tenon_status_name(r->status), "unknown status") != 0 &&
	       (text == 0 || (r->text != NULL) == (text > 0)) &&
	       (has_facts || (!r->ttl_s && !r->size_bytes && !r->idle_s)) &&
	       (!r->value ||
		(may_have_value && r->value[r->value_len] == '\0'));
}

static void check_error(const struct rig *rig, int status)
{
	ck_assert_int_eq(rig->err.code, status);
	ck_assert_msg((status < 0) == (rig->err.message[0] != '\0'),
		      "status %d with message \"%s\"", status, rig->err.message);
	ck_assert(!strpbrk(rig->err.message, "\r\n"));
}

int rig_run(struct rig *rig, enum tenon_verb verb,
	    const struct tenon_item *items, size_t count, unsigned options)
{
	const struct tenon_call call = { .size = sizeof(call),
					 .options = options,
					 .timeout_ms = rig->timeout_ms };
	int first = 0;
	int status = tenon_run(rig->client, verb, items, count, &call,
			       &rig->results, &rig->err);

	check_error(rig, status);
	if (!rig->results) {
		ck_assert_int_lt(status, 0);
		return status;
	}
	for (size_t i = 0; i < count; i++) {
		if (!result_is_sound(&rig->results[i], options)) {
			ck_abort_msg("result %zu: status %d, text %s, value %p\n%s",
				     i, rig->results[i].status,
				     rig->results[i].text ? rig->results[i].text
							  : "(none)",
				     (const void *)rig->results[i].value,
				     rig->log);
		}
		if (first == 0 && rig->results[i].status < 0) {
			first = rig->results[i].status;
		}
	}
	ck_assert_msg(status == first, "returned %d, first error %d (%s)",
		      status, first, rig->err.message);
	return status;
}

int rig_one(struct rig *rig, enum tenon_verb verb,
	    const struct tenon_item *one, unsigned options)
{
	rig_run(rig, verb, one, 1, options);
	ck_assert_msg(rig->results != NULL, "%s", rig->err.message);
	rig->result = rig->results[0];
	return rig->result.status;
}

int rig_get(struct rig *rig, const char *key)
{
	const struct tenon_item one = item(key, NULL);

	return rig_one(rig, TENON_GET, &one, 0);
}

int rig_set(struct rig *rig, const char *key, const char *value)
{
	const struct tenon_item one = item(key, value);

	return rig_one(rig, TENON_SET, &one, 0);
}

int rig_run_servers(struct rig *rig, enum tenon_server_verb verb,
		    const char *argument, unsigned options)
{
	const struct tenon_call call = { .size = sizeof(call),
					 .options = options,
					 .timeout_ms = rig->timeout_ms };
	int status = tenon_run_servers(rig->client, verb, argument, &call,
				       &rig->results, &rig->err);

	check_error(rig, status);
	memset(&rig->result, 0, sizeof(rig->result));
	if (rig->results) {
		rig->result = rig->results[0];
	}
	return status;
}

bool result_value_is(const struct tenon_result *result, const void *value,
		     size_t len)
{
	return result->status == TENON_HIT && result->value &&
	       result->value_len == len &&
	       memcmp(result->value, value, len) == 0;
}

bool rig_value_is(const struct rig *rig, const char *value)
{
	return result_value_is(&rig->result, value, strlen(value));
}

void rig_key_at(struct rig *rig, size_t server, unsigned nth,
		char out[RIG_KEY_LEN + 1])
{
	size_t home;

	for (unsigned i = 0; i < 100000; i++) {
		snprintf(out, RIG_KEY_LEN + 1, "key:%05u", i % 100000);
		must(rig,
		     tenon_client_where(rig->client, slice(out), &home,
					&rig->err),
		     "where");
		if (home == server && nth-- == 0) {
			return;
		}
	}
	ck_abort_msg("no key has its home at server %zu", server);
}

void rig_make_pair(struct rig *rig, struct rig_pair *pair)
{
	for (size_t i = 0; i < 2; i++) {
		rig_key_at(rig, i, 0, pair->keys[i]);
		pair->items[i] = item(pair->keys[i], NULL);
	}
}

struct tenon_slice slice(const char *text)
{
	return (struct tenon_slice){ .data = text, .len = strlen(text) };
}

struct tenon_item item(const char *key, const char *value)
{
	return (struct tenon_item){ .key = slice(key),
				    .value = slice(value ? value : "") };
}

void check_says(const char *text, const char *part)
{
	ck_assert_msg(text && strstr(text, part), "no '%s' in '%s'", part,
		      text ? text : "(none)");
}

char *binary_value(size_t len, unsigned seed)
{
	uint32_t state = seed * 2654435761u + 1;
	char *value = malloc(len + 1);

	ck_assert_ptr_nonnull(value);
	for (size_t i = 0; i < len; i++) {
		state = state * 1664525u + 1013904223u;
		value[i] = (char)(i < 256 ? i : state >> 24);
	}
	return value;
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(unsigned ms)
{
	const struct timespec time = { .tv_sec = ms / 1000,
				       .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&time, NULL);
}

void fds_look(struct rig_fds *out)
{
	for (int fd = 0; fd < RIG_FDS_MAX; fd++) {
		out->open[fd] = fcntl(fd, F_GETFD) >= 0;
	}
}

size_t fds_since(const struct rig_fds *before, size_t *sockets)
{
	size_t count = 0;
	struct stat st;

	if (sockets) {
		*sockets = 0;
	}
	for (int fd = 0; fd < RIG_FDS_MAX; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0 || before->open[fd]) {
			continue;
		}
		ck_assert_msg(flags & FD_CLOEXEC,
			      "descriptor %d would live on after exec", fd);
		count++;
		if (sockets && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode)) {
			++*sockets;
		}
	}
	return count;
}

void check_refusals_leak_nothing(enum fake_family family)
{
	char address[128];
	struct rig rig = { 0 };
	struct rig_fds before;
	size_t sockets;

	fake_refused_address(family, address, sizeof(address));
	fds_look(&before);
	rig_open_one(&rig, address, RETRY_SOON);
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	}
	fds_since(&before, &sockets);
	ck_assert_uint_eq(sockets, 0);
	rig_close(&rig);
	ck_assert_uint_eq(fds_since(&before, NULL), 0);
}
