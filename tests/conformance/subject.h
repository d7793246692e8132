/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plugins that a conformance suite runs through: every built-in and every
 * module of its kind in the build, or the one file that the environment names.
 */
#ifndef TENON_TESTS_SUBJECT_H
#define TENON_TESTS_SUBJECT_H

#include <check.h>
#include <stdbool.h>

#include "plugin/registry.h"

/* The file of a plugin outside the tree: it alone is tested. */
#define SUBJECT_VARIABLE "TENON_CONFORMANCE_PLUGIN"

/* Its options as in a config, "{zone: b}"; and what it promises beyond its contract. */
#define SUBJECT_OPTIONS_VARIABLE "TENON_CONFORMANCE_OPTIONS"
#define SUBJECT_PROMISES_VARIABLE "TENON_CONFORMANCE_PROMISES"

/* The suites: each is what main() of its program is, and returns. */
int conformance_codec(void);
int conformance_distribution(void);
int conformance_failover(void);
int conformance_hash(void);
int conformance_transport(void);

/*
 * Find the subjects of one kind. Called once, before tests are added; says why
 * on stderr and ends the program when there is none, or when one is refused.
 */
void subjects_load(uint32_t kind);

/* How many there are: the end of a loop test. */
int subjects_count(void);

/* Number i of them; as the core sees it, with optional slots filled. */
const struct tenon__plugin *subject(int i);

/*
 * Add what every kind is tested for: the descriptor's texts, the option rows,
 * and that the subjects are those of tests/runner/expected-plugins. To be called first.
 */
void subjects_add_tests(Suite *suite);

/* Add a test that runs once for each subject, with its number as _i. */
void subjects_add_test(const TTest *test);

/*
 * The same to a test case of its own, and in several variants: _i modulo
 * subjects_count() is the subject, _i divided by it the variant.
 */
void subjects_add_test_to(TCase *tcase, const TTest *test, int variants);

/*
 * Plugins of the tree that this build does not have, or this run does without:
 * tokens such as hash_md5 with spaces between; subjects_load() adds transports that
 * this machine's kernel refuses. For each test that they miss there is a line "#
 * left out: TOKEN TEST", which tests/runner/count.sh counts.
 */
#define LEFT_OUT_VARIABLE "TENON_LEFT_OUT_PLUGINS"

bool subject_is_left_out(const char *token);
void subject_say_left_out(const char *token, const TTest *test);

/* Assert something about `plugin`, and say which plugin it was. */
#define ck_assert_subject(condition)                                           \
	ck_assert_msg(condition, "%s plugin '%s': " #condition " is not so",   \
		      plugin->kind_name, plugin->name)

/* A plugin of this build, whatever is under test. */
const struct tenon__plugin *subject_named(uint32_t kind, const char *name);

/* A host whose allocations are watched and can fail. Not for threads. */
struct watched_host {
	struct tenon_host table;
	size_t live;      /* allocations not freed yet */
	size_t made;      /* allocations asked for so far */
	size_t fail_from; /* this one (1 is the first) and later ones fail; 0: none */
	uint64_t seed;    /* of what random_bytes gives next */
};

void watched_host_init(struct watched_host *host);

/*
 * Make an option struct of text as in a config, "{level: 9}"; NULL: the defaults.
 * Hashes that options name live until the program ends. Errors: as the core's.
 */
int subject_options_read(const struct tenon__plugin *plugin, const char *text,
			 const struct watched_host *host, void **out,
			 struct tenon_error *err);

/*
 * The same with the defaults, or what the environment says of a plugin outside the
 * tree; NULL when it has none.
 */
void *subject_options(const struct tenon__plugin *plugin,
		      const struct watched_host *host);
void subject_options_free(const struct tenon__plugin *plugin, void *options);

/*
 * An option takes `most` and refuses `above`. What else the options have to be stands in
 * front of its name: "min: 1s, max".
 */
void subject_option_ends_at(const struct tenon__plugin *plugin,
			    const char *option, const char *most,
			    const char *above);

/* Zeroed state of exactly bytes, at least 1. For free(). */
void *subject_state(uint32_t bytes);

/* A hash of the build, ready to use, until the program ends. */
const struct tenon_hash *subject_hash(const char *name);

#endif
