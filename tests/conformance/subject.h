/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plugins under test, called subjects. They are all built-in plugins and modules of
 * one kind in the build, or the one file that the environment names.
 */
#ifndef TENON_TESTS_SUBJECT_H
#define TENON_TESTS_SUBJECT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "conformance/seen.h"
#include "plugin/registry.h"

/* The file of a plugin outside the tree. When it is set, only that plugin is tested. */
#define SUBJECT_VARIABLE "TENON_CONFORMANCE_PLUGIN"

/* Options of that plugin, as in a config: "{zone: b}". */
#define SUBJECT_OPTIONS_VARIABLE "TENON_CONFORMANCE_OPTIONS"

/* Run only the tests of this name. */
#define SUBJECT_TEST_VARIABLE "TENON_CONFORMANCE_TEST"

/* The suites. Each returns the exit status for its program's main(). */
int conformance_codec(void);
int conformance_distribution(void);
int conformance_failover(void);
int conformance_hash(void);
int conformance_secure(void);
int conformance_transport(void); /* in all ways of drive.h, the next ones in one way each */
int conformance_transport_run(void);
int conformance_transport_turn(void);
int conformance_transport_fds(void);

/*
 * Find the subjects of one kind. Call this once, before tests are added. Ends the
 * program, with the reason on stderr, when there is no subject or when a plugin is
 * refused.
 */
void subjects_load(uint32_t kind);

/* Return true when the subject is the one file that the environment names. */
bool subject_is_foreign(void);

/* Return the number of subjects. */
int subjects_count(void);

/* Return subject number i, with its optional slots filled as the core does. */
const struct tenon__plugin *subject(int i);

/*
 * Add the tests that are common to all kinds: the texts of the descriptor, the option
 * rows, and that the subjects are those of tests/runner/expected-plugins. Call this
 * before the other functions that add tests.
 */
void subjects_add_tests(Suite *suite);

/* Add a test that runs once for each subject, with its number as _i. */
void subjects_add_test(const TTest *test);

/*
 * As subjects_add_test(), in a test case of its own and in several variants: _i modulo
 * subjects_count() is the subject, _i divided by it is the variant.
 */
void subjects_add_test_to(TCase *tcase, const TTest *test, int variants);

/*
 * Plugins of the tree that this build or this run does without, as words such as
 * hash_md5 with spaces between. subjects_load() adds transports that the machine's
 * kernel does not support. For each test that such a plugin misses, one line "# left
 * out: TOKEN TEST" is printed, which tests/runner/count.sh counts.
 */
#define LEFT_OUT_VARIABLE "TENON_LEFT_OUT_PLUGINS"

bool subject_is_left_out(const char *token);
void subject_say_left_out(const char *token, const TTest *test);

/*
 * Add a loop test (_i from `from` to `to` - 1) that needs the plugin `token`, or say that it is left
 * out.
 */
void subject_add_test_with(TCase *tcase, const char *token, const TTest *test,
			   int from, int to);

/* Return a plugin of this build, also when a foreign plugin is under test. */
const struct tenon__plugin *subject_named(uint32_t kind, const char *name);

/*
 * A host that counts its allocations and can let them fail. Not for use by several
 * threads. Calls of `shared` and `metric` against their contract fail the test.
 */
struct watched_host {
	struct tenon_host table;
	size_t live;      /* allocations not freed yet */
	size_t made;      /* allocations requested so far */
	size_t fail_from; /* allocations from this one on fail (1 is the first); 0: none */
	uint64_t seed;    /* seed of the next bytes from random_bytes */
	size_t largest;   /* the largest allocation requested so far, in bytes */
	struct watched_mark *first; /* the allocations not freed yet */
	size_t shared_bytes; /* that an instance asked `shared` for; SIZE_MAX: none did */
	void *shared;        /* what `shared` gives; it lives until the program ends */
};

void watched_host_init(struct watched_host *host);

/* Return a check sum of an instance: of its state, and of all that it has allocated. */
uint64_t watched_host_sum(const struct watched_host *host, const void *self,
			  uint32_t state_size);

/*
 * Make an option struct from text as in a config, "{level: 9}", or NULL for the
 * defaults. Hashes that options name live until the program ends. Errors: as
 * tenon__options_create().
 */
int subject_options_read(const struct tenon__plugin *plugin, const char *text,
			 const struct watched_host *host, void **out,
			 struct tenon_error *err);

/*
 * Make the subject's option struct: of the defaults, or of the environment's options
 * for a plugin outside the tree. Returns NULL for a plugin without options.
 */
void *subject_options(const struct tenon__plugin *plugin,
		      const struct watched_host *host);
void subject_options_free(const struct tenon__plugin *plugin, void *options);

/*
 * Assert that an option takes the value `most` and refuses the value `above`, which the error
 * message quotes. Other options that have to be set stand before the option's name:
 * "min: 1s, max" sets min and tests max.
 */
void subject_option_ends_at(const struct tenon__plugin *plugin,
			    const char *option, const char *most,
			    const char *above);

/* Return zeroed memory of exactly `bytes` bytes, at least 1, for free(). */
void *subject_state(uint32_t bytes);

/* Make an instance in self, with init and the other slots that a kind needs. */
typedef int (*subject_init_fn)(const struct tenon__plugin *plugin, void *self,
			       const void *options,
			       const struct watched_host *host);

/*
 * Make instances while all allocations of the host fail from the first on, then from
 * the second on, and so on, until an instance can be made, and then another one on the same host.
 * Every failure has to be TENON_ENOMEM, and fini has to release everything.
 */
void subject_check_without_memory(const struct tenon__plugin *plugin,
				  uint32_t state_size, subject_init_fn init,
				  void (*fini)(void *self));

/* Return code, after checking that err has the same code and a message, or code is 0. */
int subject_check_reason(const struct tenon__plugin *plugin, int code,
			 const struct tenon_error *err);

/*
 * Run a function in several threads. Each has to return NULL, or a text for free() that says what
 * was found and what was expected: seen_copy(). Assertions are for the thread of the test only.
 */
void subject_check_in_threads(void *(*run)(void *payload), void *payload);

/* Return a hash of the build. It lives until the program ends. */
const struct tenon_hash *subject_hash(const char *name);

#endif
