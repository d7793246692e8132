#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon health: real servers that are up, stopped and gone; on a terminal, and as text
# for other programs.
. "$abs_top_srcdir/tests/cli/lib.sh"
start_cluster
duration='[0-9]+(\.[0-9]+)? (us|ms|s)'

begin every_server_has_a_row_with_state_counts_and_latencies
run 0 set k v
run 0 get k
run 0 health
check 'a title and three rows' test "$(wc -l <out)" -eq 4
out_has '^SERVER .*ADDRESS .*STATE .*FOR .*FAILS .*OPS .*HITS .*p50 .*p99 .*max'
out_has "^mc-one  *$one  *up  *[0-9].*  $duration  *$duration  *$duration"
out_has ' 100\.0 %  '
no_err
end

begin a_dead_server_is_shown_with_its_error
run 3 -c tenon.yaml --servers "$one mc-one,127.0.0.1:1 dead" health
out_has '^mc-one .* up '
out_has '^dead  *127.0.0.1:1  *down  *[0-9]+ s  *1  *- .*Connection refused'
err '1 of 2 servers is not up: dead .127.0.0.1:1.: Connection refused'
run 3 --servers '127.0.0.1:1 dead,127.0.0.1:2 gone' health
err '2 of 2 servers are not up, the first: dead'
end

begin json_has_state_last_error_and_latencies
run 0 --servers "$one mc-one" set k v
run 0 --servers "$one mc-one" get k
run 3 -c tenon.yaml --servers "$one mc-one,127.0.0.1:1 dead" --json health
out_has '"state": "up"'
out_has '"version": "[0-9]+\.'
out_has '"operations": [0-9]+'
out_has '"hit_ratio": (1\.0|0\.[0-9]+)'
out_has '"p99": [0-9]'
out_has '"state": "down"'
out_has '"last_error": \{'
out_has '"status": "not connected"'
out_has '"message": "Connection refused"'
out_has '"failures": 1'
check 'two objects' test "$(grep -c '"server": ' out)" -eq 2
end

begin prometheus_text_has_every_server
run 3 -c tenon.yaml --servers "$one mc-one,127.0.0.1:1 dead" health --prometheus
out_has '^# TYPE tenon_server_up gauge$'
out_has '^tenon_server_up\{server="mc-one"\} 1$'
out_has '^tenon_server_up\{server="dead"\} 0$'
out_has '^tenon_server_info\{server="dead",address="127.0.0.1:1"\} 1$'
out_has '^tenon_key_errors_total\{server="dead",status="not_connected"\} [1-9]'
out_has '^tenon_operation_duration_seconds_bucket\{server="mc-one",le="\+Inf"\} [1-9]'
out_has '^tenon_operation_duration_seconds_bucket\{server="dead",le="\+Inf"\} 0$'
end

begin contradictions_and_intervals_are_checked
run 2 health --prometheus --json
err 'neither --json nor --watch'
run 2 health --prometheus --watch
err 'neither --json nor --watch'
for interval in 0 0.05 1. 1x 86401 86400.1 999999; do
	run 2 health --watch "$interval"
	err "--watch is '$interval', expected seconds, 0.1 to 86400"
done
run 2 health --watch=
err "--watch is ''"
run 2 health now
err "'now' is one argument too many"
end

# watch FILE ARGUMENT...: start a watch in the background; $watcher is its process id.
watch()
{
	file=$1
	shift
	: >"$file" # what an earlier one has written must not be waited for
	"$tenon" "$@" >"$file" 2>err </dev/null &
	watcher=$!
}

stop_watch()
{
	kill -"$1" "$watcher"
	wait_for "$watcher"
	check "exit status 0 after $1" test $? -eq 0
}

begin a_watch_looks_again_until_it_is_told_to_stop
watch looks --color=always health --watch 0.2
await sh -c 'test "$(grep -c "of 3 up" looks)" -ge 3'
stop_watch INT
check 'no screen where there is no terminal' \
	test "$(grep -c '\[H\|\[J\|\[K' looks)" -eq 0
check 'rates' grep -q 'OPS/s' looks
no_err
watch looks --json health --watch 0.1
await sh -c 'test "$(wc -l <looks)" -ge 3'
stop_watch TERM
check 'an array a line' test "$(grep -vc '^\[.*\]$' looks)" -eq 0
no_err
end

state_of()
{
	tail -n 1 states | grep -q "\"server\":\"$1\",\"address\":\"[^\"]*\",\"state\":\"$2\""
}

begin a_watch_sees_a_server_hang_and_come_back
start_server four
four=$address
four_pid=$server_pid
watch states --json --servers "$one mc-one,$four mc-four" \
	--set connect_timeout=5s --set poll_timeout=200ms health --watch=0.1
await state_of mc-four up
kill -STOP "$four_pid"
await state_of mc-four down
check 'the other one is up' state_of mc-one up
check 'says why' grep -q '"message":"no complete answer within poll_timeout"' states
kill -CONT "$four_pid"
await state_of mc-four up
stop_watch INT
end

begin a_server_that_refuses_every_request_says_so
echo user:password >auth
memcached -u "$(id -un)" -t 1 -m 64 -s "$dir/auth.sock" -Y auth &
await test -S "$dir/auth.sock"
run 3 --servers "$dir/auth.sock mc-auth" health
out_has 'mc-auth .* refusing .* CLIENT_ERROR unauthenticated$'
run 3 --json --servers "$dir/auth.sock mc-auth" health
out_has '"state": "refusing"'
out_has '"message": "CLIENT_ERROR unauthenticated"'
run 3 --servers "$dir/auth.sock mc-auth" health --prometheus
out_has '^tenon_server_state{server="mc-auth",state="refusing"} 1$'
out_has '^tenon_server_state{server="mc-auth",state="up"} 0$'
end

if has_terminals; then
	begin a_terminal_is_a_screen_that_is_left_as_it_was
	# exec, because script(1) runs $SHELL, and not every shell replaces itself by
	# its last command
	script -qec "exec '$tenon' --color=always health --watch 0.2" typescript \
		</dev/null >screen 2>&1 &
	scripted=$!
	await sh -c 'test "$(grep -c "of 3 up" screen)" -ge 2'
	kill -INT "$(ps -o pid= --ppid "$scripted" | tr -d ' ')"
	wait_for "$scripted"
	check 'exit status 0 after INT' test $? -eq 0
	esc=$(printf '\033')
	check 'no cursor' grep -q "$esc\[?25l" screen
	check 'goes home' grep -q "$esc\[H" screen
	check 'ends lines' grep -q "$esc\[K" screen
	check 'erases nothing else but at first' \
		test "$(grep -c "$esc\[2J" screen)" -eq 1
	check 'cursor again' test "$(tail -c 40 screen | grep -c "$esc\[?25h")" -eq 1
	end
else
	skip a_terminal_is_a_screen_that_is_left_as_it_was 'no script(1), or no terminals'
fi

finish
