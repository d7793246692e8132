# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Sourced by tools/check and tools/demo: what they need before they build, a source tree that is
# not configured itself, and packages, which they install.

# need_clean_tree TREE: stop when the source tree was built in. Then no other folder can be
# configured, and files of that build would be taken for sources.
need_clean_tree()
{
	[[ -e $1/config.status ]] || return 0
	echo "$0: the source tree itself is configured, so no other folder can be; run 'make distclean' first" >&2
	exit 1
}

has_apt()
{
	command -v dpkg-query >/dev/null && command -v apt-get >/dev/null
}

# find_missing PACKAGE...: set $missing to the packages that are not installed.
find_missing()
{
	local package
	missing=()
	for package; do
		if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null) != installed ]]; then
			missing+=("$package")
		fi
	done
}

# Set $as_root to the command that runs another as root. Fails when there is none.
find_root()
{
	as_root=()
	((EUID != 0)) || return 0
	command -v sudo >/dev/null || return 1
	as_root=(sudo)
	sudo -v # asks for the password now: the output of apt-get goes to the log
}

# apt_install LOG PACKAGE...: install packages. apt-get's output is added to LOG.
apt_install()
{
	local log=$1
	shift
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y \
		--no-install-recommends "$@" >>"$log" 2>&1 </dev/null
}

# apt_update LOG: renew the lists of packages.
apt_update()
{
	mkdir -p "$(dirname "$1")"
	"${as_root[@]}" apt-get update >"$1" 2>&1 </dev/null
}

# install_packages LOG PACKAGE...: install those of the Debian packages that are missing.
# apt-get's output goes to LOG. Does nothing when no package is missing.
install_packages()
{
	local log=$1 missing as_root
	shift
	if ! has_apt; then
		echo "There is no apt-get here. Make sure that the counterparts of these Debian packages are installed: $*"
		return
	fi
	find_missing "$@"
	((${#missing[@]})) || return 0
	echo "Installing ${missing[*]}"
	if ! find_root; then
		echo "packages are missing, and this is neither root nor is sudo there; install: ${missing[*]}" >&2
		exit 1
	fi
	if ! apt_update "$log" || ! apt_install "$log" "${missing[@]}"; then
		tail -n 20 "$log" >&2
		echo "packages could not be installed; see $log" >&2
		exit 1
	fi
}

# install_possible_packages LOG PACKAGE...: as install_packages, but go on without the packages
# that cannot be installed.
install_possible_packages()
{
	local log=$1 package missing as_root
	shift
	has_apt || return 0
	find_missing "$@"
	((${#missing[@]})) || return 0
	echo "Installing ${missing[*]}"
	find_root && apt_update "$log" || return 0
	! apt_install "$log" "${missing[@]}" || return 0
	for package in "${missing[@]}"; do
		apt_install "$log" "$package" ||
			echo "Going on without $package; see $log"
	done
}
