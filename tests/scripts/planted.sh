#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Each row plants one bug in a plugin of the template, and tenon-conformance has to catch the bug with
# the test that the row names. The same test passes without the bug. Reports in TAP.
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

# Succeed when the plugin with the bug fails the test, and the plugin without the bug passes it.
# caught SOURCE TEST PROMISES SED-SCRIPT
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
	test "$status" -eq 1 && grep -q "^not ok .*:$2:" "$dir/out" || {
		echo "exit status $status, expected 1 and a failure of $2"
		cat "$dir/out"
		return 1
	}
}

# plant BUG SOURCE TEST SED-SCRIPT
promises=
plant()
{
	try "$2_that_$1" caught "$2" "$3" "$promises" "$4"
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
plan
