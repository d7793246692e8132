#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Write configure. Needs autoconf, automake, libtool and pkg-config.
set -eu
cd "$(dirname "$0")"
exec autoreconf --install --force
