#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Values through codecs, and their description by get --explain.
. "$abs_top_srcdir/tests/cli/lib.sh"
start_cluster
cat >>tenon.yaml <<HERE
prefix: app/
codecs:
  - zlib: {threshold: 100B}
  - split: {chunk: 1kB, max: 10kB}
HERE
head -c 2500 /dev/urandom >noise
head -c 2500 /dev/zero >zeros
cat noise zeros >both

begin values_go_through_the_codecs_and_back
for file in noise zeros both; do
	run 0 set "$file" --file "$file"
	run 0 get "$file"
	check "$file came back" cmp -s out "$file"
done
end

begin explain_shows_flags_sizes_items_and_servers
run 0 set both --file both --flags 5
run 0 get --explain both
no_err
out_has '^both: hit$'
out_has '^  flags    4117: zlib 16, split 4096, application 5$'
out_has '^  stored   25[0-9][0-9] bytes in 4 items$'
out_has '^  decoded  5000 bytes, ratio 1\.9[0-9]$'
out_has '^  app/both +1 +4117  mc-(one|two|three)  (127.0.0.1:|/)'
out_has '^  ~8app/both/0 +1000 +21  mc-(one|two|three)  '
out_has '^  ~8app/both/2 +5[0-9][0-9] +21  mc-'
check 'nothing else' test "$(wc -l <out)" -eq 9
end

begin explain_of_a_plain_value_is_one_item
run 0 set small hello
run 0 get --explain small
out_has '^  flags    0$'
out_has '^  stored   5 bytes in 1 item$'
out_has '^  decoded  5 bytes, ratio 1\.00$'
run 0 set small hello --flags 7
run 0 get --explain small
out_has '^  flags    7$'
end

begin explain_of_many_keys_has_a_status_of_each
run 1 get --explain small none
out_has '^small: hit$'
out_has '^none: miss$'
err "'none': no such key"
run 2 get --explain small 'a b'
out_has '^small: hit$'
err "'a b'.*0x20"
end

begin explain_names_the_missing_chunk
run 0 set noise --file noise
run 0 --set prefix= --set codecs=none delete '~9app/noise/1'
run 1 get --explain noise
out_has '^noise: miss$'
out_has '^  stored   1501 bytes in 3 items$'
out_has '^  ~9app/noise/1 +miss'
err "'noise': no such key: chunk 2 of 3 is absent"
run 1 get noise
no_out
err "'noise': no such key: chunk 2 of 3 is absent"
end

begin undecodable_value_is_status_3
run 0 --set prefix= --set codecs=none set app/bad nonsense --flags 16
run 3 get bad small
out_has '^VALUE small'
err "'bad': mc-.*zlib"
run 3 get --explain bad
out_has '^bad: undecodable$'
out_has '^  flags    16: zlib 16$'
err "'bad': mc-.*zlib"
end

begin explain_writes_json
run 0 --json get --explain both
out_has '^    "key": "both",$'
out_has '^    "status": "hit",$'
out_has '^    "flags": 4117,$'
out_has '^      "zlib": 16,$'
out_has '^      "split": 4096$'
out_has '^    "application_flags": 5,$'
out_has '^    "stored_bytes": 25[0-9][0-9],$'
out_has '^    "decoded_bytes": 5000,$'
out_has '^    "ratio": 1\.9'
out_has '^        "key": "~8app/both/0",$'
out_has '^        "bytes": 1000,$'
out_has '^        "server": "mc-'
run 2 --json get --explain none 'a b'
out_has '^    "status": "miss",$'
out_has '^    "status": "invalid key",$'
out_has '^      "message": "the key has byte 0x20'
end

begin explain_stands_alone
run 2 get --explain --cas both
err '--explain goes with neither'
run 2 get --explain -o file both
err '--explain goes with neither'
run 2 gat --explain both --ttl 5
err "unknown option '--explain'"
end

begin value_that_cannot_be_stored_says_why
head -c 10001 /dev/urandom >large
run 2 set large --file large
err 'key "large": value of 10001 bytes is larger than max of codec split'
run 2 add noise --file noise
err 'key "noise": value of 2500 bytes would have to be split.*sealed'
run 2 set flags x --flags 16
err 'key "flags": the flags have bits that belong to a codec'
run 3 append both x
err "'both': mc-.*encoded or split"
end

finish
