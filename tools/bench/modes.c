/* SPDX-License-Identifier: BSD-3-Clause */
#include "modes.h"

#include <string.h>

#include "run.h"

const struct mode modes[] = {
	{ "time",
	  "wall and client CPU time of an operation, in interleaved rounds (default)",
	  run_time, 41, 8, true,
	  "[--cases=LIST] [--clients=LIST] [--rounds=N] [--slice-ms=N] [--pin=C,S]\n"
	  "       [--alone] [--json | --markdown] [--svg=FILE] [--servers=LIST]",
	  "Measure wall and client CPU time of an operation. In each round every client\n"
	  "does as many operations as the floor does in --slice-ms; shown is the ratio to\n"
	  "the floor of the same round.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench time --cases 'get-*' --clients 'tenon-*' --rounds 121\n" },
	{ "count",
	  "system calls (strace) and user-space instructions (callgrind)",
	  run_count, 41, 8, true,
	  "[--cases=LIST] [--clients=LIST] [--json] [--servers=LIST]",
	  "Count the system calls and the instructions of an operation: the difference of\n"
	  "two runs of the mode loop, one with twice as many operations as the other.\n"
	  "Needs strace and valgrind; a dash stands for a figure that is not to be had.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench count --cases get-100,mget-100\n" },
	{ "ring", "building a ring, and finding a key's server", run_ring, 41,
	  8, true,
	  "[--cases=LIST] [--clients=LIST] [--rounds=N] [--slice-ms=N] [--pin=C,S]\n"
	  "       [--json]",
	  "Place keys on 20, 200 and 2000 servers, which are not asked. Shown are the least\n"
	  "time of a build and of a lookup, and the instructions of a lookup (valgrind). Rows\n"
	  "named after a distribution plugin are the plugin alone, which is given a hash in\n"
	  "place of a key. Cases are where-20, where-200 and where-2000.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench ring --clients tenon,ketama\n" },
	{ "hash", "hash plugins, one key and many at once", run_hash, 41, 8,
	  true,
	  "[--clients=LIST] [--cases=LIST] [--rounds=N] [--slice-ms=N] [--pin=C,S]\n"
	  "       [--json]",
	  "Hash keys with each hash plugin, which --clients may name, without a client\n"
	  "around it. Cases are hash-20 and hash-200, keys of so many bytes one by one, and\n"
	  "hash-many-20 and hash-many-200, a hundred keys at once. Shown are the least time\n"
	  "of a key and its instructions (valgrind).\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench hash --clients md5,crc32\n" },
	{ "codec", "codec plugins beside their libraries called directly",
	  run_codec, 41, 8, true,
	  "[--clients=LIST] [--cases=LIST] [--level=N] [--rounds=N]\n"
	  "       [--slice-ms=N] [--pin=C,S] [--json]",
	  "Compress and decompress a text of records with each codec plugin, which --clients\n"
	  "may name, and with its library (liblz4, libz), whose state is kept between values.\n"
	  "Shown are the rate of the fastest round, instructions for a byte of the value\n"
	  "(valgrind), and their ratio to the library. Cases are compress-4k, compress-1m,\n"
	  "decompress-4k and decompress-1m.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench codec --clients zlib --cases '*-4k'\n" },
	{ "split", "a value of 5 MB in chunks beside five of 1 MB", run_split,
	  61, 8, true, "[--rounds=N] [--pin=C,S] [--json] [--servers=LIST]",
	  "Store and read 5 MB on 20 servers, as one value that is split and as five\n"
	  "values. Shown is client CPU time: its median, and median and quartiles of the\n"
	  "ratio to the floor of the same round. Servers other than its own have to take\n"
	  "values of 1 MB; keys with 'split:value' are overwritten there.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench split --rounds 241 --pin none\n" },
	{ "pool", "gets of threads that share clients", run_pool, 11, 100,
	  false,
	  "[--cases=LIST] [--rounds=N] [--slice-ms=N] [--pin=C,S] [--json]\n"
	  "       [--servers=LIST]",
	  "Threads get one key from one server for --slice-ms (default 100), with the four\n"
	  "clients of a pool and with a client for each thread, in turn. Shown are medians\n"
	  "of --rounds (default 11): gets of all threads in a second, and CPU time of a get.\n"
	  "Nothing is pinned, unless --pin says so. Cases are threads-1, -2, -4, -8, -40.\n"
	  "\n"
	  "Example\n"
	  "  tenon-bench pool --cases threads-8,threads-40 --rounds 41\n" },
	{ "loop", "do nothing but that, for strace, callgrind, perf", NULL, 41,
	  8, true, "CLIENT CASE OPERATIONS [--pin=C,S] [--servers=LIST]",
	  "Do that many operations of a case with a client, and nothing else.\n"
	  "\n"
	  "Example\n"
	  "  valgrind --tool=callgrind tenon-bench loop tenon-poll get-100 2000\n" },
	{ NULL, NULL, NULL, 0, 0, false, NULL, NULL }
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
