# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Sourced by tools/check: runs the commands of its steps, counts their tests, and prints the last
# line. $summary has a line for each command that counts.

passed=0 failed=0 skipped=0
summary=()
child=

interrupted()
{
	if [[ -n $child ]]; then
		kill "$child" 2>/dev/null || true
		wait "$child" 2>/dev/null || true
	fi
	echo
	echo 'tools/check: interrupted' >&2
	exit 130
}
trap interrupted INT TERM HUP

# Print the last line whenever the script ends. An end before the last step counts as a failure.
finished=
closing_line()
{
	[[ -n $finished ]] || failed=$((failed + 1))
	local line="$passed passed, $failed failed"
	((skipped == 0)) || line+=", $skipped skipped"
	echo "$line"
}
trap closing_line EXIT

# run TITLE LOG COMMAND...: run the command with its output in LOG, and print how long it takes.
run()
{
	local title=$1 log=$2 start=$SECONDS shown=0 elapsed status=0
	shift 2
	"$@" </dev/null >"$log" 2>&1 &
	child=$!
	[[ -t 1 ]] || echo "  ... $title"
	while kill -0 "$child" 2>/dev/null; do
		elapsed=$((SECONDS - start))
		if [[ -t 1 ]]; then
			printf '\r  ... %-32s %4d s' "$title" "$elapsed"
		elif ((elapsed >= shown + 60)); then
			shown=$elapsed
			printf '  ... %-32s %4d s so far\n' "$title" "$elapsed"
		fi
		sleep 0.2
	done
	wait "$child" || status=$?
	child=
	[[ ! -t 1 ]] || printf '\r\033[K'
	printf '  %-3s %-32s %4d s\n' "$( ((status)) && echo BAD || echo ok)" \
		"$title" $((SECONDS - start))
	return "$status"
}

# Add automake's counts of a log to the totals. Sets $count to "N passed, ...".
count()
{
	local log=$1 ok bad skip
	ok=$(sum "$log" 'PASS|XFAIL')
	bad=$(sum "$log" 'FAIL|XPASS|ERROR')
	skip=$(sum "$log" 'SKIP')
	passed=$((passed + ok))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	failures=$bad
	count="$ok passed, $bad failed"
	((skip == 0)) || count+=", $skip skipped"
}

sum()
{
	awk -v names="^($2):\$" '$1 == "#" && $2 ~ names { n += $3 }
		END { print n + 0 }' "$1"
}

# prepare TITLE LOG COMMAND...: run a step without tests; it counts only when it fails.
prepare()
{
	local title=$1 log=$2
	if ! run "$@"; then
		failed=$((failed + 1))
		summary+=("BAD  $title: see $log")
		tail -n 25 "$log"
		return 1
	fi
}

# verdict TITLE LOG COMMAND...: run a step that counts as one test.
verdict()
{
	prepare "$@" || return 0
	passed=$((passed + 1))
	summary+=("ok   $1")
}

# tests TITLE LOG COMMAND...: run a step with tests. When it fails without a failed test, the
# step itself counts as one.
tests()
{
	local title=$1 log=$2 status=0 failures count
	run "$@" || status=$?
	count "$log"
	if ((status == 0)); then
		summary+=("ok   $title: $count")
		return 0
	fi
	if ((failures == 0)); then
		failed=$((failed + 1))
		grep -E '^tests/runner/count|^make.*\*\*\*|: error: ' "$log" |
			grep -v '^PASS: ' || tail -n 25 "$log"
	fi
	grep -E '^(FAIL|XPASS|ERROR): ' "$log" || true
	summary+=("BAD  $title: $count; see $log")
}
