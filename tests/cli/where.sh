#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon where: the server of a key, without a connection.
. "$abs_top_srcdir/tests/cli/lib.sh"

# No program listens on port 1, and these names have no address.
servers='a.invalid:1 a,b.invalid:1 b,c.invalid c'

begin keys_are_placed_in_the_order_given
run 0 --servers "$servers" where one two one
check 'three lines' test "$(wc -l <out)" -eq 3
check 'same key, same place' \
	test "$(sed -n 1p out)" = "$(sed -n 3p out)"
out_has "^two	[abc]	[abc]\.invalid:[0-9]+\$"
end

begin keys_from_stdin_and_arguments_give_the_same
seq 1 2000 >keys
input=$dir/keys
run 0 --servers "$servers" where --stdin
cp out piped
input=/dev/null
# shellcheck disable=SC2046 # words are wanted
run 0 --servers "$servers" where $(cat keys)
check 'the same lines' cmp -s out piped
check 'all keys' test "$(wc -l <out)" -eq 2000
check 'all servers' test "$(cut -f 2 out | sort -u | tr -d '\n')" = abc
end

begin keys_may_have_any_bytes
printf '\344\270\255\346\226\207\n\377\200\nlast-without-newline' >keys
input=$dir/keys
run 0 --servers 'localhost:1 s' where --stdin
printf '\344\270\255\346\226\207\ts\tlocalhost:1\n\377\200\ts\tlocalhost:1\n' >want
printf 'last-without-newline\ts\tlocalhost:1\n' >>want
check 'bytes unchanged' cmp -s out want
input=/dev/null
end

begin invalid_keys_do_not_hinder_the_others
printf 'good\nwith space\n\nalso-good\n' >keys
input=$dir/keys
run 2 --servers 'localhost:1 s' where --stdin
input=/dev/null
out "$(printf 'good\ts\tlocalhost:1\nalso-good\ts\tlocalhost:1')"
check 'two complaints' test "$(grep -c '^tenon: ' err)" -eq 2
check 'the key is named' grep -q "^tenon: .*'with space'" err
end

begin routing_key_decides_the_place
run 0 --servers "$servers" where group:1
place=$(cut -f 2- out)
run 0 --servers "$servers" where --routing-key group:1 one two three four five
check 'five lines' test "$(wc -l <out)" -eq 5
check 'all at one place' test "$(cut -f 2- out | sort -u)" = "$place"
run 0 --servers "$servers" --set prefix=p/ where --routing-key group:1 one
check 'without the prefix' test "$(cut -f 2- out)" = "$place"
run 0 --servers "$servers" where one two three four five
check 'not without it' test "$(cut -f 2- out | sort -u | wc -l)" -gt 1
run 2 --servers "$servers" where --routing-key group:1 'a b'
end

begin key_of_251_bytes_is_refused
key=$(printf '%0250d' 0)
run 0 --servers 'localhost:1 s' where "$key"
run 2 --servers 'localhost:1 s' where "${key}0"
no_out
end

begin endless_line_is_refused_in_little_memory
{ head -c 3000000 /dev/zero | tr '\0' x; printf '\nshort\n'; } >keys
input=$dir/keys
run 2 --servers 'localhost:1 s' where --stdin
input=/dev/null
out "$(printf 'short\ts\tlocalhost:1')"
err "'x*\.\.\.': "
end

begin json_is_one_array
run 0 --servers "$servers" --json where one two
out_has '^\[$'
out_has '^\{"key":"one","server":"[abc]","address":"[abc].invalid:[0-9]+"\},$'
out_has '^\]$'
run 2 --servers "$servers" --json where 'with space'
out_has '^\{"key":"with space","error":\{"code":-3'
printf '\377\n' >keys
input=$dir/keys
run 0 --servers "$servers" --json where --stdin
input=/dev/null
out_has '"key_base64":"/w=="'
run 0 --servers "$servers" --json where --stdin
out '[]'
end

begin count_shows_every_server
seq 1 3000 >keys
input=$dir/keys
run 0 --servers "$servers" where --stdin --count
cp out picture
run 0 --servers "$servers" --json where --stdin --count
input=/dev/null
check 'three lines' test "$(wc -l <picture)" -eq 3
check 'a bar' grep -q '█' picture
check 'all keys are counted' test \
	"$(sed -n 's/^ *"keys": //p' out | awk '{ n += $1 } END { print n }')" -eq 3000
end

finish
