#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tenon import: configs of other clients and proxies become configs of tenon. No server.
# The inputs are in import/, and so are the configs that they become.
. "$abs_top_srcdir/tests/cli/lib.sh"

inputs=$abs_top_srcdir/tests/cli/import
cp "$inputs"/*.yml "$inputs"/*.json "$inputs"/*.ini .

# The library can read a config with the key tls.
has_tls()
{
	"$tenon" plugins tls >/dev/null 2>&1
}

has_inih()
{
	grep -q '^#define HAVE_INIH 1' "$abs_top_builddir/config.h"
}

# becomes FILE ARGUMENT...: import writes this config, and its notes to stderr too.
becomes()
{
	file=$inputs/$1
	shift
	run 0 import "$@"
	check "stdout is $file" diff -u "$file" out
	sed -n 's/^# not carried over/tenon: not carried over/p' out >notes
	check 'stderr has the notes' diff -u notes err
}

# no_notes: nothing was left out
no_notes()
{
	no_err
	check 'no comment says so' test "$(grep -c 'not carried over' out)" -eq 0
}

# key KEY VALUE: the config has this line, whatever comment is behind it
key()
{
	check "'$1: $2' is in $(cat out)" grep -Eq "^$1: $2( *# .*)?\$" out
}

# keyless KEY: the config has no such line
keyless()
{
	check "no $1" test "$(grep -c "^$1:" out)" -eq 0
}

# note REGEXP: a line of stderr and a comment say so
note()
{
	check "note '$1' in $(cat err)" grep -Eq "^tenon: not carried over: .*$1" err
	out_has "^# not carried over: .*$1"
}

# secretless: neither output has the secret of the input, which is "geheim"
secretless()
{
	check 'the secret is not shown' test "$(cat out err | grep -c geheim)" -eq 0
}

# ---- twemproxy --------------------------------------------------------------

begin nutcracker_pools
becomes nutcracker-users.yaml nutcracker.yml --pool users
becomes nutcracker-pages.yaml nutcracker.yml --pool=pages
end

begin nutcracker_pool_has_to_be_chosen
run 2 import nutcracker.yml
no_out
err "nutcracker.yml: found 2 pools, choose one with --pool: 'users', 'pages'"
run 2 import nutcracker.yml --pool user
err "nutcracker.yml: found no pool 'user'; there is 'users', 'pages'"
end

# nutcracker LINE...: import a pool with one server and these lines.
nutcracker()
{
	expected=$1
	shift
	{
		echo 'a:'
		echo '  listen: 127.0.0.1:1'
		printf '  %s\n' "$@"
		echo '  servers: ["mc1:11211:1"]'
	} >a.yml
	run "$expected" import a.yml
}

begin names_of_hash_functions_are_translated
nutcracker 0 'hash: crc32'
key hash_function crc
nutcracker 0 'hash: crc32a'
key hash_function crc32
nutcracker 0 'hash: crc16'
key hash_function crc16
nutcracker 0 'hash: fnv1a_64'
keyless hash_function
nutcracker 0 'hash: md5' 'distribution: modula'
key ring twemproxy-modula
key hash_function md5
end

begin nutcracker_without_ejection_tries_every_time
nutcracker 0 'timeout: 400' 'server_retry_timeout: 1000'
key retry_timeout 0s
keyless failover
no_notes
nutcracker 0 'auto_eject_hosts: true'
key retry_timeout 30s
key failover '\{eject: \{failures: 2\}\}'
note 'timeout: nutcracker waits without a limit'
nutcracker 0 'auto_eject_hosts: true' 'distribution: modula'
note 'ejection with modula'
end

begin random_distribution_has_no_ring
nutcracker 0 'distribution: random'
keyless ring
note 'distribution: random'
end

begin wrong_nutcracker_has_line_and_column
nutcracker 2 'hash: md6'
err "a.yml:3:9: hash is 'md6', expected one_at_a_time, md5, .* murmur or jenkins"
nutcracker 2 'hash_tags: "{}"'
err "a.yml:3:3: nutcracker has no key 'hash_tags', did you mean 'hash_tag'"
nutcracker 2 'hash_tag: "{"'
err 'a.yml:3:13: .*two characters'
nutcracker 2 'redis: true'
err 'a.yml:3:10: .*Redis'
nutcracker 2 'timeout: soon'
err "a.yml:3:12: timeout is 'soon', expected a number"
nutcracker 2 'auto_eject_hosts: yes'
err 'expected true or false'
printf 'a:\n  servers:\n    - mc1:11211\n' >a.yml
run 2 import a.yml
err "a.yml:3:7: a server is 'mc1:11211', expected host:port:weight"
printf 'a:\n  servers:\n    - mc1:11211:0 name\n' >a.yml
run 2 import a.yml
err 'a.yml:3:7'
printf 'a:\n  servers: [\n' >a.yml
run 2 import a.yml
err 'a.yml:3:1: is not YAML'
printf 'a:\n  hash: md5\n' >a.yml
run 2 import a.yml --from nutcracker
err 'no servers'
end

begin comments_stay_comments
printf 'a:\n  backlog: "1\\nservers: [x]"\n  servers: ["mc1:1:1"]\n' >a.yml
run 0 import a.yml
check 'one key servers' test "$(grep -c '^servers' out)" -eq 1
note 'backlog: 1.x0aservers'
printf 'a:\n  servers: ["mc1:1:1 a\\"b: #c"]\n' >a.yml
run 0 import a.yml
out_has '^  - \{address: mc1:1, alias: "a..b: #c"\}$'
end

# ---- libmemcached -----------------------------------------------------------

three='--SERVER=10.0.0.1 --SERVER=10.0.0.2:11211 --SERVER=10.0.0.3:11212'
weighted='--SERVER=10.0.0.1/?1 --SERVER=10.0.0.2:11211/?2 --SERVER=10.0.0.3:11212/?3'

begin libmemcached_string
run 0 import "$three"
out "# made by 'tenon import' from the command line, a config string of libmemcached

ring: libmemcached-modula
servers:
  - 10.0.0.1
  - 10.0.0.2:11211
  - 10.0.0.3:11212
connect_timeout: 4s     # libmemcached's default
poll_timeout: 5s        # libmemcached's default
retry_timeout: 2s       # libmemcached's default"
no_notes
end

begin libmemcached_settings
run 0 import "$three --connect-timeout=250 --POLL-TIMEOUT=1500
# a comment
	--RETRY-TIMEOUT=9 --NAMESPACE=\"app:\" --HASH-WITH-NAMESPACE
	--SOCKET=\"/run/mc 1.sock\"/?1 --TCP-NODELAY --VERIFY-KEY --SUPPORT-CAS
	END this is not read"
key connect_timeout 250ms
key poll_timeout 1500ms
key retry_timeout 9s
key prefix '"app:"'
out_has '^  - "/run/mc 1.sock"$'
no_notes
run 0 import "$three --REMOVE-FAILED-SERVERS=1"
key failover '\{eject: \{failures: 5\}\}'
note 'stays away for ever'
run 0 import "$three --REMOVE-FAILED-SERVERS=0"
keyless failover
run 0 import "$three --NAMESPACE=app:"
key prefix '"app:"'
keyless hash_prefix # the ring says so already
run 0 import "$three --NAMESPACE=app: --HASH-WITH-NAMESPACE"
key hash_prefix yes
run 0 import "$three --NOREPLY --BINARY-PROTOCOL --NUMBER-OF-REPLICAS=2"
check 'three notes' test "$(wc -l <err)" -eq 3
note '--NUMBER-OF-REPLICAS=2: tenon stores one copy'
end

begin libmemcached_rings
run 0 import "--HASH=MD5 $three"
key ring libmemcached-modula
key hash_function md5
run 0 import "--DISTRIBUTION=consistent --HASH=murmur $three"
key ring libmemcached-consistent
key hash_function murmur
run 0 import "--DISTRIBUTION=consistent $three"
keyless hash_function
run 0 import "$three --DISTRIBUTION=random"
keyless ring
note random
end

begin libmemcached_goes_by_the_order_of_its_words
run 0 import "--DISTRIBUTION=consistent $weighted"
key ring libmemcached-weighted
key hash_function one_at_a_time
out_has 'weight: 3'
no_notes
run 0 import "$weighted --DISTRIBUTION=consistent"
key ring libmemcached-consistent
check 'no weight' test "$(grep -c 'weight:' out)" -eq 0
note 'weights'
run 0 import "$weighted"
key ring libmemcached-modula
note 'weights: .*MODULA'
run 0 import "--DISTRIBUTION=consistent $three --HASH=md5"
key hash_function md5
note 'the order of settings'
run 0 import "$three --HASH=md5 --DISTRIBUTION=consistent"
no_notes
run 0 import "--DISTRIBUTION=consistent $weighted --HASH=md5"
key ring libmemcached-weighted
keyless hash_function
no_notes
end

begin wrong_libmemcached_has_line_and_column
run 2 import "$three --DISTRBUTION=consistent"
err "the command line:1:67: libmemcached has no word '--DISTRBUTION', did you mean '--DISTRIBUTION'"
printf -- '--SERVER=mc1\n  --HASH=md6\n' >string
run 2 import string
err "string:2:3: --HASH is 'md6', expected a hash function of libmemcached"
run 2 import '--SERVER=mc1 mc2'
err "the command line:1:14: found 'mc2'"
run 2 import '--SERVER=mc1/?0'
err 'expected host'
run 2 import '--SERVER='
err '--SERVER needs a value'
run 2 import '--SERVER=mc1 --NOREPLY=1'
err '--NOREPLY takes no value'
run 2 import '--SERVER=mc1 --POLL-TIMEOUT=x'
err "--POLL-TIMEOUT is 'x', expected a number"
run 2 import '--SERVER=mc1 --HASH=md5 --HASH=crc'
err 'twice'
run 2 import '--SERVER=mc1:port'
err "server 'mc1:port': the port is not a number"
run 2 import '--NOREPLY'
err 'names no server'
end

# ---- PHP --------------------------------------------------------------------

begin save_path_of_php
run 0 import 'mc1:11211, mc2:11212:1'
key ring libmemcached-consistent
key prefix memc.sess.key.
out_has '^  - mc1:11211$'
out_has '^  - mc2:11212$'
keyless hash_prefix
run 0 import 'mc1:11211:1,mc2:11211 2,/run/mc.sock:0:3'
note 'weights'
out_has '^  - /run/mc.sock$'
run 0 import 'PERSISTENT=pool mc1:11211'
note 'PERSISTENT=pool'
run 0 import --from php mc1
out_has '^  - mc1$'
run 0 import 'session.save_path = "mc1:11211"'
out_has '^  - mc1:11211$'
end

begin save_path_of_the_other_extension
run 0 import 'tcp://mc1:11211?weight=2&timeout=1, unix:///run/mc.sock:0?weight=3'
out_has '^  - \{address: mc1:11211, weight: 2\}$'
out_has '^  - \{address: /run/mc.sock, weight: 3\}$'
keyless ring
note 'timeout=1'
note 'whose ring tenon does not have'
end

begin wrong_save_path
run 2 import 'mc1:11211,mc2:0:x'
err "session.save_path has 'mc2:0:x', expected host:port"
run 2 import 'mc1:99999'
err "server 'mc1:99999': the port is not a number"
run 2 import --from php ' , '
err 'names no server'
run 2 import --from php 'tcp://mc1:11211?weight=0'
err 'expected host:port'
end

if has_inih; then
	begin php_ini
	becomes php.yaml php.ini
	end

	begin php_ini_settings
	{
		echo '[Session]'
		echo '# a comment'
		echo 'session.save_path = "mc1:11211:2,mc2:11211"'
		echo 'memcached.sess_prefix = "" ; none'
	} >php1.ini
	run 0 import php1.ini
	key ring libmemcached-consistent
	keyless prefix
	note weights
	echo 'memcached.sess_consistent_hash = Off' >>php1.ini
	run 0 import php1.ini
	key ring libmemcached-modula
	echo 'memcached.sess_consistent_hash = 1' >>php1.ini
	echo 'memcached.sess_consistent_hash_type = "ketama_weighted"' >>php1.ini
	run 0 import php1.ini
	key ring php-memcached
	keyless hash_function
	out_has 'weight: 2'
	no_notes
	end

	begin php_ini_settings_that_are_left_out_have_reasons
	{
		echo 'session.save_path = mc1:1'
		echo 'memcached.sess_locking = On'
		echo 'memcached.sess_binary_protocol = On'
		echo 'memcached.sess_persistent = On'
		echo 'memcached.sess_sasl_username = carl'
		echo 'memcached.sess_sasl_password = geheim'
		echo 'memcached.store_retry_count = 2'
	} >php4.ini
	run 0 import php4.ini
	note 'memcached.sess_locking = On: the session handler of PHP locks sessions, not the client'
	note 'memcached.sess_binary_protocol = On: tenon does not speak the binary protocol'
	note 'memcached.sess_persistent = On: a client of tenon keeps its connections'
	note 'memcached.sess_sasl_username = carl: SASL needs the binary protocol'
	note 'memcached.sess_sasl_password = \(not shown\): SASL needs the binary protocol'
	note 'memcached.store_retry_count = 2'
	secretless
	end

	begin wrong_php_ini
	printf 'memcached.sess_prefix = x\n' >php2.ini
	run 2 import php2.ini
	err 'php2.ini: has no session.save_path'
	printf 'session.save_handler = files\nsession.save_path = /tmp\n' >php2.ini
	run 2 import php2.ini
	err "session.save_handler is 'files', expected memcached"
	printf 'session.save_path = "mc1:1\n' >php2.ini
	run 2 import php2.ini
	err 'expected a quote at its end'
	printf 'session.save_path = mc1:1\nmemcached.sess_consistent_hash = perhaps\n' >php2.ini
	run 2 import php2.ini
	err "is 'perhaps', expected On or Off"
	end
else
	skip php_ini 'built without libinih'
	skip php_ini_settings 'built without libinih'
	skip php_ini_settings_that_are_left_out_have_reasons 'built without libinih'
	begin php_ini_needs_a_library
	run 2 import php.ini
	err 'built without libinih'
	end
fi

# ---- Python -----------------------------------------------------------------

begin caches_of_django
becomes django-default.yaml django.json --pool default
becomes django-pages.yaml django.json --pool pages
becomes django-old.yaml django.json --pool old
run 2 import django.json
err "found 3 caches, choose one with --pool: 'default', 'pages', 'old'"
run 2 import django.json --pool local
err "no cache 'local'"
end

# json STATUS TEXT: import JSON from standard input.
json()
{
	expected=$1
	echo "$2" >input.json
	input=$dir/input.json
	run "$expected" import -
	input=/dev/null
}

begin arguments_of_pylibmc
json 0 '{"servers": ["mc1:11211", "mc2"], "behaviors": {"ketama": true}}'
key ring pylibmc
keyless hash_function
keyless prefix
no_notes
json 0 '{"servers": ["mc1", "mc2"], "behaviors": {}}'
key ring libmemcached-modula
json 0 '{"servers": ["mc1", "mc2"], "behaviors": {"ketama": 1, "hash": "fnv1a_32"}}'
key ring libmemcached-consistent
key hash_function fnv1a_32
json 0 '{"servers": ["mc1", "mc2:11211:2"], "behaviors": {"ketama": true}}'
key ring libmemcached-weighted
key hash_function one_at_a_time
json 0 '{"servers": ["mc1", "mc2"], "behaviors": {"ketama_weighted": true, "hash": "crc"}}'
key ring libmemcached-weighted
keyless hash_function
json 0 '{"servers": ["mc1", "mc2"], "behaviors": {"ketama": true, "distribution": "modula"}}'
key ring libmemcached-modula
json 0 '{"servers": ["mc1", "mc2"], "behaviors": {"distribution": "consistent ketama spy"}}'
key ring libmemcached-spy
key hash_function one_at_a_time
json 0 '{"servers": ["mc1", "mc2"], "behaviors": {"namespace": "a:", "no_block": 1}}'
key prefix '"a:"'
keyless hash_prefix
note 'no_block: 1'
json 0 '{"servers": ["mc1", "mc2"], "binary": true, "username": "carl", "password": "geheim", "behaviors": {}}'
note 'username: "carl": it is for SASL, which needs the binary protocol, and tenon does not speak that'
note 'password: \(not shown\): it is for SASL, as username'
note 'binary: true: tenon does not speak the binary protocol'
secretless
json 2 '{"servers": ["mc1"], "behaviors": {"hash": "md6"}}'
err "pylibmc has no hash function 'md6'"
json 2 '{"servers": ["mc1"], "behaviors": {"connect_timeout": "1"}}'
err "'connect_timeout' is no number"
end

begin arguments_of_pymemcache
json 0 '{"servers": [["mc1", 11211], ["2001:db8::2", 11212], "/run/mc.sock"], "timeout": 0.25, "connect_timeout": 1}'
key ring pymemcache
out_has '^  - "\[2001:db8::2\]:11212"$'
key connect_timeout 1s
key poll_timeout 250ms
key retry_timeout 60s
key failover '\{eject: \{failures: 3\}\}'
no_notes
json 0 '{"servers": ["mc1"], "retry_attempts": 0, "dead_timeout": 5, "key_prefix": "a"}'
key failover eject
key retry_timeout 5s
note 'connect_timeout: pymemcache waits without a limit'
keyless hash_prefix
json 2 '{"servers": []}'
err 'the list of servers is empty'
json 2 '{"servers": [5]}'
err 'the server is 5, expected'
end

begin django_without_a_name_and_with_a_function
json 0 '{"BACKEND": "a.MemcachedCache", "LOCATION": "mc1:1;mc2:2", "KEY_FUNCTION": "a.b"}'
key ring python-memcached
keyless prefix
note 'KEY_FUNCTION: "a.b"'
json 2 '{"BACKEND": "a.LocMemCache", "LOCATION": "mc1:1"}'
err 'BACKEND is not PyMemcacheCache, PyLibMCCache or MemcachedCache'
json 2 '{"a": {"BACKEND": "a.LocMemCache"}}'
err 'found no cache'
end

begin wrong_json_has_line_and_column
json 2 '{"servers": [}'
err 'standard input:1:14: is not JSON'
json 2 '{"pools": {} // a comment
}'
err 'JSON has no comments'
end

# ---- mcrouter ---------------------------------------------------------------

begin mcrouter_pools
becomes mcrouter-users.yaml mcrouter.json --pool users
becomes mcrouter-pages.yaml mcrouter.json --pool pages
run 0 import mcrouter.json --pool spread
key ring mcrouter-crc32
note 'salt'
run 0 import mcrouter.json --pool tagged
key ring mcrouter-rendezvous
out_has '^  - 10.0.3.2:11211 beta$'
no_notes
run 0 import mcrouter.json --pool lonely
key ring mcrouter-ch3
note 'no PoolRoute names it'
run 2 import mcrouter.json
err "found 5 pools"
end

begin mcrouter_routes
json 0 '{"pools": {"a": {"servers": ["mc1:1"]}}, "route": {"type": "PoolRoute", "pool": "a", "hash": {"hash_func": "WeightedRendezvous"}}}'
keyless ring
note 'WeightedRendezvous'
json 0 '{"route": {"type": "PoolRoute", "hash": "Crc32", "pool": {"type": "Pool", "name": "a", "servers": ["mc1:1", {"hostname": "mc2:2:ascii"}]}}}'
key ring mcrouter-crc32
out_has '^  - mc2:2$'
json 0 '{"pools": {"a": {"servers": ["mc1:1", "mc2:2"]}}, "route": {"type": "PoolRoute", "pool": "a", "hash": {"hash_func": "WeightedCh3", "weights": [0]}}}'
out_has '^  - mc1:1$'
out_has '^  - \{address: mc2:2, weight: 500\}$'
note 'weight 0 of mc1:1'
json 2 '{"pools": {"a": {"servers": []}}, "route": "PoolRoute|a"}'
err 'the pool has no servers'
json 2 '{"pools": {"a": {"servers": [7]}}, "route": "PoolRoute|a"}'
err 'the server is 7'
json 2 '{"pools": {"a": {"servers": ["mc1:1"]}}, "route": {"pool": "a", "hash": {"hash_func": "Rendezvous"}}}'
err 'one tag for each server'
end

# mcrouter_pool STATUS SERVERS [FIELDS]: import a pool of mcrouter.
mcrouter_pool()
{
	json "$1" "{\"pools\": {\"a\": {\"servers\": [$2]${3:+, $3}}}, \"route\": \"PoolRoute|a\"}"
}

begin mcrouter_servers_with_tls
for word in ssl tls fizz ktls12; do
	mcrouter_pool 0 "\"mc1:1:ascii:$word\", \"mc2:1:ascii:plain:notcompressed\", \"mc3:1\""
	out_has '^  - \{address: mc1:1, tls: true\}$'
	out_has '^  - mc2:1$'
	out_has '^  - mc3:1$'
	note 'the certificates of TLS: .*--pem-ca-path'
	check 'one note' test "$(wc -l <err)" -eq 1
done
mcrouter_pool 0 '{"hostname": "[2001:db8::2]:1::ssl"}'
out_has '^  - \{address: "\[2001:db8::2\]:1", tls: true\}$'
mcrouter_pool 0 '"mc1:1:ascii:plain"'
no_notes
end

begin mcrouter_words_that_are_not_carried_over
mcrouter_pool 0 '"mc1:1:ascii:tls_to_plain"'
out_has '^  - mc1:1$'
note "'tls_to_plain' of mc1:1: tenon has no handshake of TLS with plain bytes behind it"
mcrouter_pool 0 '"mc1:1:ascii:quantum"'
out_has '^  - mc1:1$'
note "the security 'quantum' of mc1:1: tenon does not know it"
mcrouter_pool 0 '"mc1:1:caret:plain:compressed"'
note "the protocol 'caret' of mc1:1: tenon speaks memcached's text protocol"
note "'compressed' of mc1:1: tenon does not have mcrouter's compression"
check 'two notes' test "$(wc -l <err)" -eq 2
mcrouter_pool 2 '"mc1:1:ascii:plain:notcompressed:more"'
err 'expected "host:port\[:protocol'
end

begin mcrouter_fields_of_a_pool
mcrouter_pool 0 '"mc1:1", "mc2:1:ascii:plain"' '"security_mech": "ssl", "protocol": "caret"'
out_has '^  - \{address: mc1:1, tls: true\}$'
out_has '^  - mc2:1$'
note "the protocol 'caret' of the pool"
mcrouter_pool 0 '"mc1:1"' '"use_ssl": true'
out_has '^  - \{address: mc1:1, tls: true\}$'
mcrouter_pool 0 '"mc1:1"' '"use_ssl": true, "security_mech": "plain", "protocol": "ascii"'
out_has '^  - mc1:1$'
no_notes
mcrouter_pool 0 '"mc1:1"' '"security_mech": "tls_to_plain"'
note "'tls_to_plain' of the pool"
mcrouter_pool 2 '"mc1:1"' '"security_mech": 1'
err "'security_mech' is no text"
end

# ---- secrets ----------------------------------------------------------------

begin secrets_are_not_shown
options='"username": "carl", "password": "geheim", "max_pool_size": 4'
json 0 "{\"servers\": [\"mc1\"], $options}"
secretless
note 'username: "carl"$'
note 'password: \(not shown\)$'
note 'max_pool_size: 4$'
json 0 "{\"BACKEND\": \"a.PyMemcacheCache\", \"LOCATION\": \"mc1:1\", \"OPTIONS\": {$options}}"
secretless
note 'password: \(not shown\)$'
for setting in MC_PASSWORD passwd redis_auth client_secret Token; do
	json 0 "{\"servers\": [\"mc1\"], \"$setting\": [\"geheim\"]}"
	secretless
	note "$setting: \\(not shown\\)\$"
done
nutcracker 0 'redis_auth: geheim' 'redis_db: 3'
secretless
note 'redis_auth: \(not shown\): a setting for Redis$'
note 'redis_db: 3: a setting for Redis$'
run 0 import 'tcp://mc1:1?auth=geheim&retry=2&persistent'
secretless
note 'session.save_path: auth=\(not shown\)$'
note 'session.save_path: retry=2$'
note 'session.save_path: persistent$'
json 0 '{"pools": {"a": {"servers": ["mc1:1"], "auth_token": "geheim"}}, "route": "PoolRoute|a"}'
secretless
note 'auth_token: \(not shown\)$'
end

begin secrets_within_objects_are_not_shown
kwargs='"kwargs": {"user": "carl", "login": [{"Password": "geheim"}]}'
json 0 "{\"servers\": [\"mc1\"], $kwargs}"
secretless
note 'kwargs: .*"user":"carl".*"Password":"\(not shown\)"'
run 0 --json import "$dir/input.json"
secretless
json 2 '{"servers": [{"host": "mc1", "password": "geheim"}]}'
secretless
err 'the server is \{"host":"mc1","password":"\(not shown\)"\}'
json 2 '{"pools": {"a": {"servers": [{"hostname": 1, "password": "geheim"}]}}, "route": "PoolRoute|a"}'
secretless
run 2 import 'memcached.sess_sasl_password = "geheim'
secretless
err "memcached.sess_sasl_password is '\(not shown\)', expected a quote at its end"
end

# ---- the command ------------------------------------------------------------

begin unknown_input_is_refused
run 2 import missing.yml
err "'missing.yml' is neither a file nor a config that tenon knows"
echo 'hello' >text
run 2 import text
err 'text: not recognised; say with --from whose config it is: nutcracker, libmemcached, php, '
run 2 import text --from redis
err "--from is 'redis', expected nutcracker, libmemcached, php, django or mcrouter"
printf 'mc1:1\0' >text
run 2 import text
err 'text: is not UTF-8, or has a NUL byte'
printf 'mc1:1\377' >text
run 2 import text
err 'text: is not UTF-8'
run 2 import .
err '.: cannot be read: Is a directory'
end

begin two_servers_of_the_same_name_are_refused
run 2 import 'mc1:11211,mc1:11211'
err "mc1:11211"
end

begin a_config_that_the_library_refuses_is_not_written
run 2 import '--SERVER=mc1:1 --NAMESPACE="x y"'
no_out
err "the command line: key 'prefix': found 'x y', expected no space and no control byte"
run 2 --json import '--SERVER=mc1:1 --NAMESPACE="x y"'
out_has "\"message\": \"the command line: key 'prefix': found 'x y'"
json 2 '{"BACKEND": "a.PyMemcacheCache", "LOCATION": "mc1:1", "KEY_PREFIX": "a b"}'
no_out
err "standard input: key 'prefix': found 'a b:1:'"
run 2 import 'memcached.sess_prefix = "x y"
session.save_path = mc1:1'
no_out
nutcracker 2 'auto_eject_hosts: true' 'server_failure_limit: 100000'
no_out
err "a.yml: .*'failures': found '100000', expected a whole number in 1\.\.1000"
end

begin a_plugin_that_is_not_installed_is_no_fault_of_the_input
mkdir none
path=${TENON_PLUGIN_PATH-}
TENON_PLUGIN_PATH=$dir/none
export TENON_PLUGIN_PATH
nutcracker 0 'auto_eject_hosts: true'
key failover '\{eject: \{failures: 2\}\}'
mcrouter_pool 0 '"mc1:1:ascii:ssl"'
out_has '^  - \{address: mc1:1, tls: true\}$'
TENON_PLUGIN_PATH=$path
end

begin import_as_json
run 0 --json import "$three --NOREPLY"
out_has '^  "config": "# made by '
out_has '^    "--NOREPLY: in tenon the program decides, call by call"$'
run 2 --json import missing.yml
out_has '^  "error": \{'
run 2 --json import nutcracker.yml --pool users --from django
out_has '"line": 1'
end

# ---- round trips ------------------------------------------------------------

# is_a_config ARGUMENT...: the library accepts what import writes.
is_a_config()
{
	run 0 import "$@"
	cp out written.yaml
	run 0 -c written.yaml where key
}

# places INDEX...: with the config in the file out, key:0, key:1 and so on are on these
# servers, which are numbers in the order of the config.
places()
{
	cp out written.yaml
	sed -n '/^servers:/,/^[a-z]*_timeout:/s/^  - //p' written.yaml |
		sed 's/^{address: //; s/[,} ].*//; s/:11211$//' >listed
	run 0 -c written.yaml where key:0 key:1 key:2 key:3 key:4 key:5 key:6 \
		key:7 key:8 key:9 key:10 key:11
	cut -f 3 out | sed 's/:11211$//' | while read -r address; do
		grep -nxF -e "$address" listed | sed 's/:.*//'
	done | while read -r line; do
		echo $((line - 1))
	done | tr '\n' ' ' >found
	check "keys are on $(cat found), expected $*" \
		test "$(cat found)" = "$* "
}

# The places are those that the real programs chose: libmemcached 1.1.4, nutcracker 0.5.0,
# pymemcache 3.5.2, python-memcached 1.59, and mcrouter's own code.
round_trips()
{
	begin configs_are_valid
	is_a_config nutcracker.yml --pool users
	is_a_config nutcracker.yml --pool pages
	for pool in default pages old; do
		is_a_config django.json --pool $pool
	done
	for pool in users spread tagged lonely; do
		is_a_config mcrouter.json --pool $pool
	done
	! has_tls || is_a_config mcrouter.json --pool pages
	! has_inih || is_a_config php.ini
	is_a_config 'mc1:11211,mc2:11211'
	is_a_config "$three"
	end

	begin keys_stay_on_the_servers_of_libmemcached
	run 0 import "$three"
	places 2 2 2 1 1 1 1 1 1 1 2 2
	run 0 import "$three --NAMESPACE=app:" # is not hashed
	places 2 2 2 1 1 1 1 1 1 1 2 2
	run 0 import "$weighted" # MODULA ignores weights
	places 2 2 2 1 1 1 1 1 1 1 2 2
	run 0 import "--HASH=MD5 $three"
	places 1 2 2 2 1 1 0 2 2 1 2 0
	run 0 import "--DISTRIBUTION=CONSISTENT $three"
	places 2 0 1 0 2 0 2 2 0 2 1 0
	run 0 import "--HASH=MD5 --DISTRIBUTION=CONSISTENT $three"
	places 1 2 1 2 2 1 1 1 2 2 2 1
	run 0 import "--DISTRIBUTION=CONSISTENT $weighted"
	places 2 1 2 1 2 2 2 2 1 1 2 1
	run 0 import "$weighted --DISTRIBUTION=CONSISTENT"
	places 2 0 1 0 2 0 2 2 0 2 1 0
	end

	if has_inih; then
		begin keys_stay_on_the_servers_of_php
		{
			echo 'session.save_path = 10.0.0.1:11211:1,10.0.0.2:11211:2,10.0.0.3:11212:3'
			echo 'memcached.sess_prefix = ""'
		} >php3.ini
		run 0 import php3.ini
		places 2 0 1 0 2 0 2 2 0 2 1 0
		echo 'memcached.sess_consistent_hash_type = ketama_weighted' >>php3.ini
		run 0 import php3.ini
		places 1 1 2 2 1 2 2 2 1 2 1 2
		end
	else
		skip keys_stay_on_the_servers_of_php 'built without libinih'
	fi

	begin keys_stay_on_the_servers_of_nutcracker
	printf 'a:\n  hash: md5\n  servers:\n' >a.yml
	printf '    - 127.0.0.1:%s:1\n' 21311 21312 21313 >>a.yml
	run 0 import a.yml
	places 0 1 2 0 2 1 2 2 2 0 0 1
	end

	begin keys_stay_on_the_servers_of_python
	servers='["10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11212"]'
	json 0 "{\"servers\": $servers, \"behaviors\": {\"ketama\": true}}"
	places 2 0 1 0 2 0 2 2 0 2 1 0
	json 0 "{\"servers\": $servers, \"behaviors\": {\"ketama_weighted\": true}}"
	places 1 1 2 2 1 2 2 2 1 0 1 1
	json 0 "{\"servers\": $servers}"
	places 1 1 2 2 0 1 2 0 2 2 2 2
	json 0 "{\"BACKEND\": \"a.MemcachedCache\", \"LOCATION\": $servers, \"KEY_FUNCTION\": \"a.b\"}"
	places 0 2 0 0 2 2 2 2 2 2 0 2
	end

	begin keys_stay_on_the_servers_of_mcrouter
	json 0 "{\"pools\": {\"a\": {\"servers\": $servers}}, \"route\": \"PoolRoute|a\"}"
	places 2 1 2 1 2 0 2 0 0 2 0 2
	json 0 "{\"pools\": {\"a\": {\"servers\": $servers}}, \"route\": {\"pool\": \"a\", \"hash\": \"Crc32\"}}"
	places 1 0 0 0 2 1 0 2 1 1 1 1
	end
}

round_trips
finish
