#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Commands that read and write keys, on real servers.
. "$abs_top_srcdir/tests/cli/lib.sh"
start_cluster

begin set_is_silent_and_get_writes_the_bytes
run 0 set greeting 'hello world'
no_out
no_err
run 0 get greeting
printf 'hello world' >want
check 'no newline is added' cmp -s out want
end

begin routing_key_is_for_every_command_on_items
run 0 where group
place=$(cut -f 2 out)
for i in 1 2 3 4 5 6 7 8 9; do
	run 0 where "n$i"
	test "$(cut -f 2 out)" = "$place" || break
done
run 0 set "n$i" 7 --routing-key group
run 1 get "n$i"
run 0 get "n$i" --routing-key group
out 7
run 0 get --explain "n$i" --routing-key group
out_has "$place"
run 0 incr "n$i" --routing-key=group
out 8
run 0 decr "n$i" 3 --routing-key group
out 5
run 0 touch "n$i" --ttl 1h --routing-key group
run 0 gat "n$i" --ttl 1h --routing-key group
out 5
run 0 append "n$i" 0 --routing-key group
run 0 prepend "n$i" 1 --routing-key group
run 0 replace "n$i" 9 --routing-key group
run 1 add "n$i" 9 --routing-key group
run 1 cas "n$i" 9 --cas 1 --routing-key group
run 0 delete "n$i" --routing-key group
run 1 get "n$i" --routing-key group
end

begin missing_key_is_status_1
run 1 get nothing
no_out
err "'nothing': no such key"
run 1 delete nothing
err 'no such key'
run 1 touch nothing --ttl 5
run 1 incr nothing
run 1 replace nothing value
run 1 append nothing value
run 1 prepend nothing value
run 1 cas nothing value --cas 1
run 1 gat nothing --ttl 5
end

begin value_comes_from_file_stdin_or_argument
head -c 100000 /dev/urandom >bytes
run 0 set file --file bytes
run 0 get file
check 'file came back' cmp -s out bytes
input=$dir/bytes
run 0 set stdin
run 0 set dash -
input=/dev/null
run 0 get stdin
check 'stdin came back' cmp -s out bytes
run 0 get dash
check 'dash came back' cmp -s out bytes
run 0 set minus -- -5
run 0 get minus
out -5
run 0 set empty ''
run 0 get empty
no_out
end

begin unreadable_file_stores_nothing
run 2 set unreadable --file missing
err 'missing: No such file'
run 1 get unreadable
end

begin value_above_the_limit_is_refused
head -c 70000 /dev/zero >zeros
run 2 --set max_value_bytes=64KiB set big --file zeros
err 'key "big": value of 70000 bytes: more than max_value_bytes \(65536\)'
run 1 get big
end

begin several_keys_have_headers
run 0 set a 1 --flags 7
run 0 set b 'two
lines'
run 0 get a b
out 'VALUE a 7 1
1
VALUE b 0 9
two
lines'
run 1 get a none b none2
out_has '^VALUE b 0 9'
err "'none' and 1 more: no such key"
end

begin output_goes_to_a_file
run 0 get --output copy file
no_out
check 'the file is the value' cmp -s copy bytes
run 1 get --output copy none
check 'a miss leaves the file' cmp -s copy bytes
run 3 get --output missing/copy file
err 'missing/copy: No such file'
end

begin add_and_replace_look_first
run 0 add once 1
run 1 add once 2
err 'not stored, the key exists'
run 0 replace once 3
run 0 get once
out 3
end

begin append_and_prepend_extend
run 0 set middle b
run 0 append middle c
run 0 prepend middle a
run 0 get middle
out abc
end

begin cas_stores_only_over_an_unchanged_value
run 0 set compared 1
run 0 get --cas compared
out_has '^VALUE compared 0 1 [0-9]+$'
unique=$(awk 'NR == 1 { print $5 }' out)
run 0 cas compared 2 --cas "$unique"
run 1 cas compared 3 --cas "$unique"
err 'changed since'
run 0 get compared
out 2
end

begin delete_takes_many_keys
run 0 set x 1
run 0 set y 1
run 1 delete x y z
err "'z': no such key"
run 1 get x y
end

begin ttl_and_exptime_expire
run 0 set short 1 --exptime -1
run 1 get short
run 0 set long 1 --ttl 60d
run 0 get long
out 1
run 0 touch long --ttl 2h
run 0 gat long --ttl 1d
out 1
run 0 touch long --exptime -1
run 1 get long
end

begin a_ttl_beyond_2038_is_kept
for ttl in 4200d 36500d 2592001 20000d; do
	run 0 set long 1 --ttl $ttl
	no_err
	run 0 get long
	run 0 set long 2
	run 0 touch long --ttl $ttl
	run 0 get long
	run 0 gat long --ttl $ttl
	out 2
	run 0 get long
done
run 0 set long 3 --exptime 2147483648
run 0 get long
run 0 touch long --exptime 4294967296
run 0 get long
end

begin an_exptime_that_is_past_is_warned_of
run 0 set past 1 --exptime 2592001
err 'warning: --exptime 2592001 .* UNIX time, 31 January 1970.*--ttl 2592001'
run 1 get past
run 0 set past 1 --exptime 2592000
no_err
run 0 touch past --exptime 1000000000
err 'warning: .*09 September 2001'
run 0 set past 1 --exptime 2000000000
no_err
run 0 get past
end

begin an_exptime_without_a_meaning_is_refused
for exptime in -2 4294967297; do
	run 2 set key 1 --exptime $exptime
	err "exptime $exptime has no meaning"
	run 2 touch key --exptime $exptime
	err "exptime $exptime has no meaning"
	run 2 gat key --exptime $exptime
	err "exptime $exptime has no meaning"
done
end

begin incr_and_decr_count
run 0 set number 40
run 0 incr number
out 41
run 0 incr number 9
out 50
run 0 decr number 100
out 0
run 0 set number 18446744073709551614
run 0 incr number
out 18446744073709551615
run 0 --json incr number 0
out_has '"number": "18446744073709551615"'
run 0 set word abc
run 3 incr word
err "'word': .*non-numeric"
end

begin absent_numbers_have_an_initial_value
run 1 incr fresh
run 0 incr fresh 5 --initial 10 --ttl 1h
out 10
run 0 incr fresh 5 --initial 10
out 15
run 0 decr stock --ttl 1h
out 0
run 0 decr stock
out 0
run 2 incr fresh --ttl 1h --exptime 5
end

begin info_shows_what_the_server_knows
run 0 set known hello --ttl 1h --flags 5
run 1 info known unknown
out_has '^known: 5 bytes, 3[56][0-9][0-9] s left, last access [0-9]* s ago, never read, flags 5.*, cas [0-9]*$'
err "'unknown': no such key"
run 0 get known
run 0 --set protocol=classic --json info known
for field in '"bytes": 5,' '"ttl_s": 3[56][0-9][0-9]' '"idle_s": [0-9]' \
	'"read": true' '"flags": 5' '"cas": [1-9]'; do
	out_has "$field"
done
run 0 touch known --ttl 0
run 0 info known
out_has 'known: 5 bytes, for ever'
run 0 --json info known
out_has '"ttl_s": null'
end

# The first look at a stale item wins the right to refresh it.
begin info_gives_the_right_to_refresh_back
run 0 set page old
run 0 delete --stale --ttl 1h page
for look in first second; do
	run 0 info page
	out_has '^page: 3 bytes, 3[56][0-9][0-9] s left, .*, cas [0-9]+, marks stale won$'
	no_err
done
run 0 --json info page
for field in '"stale": true' '"won": true' '"taken": false'; do
	out_has "$field"
done
run 0 mg page t
out_has '^HD t3[56][0-9][0-9] .*W'
run 0 info page
out_has ', marks stale taken$'
run 0 set fresh 1
run 0 info fresh
out_has ', cas [0-9]+$'
run 0 --json info fresh
out_has '"stale": false'
start_server nocas -C
run 0 $patient --servers "$address" set page old
run 0 $patient --servers "$address" delete --stale page
run 0 $patient --servers "$address" info page
out_has ', marks stale won$'
err "warning: 'page': this look has won the right to refresh the stale item, and cannot give it back: the server has no cas uniques$"
end

begin delete_can_leave_a_stale_value
run 0 set page old
run 0 delete --stale --ttl 1h page
run 0 get page
out old
run 0 info page
out_has '^page: 3 bytes, 3[56][0-9][0-9] s left'
run 1 delete --stale nothing
run 2 delete --ttl 1h page
err 'go with --stale only'
end

begin noreply_asks_for_no_answer
run 0 set quiet 1 --noreply
no_out
run 0 get quiet
out 1
run 0 --json incr quiet --noreply
out_has '"status": "sent"'
run 0 delete quiet --noreply
run 1 get quiet
end

begin json_has_every_field
run 0 set text 'a "quote"' --flags 3
run 1 --json get text none
out_has '^    "key": "text",$'
out_has '^    "status": "hit",$'
out_has '^    "flags": 3,$'
out_has '^    "bytes": 9,$'
out_has '^    "value": "a \\"quote\\""'
out_has '^    "server": "mc-(one|two|three)"'
out_has '^    "address": "(127.0.0.1:|/)'
out_has '^    "status": "miss",$'
printf '\000\377\001' >binary
run 0 set binary --file binary
run 0 --json get binary
out_has '^    "value_base64": "AP8B"'
for pad in 1 12 123 1234; do
	printf '\377%s' "$pad" >binary
	run 0 set binary --file binary
	run 0 --json get binary
	check "base64 of $(wc -c <binary) bytes" test \
		"$(sed -n 's/.*"value_base64": "\(.*\)".*/\1/p' out)" = \
		"$(base64 <binary)"
done
run 0 --json get --cas text
out_has '^    "cas": [0-9]+'
run 0 --json set text 1
out_has '"status": "stored"'
end

begin invalid_key_is_never_sent
run 2 set 'a b' value
err "'a b'"
run 2 get good 'a b' greeting
out_has '^VALUE greeting'
run 2 get "$(printf 'a\r\nflush_all')"
run 2 get 'a b' '' greeting
check 'each has its reason' grep -q "^tenon: 'a b': .*0x20" err
check 'each has its reason' grep -q "^tenon: '': .*empty" err
run 0 get greeting
end

begin options_stand_anywhere
run 0 get greeting --json
out_has '"value": "hello world"'
run 0 get --json greeting -c tenon.yaml
out_has '"value": "hello world"'
end

begin reader_that_goes_away_ends_the_program
head -c 1000000 /dev/zero >zeros
run 0 set zeros --file zeros
# the caller of this script may ignore SIGPIPE, and a shell cannot undo that
env --default-signal=PIPE "$tenon" get zeros 2>err | head -c 9 >out
check 'nine bytes' test "$(wc -c <out)" -eq 9
no_err
end

begin closed_stdout_is_no_connection
"$tenon" get greeting >&- 2>err
check 'status 3' test $? -eq 3
run 0 version
end

begin dead_server_is_status_3
run 3 --servers '127.0.0.1:1 dead' get one two
no_out
err "'one' and 1 more: .*dead"
run 3 --servers '127.0.0.1:1 dead' --json get one
out_has '"server": "dead"'
out_has '"address": "127.0.0.1:1"'
out_has '"text": "Connection refused"'
run 3 --servers '127.0.0.1:1 dead,127.0.0.1:2 gone' get 1 2 3 4 5 6 7 8 9
check 'a line for each server' test "$(wc -l <err)" -eq 2
check 'one and why' grep -q 'dead (127.0.0.1:1): .*Connection refused' err
check 'the other and why' grep -q 'gone (127.0.0.1:2): .*Connection refused' err
end

begin each_server_without_an_answer_has_its_reason
run_limited 4 3 -c tenon.yaml get $(seq 1 50)
check "two servers: $(cat err)" test "$(grep -c \
	': the server was not asked: Too many open files; .*RLIMIT_NOFILE$' err)" -eq 2
run_limited 4 3 -c tenon.yaml --json get $(seq 1 50)
out_has '"text": "the server was not asked: Too many open files; .*RLIMIT_NOFILE"'
end

begin any_number_of_keys_comes
seq 1 20000 >numbers
awk '{ print "many:" $1 }' numbers >keys
run 1 delete $(cat keys)
run 0 set many:1 first
run 0 set many:20000 last
run 1 get $(cat keys)
check 'two values' test "$(grep -c '^VALUE' out)" -eq 2
err "'many:2' and 19997 more: no such key"
run 1 --json touch --ttl 5 $(cat keys)
check 'one object for each key' test "$(grep -c '"key": ' out)" -eq 20000
check 'in order' test "$(grep '"key": ' out | tail -n 1)" = \
	'    "key": "many:20000",'
run 0 delete many:1 many:20000
end

# The first batch finds the server dead, and the batches after it know that.
begin many_keys_are_several_operations
run 3 --servers '127.0.0.1:1 dead' get $(seq 1 100)
check 'two lines' test "$(wc -l <err)" -eq 2
check 'first' grep -q "^tenon: '1' and [0-9]* more: dead (127.0.0.1:1): Connection refused" err
check 'others' grep -q "' and [0-9]* more: .*marked down" err
check 'all keys' test "$(sed 's/.* and \([0-9]*\) more.*/\1/' err |
	awk '{ n += $1 + 1 } END { print n }')" -eq 100
end

begin control_characters_in_json_are_escaped
key=$(printf 'c1\302\2331m\302\205')
run 0 set "$key" "$(printf 'a\302\233b\177\342\200\256c\303\251')"
run 0 --json get "$key"
out_has '"key": "c1.u009b1m.u0085"'
out_has '"value": "a.u009bb.u007f.u202ec'
check 'a letter stays' grep -q "$(printf 'c\303\251"')" out
check 'no C1' test -z "$(tr -d '\0-\177' <out | tr -d '\303\251')"
end

begin keys_in_messages_have_no_control_characters
run 1 get "$(printf 'x\302\2331m')" "$(printf 'x\2331m')"
check 'none' test -z "$(tr -d '\0-\177' <err)"
check 'escaped' grep -q 'x.xc2.x9b1m' err
end

if has_terminals; then
	begin keys_on_a_terminal_have_no_control_characters
	script -qec "'$tenon' where '$key' plain" /dev/null </dev/null >out
	out_has '^c1.xc2.x9b1m.xc2.x85'
	check 'none' test -z "$(tr -d '\0-\177' <out)"
	script -qec "'$tenon' get '$key' plain" /dev/null </dev/null >out 2>&1
	out_has '^VALUE c1.xc2.x9b1m.xc2.x85 0 '
	script -qec "'$tenon' --color=never set '$key' 1" /dev/null </dev/null >out
	out_has '^c1.xc2.x9b1m.xc2.x85 stored on mc-'
	run 0 where "$key"
	check 'a pipe gets the bytes' test "$(cut -f 1 out)" = "$key"
	end

	begin binary_goes_to_a_terminal_only_when_asked
	printf 'a\000b' >binary
	printf 'a\033[2Jb' >escape
	printf 'a\302\233b' >c1
	printf 'a\233b' >raw
	for file in binary escape c1 raw; do
		run 0 set terminal --file $file
		script -qec "'$tenon' get terminal" /dev/null </dev/null >out
		check "$file: status 2" test $? -eq 2
		out_has "^tenon: 'terminal': the value of [0-9]+ bytes is not text"
		check "$file is not printed" test -z "$(tr -d '\11-\15\40-\176' <out)"
		script -qec "'$tenon' get --output - terminal" /dev/null \
			</dev/null >out
		check "$file: status 0" test $? -eq 0
		tr -d '\r\n' <out | cmp -s - $file || complain "not $file"
		run 0 get terminal
		check "$file goes to a pipe" cmp -s out $file
		run 0 get terminal --output -
		check "$file goes to a pipe" cmp -s out $file
	done
	check 'no file is made' test ! -e -
	printf 'tab\tline\n\303\251\342\202\254' >text
	run 0 set terminal --file text
	script -qec "'$tenon' get terminal" /dev/null </dev/null >out
	check 'text: status 0' test $? -eq 0
	out_has "^tab"
	end

	begin terminal_gets_newline_and_confirmation
	script -qec "'$tenon' get greeting" /dev/null </dev/null >out
	check 'newline' test "$(wc -l <out)" -eq 1
	script -qec "'$tenon' --color=never set greeting x" /dev/null </dev/null >out
	out_has 'greeting stored on mc-(one|two|three)'
	end
else
	skip keys_on_a_terminal_have_no_control_characters 'no script(1), or no terminals'
	skip binary_goes_to_a_terminal_only_when_asked 'no script(1), or no terminals'
	skip terminal_gets_newline_and_confirmation 'no script(1), or no terminals'
fi

begin a_command_that_chooses_meta_says_what_it_needs
start_old old
for command in 'info k' 'incr k --initial 1' 'delete k --stale'; do
	# shellcheck disable=SC2086
	run 3 $patient --servers "$address old" $command
	err "old .*: the server knows no meta commands .it answered ERROR.; this command needs meta commands, which memcached 1\\.6\\.18 and later know$"
done
run 3 $patient --servers "$address old" --json info k
out_has '"text": "the server knows no meta commands .it answered ERROR.; this command needs meta commands, '
run 3 $patient --servers "$address old" --set protocol=meta get k
err 'the config needs protocol: classic$'
start_old shut closes
run 3 $patient --servers "$address shut" info k
err 'closed by the server.*; this command needs meta commands, which memcached 1\.6\.18 and later know$'
end

finish
