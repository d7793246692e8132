/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client under test, the fakes it talks to and the log it writes. Every
 * function here ends the test when something is not as it must be.
 */
#ifndef TENON_TESTS_FAKES_RIG_H
#define TENON_TESTS_FAKES_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memcached.h"
#include "fake_server.h"
#include "tenon/tenon.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Run a test for each row of a table. */
#define LOOP(tcase, test, count) \
	tcase_add_loop_test(tcase, test, 0, (int)(count))

#define RIG_SERVERS_MAX 24

struct rig {
	struct tenon_client *client;
	const struct tenon_result *results; /* of the last run */
	struct tenon_result result;         /* of the last single operation */
	struct tenon_error err;
	struct fake_server *fakes[RIG_SERVERS_MAX];
	size_t fake_count;
	char log[16384]; /* every line, each with a newline */
	size_t log_len;
	size_t log_lines;
};

/* A server that failed is asked again by the next operation, or not any more. */
#define RETRY_SOON "retry_timeout: 0s\n"
#define RETRY_NEVER "retry_timeout: 1h\n"

/* The value of `transport:` for clients opened from here on; "poll" at first. */
extern const char *rig_transport;

/*
 * Fakes started from here on greet (fakes/server.h), and rig_open() makes their
 * connections: what follows runs on connections that are there. False at first.
 */
extern bool rig_warm;

/* The file of a plugin that it takes, or NULL. */
extern const char *rig_plugin;

/* The transport's options, as in a config: "{}" at first. */
extern const char *rig_options;

/*
 * The value of `codecs:`, "none" at first: what is on the wire is what was asked
 * for. NULL: the default of the config.
 */
extern const char *rig_codecs;

/* Start a fake and make it the rig's next server. */
struct fake_server *rig_fake(struct rig *rig, const struct fake_step *steps,
			     size_t count);
struct fake_server *rig_fake_at(struct rig *rig,
				const struct fake_listen *listen,
				const struct fake_step *steps, size_t count);

/*
 * Open a client over the rig's fakes, with aliases s0, s1, ... Time-outs and item_max are
 * so long that only a hanging test meets them; settings is YAML that overrides
 * them, or NULL.
 */
void rig_open(struct rig *rig, const char *settings);

/* The same over other servers: lines as in `servers:`. */
void rig_open_at(struct rig *rig, const char *const *servers, size_t count,
		 const char *settings);
void rig_open_one(struct rig *rig, const char *server, const char *settings);

/* Close the client and let every fake check its script to the end. */
void rig_close(struct rig *rig);

/* tenon_run(); checks that return value, err and results agree. Returns it. */
int rig_run(struct rig *rig, enum tenon_verb verb,
	    const struct tenon_item *items, size_t count, unsigned options);

/* One key, by way of rig_run(). The result goes to rig->result, its status is returned. */
int rig_one(struct rig *rig, enum tenon_verb verb,
	    const struct tenon_item *item, unsigned options);
int rig_get(struct rig *rig, const char *key);
int rig_set(struct rig *rig, const char *key, const char *value);

/* tenon_run_servers(); rig->result becomes that of the first server. */
int rig_run_servers(struct rig *rig, enum tenon_server_verb verb,
		    const char *argument, unsigned options);

/* Does rig->result hold exactly this value? */
bool rig_value_is(const struct rig *rig, const char *value);
bool result_value_is(const struct tenon_result *result, const void *value,
		     size_t len);

/* What rig_key_at() writes, and the get request for one such key. */
#define RIG_KEY_LEN (sizeof("key:00000") - 1)
#define RIG_GET_LEN (sizeof("get key:00000\r\n") - 1)

/* Write a key whose home is this server: the nth one such, from 0. */
void rig_key_at(struct rig *rig, size_t server, unsigned nth,
		char out[RIG_KEY_LEN + 1]);

/* A NUL-terminated string as slice or item. */
struct tenon_slice slice(const char *text);
struct tenon_item item(const char *key, const char *value);

/* len bytes in which every value of a byte occurs and no two stretches agree. */
char *binary_value(size_t len, unsigned seed);

/* Monotonic. */
int64_t now_ms(void);
void sleep_ms(unsigned ms);

/* Which descriptors of this process are open. */
#define RIG_FDS_MAX 1024
struct rig_fds {
	bool open[RIG_FDS_MAX];
};

void fds_look(struct rig_fds *out);

/*
 * Compare with an earlier look: how many are open that were not. Each of these
 * must be close-on-exec. sockets: of how many of them that is what they are;
 * may be NULL.
 */
size_t fds_since(const struct rig_fds *before, size_t *sockets);

#endif
