#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Write configure and what it needs. Only for a checkout; a release has it.
set -eu
cd "$(dirname "$0")"
exec autoreconf --force --install --warnings=all "$@"
