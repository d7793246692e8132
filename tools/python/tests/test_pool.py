# SPDX-License-Identifier: BSD-3-Clause
"""tenon.Pool, and the lending that libmc's pool uses as well."""

import threading

import pytest

import tenon
from tenon.lending import Lending

PATIENT = {"poll_timeout": "60s", "connect_timeout": "10s"}


def run_threads(count, work):
    failures = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_threads_share_the_clients_of_a_pool(servers):
    seen = set()

    def work(number):
        for i in range(50):
            key = "%d:%d" % (number, i)
            with pool.client() as client:
                seen.add(id(client))
                client.set(key, key.encode())
                assert client.get_multi([key, "no"]) == {key: key.encode()}

    with tenon.Pool(servers=servers, size=3, **PATIENT) as pool:
        run_threads(12, work)
    assert 1 <= len(seen) <= 3
    with pytest.raises(ValueError, match="closed"):
        pool.client()


def test_a_wrong_config_is_an_error_at_once():
    with pytest.raises(tenon.ConfigError):
        tenon.Pool(servers=["a", "a"])
    with pytest.raises(ValueError, match="size"):
        tenon.Pool(servers=["a"], size=0)


def test_who_waits_too_long_gets_no_client(server):
    pool = tenon.Pool(servers=[server.address], size=1, **PATIENT)
    with pool.client() as client:
        with pytest.raises(TimeoutError):
            with pool.client(timeout=0.05):
                pass
        client.set("key", b"1")
    with pool.client(timeout=0) as client:
        assert client.get("key") == b"1"


def test_servers_move_in_clients_that_are_lent(memcacheds):
    first, second = (server.address for server in memcacheds[:2])
    memcacheds[1].ask(b"flush_all\r\n", b"OK\r\n")
    pool = tenon.Pool(servers=[first + " anna"], size=2, **PATIENT)
    with pool.client() as lent:
        lent.set("key", b"first")
        pool.update_servers([second + " anna"])
        with pytest.raises(tenon.ConfigError):
            pool.update_servers([second + " bert"])
        assert lent.get("key") == b"first"
    for _ in range(2):
        with pool.client() as one, pool.client() as other:
            assert one.get("key") is other.get("key") is None


def test_who_asks_first_is_served_first():
    lending = Lending(object, 1)
    client = lending.acquire()
    order, started = [], []

    def ask(number):
        lent = lending.acquire()
        order.append(number)
        lending.release(lent)

    for number in range(5):
        thread = threading.Thread(target=ask, args=(number,))
        thread.start()
        started.append(thread)
        while len(lending._waiting) <= number:
            pass
    lending.release(client)
    for thread in started:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


def test_a_client_that_cannot_be_made_is_made_later():
    answers = [ValueError, "client"]

    def make():
        answer = answers.pop(0)
        if answer is ValueError:
            raise answer
        return answer

    lending = Lending(make, 1)
    with pytest.raises(ValueError):
        lending.acquire()
    assert lending.acquire() == "client"


def test_changes_reach_every_client_in_their_order():
    lending = Lending(list, 2)
    first = lending.acquire()
    lending.change(lambda client: client.append("a"))
    second = lending.acquire()
    lending.change(lambda client: client.append("b"))
    assert (first, second) == ([], ["a"])
    lending.release(first)
    lending.release(second)
    assert [lending.acquire(), lending.acquire()] == [["a", "b"], ["a", "b"]]
