# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
# To be sourced by a script whose tests are shell commands. Reports in TAP.

number=0
failed=no

# try NAME COMMAND...: run a test. The output of a command that fails is shown.
try()
{
	name=$1
	shift
	number=$((number + 1))
	if output=$("$@" 2>&1); then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		failed=yes
		echo "$output" | sed 's/^/# /'
	fi
}

# skip NAME REASON: count a test that this machine cannot run as skipped.
skip()
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# Print the plan, after the last test.
plan()
{
	echo "1..$number"
}
