# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
# Sourced by scripts whose tests are commands. Reports in TAP.

number=0

# try NAME COMMAND...: a test; what the command prints is shown when it fails
try()
{
	name=$1
	shift
	number=$((number + 1))
	if output=$("$@" 2>&1); then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		echo "$output" | sed 's/^/# /'
	fi
}

# skip NAME REASON: for what the machine cannot do; it counts as a test
skip()
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# The plan, behind the last test.
plan()
{
	echo "1..$number"
}
