#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon check: findings, exit statuses, the shares of the servers.
. "${abs_top_srcdir:?}/tests/cli/lib.sh"

good=$abs_top_builddir/tests/zoo/good/.libs

begin nothing_found_is_status_0
printf 'servers: [a, b]\n' >clean.yaml
run 0 -c clean.yaml check
no_err
out_has '^clean.yaml: ok'
run 0 -c clean.yaml --json check
out_has '"findings": \[\]'
out_has '"warnings": \[\]'
end

begin settings_without_a_config_file_are_those_of_the_command_line
printf 'servers: [a, b]\n' >tenon.yaml
run 0 --servers a,b check
out_has '^the settings of the command line: ok$'
run 0 check
out_has '^\./tenon.yaml: ok$'
rm tenon.yaml
end

begin settings_that_are_words_show_the_chosen_word
printf 'ring: dalli\nservers: [a, b]\nintegrity: strict\nkey_rule: dalli\n' >words.yaml
run 0 -c words.yaml check
out_has '^  integrity +strict$'
out_has '^  key_rule +dalli$'
out_has '^  prefix_rule +front$' # the ring sets it
run 0 -c words.yaml --set key_rule=refuse check
out_has '^  key_rule +refuse$'
end

begin options_of_plugins_are_shown
cat >options.yaml <<'HERE'
ring: meta-memcache
servers: [a, b, {address: c, pool: spare}]
codecs: [zlib: {threshold: 4KiB}, split]
failover: {read: {eject: {failures: 3}}, write: none, delete: {gutter: {pool: spare}}}
HERE
run 0 -c options.yaml check
out_has '^  hash_function\.md5\.bytes +big$'
out_has '^  distribution\.ketama\.lookup +after$'
out_has '^  codecs\.zlib\.threshold +4KiB$'
out_has '^  failover\.read\.eject\.failures +3$'
out_has '^  failover\.delete\.gutter\.pool +spare$'
check 'each follows its plugin' test "$(sed -n '/^  codecs  *zlib /{n;p;}' out | cut -c 3-23)" = codecs.zlib.threshold
run 0 -c options.yaml --set 'distribution={ketama: {points: 120}}' check
out_has '^  distribution\.ketama\.points +120$'
out_has '^  distribution\.ketama\.lookup +at_or_after$'
run 0 -c options.yaml --json check
out_has '"name": "distribution.ketama.points"'
check 'its value' test "$(grep -A1 '"distribution.ketama.points"' out | tail -1)" = '      "value": "160"'
end

begin warnings_are_status_1
printf 'servers:\n- a\n- {address: b, pool: x}\npoll_timeout: 5\n' >warn.yaml
run 1 -c warn.yaml check
check 'two lines' test "$(wc -l <err)" -eq 2
check 'in order' test "$(sed -n 1p err)" = \
	"tenon: warn.yaml:3:3: warning: no option of a failover policy names the pool 'x', so no key goes to its servers; way out: name the pool in an option of a failover policy, or remove its servers [unused-pool]"
check 'timeouts' grep -q '^tenon: warn.yaml:4:1: warning: poll_timeout (5ms) .*\[poll-below-connect\]$' err
out_has '^warn.yaml: ok'
run 1 -c warn.yaml --set poll_timeout=8s --set retry_timeout=1500ms check
check 'units' grep -q ': retry_timeout (1500ms) is below poll_timeout (8s), ' err
run 1 -c warn.yaml --json check
out_has '"name": "unused-pool"'
out_has '"severity": "warning"'
out_has '"file": "warn.yaml"'
out_has '"line": 3'
out_has '"column": 3'
out_has '"advice": "name the pool'
check 'two texts' test "$(sed -n '/"warnings": \[/,/\]/p' out | grep -c '^    "')" -eq 2
run 0 -c warn.yaml where key
no_err
end

begin notes_are_status_0
printf '# tenon: ignore-file weak-hash\nservers: [a]\n' >note.yaml
run 0 -c note.yaml check
err 'note.yaml:1:1: note: the comment .*\[unused-ignore\]$'
run 0 -c note.yaml --json check
out_has '"severity": "note"'
out_has '"warnings": \[\]'
end

begin too_many_servers_are_one_error
{ echo servers:; seq 65536 | sed 's/^/- s/'; } >many.yaml
run 2 -c many.yaml check
no_out
err 'many.yaml:2:1: servers: found 65536 servers, expected at most 65535$'
end

begin errors_are_status_2_with_the_warnings_among_them
cat >wrong.yaml <<'HERE'
poll_timeout: 5
prefx: a
servers:
- 10.0.0.1
- a:0
HERE
run 2 -c wrong.yaml check
no_out
check 'in order' test "$(cut -d ' ' -f 2,3 err | tr '\n' ' ')" = \
	"wrong.yaml:1:1: warning: wrong.yaml:2:1: key wrong.yaml:5:3: server "
run 2 -c wrong.yaml --json check
check 'two errors' test "$(sed -n '/"errors": \[/,/^  \]/p' out | grep -c '"code"')" -eq 2
check 'three findings' test "$(sed -n '/"findings": \[/,$p' out | grep -c '"severity"')" -eq 3
run 2 -c warn.yaml --set prefx=a check
check 'three lines' test "$(wc -l <err)" -eq 3
end

begin a_comment_silences_a_warning
printf 'servers: [a]\npoll_timeout: 5 # tenon: ignore poll-below-connect\n' >quiet.yaml
run 0 -c quiet.yaml check
no_err
end

begin a_warning_of_the_log_is_a_warning
run 1 --servers a,b --set plugin_path="$good" --set 'distribution={nature: {crowd: 5}}' check
err 'warning: .*the first server has a crowd'
run 1 --servers a,b --set plugin_path="$good" --set 'distribution={nature: {crowd: 5}}' --json check
out_has '"warnings": \['
out_has 'the first server has a crowd"'
end

begin shares_are_a_picture
run 0 --servers a,b --set plugin_path="$good" --set distribution=nature check
out_has '^  SERVER  *KEYS  *FAIR  *RATIO'
out_has '^  a:11211  *[45][0-9][.][0-9]%  50[.]0%  *[01][.][0-9][0-9]  ███'
out_has '^  100000 simulated keys: max/mean 1[.]0[0-9], max/min 1[.]0[0-9]$'
run 1 --servers a,b --set plugin_path="$good" --set 'distribution={nature: {crowd: 100}}' check
out_has '^  a:11211  *100[.]0%  50[.]0%  *2[.]00  ████████████████████████████████████████$'
out_has '^  b:11211  *0[.]0%  50[.]0%  *0[.]00 *$'
out_has 'max/mean 2[.]00, max/min infinite$'
run 1 --servers a,b --set plugin_path="$good" --set 'distribution={nature: {crowd: 100}}' --json check
out_has '"keys": 100000'
out_has '"fair_keys": 50000.0'
out_has '"max_mean": 2.0'
out_has '"max_min": null'
end

# mcrouter counts a server without a weight as one of weight 500.
begin servers_without_weight_have_the_weight_of_the_ring
printf 'ring: mcrouter-weighted-ch3\nservers: [a, b, {address: c, weight: 1000}]\n' >mixed.yaml
run 0 -c mixed.yaml check
check 'no imbalance' test "$(grep -c imbalance err)" -eq 0
out_has '^  a:11211 +2[45]\.[0-9]% +25\.0% +[01]\.[0-9]+'
out_has '^  c:11211 +(49|50)\.[0-9]% +50\.0% +[01]\.[0-9]+'
run 0 diff mixed.yaml mixed.yaml
out_has '^  max/mean         1\.0[0-9] before, 1\.0[0-9] after$'
end

begin a_hash_function_that_the_ring_calls_otherwise_is_told
printf 'ring: twemproxy-ketama\nhash_function: crc32\nservers: [a]\n' >name.yaml
run 0 -c name.yaml check
check 'the name of tenon' grep -q "^tenon: name.yaml:2:16: note: the clients of ring 'twemproxy-ketama' call another hash function 'crc32': it is 'crc' in tenon; " err
check 'the key is an override' grep -q "^tenon: name.yaml:2:16: note: the key 'hash_function' replaces what ring 'twemproxy-ketama' chooses.*\[overridden-ring\]$" err
end

begin the_manual_has_every_check
sed -n 's/^	{ "\([a-z-]*\)", [A-Z]*, check_.*/\1/p' \
	"$abs_top_srcdir/core/api/lint_checks.c" >names
echo unused-ignore >>names
check 'many names' test "$(wc -l <names)" -ge 16
sed '1,/^The checks are:/d; /^\.It Fl -online/,$d' \
	"$abs_top_srcdir/tools/man/tenon-config.1" |
	sed -n 's/^\.It Cm \([a-z-]*\) .*/\1/p' | sort >manual
check 'the same names' test "$(sort names)" = "$(cat manual)"
end

# stumbling NAME FLAG...: compile a plugin that crashes, hangs or ends the process
stumbling()
{
	output=$1.so
	shift
	$CC -shared -fPIC -I"$abs_top_srcdir/include" "$@" -o "$output" \
		"$abs_top_srcdir/tests/conformance/stumbles.c"
}

begin plugin_that_crashes_or_hangs_is_named
rm -f tenon.yaml
for where in LOAD INIT HASH; do
	stumbling hash_stumbles -DIN=$where -DBY=CRASH
	run 2 --servers 127.0.0.1:1 --set plugins=./hash_stumbles.so check
	err 'plugin .*hash_stumbles\.so crashes with signal 11 '
done
stumbling codec_stumbles -DKIND=CODEC -DIN=INIT -DBY=CRASH
run 2 --servers 127.0.0.1:1 --set plugins=./codec_stumbles.so --set 'codecs=stumbles' check
err 'plugin .*codec_stumbles\.so crashes with signal 11 '
stumbling hash_stumbles -DIN=INIT -DBY=HANG
run 2 --servers 127.0.0.1:1 --set plugins=./hash_stumbles.so check
err 'plugin .*hash_stumbles\.so hangs: '
end

begin plugin_that_ends_the_process_is_named
for where in LOAD INIT HASH; do
	stumbling hash_stumbles -DIN=$where -DBY=LEAVE
	run 2 --servers 127.0.0.1:1 --set plugins=./hash_stumbles.so check
	err 'plugin .*hash_stumbles\.so ends the process with exit status 0 when it is loaded, which no plugin may do; '
	no_out
done
stumbling codec_stumbles -DKIND=CODEC -DIN=INIT -DBY=LEAVE -DSTATUS=3
run 2 --servers 127.0.0.1:1 --set plugins=./codec_stumbles.so --set 'codecs=stumbles' --json check
err 'plugin .*codec_stumbles\.so ends the process with exit status 3 when it is loaded'
out_has '"message": "plugin .*codec_stumbles\.so ends the process with exit status 3 '
# _exit() leaves no trace of its caller
stumbling hash_stumbles -DIN=INIT -DBY=VANISH
run 2 --servers 127.0.0.1:1 --set plugins=./hash_stumbles.so check
err 'plugin \(it is not known which one\) ends the process with exit status 0 when it is loaded'
end

begin output_that_cannot_be_written_is_no_fault_of_a_plugin
if test -w /dev/full; then
	"$tenon" --servers "$(seq -s , -f "s%g" 4000)" --json check >/dev/full 2>err
	check 'status' test $? -eq 3
	check 'reason' grep -q '^tenon: .*No space left' err
	check 'no plugin' test "$(grep -c plugin err)" -eq 0
fi
end

finish
