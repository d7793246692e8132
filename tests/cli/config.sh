#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The config that tenon reads, and the messages about a wrong one. No server.
. "$abs_top_srcdir/tests/cli/lib.sh"

# config FILE ALIAS: write a config with one server, which has this alias.
config()
{
	mkdir -p "$(dirname "$1")"
	printf 'servers:\n  - localhost:1 %s\n' "$2" >"$1"
}

# uses ALIAS: check that the config in use is the one with this alias.
uses()
{
	alias=$1
	shift
	run 0 "$@" where key
	out "$(printf 'key\t%s\tlocalhost:1' "$alias")"
}

begin no_config_is_an_error
run 2 where key
err 'no config: give -c FILE or --servers LIST'
run 2 check
err 'no config'
end

begin config_is_searched_in_order
config home/.config/tenon/tenon.yaml home-config
uses home-config
config xdg/tenon/tenon.yaml xdg-config
XDG_CONFIG_HOME=$dir/xdg
export XDG_CONFIG_HOME
uses xdg-config
config tenon.yaml here
uses here
config environment.yaml environment
TENON_CONFIG=environment.yaml
export TENON_CONFIG
uses environment
config option.yaml option
uses option -c option.yaml
uses option --config=option.yaml
end

begin no_config_is_read_when_servers_are_given
TENON_CONFIG=missing.yaml
run 0 --servers 'localhost:1 alone' where key
out "$(printf 'key\talone\tlocalhost:1')"
end
unset TENON_CONFIG XDG_CONFIG_HOME
rm tenon.yaml

begin servers_replace_those_of_the_config
run 0 -c option.yaml --servers 'localhost:2 other' where key
out "$(printf 'key\tother\tlocalhost:2')"
end

begin servers_without_alias_go_by_their_address
run 0 --servers 'localhost:1' where key
out "$(printf 'key\tlocalhost:1\tlocalhost:1')"
end

begin option_set_overrides_the_config
printf 'servers: [a:1 a, b:1 b, c:1 c]\nhash_function: md5\n' >three.yaml
run 0 -c three.yaml where 1 2 3 4 5 6 7 8 9
cp out md5
run 0 -c three.yaml --set hash_function=crc32 where 1 2 3 4 5 6 7 8 9
check 'another hash, other places' test "$(cat md5)" != "$(cat out)"
end

# The next two wait until the program gives up.
begin fifo_without_config_is_refused
mkfifo silent unwritten
sleep 1000 >silent &
"$tenon" -c silent where key >/dev/null 2>err1 &
first=$!
run 2 -c unwritten where key
err 'unwritten: cannot be read: it is a FIFO or pipe, and nothing was written'
wait_for "$first"
check 'status 2' test $? -eq 2
check 'says why' grep -q 'silent: cannot be read: it is a FIFO or pipe' err1
end

begin config_comes_through_fifo_or_pipe
mkfifo fifo
{ sleep 1; cat option.yaml; } >fifo &
run 0 -c fifo where key
out "$(printf 'key\toption\tlocalhost:1')"
{ sleep 1; head -c 9 option.yaml; sleep 1; tail -c +10 option.yaml; } |
	"$tenon" -c /dev/stdin where key >out 2>err
check 'status 0' test $? -eq 0
out "$(printf 'key\toption\tlocalhost:1')"
input=$dir/option.yaml
run 0 -c /dev/stdin where key
input=/dev/null
out "$(printf 'key\toption\tlocalhost:1')"
run 2 -c /dev/null where key
err 'no server'
end

begin unreadable_config_is_named
run 2 -c missing.yaml where key
err 'missing.yaml'
end

begin wrong_config_has_its_place
printf 'servers: [localhost:1]\nprefx: a\n' >wrong.yaml
run 2 -c wrong.yaml check
err 'wrong.yaml:2:1: .*prefx.*prefix'
no_out
run 2 -c wrong.yaml --json check
out_has '"line": 2'
out_has '"column": 1'
out_has '"file": "wrong.yaml"'
end

begin all_errors_are_shown_in_the_order_of_the_file
cat >errors.yaml <<'HERE'
hash_function: md6
servers:
  - localhost:99999
  - localhost:1 a
  - localhost:2 a
prefx: a
HERE
run 2 -c errors.yaml --set poll_timeout=5x check
no_out
cut -d ' ' -f 2 err >places
check 'in order' test "$(tr '\n' ' ' <places)" = \
	'errors.yaml:1:16: errors.yaml:3:5: errors.yaml:5:5: errors.yaml:6:1: key '
run 2 -c errors.yaml --json check
check 'all in JSON' test \
	"$(sed -n '/"errors": \[/,/^  \]/p' out | grep -c '"line": ')" -eq 4
out_has '"errors": \['
run 2 -c errors.yaml where key
err 'errors.yaml:3:5'
run 2 -c missing.yaml check
err 'missing.yaml: cannot be read: No such file'
end

begin two_names_on_the_ring_are_refused
run 2 --servers 'h,h2:1 h' check
err "'h2:1' and 'h:11211' have the same name 'h' on the ring"
run 2 --servers '[::1]:11211,h:1 ::1' check
err "'h:1' and '.::1.:11211' have the same name '::1' on the ring"
end

begin duplicate_alias_is_refused
printf 'servers: [localhost:1 a, localhost:2 a]\n' >twice.yaml
run 2 -c twice.yaml check
err "'a'"
end

begin wrong_setting_is_refused
run 2 -c option.yaml --set hash_function=md6 where key
err "md6.*md5"
run 2 -c option.yaml --set poll_timeuot=5 where key
err 'poll_timeuot.*poll_timeout'
end

begin wrong_servers_are_refused
run 2 --servers "$(printf 'a\377:1')" where key
err '--servers is not UTF-8'
run 2 --servers '' where key
err .
run 2 --servers 'a:1 x,b:1 x' where key
err "'x'"
run 2 --servers 'a:99999' where key
err 99999
end

begin check_shows_the_settings_in_effect
run 0 -c three.yaml check
out_has '^.*three.yaml'
out_has 'md5'
out_has 'ketama'
out_has 'poll'
out_has '^  codecs  *split '
out_has '^  a  *a:1'
no_err
run 0 -c three.yaml --json check
out_has '"server": "a"'
out_has '"address": "a:1"'
end

begin sample_of_seven_keys_is_valid
cat >seven.yaml <<'HERE'
SERVERS: [localhost:11211 mc1, localhost:11212 mc2]
HASH_FUNCTION: crc32
PREFIX: app
CONNECT_TIMEOUT: 10
POLL_TIMEOUT: 300
RETRY_TIMEOUT: 5
COMPRESSION_THRESHOLD: 1024
HERE
run 0 -c seven.yaml check
out_has '^  mc1  *localhost:11211'
end

begin codecs_are_shown_in_order
run 0 -c seven.yaml check
check 'zlib, then split' test \
	"$(sed -n 's/^  codecs  *\([a-z]*\) .*/\1/p' out | tr '\n' ' ')" = 'zlib split '
run 0 -c option.yaml --set 'codecs=[split]' --json check
out_has '"value": "split"'
out_has '"kind": "codec"'
run 0 -c option.yaml --set codecs=none check
out_has '^  codecs  *none'
end

begin codecs_and_threshold_exclude_each_other
run 2 -c seven.yaml --set 'codecs=[split]' check
err "keys 'compression_threshold' .in .*seven.yaml:7:.* and 'codecs' both"
end

finish
