/* SPDX-License-Identifier: BSD-3-Clause */
#include "secured.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "json.h"
#include "latency.h"

void secured_add(struct table *table, const struct tenon_secure_health *secure)
{
	bool is_fine = secure->certificate_state <= TENON_CERTIFICATE_VALID;
	char *left = certificate_text(secure->certificate_ends_s);

	table_add(table, STYLE_NONE, "%s",
		  secured_is_known(secure) ? secure->protocol : "-");
	table_add(table, is_fine ? STYLE_NONE : STYLE_BAD, "%s", left);
	free(left);
}

bool secured_is_known(const struct tenon_secure_health *secure)
{
	return secure->protocol[0] != '\0';
}

/* ---- JSON ------------------------------------------------------------------ */

json_t *secured_json(const struct tenon_secure_health *secure)
{
	json_t *object = json_object();
	json_t *handshake = json_object();

	js_put_text(object, "protocol", secure->protocol);
	js_put_text(object, "cipher", secure->cipher);
	js_put_text(object, "certificate",
		    tenon_certificate_state_name(
			    (int)secure->certificate_state));
	if (secure->certificate_ends_s != 0) {
		js_put(object, "certificate_ends_s",
		       json_integer(secure->certificate_ends_s));
		js_put(object, "certificate_days",
		       json_integer(certificate_days(
			       secure->certificate_ends_s)));
	}
	js_put_u64(object, "sessions", secure->sessions);
	js_put_u64(object, "resumptions", secure->resumptions);
	js_put(handshake, "last",
	       json_real((double)secure->handshake_ns / 1e6));
	js_put(handshake, "max",
	       json_real((double)secure->handshake_max_ns / 1e6));
	js_put(object, "handshake_ms", handshake);
	return object;
}

json_t *secured_chain_json(const struct tenon_certificate *chain, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *object = json_object();

		js_put_text(object, "subject", chain[i].subject);
		js_put_text(object, "issuer", chain[i].issuer);
		js_put_text(object, "names", chain[i].names);
		js_put(object, "not_before_s",
		       json_integer(chain[i].not_before_s));
		js_put(object, "not_after_s",
		       json_integer(chain[i].not_after_s));
		js_append(array, object);
	}
	return array;
}

/* ---- the tree --------------------------------------------------------------- */

#define NO_PARENT SIZE_MAX

struct secured_node {
	size_t parent;     /* index of the issuer's node, or NO_PARENT */
	char *subject;
	char *names;       /* hosts that the certificate is for, or "" */
	char *aliases;     /* servers whose own certificate it is, or "" */
	int64_t ends_s;    /* 0: the certificate was not sent */
};

/* Find the certificate below this parent, or add it. Returns its index. */
static size_t find_node(struct secured_tree *tree, size_t parent,
			const char *subject, const char *names, int64_t ends_s)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct secured_node *node = &tree->nodes[i];

		if (node->parent == parent && node->ends_s == ends_s &&
		    strcmp(node->subject, subject) == 0 &&
		    strcmp(node->names, names) == 0) {
			return i;
		}
	}
	tree->nodes = alloc_resize(tree->nodes, tree->count + 1,
				   sizeof(*tree->nodes));
	tree->nodes[tree->count] = (struct secured_node){
		.parent = parent,
		.subject = alloc_text(subject),
		.names = alloc_text(names),
		.aliases = alloc_text(""),
		.ends_s = ends_s,
	};
	return tree->count++;
}

void secured_tree_add(struct secured_tree *tree, const char *alias,
		      const struct tenon_certificate *chain, size_t count)
{
	size_t at = NO_PARENT;

	if (count == 0) {
		return;
	}
	if (strcmp(chain[count - 1].subject, chain[count - 1].issuer) != 0) {
		at = find_node(tree, at, chain[count - 1].issuer, "", 0);
	}
	for (size_t depth = count; depth-- > 0;) {
		at = find_node(tree, at, chain[depth].subject,
			       chain[depth].names, chain[depth].not_after_s);
	}
	tree->nodes[at].aliases =
		alloc_joined(tree->nodes[at].aliases, ", ", alias);
}

static size_t next_child(const struct secured_tree *tree, size_t parent,
			 size_t from)
{
	while (from < tree->count && tree->nodes[from].parent != parent) {
		from++;
	}
	return from;
}

/* Print "CN=a, ends in 83 d 4 h, for a.example.net: mc-one, mc-two". */
static void print_node(const struct secured_node *node)
{
	bool is_soon = node->ends_s != 0 &&
		       certificate_days(node->ends_s) <
			       TENON_CERTIFICATE_WARNING_DAYS;
	char *left = certificate_text(node->ends_s);
	char *clean = output_clean(node->subject, strlen(node->subject));

	output_text(clean);
	if (node->ends_s == 0) {
		output_styled(STYLE_DIM, ", not sent");
	} else {
		output_text(", ");
		output_styled(is_soon ? STYLE_BAD : STYLE_NONE, left);
	}
	free(clean);
	if (node->names[0] != '\0') {
		clean = output_clean(node->names, strlen(node->names));
		output_format(", for %s", clean);
		free(clean);
	}
	if (node->aliases[0] != '\0') {
		output_text(": ");
		clean = output_clean(node->aliases, strlen(node->aliases));
		output_styled(STYLE_BOLD, clean);
		free(clean);
	}
	output_newline();
	free(left);
}

/* Print all nodes below a parent, each line after this beginning. */
static void print_children(const struct secured_tree *tree, size_t parent,
			   const char *begin)
{
	size_t i = next_child(tree, parent, 0);

	while (i < tree->count) {
		size_t next = next_child(tree, parent, i + 1);
		bool is_last = next == tree->count;
		bool is_top = parent == NO_PARENT;
		char *below = alloc_format("%s%s", begin,
					   is_top    ? ""
					   : is_last ? "   "
						     : "│  ");

		output_format("%s%s", begin,
			      is_top    ? ""
			      : is_last ? "└─ "
					: "├─ ");
		print_node(&tree->nodes[i]);
		print_children(tree, i, below);
		free(below);
		i = next;
	}
}

void secured_tree_print(const struct secured_tree *tree)
{
	print_children(tree, NO_PARENT, "  ");
}

void secured_tree_fini(struct secured_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->nodes[i].subject);
		free(tree->nodes[i].names);
		free(tree->nodes[i].aliases);
	}
	free(tree->nodes);
}
