# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
# To be sourced, with a toy in $toy, and perhaps programs in $programs: run the programs in the
# language of the toy, each as one test. `make check-toys` runs them all. Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Fail when a test fails, when a test of the list of those left out passes, and when none ran.
holds()
{
	TENON_TOY=$toy sh "$abs_top_srcdir/tests/toys/run.sh" \
		"$abs_top_builddir/tests/$1" >"$log"
	if grep '^not ok' "$log" | grep -v '# TODO' || grep '^ok .*# TODO' "$log"; then
		return 1
	fi
	grep -q '^ok' "$log"
}

# shellcheck disable=SC2086
for program in ${programs:-client/test_calls client/test_client client/test_cut \
	client/test_protocol client/test_sink}; do
	try "$program in the language of $toy" holds "$program"
done
plan
