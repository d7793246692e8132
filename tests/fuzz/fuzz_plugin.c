/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input changes the descriptor, the slots and the option rows of a built-in plugin,
 * and then gives a config to its options. All memory has the size that the plugin
 * claims, so that a sanitizer sees a read beyond the end.
 *
 * Shape: the number of the plugin, and whether the config asks for it by name; the
 *        number of changes (0..31), and for each change its kind (enum change) and its
 *        arguments; the rest is the YAML of the options.
 */
#include <string.h>

#include "plugin/builtin.h"
#include "base/error.h"
#include "fuzz/fuzz.h"
#include "option/option.h"
#include "option/quantity.h"
#include "option/row_text.h"
#include "plugin/verify.h"

#define CHANGES_MAX 31
#define ROWS_MAX (TENON_OPTION_MAX_COUNT + 8)
#define ROW_MAX_BYTES 256
#define SLOTS_MAX_BYTES 512
#define TEXT_BYTES 80
#define TEXTS_MAX 8
/* The bytes of a descriptor that may be read before its size is known. */
#define FROZEN_BYTES (offsetof(struct tenon_plugin, size) + sizeof(uint32_t))

enum change {
	CHANGE_NUMBER, /* of the descriptor: field, number */
	CHANGE_TEXT,   /* of the descriptor: field, text */
	CHANGE_MISSING, /* of the descriptor: pointer to clear */
	CHANGE_SLOTS_SIZE, /* size of the slots: two bytes */
	CHANGE_SLOT,   /* slot to clear, counted in words after the sizes */
	CHANGE_ROW_NUMBER, /* row, field, number */
	CHANGE_ROW_RANGE,  /* row, field, number of 64 bits */
	CHANGE_ROW_TEXT,   /* row, field, text */
	CHANGE_ROW_MISSING, /* row, pointer to clear */
	CHANGE_MORE_ROWS,  /* row, number of copies of it to add */
	CHANGE_NO_END,     /* no row without a name at the end */
	CHANGE_COUNT
};

const char fuzz_name[] = "plugin";

/* A plugin as the input has changed it. It owns its texts. */
struct subject {
	struct tenon_plugin descriptor;
	struct tenon_option rows[ROWS_MAX];
	unsigned row_count;
	bool no_end;
	uint32_t slots_bytes;
	union tenon__ops slots;
	char texts[TEXTS_MAX][TEXT_BYTES];
	const char *choices[TEXTS_MAX + 1];
	unsigned text_count;
};

void fuzz_end(void)
{
}

/* ---- changes ------------------------------------------------------------- */

/* Return a copy of the text up to a newline, or NULL when there are too many texts. */
static const char *take_text(struct subject *subject, struct fuzz_input *input)
{
	struct fuzz_input text = fuzz_until(input, '\n');
	char *out = subject->texts[subject->text_count];

	if (subject->text_count == TEXTS_MAX) {
		return NULL;
	}
	if (text.left >= TEXT_BYTES) {
		text.left = TEXT_BYTES - 1;
	}
	if (text.left > 0) {
		memcpy(out, text.at, text.left);
	}
	out[text.left] = '\0';
	subject->choices[subject->text_count++] = out;
	return out;
}

static int64_t take_number(struct fuzz_input *input)
{
	static const int64_t edges[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1,
					 INT32_MAX, UINT32_MAX, INT64_MAX };
	unsigned kind = fuzz_byte(input);

	if (kind < sizeof(edges) / sizeof(edges[0])) {
		return edges[kind];
	}
	return kind % 2 ? (int64_t)fuzz_four(input) : fuzz_byte(input);
}

static void change_number(struct tenon_plugin *descriptor, unsigned which,
			  uint32_t number)
{
	uint32_t *const fields[] = {
		&descriptor->magic, &descriptor->size, &descriptor->kind,
		&descriptor->needs_host_minor, &descriptor->flags,
		&descriptor->option_size, &descriptor->options_bytes,
	};

	which %= 9;
	if (which == 7) {
		descriptor->abi_major = (uint16_t)number;
	} else if (which == 8) {
		descriptor->abi_minor = (uint16_t)number;
	} else {
		*fields[which] = number;
	}
}

static void change_text(struct tenon_plugin *descriptor, unsigned which,
			const char *text)
{
	const char **const fields[] = { &descriptor->name,
					&descriptor->version,
					&descriptor->summary };

	*fields[which % 3] = text;
}

static void change_row_number(struct tenon_option *row, unsigned which,
			      uint32_t number)
{
	uint32_t *const fields[] = { &row->type, &row->unit, &row->flags,
				     &row->offset };

	*fields[which % 4] = number;
}

static void change_row_text(struct tenon_option *row, unsigned which,
			    const char *text)
{
	const char **const fields[] = { &row->name, &row->def_text,
					&row->help };

	*fields[which % 3] = text;
}

/*
 * Write copies of the row from the first row's place on. The table has room for all of
 * them.
 */
static void more_rows(struct subject *subject, const struct tenon_option *row,
		      unsigned count)
{
	for (; count > 0 && subject->row_count < ROWS_MAX - 1; count--) {
		subject->rows[subject->row_count++] = *row;
	}
}

static void change_row(struct subject *subject, enum change change,
		       struct fuzz_input *input)
{
	unsigned most = subject->row_count > 0 ? subject->row_count : 1;
	struct tenon_option *row = &subject->rows[fuzz_byte(input) % most];
	unsigned which = fuzz_byte(input);
	int64_t *const range[] = { &row->min, &row->max, &row->def };

	switch (change) {
	case CHANGE_ROW_NUMBER:
		change_row_number(row, which, (uint32_t)take_number(input));
		break;
	case CHANGE_ROW_RANGE:
		*range[which % 3] = take_number(input);
		break;
	case CHANGE_ROW_TEXT:
		change_row_text(row, which, take_text(subject, input));
		break;
	case CHANGE_ROW_MISSING:
		if (which % 4 < 3) {
			change_row_text(row, which, NULL);
		} else {
			row->choices = row->choices ? NULL : subject->choices;
		}
		break;
	default:
		more_rows(subject, row, which);
	}
}

static void change(struct subject *subject, struct fuzz_input *input)
{
	struct tenon_plugin *descriptor = &subject->descriptor;
	enum change what = (enum change)(fuzz_byte(input) % CHANGE_COUNT);
	void *nothing = NULL;
	size_t at;

	switch (what) {
	case CHANGE_NUMBER:
		at = fuzz_byte(input);
		change_number(descriptor, (unsigned)at,
			      (uint32_t)take_number(input));
		break;
	case CHANGE_TEXT:
		at = fuzz_byte(input);
		change_text(descriptor, (unsigned)at,
			    take_text(subject, input));
		break;
	case CHANGE_MISSING:
		at = fuzz_byte(input) % 5;
		if (at < 3) {
			change_text(descriptor, (unsigned)at, NULL);
		} else if (at == 3) {
			descriptor->ops = NULL;
		} else {
			descriptor->options = NULL;
		}
		break;
	case CHANGE_SLOTS_SIZE:
		subject->slots_bytes = fuzz_two(input);
		break;
	case CHANGE_SLOT:
		/* the core cannot notice a wrong state size, so the sizes stay */
		at = sizeof(nothing) * (1 + fuzz_byte(input));
		if (at + sizeof(nothing) <= sizeof(subject->slots)) {
			memcpy((char *)&subject->slots + at, &nothing,
			       sizeof(nothing));
		}
		break;
	case CHANGE_NO_END:
		subject->no_end = true;
		break;
	default:
		change_row(subject, what, input);
	}
}

/* ---- the plugin as the core sees it -------------------------------------- */

/* Return `bytes` bytes: a copy of the `there` bytes, and zeros after them. */
static void *copy(const void *from, size_t there, size_t bytes)
{
	char *to = calloc(1, bytes > 0 ? bytes : 1);

	fuzz_must(to != NULL, "there is memory");
	return memcpy(to, from, there < bytes ? there : bytes);
}

static size_t between(size_t least, size_t wanted, size_t most)
{
	return wanted < least ? least : wanted > most ? most : wanted;
}

/* Return the rows, each as long as the descriptor says. */
static struct tenon_option *copy_rows(const struct subject *subject)
{
	size_t bytes = between(0, subject->descriptor.option_size,
			       ROW_MAX_BYTES);
	size_t count = subject->row_count + !subject->no_end;
	char *rows = calloc(count > 0 ? count : 1, bytes > 0 ? bytes : 1);

	fuzz_must(rows != NULL, "there is memory");
	for (size_t i = 0; i < subject->row_count; i++) {
		memcpy(rows + i * bytes, &subject->rows[i],
		       bytes < sizeof(subject->rows[i]) ?
			       bytes :
			       sizeof(subject->rows[i]));
	}
	return (struct tenon_option *)(void *)rows;
}

static struct tenon_plugin *build(struct subject *subject)
{
	struct tenon_plugin *descriptor = &subject->descriptor;

	/* without an end there are more rows than a plugin may have */
	if (subject->no_end) {
		more_rows(subject, &subject->rows[0], ROWS_MAX);
	}
	/* no row is longer than the memory that exists */
	if (descriptor->option_size > ROW_MAX_BYTES) {
		descriptor->option_size = ROW_MAX_BYTES;
	}
	if (descriptor->options) {
		descriptor->options = copy_rows(subject);
	}
	if (descriptor->ops) {
		memcpy(&subject->slots, &subject->slots_bytes,
		       sizeof(subject->slots_bytes));
		descriptor->ops = copy(&subject->slots, sizeof(subject->slots),
				       between(sizeof(uint32_t),
					       subject->slots_bytes,
					       SLOTS_MAX_BYTES));
	}
	return copy(descriptor, sizeof(*descriptor),
		    between(FROZEN_BYTES, descriptor->size,
			    2 * sizeof(*descriptor)));
}

/* Begin with an unchanged copy of a built-in plugin. */
static void begin(struct subject *subject, const struct tenon_plugin *builtin)
{
	uint32_t bytes;

	memset(subject, 0, sizeof(*subject));
	subject->descriptor = *builtin;
	memcpy(&bytes, builtin->ops, sizeof(bytes));
	fuzz_must(bytes <= sizeof(subject->slots), "the slots have the size of this version");
	memcpy(&subject->slots, builtin->ops, bytes);
	subject->slots_bytes = bytes;
	for (const struct tenon_option *row = builtin->options;
	     row && row->name; row++) {
		more_rows(subject, row, 1);
	}
	subject->descriptor.options = subject->rows;
}

/* ---- options ------------------------------------------------------------- */

static int make_hash(void *payload, const struct tenon_hash **out,
		     const char *asker, const char *name,
		     const struct tenon__place *place, struct tenon_error *err)
{
	static const struct tenon_hash hash;

	(void)payload;
	fuzz_must(asker && name && place, "the call has the asker, the name and the place");
	*out = &hash;
	return strcmp(name, "none") != 0 ?
		       0 :
		       tenon__error_set(err, TENON_ECONFIG, "no such hash");
}

static void check_option(const struct tenon_option *row, const char *options)
{
	const char *field = options + row->offset;
	int64_t number;
	int32_t word;
	const char *text;
	const struct tenon_list *list;

	switch (row->type) {
	case TENON_OPTION_BOOL:
		memcpy(&word, field, sizeof(word));
		fuzz_must(word == 0 || word == 1 || word == row->def,
			  "a bool is 0 or 1");
		break;
	case TENON_OPTION_CHOICE:
		memcpy(&word, field, sizeof(word));
		fuzz_must(row->choices[word] != NULL, "a choice is there");
		break;
	case TENON_OPTION_STRING:
		memcpy(&text, field, sizeof(text));
		fuzz_must(text && strlen(text) <= (size_t)row->max,
			  "a text is no longer than its maximum");
		break;
	case TENON_OPTION_HASH:
		memcpy(&text, field, sizeof(text));
		fuzz_must(text != NULL, "a hash is there");
		break;
	case TENON_OPTION_PLUGIN:
		memcpy(&text, field, sizeof(text));
		fuzz_must(text != NULL, "an inner plugin is there");
		break;
	case TENON_OPTION_LIST:
	case TENON_OPTION_MAP:
		/* both begin with the number of entries */
		memcpy(&list, field, sizeof(list));
		fuzz_must(list && list->count <= row->max,
			  "a list or map has no more entries than its maximum");
		break;
	default:
		memcpy(&number, field, sizeof(number));
		fuzz_must(number >= row->min && number <= row->max,
			  "a number is in its range");
	}
}

static void print_option(const struct tenon_option *row)
{
	char text[TENON__OPTION_TEXT_BYTES];
	void (*const prints[])(char *, const struct tenon_option *) = {
		tenon__option_print_default,
		tenon__option_print_range,
		tenon__option_print_choices,
		tenon__quantity_print_units,
	};

	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		memset(text, 'x', sizeof(text));
		prints[i](text, row);
		fuzz_must(memchr(text, '\0', sizeof(text)) != NULL,
			  "a printed option ends in a NUL");
	}
	fuzz_must(tenon__option_type_name(row) != NULL, "a type has a name");
	fuzz_must(tenon__quantity_bare_unit(row) != NULL, "every unit has a name");
}

static void check_error(int code, const struct tenon_error *err)
{
	fuzz_must(code == TENON_ECONFIG, "options fail only with TENON_ECONFIG");
	fuzz_must(err->code == code && err->message[0] != '\0', "an error has a reason");
}

/* Fill the options from text. */
static void fill_options(const struct tenon__plugin *plugin,
			 const struct fuzz_input *text)
{
	static const struct tenon__place nowhere = { "", 0, 0 };
	const struct tenon__option_owner owner = { .subject = "plugin",
						   .hash = make_hash };
	struct tenon__node *map = NULL;
	struct tenon_error err = { 0 };
	char *options = copy("", 0, plugin->options_bytes);
	int code = tenon__node_parse(&map, "fuzz", (const char *)text->at,
				     text->left, &err);

	if (!code) {
		code = tenon__option_fill(plugin->options, options,
					  map && map->type == TENON__NODE_MAP ?
						  map :
						  NULL,
					  &owner, &nowhere, &err);
	}
	if (code) {
		check_error(code, &err);
	}
	for (const struct tenon_option *row = plugin->options; row->name;
	     row++) {
		print_option(row);
		if (!code) {
			check_option(row, options);
		}
	}
	tenon__option_fini(plugin->options, options);
	tenon__node_free(map);
	free(options);
}

/* ---- a run --------------------------------------------------------------- */

/*
 * Return true when the functions of the plugin may be called. They are those of its own kind. The init of
 * a plugin with options reads the struct that its own rows describe, so it cannot be called after the
 * rows were changed.
 */
static bool may_call(const struct tenon_plugin *builtin,
		     const struct tenon_plugin *descriptor)
{
	bool has_options = builtin->options && builtin->options->name;

	return !has_options && descriptor->kind == builtin->kind;
}

/* call: the functions of the plugin may be called. */
static int verify(struct tenon__plugin *plugin,
		  const struct tenon_plugin *descriptor, uint32_t kind,
		  const char *name, bool call)
{
	struct tenon__refusal refusal;
	int code;

	memset(&refusal, 'x', sizeof(refusal));
	code = tenon__verify_descriptor(plugin, descriptor, kind, name,
					&refusal);
	if (!code) {
		code = tenon__verify_slots(plugin, descriptor, &refusal);
	}
	if (!code && plugin->kind == TENON_KIND_HASH && call) {
		code = tenon__verify_hash(plugin, &refusal);
	}
	fuzz_must(!code || code == TENON_EPLUGIN,
		  "a plugin is accepted or refused");
	fuzz_must(!code || (refusal.text[0] != '\0' &&
			    memchr(refusal.text, '\0', sizeof(refusal.text)) !=
				    NULL),
		  "a refused plugin has a reason");
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct subject subject;
	struct fuzz_input input = { data, size };
	unsigned choice = fuzz_byte(&input);
	const struct tenon_plugin *builtin;
	struct tenon__plugin plugin = { .origin = NULL };

	if (tenon__builtin_plugin_count == 0) {
		return 0;
	}
	builtin = tenon__builtin_plugins[choice / 2 %
					 tenon__builtin_plugin_count]();
	begin(&subject, builtin);
	for (unsigned changes = fuzz_byte(&input) % (CHANGES_MAX + 1);
	     changes > 0; changes--) {
		change(&subject, &input);
	}
	struct tenon_plugin *descriptor = build(&subject);
	plugin.origin = subject.texts[0];
	int code = verify(&plugin, descriptor,
			  choice % 2 ? builtin->kind : 0,
			  choice % 2 ? builtin->name : NULL,
			  may_call(builtin, &subject.descriptor));
	if (!code) {
		fill_options(&plugin, &input);
	}
	free(plugin.options);
	free((void *)(uintptr_t)subject.descriptor.options);
	free((void *)(uintptr_t)subject.descriptor.ops);
	free(descriptor);
	return 0;
}
