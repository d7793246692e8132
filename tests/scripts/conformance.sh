#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon-conformance, as an author of a plugin runs it. Reports in TAP.
. "$abs_top_srcdir/tests/cli/lib.sh"

tenon=$abs_top_builddir/tests/conformance/tenon-conformance
good=$abs_top_builddir/tests/zoo/good/.libs
bad=$abs_top_builddir/tests/zoo/bad/.libs
gutter=$abs_top_builddir/plugins/.libs/failover_gutter.so
uring=$abs_top_builddir/plugins/.libs/transport_uring.so
# An author has no build folder of tenon.
unset abs_top_builddir TENON_PLUGIN_PATH

begin plugin_that_keeps_the_contract_passes
run 0 "$good/codec_good.so"
out_has '^ok .*codec_good:values_of_every_size_come_back'
check 'every test passes' test "1..$(grep -c '^ok' out)" = "$(grep '^1\.\.' out)"
no_err
end

begin plugin_is_found_from_its_folder
cp "$good/codec_good.so" codec_copy.so
run 0 codec_copy.so
end

begin plugin_that_breaks_the_contract_fails
run 1 "$bad/codec_zero.so"
err 'the plugin does not start: '
run 1 "$good/failover_good.so"
out_has '^not ok .*failover_good:dead_server_is_avoided_and_comes_back'
end

begin file_that_is_no_plugin_is_refused
run 1 "$bad/hash_magic.so"
err 'magic 0xdeadbeef, expected'
no_out
echo text >text.so
run 1 text.so
err 'text.so'
end

begin wrong_options_end_at_once
run 2 --options '{nonsense: 1}' "$good/codec_good.so"
err "unknown option 'nonsense'"
no_out
run 2 --options '{broken' "$good/codec_good.so"
err 'not YAML'
no_out
end

begin promise_that_the_kind_does_not_have_is_refused
for words in lenght order mirror 'detects,lenght'; do
	run 2 --promises "$words" "$good/codec_good.so"
	err "found the promise '[a-z]*', expected one of a codec plugin: length, detects"
	no_out
done
run 2 --promises growth "$good/failover_good.so"
err 'expected one of a failover plugin: none'
end

begin one_test_can_be_run
run 0 --test flags_are_some_and_stay "$good/codec_good.so"
out_has '^ok 1 .*:flags_are_some_and_stay:'
out_has '^1\.\.1$'
run 2 --test nonsense "$good/codec_good.so"
err 'no test of this kind has the name'
end

# plugin SOURCE NAME FLAG...: compile a plugin outside the tree to NAME.so
plugin()
{
	source=$1
	output=$2.so
	shift 2
	$CC -shared -fPIC -I"$abs_top_srcdir/include" "$@" -o "$output" "$source"
}

begin promise_that_is_not_made_is_skipped
plugin "$abs_top_srcdir/tools/plugin-template/codec_pairs.c" pairs
run 0 --promises length pairs.so
out_has "^# SKIP promise 'detects': .*; test it with --promises detects$"
check 'the other is tested' test "$(grep -c '^# SKIP' out)" -eq 1
end

# A failover policy with zones needs servers of its zone.
begin servers_reach_a_failover_policy
plugin "$abs_top_srcdir/tools/plugin-template/failover_nearby.c" nearby
run 2 --options '{zone: b}' nearby.so
err "no server has an alias that begins with 'b-'"
run 0 --options '{zone: b}' --servers '["h:1 b-1", "h:2 b-2", {address: "h:3", alias: b-3, pool: spares}]' \
	nearby.so
run 0 --options '{zone: b}' --servers '["h:1 b-1", "h:2 a-2", "h:3 a-3"]' nearby.so
run 2 --servers '["h:1 b-1"]' "$good/codec_good.so"
err 'for failover policies only'
end

# A policy may name any of the pools. The gutter of some builds is built in.
begin servers_of_several_pools_reach_a_failover_policy
sed 's|^	nearby->host = host;|& for (uint32_t i = 0; i < setup->server_count; i++) {\
	uint32_t pool = setup->servers[i].pool;\
	if (setup->pool_count != 3 \|\| pool > 2 \|\| setup->servers[i].alias[0] != "anf"[pool] \|\|\
	    setup->pools[pool][0] != (pool == 0 ? 0 : "anf"[pool])) {\
		return host->set_error(err, TENON_ECONFIG, "other pools"); } }|
	s|^	return any;|	return any != TENON_NO_SERVER ? any : query->spare(query, 2, 0);|' \
	"$abs_top_srcdir/tools/plugin-template/failover_nearby.c" >pools.c
plugin pools.c pools
pools='{address: "h:3", alias: n-3, pool: near}, {address: "h:4", alias: f-4, pool: far}'
run 0 --servers "[\"h:1 a-1\", \"h:2 a-2\", $pools]" pools.so
run 2 --servers '["h:1 a-1", {address: "h:3", alias: n-3, pool: near}]' pools.so
err 'other pools'
if test -e "$gutter"; then
	for pool in near far; do
		run 0 --options "{pool: $pool}" --servers "[\"h:1\", $pools]" "$gutter"
	done
	run 2 --options '{pool: other}' --servers "[\"h:1\", $pools]" "$gutter"
	err "other"
fi
end

begin shared_memory_has_the_size_that_a_plugin_asks_for
sed 's|^	pairs->host = host;|& char *shared = host->shared(host->context, 1 << 20);\
	if (!shared) { return host->set_error(err, TENON_ENOMEM, "no shared memory"); }\
	if (shared[0] != shared[(1 << 20) - 1]) { return host->set_error(err, TENON_EIO, "not shared"); }\
	shared[0]++; shared[(1 << 20) - 1]++;|' \
	"$abs_top_srcdir/tools/plugin-template/codec_pairs.c" >shared.c
plugin shared.c shared
run 0 --test init_that_runs_out_of_memory_cleans_up shared.so
run 0 --test instance_that_was_never_used_is_released shared.so
end

begin plugin_that_crashes_or_hangs_fails_its_test
for where in LOAD INIT HASH; do
	plugin "$abs_top_srcdir/tests/conformance/stumbles.c" crashes -DIN=$where -DBY=CRASH
	run 1 crashes.so
	out_has '^not ok 1 .*crashes\.so:plugin_is_loaded: the plugin crashed with signal 11 '
	out_has '^1\.\.1$'
	plugin "$abs_top_srcdir/tests/conformance/stumbles.c" hangs -DIN=$where -DBY=HANG
	CK_DEFAULT_TIMEOUT=1 run 1 hangs.so
	out_has '^not ok 1 .*hangs\.so:plugin_is_loaded: it took longer than 1 s$'
done
plugin "$abs_top_srcdir/tests/conformance/stumbles.c" crashes -DKIND=CODEC -DIN=INIT -DBY=CRASH
run 1 crashes.so
out_has '^ok 1 .*:plugin_is_loaded: '
out_has '^not ok 2 .*:instance_is_made: the plugin crashed with signal 11 '
plugin "$abs_top_srcdir/tests/conformance/stumbles.c" hangs -DKIND=CODEC -DIN=INIT -DBY=HANG
CK_DEFAULT_TIMEOUT=1 run 1 hangs.so
out_has '^not ok 2 .*:instance_is_made: it took longer than 1 s$'
end

begin plugin_that_ends_the_process_fails_its_test
for way in '-DBY=LEAVE' '-DBY=LEAVE -DSTATUS=1' '-DBY=VANISH -DSTATUS=101'; do
	ends=0
	case $way in
	*STATUS=*) ends=${way##*=} ;;
	esac
	for where in LOAD INIT HASH; do
		# shellcheck disable=SC2086
		plugin "$abs_top_srcdir/tests/conformance/stumbles.c" leaves -DIN=$where $way
		run 1 leaves.so
		out_has "^not ok 1 .*leaves\\.so:plugin_is_loaded: the plugin ended the process with exit status $ends\$"
		out_has '^1\.\.1$'
	done
	# shellcheck disable=SC2086
	plugin "$abs_top_srcdir/tests/conformance/stumbles.c" leaves -DKIND=CODEC -DIN=INIT $way
	run 1 leaves.so
	out_has '^ok 1 .*:plugin_is_loaded: '
	out_has "^not ok 2 .*:instance_is_made: the plugin ended the process with exit status $ends\$"
	no_err
done
end

# tests/conformance/transport runs every transport of the build with its defaults only.
begin uring_keeps_the_contract_partly_without_the_ring
if test -e "$uring"; then
	run 0 --options '{ring_from: 2}' "$uring"
	! grep '^not ok' out >failures || complain "$(cat failures)"
fi
if test ! -e "$uring" || grep -q "use 'transport: poll'" out err; then
	echo "# left out: transport_uring $name"
else
	out_has '^ok .*twenty_slow_servers_are_waited_for_at_the_same_time'
	end
fi

begin wrong_command_line_is_reported
run 2
err 'one plugin is wanted'
run 2 a.so b.so
run 2 --nonsense a.so
end

begin help_has_examples
run 0 --help
out_has '^usage: tenon-conformance '
out_has '^  tenon-conformance \./hash_mine\.so$'
run 0 --version
out_has '^tenon-conformance [0-9]'
end

finish
