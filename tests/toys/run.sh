#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage: TENON_TOY=NAME run.sh PROGRAM [ARGUMENT...]
#
# Run a test program whose clients and servers speak the language of a toy. The tests that
# the file left-out names cannot hold then: they get TAP's TODO directive with the reason. A
# test of the list that passes is a failure (XPASS), so the list has no line too many.
set -eu

toys=$abs_top_srcdir/tests/toys
TENON_TOY_MEMCACHED=${MEMCACHED:-memcached}
MEMCACHED=$abs_top_builddir/tests/toys/toy_memcached
TENON_PLUGIN_PATH=$abs_top_builddir/tests/toys/.libs:${TENON_PLUGIN_PATH:-}
export TENON_TOY_MEMCACHED MEMCACHED TENON_PLUGIN_PATH

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
			if (line ~ /^#/ || (field[1] != toy && field[1] != "both"))
				continue
			why = line
			sub(/^[^ ]+ +[^ ]+ +/, "", why)
			reason[field[2]] = why
		}
	}
	# A line is "ok 1 - FILE:CASE:TEST: MESSAGE".
	/^(not )?ok / {
		split($0, part, ":")
		if (part[3] in reason)
			$0 = $0 " # TODO left out: " reason[part[3]]
	}
	{ print }' "$output"
exit "$status"
