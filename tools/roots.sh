# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Sourced by scripts that try tenon in Debian roots of their own, which root alone can
# make, with $source_dir set. Needs debootstrap and unshare.
# shellcheck disable=SC2154

# What is kept between roots: the bare root as an archive, and Debian's packages.
roots=$source_dir/build/roots
# shellcheck source=/dev/null
release=${DEBIAN_RELEASE:-$(. /etc/os-release && echo "${VERSION_CODENAME-}")}
child=

# with_roots DIR ARGUMENT...: run this script a second time with these arguments, in
# namespaces: its mounts are not seen outside, and its processes end with it. Roots are
# made in DIR, which is removed in the end. Returns in the second run only.
with_roots()
{
	local status=0
	roots_dir=$1
	shift
	[[ -z ${TENON_IN_NAMESPACES-} ]] || return 0
	if ((EUID != 0)); then
		echo "$0: roots are made by root alone; run it with sudo" >&2
		exit 2
	fi
	trap end_roots EXIT
	trap 'exit 130' INT TERM HUP
	rm -rf "$roots_dir"
	mkdir -p "$roots_dir" "$roots/debs"
	TENON_IN_NAMESPACES=yes unshare --mount --pid --fork --kill-child \
		--mount-proc "$0" "$@" &
	child=$!
	wait "$child" || status=$?
	child=
	exit "$status"
}

# A process that is being killed may write a last file, so rm is tried again. The owner
# of the source tree can remove what stays in its build folder.
end_roots()
{
	if [[ -n $child ]]; then
		kill -KILL "$child" 2>/dev/null || true
		wait "$child" 2>/dev/null || true
	fi
	for _ in {1..50}; do
		! rm -rf "$roots_dir" 2>/dev/null || break
		sleep 0.1
	done
	chown --reference="$source_dir" "$source_dir/build" "$roots" "$roots/debs"
}

# Where this machine's apt has the release from. Other archives may use its name.
apt_mirror()
{
	# shellcheck disable=SC2016
	apt-get indextargets 'Created-By: Packages' \
		--format '$(ORIGIN)|$(RELEASE)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)' |
		awk -F '|' -v release="$release" '
			$4 != "main" || ($2 != release && $3 != release) { next }
			!any { any = $5 }
			$1 == "Debian" && !debian { debian = $5 }
			END { print debian ? debian : any }'
}

# The root that debootstrap makes, in which dpkg does not wait for the disk.
make_bare_root()
{
	local mirror=${DEBIAN_MIRROR:-$(apt_mirror)} dir=$roots_dir/bare
	if [[ -z $release || -z $mirror ]]; then
		echo "$0: apt knows no mirror of Debian '$release'; set DEBIAN_RELEASE and DEBIAN_MIRROR" >&2
		exit 2
	fi
	mkdir -p "$dir/etc/dpkg/dpkg.cfg.d"
	echo force-unsafe-io >"$dir/etc/dpkg/dpkg.cfg.d/unsafe-io"
	debootstrap --variant=minbase --cache-dir="$roots/debs" \
		"$release" "$dir" "$mirror"
	rm -f "$dir"/var/cache/apt/archives/*.deb
	cp /etc/resolv.conf "$dir/etc/resolv.conf"
	printf '127.0.0.1 localhost %s\n::1 localhost\n' "$(uname -n)" \
		>"$dir/etc/hosts"
	tar -C "$dir" -cf "$roots_dir/bare.tar" .
	mv "$roots_dir/bare.tar" "$roots/$release.tar"
	rm -rf "$dir"
}

# new_root NAME [OTHER]: a bare root, from the archive when that is not older than half
# a day, or a copy of another root. Packages that an earlier root fetched need not be
# fetched again.
new_root()
{
	local dir=$roots_dir/$1
	if (($# > 1)); then
		cp -ax "$roots_dir/$2" "$dir"
	else
		[[ -n $(find "$roots/$release.tar" -mmin -720 2>/dev/null) ]] ||
			make_bare_root
		mkdir "$dir"
		tar -C "$dir" -xpf "$roots/$release.tar" --numeric-owner
		find "$roots/debs" -name '*.deb' \
			-exec cp -lt "$dir/var/cache/apt/archives" {} +
	fi
	mount -t proc proc "$dir/proc"
	mount -t devpts -o newinstance,ptmxmode=0666 devpts "$dir/dev/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$dir/dev/shm"
}

# in_root NAME [VARIABLE=VALUE...] COMMAND...
in_root()
{
	chroot "$roots_dir/$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root "${@:2}"
}

# keep_packages NAME: what apt fetched in that root is there for later ones.
keep_packages()
{
	local deb
	for deb in "$roots_dir/$1"/var/cache/apt/archives/*.deb; do
		[[ -e $roots/debs/${deb##*/} ]] || ln "$deb" "$roots/debs/"
	done
}
