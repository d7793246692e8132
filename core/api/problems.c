/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds every error of a config. The functions that read a config end at the first error, so the
 * search takes the wrong part out of a copy of the config, and reads that copy again.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/problems.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

/* A text of the config, with a tree of its own from which wrong parts are taken out. */
struct trial {
	const struct tenon__source *source;
	struct tenon__node *root;
	bool dropped; /* the text is not read any more */
};

/* An error, with the number of its text: errors are told in the order of the texts. */
struct problem {
	struct tenon_error err;
	size_t trial;
	size_t number; /* in the order in which the problems were found */
};

struct search {
	const struct tenon_config *config;
	const struct tenon__problem_hooks *hooks;
	struct trial *trials; /* in the order in which the texts were given */
	size_t trial_count;
	struct problem list[TENON_PROBLEM_MAX_COUNT];
	size_t found;
};

/* ---- reading a copy of the config ---------------------------------------- */

/* Return true for a server that the config has from a text, and not from a call. */
static bool is_from_text(const struct search *search,
			 const struct tenon__place *place)
{
	for (size_t i = 0; i < search->trial_count; i++) {
		if (place->where == search->trials[i].source->where) {
			return true;
		}
	}
	return false;
}

static int add_servers(const struct search *search, struct tenon_config *copy,
		       struct tenon_error *err)
{
	const struct tenon__server_list *list = &search->config->servers;
	int code = 0;

	for (size_t i = 0; i < list->count && !code; i++) {
		const struct tenon__server_entry *entry = &list->entries[i];
		struct tenon__server server;

		if (is_from_text(search, &entry->place)) {
			continue;
		}
		code = tenon__server_copy(&server, &entry->server, err);
		if (!code) {
			code = tenon__server_list_add(&copy->servers, &server,
						      &entry->place, err);
		}
	}
	return code;
}

/* Read the texts that are left. *at is the number of the wrong one, or the number of texts. */
static int read_texts(const struct search *search, struct tenon_config *copy,
		      size_t *at, struct tenon_error *err)
{
	int code = 0;

	for (*at = 0; *at < search->trial_count; ++*at) {
		const struct trial *trial = &search->trials[*at];

		if (!trial->dropped) {
			code = tenon__source_apply(copy, trial->source,
						   trial->root, err);
		}
		if (code) {
			return code;
		}
	}
	return add_servers(search, copy, err);
}

/*
 * Read and check what is left of the config. last: nothing is wrong any more, so warnings go to the
 * config's log, and the hook hears of the rest. *at is the number of the wrong text, or the number
 * of texts when all can be read.
 */
static int check_rest(const struct search *search, bool last, size_t *at,
		      struct tenon_error *err)
{
	struct tenon__assembly *assembly;
	struct tenon_config *copy;
	int code = tenon_config_create(&copy, err);

	*at = search->trial_count;
	if (code) {
		return code;
	}
	if (last) {
		copy->log = search->config->log;
	}
	code = read_texts(search, copy, at, err);
	copy->sources = search->config->sources; /* the assembly's errors name the file */
	if (!code) {
		code = tenon__assembly_create(&assembly, copy, err);
	}
	if (!code) {
		if (last && search->hooks->rest) {
			code = search->hooks->rest(copy, assembly,
						   search->hooks->payload);
		}
		tenon__assembly_unref(assembly);
	}
	copy->sources = NULL;
	tenon_config_destroy(copy);
	return code;
}

/* ---- taking out what is wrong -------------------------------------------- */

/* Add an error. Of two errors at one place, the second is a consequence of the first. */
static void add_problem(struct search *search, const struct tenon_error *err,
			size_t trial)
{
	for (size_t i = 0; i < search->found; i++) {
		const struct tenon_error *other = &search->list[i].err;

		if (err->line > 0 && search->list[i].trial == trial &&
		    other->line == err->line && other->column == err->column) {
			return;
		}
	}
	search->list[search->found] =
		(struct problem){ *err, trial, search->found };
	search->found++;
}

static bool is_at(const struct tenon__place *place,
		  const struct tenon_error *err)
{
	return place->line == err->line && place->column == err->column;
}

/* Free a node that is not linked any more. */
static void free_node(struct tenon__node *node)
{
	node->next = NULL;
	tenon__node_free(node);
}

/*
 * Make the value of a key null, which stands for the default everywhere. The key stays, so that its
 * second occurrence is still an error. Returns false when the value is null already.
 */
static bool make_null(struct tenon__node *node)
{
	char *nothing;

	if (tenon__node_is_null(node) || !(nothing = tenon__strndup("", 0))) {
		return false;
	}
	tenon__node_free(node->first);
	tenon__free_text(node->text);
	node->first = NULL;
	node->count = 0;
	node->text = nothing;
	node->type = TENON__NODE_SCALAR;
	node->plain = true;
	return true;
}

/*
 * Take the node at the place of an error out of a tree: the innermost one with this place. A list
 * or map that becomes empty goes as well. Returns false when no node has this place.
 */
static bool take_out(struct tenon__node *parent, const struct tenon_error *err)
{
	struct tenon__node **link = &parent->first;

	for (; *link; link = &(*link)->next) {
		struct tenon__node *node = *link;
		bool inside = take_out(node, err);
		bool is_gone;

		if (!inside && !is_at(&node->place, err) &&
		    !(node->key && is_at(&node->key_place, err))) {
			continue;
		}
		is_gone = inside ? node->type != TENON__NODE_SCALAR &&
					 node->count == 0
			       : !(node->key && is_at(&node->place, err) &&
				   make_null(node));
		if (is_gone) {
			*link = node->next;
			parent->count--;
			free_node(node);
		}
		return true;
	}
	return false;
}

static bool is_behind(const struct tenon__place *place,
		      const struct tenon_error *err)
{
	return place->line > err->line ||
	       (place->line == err->line && place->column > err->column);
}

/* Return true when the place of the error is in the value of the key `servers`. */
static bool is_in_servers(const struct tenon__node *root,
			  const struct tenon_error *err)
{
	const struct tenon__node *found = NULL;

	for (const struct tenon__node *entry = root->first;
	     entry && entry->key && !is_behind(&entry->key_place, err);
	     entry = entry->next) {
		found = entry;
	}
	return found && tenon__same_word(found->key, "servers");
}

/* Find the text that has the place of an error, and take the wrong part out of it. */
static bool take_out_of_texts(struct search *search,
			      const struct tenon_error *err, size_t *trial,
			      bool *in_servers)
{
	for (size_t i = search->trial_count; i-- > 0 && err->line > 0;) {
		struct trial *at = &search->trials[i];

		if (at->dropped || !at->root ||
		    strncmp(at->source->where, err->where,
			    sizeof(err->where) - 1) != 0) {
			continue;
		}
		*in_servers = is_in_servers(at->root, err);
		*trial = i;
		if (take_out(at->root, err)) {
			return true;
		}
		if (is_at(&at->root->place, err)) {
			at->dropped = true;
			return true;
		}
	}
	return false;
}

/*
 * Find the key that was set by itself and that an error without a place comes from: without this
 * key, the error is another one. Drop that key, and set *trial to its number. Without such a key,
 * *trial stays the number of texts. Errors: TENON_ENOMEM.
 */
static int drop_key(struct search *search, const struct tenon_error *err,
		    size_t *trial)
{
	for (size_t i = search->trial_count; i-- > 0;) {
		struct trial *at = &search->trials[i];
		struct tenon_error other = { .code = 0 };
		size_t ignored;

		if (at->dropped || !at->source->key) {
			continue;
		}
		at->dropped = true;
		if (check_rest(search, false, &ignored, &other) ==
		    TENON_ENOMEM) {
			return TENON_ENOMEM;
		}
		if (strcmp(other.message, err->message) != 0) {
			*trial = i;
			return 0;
		}
		at->dropped = false;
	}
	return 0;
}

/*
 * Add an error and take its cause out. at is the number of the wrong text, or the number of texts
 * when the error is about the whole config. Sets *ends when the search is over. Errors:
 * TENON_ENOMEM.
 */
static int settle(struct search *search, const struct tenon_error *err,
		  size_t at, bool *ends)
{
	bool is_whole = at == search->trial_count;
	bool in_servers = false;
	int code = 0;

	if (take_out_of_texts(search, err, &at, &in_servers)) {
		add_problem(search, err, at);
		/* an error about all servers is not mended by leaving out one of them */
		*ends = is_whole && in_servers;
		return 0;
	}
	if (is_whole) {
		code = drop_key(search, err, &at);
		*ends = at == search->trial_count;
	} else {
		search->trials[at].dropped = true;
	}
	/* the last error, such as "no server", is the consequence of another one, if there was one */
	if (!code && (!*ends || search->found == 0)) {
		add_problem(search, err, at);
	}
	return code;
}

/* ---- the search ---------------------------------------------------------- */

/* Make the trials. A text that is not YAML is an error, and is not read any more. */
static int begin(struct search *search)
{
	const struct tenon__source *source = search->config->sources;
	size_t count = 0;

	for (; source; source = source->next) {
		count++;
	}
	search->trials = tenon__calloc(count + 1, sizeof(*search->trials));
	if (!search->trials) {
		return TENON_ENOMEM;
	}
	search->trial_count = count;
	/* the list of sources begins with the last one */
	for (source = search->config->sources; source; source = source->next) {
		search->trials[--count].source = source;
	}
	for (size_t i = 0; i < search->trial_count; i++) {
		struct trial *trial = &search->trials[i];
		struct tenon_error err = { .code = 0 };
		int code = tenon__source_parse(trial->source, &trial->root,
					       &err);

		if (code == TENON_ENOMEM) {
			return code;
		}
		if (code && search->found < TENON_PROBLEM_MAX_COUNT) {
			add_problem(search, &err, i);
		}
		trial->dropped = code != 0;
	}
	return 0;
}

static int run(struct search *search)
{
	struct tenon_error err = { .code = 0 };
	bool ends = false;
	size_t at;
	int code = begin(search);

	while (!code && !ends && search->found < TENON_PROBLEM_MAX_COUNT) {
		code = check_rest(search, false, &at, &err);
		if (!code) {
			/* nothing else is wrong; now for the warnings */
			return check_rest(search, true, &at, &err);
		}
		if (code != TENON_ENOMEM) {
			code = settle(search, &err, at, &ends);
		}
	}
	return code;
}

static void end(struct search *search)
{
	for (size_t i = 0; i < search->trial_count && search->trials; i++) {
		tenon__node_free(search->trials[i].root);
	}
	tenon__free(search->trials);
	tenon__free(search);
}

static int compare(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

/* For qsort(): the order in which two problems are told. */
static int compare_problems(const void *left, const void *right)
{
	const struct problem *a = left, *b = right;
	const int orders[] = {
		compare(a->err.line == 0, b->err.line == 0),
		compare(a->trial, b->trial),
		compare(a->err.line, b->err.line),
		compare(a->err.column, b->err.column),
		compare(a->number, b->number),
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (orders[i] != 0) {
			return orders[i];
		}
	}
	return 0;
}

int tenon__problems_find(const struct tenon_config *config,
			 const struct tenon__problem_hooks *hooks,
			 struct tenon_error *err)
{
	struct search *search = tenon__calloc(1, sizeof(*search));
	int code = TENON_ENOMEM;

	tenon__error_clear(err);
	if (search) {
		search->config = config;
		search->hooks = hooks;
		code = run(search);
	}
	if (code == TENON_ENOMEM) {
		tenon__error_no_memory(err);
	} else if (search->found > 0) {
		qsort(search->list, search->found, sizeof(search->list[0]),
		      compare_problems);
		code = search->list[0].err.code;
		if (err) {
			*err = search->list[0].err;
		}
		for (size_t i = 0; i < search->found; i++) {
			hooks->problem(&search->list[i].err, hooks->payload);
		}
	}
	if (search) {
		end(search);
	}
	return code;
}

int tenon_config_each_problem(const struct tenon_config *config,
			      tenon_problem_fn fn, void *payload,
			      struct tenon_error *err)
{
	const struct tenon__problem_hooks hooks = { .problem = fn,
						    .payload = payload };

	return tenon__problems_find(config, &hooks, err);
}
