# SPDX-License-Identifier: BSD-3-Clause
"""Leases and facts about a key, over both protocols."""

import datetime
import threading
import warnings

import pytest

import tenon


@pytest.fixture(params=["meta", "classic"])
def protocol(request):
    return request.param


def open_client(servers, protocol, **options):
    return tenon.Client(
        servers=servers[:1], protocol=protocol, poll_timeout="60s", **options)


@pytest.fixture
def client(servers, protocol):
    with open_client(servers, protocol) as client:
        yield client


def test_one_caller_wins_and_the_others_wait(client):
    won = client.get_or_lease("key")
    assert won.won and not won.hit and not won.taken and won.value is None
    waits = client.get_or_lease("key", lease=30)
    assert waits.taken and not waits.won and not waits.hit
    assert not client.fill("key", b"other", won.token + 2)
    assert client.fill("key", b"value", won.token, ttl=60)
    found = client.get_or_lease("key")
    assert (found.hit, found.won, found.taken, found.stale) == (True, False, False, False)
    assert found.value == b"value"
    assert isinstance(found, tenon.Leased) and found[0] == b"value"


def test_a_lease_is_given_back(client):
    won = client.get_or_lease("key")
    assert client.give_back("key", won.token)
    assert not client.give_back("key", won.token)
    assert client.get_or_lease("key").won


def test_fetch_calls_the_function_once(client):
    calls = []

    def make():
        calls.append(client.get("other"))  # the function may use the client
        return b"made"

    client.set("other", b"1")
    assert client.fetch("key", 60, make) == b"made"
    assert client.fetch("key", datetime.timedelta(minutes=1), make) == b"made"
    assert calls == [b"1"]
    assert client.get("key") == b"made"


def test_an_exception_of_the_function_gives_the_lease_back(client):
    with pytest.raises(ZeroDivisionError):
        client.fetch("key", 60, lambda: 1 // 0)
    assert client.fetch("key", 60, lambda: b"made") == b"made"


def test_an_exception_of_the_function_gives_the_lease_of_a_stale_value_back(servers):
    with open_client(servers, "meta") as client:
        client.set("key", b"old")
        assert client.invalidate("key")
        with pytest.raises(ZeroDivisionError):
            client.fetch("key", 60, lambda: 1 // 0)
        won = client.get_or_lease("key")
        assert won.won and won.stale and won.value == b"old"
        assert client.give_back("key", won.token)
        assert client.get_or_lease("key").won


def test_a_value_that_cannot_be_encoded_gives_the_lease_back(client):
    with pytest.raises(TypeError, match="value must be bytes"):
        client.fetch("key", 60, lambda: 5)
    assert client.get_or_lease("key").won


def test_a_value_that_cannot_be_stored_is_returned_with_a_warning(client):
    large = bytes(3_000_000)
    with pytest.warns(UserWarning, match="could not store the value: .*3000000 bytes"):
        assert client.fetch("key", 60, lambda: large) == large
    won = client.get_or_lease("key")
    assert won.won  # the lease was given back
    assert client.give_back("key", won.token)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="could not store"):
            client.fetch("key", 60, lambda: large)
    assert client.get_or_lease("key").won


def test_stale_values_need_a_ttl(servers):
    with open_client(servers, "meta") as client:
        with pytest.raises(tenon.ArgumentError, match="ttl is 0: a value can be stale only"):
            client.fetch("key", 0, lambda: 1 // 0, stale_for=10)


def test_fetch_has_a_bound_on_waiting(client):
    assert client.get_or_lease("key").won
    with pytest.raises(tenon.TimeoutError, match="did not store the value within wait"):
        client.fetch("key", 60, lambda: b"made", wait=0.05)
    waits = []
    client.set_wait(lambda fds, ms: waits.append(ms) if not fds else None)
    with pytest.raises(tenon.TimeoutError):
        client.fetch("key", 60, lambda: b"made", wait="50ms")
    assert waits


def test_an_exception_while_fetch_waits_ends_it(client):
    assert client.get_or_lease("key").won

    def stop(fds, ms):
        if not fds:
            raise KeyError("stop")

    client.set_wait(stop)
    with pytest.raises(KeyError):
        client.fetch("key", 60, lambda: b"made")


def test_a_function_that_closes_the_client_ends_the_fetch(client):
    def make():
        client.close()
        return b"made"

    with pytest.raises(ValueError, match="closed"):
        client.fetch("key", 60, make)


def test_many_threads_make_one_value(servers, protocol):
    calls, values = [], []
    begin = threading.Barrier(16)

    def make():
        calls.append(1)
        return {"a": 1}

    def run():
        with open_client(
                servers, protocol, serializer=tenon.JSONSerializer()) as client:
            begin.wait()
            values.append(client.fetch("key", 60, make))

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values == [{"a": 1}] * 16
    assert len(calls) == 1


def test_a_stale_value(servers):
    with open_client(servers, "meta") as client:
        assert client.fetch("key", 60, lambda: b"old") == b"old"
        assert client.invalidate("key")
        won = client.get_or_lease("key")
        assert won.won and won.stale and won.value == b"old"
        assert client.fetch("key", 60, lambda: b"no") == b"old"
        assert client.fill("key", b"new", won.token)
        assert client.fetch("key", 60, lambda: b"no") == b"new"
        assert not client.invalidate("none")
        assert client.fetch("next", 60, lambda: b"old", stale_for=40) == b"old"
        client.touch("next", 30)
        assert client.fetch("next", 60, lambda: b"new", stale_for=40) == b"new"
        assert 90 <= client.info("next").ttl <= 100


def test_classic_text_refuses_what_it_cannot_do(servers):
    with open_client(servers, "classic") as client:
        with pytest.raises(tenon.ArgumentError, match="protocol: meta"):
            client.get_or_lease("key", stale_for=1)
        with pytest.raises(tenon.ArgumentError, match="protocol: meta"):
            client.info("key")


def test_info(servers):
    with open_client(servers, "meta") as client:
        assert client.info("key") is None
        client.set("key", b"hello")
        info = client.info(("route", "key"))
        assert (info.ttl, info.size, info.flags, info.read) == (None, 5, 0, False)
        client.gets("key")
        assert client.info("key").read
        assert client.info("key").cas == client.gets("key")[1]
        assert info.idle <= 2 and isinstance(info, tenon.Info)


def test_wrong_arguments(client):
    for call in (
            lambda: client.fetch("key", 60, 5),
            lambda: client.fetch("key", None, lambda: b""),
            lambda: client.get_or_lease("key", lease="x y"),
            lambda: client.fill("key", b"v", "token"),
    ):
        with pytest.raises((TypeError, ValueError)):
            call()
    with pytest.raises(tenon.ArgumentError):
        client.get_or_lease("key", lease=10**9)
