#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage: TENON_TOY=NAME run.sh PROGRAM [ARGUMENT...]
#
# Run a test program whose clients and servers speak the language of a toy. The tests that
# the file left-out names cannot hold then: they get TAP's TODO directive with the reason. A
# test of the list that passes is a failure (XPASS), so the list has no line too many. A row of
# the list with a star holds for some rows of the test's own table.
set -eu

toys=$abs_top_srcdir/tests/toys
TENON_PLUGIN_PATH=$abs_top_builddir/tests/toys/.libs:${TENON_PLUGIN_PATH:-}
export TENON_PLUGIN_PATH
if test "$TENON_TOY" != meta; then # memcached knows no toy, but meta
	TENON_TOY_MEMCACHED=${MEMCACHED:-memcached}
	MEMCACHED=$abs_top_builddir/tests/toys/toy_memcached
	export TENON_TOY_MEMCACHED MEMCACHED
fi

# The libtenon of this folder, which knows the toys, takes the place of the installed one. libtool's
# script would put the latter first, so the program behind the script runs.
program=$1
shift
real=${program%/*}/.libs/${program##*/}
if test -x "$real" && test -e "$abs_top_builddir/tests/toys/.libs/libtenon.so"; then
	program=$real
	LD_LIBRARY_PATH=$abs_top_builddir/tests/toys/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
fi

output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
"$program" "$@" >"$output" || status=$?
awk -v toy="$TENON_TOY" -v list="$toys/left-out" '
	BEGIN {
		while ((getline line <list) > 0) {
			split(line, field, " ")
			all_rows = sub(/\*$/, "", field[1]) == 0
			if (line ~ /^#/ || (field[1] != toy && (field[1] != "both" || toy == "meta")))
				continue
			why = line
			sub(/^[^ ]+ +[^ ]+ +/, "", why)
			reason[field[2]] = why
			some_rows[field[2]] = !all_rows
		}
	}
	# A line is "ok 1 - FILE:CASE:TEST: MESSAGE".
	/^(not )?ok / {
		split($0, part, ":")
		test = part[3]
		if (test in reason) {
			if (some_rows[test] && !(test in fails))
				fails[test] = 0
			fails[test] += /^not/
			if (/^not/ || !some_rows[test])
				$0 = $0 " # TODO left out: " reason[test]
		}
	}
	{ print }
	END {
		for (test in fails)
			if (fails[test] == 0 && some_rows[test])
				print "not ok - ::" test ": all rows hold, so left-out has a line too many"
	}' "$output"
exit "$status"
