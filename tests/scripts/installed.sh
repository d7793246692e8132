#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# make installcheck: the examples and a plugin are built against what was installed,
# with pkg-config alone. The first example and the plugin work. Each function has its
# manual page.
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
plugins: [hash_sum.so]
hash_function: sum
HERE

$CC $CFLAGS -shared -fPIC $($PKG_CONFIG --cflags tenon) \
	-o "$dir/hash_sum.so" "$examples/hash_sum.c"
for example in "$examples"/*.c; do
	case $example in
	*/hash_sum.c) continue ;;
	esac
	name=${example##*/}
	$CC $CFLAGS -pthread $($PKG_CONFIG --cflags tenon) -o "$dir/${name%.c}" \
		"$example" $($PKG_CONFIG $LIBS_OPTION tenon)
done

status=0
"$dir/first" "$dir/tenon.yaml" 2>"$dir/err" || status=$?
test "$status" -eq 3 && grep -q 'nobody (127.0.0.1:1)' "$dir/err" ||
	complain "first: exit status $status, expected 3; $(cat "$dir/err")"

for plugin in $LOADABLE_PLUGINS; do
	test -e "$DESTDIR$($PKG_CONFIG --variable=plugindir tenon)/$plugin.so" ||
		complain "$plugin is neither built in nor installed"
done

sed -n 's/^\t\(tenon_[a-z0-9_]*\);$/\1/p' "$abs_top_srcdir/core/libtenon.map" |
	while read -r name; do
		read -r so page <"$DESTDIR$mandir/man3/$name.3" &&
			test "$so" = .so -a -e "$DESTDIR$mandir/$page" ||
			complain "man $name shows no page"
	done || exit 1

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
	if ! PYTHONDONTWRITEBYTECODE=1 \
		PYTHONPATH=$DESTDIR$pythondir:$DESTDIR$pyexecdir "$PYTHON" -c '
import importlib, importlib.metadata, os
for name in ("tenon", "libmc"):
    if os.path.isdir(os.path.join(os.environ["PYTHONPATH"].split(":")[0], name)):
        found = importlib.metadata.version(name)
        assert found == importlib.import_module(name).__version__, (name, found)
'; then
		complain 'the metadata of a Python package has another version'
	fi
fi
echo 'An application and a plugin built with pkg-config work.'
