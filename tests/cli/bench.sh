#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon bench: one second of load in each test, against real servers. No test asserts a
# speed.
. "$abs_top_srcdir/tests/cli/lib.sh"
start_cluster

begin a_load_is_shown_with_percentiles_and_histogram
run 0 bench --seconds 1 --threads 2 --keys 300 --value-bytes 10-2000
no_err
out_has '^1\.[0-9] s, 2 threads, 1 key a call, 90 % reads$'
out_has "^300 keys of 24 bytes under 'tenon-bench:', values of 10-2000 bytes; they expire"
out_has ' p50 .* p99\.9 '
out_has '^reads  *[1-9][0-9]* '
out_has '^writes  *[1-9][0-9]* '
out_has '^all  *[1-9][0-9]* '
out_has '^hits  *100\.000 %$'
out_has '^failed  0 of [1-9]'
out_has '^ .*us  *[1-9][0-9]*  *[0-9.]+ %  #'
end

begin json_has_the_same_numbers
run 0 --json bench --seconds 1 --keys 50 --multi 7 --reads 50 \
	--key-bytes 30-40
no_err
out_has '"prefix": "tenon-bench:"'
out_has '"reads_percent": 50'
out_has '"multi": 7'
out_has '"p99.9": [0-9]'
out_has '"histogram": \['
check 'both kinds ran' test "$(grep -cE '"calls": [1-9]' out)" -ge 3
check 'nothing failed' test "$(grep -c '"failed": 0,*$' out)" -eq 3
check 'nothing is wrong' grep -q '"wrong": 0' out
end

begin only_its_own_keys_are_written
run 0 set kept 1
run 0 bench --seconds 1 --keys 20 --key-bytes 21 --reads 0%
out_has '^writes '
check 'no reads' test "$(grep -c '^reads' out)" -eq 0
run 0 get kept
out 1
run 0 get tenon-bench:00000000x
run 0 get tenon-bench:00000013x
run 1 get tenon-bench:00000014x
end

lifetime_is_over()
{
	! "$tenon" get tenon-bench:00000000xxxx >out 2>err
}

begin a_lifetime_can_be_given
run 0 bench --seconds 1 --keys 3 --ttl 1s --reads 100%
await lifetime_is_over
end

begin a_dead_server_is_reported
run 3 $patient --servers "$one a,127.0.0.1:1 dead" bench --seconds 1 --keys 100
err 'keys failed, the first: .*dead'
out_has '^hits '
out_has '^  *[1-9][0-9]* server down$'
run 3 --servers '127.0.0.1:1 dead' bench --seconds 1
check 'says so' grep -q 'none of 10000 keys could be stored' err
check 'says why' grep -q 'refused' err
end

begin calls_with_one_failed_key_are_kept
run 3 $patient --servers "$one a,127.0.0.1:1 dead" bench --seconds 1 --keys 100 \
	--multi 50 --reads 50%
out_has '^reads  *[1-9]'
out_has '^writes  *[1-9]'
out_has '^hits  *[1-9]'
out_has '^failed  [1-9][0-9]* of '
out_has '^  *[1-9][0-9]* server down$'
end

begin sizes_and_numbers_are_checked
run 2 bench --seconds 0
err '--seconds is 0, expected 1 to 86400'
run 2 bench --threads 257
err '--threads is 257'
run 2 bench --multi 1001
err '--multi is 1001'
run 2 bench --keys 0
err '--keys is 0'
run 2 bench --key-bytes 19
err '--key-bytes is 19-19, expected sizes from 20 to 250'
run 2 bench --key-bytes 30-251
err '--key-bytes is 30-251'
run 2 bench --value-bytes 100-99
err "--value-bytes is '100-99', expected a size or two"
run 2 bench --value-bytes 10k
err "--value-bytes is '10k'"
run 2 bench --reads 101%
err "--reads is '101%', expected 0% to 100%"
run 2 bench more
err "'more' is one argument too many"
end

begin ctrl_c_shows_the_result_so_far
"$tenon" bench --seconds 100 --keys 10 >out 2>err &
pid=$!
sleep 1
kill -INT "$pid"
wait_for "$pid"
check 'status 0' test $? -eq 0
out_has '^reads  *[1-9]'
end

finish
