#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon with a server that wants user and password: --user and the key auth.
. "$abs_top_srcdir/tests/cli/lib.sh"
echo anna:S3cret >users
start_server locked -Y users
echo S3cret >password
echo wrong >wrong
chmod 600 password wrong
servers="$address locked"

# no_password: neither output of the last command has a password
no_password() {
	check 'no password in the output' test "$(cat out err | grep -c 'S3cret\|wrong$')" -eq 0
}

begin the_password_comes_from_a_file_or_from_the_environment
run 0 $patient --servers "$servers" --user anna --password-file password set k v
run 0 $patient --servers "$servers" get k --user anna --password-file=password
out v
TENON_PASSWORD=S3cret
export TENON_PASSWORD
run 0 $patient --servers "$servers" --user anna get k
unset TENON_PASSWORD
out v
end

begin explain_online_asks_after_user_and_password
run 0 $patient --servers "$servers" --user anna --password-file password explain --online k
no_err
out_has '^  home +locked +1 +for ever +[0-9]+ s ago'
run 3 $patient --servers "$servers" explain --online k
err 'locked .*: the server wants user and password'
end

begin a_refused_password_is_a_failure_of_the_server
run 3 $patient --servers "$servers" --user anna --password-file wrong get k
err 'the server refuses user and password: "CLIENT_ERROR authentication failure"'
no_password
run 3 $patient --servers "$servers" --user anna --password-file wrong --json get k
out_has '"status": "not authenticated"'
no_password
run 3 $patient --servers "$servers" --user anna --password-file wrong health
out_has '^locked .* misconfigured '
no_password
end

begin a_user_without_a_password_is_wrong_usage
run 2 $patient --servers "$servers" --user anna get k
err '--user needs a password: give --password-file FILE or set .TENON_PASSWORD'
run 2 $patient --servers "$servers" --user anna --password-file absent get k
err "the password file absent: No such file"
end

begin a_password_file_without_a_user_is_wrong_usage
run 2 $patient --servers "$servers" --password-file password get k
no_out
err '--password-file needs --user \(see tenon get --help\)'
run 2 $patient --servers "$servers" --set 'auth={user: anna, password_file: wrong}' get k --password-file password
err '--password-file needs --user'
run 2 $patient --json --servers "$servers" --password-file password get k
out_has '"message": "--password-file needs --user '
end

begin a_password_in_the_command_line_is_refused
run 2 $patient --servers "$servers" --set 'auth={user: anna, password: S3cret}' get k
err 'every user of this host can see a password in the command line'
no_password
run 2 $patient --servers "$servers" --set 'auth={"user":"anna", "password" : "S3cret"}' get k
no_password
run 0 $patient --servers "$servers" --set 'auth={user: anna, password_file: password}' get k
out v
end

begin a_config_with_a_password_shows_it_nowhere
printf '%s\n' "servers: [\"$servers\"]" 'auth: {user: anna, password: S3cret}' >tenon.yaml
chmod 604 tenon.yaml
for command in 'get k' 'health' 'check' 'explain k' 'where k' 'get --explain k' 'stats' 'plugins core'; do
	for options in '-v' '--json'; do
		"$tenon" $patient $options $command >out 2>err
		no_password
	done
done
run 0 $patient -v get k
err 'warning: .*every user of this host can read .*tenon.yaml'
end

finish
