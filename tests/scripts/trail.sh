#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# core/README.md says in which files a change belongs. This test makes one of those changes, a
# new reply of memcached, in copies of the files that the table names and in no other, and
# parses the reply with the result. Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
row=$(grep '^| a reply code of memcached' "$abs_top_srcdir/core/README.md")

# edit FILE SED-EXPRESSION: change a copy of a file, which the row has to name
edit()
{
	case $row in
	*"\`${1#core/}\`"*) ;;
	*) echo "core/README.md does not name $1 for a reply code"; return 1 ;;
	esac
	mkdir -p "$scratch/$(dirname "$1")"
	sed "$2" "$abs_top_srcdir/$1" >"$scratch/$1"
	! cmp -s "$abs_top_srcdir/$1" "$scratch/$1" || {
		echo "nothing in $1 matches $2"
		return 1
	}
}

# BUSY answers a store command: no server says so today.
each_file_of_the_table_takes_its_part()
{
	edit include/tenon/error.h 's|^\(\tTENON_SENT = \)\([0-9]*\),|&\n\tTENON_BUSY = 9,|' &&
	edit core/base/error.c 's|^\t{ TENON_SENT, "sent" },|&\n\t{ TENON_BUSY, "busy" },|' &&
	edit core/wire/verb.c 's/ANSWER(TENON_NOT_STORED))/ANSWER(TENON_NOT_STORED) | ANSWER(TENON_BUSY))/' &&
	edit core/wire/classic.c 's|^\t\tWORD("EXISTS", TENON_EXISTS),|&\n\t\tWORD("BUSY", TENON_BUSY),|'
}

write_program()
{
	cat >"$scratch/busy.c" <<'HERE'
#include <stdio.h>
#include <string.h>

#include "wire/classic.h"

int main(void)
{
	static struct tenon__health health;
	struct tenon_slice key = { "k", 1 };
	struct tenon_item item = { .key = key, .value = key };
	struct tenon__request request = { .verb = tenon__verb_of(TENON_SET),
					  .item = &item };
	struct tenon_result result = { 0 };
	struct tenon__requests requests = { .keys = &key, .list = &request,
					    .results = &result };
	struct tenon__block_cache blocks = { 0 };
	static struct tenon__wire wire;

	wire.requests = &requests;
	wire.health = &health;
	if (tenon__wire_begin(&wire, 0) != 0 ||
	    !(wire.block = tenon__block_get(&blocks, 100))) {
		return 1;
	}
	tenon__wire_rewind(&wire);
	tenon__classic_write(&wire);
	wire.piece = wire.piece_count; /* sent */
	memcpy(wire.block->data, "BUSY\r\n", 6);
	wire.block->filled = 6;
	int verdict = tenon__classic_read(&wire);
	printf("%d %s\n", verdict, tenon_status_name(result.status));
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
	compile "$scratch/core/wire/classic.c" "$scratch/classic.o" &&
	compile "$scratch/busy.c" "$scratch/busy.o"
}

# The rest of the library is as it was built.
the_new_reply_is_understood()
{
	# shellcheck disable=SC2086
	(cd "$abs_top_builddir" && ./libtool --quiet --tag=CC --mode=link $CC ${SANITIZER_CFLAGS:-} \
		-o "$scratch/busy" "$scratch/busy.o" "$scratch/error.o" "$scratch/verb.o" \
		"$scratch/classic.o" core/libtenon-core.la) || return 1
	answer=$("$scratch/busy")
	test "$answer" = "1 busy" || {
		echo "found '$answer', expected '1 busy'"
		return 1
	}
}

try each_file_of_the_table_takes_its_part each_file_of_the_table_takes_its_part
try the_changed_files_compile the_changed_files_compile
try the_new_reply_is_understood the_new_reply_is_understood
plan
