#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon-conformance, as an author of a plugin runs it. Reports in TAP.
. "$abs_top_srcdir/tests/cli/lib.sh"

tenon=$abs_top_builddir/tests/conformance/tenon-conformance
good=$abs_top_builddir/tests/zoo/good/.libs
bad=$abs_top_builddir/tests/zoo/bad/.libs
uring=$abs_top_builddir/plugins/.libs/transport_uring.so
# An author has no build folder of tenon.
unset abs_top_builddir TENON_PLUGIN_PATH

begin plugin_that_keeps_the_contract_passes
run 0 "$good/codec_good.so"
out_has '^ok .*codec_good:values_of_every_size_come_back'
out_has '^1\.\.30$'
check 'no test failed' test "$(grep -c '^not ok' out)" -eq 0
no_err
end

begin plugin_is_found_from_its_folder
cp "$good/codec_good.so" codec_copy.so
run 0 codec_copy.so
end

begin plugin_that_breaks_the_contract_fails
run 1 "$bad/codec_zero.so"
out_has '^not ok '
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

begin options_reach_the_plugin
run 1 --options '{nonsense: 1}' "$good/codec_good.so"
out_has "^not ok .*unknown option 'nonsense'"
end

# tests/conformance/transport runs every transport of the build with its defaults only.
begin uring_keeps_the_contract_partly_without_the_ring
test ! -e "$uring" || run 0 --options '{ring_from: 2}' "$uring"
if test ! -e "$uring" || grep -q "use 'transport: poll'" out; then
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
