#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon check --online: servers are tried, and their answers judged.
. "${abs_top_srcdir:?}/tests/cli/lib.sh"

start_cluster

# Shorter than in lib.sh, because a stopped server takes all of poll_timeout.
patient='--set connect_timeout=5s --set poll_timeout=5s --set retry_timeout=5s'

begin all_servers_are_good
run 0 $patient check --online
no_err
out_has '^\./tenon.yaml: ok$'
out_has '^SERVER +ADDRESS +STATE +VERSION +LOOKUP +CONNECT +ANSWER +AUTH +CLOCK +ITEM MAX +OFFERS$'
for alias in mc-one mc-two mc-three; do
	out_has "^$alias +[^ ]+ +ok +[0-9.]+ +- +[0-9.]+ [mu]s +[0-9.]+ [mu]s +no +[-+0-9]+ s +1 MiB +meta gat cas flush_all\$"
done
check 'no finding' test "$(wc -l <out)" -eq 6
end

begin a_name_is_looked_up
run 0 --servers "localhost:${one##*:} mc" $patient check --online
out_has '^mc +localhost:[0-9]+ +ok +[^ ]+ +[0-9.]+ [mu]s '
end

begin a_local_limit_is_no_failure_of_the_server
run_limited 5 3 $patient check --online
out_has '^error: .*: the server was not asked: Too many open files \[local-limit\]$'
out_has '^  way out: raise the limit of this process or host: of open files with ulimit -n'
check 'nothing about the servers' test "$(grep -c 'start the server' out)" -eq 0
end

begin json_has_the_answers
run 0 --json $patient check --online
out_has '^  "file": "\./tenon.yaml",$'
out_has '^      "state": "ok",$'
out_has '^      "connect_ms": [0-9.]+,$'
out_has '^      "answer_ms": [0-9.]+,$'
out_has '^      "clock_skew_s": -?[0-9]+,$'
out_has '^      "item_max_bytes": 1048576,$'
out_has '^        "gat": true,$'
out_has '^  "findings": \[\]$'
end

start_server narrow -I 512k -C -F
narrow=$address
narrow_pid=$server_pid

begin limits_and_missing_offers_are_findings
run 1 --servers "$address x" --set enable_flush_all=true $patient \
	check --online
no_err
out_has '^x +[^ ]+ +warning .* 512 KiB +meta gat$'
out_has '^warning: x: .*524288 bytes .*\[item-max\]$'
out_has '^  way out: start memcached with a greater -I, or lower item_max$'
out_has '^warning: x: .*\[no-flush\]$'
out_has '^note: x: .*\[no-cas\]$'
run 1 --json --servers "$address x" $patient check --online
out_has '^      "name": "item-max",$'
out_has '^          "server": "x",$'
run 0 --servers "$address x" --set item_max=512KiB --set codecs=none $patient \
	check --online
out_has '^x +[^ ]+ +ok '
end

printf 'anna:open\n' >passwords
printf 'open\n' >right
printf 'shut\n' >wrong
chmod 600 right wrong
start_server locked -Y passwords

begin authentication_is_tried
cat >locked.yaml <<HERE
servers:
- {address: "$address", alias: mc, auth: {user: anna, password_file: right}}
- {address: "localhost:${address##*:}", alias: mc-two, auth: {user: anna, password_file: wrong}}
HERE
run 3 -c locked.yaml $patient check --online
err '1 of 2 servers cannot be used: mc-two \(.*: not authenticated: the server refuses user and password'
out_has '^mc +[^ ]+ +ok .* yes +[-+0-9]+ s '
out_has '^mc-two +[^ ]+ +error .* refused '
out_has '^  way out: give the user and the password that the server knows, by the key auth'
check 'no password' sh -c '! grep -qE "open|shut" out err'
end

# memcached -S needs a file with a mechanism. It answers no text, and closes behind 24 bytes of it.
recognised=a_server_that_speaks_only_binary_is_recognised
named=the_library_names_sasl
if memcached -h | grep -q -e --enable-sasl; then
	mkdir sasl
	echo 'mech_list: plain' >sasl/memcached.conf
	SASL_CONF_PATH=$dir/sasl
	export SASL_CONF_PATH
	start_server sasl -S
	sasl=$address
	start_server binary -B binary

	begin $recognised
	cat >binary.yaml <<-HERE
	servers:
	- {address: "$sasl", alias: short}
	- {address: "localhost:${sasl##*:}", alias: long, auth: {user: a-user-of-many-letters, password_file: right}}
	- {address: "$address", alias: open}
	- {address: "$one", alias: text}
	HERE
	run 3 -c binary.yaml $patient check --online
	err '3 of 4 servers cannot be used'
	out_has '^error: short, long: it wants SASL over the binary protocol, .* \[binary-protocol\]$'
	out_has '^error: open: it speaks only the binary protocol, .* \[binary-protocol\]$'
	out_has '^  way out: start memcached without -S '
	out_has '^text +[^ ]+ +ok '
	end

	begin $named
	run 3 --servers "$sasl x" $patient get a-key-of-more-than-24-bytes
	err 'closed by the server; the server may want TLS, .*, or SASL: `tenon check --online` tells$'
	run 3 --servers "$sasl x" --set connect_timeout=5s --set poll_timeout=300ms get k
	err 'no complete answer .*; the server has answered nothing yet: `tenon check --online` tries '
	end
else
	skip $recognised "memcached has no SASL"
	skip $named "memcached has no SASL"
fi

begin a_warning_of_the_config_counts_too
run 1 --set poll_timeout=4s check --online
check 'a warning' grep -q '\[poll-below-connect\]$' err
out_has '^mc-one .* ok '
end

begin a_config_with_errors_is_not_tried
run 2 --servers "$one a" --set nonsense=1 check --online
no_out
end

begin a_server_that_fails_is_status_3_and_holds_no_other
kill -STOP "$narrow_pid"
run 3 $patient --servers "$one a,$narrow stopped,x.invalid:1 x,/nowhere.sock path" \
	check --online
kill -CONT "$narrow_pid"
err '3 of 4 servers cannot be used, the first: stopped \(.*: timed out$'
out_has '^a +[^ ]+ +ok '
out_has '^stopped +[^ ]+ +error +- '
out_has '^error: stopped: .* timed out \[no-answer\]$'
out_has '^error: x: its name has no address: .*\[no-address\]$'
out_has '^error: path: no connection: No such file .*\[no-connection\]$'
end

start_old old
old=$address

begin a_server_without_meta_commands_cannot_be_used_with_meta
run 3 --servers "$old old,$one new" --set protocol=meta $patient check --online
err '1 of 2 servers cannot be used: old \(.*: it knows no meta commands, and the config says protocol: meta$'
out_has '^old +[^ ]+ +error +1\.4\.39 '
out_has '^error: old: it knows no meta commands, and the config says protocol: meta \[no-meta\]$'
out_has '^  way out: set protocol: auto or classic, or use memcached 1\.6\.18 or later$'
out_has '^new +[^ ]+ +ok .* meta gat cas flush_all$'
check 'no note about gat' test "$(grep -c no-gat out)" -eq 0
run 0 --servers "$old old" --set protocol=auto $patient check --online
out_has '^old +[^ ]+ +ok '
out_has '^note: old: it does not know gat \[no-gat\]$'
out_has '^note: old: it has no meta commands, .* \[no-meta\]$'
end

begin the_manual_has_every_finding
sed -n 's/.*TENON_FINDING_[A-Z]*, "\([a-z-]*\)".*/\1/p' \
	"$abs_top_srcdir/tools/tenon/online_judge.c" | sort -u >names
check 'many names' test "$(wc -l <names)" -ge 12
sed '1,/^The findings are:/d; /^\.It Ic import/,$d' \
	"$abs_top_srcdir/tools/man/tenon-config.1" |
	sed -n 's/^\.It Cm \([a-z, -]*\) Pq .*/\1/p' | tr -d ' ' | tr , '\n' |
	sort >manual
check 'the same names' test "$(cat names)" = "$(cat manual)"
end

finish
