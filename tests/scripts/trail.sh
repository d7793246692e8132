#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# core/README.md says in which files a change belongs. This test makes two of those changes, a
# reply that answers a request and an error line, in copies of the files that the rows name and
# in no other, and parses both replies with the result. Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
answer_row=$(grep '^| a reply code of memcached' "$abs_top_srcdir/core/README.md")
error_row=$(grep '^| a reply that is an error line' "$abs_top_srcdir/core/README.md")

# edit ROW FILE SED-EXPRESSION: change the copy of a file, which the row has to name
edit()
{
	case $1 in
	*"\`${2#core/}\`"*) ;;
	*) echo "core/README.md does not name $2 in the row: $1"; return 1 ;;
	esac
	mkdir -p "$scratch/$(dirname "$2")"
	test -e "$scratch/$2" || cp "$abs_top_srcdir/$2" "$scratch/$2"
	sed "$3" "$scratch/$2" >"$scratch/edited"
	! cmp -s "$scratch/edited" "$scratch/$2" || {
		echo "nothing in $2 matches $3"
		return 1
	}
	mv "$scratch/edited" "$scratch/$2"
}

# BUSY answers a store command: no server says so today.
the_row_of_an_answer_is_enough()
{
	edit "$answer_row" include/tenon/error.h 's|^\tTENON_SENT = [0-9]*,|&\n\tTENON_BUSY = 9,|' &&
	edit "$answer_row" core/base/error.c 's|^\t{ TENON_SENT, "sent" },|&\n\t{ TENON_BUSY, "busy" },|' &&
	edit "$answer_row" core/wire/verb.c \
		's/ANSWER(TENON_NOT_STORED))/ANSWER(TENON_NOT_STORED) | ANSWER(TENON_BUSY))/' &&
	edit "$answer_row" core/wire/classic/read.c \
		's|^\t\tWORD("EXISTS", TENON_EXISTS),|&\n\t\tWORD("BUSY", TENON_BUSY),|'
}

# So is LOCKED, an error line.
the_row_of_an_error_line_is_enough()
{
	edit "$error_row" include/tenon/error.h 's|^\tTENON_ENOMEM = -1,|&\n\tTENON_ELOCKED = -31,|' &&
	edit "$error_row" core/base/error.c 's|^\t{ TENON_SENT, "sent" },|&\n\t{ TENON_ELOCKED, "locked" },|' &&
	edit "$error_row" core/wire/reply.h \
		's|^\treturn TENON__STARTS(line, len, "ERROR") ? |\tif (TENON__STARTS(line, len, "LOCKED")) {\n\t\treturn TENON_ELOCKED;\n\t}\n&|'
}

write_program()
{
	cat >"$scratch/busy.c" <<'HERE'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/classic/classic.h"

/* The status of a set that a server answers with this line. */
static const char *status_of(const char *line)
{
	static struct tenon__tally tally;
	struct tenon_slice key = { "k", 1 };
	struct tenon_item item = { .key = key, .value = key };
	struct tenon__request request = { .verb = tenon__verb_of(TENON_SET),
					  .item = &item, .key = key };
	struct tenon_result result = { 0 };
	struct tenon__block_cache blocks = { 0 };
	struct tenon__wire wire = { .tally = &tally };

	if (tenon__wire_begin(&wire, &request) != 0 ||
	    !(wire.block = tenon__block_get(&blocks, 100))) {
		return "no memory";
	}
	request.result = &result;
	tenon__wire_rewind(&wire);
	tenon__classic_write(&wire);
	wire.piece = wire.piece_count; /* sent */
	wire.block->filled = strlen(line);
	memcpy(wire.block->data, line, wire.block->filled);
	(void)tenon__classic_read(&wire);
	tenon__block_put_all(&blocks, wire.block);
	tenon__block_cache_fini(&blocks);
	free(wire.send_buffer);
	return tenon_status_name(result.status);
}

int main(void)
{
	printf("%s, %s\n", status_of("BUSY\r\n"), status_of("LOCKED\r\n"));
	return 0;
}
HERE
}

# compile FILE.c OBJECT: against the changed copies, then against the rest of the tree
compile()
{
	# shellcheck disable=SC2086
	$CC -std=gnu11 ${SANITIZER_CFLAGS:-} -include "$abs_top_builddir/config.h" -I"$scratch/include" \
		-I"$scratch/core" -I"$abs_top_srcdir/include" -I"$abs_top_srcdir/core" -c "$1" -o "$2"
}

the_changed_files_compile()
{
	write_program
	compile "$scratch/core/base/error.c" "$scratch/error.o" &&
	compile "$scratch/core/wire/verb.c" "$scratch/verb.o" &&
	compile "$scratch/core/wire/classic/read.c" "$scratch/read.o" &&
	compile "$scratch/busy.c" "$scratch/busy.o"
}

# The rest of the library is as it was built.
the_new_replies_are_understood()
{
	# shellcheck disable=SC2086
	(cd "$abs_top_builddir" && ./libtool --quiet --tag=CC --mode=link $CC ${SANITIZER_CFLAGS:-} \
		-o "$scratch/busy" "$scratch/busy.o" "$scratch/error.o" "$scratch/verb.o" \
		"$scratch/read.o" core/libtenon-core.la) || return 1
	answer=$("$scratch/busy")
	test "$answer" = "busy, locked" || {
		echo "found '$answer', expected 'busy, locked'"
		return 1
	}
}

try the_row_of_an_answer_is_enough the_row_of_an_answer_is_enough
try the_row_of_an_error_line_is_enough the_row_of_an_error_line_is_enough
try the_changed_files_compile the_changed_files_compile
try the_new_replies_are_understood the_new_replies_are_understood
plan
