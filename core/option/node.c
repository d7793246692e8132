/* SPDX-License-Identifier: BSD-3-Clause */
#include "option/node.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

/*
 * The state of one parse. This reader uses libyaml's events and not libyaml's documents: the
 * document loader needs quadratic time when brackets are nested deeply. With events the reader
 * can stop at TENON_CONFIG_MAX_DEPTH.
 */
struct reader {
	yaml_parser_t parser;
	const char *where;
	const char *text;
	size_t len;
	struct tenon_error *err;
};

static struct tenon__place place_of(const struct reader *reader,
				    const yaml_mark_t *mark)
{
	struct tenon__place place = { reader->where, 0, 0 };

	if (reader->where[0] != '\0') {
		place.line = (uint32_t)mark->line + 1;
		place.column = (uint32_t)mark->column + 1;
	}
	return place;
}

static int refuse(const struct reader *reader, const yaml_mark_t *mark,
		  const char *problem)
{
	struct tenon__place place = place_of(reader, mark);

	return tenon__error_place(reader->err, TENON_ECONFIG, &place, "%s",
				  problem);
}

/* Compute line and column of a byte offset: libyaml reports some errors by offset only. */
static yaml_mark_t mark_at(const struct reader *reader, size_t offset)
{
	yaml_mark_t mark = { offset, 0, 0 };

	for (size_t i = 0; i < offset && i < reader->len; i++) {
		mark.column++;
		if (reader->text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

#define SECOND_KEY "mapping values are not allowed in this context" /* libyaml's words */

/* The line of a mark, without its newline. */
static struct tenon_slice line_at(const struct reader *reader, const yaml_mark_t *mark)
{
	const char *at = reader->text;
	const char *end = at + reader->len;
	const char *line_end;

	for (size_t line = 0; line < mark->line && at; line++) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	if (!at || at == end) {
		return (struct tenon_slice){ "", 0 };
	}
	line_end = memchr(at, '\n', (size_t)(end - at));
	return (struct tenon_slice){ at, (size_t)((line_end ? line_end : end) - at) };
}

/* Return true when YAML takes two colons of the line for the end of a key, as in "prefix: app:". */
static bool has_two_keys(struct tenon_slice line)
{
	const char *text = line.data;
	int keys = 0;

	for (size_t i = 0; i < line.len; i++) {
		keys += text[i] == ':' &&
			(i + 1 == line.len || text[i + 1] == ' ' || text[i + 1] == '\r');
	}
	return keys > 1;
}

/* What to do about libyaml's problem on this line. "" when no known mistake is on it. */
static const char *hint_for(const char *problem, struct tenon_slice line)
{
	if (memmem(line.data, line.len, "]:", 2)) {
		return "; an address in brackets needs quotes: \"[::1]:11211\"";
	}
	if (problem && strcmp(problem, SECOND_KEY) == 0 && has_two_keys(line)) {
		return "; a value with a colon at its end or before a space needs quotes: \"app:\"";
	}
	return "";
}

static int syntax_error(const struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	yaml_mark_t mark = parser->problem_mark;
	struct tenon__place place;
	const char *hint = "";

	if (parser->error == YAML_MEMORY_ERROR) {
		return tenon__error_no_memory(reader->err);
	}
	if (parser->error == YAML_READER_ERROR) {
		mark = mark_at(reader, parser->problem_offset);
	} else {
		hint = hint_for(parser->problem, line_at(reader, &mark));
		if (*hint == '\0' && parser->context) {
			hint = hint_for(parser->problem,
					line_at(reader, &parser->context_mark));
		}
	}
	place = place_of(reader, &mark);
	return tenon__error_place(
		reader->err, TENON_ECONFIG, &place, "not YAML: %s%s%s%s",
		parser->context ? parser->context : "",
		parser->context ? ", " : "",
		parser->problem ? parser->problem : "unreadable", hint);
}

/* Get the next event; the caller deletes it. */
static int next_event(struct reader *reader, yaml_event_t *event)
{
	return yaml_parser_parse(&reader->parser, event) ? 0 :
							   syntax_error(reader);
}

/* Delete an event, and overwrite its text, which may be a password. */
static void delete_event(yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT) {
		explicit_bzero(event->data.scalar.value,
			       event->data.scalar.length);
	}
	yaml_event_delete(event);
}

/* Delete the parser, and overwrite its copies of the text. */
static void delete_parser(yaml_parser_t *parser)
{
	explicit_bzero(parser->raw_buffer.start,
		       (size_t)(parser->raw_buffer.end -
				parser->raw_buffer.start));
	explicit_bzero(parser->buffer.start,
		       (size_t)(parser->buffer.end - parser->buffer.start));
	yaml_parser_delete(parser);
}

static bool tag_is_standard(const yaml_char_t *tag)
{
	static const char *const tags[] = {
		YAML_STR_TAG,	YAML_INT_TAG, YAML_BOOL_TAG, YAML_NULL_TAG,
		YAML_FLOAT_TAG, YAML_SEQ_TAG, YAML_MAP_TAG,
	};

	if (!tag) {
		return true;
	}
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (strcmp((const char *)tag, tags[i]) == 0) {
			return true;
		}
	}
	return false;
}

#define FOREIGN_TAG "found a tag that is not one of YAML's own, remove it"

static int copy_text(const struct reader *reader, const yaml_event_t *event,
		     char **out)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	if (!tag_is_standard(event->data.scalar.tag)) {
		return refuse(reader, &event->start_mark,
			      FOREIGN_TAG);
	}
	if (memchr(text, '\0', len)) {
		return refuse(reader, &event->start_mark,
			      "found a NUL byte in a string, expected none");
	}
	*out = tenon__strndup(text, len);
	return *out ? 0 : tenon__error_no_memory(reader->err);
}

static int read_node(struct reader *reader, const yaml_event_t *event,
		     unsigned depth, struct tenon__node **out);

/* Read one entry of a list or map into *link. After an error *link is NULL or incomplete. */
static int read_entry(struct reader *reader, const yaml_event_t *event,
		      unsigned depth, bool is_map, struct tenon__node **link)
{
	struct tenon__place key_place = place_of(reader, &event->start_mark);
	yaml_event_t value;
	char *key = NULL;
	int code;

	if (!is_map) {
		return read_node(reader, event, depth, link);
	}
	if (event->type != YAML_SCALAR_EVENT) {
		return refuse(reader, &event->start_mark,
			      "found a list or map as a key, expected a plain word");
	}
	code = copy_text(reader, event, &key);
	if (code) {
		return code;
	}
	code = next_event(reader, &value);
	if (!code) {
		code = read_node(reader, &value, depth, link);
		delete_event(&value);
	}
	if (!*link) {
		tenon__free(key);
		return code;
	}
	(*link)->key = key;
	(*link)->key_place = key_place;
	return code;
}

static int read_entries(struct reader *reader, unsigned depth,
			struct tenon__node *parent)
{
	bool is_map = parent->type == TENON__NODE_MAP;
	struct tenon__node **link = &parent->first;
	yaml_event_t event;
	int code;

	while ((code = next_event(reader, &event)) == 0) {
		bool at_end = event.type == (is_map ? YAML_MAPPING_END_EVENT :
						      YAML_SEQUENCE_END_EVENT);

		if (!at_end) {
			code = read_entry(reader, &event, depth + 1, is_map,
					  link);
		}
		delete_event(&event);
		if (at_end || code) {
			return code;
		}
		parent->count++;
		link = &(*link)->next;
	}
	return code;
}

/* Read the node whose first event is `event`. After an error *out may be incomplete. */
static int read_node(struct reader *reader, const yaml_event_t *event,
		     unsigned depth, struct tenon__node **out)
{
	const yaml_char_t *tag = NULL;
	struct tenon__node *node;

	if (event->type == YAML_ALIAS_EVENT) {
		return refuse(reader, &event->start_mark,
			      "found a YAML alias, expected the value itself");
	}
	if (depth > TENON_CONFIG_MAX_DEPTH) {
		return refuse(reader, &event->start_mark,
			      "nested too deeply, expected at most " TENON__TEXT(
				      TENON_CONFIG_MAX_DEPTH) " levels");
	}
	node = tenon__calloc(1, sizeof(*node));
	if (!node) {
		return tenon__error_no_memory(reader->err);
	}
	*out = node;
	node->place = place_of(reader, &event->start_mark);
	if (event->type == YAML_SCALAR_EVENT) {
		node->type = TENON__NODE_SCALAR;
		node->plain = event->data.scalar.style ==
			      YAML_PLAIN_SCALAR_STYLE;
		return copy_text(reader, event, &node->text);
	}
	if (event->type == YAML_MAPPING_START_EVENT) {
		node->type = TENON__NODE_MAP;
		tag = event->data.mapping_start.tag;
	} else {
		node->type = TENON__NODE_LIST;
		tag = event->data.sequence_start.tag;
	}
	if (!tag_is_standard(tag)) {
		return refuse(reader, &event->start_mark,
			      FOREIGN_TAG);
	}
	return read_entries(reader, depth, node);
}

/* Read the whole stream. An empty stream is allowed; a second document is refused. */
static int read_stream(struct reader *reader, struct tenon__node **out)
{
	bool at_end = false;

	while (!at_end) {
		yaml_event_t event;
		int code = next_event(reader, &event);

		if (code) {
			return code;
		}
		at_end = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT && *out) {
			code = refuse(reader, &event.start_mark,
				      "found a second YAML document, expected only one");
		} else if (event.type != YAML_STREAM_START_EVENT &&
			   event.type != YAML_DOCUMENT_START_EVENT &&
			   event.type != YAML_DOCUMENT_END_EVENT && !at_end) {
			code = read_node(reader, &event, 1, out);
		}
		delete_event(&event);
		if (code) {
			return code;
		}
	}
	return 0;
}

int tenon__node_parse(struct tenon__node **out, const char *where,
		      const char *text, size_t len, struct tenon_error *err)
{
	struct reader reader = { .where = where,
				 .text = text,
				 .len = len,
				 .err = err };
	int code;

	*out = NULL;
	if (len > TENON_CONFIG_MAX_BYTES) {
		return tenon__error_at(err, TENON_ECONFIG, where, 0, 0,
				       "%s: has more than %d bytes, the most that a config may have",
				       where[0] != '\0' ? where : "text",
				       TENON_CONFIG_MAX_BYTES);
	}
	if (!yaml_parser_initialize(&reader.parser)) {
		return tenon__error_no_memory(err);
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser,
				     (const unsigned char *)text, len);
	code = read_stream(&reader, out);
	delete_parser(&reader.parser);
	if (code) {
		tenon__node_free(*out);
		*out = NULL;
	}
	return code;
}

bool tenon__node_equals(const struct tenon__node *a,
			const struct tenon__node *b)
{
	if (!a || !b) {
		return a == b;
	}
	if (a->type != b->type || a->count != b->count ||
	    a->plain != b->plain || !tenon__same_text(a->text, b->text)) {
		return false;
	}
	a = a->first;
	b = b->first;
	while (a && b && tenon__same_text(a->key, b->key) &&
	       tenon__node_equals(a, b)) {
		a = a->next;
		b = b->next;
	}
	return !a && !b;
}

const struct tenon__node *tenon__node_choice(const struct tenon__node *value,
					     const char **name,
					     struct tenon__place *place,
					     const struct tenon__node **options)
{
	*options = NULL;
	*place = value->place;
	if (value->type == TENON__NODE_SCALAR && !tenon__node_is_null(value)) {
		*name = value->text;
		return NULL;
	}
	if (value->type != TENON__NODE_MAP || value->count != 1) {
		return value;
	}
	*name = value->first->key;
	*place = value->first->key_place;
	if (!tenon__node_is_null(value->first)) {
		*options = value->first;
	}
	return *options && (*options)->type != TENON__NODE_MAP ? *options : NULL;
}

void tenon__node_free(struct tenon__node *node)
{
	while (node) {
		struct tenon__node *next = node->next;

		tenon__node_free(node->first);
		tenon__free(node->key);
		tenon__free_text(node->text); /* may be a password */
		tenon__free(node);
		node = next;
	}
}

bool tenon__node_is_null(const struct tenon__node *node)
{
	return !node ||
	       (node->type == TENON__NODE_SCALAR && node->plain &&
		(node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
		 tenon__same_word(node->text, "null")));
}

const char *tenon__node_found(char out[TENON__NODE_FOUND_BYTES],
			      const struct tenon__node *node)
{
	if (tenon__node_is_null(node)) {
		return "nothing";
	}
	if (node->type == TENON__NODE_LIST) {
		return "a list";
	}
	if (node->type == TENON__NODE_MAP) {
		return "a map";
	}
	snprintf(out, TENON__NODE_FOUND_BYTES, "%s'%.70s'",
		 node->plain ? "" : "quoted ", node->text);
	return out;
}
