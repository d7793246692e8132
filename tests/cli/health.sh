#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon health: real servers that are up, refuse, stopped and gone. tests/tools/test_screen.c
# has the tests of a terminal.
. "$abs_top_srcdir/tests/cli/lib.sh"
start_cluster
good=$abs_top_builddir/tests/zoo/good/.libs
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

begin a_server_that_a_local_limit_kept_from_being_asked_is_not_failing
run_limited 4 3 -c tenon.yaml health
check 'two not asked' test "$(grep -c ' not asked  *[0-9].*Too many open files' out)" -eq 2
run_limited 4 3 -c tenon.yaml --json health
out_has '"state": "not asked"'
check 'both have it' test "$(grep -c '"errno": [1-9]' out)" -eq 2
end

begin json_has_state_last_error_and_latencies
run 0 $patient --servers "$one mc-one" set k v
run 0 $patient --servers "$one mc-one" get k
run 3 -c tenon.yaml --servers "$one mc-one,127.0.0.1:1 dead" --json health
out_has '^  "servers": \[$'
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
check 'errors of noreply requests' test "$(grep -A 1 '"noreply": {' out | grep -c '"errors": 0')" -eq 2
end

begin metrics_of_plugins_are_below_the_servers
run 0 health
check 'nothing without a metric' test "$(grep -c METRIC out)" -eq 0
run 0 --json health
out_has '^  "metrics": \[\]$'
run 0 --set "plugin_path=$good" --set failover=counts health
check 'servers, a line, titles and three metrics' test "$(wc -l <out)" -eq 9
check 'an empty line' test "$(sed -n 5p out)" = ''
out_has '^PLUGIN +METRIC +VALUE +HELP$'
out_has '^failover counts +instances_total +[1-9] +Instances that were made\.$'
out_has '^failover counts +last_key_len +0 +Bytes of the last key\.$'
run 0 --set "plugin_path=$good" --set failover=counts --json health
for line in '"kind": "failover"' '"plugin": "counts"' '"name": "instances_total"' '"type": "counter"' \
	'"type": "gauge"' '"value": [1-9]' '"help": "Instances that were made\."'; do
	out_has "^      $line"
done
run 0 --set "plugin_path=$good" --set failover=counts health --prometheus
out_has '^# HELP tenon_failover_counts_last_key_len Bytes of the last key\.$'
out_has '^# TYPE tenon_failover_counts_last_key_len gauge$'
out_has '^tenon_failover_counts_instances_total [1-9]$'
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

begin prometheus_text_says_that_it_is_a_probe
run 0 $patient --servers "$one mc-one" health --prometheus
out_has '^# A probe: tenon health has asked every server'
check 'comments come first' test "$(sed -n 1p out | cut -c 1-10)" = '# A probe:'
run 0 health --help
check 'no advice to collect counters' test "$(grep -c 'node_exporter\|\.prom' out)" -eq 0
out_has 'counters'
end

# The server answers every command with an error line, as the config has no password.
begin a_server_that_wants_a_password_is_misconfigured
echo user:password >passwords
start_server locked -Y passwords
run 3 $patient --servers "$address locked,$one mc-one" health
check 'not up' test "$(grep -c '^locked .* up ' out)" -eq 0
out_has "^locked  *$address  *misconfigured .* 1  .*wants user and password .key .auth..: .*\$"
out_has '^mc-one .* up '
err '1 of 2 servers is not up: locked .*wants user and password .*CLIENT_ERROR unauthenticated'
run 3 $patient --servers "$address locked" --json health
out_has '"state": "misconfigured"'
out_has '"answered": false'
out_has '"message": "the server wants user and password .key .auth..: ..CLIENT_ERROR unauthenticated..'
run 3 $patient --servers "$address locked" health --prometheus
out_has '^tenon_server_up\{server="locked"\} 0$'
out_has '^tenon_server_state\{server="locked",state="misconfigured"\} 1$'
out_has '^tenon_server_state\{server="locked",state="up"\} 0$'
end

begin a_server_without_meta_commands_is_misconfigured_with_meta
start_old old
run 3 $patient --servers "$address old,$one mc-one" --set protocol=meta health
out_has "^old  *$address  *misconfigured .* 1 .*it knows no meta commands, and the config says protocol: meta; set protocol: auto "
out_has '^mc-one .* up '
err '1 of 2 servers is not up: old .*it knows no meta commands'
run 3 $patient --servers "$address old" --set protocol=meta --json health
out_has '"state": "misconfigured"'
out_has '"message": "it knows no meta commands, '
run 0 $patient --servers "$address old" health
out_has "^old  *$address  *up "
no_err
run 0 $patient --servers "$one mc-one" --set protocol=meta health
no_err
end

begin contradictions_and_intervals_are_checked
run 2 health --prometheus --json
err 'neither --json nor --watch'
run 2 health --prometheus --watch
err 'neither --json nor --watch'
for interval in 0 0.05 1. 1x 86401 86400.1 999999; do
	run 2 health --watch "$interval"
	err "--watch is '$interval', expected seconds without a unit, 0.1 to 86400"
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
check 'an object a line' test "$(grep -vc '^{"servers":\[.*\]}$' looks)" -eq 0
no_err
end

# The misses were before the watch began, so the rate is less than 1 since the start.
begin a_watch_counts_the_interval_only
run 0 $patient --servers "$two" set k v
for miss in 1 2 3; do
	run 1 $patient --servers "$two" get absent
done
watch looks --json $patient --servers "$two" health --watch 0.1
await sh -c 'test "$(wc -l <looks)" -ge 2'
check 'no rate of hits without a get' test "$(grep -c hit_ratio looks)" -eq 0
run 0 $patient --servers "$two" get k k k k
await grep -q '"hit_ratio":1.0' looks
await sh -c 'tail -n 1 looks | grep -q "operations_per_second\":0.0"'
stop_watch INT
check 'no rate of hits in the first look' \
	test "$(head -n 1 looks | grep -c 'hit_ratio\|operations_per_second')" -eq 0
check 'rates of hits are those of an interval' \
	test "$(grep hit_ratio looks | grep -vc '"hit_ratio":1.0')" -eq 0
check 'a rate' grep -Eq '"operations_per_second":[1-9]' looks
check 'ten probes at most in each look' \
	test "$(grep -Ec '"probes":([2-9]|1[1-9])' looks)" -eq 0
end

state_of()
{
	tail -n 1 states | grep -q "\"server\":\"$1\",\"address\":\"[^\"]*\",\"state\":\"$2\""
}

only_four_is_down()
{
	state_of mc-four down && state_of mc-one up
}

begin a_watch_sees_a_server_hang_and_come_back
start_server four
four=$address
four_pid=$server_pid
watch states --json --set connect_timeout=20s --set poll_timeout=1s \
	--servers "$one mc-one,$four mc-four" health --watch=0.1
await state_of mc-four up
kill -STOP "$four_pid"
await only_four_is_down
check 'says why' grep -q '"message":"no complete answer within poll_timeout"' states
kill -CONT "$four_pid"
await state_of mc-four up
stop_watch INT
end

finish
