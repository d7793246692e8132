/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mode `codec`. It measures codec plugins without a client, and direct calls of their
 * libraries. The state of a library is kept between values, as its plugin does.
 */
#include "tenon/plugin/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec_library.h"
#include "bench_plugin.h"
#include "run.h"
#include "bench_subject.h"
#include "table.h"
#include "tool.h"

#define VALUE_MAX_BYTES (16ul << 20)

static const struct codec_case {
	const char *name;
	bool reads;
	size_t value_bytes;
	size_t count_operations;
} cases[] = {
	{ "compress-4k", false, 4096, 11 },
	{ "compress-1m", false, 1048576, 1 },
	{ "decompress-4k", true, 4096, 11 },
	{ "decompress-1m", true, 1048576, 1 },
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static const struct codec_library *const libraries[] = {
#ifdef WITH_LZ4
	&lz4_library,
#endif
#ifdef WITH_ZLIB
	&zlib_library,
#endif
	NULL
};

static const struct codec_library *library_of(const char *codec)
{
	size_t i = 0;

	while (libraries[i] && strcmp(libraries[i]->codec, codec) != 0) {
		i++;
	}
	return libraries[i];
}

/* ---- the text ------------------------------------------------------------ */

/* Append as much of a word as fits. Returns the new length. */
static size_t append(char *text, size_t at, size_t bytes, const char *word)
{
	size_t len = strlen(word);

	len = len < bytes - at ? len : bytes - at;
	memcpy(text + at, word, len);
	at += len;
	if (at < bytes) {
		text[at++] = ' ';
	}
	return at;
}

/* Make a text like a page of records: words, punctuation and numbers. */
static char *make_text(size_t bytes)
{
	static const char *const words[] = {
		"server", "ring", "value", "key", "client", "\": \"", "cache",
		"the", "of", "and", "user", "time", "page", "image", "name",
		"title", "\",\n  \"", "author", "count", "http://", ".example/",
		"comment", "created", "in", "to", "is", "not", "<p>", "</p>\n",
		"book", "review", "rating"
	};
	char *text = alloc_array(bytes, 1);
	uint64_t random = 1;
	size_t at = 0;

	while (at < bytes) {
		char number[24];
		const char *word;

		random = random * 6364136223846793005u + 1442695040888963407u;
		word = words[random >> 59];
		if ((random >> 40 & 7) == 0) {
			snprintf(number, sizeof(number), "%u",
				 (unsigned)(random >> 44 & 0xffff));
			word = number;
		}
		at = append(text, at, bytes, word);
	}
	return text;
}

/* ---- compressing and decompressing, again and again ---------------------- */

/* An output that is empty for each value, and keeps its memory between values, as the core's. */
struct kept_output {
	struct tenon_output output;
	char *kept;
	size_t kept_bytes;
};

struct coding {
	const struct codec_case *codec_case;
	const struct tenon_codec_ops *ops;
	void *self;
	void *options;
	struct kept_output output;
	const struct codec_library *library; /* NULL: the plugin */
	void *library_self;
	char *room;
	size_t room_bytes;
	char *text;
	char *stored; /* compressed text to decompress; NULL: the case compresses */
	struct tenon_slice from;
};

static int reserve(struct tenon_output *output, size_t bytes)
{
	struct kept_output *self = (struct kept_output *)output;

	if (bytes > self->kept_bytes) {
		self->kept = realloc(self->kept, bytes);
		if (!self->kept) {
			fail("out of memory");
		}
		self->kept_bytes = bytes;
	}
	output->data = self->kept;
	output->capacity = self->kept_bytes;
	return 0;
}

/* Run the plugin. Returns the length of its output, or 0 after an error. */
static size_t run_plugin(struct coding *self, bool reads)
{
	struct tenon_output *output = &self->output.output;
	int code;

	*output = (struct tenon_output){ .size = sizeof(*output),
					 .reserve = reserve };
	code = reads ? self->ops->decode(self->self, &self->from, output, NULL)
		     : self->ops->encode(self->self, &self->from, output, NULL);
	return code == (reads ? 0 : 1) ? output->len : 0;
}

static size_t run_library(const struct coding *self, bool reads)
{
	return (reads ? self->library->decompress : self->library->compress)(
		self->library_self, self->from, self->room, self->room_bytes);
}

static void start_plugin(struct coding *self, const struct tenon_plugin *plugin,
			 unsigned level)
{
	const struct tenon_codec_setup setup = {
		.size = sizeof(setup), .max_value_bytes = VALUE_MAX_BYTES
	};

	self->ops = plugin->ops;
	self->self = alloc_array(1, self->ops->state_size + 1);
	self->options = plugin_options(plugin);
	plugin_set_number(plugin, self->options, "threshold", 0);
	if (level > 0) {
		plugin_set_number(plugin, self->options, "level", level);
	}
	if (self->ops->init && self->ops->init(self->self, self->options,
					       &plugin_host, &setup,
					       NULL) != 0) {
		fail("codec '%s' does not start", plugin->name);
	}
}

/* Compress the text with the plugin, for the cases that decompress it. */
static void store(struct coding *self)
{
	size_t len = run_plugin(self, false);

	if (len == 0) {
		fail("the codec did not make the text smaller");
	}
	self->stored = alloc_array(len, 1);
	memcpy(self->stored, self->output.output.data, len);
	self->from = (struct tenon_slice){ self->stored, len };
}

static void start_library(struct coding *self, unsigned level)
{
	size_t header_bytes = self->stored ? self->library->header_bytes : 0;

	self->library_self = self->library->open(level);
	self->from.data = (const char *)self->from.data + header_bytes;
	self->from.len -= header_bytes;
	/* The plugins reserve as many bytes for their output. */
	self->room_bytes = self->codec_case->value_bytes +
			   self->codec_case->value_bytes / 200 + 100;
	self->room = alloc_array(self->room_bytes, 1);
}

static const struct codec_case *find_case(const char *name)
{
	for (size_t i = 0; i < CASE_COUNT; i++) {
		if (strcmp(cases[i].name, name) == 0) {
			return &cases[i];
		}
	}
	return NULL;
}

static const struct codec_library *find_library(const char *client)
{
	size_t i = 0;

	while (libraries[i] && strcmp(libraries[i]->client, client) != 0) {
		i++;
	}
	return libraries[i];
}

static bool encodes(const struct tenon_plugin *plugin)
{
	return ((const struct tenon_codec_ops *)plugin->ops)->encode != NULL;
}

static void *codec_open(const struct settings *settings, const char *client,
			const char *case_name)
{
	const struct codec_case *codec_case = find_case(case_name);
	const struct codec_library *library = find_library(client);
	const struct tenon_plugin *plugin =
		codec_case ? plugin_find("codec", library ? library->codec :
							    client) :
			     NULL;
	struct coding *self;

	if (!plugin || !encodes(plugin)) {
		return NULL;
	}
	self = alloc_array(1, sizeof(*self));
	self->codec_case = codec_case;
	self->library = library;
	self->text = make_text(codec_case->value_bytes);
	self->from =
		(struct tenon_slice){ self->text, codec_case->value_bytes };
	start_plugin(self, plugin, settings->level);
	if (codec_case->reads) {
		store(self);
	}
	if (library) {
		start_library(self, settings->level);
	}
	return self;
}

static void codec_run(void *opened, size_t operations)
{
	struct coding *self = opened;
	bool reads = self->codec_case->reads;

	for (size_t i = 0; i < operations; i++) {
		size_t len = self->library ? run_library(self, reads)
					   : run_plugin(self, reads);

		if (len == 0 ||
		    (reads && len != self->codec_case->value_bytes)) {
			fail("%s failed", self->codec_case->name);
		}
	}
}

static void codec_close(void *opened)
{
	struct coding *self = opened;

	if (self->library) {
		self->library->close(self->library_self);
	}
	if (self->ops->fini) {
		self->ops->fini(self->self);
	}
	free(self->self);
	free(self->options);
	free(self->output.kept);
	free(self->room);
	free(self->text);
	free(self->stored);
	free(self);
}

const struct subject codec_subject = {
	.open = codec_open,
	.run = codec_run,
	.close = codec_close,
};

/* ---- the mode ------------------------------------------------------------ */

/*
 * Measure one codec and add its row. library is the number of instructions a byte of its library.
 * Returns the instructions a byte.
 */
static double measure(struct table *table, const struct settings *settings,
		      const char *client, const struct codec_case *codec_case,
		      double library)
{
	double bytes = (double)codec_case->value_bytes;
	double ns = subject_ns(&codec_subject, settings, client,
			       codec_case->name);
	double instructions = count_instructions(settings, client,
						 codec_case->name,
						 codec_case->count_operations);

	instructions = instructions < 0 ? -1 : instructions / bytes;
	table_text(table, codec_case->name);
	table_text(table, client);
	table_number(table, bytes / ns * 1e3);
	table_number(table, instructions);
	table_number(table, instructions < 0 || library <= 0 ?
				    -1 :
				    instructions / library);
	return instructions;
}

static void measure_codec(struct table *table, const struct settings *settings,
			  const struct tenon_plugin *plugin)
{
	const struct codec_library *library = library_of(plugin->name);

	for (size_t i = 0; i < CASE_COUNT; i++) {
		double instructions = -1;

		if (!is_selected(settings->cases, cases[i].name)) {
			continue;
		}
		if (library) {
			instructions = measure(table, settings, library->client,
					       &cases[i], -1);
		}
		measure(table, settings, plugin->name, &cases[i], instructions);
	}
}

int run_codec(const struct settings *settings)
{
	static const struct column columns[] = {
		{ "case", "case", COLUMN_TEXT },
		{ "client", "codec", COLUMN_TEXT },
		{ "mb_per_s", "MB/s", 0 },
		{ "instructions_per_byte", "instructions a byte", 2 },
		{ "ratio", "ratio", 3 },
		{ NULL, NULL, 0 },
	};
	struct plugins plugins;
	struct table table;

	plugins_select(&plugins, "codec", settings->clients);
	table_begin(&table, settings, "codec", columns);
	for (size_t i = 0; i < plugins.count; i++) {
		if (encodes(plugins.list[i])) {
			measure_codec(&table, settings, plugins.list[i]);
		}
	}
	table_end(&table);
	return EXIT_SUCCESS;
}
