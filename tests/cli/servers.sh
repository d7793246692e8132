#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Commands that go to every server.
. "$abs_top_srcdir/tests/cli/lib.sh"
start_cluster

begin version_lists_servers_in_order
run 0 version
check 'three lines' test "$(wc -l <out)" -eq 3
check 'order' test "$(cut -d ' ' -f 1 out | tr '\n' ' ')" = \
	'mc-one mc-two mc-three '
out_has "^mc-one  *$one  *[0-9]+\.[0-9]+"
run 0 --json version
out_has '"version": "[0-9]+\.'
end

begin columns_are_aligned_in_any_alphabet
run 0 $patient --servers "$one abcd,$two 漢字,$three grün" version
out_has "^abcd  $one "
out_has "^漢字  $two "
out_has "^grün  $three "
end

begin stats_have_a_table_per_server
run 0 stats
check 'three titles' test "$(grep -c '^mc-' out)" -eq 3
check 'three pids' test "$(grep -c '^  pid  *[0-9]' out)" -eq 3
run 0 stats settings
check 'arguments arrive' grep -q '^  maxbytes  *67108864' out
run 0 --json stats
check 'three objects' test "$(grep -c '"pid": "' out)" -eq 3
run 3 stats nonsense
end

begin stats_lines_of_any_form_are_kept
for n in 1 2 3 4 5 6 7 8 9; do
	"$tenon" set "dumped:$n" x
done
# A server lists an item some time after it was stored: a thread of its own moves the item.
nine_are_listed()
{
	run 0 stats cachedump 1 100
	test "$(grep -c '^  ITEM dumped:[0-9] \[1 b; [0-9]* s\]$' out)" -eq 9
}
await nine_are_listed
run 0 --json stats cachedump 1 100
check 'all items' test "$(grep -c '"line": "ITEM dumped:' out)" -eq 9
run 0 stats detail on
run 0 get dumped:1
run 0 stats detail dump
out_has '^  PREFIX dumped get 1 hit 1 set 0 del 0$'
run 0 stats detail off
run 3 stats cachedump
end

begin stats_without_end_are_read
run 0 stats sizes_enable
check 'three answers' test "$(grep -c '^  sizes_status  *enabled$' out)" -eq 3
run 0 set sized 1
run 0 stats sizes
out_has '^  [0-9]+  *[1-9]'
run 0 stats sizes_disable
check 'three answers' test "$(grep -c '^  sizes_status  *disabled$' out)" -eq 3
run 0 stats sizes
check 'three answers' test "$(grep -c '^  sizes_status  *disabled$' out)" -eq 3
end

begin ping_times_every_server
run 0 ping
out_has "^mc-three  *$three  *up  *[0-9.]+  *[0-9]+\.[0-9]+  *[0-9]+\.[0-9]+\$"
run 0 --json ping
check 'three are up' test "$(grep -c '"state": "up"' out)" -eq 3
out_has '"answer_ms": [0-9.e-]+'
no_err
end

begin a_server_without_an_alias_is_named_once
for command in ping stats health 'get k' 'mg k' 'explain --online k' 'check --online'; do
	# shellcheck disable=SC2086 # a command and its words
	run 3 --servers 127.0.0.1:1 $command
	err '127\.0\.0\.1:1: .*Connection refused$'
	check "$command: $(cat err)" test "$(grep -c '(127' err)" -eq 0
done
run 3 --servers 127.0.0.1:1 --json ping
out_has '^      "errno": [0-9]+,$'
end

begin a_server_that_a_local_limit_kept_from_being_asked_is_not_down
run_limited 4 3 -c tenon.yaml ping
check 'one up' test "$(grep -c ' up ' out)" -eq 1
check 'two not asked' test "$(grep -c ' not asked  *local limit ' out)" -eq 2
check 'no word of the servers' test "$(grep -c ' down ' out)" -eq 0
run_limited 4 3 -c tenon.yaml --json ping
out_has '"state": "not asked"'
out_has '"errno": [1-9]'
check 'both have it' test "$(grep -c '"errno": [1-9]' out)" -eq 2
end

begin down_server_is_shown_and_named
run 3 -c tenon.yaml --servers "$one mc-one,127.0.0.1:1 dead" ping
out_has '^mc-one .* up '
out_has '^dead .* down '
err dead
run 3 -c tenon.yaml --servers "$one mc-one,127.0.0.1:1 dead" version
out_has '^mc-one .* [0-9]+\.'
out_has '^dead .*not connected: Connection refused$'
err dead
run 3 -c tenon.yaml --servers "$one mc-one,127.0.0.1:1 dead" stats
out_has '^  pid '
out_has '^dead '
end

begin flush_all_is_refused_by_default
run 0 set kept 1
run 2 flush-all
err 'every item of 3 servers.*--yes-flush'
run 2 --json flush-all
out_has '"error"'
run 0 get kept
out 1
end

begin flush_all_drops_everything_when_allowed
run 0 flush-all --yes-flush --delay 100
out_has '^mc-two .*in 100 s'
run 0 get kept
run 0 flush-all --yes-flush
out_has '^mc-two .*is gone'
run 1 get kept
run 0 set kept 1
run 0 --set enable_flush_all=true flush-all
run 1 get kept
end

begin moved_server_keeps_its_keys
run 0 --servers "$one a,$two b" where 1 2 3 4 5 6 7 8 9
cut -f 1,2 out >before
run 0 --servers "$one a,$three b" where 1 2 3 4 5 6 7 8 9
cut -f 1,2 out >after
check 'same aliases' cmp -s before after
end

# Every command with --json prints one JSON document, also when it fails.
parse=
for parser in 'jq -es length==1' 'python3 -m json.tool'; do
	test -n "$parse" || ! command -v "${parser%% *}" >/dev/null ||
		parse=$parser
done
if test -n "$parse"; then
	begin json_of_every_command_is_one_document
	printf 'x\0\377\n"\\' >bytes
	run 0 set binary --file bytes
	for line in 'get binary none' 'get --cas binary' 'gat binary --ttl 9' \
		'set n 1' 'add n 1' 'replace none 1' 'append n 1' 'prepend n 1' \
		'cas n 1 --cas 1' 'touch n --ttl 9' 'incr n' 'decr n' \
		'incr binary' 'delete n none' 'stats' 'stats nonsense' \
		'version' 'ping' 'health' 'flush-all' 'flush-all --yes-flush' \
		'where a b' 'where --count a b' 'check' 'plugins' \
		'plugins core' 'plugins none-such' 'where' 'bogus' '--bogus'; do
		# shellcheck disable=SC2086 # words are wanted
		"$tenon" --json $line </dev/null >out 2>err
		check "tenon --json $line" $parse out >parsed 2>&1
	done
	end
else
	skip json_of_every_command_is_one_document 'neither jq nor python3'
fi

begin ping_of_a_server_without_meta_commands_fails_with_meta
start_old old
run 3 $patient --servers "$address old,$one mc-one" --set protocol=meta ping
out_has '^old .* down +unknown command '
out_has '^mc-one .* up '
err 'old \(.*: it knows no meta commands, and the config says protocol: meta; set protocol: auto '
run 0 $patient --servers "$address old" ping
out_has '^old .* up +1\.4\.39 '
no_err
end

finish
