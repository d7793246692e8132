/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Comments that silence findings: `# tenon: ignore NAME, NAME REASON` and, above the first key of a
 * file, `# tenon: ignore-file NAME, NAME REASON`. The reader looks at lines, not at YAML, so it also
 * takes such words in a quoted text for a comment.
 */
#include "api/lint_ignore.h"

#include <stdio.h>
#include <string.h>

#include "api/lint_checks.h"
#include "base/error.h"
#include "option/suggest.h"

#define DIRECTIVE "tenon:"
#define LINE_FORM "ignore"
#define FILE_FORM "ignore-file"
#define BLANKS " \t\r"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"
#define NAME_BYTES 48

/* The reader of one text, line by line. */
struct scan {
	struct tenon__lint *lint;
	bool notes;
	const struct tenon__source *source;
	uint32_t line;    /* of the text, from 1 */
	bool has_content; /* a line above has more than a comment */
};

/* One name of one comment. */
struct ignore {
	char name[NAME_BYTES];
	bool whole;                /* ignore-file */
	uint32_t target;           /* line of the findings; 0: the whole text */
	struct tenon__place place; /* of the comment */
};

/* ---- silencing ----------------------------------------------------------- */

static bool is_silenced_by(const struct tenon__finding *finding,
			   const struct ignore *ignore)
{
	bool is_here = finding->place.where == ignore->place.where;

	if (finding->severity == TENON_FINDING_ERROR ||
	    strcmp(finding->name, ignore->name) != 0) {
		return false;
	}
	if (ignore->target == 0) {
		/* a finding without a line is in no text, so each text may silence it */
		return is_here || finding->place.line == 0;
	}
	return is_here && finding->place.line == ignore->target;
}

static bool silence(struct tenon__lint *lint, const struct ignore *ignore)
{
	bool any = false;

	for (size_t i = 0; i < lint->count; i++) {
		struct tenon__finding *finding = &lint->findings[i];

		if (is_silenced_by(finding, ignore)) {
			finding->silenced = true;
			any = true;
		}
	}
	return any;
}

static bool is_known(const char *name, char suggestion[TENON__SUGGESTION_BYTES])
{
	struct tenon__suggestion near;

	tenon__suggest_begin(&near, name);
	for (const struct tenon__check *check = tenon__checks; check->name;
	     check++) {
		if (strcmp(check->name, name) == 0) {
			return true;
		}
		tenon__suggest_offer(&near, check->name);
	}
	tenon__suggest_print(suggestion, &near);
	return false;
}

static void note_unused(struct tenon__lint *lint, const struct ignore *ignore)
{
	const char *form = ignore->whole ? FILE_FORM : LINE_FORM;
	char suggestion[TENON__SUGGESTION_BYTES];

	lint->check = &tenon__unused_ignore;
	if (!is_known(ignore->name, suggestion)) {
		tenon__lint_say(lint, &ignore->place,
				"correct the name; tenon-config(1) lists the checks",
				"the comment `%s %s` silences nothing: no check that can be silenced has this name%s",
				form, ignore->name, suggestion);
		return;
	}
	tenon__lint_say(lint, &ignore->place,
			ignore->whole ?
				"remove the comment, or move it above the first key" :
				"remove the comment, or move it to the line of the finding",
			"the comment `%s %s` silences nothing", form,
			ignore->name);
}

static void apply(const struct scan *scan, const struct ignore *ignore)
{
	if (!silence(scan->lint, ignore) && scan->notes) {
		note_unused(scan->lint, ignore);
	}
}

/* ---- reading ------------------------------------------------------------- */

/* Return the end of a line: its newline, or the end of the text. */
static const char *line_end(const char *line)
{
	return line + strcspn(line, "\n");
}

static bool is_content(const char *line)
{
	line += strspn(line, BLANKS);
	return !strchr("#\n", *line); /* the end of the text is no content either */
}

/* Return true for a line that stands above the first key: `---`, or a directive such as %YAML. */
static bool is_head(const char *line)
{
	return *line == '%' || strncmp(line, "---", 3) == 0;
}

/* Find the `#` of a comment. Returns NULL when there is none. */
static const char *find_comment(const char *line, const char *end)
{
	for (const char *at = line; at < end; at++) {
		if (*at == '#' && (at == line || strchr(BLANKS, at[-1]))) {
			return at;
		}
	}
	return NULL;
}

/* Skip a word and the blanks behind it. Returns NULL when the text does not begin with the word. */
static const char *skip_word(const char *at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(at, word, len) != 0 || !strchr(BLANKS, at[len])) {
		return NULL;
	}
	return at + len + strspn(at + len, BLANKS);
}

/* Return the line of the content that a comment on a line of its own belongs to; 0: none follows. */
static uint32_t next_content(const struct scan *scan, const char *line)
{
	uint32_t number = scan->line;

	while (*line != '\0' && !is_content(line)) {
		line = line_end(line);
		line += *line == '\n';
		number++;
	}
	return *line == '\0' ? UINT32_MAX : number;
}

/* Read the names of a comment, "a, b", and silence the findings of each. */
static void read_names(const struct scan *scan, const char *at,
		       struct ignore *ignore)
{
	size_t len;

	do {
		at += strspn(at, "," BLANKS);
		len = strspn(at, NAME_CHARACTERS);
		snprintf(ignore->name, sizeof(ignore->name), "%.*s", (int)len,
			 at);
		if (len > 0) {
			apply(scan, ignore);
		}
		at += len + strspn(at + len, BLANKS);
	} while (len > 0 && *at == ',');
}

static void read_line(const struct scan *scan, const char *line)
{
	const char *comment = find_comment(line, line_end(line));
	/* the places of a text without a name have no lines: each comment is about the whole text */
	bool has_lines = scan->source->where[0] != '\0';
	struct ignore ignore = { .place = { scan->source->where, 0, 0 } };
	const char *at;

	if (!comment) {
		return;
	}
	at = skip_word(comment + 1 + strspn(comment + 1, BLANKS), DIRECTIVE);
	if (!at) {
		return;
	}
	if (has_lines) {
		ignore.place.line = scan->line;
		ignore.place.column = (uint32_t)(comment - line) + 1;
	}
	const char *names = skip_word(at, FILE_FORM);

	ignore.whole = names;
	names = names ? names : skip_word(at, LINE_FORM);
	if (!names) {
		return;
	}
	if (ignore.whole) {
		ignore.target = scan->has_content ? UINT32_MAX : 0;
	} else if (has_lines) {
		ignore.target = next_content(scan, line);
	}
	read_names(scan, names, &ignore);
}

static void read_text(struct scan *scan)
{
	const char *line = scan->source->text;

	scan->line = 1;
	scan->has_content = false;
	while (line && *line != '\0') {
		scan->has_content |= is_content(line) && !is_head(line);
		read_line(scan, line);
		line = line_end(line);
		line += *line == '\n';
		scan->line++;
	}
}

void tenon__lint_ignore(struct tenon__lint *lint, bool notes)
{
	struct scan scan = { .lint = lint, .notes = notes };

	for (scan.source = lint->config->sources; scan.source;
	     scan.source = scan.source->next) {
		if (!scan.source->key && scan.source->where) {
			read_text(&scan);
		}
	}
}
