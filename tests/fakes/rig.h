/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client under test, the fake servers that it talks to, and its log. Every function
 * here ends the test when something is wrong.
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
	const struct tenon_result *results; /* of the last operation */
	struct tenon_result result;         /* of the last operation with one key */
	struct tenon_error err;
	int64_t timeout_ms; /* of the operations that follow; 0: poll_timeout */
	struct fake_server *fakes[RIG_SERVERS_MAX];
	size_t fake_count;
	char log[16384]; /* all lines, each with a newline */
	size_t log_len;
	size_t log_lines;
};

/*
 * After a failure, the next operation asks the server again (RETRY_SOON) or does not
 * (RETRY_NEVER).
 */
#define RETRY_SOON "retry_timeout: 0s\n"
#define RETRY_NEVER "retry_timeout: 1h\n"

/* The value of `transport:` for clients that are opened from now on. Initially "poll". */
extern const char *rig_transport;

/*
 * When true, fakes that are started from now on answer a first get (`greeted` in
 * fake_server.h), and rig_open() sends that get. The test then runs on connections that
 * exist already. Initially false.
 */
extern bool rig_warm;

/* Called for each client of a rig, before its first operation. Initially NULL. */
extern void (*rig_opened)(struct rig *rig);

/* The file of a plugin that the client loads, or NULL. */
extern const char *rig_plugin;

/* The transport's options, as in a config. Initially "{}". */
extern const char *rig_options;

/*
 * The value of `codecs:`. Initially "none", so that the wire carries values unchanged.
 * NULL: the default of the config.
 */
extern const char *rig_codecs;

/* An item of which every verb can use a part: key k, value hello, flags 5, exptime 60, cas 99, delta 5. */
extern const struct tenon_item rig_usual_item;

/*
 * As tenon_config_create(), for a client of fakes: the config has the line that makes the
 * client speak the language of the toy that $TENON_TOY names.
 */
int rig_config(struct tenon_config **out, struct tenon_error *err);

/* Start a fake and append its address to the servers of the rig. */
struct fake_server *rig_fake(struct rig *rig, const struct fake_step *steps,
			     size_t count);
struct fake_server *rig_fake_at(struct rig *rig,
				const struct fake_listen *listen,
				const struct fake_step *steps, size_t count);

/*
 * Open a client whose servers are the rig's fakes, with aliases s0, s1, ... The
 * time-outs are so long that only a test that hangs meets them, and item_max is 1 GiB.
 * settings is YAML that overrides these, or NULL.
 */
void rig_open(struct rig *rig, const char *settings);

/* As rig_open(), with these servers: each is a line as in `servers:`. */
void rig_open_at(struct rig *rig, const char *const *servers, size_t count,
		 const char *settings);
void rig_open_one(struct rig *rig, const char *server, const char *settings);

/* Wait for the end of every fake's script, check it, and close the client. */
void rig_close(struct rig *rig);

/*
 * Call tenon_run() and check that its return value, err and the results agree. Returns
 * its return value.
 */
int rig_run(struct rig *rig, enum tenon_verb verb,
	    const struct tenon_item *items, size_t count, unsigned options);

/* Call rig_run() with one item. The result goes to rig->result. Returns its status. */
int rig_one(struct rig *rig, enum tenon_verb verb,
	    const struct tenon_item *item, unsigned options);
int rig_get(struct rig *rig, const char *key);
int rig_set(struct rig *rig, const char *key, const char *value);

/* Call tenon_run_servers(). rig->result is the result of the first server. */
int rig_run_servers(struct rig *rig, enum tenon_server_verb verb,
		    const char *argument, unsigned options);

/* Return true when the result has exactly this value. */
bool rig_value_is(const struct rig *rig, const char *value);
bool result_value_is(const struct tenon_result *result, const void *value,
		     size_t len);

/* The length of a key from rig_key_at(), and of the get request for one such key. */
#define RIG_KEY_LEN (sizeof("key:00000") - 1)
#define RIG_GET_LEN (sizeof("get key:00000\r\n") - 1)

/* Write the nth key (from 0) whose home server is this one. */
void rig_key_at(struct rig *rig, size_t server, unsigned nth,
		char out[RIG_KEY_LEN + 1]);

/* One key of each of the first two servers. */
struct rig_pair {
	char keys[2][RIG_KEY_LEN + 1];
	struct tenon_item items[2];
};

void rig_make_pair(struct rig *rig, struct rig_pair *pair);

/* Make a slice or an item of NUL-terminated strings. */
struct tenon_slice slice(const char *text);
struct tenon_item item(const char *key, const char *value);

/* Check that there is a text and that it contains the part. */
void check_says(const char *text, const char *part);

/*
 * Make len bytes with every byte value among them and no two equal stretches. Free them
 * with free().
 */
char *binary_value(size_t len, unsigned seed);

/* Milliseconds of the monotonic clock. */
int64_t now_ms(void);
void sleep_ms(unsigned ms);

/* The open descriptors of this process. */
#define RIG_FDS_MAX 1024
struct rig_fds {
	bool open[RIG_FDS_MAX];
};

void fds_look(struct rig_fds *out);

/*
 * Return the number of descriptors that are open now and were not open before. Each of
 * them must be close-on-exec. *sockets is the number of sockets among them; it may be
 * NULL.
 */
size_t fds_since(const struct rig_fds *before, size_t *sockets);

/* Check that refused connections, many in a row, leave no descriptor open. */
void check_refusals_leak_nothing(enum fake_family family);

#endif
