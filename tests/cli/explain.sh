#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon explain: where a key goes and why, with and without the servers.
. "$abs_top_srcdir/tests/cli/lib.sh"

# No program listens on port 1, and these names have no address.
servers='a.invalid:1 anna,b.invalid:1 bert,c.invalid:1 carl,d.invalid:1 dora'

begin failures_are_explained
run 0 explain --failures
out_has '^THE SERVER.S, for now$'
out_has '^  idle-closed$'
no_err
run 0 --json explain --failures
check "each row has a kind" sh -c "test \$(grep -c \"kind.: \" out) -gt 15"
run 2 explain
err 'no key: give KEY... or --failures'
run 2 explain --failures user:1
err '--failures goes without keys'
end

begin key_is_explained_without_its_servers
run 0 --servers "$servers" --set prefix=app/ explain user:1
no_err
out_has '^user:1$'
out_has '^  sent     app/user:1$'
out_has '^  hashed   app/user:1$'
# the first four bytes of md5("app/user:1"), the lowest first
hash=$(printf app/user:1 | md5sum |
	sed 's/^\(..\)\(..\)\(..\)\(..\).*/\4\3\2\1/')
out_has "^  hash     $hash, 32 bits of md5\$"
check 'home and the next three' test "$(grep -Ec '^  (home|next [123]) ' out)" -eq 4
check 'every server once' test \
	"$(grep -Eo '[abcd]\.invalid:1$' out | sort -u | wc -l)" -eq 4
end

begin home_is_where_where_says
run 0 --servers "$servers" where one two three
cut -f 2 out >homes
run 0 --servers "$servers" explain one two three
sed -n 's/^  home  *\([a-z]*\)  .*/\1/p' out >explained
check 'the same homes' cmp -s homes explained
run 0 --servers "$servers" --set prefix=p/ explain --routing-key user:1 one
out_has '^  sent     p/one$'
out_has '^  hashed   user:1$'
end

# Not every distribution has points; one that has them shows the key between two of them.
begin points_are_around_the_key
run 0 --servers "$servers" --json explain user:1
if grep -q '"points": \[\]' out; then
	run 0 --servers "$servers" explain user:1
	check 'no picture' test "$(grep -c '●' out)" -eq 0
else
	run 0 --servers "$servers" explain user:1
	check 'one point is that of the home server' test "$(grep -c '●' out)" -eq 1
	check 'nine points and the key' \
		test "$(grep -Ec '^    [^ ]+ [0-9a-f]{8}  ' out)" -eq 10
	sed -n '/▶/,/●/p' out >between
	check 'the home point is next to the key' test "$(wc -l <between)" -eq 2
fi
end

# The picture has the key in front of its home, on rings that look up, down, or at 32 of 64 bits.
begin the_key_is_drawn_in_front_of_its_home
proxy=memcached-proxy-ring
case " ${TENON_LEFT_OUT_PLUGINS:-} " in
*' hash_xxh3 '*) proxy= ;; # its hash is not in this build
esac
for ring in libmc dalli meta-memcache $proxy; do
	run 0 --servers "$servers" --set "ring=$ring" explain foo
	check "the key of $ring" \
		test "$(sed -n '/▶/{n;p}' out | grep -c '●.*home')" -eq 1
	awk '$1 == "▶" || $1 == "●" || $1 == "│" { print $2 }' out |
		sed -n 4,6p >around
	check "the places of $ring" sh -c 'sort around | cmp -s - around ||
		sort -r around | cmp -s - around'
done
end

begin policies_tell_the_way_when_home_is_down
run 0 --servers "$servers" --set failover='{read: {eject: {failures: 3}}, write: none}' \
	explain user:1
home=$(sed -n 's/^  home  *\([a-z]*\)  .*/\1/p' out)
next=$(sed -n 's/^  next 1  *\([a-z]*\)  .*/\1/p' out)
out_has "^  read +$home +$next +after 3 failures\$"
out_has "^  write +$home +no server: server down +after 1 failure\$"
run 0 --servers "$servers" --set failover=eject --set retry_timeout=0s explain user:1
out_has "^  delete +$home +$home +however often it fails\$"
end

begin chunks_of_a_value_are_shown
run 0 --servers "$servers" --set codecs='[split: {chunk: 1kB, max: 10kB}]' \
	explain --value-bytes 2500 user:1
out_has '^  value    2500 bytes in 4 items, flags 4096: split 4096$'
out_has '^    user:1 +1  [a-z]+ '
out_has '^    ~6user:1/0 +1000  [a-z]+ '
out_has '^    ~6user:1/2 +500  [a-z]+ '
run 2 --servers "$servers" --set codecs='[split: {chunk: 1kB, max: 10kB}]' \
	explain --value-bytes 10001 user:1
err 'larger than max of codec split'
out_has '^  home '
run 0 --servers "$servers" explain --value-bytes 5 user:1
out_has '^  value    5 bytes in 1 item, flags 0$'
end

begin a_key_that_the_rule_replaced_is_shown_beside_the_sent_one
long=$(printf 'k%.0s' $(seq 300))
run 0 --servers "$servers" --set key_rule=dalli explain "$long" short
out_has "^$long\$"
check 'bytes of the key' test "$(grep -cx '  key      300 bytes, which memcached does not accept' out)" -eq 1
out_has '^  sent     k+:md5:[0-9a-f]{32}$'
check 'the rule' test "$(grep -cx '  rule     key_rule: dalli made these 249 bytes of the key' out)" -eq 1
check 'the short key' test "$(sed -n '/^short$/{n;p;}' out)" = '  sent     short'
run 0 --servers "$servers" --set key_rule=dalli --json explain "$long" short
check 'one key has the rule' test "$(grep -c '"key_rule": "dalli"' out)" -eq 1
out_has "\"key\": \"$long\""
out_has '"sent": "k+:md5:[0-9a-f]+"'
end

begin wrong_keys_do_not_hinder_the_others
run 2 --servers "$servers" explain 'a b' user:1
err "'a b'.*0x20"
out_has '^user:1$'
run 2 --servers "$servers" explain "$(printf '%0251d' 0)"
err 'the key has 251 bytes: memcached accepts at most 250; the key_rule of the config can shorten keys$'
run 2 --servers "$servers" --json explain 'a b' user:1
out_has '"key": "a b",'
out_has '"message": "the key has byte 0x20'
out_has '"key": "user:1",'
end

begin json_has_everything
run 0 --servers "$servers" --json explain user:1 --value-bytes 9
out_has '^    "sent": "user:1",$'
out_has '^    "hash_function": "md5",$'
out_has '^    "hash_bits": 32,$'
out_has '^    "points": \['
out_has '^      "delete": \{$'
out_has '^          "failures": 1$'
out_has '^      "stored_bytes": 9,$'
check 'no item was looked for' test "$(grep -c '"stored": ' out)" -eq 0
end

start_cluster
cat >>tenon.yaml <<HERE
prefix: app/
codecs:
  - zlib: {threshold: 100B}
HERE
head -c 5000 /dev/zero >zeros

begin online_shows_what_home_and_next_have
run 0 set zeros --file zeros --flags 5 --ttl 1h
run 0 explain --online zeros
no_err
home=$(sed -n 's/^  home  *\(mc-[a-z]*\)  *[1/].*/\1/p' out)
check 'a home' test -n "$home"
out_has "^  home +$home +[0-9]+ +3[56][0-9][0-9] s +[0-9] s ago, never read +[0-9]+ +21: zlib 16, application 5\$"
out_has '^  next +mc-[a-z]+ +absent'
run 0 get zeros --output /dev/null
run 0 explain --online zeros
out_has "^  home +$home +[0-9]+ +3[56][0-9][0-9] s +[0-9] s ago +[0-9]+ +21: "
run 0 set zeros 'for ever'
run 0 explain --online zeros
out_has "^  home +$home +8 +for ever +"
run 0 explain --online none
out_has '^  home +mc-[a-z]+ +absent'
end

begin online_writes_json
run 0 --json explain --online zeros
out_has '^        "state": "found",$'
out_has '^        "bytes": 8,$'
out_has '^        "ttl_s": null,$'
out_has '^        "fetched": false,$'
out_has '^        "class": [0-9]+$'
out_has '^        "state": "absent"$'
end

begin online_gives_the_right_to_refresh_back
run 0 explain --online zeros
check 'no column' test "$(grep -c MARKS out)" -eq 0
run 0 delete --stale --ttl 1h zeros
for look in first second; do
	run 0 explain --online zeros
	no_err
	out_has ' CLASS +FLAGS +MARKS$'
	out_has "^  home +$home +8 +3[56][0-9][0-9] s +.* +stale won\$"
	run 0 --json explain --online zeros
	out_has '^        "won": true,$'
done
run 0 mg zeros t
out_has '^HD t3[56][0-9][0-9] .*W'
run 0 explain --online zeros
out_has ' stale taken$'
end

begin online_names_a_server_that_does_not_answer
run 3 --servers 'x.invalid:1 x' explain --online zeros
err 'x \(x\.invalid:1\): '
out_has '^  home +x '
end

finish
