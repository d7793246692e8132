#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon diff: the keys that move between two configs.
. "$abs_top_srcdir/tests/cli/lib.sh"

# These names have no address: nothing is connected to.
cat >three.yaml <<HERE
servers: [a.invalid anna, b.invalid bert, c.invalid carl]
HERE
cat >four.yaml <<HERE
servers: [a.invalid anna, b.invalid bert, c.invalid carl, d.invalid dora]
HERE

begin same_config_moves_nothing
run 0 diff three.yaml three.yaml
no_err
out_has '^0 of 100000 simulated keys move, 0\.0%$'
out_has '^  expected misses  0\.0%$'
out_has '^  max/mean         1\.[0-9][0-9] before, 1\.[0-9][0-9] after$'
out_has '^  anna +[0-9]+ +[0-9.]+% +█'
check 'no move' test "$(grep -c FROM out)" -eq 0
end

begin new_server_gets_keys_from_all_others
run 0 diff three.yaml four.yaml
no_err
out_has '^[0-9]+ of 100000 simulated keys move, (1[5-9]|2[0-9]|3[0-5])\.[0-9]%$'
out_has '^  dora +absent +[0-9]+ +[0-9.]+% +█'
for name in anna bert carl; do
	out_has "^  $name +dora +[0-9]+ +[0-9.]+% +█"
	# the matrix: a key stays or goes to dora
	check "a line of $name has two dots" grep -Eq "^  $name .*·.*·" out
done
check 'three moves' test "$(grep -Ec '^  [a-z]+ +dora ' out)" -eq 3
end

begin given_keys_move_as_where_says
seq 1 3000 | sed 's/^/user:/' >keys
input=$dir/keys
run 0 -c three.yaml where --stdin
cut -f 1,2 out >before
run 0 -c four.yaml where --stdin
cut -f 1,2 out >after
moved=$(diff before after | grep -c '^>')
run 0 diff three.yaml four.yaml --keys -
out_has "^$moved of 3000 keys move, "
input=/dev/null
run 0 diff three.yaml four.yaml --keys keys
out_has "^$moved of 3000 keys move, "
run 0 --json diff three.yaml four.yaml --keys keys
out_has "^  \"moved\": $moved,\$"
out_has '^  "keys": 3000,$'
out_has '^  "simulated": false,$'
out_has '^      "to": "dora",$'
check 'the moves add up' test "$(sed -n '/"moves"/,$s/^ *"keys": //p' out |
	awk '{ n += $1 } END { print n }')" -eq "$moved"
end

begin lines_of_windows_and_empty_lines_are_no_keys
seq 1 3000 | sed 's/^/user:/' >keys
run 0 diff three.yaml four.yaml --keys keys
no_err
moved=$(sed -n 's/^\([0-9]*\) of 3000 keys move.*/\1/p' out)
sed 's/$/\r/; 7s/.*/&\n\n\r/' keys >windows
input=$dir/windows
run 0 diff three.yaml four.yaml --keys -
err '2 empty lines of the keys are skipped$'
out_has "^$moved of 3000 keys move, "
run 0 --json diff three.yaml four.yaml --keys -
out_has '"skipped_lines": 2'
out_has '"refused": 0'
input=/dev/null
printf '\nuser:1\n' >one
run 0 diff three.yaml four.yaml --keys one
err '1 empty line of the keys is skipped$'
printf '\r\n\n' >none
run 2 diff three.yaml four.yaml --keys none
err 'none: found no keys$'
end

begin other_hash_is_a_change_of_ring
{ cat three.yaml; echo 'hash_function: crc32'; } >crc32.yaml
run 0 diff three.yaml crc32.yaml
out_has '^[56][0-9]+ of 100000 simulated keys move'
check 'six moves' test "$(grep -Ec '^  [a-z]+ +[a-z]+ +[0-9]+ +[0-9.]+% +█' out)" -eq 6
end

begin other_prefix_is_told
run 0 --set prefix=old/ diff three.yaml three.yaml
out_has '^  expected misses  0\.0%$'
{ cat three.yaml; echo 'prefix: v2/'; } >prefix.yaml
run 0 diff three.yaml prefix.yaml --count 1000
out_has '^  expected misses  100\.0%$'
out_has '^  sent otherwise   1000 keys'
end

begin large_fleets_have_a_list_of_moves
seq 1 30 | sed "s/.*/  - h&.invalid s&/" >list
{ echo servers:; cat list; } >thirty.yaml
{ echo servers:; sed 1d list; } >fewer.yaml
run 0 diff thirty.yaml fewer.yaml
check 'no matrix' test "$(grep -c 'TO$' out)" -eq 0
check 'at most twenty moves' test "$(grep -c '^  s1  ' out)" -le 21
out_has '^  and [0-9]+ more$'
end

begin no_keys_are_an_error
run 2 diff three.yaml four.yaml --keys -
no_out
err 'standard input: found no keys$'
: >empty
run 2 diff three.yaml four.yaml --keys empty
err 'empty: found no keys$'
end

begin keys_that_cannot_be_sent_are_left_out
printf 'good\nwith space\nand\ttab\nfine\n' >keys
run 0 diff three.yaml four.yaml --keys keys
err "warning: 2 keys are left out, .*; 'tenon where --stdin' gives the reasons\$"
out_has ' of 2 keys move'
run 0 diff three.yaml four.yaml --count 0
out_has '^0 of 0 simulated keys move, 0\.0%$'
end

begin wrong_command_lines_are_named
run 2 diff three.yaml
run 2 diff three.yaml none.yaml
err 'none.yaml'
echo 'servers: [a:0]' >wrong.yaml
run 2 diff wrong.yaml three.yaml
err 'wrong.yaml:1:'
run 2 diff three.yaml four.yaml --keys nothing
err 'nothing: No such file'
run 2 -c three.yaml diff three.yaml four.yaml
err 'neither -c nor --servers'
run 2 diff three.yaml four.yaml --keys keys --count 5
err 'give one of them'
end

finish
