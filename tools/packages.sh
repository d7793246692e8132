# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Sourced by tools/check and tools/demo, which install the packages that they need.

# install_packages LOG PACKAGE...: install those of the Debian packages that are missing.
# apt-get's output goes to LOG. Does nothing when no package is missing.
install_packages()
{
	local log=$1 package missing=() as_root=()
	shift
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo "There is no apt-get here. Make sure that the counterparts of these Debian packages are installed: $*"
		return
	fi
	for package; do
		if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null) != installed ]]; then
			missing+=("$package")
		fi
	done
	((${#missing[@]})) || return 0
	echo "Installing ${missing[*]}"
	if ((EUID != 0)); then
		if ! command -v sudo >/dev/null; then
			echo "packages are missing, and this is neither root nor is sudo there; install: ${missing[*]}" >&2
			exit 1
		fi
		as_root=(sudo)
		sudo -v # asks for the password now: the output of apt-get goes to the log
	fi
	mkdir -p "$(dirname "$log")"
	if ! "${as_root[@]}" apt-get update >"$log" 2>&1 </dev/null ||
		! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends \
			"${missing[@]}" >>"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		echo "packages could not be installed; see $log" >&2
		exit 1
	fi
}
