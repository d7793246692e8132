/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon-bench: compare memcached clients. Its command line. */
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contest.h"
#include "modes.h"
#include "run.h"

static void help(void)
{
	fputs("usage: tenon-bench [MODE] [OPTION]...\n"
	      "\n"
	      "Compare memcached clients. Each does the same work, and so does the floor: raw\n"
	      "sockets that send prebuilt bytes. tenon-bench starts its own servers, which are\n"
	      "memcached processes on free loopback ports, and stops them at the end.\n"
	      "\n"
	      "Modes (tenon-bench MODE --help tells more)\n",
	      stdout);
	for (const struct mode *mode = modes; mode->name; mode++) {
		printf("  %-7s %s\n", mode->name, mode->summary);
	}
	fputs("\n"
	      "Options\n"
	      "  --cases=LIST      only these cases: names or patterns, separated by commas\n"
	      "  --clients=LIST    only these clients: names or patterns, separated by commas\n"
	      "  --rounds=N        number of rounds (default 41; split 61, pool 11)\n"
	      "  --slice-ms=N      time of the floor in a round, ms (default 8; pool 100)\n"
	      "  --level=N         compression level of mode codec (default: the codec's own)\n"
	      "  --pin=C,S         client on CPU C, servers on CPU S; or none (default: both\n"
	      "                    on the last CPU that is allowed, which is the quietest)\n"
	      "  --alone           run each client in a process of its own\n"
	      "  --json            print JSON instead of the table\n"
	      "  --markdown        print a smaller table with medians only\n"
	      "  --svg=FILE        draw a picture as well\n"
	      "  --servers=LIST    use these servers (IPv4:PORT, separated by commas);\n"
	      "                    keys that begin with 'tenon:' are overwritten\n"
	      "  --tls[=FILE]      the servers speak TLS, and the floor is OpenSSL over blocking\n"
	      "                    sockets; with --servers, FILE has the certificate to trust\n"
	      "  --list            show the cases and clients\n"
	      "  --help            show this text\n"
	      "\n"
	      "$MEMCACHED names the server, $TENON_PLUGIN_PATH the folders of plugin modules.\n"
	      "\n"
	      "Examples\n"
	      "  tenon-bench --svg bench.svg\n"
	      "  tenon-bench --cases 'get-*' --clients 'tenon-*' --rounds 121\n"
	      "  tenon-bench count --cases get-100,mget-100\n"
	      "  valgrind --tool=callgrind tenon-bench loop tenon-poll get-100 2000\n",
	      stdout);
}

static void help_mode(const struct mode *mode)
{
	printf("usage: tenon-bench %s %s\n\n%s", mode->name, mode->arguments,
	       mode->help);
}

static void list(void)
{
	struct contest contest;

	for (const struct bench_case *row = bench_cases; row->name; row++) {
		printf("%-18s %s\n", row->name, row->title);
	}
	printf("\n");
	contest_init(&contest, NULL);
	for (size_t i = 0; i < contest.count; i++) {
		printf("%s\n", contest.list[i].name);
	}
}

_Noreturn static void usage(const char *what, const char *value)
{
	fprintf(stderr, "tenon-bench: %s '%s' (see --help)\n", what, value);
	exit(2);
}

static unsigned long parse_number(const char *text, const char *what,
				  unsigned long max)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || number < 1 ||
	    number > max) {
		usage(what, text);
	}
	return number;
}

static void default_pin(struct settings *settings)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
		return;
	}
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET((size_t)cpu, &allowed)) {
			settings->client_cpu = cpu;
			settings->server_cpu = cpu;
		}
	}
}

static void parse_pin(struct settings *settings, const char *text)
{
	int len = 0;

	settings->client_cpu = CPU_NONE;
	settings->server_cpu = CPU_NONE;
	if (strcmp(text, "none") == 0) {
		return;
	}
	if (sscanf(text, "%3d,%3d%n", &settings->client_cpu,
		   &settings->server_cpu, &len) != 2 ||
	    text[len] != '\0' || settings->client_cpu < 0 ||
	    settings->server_cpu < 0) {
		usage("--pin: expected C,S or none, found", text);
	}
}

static void pin_self(const struct settings *settings)
{
	cpu_set_t set;

	if (settings->client_cpu == CPU_NONE) {
		return;
	}
	CPU_ZERO(&set);
	CPU_SET((size_t)settings->client_cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0) {
		fail("CPU %d cannot be used; --pin none pins nothing",
		     settings->client_cpu);
	}
}

enum option_id {
	OPTION_CASES = 1,
	OPTION_CLIENTS,
	OPTION_ROUNDS,
	OPTION_SLICE_MS,
	OPTION_LEVEL,
	OPTION_PIN,
	OPTION_ALONE,
	OPTION_JSON,
	OPTION_MARKDOWN,
	OPTION_SVG,
	OPTION_SERVERS,
	OPTION_TLS,
	OPTION_LIST,
	OPTION_HELP
};

static const struct option rows[] = {
	{ "cases", required_argument, NULL, OPTION_CASES },
	{ "clients", required_argument, NULL, OPTION_CLIENTS },
	{ "rounds", required_argument, NULL, OPTION_ROUNDS },
	{ "slice-ms", required_argument, NULL, OPTION_SLICE_MS },
	{ "level", required_argument, NULL, OPTION_LEVEL },
	{ "pin", required_argument, NULL, OPTION_PIN },
	{ "alone", no_argument, NULL, OPTION_ALONE },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "markdown", no_argument, NULL, OPTION_MARKDOWN },
	{ "svg", required_argument, NULL, OPTION_SVG },
	{ "servers", required_argument, NULL, OPTION_SERVERS },
	{ "tls", optional_argument, NULL, OPTION_TLS },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 }
};

/* Read one option. --help and --list print their text and end the program. */
static void read_option(struct settings *settings, int id)
{
	switch (id) {
	case OPTION_CASES:
		settings->cases = optarg;
		break;
	case OPTION_CLIENTS:
		settings->clients = optarg;
		break;
	case OPTION_ROUNDS:
		settings->rounds = (unsigned)parse_number(
			optarg, "--rounds: expected 1..100000, found", 100000);
		break;
	case OPTION_SLICE_MS:
		settings->slice_ms = (unsigned)parse_number(
			optarg, "--slice-ms: expected 1..10000, found", 10000);
		break;
	case OPTION_LEVEL:
		settings->level = (unsigned)parse_number(
			optarg, "--level: expected 1..12, found", 12);
		break;
	case OPTION_PIN:
		parse_pin(settings, optarg);
		break;
	case OPTION_ALONE:
		settings->alone = true;
		break;
	case OPTION_JSON:
		settings->json = true;
		break;
	case OPTION_MARKDOWN:
		settings->markdown = true;
		break;
	case OPTION_SVG:
		settings->svg_path = optarg;
		break;
	case OPTION_SERVERS:
		settings->servers = optarg;
		break;
	case OPTION_TLS:
		settings->tls = true;
		settings->tls_ca = optarg;
		break;
	case OPTION_LIST:
		list();
		exit(EXIT_SUCCESS);
	case OPTION_HELP:
		settings->help = true;
		break;
	default:
		exit(2); /* getopt_long() has printed the reason */
	}
}

static const struct mode *choose_mode(char *const *words, int count)
{
	const char *name = count == 0 ? modes[0].name : words[0];
	const struct mode *mode = mode_find(name);

	if (!mode) {
		usage("no such mode:", name);
	}
	return mode;
}

/* Set the defaults of the settings that the command line did not set. */
static void apply_defaults(struct settings *settings, const struct mode *mode)
{
	if (settings->rounds == 0) {
		settings->rounds = mode->rounds;
	}
	if (settings->slice_ms == 0) {
		settings->slice_ms = mode->slice_ms;
	}
	if (settings->client_cpu == CPU_DEFAULT) {
		settings->client_cpu = CPU_NONE;
		settings->server_cpu = CPU_NONE;
		if (mode->is_pinned) {
			default_pin(settings);
		}
	}
}

static int run_mode(const struct settings *settings, const struct mode *mode,
		    char **words, int count)
{
	if (mode->run) {
		if (count > 1) {
			usage("one argument too many:", words[1]);
		}
		return mode->run(settings);
	}
	if (count != 4) {
		usage("expected CLIENT CASE OPERATIONS after", mode->name);
	}
	return run_loop(settings, words[1], words[2],
			parse_number(words[3],
				     "OPERATIONS: expected 1..1000000000, found",
				     1000000000));
}

static void check_tls(const struct settings *settings, const struct mode *mode)
{
	if (settings->tls && !mode->takes_tls) {
		usage("--tls is not for the mode", mode->name);
	}
	if (settings->tls_ca && !settings->servers) {
		usage("--tls: without --servers there is no",
		      settings->tls_ca);
	}
	if (settings->tls && settings->servers && !settings->tls_ca) {
		usage("--tls: expected --tls=FILE beside --servers",
		      settings->servers);
	}
}

static int begin(struct settings *settings, char **words, int count)
{
	const struct mode *mode = choose_mode(words, count);

	if (settings->help) {
		if (count == 0) {
			help();
		} else {
			help_mode(mode);
		}
		return EXIT_SUCCESS;
	}
	apply_defaults(settings, mode);
	check_tls(settings, mode);
	children_guard();
	pin_self(settings);
	return run_mode(settings, mode, words, count);
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.client_cpu = CPU_DEFAULT,
		.server_cpu = CPU_DEFAULT,
	};
	int status;
	int id;

	while ((id = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		read_option(&settings, id);
	}
	status = begin(&settings, argv + optind, argc - optind);
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		fail("standard output cannot be written");
	}
	return status;
}
