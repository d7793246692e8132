/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: codec_cost HOW CODEC BYTES COUNT [LEVEL]
 * Compress or decompress COUNT times a text of BYTES bytes and say how long one
 * took. HOW is one of
 *
 *   encode, decode            the plugin CODEC, built in, its output empty before
 *                             each value and its memory kept, as the core does it
 *   compress, decompress      the library itself, its state kept between values
 *   compress-1, decompress-1  the library's function for one value
 *
 * Instructions, which no noise touches, are the difference of two runs under
 * valgrind --tool=callgrind with different COUNT, divided by the difference of
 * those (tools/bench/hash_instructions.c shows the commands).
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lz4.h>
#include <lz4hc.h>
#include <zlib.h>

#include "core/plugin/builtin.h"
#include "tenon/plugin/codec.h"

#define VALUE_MAX_BYTES (16ul << 20)
#define LEVEL_NONE -1

static void give_up(const char *text)
{
	fprintf(stderr, "codec_cost: %s\n", text);
	exit(1);
}

/* ---- the core's side ---------------------------------------------------- */

static void *host_alloc(void *context, size_t bytes)
{
	(void)context;
	return calloc(1, bytes);
}

static void host_free(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static int host_set_error(struct tenon_error *err, int code,
			  const char *format, ...)
{
	va_list args;

	(void)err;
	va_start(args, format);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return code;
}

static const struct tenon_host host = {
	.size = sizeof(struct tenon_host),
	.abi_major = TENON_PLUGIN_ABI_MAJOR,
	.abi_minor = TENON_PLUGIN_ABI_MINOR,
	.alloc = host_alloc,
	.free = host_free,
	.set_error = host_set_error,
};

/* Two buffers that are kept and grow: one to move what is there to. */
static struct {
	char *data;
	size_t capacity;
} kept[2];

static int output_reserve(struct tenon_output *output, size_t bytes)
{
	int other = output->data == kept[0].data && output->data != NULL;

	if (kept[other].capacity < bytes) {
		free(kept[other].data);
		kept[other].data = malloc(bytes);
		if (kept[other].data == NULL) {
			give_up("out of memory");
		}
		kept[other].capacity = bytes;
	}
	if (output->len > 0) {
		memcpy(kept[other].data, output->data, output->len);
	}
	output->data = kept[other].data;
	output->capacity = kept[other].capacity;
	return 0;
}

static const struct tenon_plugin *find_plugin(const char *name)
{
	for (size_t i = 0; i < tenon__builtin_plugin_count; i++) {
		const struct tenon_plugin *plugin = tenon__builtin_plugins[i]();

		if (plugin->kind == TENON_KIND_CODEC &&
		    strcmp(plugin->name, name) == 0) {
			return plugin;
		}
	}
	give_up("not a built-in codec; configure --with-builtin-plugins=all");
	return NULL;
}

/* Fill the option struct with defaults, but for level and threshold. */
static void *make_options(const struct tenon_plugin *plugin, int level)
{
	char *options = calloc(1, plugin->options_bytes);

	if (options == NULL) {
		give_up("out of memory");
	}
	for (const struct tenon_option *row = plugin->options;
	     row->name != NULL; row++) {
		int64_t number = row->def;
		int32_t small = (int32_t)number;

		if (strcmp(row->name, "threshold") == 0) {
			number = 0;
		} else if (strcmp(row->name, "level") == 0 &&
			   level != LEVEL_NONE) {
			number = level;
		}
		if (row->type == TENON_OPTION_BOOL) {
			memcpy(options + row->offset, &small, sizeof(small));
		} else {
			memcpy(options + row->offset, &number, sizeof(number));
		}
	}
	return options;
}

/* ---- the libraries ------------------------------------------------------ */

/* One contestant: what it is given and where it writes. */
struct job {
	const struct tenon_codec_ops *ops;
	void *self;
	int level; /* of the library */
	z_stream stream;
	void *state; /* LZ4's */
	struct tenon_slice from;
	char *to;
	size_t room;
	size_t len; /* of what was made */
};

static bool plugin_encode(struct job *job)
{
	struct tenon_output output = { .size = sizeof(output),
				       .reserve = output_reserve };
	int rc = job->ops->encode(job->self, &job->from, &output, NULL);

	job->to = output.data;
	job->len = output.len;
	return rc == 1;
}

static bool plugin_decode(struct job *job)
{
	struct tenon_output output = { .size = sizeof(output),
				       .reserve = output_reserve };
	int rc = job->ops->decode(job->self, &job->from, &output, NULL);

	job->to = output.data;
	job->len = output.len;
	return rc == 0;
}

static bool zlib_begin_compress(struct job *job)
{
	return deflateInit(&job->stream, job->level) == Z_OK;
}

static bool zlib_begin_decompress(struct job *job)
{
	return inflateInit(&job->stream) == Z_OK;
}

static void zlib_aim(struct job *job)
{
	job->stream.next_in = (Bytef *)(uintptr_t)job->from.data;
	job->stream.avail_in = (uInt)job->from.len;
	job->stream.next_out = (Bytef *)job->to;
	job->stream.avail_out = (uInt)job->room;
}

static bool zlib_compress(struct job *job)
{
	bool done;

	zlib_aim(job);
	done = deflateReset(&job->stream) == Z_OK &&
	       deflate(&job->stream, Z_FINISH) == Z_STREAM_END;
	job->len = job->stream.total_out;
	return done;
}

static bool zlib_decompress(struct job *job)
{
	bool done;

	zlib_aim(job);
	done = inflateReset(&job->stream) == Z_OK &&
	       inflate(&job->stream, Z_FINISH) == Z_STREAM_END;
	job->len = job->stream.total_out;
	return done;
}

static bool zlib_compress_1(struct job *job)
{
	uLongf len = (uLongf)job->room;
	int rc = compress2((Bytef *)job->to, &len, job->from.data,
			   (uLong)job->from.len, job->level);

	job->len = len;
	return rc == Z_OK;
}

static bool zlib_decompress_1(struct job *job)
{
	uLongf len = (uLongf)job->room;
	int rc = uncompress((Bytef *)job->to, &len, job->from.data,
			    (uLong)job->from.len);

	job->len = len;
	return rc == Z_OK;
}

static bool lz4_begin_compress(struct job *job)
{
	job->state = malloc((size_t)(job->level > 0 ? LZ4_sizeofStateHC()
						    : LZ4_sizeofState()));
	return job->state != NULL;
}

static bool lz4_compress(struct job *job)
{
	int len;

	if (job->level > 0) {
		len = LZ4_compress_HC_extStateHC(job->state, job->from.data,
						 job->to, (int)job->from.len,
						 (int)job->room, job->level);
	} else {
		len = LZ4_compress_fast_extState(job->state, job->from.data,
						 job->to, (int)job->from.len,
						 (int)job->room, 1);
	}
	job->len = (size_t)len;
	return len > 0;
}

static bool lz4_compress_1(struct job *job)
{
	int len;

	if (job->level > 0) {
		len = LZ4_compress_HC(job->from.data, job->to,
				      (int)job->from.len, (int)job->room,
				      job->level);
	} else {
		len = LZ4_compress_default(job->from.data, job->to,
					   (int)job->from.len, (int)job->room);
	}
	job->len = (size_t)len;
	return len > 0;
}

static bool lz4_decompress(struct job *job)
{
	int len = LZ4_decompress_safe(job->from.data, job->to,
				      (int)job->from.len, (int)job->room);

	job->len = (size_t)len;
	return len > 0;
}

static const struct contestant {
	const char *codec; /* NULL: the plugin */
	const char *how;
	bool (*begin)(struct job *job); /* NULL: nothing to do */
	bool (*run)(struct job *job);
	bool reads;
} contestants[] = {
	{ NULL, "encode", NULL, plugin_encode, false },
	{ NULL, "decode", NULL, plugin_decode, true },
	{ "zlib", "compress", zlib_begin_compress, zlib_compress, false },
	{ "zlib", "decompress", zlib_begin_decompress, zlib_decompress, true },
	{ "zlib", "compress-1", NULL, zlib_compress_1, false },
	{ "zlib", "decompress-1", NULL, zlib_decompress_1, true },
	{ "lz4", "compress", lz4_begin_compress, lz4_compress, false },
	{ "lz4", "decompress", NULL, lz4_decompress, true },
	{ "lz4", "compress-1", NULL, lz4_compress_1, false },
	{ "lz4", "decompress-1", NULL, lz4_decompress, true },
};

static const struct contestant *find_contestant(const char *codec,
						const char *how)
{
	for (size_t i = 0; i < sizeof(contestants) / sizeof(contestants[0]);
	     i++) {
		const struct contestant *found = &contestants[i];

		if (strcmp(found->how, how) == 0 &&
		    (found->codec == NULL || strcmp(found->codec, codec) == 0)) {
			return found;
		}
	}
	give_up("no such HOW for that CODEC; see the top of its source");
	return NULL;
}

/* ---- measuring ---------------------------------------------------------- */

/* Something like a page of records: words, punctuation and numbers. */
static void make_text(char *text, size_t bytes)
{
	static const char *const words[] = {
		"server", "ring", "value", "key", "client", "\": \"", "cache",
		"the", "of", "and", "user", "time", "page", "image", "name",
		"title", "\",\n  \"", "author", "count", "http://", ".example/",
		"comment", "created", "in", "to", "is", "not", "<p>", "</p>\n",
		"book", "review", "rating"
	};
	uint64_t random = 1;
	size_t at = 0;

	while (at < bytes) {
		char number[24];
		const char *word;
		size_t len;

		random = random * 6364136223846793005u + 1442695040888963407u;
		word = words[random >> 59];
		if ((random >> 40 & 7) == 0) {
			snprintf(number, sizeof(number), "%u",
				 (unsigned)(random >> 44 & 0xffff));
			word = number;
		}
		len = strlen(word);
		len = len < bytes - at ? len : bytes - at;
		memcpy(text + at, word, len);
		at += len;
		if (at < bytes) {
			text[at++] = ' ';
		}
	}
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static unsigned long parse_number(const char *text, unsigned long max)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || number > max) {
		fprintf(stderr, "'%s': expected a number in 0..%lu\n", text,
			max);
		exit(2);
	}
	return number;
}

/* Make an instance of the plugin and, to read, what it writes. */
static void prepare(struct job *job, const char *codec, int level, bool reads)
{
	const struct tenon_plugin *plugin = find_plugin(codec);
	const struct tenon_codec_setup setup = { sizeof(setup), 0,
						 VALUE_MAX_BYTES };
	char *stored;

	job->ops = plugin->ops;
	job->self = calloc(1, job->ops->state_size);
	if (job->self == NULL ||
	    job->ops->init(job->self, make_options(plugin, level), &host,
			   &setup, NULL) != 0) {
		give_up("the plugin does not start");
	}
	if (!reads) {
		return;
	}
	if (!plugin_encode(job)) {
		give_up("the text does not get smaller");
	}
	stored = malloc(job->len);
	if (stored == NULL) {
		give_up("out of memory");
	}
	memcpy(stored, job->to, job->len);
	job->from = (struct tenon_slice){ stored, job->len };
}

int main(int argc, char **argv)
{
	struct job job = { .level = 0 };
	const struct contestant *contestant;
	unsigned long count;
	unsigned long bytes;
	double best_ns = 1e18;
	char *text;
	int level;

	if (argc < 5 || argc > 6) {
		fprintf(stderr,
			"usage: codec_cost HOW CODEC BYTES COUNT [LEVEL]\n");
		return 2;
	}
	contestant = find_contestant(argv[2], argv[1]);
	bytes = parse_number(argv[3], VALUE_MAX_BYTES);
	count = parse_number(argv[4], 100000000);
	level = argc > 5 ? (int)parse_number(argv[5], 12) : LEVEL_NONE;
	text = malloc(bytes + 1);
	job.room = bytes + bytes / 200 + 100; /* as the plugins ask for */
	if (text == NULL) {
		give_up("out of memory");
	}
	make_text(text, bytes);
	job.from = (struct tenon_slice){ text, bytes };
	prepare(&job, argv[2], level, contestant->reads);
	job.level = level != LEVEL_NONE	       ? level
		    : strcmp(argv[2], "zlib") == 0 ? 6
						   : 0;
	if (contestant->codec != NULL) {
		job.to = malloc(job.room);
		if (job.to == NULL) {
			give_up("out of memory");
		}
		/* The plugin's header is none of the library's. */
		if (contestant->reads && strcmp(argv[2], "lz4") == 0) {
			job.from.data = (const char *)job.from.data + 4;
			job.from.len -= 4;
		}
	}
	if (contestant->begin != NULL && !contestant->begin(&job)) {
		give_up("the library does not start");
	}
	for (unsigned long i = 0; i < count; i++) {
		double start_ns = now_ns();

		if (!contestant->run(&job)) {
			give_up("it failed");
		}
		if (now_ns() - start_ns < best_ns) {
			best_ns = now_ns() - start_ns;
		}
	}
	printf("%s %s: %lu bytes from %zu, at best %.0f ns, %.0f MB/s\n",
	       argv[1], argv[2], (unsigned long)job.len, job.from.len, best_ns,
	       (double)bytes / best_ns * 1e3);
	return 0;
}
