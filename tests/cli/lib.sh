# SPDX-License-Identifier: BSD-3-Clause
# To be sourced by the tests of tenon(1). A test is
#
#	begin get_writes_the_bytes_and_nothing_else
#	run 0 get key            # the expected exit status, then tenon's arguments
#	out 'value'              # the expected stdout; out_has and err take a regexp
#	end
#
# and a script ends in `finish`. The working folder and $HOME are a scratch folder.
# When the script ends, that folder is removed and processes that still run are killed.
set -u
export LC_ALL=C

tenon=$abs_top_builddir/tools/tenon/tenon
dir=$(mktemp -d) || exit 1
number=0
reasons=

# Kill the jobs in the shell's own list. The shell removes a job that has ended, so a
# pid in the list is never that of another process. SIGKILL also ends processes that a
# test has stopped.
clean_up()
{
	jobs >"$dir/jobs"
	jobs -p >"$dir/jobs"
	while read -r pid; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done <"$dir/jobs"
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

cd "$dir" || exit 1
HOME=$dir/home
export HOME
unset TENON_CONFIG XDG_CONFIG_HOME NO_COLOR
mkdir "$HOME"
input=/dev/null

# Options for servers that are real and named by --servers: a slow machine is no failure. The
# command check has no warning about the three.
patient='--set connect_timeout=20s --set poll_timeout=60s --set retry_timeout=60s'

begin()
{
	name=$1
	reasons=
}

complain()
{
	reasons="$reasons
$*"
}

# check 'the file is empty' test ! -s file: run a command of the shell; the test fails
# when it fails
check()
{
	text=$1
	shift
	"$@" || complain "not so: $text"
}

# run STATUS ARGUMENT...: run tenon and check its exit status. stdin is $input; stdout
# and stderr go to the files out and err.
run()
{
	expected=$1
	shift
	"$tenon" "$@" <"$input" >"$dir/out" 2>"$dir/err"
	status=$?
	if test "$status" -ne "$expected"; then
		complain "tenon $*: exit status $status, expected $expected:" \
			"$(cat "$dir/err")"
	fi
}

# run_limited NUMBER STATUS ARGUMENT...: as run, with descriptors below NUMBER only. libtool's script
# needs more of them, so the program runs without it.
run_limited()
{
	limit=$1
	expected=$2
	shift 2
	bare=${tenon%/*}/.libs/${tenon##*/}
	test -x "$bare" || bare=$tenon
	(
		LD_LIBRARY_PATH=$abs_top_builddir/core/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
		export LD_LIBRARY_PATH
		ulimit -n "$limit"
		exec "$bare" "$@"
	) <"$input" >"$dir/out" 2>"$dir/err" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
	status=$?
	if test "$status" -ne "$expected"; then
		complain "tenon $* with $limit descriptors: exit status $status, expected" \
			"$expected: $(cat "$dir/err")"
	fi
}

# out TEXT: stdout is exactly this text
out()
{
	if test "$(cat "$dir/out")" != "$1"; then
		complain "stdout is '$(cat "$dir/out")', expected '$1'"
	fi
}

# out_has REGEXP: a line of stdout matches
out_has()
{
	grep -Eq -e "$1" "$dir/out" ||
		complain "no line '$1' in stdout '$(cat "$dir/out")'"
}

no_out()
{
	test ! -s "$dir/out" || complain "stdout is '$(cat "$dir/out")'"
}

# err REGEXP: stderr is one line, which matches
err()
{
	test "$(wc -l <"$dir/err")" -eq 1 ||
		complain "stderr is not one line: '$(cat "$dir/err")'"
	grep -Eq -e "^${tenon##*/}: .*$1" "$dir/err" ||
		complain "no '$1' in stderr '$(cat "$dir/err")'"
}

no_err()
{
	test ! -s "$dir/err" || complain "stderr is '$(cat "$dir/err")'"
}

end()
{
	number=$((number + 1))
	if test -z "$reasons"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		echo "$reasons" | sed '/^$/d; s/^/# /'
	fi
}

# Succeed when script(1) can run a command on a terminal here.
has_terminals()
{
	script -qec true /dev/null </dev/null >/dev/null 2>&1
}

# skip NAME REASON: count a test that this machine cannot run as skipped.
skip()
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

finish()
{
	echo "1..$number"
}

# start_server NAME [SOCKET | OPTION...]: start memcached. Sets $server_pid and $address.
start_server()
{
	server=$1
	shift
	case ${1-} in
	/*)
		memcached -u "$(id -un)" -t 1 -m 64 -s "$1" &
		server_pid=$!
		await test -S "$1"
		address=$1
		return
		;;
	esac
	MEMCACHED_PORT_FILENAME=$dir/$server.port memcached -u "$(id -un)" -t 1 \
		-m 64 -l 127.0.0.1 -p -1 -U 0 "$@" &
	server_pid=$!
	await test -s "$dir/$server.port"
	address=127.0.0.1:$(sed -n 's/^TCP INET: //p' "$dir/$server.port")
}

# start_old NAME [closes]: start a server that knows no meta commands, as memcached 1.4. Sets $address.
start_old()
{
	address=$dir/$1.sock
	shift
	"$abs_top_builddir/tests/fakes/old_memcached" "$address" "$@" &
	await test -S "$address"
}

await()
{
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		if test "$tries" -gt 2400; then # two minutes at least
			echo "Bail out! waited in vain: $*"
			exit 1
		fi
		sleep 0.05
	done
}

# wait_for PID: wait for the process and return its exit status. A process that does not
# end is killed, and the test fails.
wait_for()
{
	await has_ended "$1"
	wait "$1"
}

has_ended()
{
	! kill -0 "$1" 2>/dev/null || ps -o stat= -p "$1" | grep -q '^Z'
}

# Start three servers with aliases, two on TCP and one on a UNIX socket, and write a
# config for them.
start_cluster()
{
	start_server one
	one=$address
	start_server two
	two=$address
	start_server three "$dir/three.sock"
	three=$address
	cat >tenon.yaml <<-HERE
	servers:
	  - $one mc-one
	  - $two mc-two
	  - $three mc-three
	connect_timeout: 20s
	poll_timeout: 60s
	HERE
}
