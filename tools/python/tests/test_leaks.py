# SPDX-License-Identifier: BSD-3-Clause
"""No call leaks references or memory. leaks.py can repeat more often by hand."""

import leaks

REPEATS = 600


def test_no_call_of_libmc_leaks(server):
    calls = leaks.libmc_calls(server.address)
    assert len(calls) == 42
    assert leaks.leaking(calls, REPEATS) == []


def test_no_call_of_tenon_leaks(server):
    calls = leaks.tenon_calls(server.address)
    assert len(calls) == 24
    assert leaks.leaking(calls, REPEATS) == []


def test_a_leak_would_be_seen():
    kept = []
    calls = {"leak": lambda: kept.append(object()), "none": lambda: object()}
    assert leaks.leaking(calls, REPEATS) == ["leak"]
