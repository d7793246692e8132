/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands, which running a command, --help and completion read. */
#include <string.h>

#include "cli.h"

/* The options of every command that changes items. */
#define CHANGE_OPTIONS                                                      \
	(OPTION_BIT(OPTION_ROUTING_KEY) | OPTION_BIT(OPTION_NOREPLY))

#define STORE_OPTIONS                                                       \
	(OPTION_BIT(OPTION_FILE) | OPTION_BIT(OPTION_FLAGS) |              \
	 OPTIONS_EXPIRY | CHANGE_OPTIONS)

/* append and prepend leave the flags and the exptime of the stored item as they are. */
#define EXTEND_OPTIONS (OPTION_BIT(OPTION_FILE) | CHANGE_OPTIONS)

#define GET_OPTIONS                                                         \
	(OPTION_BIT(OPTION_WITH_CAS) | OPTION_BIT(OPTION_OUTPUT) |         \
	 OPTION_BIT(OPTION_ROUTING_KEY))

#define COUNT_OPTIONS                                                       \
	(OPTION_BIT(OPTION_INITIAL) | OPTIONS_EXPIRY | CHANGE_OPTIONS)

#define BENCH_OPTIONS                                                       \
	(OPTION_BIT(OPTION_SECONDS) | OPTION_BIT(OPTION_THREADS) |         \
	 OPTION_BIT(OPTION_KEYS) | OPTION_BIT(OPTION_KEY_BYTES) |          \
	 OPTION_BIT(OPTION_VALUE_BYTES) | OPTION_BIT(OPTION_READS) |       \
	 OPTION_BIT(OPTION_MULTI) | OPTION_BIT(OPTION_TTL))

#define META_OPTIONS                                                        \
	(OPTION_BIT(OPTION_EXPLAIN_FLAGS) | OPTION_BIT(OPTION_SERVER) |    \
	 OPTION_BIT(OPTION_ROUTING_KEY))

#define STALE_DETAILS                                                       \
	"The look wins the right to refresh a stale item, as memcached gives it to the first look,\n" \
	"and gives it back. A server without cas uniques (memcached -C) does not take it back.\n"

/* flags: an example. */
#define META_DETAILS(flags)                                                 \
	"FLAGs are those of memcached's protocol.txt, such as '" flags "', and are sent as they are.\n"

#define META_PLACE                                                          \
	"The key gets the config's prefix and goes to its home server; no failover policy is asked, and\n" \
	"no codec sees the value. With the flag b the key is base64: it gets no prefix, and --server or\n" \
	"--routing-key says where it is. --explain shows each flag in words, and the length of the value.\n"

#define VALUE_DETAILS                                                       \
	"VALUE is stored as it is. Without VALUE, or when VALUE is '-', standard input is\n" \
	"read to its end. Write '--' before a VALUE that begins with '-'.\n"

#define MANY SIZE_MAX

const struct command commands[] = {
	{ "get", "KEY...", "print values",
	  "For one key: the bytes of its value and nothing else (on a terminal, a newline too).\n"
	  "For several keys, or with --cas: a line 'VALUE key flags bytes[ cas]' for each key,\n"
	  "then its bytes and a newline. A value that is not text is not printed on a terminal,\n"
	  "except with '--output -'.\n",
	  "tenon get page:1\n"
	  "tenon get --explain photo:7\n"
	  "tenon get --output photo.jpg photo:7\n"
	  "tenon --json get user:1 user:2\n",
	  GET_OPTIONS | OPTION_BIT(OPTION_EXPLAIN), 1, MANY, TENON_GET, run_get },
	{ "set", "KEY [VALUE]", "store a value", VALUE_DETAILS,
	  "tenon set greeting hello --ttl 10m\n"
	  "tenon set photo:7 --file photo.jpg\n"
	  "date | tenon set now\n",
	  STORE_OPTIONS, 1, 2, TENON_SET, run_store },
	{ "add", "KEY [VALUE]", "store a value when the key is absent",
	  VALUE_DETAILS, "tenon add lock:report $$ --ttl 30s\n",
	  STORE_OPTIONS, 1, 2, TENON_ADD, run_store },
	{ "replace", "KEY [VALUE]", "store a value when the key exists",
	  VALUE_DETAILS, "tenon replace greeting 'good evening'\n",
	  STORE_OPTIONS, 1, 2, TENON_REPLACE, run_store },
	{ "append", "KEY [VALUE]", "add bytes at the end of a value", VALUE_DETAILS,
	  "echo 'one more line' | tenon append log\n", EXTEND_OPTIONS, 1, 2,
	  TENON_APPEND, run_store },
	{ "prepend", "KEY [VALUE]", "add bytes at the start of a value", VALUE_DETAILS,
	  "tenon prepend path /usr/local/bin:\n", EXTEND_OPTIONS, 1, 2,
	  TENON_PREPEND, run_store },
	{ "cas", "KEY [VALUE]",
	  "store a value unless it changed since it was read", VALUE_DETAILS,
	  "tenon get --cas counter          # VALUE counter 0 1 42\n"
	  "tenon cas counter 8 --cas 42\n",
	  STORE_OPTIONS | OPTION_BIT(OPTION_CAS), 1, 2, TENON_CAS, run_store },
	{ "delete", "KEY...", "remove keys",
	  "With --stale, a value stays until one of its readers has made a new one (tenon-lease(3)).\n"
	  "The servers have to know the meta commands, as memcached 1.6 does.\n",
	  "tenon delete page:1 page:2\n"
	  "tenon delete --stale --ttl 1m page:1\n",
	  CHANGE_OPTIONS | OPTIONS_EXPIRY | OPTION_BIT(OPTION_STALE), 1, MANY,
	  TENON_DELETE, run_delete },
	{ "touch", "KEY...", "give keys a new lifetime", "",
	  "tenon touch session:9 --ttl 1h\n",
	  OPTIONS_EXPIRY | CHANGE_OPTIONS, 1, MANY, TENON_TOUCH, run_touch },
	{ "gat", "KEY...", "print values and give them a new lifetime",
	  "Prints as get does.\n", "tenon gat session:9 --ttl 1h\n",
	  GET_OPTIONS | OPTIONS_EXPIRY, 1, MANY, TENON_GAT, run_get },
	{ "incr", "KEY [DELTA]", "add to a number and print the result",
	  "The stored value must be a decimal number. DELTA is 1 by default. With --initial, --ttl or\n"
	  "--exptime, a key that is absent gets the number N (default 0) and that lifetime; the servers\n"
	  "have to know the meta commands, as memcached 1.6 does.\n",
	  "tenon incr hits\ntenon incr hits 10\n"
	  "tenon incr logins:ada --initial 1 --ttl 10m\n", COUNT_OPTIONS, 1, 2,
	  TENON_INCR, run_count },
	{ "decr", "KEY [DELTA]", "subtract from a number and print the result",
	  "Works as incr does, but does not go below 0.\n", "tenon decr stock:4711\n",
	  COUNT_OPTIONS, 1, 2, TENON_DECR, run_count },
	{ "info", "KEY...", "show what the server knows of keys",
	  "Shows the size, the lifetime that is left, the last access, whether the value was ever read,\n"
	  "its flags and its cas unique, without the value. The look does not count as an access. The\n"
	  "servers have to know the meta commands, as memcached 1.6.18 does. 'tenon explain --online' shows\n"
	  "the same of several servers.\n" STALE_DETAILS,
	  "tenon info session:9\n"
	  "tenon --json info session:9 | jq '.[0].ttl_s'\n",
	  OPTION_BIT(OPTION_ROUTING_KEY), 1, MANY, TENON_GETS, run_info },
	{ "mg", "KEY [FLAG...]", "send memcached's meta get, and print the reply",
	  META_DETAILS("v t c")
	  "Prints the line of the reply, then the value and a newline when the line is 'VA'. A quiet\n"
	  "command may have no reply.\n" META_PLACE,
	  "tenon mg page:1 v t f c\n"
	  "tenon mg --explain page:1 v t N30\n"
	  "tenon --json mg page:1 s t | jq .flags\n",
	  META_OPTIONS, 1, MANY, 0, run_meta },
	{ "ms", "KEY [FLAG...]", "send memcached's meta set, and print the reply",
	  META_DETAILS("T60 F5")
	  "The value comes from standard input or from --file. Its length is counted: it is no FLAG.\n"
	  META_PLACE,
	  "echo hello | tenon ms greeting T60\n"
	  "tenon ms photo:7 T0 F5 --file photo.jpg\n"
	  "tenon ms motto ME --file motto.txt     # only when the key is absent\n",
	  META_OPTIONS | OPTION_BIT(OPTION_FILE), 1, MANY, 0, run_meta },
	{ "md", "KEY [FLAG...]", "send memcached's meta delete, and print the reply",
	  META_DETAILS("I T30") META_PLACE,
	  "tenon md page:1\n"
	  "tenon md page:1 I T30                  # stale for 30 seconds\n",
	  META_OPTIONS, 1, MANY, 0, run_meta },
	{ "ma", "KEY [FLAG...]", "send memcached's meta arithmetic, and print the reply",
	  META_DETAILS("N60 J5 v")
	  "Prints the line of the reply, then the number and a newline when the line is 'VA'.\n"
	  META_PLACE,
	  "tenon ma hits N0 J1 v\n"
	  "tenon ma stock:4711 MD D2 v\n",
	  META_OPTIONS, 1, MANY, 0, run_meta },
	{ "mn", "", "send memcached's meta no-op, and print the reply",
	  "With several servers in the config, --server says which one is asked.\n",
	  "tenon mn --server anna\n",
	  OPTION_BIT(OPTION_EXPLAIN_FLAGS) | OPTION_BIT(OPTION_SERVER), 0, 0, 0,
	  run_meta },
	{ "me", "KEY [FLAG...]", "send memcached's meta debug, and print the reply",
	  "Prints what the server knows of an item, without its value. The only FLAG is b.\n"
	  META_PLACE,
	  "tenon me page:1\n"
	  "tenon me --explain page:1\n",
	  META_OPTIONS, 1, MANY, 0, run_meta },
	{ "stats", "[ARG...]", "print the statistics of every server",
	  "The words ARG are sent to the servers, for instance items, slabs, sizes, conns, settings,\n"
	  "reset. Lines of the reply that are no pair of name and value are printed as they are.\n",
	  "tenon stats\ntenon stats slabs\ntenon stats cachedump 1 5\n", 0, 0,
	  MANY, TENON_STATS, run_stats },
	{ "version", "", "print the servers' versions", "", "tenon version\n",
	  0, 0, 0, TENON_VERSION, run_version },
	{ "ping", "", "show which servers answer, and how fast",
	  "Asks all servers at the same time, twice. CONNECT is the time of the first request, which\n"
	  "also makes the connection. ANSWER is the time of the second, on the open connection.\n",
	  "tenon ping\n", 0, 0, 0, TENON_VERSION, run_ping },
	{ "health", "", "show the state of every server, once or again and again",
	  "Asks all servers at the same time, once for their statistics and up to ten times for\n"
	  "their version. p50, p99 and max are the times of the version requests. OPS and HITS\n"
	  "are the server's own counts since it started. FAILS counts failed looks in a row. A\n"
	  "server is up when it has answered; one that answers with errors only is not.\n"
	  "--watch shows OPS/s and HITS since the look before. On a terminal, columns that do not\n"
	  "fit are left out.\n"
	  "Below the servers are the metrics that plugins of the config count, when there are some.\n"
	  "--prometheus is a probe: its counters are those of the probe itself and begin at 0 in\n"
	  "each run. For counters, let the program that serves write tenon_client_prometheus().\n",
	  "tenon health\n"
	  "tenon health --watch\n"
	  "tenon --json health | jq '.servers[] | select(.state != \"up\")'\n"
	  "tenon health --prometheus | grep '^tenon_server_up'\n",
	  OPTION_BIT(OPTION_WATCH) | OPTION_BIT(OPTION_PROMETHEUS), 0, 0,
	  TENON_VERSION, run_health },
	{ "flush-all", "", "drop every item of every server",
	  "Works only when the config has 'enable_flush_all: true' or with --yes-flush.\n",
	  "tenon flush-all --yes-flush\n"
	  "tenon flush-all --yes-flush --delay 60\n",
	  OPTION_BIT(OPTION_DELAY) | OPTION_BIT(OPTION_YES_FLUSH), 0, 0,
	  TENON_FLUSH_ALL, run_flush_all },
	{ "where", "KEY... | --stdin", "show which server a key lives on",
	  "Prints KEY, ALIAS and ADDRESS with tabs between them. Connects to no server.\n",
	  "tenon where user:1 user:2\n"
	  "tenon where --stdin <keys.txt >places.tsv\n"
	  "tenon where --stdin --count <keys.txt\n",
	  OPTION_BIT(OPTION_STDIN) | OPTION_BIT(OPTION_COUNT) |
		  OPTION_BIT(OPTION_ROUTING_KEY),
	  0, MANY, 0, run_where },
	{ "check", "", "check the config, and with --online the servers",
	  "Shows errors, warnings and notes at once, in the order of the file, and the share of every\n"
	  "server from simulated keys. `# tenon: ignore NAME` in the file silences a finding. Exits\n"
	  "with 1 after warnings, and with 2 after errors. Connects to no server without --online.\n"
	  "--online tries every server: lookup, connection, version, round trip, clock, largest item\n"
	  "and what it offers, with a way out of what is found. Exits with 3 when a server fails.\n",
	  "tenon -c cluster.yaml check\n"
	  "tenon -c cluster.yaml check --online\n",
	  OPTION_BIT(OPTION_TRY_SERVERS), 0, 0, 0, run_check },
	{ "import", "FILE|STRING",
	  "make a config from that of another client or proxy",
	  "Reads nutcracker.yml of twemproxy, a config string of libmemcached, a php.ini or a\n"
	  "session.save_path of PHP, CACHES of Django or the arguments of pylibmc or pymemcache as\n"
	  "JSON, and JSON of mcrouter. Writes a config to standard output: servers, weights, ring,\n"
	  "timeouts, ejection, prefix. A setting that tenon cannot carry over is a comment in the\n"
	  "config and a line on stderr. '-' is standard input. The format is recognised.\n",
	  "tenon import nutcracker.yml --pool alpha >tenon.yaml\n"
	  "tenon import '--SERVER=mc1 --SERVER=mc2 --DISTRIBUTION=consistent'\n"
	  "tenon import 'mc1:11211,mc2:11211' >tenon.yaml\n"
	  "tenon import /etc/php/8.2/fpm/php.ini\n"
	  "python3 -c 'import json, settings; print(json.dumps(settings.CACHES))' |\n"
	  "    tenon import -\n",
	  OPTION_BIT(OPTION_FROM) | OPTION_BIT(OPTION_POOL), 1, 1, 0,
	  run_import },
	{ "diff", "OLD NEW", "show which keys move when the config changes",
	  "OLD and NEW are config files. Shows how many keys move and from which server to which,\n"
	  "the share of every server before and after, and the misses to expect. A server of NEW is\n"
	  "the same as a server of OLD when both have the same alias, or else the same address.\n"
	  "Connects to no server. --set changes both configs.\n",
	  "tenon diff old.yaml new.yaml\n"
	  "tenon diff old.yaml new.yaml --keys keys.txt\n"
	  "tenon --json diff old.yaml new.yaml | jq .moved\n",
	  OPTION_BIT(OPTION_KEY_FILE) | OPTION_BIT(OPTION_KEY_COUNT), 2, 2, 0,
	  run_diff },
	{ "explain", "KEY... | --failures", "show where a key goes, and why",
	  "Shows the key as sent, the bytes that are hashed, their hash, the points of the ring\n"
	  "around them, the home server and the next ones, and where the failover policies send the\n"
	  "key now and when the home server is down. Connects to no server without --online.\n"
	  "--failures prints the table by which the client decides what follows from a failure:\n"
	  "whether the server is marked, and whether the requests go again.\n"
	  STALE_DETAILS,
	  "tenon explain user:1\n"
	  "tenon explain --online user:1 user:2\n"
	  "tenon explain --value-bytes 5000000 video:7\n"
	  "tenon --json explain user:1 | jq '.[0].servers'\n"
	  "tenon explain --failures\n",
	  OPTION_BIT(OPTION_FAILURES) | OPTION_BIT(OPTION_ONLINE) |
		  OPTION_BIT(OPTION_VALUE_SIZE) |
		  OPTION_BIT(OPTION_ROUTING_KEY),
	  0, MANY, 0, run_explain },
	{ "plugins", "[NAME] | rings [NAME]",
	  "list the plugins, the options of one plugin, or the rings",
	  "'tenon plugins core' lists the keys of the config itself. 'tenon plugins rings' lists the\n"
	  "values of the key 'ring', and with a name the keys that the ring sets.\n"
	  "--new writes a folder KIND_NAME with a small plugin, its build and its tests.\n",
	  "tenon plugins\ntenon plugins ketama\ntenon plugins core\n"
	  "tenon plugins rings\ntenon plugins rings twemproxy-ketama\n"
	  "tenon plugins --new hash mine\n",
	  OPTION_BIT(OPTION_NAMES) | OPTION_BIT(OPTION_NEW), 0, 2, 0,
	  run_plugins },
	{ "bench", "", "put load on the cluster and measure it",
	  "Stores every key once, then reads and writes. All keys begin with 'tenon-bench:' and\n"
	  "expire after an hour, or after --ttl. bench deletes nothing, but a full server drops\n"
	  "other items to make room.\n",
	  "tenon bench --seconds 30 --threads 4\n"
	  "tenon bench --value-bytes 100-4000 --reads 80% --multi 20\n"
	  "tenon --set 'transport=blocking' --json bench --seconds 5\n",
	  BENCH_OPTIONS, 0, 0, 0, run_bench },
	{ NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL }
};

const struct command *command_find(const char *name)
{
	for (const struct command *row = commands; row->name; row++) {
		if (strcmp(row->name, name) == 0) {
			return row;
		}
	}
	return NULL;
}
