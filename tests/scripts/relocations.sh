#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Some programs, such as greenify, make libraries wait in another way. They rewrite the
# dynamic linker's table of calls for poll, connect, recv and similar functions. So
# libtenon has to call every function that may wait by its name, through that table,
# also in a hardened build, and nothing else in it may wait. Reports in TAP.
set -eu

export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
readelf=${READELF:-readelf}
build=$abs_top_builddir
source=$abs_top_srcdir

# Print the functions that a library calls through the table that such programs rewrite,
# and all functions that it needs from other libraries.
calls()
{
	$readelf -rW "$1" | awk '/^Relocation section/ { on = /\.rela?\.plt/ }
		on && $3 ~ /JU?MP_SLOT?|JUMP_SLOT/ { sub(/@.*/, "", $5); print $5 }' |
		sort -u
}
needs()
{
	$readelf --dyn-syms -W "$1" |
		awk '$7 == "UND" && $8 != "" { sub(/@.*/, "", $8); print $8 }' |
		sort -u
}

number=0
# result NAME FILE: report a test, which fails when FILE lists problems
result()
{
	number=$((number + 1))
	if test -s "$2"; then
		echo "not ok $number - $1"
		sed 's/^/# /' "$2"
	else
		echo "ok $number - $1"
	fi
}

may_wait='poll connect recv send sendmsg read write'
# Other functions of the C library that wait, and the names that hardening uses.
waits='accept accept4 clock_nanosleep epoll_pwait epoll_wait flock io_getevents
	nanosleep pause ppoll preadv pread pselect pthread_barrier_wait
	pthread_cond_clockwait pthread_cond_timedwait pthread_cond_wait
	pthread_join pthread_rwlock_wrlock readv recvfrom recvmmsg recvmsg
	select sem_timedwait sem_wait sendmmsg sendto sigwait sleep syscall usleep
	wait waitpid writev
	__poll_chk __ppoll_chk __pread_chk __read_chk __recv_chk
	__recvfrom_chk'

# check NAME LIBRARIES FUNCTION...: the libraries call these functions through the
# table, and no other function that waits.
check()
{
	name=$1
	libraries=$2
	shift 2
	: >"$dir/problems"
	: >"$dir/all"
	for library in $libraries; do
		calls "$library" >"$dir/calls"
		needs "$library" >"$dir/needs"
		cat "$dir/calls" >>"$dir/all"
		for function in $may_wait; do
			if grep -qx "$function" "$dir/needs" &&
				! grep -qx "$function" "$dir/calls"; then
				echo "$function: used, but not through the table" \
					>>"$dir/problems"
			fi
		done
		for function in $waits; do
			if grep -qx "$function" "$dir/needs"; then
				echo "$function: waits" >>"$dir/problems"
			fi
		done
	done
	for function in "$@"; do
		grep -qx "$function" "$dir/all" ||
			echo "$function: no call through the table" >>"$dir/problems"
	done
	result "$name" "$dir/problems"
}

echo 1..5
library=$build/core/.libs/libtenon.so
module=$build/plugins/.libs/transport_poll.so # where it is not built in
test -e "$module" || module=
check the_library_waits_in_nothing_but_poll "$library $module" \
	poll connect recv send sendmsg
$readelf -SW "$library" >"$dir/sections"
: >"$dir/problems"
for section in dynsym 'rela\?\.plt' 'rela\?\.dyn'; do
	grep -q " \.$section " "$dir/sections" ||
		echo "no section .$section" >>"$dir/problems"
done
result the_library_has_the_sections_that_are_looked_for "$dir/problems"

# Compile the same sources with all hardening options.
harden="-O2 -g0 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
	-fPIC -shared -Wl,-z,relro -Wl,-z,now"
$CC -std=c11 $harden -I"$source/include" \
	"$source/plugins/transport/poll/poll.c" -o "$dir/poll.so"
check a_hardened_transport_calls_by_plain_names "$dir/poll.so" \
	poll connect recv send sendmsg
$CC -std=c11 $harden -I"$build" -include config.h -I"$source/include" \
	-I"$source/core" "$source/core/base/queue.c" -o "$dir/queue.so"
check a_hardened_pool_waits_by_plain_names "$dir/queue.so" poll

# Check the check: a call of poll that hardening has renamed is found.
cat >"$dir/chk.c" <<'END'
#include <poll.h>
int fill(struct pollfd *fds);
int hardened(int timeout_ms);
int hardened(int timeout_ms)
{
	struct pollfd fds[4];

	return poll(fds, (nfds_t)fill(fds), timeout_ms);
}
END
$CC $harden "$dir/chk.c" -o "$dir/chk.so"
if needs "$dir/chk.so" | grep -qx __poll_chk; then
	: >"$dir/nothing"
	result what_hardening_makes_of_a_call_is_seen "$dir/nothing"
else
	echo "ok 5 - what_hardening_makes_of_a_call_is_seen # SKIP this C library has no __poll_chk"
fi
