#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage: [TEST_LIMIT_S=N] limit.sh COMMAND...
#
# Run a test. A test that has not ended after N seconds, by default 1800, fails: its processes
# are listed and then killed. The limit ends a test that hangs. It says nothing of speed: on the
# slowest machine known, the longest test takes 200 s. A slower machine sets TEST_LIMIT_S. The test's output goes through a file, not through a pipe: a process
# that the test left behind would hold the pipe open, and the reader of the pipe would
# wait for ever.
set -u

limit_s=${TEST_LIMIT_S:-1800}
begin_s=$(date +%s)
output=$(mktemp) || exit 1
pid=
clean_up()
{
	test -z "$pid" || kill "$pid" 2>/dev/null
	rm -f "$output"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# After N seconds timeout sends SIGURG: a test ignores it, and the shell's wait returns
# early, so that the shell prints the list. Ten seconds later timeout sends SIGKILL to
# all of them.
# shellcheck disable=SC2016
timeout -s URG -k 10 "$limit_s" sh -c '
	trap "ps --ppid 2 -p 2 --deselect -o pid,ppid,stat,etime,wchan:20,args --forest |
		cut -c 1-160 | sed \"s/^/# /\"" URG
	"$@" &
	until wait $!; status=$?; test $status -lt 128 || ! kill -0 $!; do :; done 2>&-
	exit $status' limit.sh "$@" >"$output" 2>&1 </dev/null &
pid=$!
wait "$pid"
status=$?
pid=
cat "$output"
test "$status" -ne 137 ||
	echo "Bail out! killed after $(($(date +%s) - begin_s)) s of $limit_s: $*"
exit "$status"
