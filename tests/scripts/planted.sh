#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Each row plants one bug in a plugin of the template, and tenon-conformance has to catch the bug with
# the test that the row names, and to print what the row says. The same test passes without the bug.
# No assertion of the suites prints its condition alone. Reports in TAP.
set -eu
. "$abs_top_srcdir/tests/runner/tap.sh"

conformance=$abs_top_builddir/tests/conformance/tenon-conformance
template=$abs_top_srcdir/tools/plugin-template
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset abs_top_builddir TENON_PLUGIN_PATH

# build SOURCE PLUGIN
build()
{
	$CC -shared -fPIC -I"$abs_top_srcdir/include" -o "$2" "$1"
}

# Succeed when the plugin with the bug fails the test and prints a text that matches the regexp, and
# the plugin without the bug passes the test.
# caught SOURCE TEST PROMISES SED-SCRIPT REGEXP
caught()
{
	test -e "$dir/$1.so" || build "$template/$1.c" "$dir/$1.so" || return 1
	sed "$4" "$template/$1.c" >"$dir/planted.c"
	if cmp -s "$template/$1.c" "$dir/planted.c"; then
		echo "the bug is not in $1.c: its line has changed"
		return 1
	fi
	build "$dir/planted.c" "$dir/planted.so" || return 1
	"$conformance" --test "$2" --promises "$3" "$dir/$1.so" >"$dir/out" || {
		cat "$dir/out"
		return 1
	}
	status=0
	"$conformance" --test "$2" --promises "$3" "$dir/planted.so" >"$dir/out" || status=$?
	test "$status" -eq 1 && grep -Eq "^not ok .*:$2: .*$5" "$dir/out" || {
		echo "exit status $status, expected 1 and a failure of $2 that prints '$5'"
		cat "$dir/out"
		return 1
	}
}

# plant BUG SOURCE TEST SED-SCRIPT [REGEXP]
promises=
plant()
{
	try "$2_that_$1" caught "$2" "$3" "$promises" "$4" "${5-}"
}

# ---- hash: the known answers are those of the function with the bug

plant ignores_bytes_behind_the_fifth hash_times33 every_byte_of_a_key_decides_its_hash '
	s/i < key_len;/i < key_len \&\& i < 5;/
	s/0xe852547d/0x197e461f/
	s/0x6be7a08a/0xb7f525f/'
plant counts_in_its_state hash_times33 hashing_changes_nothing_in_the_instance '
	s/(void)self;/++*(uint64_t *)(uintptr_t)self;/
	s/\.hash = times33_hash,/.state_size = 8, &/'

# ---- distribution

plant writes_to_itself_in_locate distribution_wheel lookups_change_nothing_in_the_ring '
	s/uint32_t count; .*/uint32_t count, calls;/
	s/uint64_t slot = /((struct wheel *)(uintptr_t)self)->calls++; &/'
plant keeps_its_servers distribution_wheel build_keeps_nothing_of_its_servers '
	s/uint32_t count; .*/uint32_t count; const struct tenon_ring_server *kept;/
	s/wheel->count = count;/& wheel->kept = servers;/
	s/uint64_t slot = /if (wheel->kept->weight == 0) { return 0; } &/'

# ---- codec

promises=detects
plant accepts_trailing_garbage codec_pairs bytes_behind_the_form_are_no_part_of_it '
	/len - at < 2/{n;s/return 0/return total/;}
	s/len == 0 || len != read_number(bytes)/len == 0 || len < read_number(bytes)/
	s/if (len > pairs->max_value_bytes)/len = read_number(bytes); &/
	s/at < stored->len; at += 2/at < stored->len \&\& out < output->data + len; at += 2/'
promises=
plant reads_one_byte_past_its_input codec_pairs no_byte_beside_the_input_is_read '
	s/run < len && run < RUN_MAX && bytes\[run\] == bytes\[0\]/bytes[run] == bytes[0] \&\& run < len \&\& run < RUN_MAX/'
plant allocates_what_a_bomb_claims codec_pairs bombs_are_refused_early '
	s/#include <stddef.h>/#include <stdlib.h>/
	s/^.*no memory before the length.*/char *room = malloc(len); if (!room) { return host->set_error(err, TENON_ENOMEM, "out of memory"); } free(room);/'
plant allocates_from_the_host_what_a_bomb_claims codec_pairs bombs_are_refused_early '
	s/^.*no memory before the length.*/host->free(host->context, host->alloc(host->context, len));/'
plant leaks_its_own_malloc codec_pairs values_leave_no_memory_behind '
	s/#include <stddef.h>/#include <stdlib.h>/
	s/out = (unsigned char \*)output->data;/if (!malloc(8)) { return TENON_ENOMEM; } &/'

# ---- services of the host

plant asks_for_more_shared_memory_each_time codec_pairs init_that_runs_out_of_memory_cleans_up '
	s/^	pairs->host = host;/& static size_t bytes; (void)host->shared(host->context, ++bytes);/'
plant has_a_metric_in_upper_case codec_pairs init_that_runs_out_of_memory_cleans_up '
	s/^	pairs->host = host;/& (void)host->metric(host->context, "Pairs", TENON_METRIC_GAUGE, "Pairs.");/'
plant has_a_metric_of_no_type codec_pairs init_that_runs_out_of_memory_cleans_up '
	s/^	pairs->host = host;/& (void)host->metric(host->context, "pairs", 3, "Pairs.");/'
plant has_a_counter_without_total codec_pairs init_that_runs_out_of_memory_cleans_up '
	s/^	pairs->host = host;/& (void)host->metric(host->context, "pairs", TENON_METRIC_COUNTER, "Pairs.");/'
plant has_a_metric_with_two_lines_of_help codec_pairs init_that_runs_out_of_memory_cleans_up '
	s/^	pairs->host = host;/& (void)host->metric(host->context, "pairs", TENON_METRIC_GAUGE, "Pairs.\\nAll.");/'

# ---- transport

plant forgets_connected transport_courier a_connection_ends_after_any_event '
	s/ops->connected(ops->context, ride->conn)/TENON_WANT_SEND/'
plant calls_failed_before_close transport_courier a_connection_that_fails_leaves_the_others_alone '
	/^static void fail/,/^}/{
		/courier_close/d
		s/^}/	courier_close(courier, ride->conn); }/
	}'
plant calls_failed_for_a_connection_that_the_core_closes transport_courier a_connection_ends_after_any_event '
	/^static void set_want/,/^}/s/courier_close(courier, ride->conn)/fail(courier, ride, TENON_ECLOSED, 0)/'
plant forgets_failed_for_a_broken_connection transport_courier a_connection_that_fails_leaves_the_others_alone '
	/^static int receive_some/,/^}/s/fail(courier, ride, TENON_ECLOSED.*/courier_close(courier, ride->conn);/'
plant spins_while_a_name_is_looked_up transport_courier a_lookup_is_waited_for_without_spinning '
	s/^	if (ride->wait_fd >= 0) {/& *until_ns = now_ns;/'
plant closes_the_descriptor_of_the_core transport_courier a_lookup_is_waited_for_without_spinning '
	/^static void start_next/,/^}/s/ride->wait_fd = -1;/if (ride->wait_fd >= 0) { close(ride->wait_fd); } &/'
plant shuts_down_in_close transport_courier a_fork_leaves_open_connections_to_the_parent '
	s/^		close(conn->fd);/shutdown(conn->fd, SHUT_RDWR); &/'
plant leaks_memory_of_the_host transport_courier a_connection_ends_after_any_event '
	/^static void courier_remove/,/^}/{
		/->free/d
	}'
plant breaks_above_fd_setsize transport_courier descriptors_may_have_any_number '
	s/if (racer->fd < 0) {/if (racer->fd >= 1024) { close(racer->fd); racer->fd = -1; } &/'
plant connects_one_after_the_other transport_courier connections_do_not_wait_for_one_another '
	s/^		begin(courier, .*/& while (go_on_all(courier, conns + i, 1, now_ns, deadline_ns) > 0) { wait_for(courier, conns + i, 1, now_ns, deadline_ns); now_ns = courier->ops->now_ns(courier->ops->context); }/'

# ---- what a failure prints

# Print the assertions of files that print no value: those of a condition alone, those whose message
# has no value, and those that print a status as a number.
bare()
{
	awk '
	/^#/ { next }
	/(ck_assert[a-z_]*|ck_abort_msg|rig_assert)\(/ { is_open = 1; text = "" }
	is_open { text = text " " $0 }
	is_open && /;[ \t]*$/ {
		is_open = 0
		gsub(/[ \t]+/, " ", text)
		if (text ~ /ck_(assert|abort)\(/ ||
		    (text ~ /(ck_assert_msg|ck_assert_subject|ck_abort_msg|rig_assert)\(/ && text !~ /%/) ||
		    text ~ /ck_assert_u?int_[a-z]+\(.*, TENON_(OK|HIT|MISS|STORED|NOT_STORED|E[A-Z]+)\)/ ||
		    text ~ /ck_assert(_int_ne|_number|_subject_int)\(.*TENON_E[A-Z]+\)/) {
			print FILENAME ":" text
		}
	}' "$@"
}

no_assertion_is_bare()
{
	bare "$abs_top_srcdir"/tests/conformance/*.c >"$dir/bare"
	cat "$dir/bare"
	test ! -s "$dir/bare"
}

bare_assertions_are_found()
{
	cat >"$dir/bare.c" <<'HERE'
	ck_assert(is_good);
	ck_assert_msg(is_good, "the codec is bad");
	ck_assert_subject(is_good,
			  "a bad codec");
	rig_assert(is_good, "out of memory");
	ck_assert_int_eq(code, TENON_ENOMEM);
	ck_assert_int_eq(rig_get(&rig, "k"),
			 TENON_MISS);
	ck_assert_subject_int(code, ==, TENON_EIO);
	ck_assert_msg(is_good, "found %d", code);
	ck_assert_status(code, TENON_ENOMEM);
	ck_assert_ptr_nonnull(copy);
HERE
	bare "$dir/bare.c" >"$dir/bare"
	cat "$dir/bare"
	test "$(wc -l <"$dir/bare")" -eq 7
}

try no_assertion_of_the_suites_is_bare no_assertion_is_bare
try bare_assertions_are_found bare_assertions_are_found

# A string of bytes, a status, a number, a state, an outcome, and a hash.
plant changes_a_byte codec_pairs values_of_every_size_come_back '
	/check sum of the value is wrong/,/^}/s/return 0;/if (len > 5) { ((char *)output->data)[5] ^= 1; } &/' \
	"makes another value: found [0-9]+ bytes, expected [0-9]+; from byte 5 on, found( [0-9a-f]{2})+"
plant is_out_of_memory_in_other_words codec_pairs init_that_runs_out_of_memory_cleans_up '
	s/^	pairs->host = host;/& void *kept = host->alloc(host->context, 1); host->free(host->context, kept); if (!kept) { return host->set_error(err, TENON_EIO, "no room"); }/' \
	"codec plugin 'pairs': expected .*, found input/output error \(-[0-9]+\) when allocation 1 fails"
plant forgets_failures failover_nearby dead_server_is_avoided_and_comes_back '
	s/^	at->failures += .*/	(void)now_ms;/
	s/^	at->down_until_ms = .*/	at->failures = 0;/' \
	"failover plugin 'nearby': route\(&policy, 1, now_ms\) is 1, expected != 1, which is dead"
plant is_up_again_at_once failover_nearby the_reported_state_agrees_with_the_route '
	s/now_ms < at->down_until_ms ? TENON_SERVER_DOWN/at->failures == 0 ? TENON_SERVER_DOWN/' \
	"that server 1 is probing \([0-9]+\), expected down \([0-9]+\)"
plant reports_another_errno transport_courier a_connection_that_fails_leaves_the_others_alone '
	/^static int receive_some/,/^}/s/fail(courier, ride, TENON_ECLOSED.*/fail(courier, ride, TENON_EPROTOCOL, 71);/' \
	"transport plugin 'courier': talkers\\[i\\]\\.status is protocol error \\(-[0-9]+\\), expected connection closed \\(-[0-9]+\\)"
plant does_not_close transport_courier a_connection_ends_after_any_event '
	/^static void set_want/,/^}/s/courier_close(courier, ride->conn)/(void)courier/' \
	"transport plugin 'courier' calls a function for a connection that is closed by the core"
plant hashes_otherwise_later hash_times33 same_key_has_the_same_hash_in_every_instance '
	s/\.hash = times33_hash,/.state_size = 8, &/
	s/(void)self;/uint64_t *calls = (void *)(uintptr_t)self;/
	s/return hash;/return ++*calls > 20 ? hash + 1 : hash;/' \
	"hash plugin 'times33': expected hash == expected, found 0x[0-9a-f]+, expected 0x[0-9a-f]+ .* for the key of 10 bytes:( [0-9a-f]{2}){10}"
plant writes_behind_its_room secure_mask sessions_begin_and_end_at_any_time '
	s/^	io->out_len = n;/	out[io->out_room] = 1; &/' \
	"secure plugin 'mask': behind_room is not untouched: found 64 bytes, expected 64; from byte 0 on, found 01( 5c)+ \\.\\.\\., expected( 5c)+ \\.\\.\\."
plan
