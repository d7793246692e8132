/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A plugin that crashes, hangs or ends the process, for tests of the tools that load plugins. The
 * compiler's command line says where: -DIN=LOAD, INIT or HASH, and how: -DBY=CRASH, HANG, LEAVE (exit())
 * or VANISH (_exit()). -DSTATUS=N is the exit status, 0 by default. -DKIND=CODEC makes a codec.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <tenon/plugin/codec.h>
#include <tenon/plugin/hash.h>

enum { LOAD = 1, INIT, HASH };
enum { CRASH = 1, HANG, LEAVE, VANISH };
#define HASH_KIND 1
#define CODEC 2
#ifndef KIND
#define KIND HASH_KIND
#endif
#ifndef STATUS
#define STATUS 0
#endif

static void stumble(int in)
{
	if (in != IN) {
		return;
	}
	if (BY == CRASH) {
		(void)raise(SIGSEGV);
	} else if (BY == LEAVE) {
		exit(STATUS);
	} else if (BY == VANISH) {
		_exit(STATUS);
	}
	for (;;) {
		(void)pause();
	}
}

#if KIND == CODEC
static int init(void *self, const void *options, const struct tenon_host *host,
		const struct tenon_codec_setup *setup, struct tenon_error *err)
{
	(void)self;
	(void)options;
	(void)host;
	(void)setup;
	(void)err;
	stumble(INIT);
	return 0;
}

static uint32_t flags(const void *self)
{
	(void)self;
	return 1u << 31;
}

static int encode(void *self, const struct tenon_slice *value,
		  struct tenon_output *output, struct tenon_error *err)
{
	(void)self;
	(void)value;
	(void)output;
	(void)err;
	return 0;
}

static const struct tenon_codec_ops ops = {
	.size = sizeof(ops),
	.init = init,
	.flags = flags,
	.encode = encode,
	.decode = encode,
};
#else
static int init(void *self, const void *options, const struct tenon_host *host,
		struct tenon_error *err)
{
	(void)self;
	(void)options;
	(void)host;
	(void)err;
	stumble(INIT);
	return 0;
}

static uint64_t hash(const void *self, const void *key, size_t key_len)
{
	(void)self;
	(void)key;
	stumble(HASH);
	return key_len;
}

static const struct tenon_hash_vector vectors[] = {
	{ .key = "", .key_len = 0, .hash = 0 },
	{ .key = "a", .key_len = 1, .hash = 1 },
	{ .key = "ab", .key_len = 2, .hash = 2 },
};

static const struct tenon_hash_ops ops = {
	.size = sizeof(ops),
	.init = init,
	.hash = hash,
	.selftest = vectors,
	.selftest_count = 3,
	.bits = 32,
};
#endif

__attribute__((constructor)) static void load(void)
{
	stumble(LOAD);
}

TENON_PLUGIN_DEFINE(stumbles,
	.kind = KIND == CODEC ? TENON_KIND_CODEC : TENON_KIND_HASH,
	.name = "stumbles",
	.version = "1.0",
	.summary = "crashes, hangs or ends the process",
	.ops = &ops)
