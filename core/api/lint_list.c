/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of the findings: adding one, and telling all in the order of the files. */
#include "api/lint_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct tenon__finding *tenon__lint_add(struct tenon__lint *lint,
				       const struct tenon__place *place,
				       const char *advice)
{
	struct tenon__finding *finding = &lint->lost;

	if (lint->count == lint->capacity) {
		size_t capacity = lint->capacity * 2 + 16;
		struct tenon__finding *grown =
			tenon__realloc(lint->findings, capacity,
				       sizeof(*lint->findings));

		lint->no_memory |= !grown;
		lint->findings = grown ? grown : lint->findings;
		lint->capacity = grown ? capacity : lint->capacity;
	}
	if (lint->count < lint->capacity) {
		finding = &lint->findings[lint->count];
		finding->number = lint->count++;
	}
	finding->name = lint->check ? lint->check->name : "error";
	finding->severity = lint->check ? lint->check->severity
					: TENON_FINDING_ERROR;
	finding->place = *place;
	finding->advice = advice;
	finding->silenced = false;
	finding->error = (struct tenon_error){ .code = 0 };
	return finding;
}

/* ---- telling ------------------------------------------------------------- */

/* Return the number of a text of the config, in the order in which the texts were given. */
static size_t text_number(const struct tenon_config *config, const char *where)
{
	const struct tenon__source *source = config->sources;
	size_t behind = 0;

	/* the list of sources begins with the last one; an error has the beginning of a long name */
	while (source && strncmp(source->where, where,
				 TENON_ERROR_WHERE_BYTES - 1) != 0) {
		source = source->next;
	}
	for (; source; source = source->next) {
		behind++;
	}
	return behind;
}

/* Return the name of the file of a finding, or "". */
static const char *where_of(const struct tenon__finding *finding)
{
	return finding->error.code ? finding->error.where : finding->place.where;
}

static int compare(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

/* A finding and the number of its text, for sorting. */
struct sorted {
	const struct tenon__finding *finding;
	size_t text;
};

/* For qsort(): the order in which two findings are told. */
static int compare_findings(const void *left, const void *right)
{
	const struct sorted *a = left, *b = right;
	const struct tenon__place *at = &a->finding->place;
	const struct tenon__place *other = &b->finding->place;
	const int orders[] = {
		compare(at->line == 0, other->line == 0),
		compare(a->text, b->text),
		compare(at->line, other->line),
		compare(at->column, other->column),
		compare(a->finding->number, b->finding->number),
	};
	size_t i = 0;

	while (orders[i] == 0 && i < sizeof(orders) / sizeof(orders[0]) - 1) {
		i++;
	}
	return orders[i];
}

/* Return the text of a finding: the message of an error without its place. */
static const char *text_of(const struct tenon__finding *finding)
{
	const struct tenon_error *error = &finding->error;
	char place[TENON_ERROR_WHERE_BYTES + 30];
	int len = snprintf(place, sizeof(place), "%s:%u:%u: ", error->where,
			   (unsigned)error->line, (unsigned)error->column);

	return error->line > 0 &&
			       strncmp(error->message, place, (size_t)len) == 0
		       ? error->message + len
		       : error->message;
}

static void tell(const struct tenon__finding *finding, tenon_finding_fn fn,
		 void *payload)
{
	fn(&(const struct tenon_finding){
		   .name = finding->name,
		   .severity = finding->severity,
		   .line = finding->place.line,
		   .column = finding->place.column,
		   .where = where_of(finding),
		   .text = text_of(finding),
		   .advice = finding->advice,
		   .error = finding->error.code ? &finding->error : NULL,
	   },
	   payload);
}

int tenon__lint_tell(const struct tenon__lint *lint, tenon_finding_fn fn,
		     void *payload)
{
	struct sorted *list = tenon__calloc(lint->count + 1, sizeof(*list));
	size_t count = 0;

	if (!list) {
		return TENON_ENOMEM;
	}
	for (size_t i = 0; i < lint->count; i++) {
		const struct tenon__finding *finding = &lint->findings[i];

		if (!finding->silenced) {
			list[count++] = (struct sorted){
				finding,
				text_number(lint->config, where_of(finding)),
			};
		}
	}
	qsort(list, count, sizeof(*list), compare_findings);
	for (size_t i = 0; i < count; i++) {
		tell(list[i].finding, fn, payload);
	}
	tenon__free(list);
	return 0;
}
