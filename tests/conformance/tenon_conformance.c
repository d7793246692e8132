/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon-conformance(1): the suites, for plugins outside the tree. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "conformance/promises.h"
#include "conformance/told_servers.h"
#include "conformance/subject.h"
#include "conformance/trial.h"
#include "runner/suite.h"
#include "tenon/tenon.h"

static const char help[] =
	"usage: tenon-conformance [OPTION]... PLUGIN.so\n"
	"\n"
	"Test a plugin with the tests that the plugins of tenon of the same kind pass.\n"
	"Reports in TAP.\n"
	"\n"
	"  -o, --options YAML     options of the plugin, as in a config (default: none). A\n"
	"                         codec is tested with these and without. Choose small\n"
	"                         limits for it: most tests store values of 0 to 2000 bytes\n"
	"  -p, --promises WORDS   promises beyond the plugin's contract, with commas between;\n"
	"                         distribution: order, growth, weight; codec: length or\n"
	"                         detects; secure: mirror\n"
	"  -s, --servers YAML     servers for a failover policy, as in a config, with aliases,\n"
	"                         weights and pools of spare servers; the tests repeat them in\n"
	"                         rings of 1 to 40 servers, and in pools of 3 spare servers\n"
	"  -t, --test NAME        run only the test of this name\n"
	"  -h, --help             show this help\n"
	"  -V, --version          show the version of tenon\n"
	"\n"
	"Exit status: 0 when every test passed, 1 when a test failed or the plugin was\n"
	"refused, 2 when the command line or the plugin's options are wrong.\n"
	"\n"
	"examples:\n"
	"  tenon-conformance ./hash_mine.so\n"
	"  tenon-conformance -p order,growth ./distribution_mine.so\n"
	"  tenon-conformance -o '{threshold: 10B}' -p detects ./codec_mine.so\n"
	"  tenon-conformance -o '{zone: b}' -s '[\"h:1 a-1\", \"h:2 b-1\"]' ./failover_mine.so\n";

static const struct option rows[] = {
	{ "options", required_argument, NULL, 'o' },
	{ "promises", required_argument, NULL, 'p' },
	{ "servers", required_argument, NULL, 's' },
	{ "test", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void say(const char *what)
{
	fprintf(stderr, "tenon-conformance: %s\n", what);
}

/* Parse the command line. Returns 0, or the program's exit status. */
static int read_line(int argc, char **argv)
{
	int letter;

	while ((letter = getopt_long(argc, argv, "o:p:s:t:hV", rows, NULL)) !=
	       -1) {
		switch (letter) {
		case 'o':
			setenv(SUBJECT_OPTIONS_VARIABLE, optarg, 1);
			break;
		case 'p':
			setenv(PROMISES_VARIABLE, optarg, 1);
			break;
		case 's':
			setenv(SERVERS_VARIABLE, optarg, 1);
			break;
		case 't':
			setenv(SUBJECT_TEST_VARIABLE, optarg, 1);
			break;
		case 'h':
			fputs(help, stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			printf("tenon-conformance %s\n", tenon_version());
			exit(EXIT_SUCCESS);
		default:
			return TRIAL_USAGE;
		}
	}
	if (argc - optind != 1) {
		say("one plugin is wanted; see --help");
		return TRIAL_USAGE;
	}
	return 0;
}

/* Check what depends on the kind. Returns 0, or the program's exit status. */
static int check_line(uint32_t kind)
{
	const char *promises = getenv(PROMISES_VARIABLE);
	char problem[300];

	if (promises && !promises_check(kind, promises, problem, sizeof(problem))) {
		say(problem);
		return TRIAL_USAGE;
	}
	if (servers_are_given() && kind != TENON_KIND_FAILOVER) {
		say("--servers is for failover policies only");
		return TRIAL_USAGE;
	}
	return 0;
}

static int (*suite_of(uint32_t kind))(void)
{
	switch (kind) {
	case TENON_KIND_HASH:
		return conformance_hash;
	case TENON_KIND_DISTRIBUTION:
		return conformance_distribution;
	case TENON_KIND_TRANSPORT:
		return conformance_transport;
	case TENON_KIND_CODEC:
		return conformance_codec;
	case TENON_KIND_FAILOVER:
		return conformance_failover;
	case TENON_KIND_SECURE:
		return conformance_secure;
	default:
		return NULL;
	}
}

/* Run the tests of the kind. Returns the program's exit status. */
static int test(const char *path, uint32_t kind)
{
	int status;

	setenv(SUBJECT_VARIABLE, path, 1);
	setenv("CK_TIMEOUT_MULTIPLIER", "10", 0);
	promises_say_skipped(kind);
	status = suite_of(kind)();
	if (suite_run_count == 0 && getenv(SUBJECT_TEST_VARIABLE)) {
		say("no test of this kind has the name that --test gives");
		return TRIAL_USAGE;
	}
	return status != 0 || suite_failed_count > 0 ? TRIAL_FAILED : 0;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];
	int status = read_line(argc, argv);
	uint32_t kind;

	if (status != 0) {
		return status;
	}
	/*
	 * The path has to be absolute: a config takes a name without a slash for a
	 * plugin's name.
	 */
	if (!realpath(argv[optind], path)) {
		perror(argv[optind]);
		return TRIAL_FAILED;
	}
	status = trial_run(path, &kind);
	if (status == 0) {
		status = check_line(kind);
	}
	return status != 0 ? status : test(path, kind);
}
