#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon plugins: the list of plugins and of their options. No server, no config.
. "$abs_top_srcdir/tests/cli/lib.sh"

begin plugins_are_listed_with_kind_and_origin
run 0 plugins
out_has '^hash  *md5 '
out_has '^distribution  *ketama '
out_has '^transport  *poll '
out_has '^failover  *none '
out_has '^codec  *split '
no_err
run 0 --json plugins
out_has '"name": "md5"'
out_has '"kind": "hash"'
out_has '"origin": "'
end

begin core_keys_are_listed_with_default_and_range
run 0 plugins core
out_has '^  connect_timeout  *duration  *10ms '
out_has '^  poll_timeout  *duration  *300ms '
out_has '^  enable_flush_all  *bool  *false '
out_has '^  codecs  *list  *zlib, split '
out_has '^  A duration has a unit: us, ms, s, min, h\.'
out_has '^  protocol .* an older server reads a value that meta stores as commands, so use auto '
run 0 --json plugins core
out_has '"name": "retry_timeout"'
end

begin plugin_is_described_by_name
run 0 plugins ketama
out_has '^ketama: distribution plugin '
end

# narrow WIDTH ARGUMENT...: run tenon on a terminal with so many columns; its lines are in the file out.
# Only the line with the path of a module may be longer.
narrow()
{
	width=$1
	shift
	script -qec "stty rows 24 cols $width; '$tenon' $*" /dev/null </dev/null |
		tr -d '\r' >out
	grep -v '\.so$' out >lines
	check "tenon $*: a line of $(awk '{ print length }' lines | sort -n | tail -1) columns" \
		awk "length > $width { wide = 1 } END { exit wide }" lines
}

# The words of columns beside each other, whatever their lines are.
words()
{
	tr -s ' \n' '\n\n' <"$1" | sort
}

if has_terminals; then
	begin tables_fit_the_terminal
	for table in ketama core rings; do
		run 0 --color never plugins $table
		words out >wide
		narrow 80 --color never plugins $table
		narrow 100 --color never plugins $table
		words out >narrow
		check "no word of $table is broken" cmp -s wide narrow
		check 'no line ends in spaces' test "$(grep -c ' $' out)" -eq 0
	done
	narrow 80 --color never plugins
	narrow 80 --color never plugins ketama
	out_has '^  points +int +100 +1\.\.10000 +-$'
	check 'the meaning is below' test "$(sed -n '/^  points /{n;p;}' out)" = \
		'      points of a server of weight 1, or of average weight when weights are'
	narrow 170 --color never plugins ketama
	out_has '^  points +int +100 +1\.\.10000 +- +points of a server '
	out_has '^ {60,}weights are shares$'
	end
else
	skip tables_fit_the_terminal 'script(1) cannot make a terminal'
fi

begin a_ring_that_is_not_exact_says_so
run 0 plugins rings meta-memcache
out_has '^meta-memcache: .*; tenon compares 32 of its 128 bits: on 8 servers, about 1 key of 7 million differs$'
end

begin rings_are_json_objects
run 0 --json plugins rings dalli
python='import json, sys
keys = json.load(sys.stdin)["keys"]
assert keys["hash_function"] == "crc32", keys
assert keys["distribution"]["ketama"]["points"] == 160, keys
assert keys["distribution"]["ketama"]["separator"] == ":", keys'
check 'the keys of dalli' python3 -c "$python" <out
run 0 --json plugins rings
python='import json, sys
rings = {ring["name"]: ring["keys"] for ring in json.load(sys.stdin)}
assert len(rings) > 20, rings
assert all(isinstance(keys, dict) and keys for keys in rings.values()), rings
assert rings["libmemcached-modula"]["hash_prefix"] is False, rings
assert rings["memcached-proxy-jump"]["distribution"] == "jump", rings'
check 'all rings' python3 -c "$python" <out
end

begin unknown_plugin_names_the_nearest
run 2 plugins ketame
err "no plugin 'ketame', did you mean 'ketama'"
run 2 plugins ring
err "no plugin 'ring', did you mean 'rings'"
no_out
end

begin names_are_for_completion
run 0 plugins --names
out_has '^ketama$'
out_has '^core$'
check 'each once' test -z "$(sort out | uniq -d)"
end

begin broken_config_does_not_hide_plugins
echo 'servers: {' >tenon.yaml
run 0 plugins
out_has '^hash  *md5 '
err 'tenon.yaml'
run 0 plugins --names
no_err
end

begin damaged_plugin_files_are_listed_as_refused
rm -f tenon.yaml
mkdir damaged
# any shared object will do, because the check of its file comes first
for file in /lib/*/libc.so.6 /lib64/libc.so.6 /usr/lib/libc.so.6; do
	test ! -e "$file" || head -c 5000 "$file" >damaged/hash_short.so
done
: >damaged/hash_empty.so
echo text >damaged/hash_text.so
mkdir damaged/hash_folder.so
mkfifo damaged/hash_fifo.so
run 0 --set plugin_path=damaged plugins
out_has '^hash  *short .*cannot be used: truncated: found 5000 bytes'
out_has '^hash  *empty .*cannot be used: found an empty file'
out_has '^hash  *text .*cannot be used: found no ELF file'
out_has '^hash  *folder .*cannot be used: found no regular file'
out_has '^hash  *fifo .*cannot be used: found no regular file'
run 2 --servers localhost --set plugins=damaged/hash_short.so check
err 'damaged/hash_short.so: truncated: found 5000 bytes'
run 2 --servers localhost --set plugin_path=damaged \
	--set hash_function=short check
err 'damaged/hash_short.so.: truncated: found 5000 bytes'
end

begin new_plugin_has_any_kind
run 0 plugins --help
out_has '^ +--new=KIND +write a project for a plugin NAME; KIND is hash, distribution, transport, codec, failover or secure$'
end

begin new_plugin_is_a_project
TENON_PLUGIN_TEMPLATE=$abs_top_srcdir/tools/plugin-template
export TENON_PLUGIN_TEMPLATE
rm -f tenon.yaml
run 0 plugins --new hash mine
out_has '^hash_mine: '
check 'its source' grep -q 'TENON_PLUGIN_DEFINE(hash_mine,' hash_mine/hash_mine.c
check 'its build' grep -q 'hash_mine.la' hash_mine/Makefile.am
check 'a script' test -x hash_mine/autogen.sh
check 'no other name' test -z "$(grep -rl times33 hash_mine)"
check 'no other kind' test -z "$(grep -rlE 'nearby|failover|mask' hash_mine)"
run 0 --json plugins --new failover other
out_has '"folder": "failover_other"'
check 'its source' grep -q 'TENON_PLUGIN_DEFINE(failover_other,' failover_other/failover_other.c
check 'no other name' test -z "$(grep -rlE 'nearby|times33|mask|hash_other' failover_other)"
run 0 plugins --new secure third
check 'its source' grep -q 'TENON_PLUGIN_DEFINE(secure_third,' secure_third/secure_third.c
check 'no other name' test -z "$(grep -rlE 'nearby|times33|mask' secure_third)"
end

# The transport has its tests without a client here: all of them take a minute.
conformance=$abs_top_builddir/tests/conformance/tenon-conformance
if test -x "$conformance"; then
begin new_plugin_of_every_kind_passes_the_conformance_tests
for kind in hash distribution transport codec failover secure; do
	rm -rf "${kind}_fresh"
	run 0 plugins --new $kind fresh
	check "no other name in $kind" \
		test -z "$(grep -rlE 'times33|wheel|courier|pairs|nearby|mask' "${kind}_fresh")"
	case $kind in
	transport) CK_RUN_CASE=alone ;;
	*) CK_RUN_CASE=${kind}_fresh ;;
	esac
	export CK_RUN_CASE
	check "$kind compiles" $CC -shared -fPIC -Wall -Wextra -Werror \
		-I"$abs_top_srcdir/include" -o fresh.so "${kind}_fresh/${kind}_fresh.c"
	check "$kind passes" "$conformance" "$PWD/fresh.so" >out
	check "$kind has tests" grep -q '^ok 10 ' out
done
unset CK_RUN_CASE
end
else
	skip new_plugin_of_every_kind_passes_the_conformance_tests \
		'built without tenon-conformance'
fi

begin new_plugin_refuses_a_name_in_use
run 2 plugins --new hash md5
err "there is a hash plugin 'md5' already"
run 2 plugins --new hash Mine
err "'Mine' is no name for a plugin"
run 2 plugins --new hash
err 'needs a NAME'
run 2 plugins --new color mine
err "--new is 'color', expected hash, distribution, transport, codec, failover, secure"
run 2 plugins --new hash mine
err 'hash_mine: File exists'
end

finish
