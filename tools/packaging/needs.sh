# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Sourced by make-deb and make-rpm, before they run any program.

# needs COMMAND=PACKAGE...: stop when a command is missing, and name the Debian packages to install
needs()
{
	local pair missing=()
	for pair; do
		command -v "${pair%=*}" >/dev/null || missing+=("$pair")
	done
	((${#missing[@]})) || return 0
	echo "$0: missing: ${missing[*]%=*}. Install ${missing[*]#*=} (names of Debian packages)." >&2
	exit 2
}
