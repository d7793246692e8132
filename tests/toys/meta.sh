#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The meta protocol is no toy, but the tests run in it in the same way.
toy=meta
programs="client/test_calls client/test_client client/test_protocol client/test_routing"
. "$abs_top_srcdir/tests/toys/some.sh"
