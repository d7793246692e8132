#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# make installcheck: an application and a plugin are built with pkg-config against the
# installed tenon, and work.
set -eu

PKG_CONFIG_PATH=$DESTDIR$libdir/pkgconfig
LD_LIBRARY_PATH=$DESTDIR$libdir
export PKG_CONFIG_PATH LD_LIBRARY_PATH
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
examples=$abs_top_srcdir/tools/examples

complain()
{
	echo "installed.sh: $*" >&2
	exit 1
}

# No program listens on port 1.
cat >"$dir/tenon.yaml" <<HERE
servers: ["127.0.0.1:1 nobody"]
plugins: [hash_length.so]
hash_function: length
HERE

$CC $CFLAGS -shared -fPIC $($PKG_CONFIG --cflags tenon) \
	-o "$dir/hash_length.so" "$examples/hash_length.c"
$CC $CFLAGS $($PKG_CONFIG --cflags tenon) -o "$dir/first" \
	"$examples/first.c" $($PKG_CONFIG $LIBS_OPTION tenon)

status=0
"$dir/first" "$dir/tenon.yaml" 2>"$dir/err" || status=$?
test "$status" -eq 3 && grep -q 'nobody (127.0.0.1:1)' "$dir/err" ||
	complain "first: exit status $status, expected 3; $(cat "$dir/err")"

for plugin in $LOADABLE_PLUGINS; do
	test -e "$DESTDIR$($PKG_CONFIG --variable=plugindir tenon)/$plugin.so" ||
		complain "$plugin is neither built in nor installed"
done

if test -n "$tenon"; then
	where=$("$DESTDIR$tenon" -c "$dir/tenon.yaml" where key)
	expected=$(printf 'key\tnobody\t127.0.0.1:1')
	test "$where" = "$expected" ||
		complain "tenon where: '$where', expected '$expected'"
fi
if test -n "$pyexecdir"; then
	server=$(PYTHONDONTWRITEBYTECODE=1 \
		PYTHONPATH=$DESTDIR$pythondir:$DESTDIR$pyexecdir "$PYTHON" -c 'import tenon
print(tenon.Client(servers=["127.0.0.1:1 nobody"]).where("key")[0])')
	test "$server" = nobody || complain "tenon for Python: '$server'"
fi
echo 'An application and a plugin built with pkg-config work.'
