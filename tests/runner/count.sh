#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage: [SUBSET=yes] [LEFT_OUT="NAME..."] count.sh check|update FILE LOG...
#
# "check" compares the number of tests that each log says it ran with FILE, which has
# lines "NAME COUNT". So a test that does not run is noticed. "update" writes FILE anew.
# NAME is the name of the log without .log. A test that a log says it left out, because
# a plugin is not part of this build, counts as run. The names in LEFT_OUT are not part
# of this build. With SUBSET only the logs that exist are compared.
set -eu

action=$1
file=$2
shift 2

# Print "NAME COUNT OUT" for each log; OUT of its COUNT tests were left out. COUNT is
# the plan of the TAP log, which the driver has already compared with the results.
counts()
{
	for log in "$@"; do
		plan=$(sed -n 's/^1\.\.\([0-9][0-9]*\).*/\1/p' "$log" | tail -n 1)
		out=$(grep -c '^# left out: ' "$log" || true)
		echo "${log%.log} $((${plan:-0} + out)) $out"
	done | LC_ALL=C sort
}

left_out()
{
	test -r "$file" || return 0
	for name in ${LEFT_OUT:-}; do
		awk -v name="$name" '$1 == name' "$file"
	done
}

case $action in
update)
	{ counts "$@" | cut -d ' ' -f 1,2; left_out; } | LC_ALL=C sort -u >"$file.tmp"
	mv "$file.tmp" "$file"
	echo "$file: $(awk '{ n += $2 } END { print n " tests in " NR " programs" }' "$file")"
	;;
check)
	counts "$@" | awk -v file="$file" -v subset="${SUBSET:-}" \
		-v left_out="${LEFT_OUT:-}" '
	BEGIN {
		while ((getline line <file) > 0) {
			split(line, field, " ")
			expected[field[1]] = field[2]
		}
		count = split(left_out, field, " ")
		for (i = 1; i <= count; i++)
			optional[field[i]] = 1
	}
	function complain(text) {
		print "tests/runner/count.sh: " text
		bad = 1
	}
	{
		total += $2 - $3
		without += $3
		ran[$1] = 1
		if (!($1 in expected))
			complain($1 " ran " $2 " tests and is not listed")
		else if ($2 + 0 != expected[$1] + 0)
			complain($1 " ran " $2 " tests, expected " expected[$1])
	}
	END {
		for (name in expected) {
			if (!(name in ran) && !(name in optional) && !subset)
				complain(name " did not run, expected " \
					expected[name] " tests")
		}
		if (count > 0)
			print "left out by configure: " left_out
		if (bad) {
			print "If that is right, run: make update-expected-tests"
			exit 1
		}
		print total " tests ran in " NR " programs, as expected" \
			(without ? "; " without " left out with their plugins" : "")
	}'
	;;
*)
	echo "count.sh: '$action' is neither check nor update" >&2
	exit 2
	;;
esac
