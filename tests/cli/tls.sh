#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The program and servers that speak TLS: check --online, health, and the options for TLS.
. "${abs_top_srcdir:?}/tests/cli/lib.sh"

certificates=$dir/certificates
mkdir "$certificates"
"$abs_top_builddir/tests/fakes/make_certificates" "$certificates" || exit 1

# start_tls NAME CERTIFICATE [OPTION]: memcached, which shows this certificate. Sets $address.
start_tls()
{
	start_server "$1" -Z -o \
		"ssl_chain_cert=$certificates/$2.pem,ssl_key=$certificates/$2.key${3-}" \
		2>/dev/null
}

start_tls one server
one=$address
start_tls two wildcard
two=$address
start_tls three other-name
three=$address
cat >tenon.yaml <<HERE
servers: [$one mc-one, $two mc-two]
tls: {ca: $certificates/ca.pem, verify: ca}
connect_timeout: 5s
poll_timeout: 5s
HERE
tree='^  CN=ca, not sent$'
left='(1 d|23 h( [0-9]+ min)?)' # until the end of the certificates

begin check_online_shows_sessions_and_the_tree_of_certificates
run 1 check --online
no_err
out_has 'ANSWER +SECURE +CERTIFICATE +AUTH'
out_has "^mc-one .* warning .* TLSv1\\.3 +$left +no "
out_has "$tree"
out_has "^  ├─ CN=intermediate, $left\$"
out_has "^  │  └─ CN=server, $left, for .*127\\.0\\.0\\.1.*: mc-one\$"
out_has "^  └─ CN=wildcard, $left, for \\*\\.cache\\.test: mc-two\$"
out_has '^warning: mc-one, mc-two: its certificate ends within 14 days \[certificate-ends\]$'
run 1 --json check --online
out_has '^        "protocol": "TLSv1\.3",$'
out_has '^        "certificate": "ending",$'
out_has '^          "subject": "CN=intermediate",$'
end

begin a_refused_chain_is_shown
run 3 $patient --servers "$one mc-one,$three mc-three" \
	--set "tls={ca: $certificates/ca.pem}" check --online
err '1 of 2 servers cannot be used: mc-three'
out_has '^mc-one .* warning '
out_has '^mc-three .* error '
out_has "$tree"
out_has '^  └─ CN=other-name, .* for other\.test: mc-three$'
out_has '^error: mc-three: no proper answer: not secured: .*other\.test'
end

begin a_server_that_wants_tls_is_recognised
run 3 $patient --servers "$one x" check --online
err '1 of 1 servers cannot be used: x \(.*: it wants TLS, and the key tls is not set for it$'
out_has '^error: x: it wants TLS, and the key tls is not set for it \[wants-tls\]$'
out_has '^  way out: set tls: true, or give --tls; '
cat >mixed.yaml <<HERE
servers:
- {address: "$one", alias: plain}
- {address: "$three", alias: refused, tls: {ca: $certificates/ca.pem}}
HERE
run 3 -c mixed.yaml $patient check --online
out_has '^error: plain: it wants TLS, .* \[wants-tls\]$'
out_has '^error: refused: no proper answer: not secured: .* \[no-answer\]$'
run 3 $patient --servers "$one x" mg k
err '`tenon check --online` tells$'
start_server plain
run 3 $patient --servers "$address x" --tls check --online
out_has '^error: x: no proper answer: not secured: .*plain memcached.* \[no-answer\]$'
out_has '^  way out: look whether both sides speak TLS on this port; '
end

begin a_server_keeps_its_own_key_in_every_command
cat >own.yaml <<HERE
servers:
- {address: "$one", alias: mc, tls: {ca: $certificates/ca.pem}}
connect_timeout: 5s
poll_timeout: 5s
HERE
run 0 -c own.yaml version
run 0 -c own.yaml ping
out_has '^mc .* up +[0-9.]+ '
end

# connections: the number of connections that the server of the last stats has had
connections()
{
	sed -n 's/^ *total_connections *//p' out
}

# One of the two servers has a key `tls` of its own. Each is home to some of the keys.
begin explain_online_asks_a_server_with_tls_over_tls
start_server plain
cat >mixed.yaml <<HERE
servers:
- {address: "$one", alias: mc-tls, tls: {ca: $certificates/ca.pem}}
- "$address mc-plain"
connect_timeout: 5s
poll_timeout: 5s
HERE
keys='k1 k2 k3 k4 k5 k6 k7 k8'
for key in $keys; do
	run 0 -c mixed.yaml set "$key" value
done
run 0 -c own.yaml stats
before=$(connections)
run 0 -c mixed.yaml explain --online $keys
no_err
out_has '^  home +mc-tls +5 +for ever +[0-9]+ s ago, never read +[1-9][0-9]* +0'
out_has '^  home +mc-plain +5 +for ever +[0-9]+ s ago, never read +[1-9][0-9]* +0'
out_has '^  next +mc-tls +absent'
out_has '^  next +mc-plain +absent'
run 0 -c own.yaml stats
# the connections of explain and of stats: a plain one would be a third
check 'no plain connection' test "$(connections)" -eq "$((before + 2))"
run 0 --json explain --online k1
out_has '^        "state": "absent"$'
run 3 -c mixed.yaml --set "servers=[{address: \"$three\", alias: mc, tls: {ca: $certificates/ca.pem}}]" \
	explain --online k1
err 'mc .*: secure plugin .tls.: the server.s certificate is not for .mc., but for .other\.test.'
end

begin health_shows_sessions
run 0 health
check 'a warning' grep -Eq "warning: a certificate of the chain of mc-.* ends in $left\$" err
out_has "^mc-one .* up .* TLSv1\\.3 +$left\$"
run 0 --json health
out_has '^        "cipher": "TLS_[A-Z0-9_]+",$'
out_has '^        "sessions": 1,$'
run 0 health --prometheus
out_has '^tenon_certificate_warning\{server="mc-one"\} 1$'
out_has '^tenon_handshake_duration_seconds_count\{server="mc-two"\} 1$'
end

# The test folder has no config from here on, so that only the options count.
rm tenon.yaml
set -- $patient
start_tls mutual server ",ssl_ca_cert=$certificates/ca.pem,ssl_verify_mode=3"
mutual=$address

begin options_make_every_server_speak_tls
run 0 "$@" --servers "$one mc" --ca "$certificates/ca.pem" set key value
run 0 --ca="$certificates/ca.pem" "$@" --servers "$one mc" get key
out 'value'
run 3 "$@" --servers "$one mc" --tls get key
err 'unable to get.* issuer|self-signed|not trusted|unknown'
run 3 "$@" --servers "$one mc" get key
err 'mc '
end

begin a_client_has_a_certificate
run 0 "$@" --servers "$mutual mc" --ca "$certificates/ca.pem" \
	--cert "$certificates/client.pem" --key "$certificates/client.key" \
	set key value
run 3 "$@" --servers "$mutual mc" --ca "$certificates/ca.pem" get key
run 2 "$@" --servers "$mutual mc" --ca "$certificates/ca.pem" \
	--cert "$certificates/client.pem" --key "$certificates/server.key" get key
run 2 "$@" --servers "$mutual mc" --ca nowhere.pem get key
err 'nowhere\.pem'
end

begin options_replace_the_key_of_the_config
printf 'servers: ["%s mc"]\ntls: {ca: nowhere.pem}\n' "$one" >tenon.yaml
run 2 "$@" get key
run 0 "$@" --ca "$certificates/ca.pem" get key
printf 'servers: [{address: "%s", alias: mc, tls: false}]\n' "$one" >tenon.yaml
run 3 "$@" --ca "$certificates/ca.pem" get key
end

finish
