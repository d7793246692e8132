/* SPDX-License-Identifier: BSD-3-Clause */
#include "modes.h"

#include <string.h>

#include "run.h"

const struct mode modes[] = {
	{ "time",
	  "wall and client CPU time of an operation (default)",
	  run_time, 41, 8, true,
	  "[--cases=LIST] [--clients=LIST] [--rounds=N] [--slice-ms=N] [--pin=C,S]\n"
	  "       [--alone] [--json | --markdown] [--svg=FILE] [--servers=LIST]\n"
	  "       [--tls[=FILE]]",
	  "Measure wall and client CPU time of an operation. In each round every client\n"
	  "does as many operations as the floor does in --slice-ms. The table shows the\n"
	  "ratio to the floor of the same round.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench time --cases 'get-*' --clients 'tenon-*' --rounds 121\n",
	  true },
	{ "count",
	  "system calls (strace) and user-space instructions (callgrind)",
	  run_count, 41, 8, true,
	  "[--cases=LIST] [--clients=LIST] [--json] [--servers=LIST] [--tls[=FILE]]",
	  "Count system calls and instructions of an operation: the difference of two runs of\n"
	  "the mode loop, the second with twice as many operations as the first.\n"
	  "Needs strace and valgrind. A dash means that the tool failed or is not installed.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench count --cases get-100,mget-100\n",
	  true },
	{ "ring", "time to build a ring, and to find a key's server", run_ring, 41,
	  8, true,
	  "[--cases=LIST] [--clients=LIST] [--rounds=N] [--slice-ms=N] [--pin=C,S]\n"
	  "       [--json]",
	  "Find the servers of keys, out of 20 to 10000 servers. Nothing is sent. The\n"
	  "table shows the least time of a build, and the least time and the instructions\n"
	  "(valgrind) of a lookup. A row with the name of a distribution plugin is the plugin\n"
	  "alone, which gets a hash instead of a key. Cases: where-20, where-200, where-2000,\n"
	  "where-10000.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench ring --clients tenon,ketama\n",
	  false },
	{ "hash", "hash plugins, with one key and with many at once", run_hash, 41, 8,
	  true,
	  "[--clients=LIST] [--cases=LIST] [--rounds=N] [--slice-ms=N] [--pin=C,S]\n"
	  "       [--json]",
	  "Hash keys with each hash plugin, without a client around it. --clients selects\n"
	  "plugins. Cases hash-20 and hash-200: keys of 20 and 200 bytes, one by one. Cases\n"
	  "hash-many-20 and hash-many-200: a hundred such keys at once. The table shows the\n"
	  "least time and the instructions (valgrind) of a key.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench hash --clients md5,crc32\n",
	  false },
	{ "codec", "codec plugins, compared to direct calls of their libraries",
	  run_codec, 41, 8, true,
	  "[--clients=LIST] [--cases=LIST] [--level=N] [--rounds=N]\n"
	  "       [--slice-ms=N] [--pin=C,S] [--json]",
	  "Compress and decompress a text of records with each codec plugin, and with direct\n"
	  "calls of its library (liblz4, libz), with a state that is kept between values.\n"
	  "--clients selects plugins and libraries. The table shows the rate of the fastest\n"
	  "round, the instructions (valgrind) for a byte of the value, and their ratio to the\n"
	  "library. Cases: compress-4k, compress-1m, decompress-4k, decompress-1m.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench codec --clients zlib --cases '*-4k'\n",
	  false },
	{ "split", "a value of 5 MB in chunks, compared to five of 1 MB", run_split,
	  61, 8, true, "[--rounds=N] [--pin=C,S] [--json] [--servers=LIST]",
	  "Store and read 5 MB on 20 servers, as one value that is split and as five values.\n"
	  "The table shows client CPU time: its median, and the median and quartiles of its\n"
	  "ratio to the floor of the same round. The servers of --servers must accept values\n"
	  "of 1 MB; keys with 'split:value' are overwritten there.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench split --rounds 241 --pin none\n",
	  false },
	{ "pool", "gets by threads that share clients", run_pool, 11, 100,
	  false,
	  "[--cases=LIST] [--rounds=N] [--slice-ms=N] [--pin=C,S] [--json]\n"
	  "       [--servers=LIST]",
	  "Threads get one key from one server for --slice-ms (default 100). They share the\n"
	  "four clients of a pool, or have a client each, in turn. The table shows medians of\n"
	  "--rounds (default 11): gets of all threads in a second, and CPU time of a get.\n"
	  "Nothing is pinned without --pin. Cases: threads-1, -2, -4, -8 and -40.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench pool --cases threads-8,threads-40 --rounds 41\n",
	  false },
	{ "loop", "only the operations of a case, for strace, callgrind, perf", NULL, 41,
	  8, true, "CLIENT CASE OPERATIONS [--pin=C,S] [--servers=LIST] [--tls[=FILE]]",
	  "Run OPERATIONS operations of CASE with CLIENT, and nothing else.\n"
	  "\n"
	  "Example\n"
	  "  valgrind --tool=callgrind tenon-bench loop tenon-poll get-100 2000\n",
	  true },
	{ NULL, NULL, NULL, 0, 0, false, NULL, NULL, false }
};

const struct mode *mode_find(const char *name)
{
	for (const struct mode *mode = modes; mode->name; mode++) {
		if (strcmp(mode->name, name) == 0) {
			return mode;
		}
	}
	return NULL;
}
