#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# mg, ms, md, ma, mn and me: memcached's meta commands in the words of the user.
. "${abs_top_srcdir:?}/tests/cli/lib.sh"
start_cluster
echo 'prefix: app/' >>tenon.yaml

printf 'hello' >hello
printf 'a\r\nb\0MN\r\n\377' >binary
head -c 100000 /dev/urandom >noise

# store KEY FLAG...: ms with the value hello
store()
{
	input=hello
	run 0 ms "$@"
	input=/dev/null
}

begin a_value_is_stored_and_read
store k T0 F5
out HD
no_err
run 0 mg k v f t s k
out 'VA 5 f5 t-1 s5 kapp/k
hello'
no_err
run 0 mg k f
out 'HD f5'
end

begin get_and_mg_have_the_same_keys
store k T0
run 0 get k
out hello
run 0 set from-set 12
run 0 mg from-set v
out 'VA 2
12'
end

begin a_miss_is_status_1
run 1 mg none v
out EN
no_err
run 1 mg none v q
no_out
no_err
run 1 md none
out NF
run 1 ma none
out NF
run 1 me none
out EN
end

begin a_condition_that_does_not_hold_is_status_1
store k T0
input=hello
run 1 ms k ME
out NS
run 1 ms none MR
out NS
run 1 ms k C1 Oab
out 'EX Oab'
run 1 ms none C1
out NF
input=/dev/null
run 1 md k C1
out EX
end

begin a_quiet_command_that_worked_says_nothing
store k T0 q
no_out
no_err
run 0 md k q
no_out
run 1 mg k
out EN
end

begin values_of_any_bytes_go_and_come
for file in binary noise; do
	run 0 ms "$file" T0 --file "$file"
	out HD
	run 0 get "$file"
	check "$file came back" cmp -s out "$file"
	run 0 mg "$file" v
	echo "VA $(wc -c <"$file")" >expected
	cat "$file" >>expected
	echo >>expected
	check "$file stands behind its line" cmp -s out expected
done
input=noise
run 0 ms piped
input=/dev/null
run 0 get piped
check 'the pipe came back' cmp -s out noise
run 0 ms empty --file /dev/null
run 0 mg empty v
out 'VA 0'
end

begin numbers_are_made_and_counted
run 0 ma n N0 J5 v
out 'VA 1
5'
run 0 ma n MD D2 v t
out 'VA 1 t-1
3'
run 0 ma n
out HD
end

begin a_stale_value_has_one_winner
store stale T0
run 0 md stale I T30
out HD
run 0 mg stale v
out_has '^VA 5( [WX]){2}$'
run 0 mg stale v
out_has '^VA 5( [ZX]){2}$'
run 0 mg new N30 v
out_has '^VA 0 W$'
end

begin me_tells_of_the_item
store k T0
run 0 me k
out_has '^ME app/k exp=-1 la=[0-9]+ cas=[0-9]+ fetch=no cls=[0-9]+ size=[0-9]+$'
end

begin mn_needs_a_server_when_there_are_several
run 2 mn
no_out
err 'mn has no key that decides the server: give --server NAME'
run 0 mn --server mc-two
out MN
run 0 --servers "$one one" $patient mn
out MN
run 2 mn key
err "mn: 'key' is one argument too many"
end

begin the_server_can_be_named
store k T0
run 0 where k
home=$(cut -f 2 out)
for asked in mc-one mc-two mc-three "$one" "$three"; do
	run 0 --json mn --server "$asked"
	out_has "\"(server|address)\": \"$asked\""
	case $asked in
	mc-*)
		expected=1
		test "$asked" != "$home" || expected=0
		run "$expected" mg k --server "$asked"
		;;
	esac
done
run 2 mg k --server mc-twa
err "the config has no server 'mc-twa', did you mean 'mc-two'\\?"
run 2 mg k --server nowhere
err "the config has no server 'nowhere' "
end

begin a_routing_key_decides_the_server
for key in 1 2 3 4 5 6; do
	run 0 where --routing-key "user:$key" k
	home=$(sed 's/.*\(mc-[a-z]*\).*/\1/' out)
	run 1 --json mg none --routing-key "user:$key"
	out_has "\"server\": \"$home\""
done
run 2 mg k --routing-key u --server mc-one
err '--server and --routing-key are both given'
end

begin a_key_in_base64_is_sent_as_it_is
run 2 mg Zm9v b
err 'a key in base64 \(flag b\) does not tell its home server: give --server NAME or --routing-key KEY'
run 2 mg Zm9v 'v b' k
err 'a key in base64 \(flag b\) does not tell its home server'
input=hello
run 0 ms Zm9v b T0 --server mc-one
input=/dev/null
run 0 mg Zm9v b v k --server mc-one
out_has '^VA 5 kZm9v b$'
out_has '^hello$'
run 0 --set prefix= mg foo v --server mc-one
out 'VA 5
hello'
end

begin any_protocol_and_no_codec
store k T0
for protocol in classic meta auto; do
	run 0 --set "protocol=$protocol" mg k v
	out 'VA 5
hello'
done
head -c 5000 /dev/zero >zeros
run 0 --set 'codecs=[zlib: {threshold: 100B}]' ms plain --file zeros
run 0 mg plain s
out 'HD s5000'
end

begin a_key_that_cannot_be_sent_is_status_2
run 2 mg 'a b' v
err "the key has byte 0x20"
run 1 --set protocol=meta --json mg 'a b' v
out_has '"request": "mg YXBwL2EgYg== b v"'
out_has '^      "flag": "b",$'
run 1 --set protocol=meta mg --explain 'a b' v
out_has '^request: mg YXBwL2EgYg== b v, to mc-'
out_has '^  b +the key is base64, and its decoded bytes are the item.s key$'
run 1 --set protocol=meta mg --explain 'a b'
out_has '^request: mg YXBwL2EgYg== b, to mc-'
end

begin an_error_line_is_status_3
run 3 mg k Q
no_out
err 'mc-[a-z]+ \(.*\): CLIENT_ERROR '
run 3 --json mg k Q
out_has '^    "message": "mc-.*CLIENT_ERROR '
input=hello
run 3 ms k Tx
err 'CLIENT_ERROR '
input=/dev/null
head -c 2000000 /dev/zero >large
run 3 ms large --file large
err 'SERVER_ERROR object too large'
end

begin words_that_are_no_flags_are_status_2
input=hello
run 2 ms k 5 T60
err "'5' is no flag: the length of the value is counted, so leave it out"
run 2 ms k 'T60 5'
err "'5' is no flag: the length of the value is counted, so leave it out"
input=/dev/null
run 2 mg k "v
flush_all"
err 'the flags have byte 0x0a'
run 2 mg
err 'mg needs KEY'
run 2 mg k --file hello
err "unknown option '--file'"
run 2 ms k --file nowhere
err 'nowhere: No such file'
end

begin explain_shows_flags_in_words
store k T0 F5
run 0 mg --explain k v t f Oab
no_err
out_has '^request: mg app/k v t f Oab, to mc-'
out_has '^  v +return the value$'
out_has '^  t +return the seconds that the item has left$'
out_has '^  O  ab  return this word, up to 31 bytes, with the reply$'
out_has '^reply: VA 5 t-1 f5 Oab: the item is there, and its value follows$'
out_has '^  t  -1  the seconds that the item has left; -1: it does not expire$'
out_has '^  f  5   the client flags$'
out_has '^value: 5 bytes$'
check 'no value' test "$(grep -c hello out)" -eq 0
run 1 mg --explain none q v
out_has '^reply: none: no reply, because the command is quiet: the key is absent$'
input=hello
run 0 ms --explain k T60 MA
out_has '^request: ms app/k 5 T60 MA, to mc-'
out_has '^  M  A   the mode: S set, E add, R replace, A append, P prepend$'
out_has '^reply: HD: the value was stored$'
input=/dev/null
run 0 me --explain k
out_has '^  size +[0-9]+ +the bytes of the item, with key and header$'
run 0 mn --explain --server mc-one
out_has '^request: mn, to mc-one '
out_has '^reply: MN: the server has answered everything in front$'
end

begin every_flag_of_the_protocol_has_a_meaning
# letters COMMAND: the request flags of a command, with arguments that memcached takes
letters()
{
	case $1 in
	mg) echo 'b c f h k l Oa q s t u v N30 R30 T30 La Pa' ;;
	ms) echo 'b c C1 F1 I k Oa q T0 MS La Pa' ;;
	md) echo 'b C1 I k Oa q T0 La Pa' ;;
	ma) echo 'b C1 N0 J1 D1 T0 MI q t c v La Pa' ;;
	me) echo 'b' ;;
	esac
}
for command in mg ms md ma me; do
	for flag in $(letters $command); do
		"$tenon" "$command" --explain --server mc-one Zm9v "$flag" \
			<hello >out 2>err
		if test "$?" -ne 3; then
			check "$command $flag: $(cat out)" \
				test "$(grep -c 'no such flag' out)" -eq 0
		fi
		test "$(sed -n '2s/^  \(.\).*/\1/p' out)" = "${flag%"${flag#?}"}" ||
			test -s err || complain "$command $flag: $(cat out)"
	done
done
end

begin explain_shows_the_request_that_a_server_refuses
run 3 mg --explain k v Q
out_has '^request: mg app/k v Q, to mc-'
out_has '^  Q +memcached has no such flag here, as far as tenon knows$'
check 'no reply' test "$(grep -c reply out)" -eq 0
err 'CLIENT_ERROR '
run 3 --json mg --explain k v Q
check 'one document' test "$(grep -c request out)" -eq 0
run 3 --servers '127.0.0.1:1 dead' mg --explain k v
no_out
end

begin json_has_request_reply_and_meanings
store k T0
run 0 --json mg k v t
no_err
out_has '^  "request": "mg app/k v t",$'
out_has '^  "status": "hit",$'
out_has '^  "reply": "VA 5 t-1",$'
out_has '^  "code": "VA",$'
out_has '^      "flag": "t",$'
out_has '^      "argument": "-1",$'
out_has '^      "meaning": "the seconds that the item has left; -1: it does not expire"$'
out_has '^  "bytes": 5,$'
out_has '^  "value": "hello"$'
run 0 ms binary --file binary
run 0 --json mg binary v
out_has '^  "value_base64": "'
run 0 --json me k
out_has '^      "flag": "size",$'
run 1 --json mg none q
out_has '^  "reply": null,$'
out_has '^  "code": null,$'
out_has '^  "flags": \[\]$'
end

begin a_server_that_hangs_meets_the_deadline
kill -STOP "$server_pid"
run 3 --set poll_timeout=200ms mn --server mc-three
no_out
err 'mc-three.*no complete answer within poll_timeout'
kill -CONT "$server_pid"
end

begin a_dead_home_server_is_an_error
run 3 --servers '127.0.0.1:1 dead' mg k v
no_out
err 'dead \(127.0.0.1:1\): Connection refused'
input=hello
run 3 --servers '127.0.0.1:1 dead' ms k
input=/dev/null
end

if has_terminals; then
	begin a_terminal_gets_no_control_characters
	run 0 ms binary --file binary
	script -qec "'$tenon' mg binary v" /dev/null </dev/null >out 2>&1
	check 'status 2' test "$?" -eq 2
	out_has 'is not text and could control the terminal'
	end
else
	skip a_terminal_gets_no_control_characters 'no terminals here'
fi

finish
