/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon-conformance(1): the suites, for plugins outside the tree. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "conformance/subject.h"
#include "runner/suite.h"
#include "tenon/tenon.h"

enum { FAILED = 1, USAGE = 2 };

static const char help[] =
	"usage: tenon-conformance [OPTION]... PLUGIN.so\n"
	"\n"
	"Test a plugin with the tests that the plugins of tenon of the same kind pass.\n"
	"Reports in TAP.\n"
	"\n"
	"  -o, --options YAML     options of the plugin, as in a config (default: none). A\n"
	"                         codec is tested with these and without. Choose small\n"
	"                         limits for it: tests store values of 0 to 1100 bytes\n"
	"  -p, --promises WORDS   promises beyond the plugin's contract, with commas between;\n"
	"                         distribution: order, growth, weight; codec: length or\n"
	"                         detects; secure: mirror\n"
	"  -h, --help             show this help\n"
	"  -V, --version          show the version of tenon\n"
	"\n"
	"Exit status: 0 when every test passed, 1 when a test failed or the plugin was\n"
	"refused, 2 when the command line is wrong.\n"
	"\n"
	"examples:\n"
	"  tenon-conformance ./hash_mine.so\n"
	"  tenon-conformance -p order,growth ./distribution_mine.so\n"
	"  tenon-conformance -o '{threshold: 10B}' -p detects ./codec_mine.so\n";

static const struct option rows[] = {
	{ "options", required_argument, NULL, 'o' },
	{ "promises", required_argument, NULL, 'p' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void say(const char *what, const char *why)
{
	fprintf(stderr, "tenon-conformance: %s%s%s\n", what,
		why[0] != '\0' ? ": " : "", why);
}

/* Parse the command line. Returns 0, or the program's exit status. */
static int read_line(int argc, char **argv)
{
	int letter;

	while ((letter = getopt_long(argc, argv, "o:p:hV", rows, NULL)) != -1) {
		switch (letter) {
		case 'o':
			setenv(SUBJECT_OPTIONS_VARIABLE, optarg, 1);
			break;
		case 'p':
			setenv(SUBJECT_PROMISES_VARIABLE, optarg, 1);
			break;
		case 'h':
			fputs(help, stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			printf("tenon-conformance %s\n", tenon_version());
			exit(EXIT_SUCCESS);
		default:
			return USAGE;
		}
	}
	if (argc - optind != 1) {
		say("one plugin is wanted; see --help", "");
		return USAGE;
	}
	return 0;
}

/* Return the kind of the plugin in this file, or 0 after a message when it is refused. */
static uint32_t find_kind(const char *path)
{
	static const struct tenon__place nowhere = { "", 0, 0 };
	struct tenon__registry *registry;
	struct tenon_error err;
	uint32_t kind = 0;

	if (tenon__registry_create(&registry, &err) != 0) {
		say("registry", err.message);
		return 0;
	}
	if (tenon__registry_load(registry, path, &nowhere, &err) != 0) {
		say("refused", err.message);
	} else {
		kind = tenon__registry_first(registry)->kind;
	}
	tenon__registry_unref(registry);
	return kind;
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

int main(int argc, char **argv)
{
	char path[PATH_MAX];
	int (*suite)(void);
	int status = read_line(argc, argv);

	if (status != 0) {
		return status;
	}
	/*
	 * The path has to be absolute: a config takes a name without a slash for a
	 * plugin's name.
	 */
	if (!realpath(argv[optind], path)) {
		perror(argv[optind]);
		return FAILED;
	}
	suite = suite_of(find_kind(path));
	if (!suite) {
		return FAILED;
	}
	setenv(SUBJECT_VARIABLE, path, 1);
	setenv("CK_TIMEOUT_MULTIPLIER", "10", 0);
	status = suite();
	return status != 0 || suite_failed_count > 0 ? FAILED : 0;
}
