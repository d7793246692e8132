/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml_json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "json.h"

static json_t *value_of(yaml_document_t *document, int number);

static const char *text_of(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ?
		       (const char *)node->data.scalar.value : "";
}

/* Return true for a whole number that JSON has too: no sign, no zero in front, at most 18 digits. */
static bool is_number(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && len <= 18 && text[len] == '\0' &&
	       (text[0] != '0' || len == 1);
}

static json_t *plain_json(const char *text)
{
	static const struct {
		const char *word;
		int value; /* 0, 1, or -1 for null */
	} words[] = { { "yes", 1 },  { "true", 1 }, { "on", 1 },
		      { "no", 0 },   { "false", 0 }, { "off", 0 },
		      { "null", -1 }, { "~", -1 },   { "", -1 } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i].word) == 0) {
			return words[i].value < 0 ? json_null() :
						    json_boolean(words[i].value);
		}
	}
	return is_number(text) ? json_integer(strtoll(text, NULL, 10)) :
				 json_string(text);
}

static json_t *map_json(yaml_document_t *document, const yaml_node_t *node)
{
	json_t *object = json_object();

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		js_put(object,
		       text_of(yaml_document_get_node(document, pair->key)),
		       value_of(document, pair->value));
	}
	return object;
}

static json_t *list_json(yaml_document_t *document, const yaml_node_t *node)
{
	json_t *array = json_array();

	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		js_append(array, value_of(document, *item));
	}
	return array;
}

static json_t *value_of(yaml_document_t *document, int number)
{
	const yaml_node_t *node = yaml_document_get_node(document, number);

	if (node->type == YAML_MAPPING_NODE) {
		return map_json(document, node);
	}
	if (node->type == YAML_SEQUENCE_NODE) {
		return list_json(document, node);
	}
	return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ?
		       plain_json(text_of(node)) : json_string(text_of(node));
}

json_t *yaml_json(const char *text)
{
	yaml_parser_t parser;
	yaml_document_t document;
	json_t *value = NULL;

	if (!yaml_parser_initialize(&parser)) {
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
				     strlen(text));
	if (yaml_parser_load(&parser, &document)) {
		if (yaml_document_get_root_node(&document)) {
			value = value_of(&document, 1);
		}
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	return value;
}
