# SPDX-License-Identifier: BSD-3-Clause
"""tenon.Pool: lending, the order of callers, and interrupted waits."""

import gc
import math
import os
import select
import signal
import threading
import time
from datetime import timedelta

import pytest

import libmc
import tenon

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


def test_a_wait_for_a_client_ends_at_its_timeout(server):
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


def wait_until(condition):
    while not condition():
        time.sleep(0.001)


def test_callers_are_served_in_the_order_they_ask(server):
    pool = tenon.Pool(servers=[server.address], size=1)
    order, started = [], []

    def ask(number):
        with pool.client():
            order.append(number)

    with pool.client():
        for number in range(5):
            thread = threading.Thread(target=ask, args=(number,))
            thread.start()
            started.append(thread)
            wait_until(lambda: pool.counts()["waiting"] > number)
        with pytest.raises(TimeoutError):
            with pool.client(timeout=0):
                pass
    for thread in started:
        thread.join()
    assert order == [0, 1, 2, 3, 4]
    assert pool.counts() == {"clients": 1, "idle": 1, "waiting": 0}


def test_clients_are_made_when_they_are_needed():
    pool = tenon.Pool(servers=["127.0.0.1:1"], size=3)
    assert pool.counts()["clients"] == 1
    with pool.client() as first, pool.client() as second:
        assert pool.counts() == {"clients": 2, "idle": 0, "waiting": 0}
        assert isinstance(first, tenon.Client) and first is not second
    with pool.client() as again:
        assert again is first  # the client object that was given back last


def test_clients_of_a_pool_have_its_serializer(server):
    with tenon.Pool(
        servers=[server.address], serializer=tenon.JSONSerializer(), **PATIENT
    ) as pool:
        with pool.client() as client:
            client.set("key", {"a": [1]})
            assert client.get("key") == {"a": [1]}


def test_wrong_server_lines_change_nothing(server):
    pool = tenon.Pool(servers=[server.address + " anna"], **PATIENT)
    for servers in (["a b"], [5], 5, []):
        with pytest.raises((tenon.ConfigError, TypeError)):
            pool.update_servers(servers)
    with pool.client() as client:
        assert client.servers == [("anna", server.address, 1)]
        client.set("key", b"1")
    pool.close()
    with pytest.raises(ValueError, match="closed"):
        pool.update_servers([server.address + " anna"])


@pytest.mark.parametrize("timeout", ["1", "soon", -2, math.nan, b"", True])
def test_a_timeout_is_a_duration(timeout):
    pool = tenon.Pool(servers=["127.0.0.1:1"])
    with pytest.raises((TypeError, ValueError)):
        pool.client(timeout=timeout)
    for fine in (None, -1, 0, 0.0001, 1e300, math.inf, "1s", timedelta(seconds=1)):
        with pool.client(timeout=fine):
            pass


def test_sizes_have_limits():
    for size in (-1, 0, 4097, 2**70, "4"):
        with pytest.raises((ValueError, OverflowError, TypeError)):
            tenon.Pool(servers=["127.0.0.1:1"], size=size)
    pool = tenon.Pool(servers=["127.0.0.1:1"], size=4096)
    with pytest.raises(ValueError, match="already"):
        pool.__init__(servers=["127.0.0.1:1"])


# ---- changes -----------------------------------------------------------------


def resident_kib():
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


@pytest.mark.skipif(
    "libasan" in os.environ.get("LD_PRELOAD", ""), reason="the sanitizer keeps freed memory")
@pytest.mark.parametrize("kind", ["pool", "libmc pool", "libmc pool's config"])
def test_a_pool_keeps_the_last_change_only(kind):
    lines = ["127.0.0.1:%d %s" % (port + 1, "a" * 200) for port in range(100)]
    pool = tenon.Pool(servers=[lines[0]])
    libmc_pool = libmc.ClientPool([lines[0]])

    def change(i):
        if kind == "pool":
            pool.update_servers([lines[i % 100]])
        elif kind == "libmc pool":
            libmc_pool.update_servers([lines[i % 100]])
        else:
            libmc_pool.config(libmc.MC_RETRY_TIMEOUT, i % 100)

    with pool.client(), libmc_pool.client():
        for i in range(1000):
            change(i)
        before = resident_kib()
        for i in range(10000):  # at least 2,000 KiB when each call is kept
            change(i)
        assert resident_kib() - before < 1000


# ---- interrupted waits -------------------------------------------------------


class Interrupted(BaseException):
    pass


def send_signals_while_waiting(pool, stop):
    """Send SIGUSR1 to the main thread while it waits for a client, until stop is set."""
    main = threading.main_thread().ident
    wait_until(lambda: pool.counts()["waiting"] == 1)
    while not stop.wait(0.001):
        signal.pthread_kill(main, signal.SIGUSR1)


@pytest.fixture
def on_signal():
    """on_signal(handler) is called for each SIGUSR1."""
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda handler: signal.signal(signal.SIGUSR1, lambda *_: handler())
    signal.signal(signal.SIGUSR1, before)


def test_an_interrupted_wait_loses_no_client(on_signal):
    pool = tenon.Pool(servers=["127.0.0.1:1"], size=1)
    stop = threading.Event()

    def handler():
        if not stop.is_set():
            stop.set()
            raise Interrupted

    on_signal(handler)
    thread = threading.Thread(target=send_signals_while_waiting, args=(pool, stop))
    with pool.client():
        thread.start()
        with pytest.raises(Interrupted):
            with pool.client():
                pass
        thread.join()
        assert pool.counts() == {"clients": 1, "idle": 0, "waiting": 0}
    assert pool.counts() == {"clients": 1, "idle": 1, "waiting": 0}
    with pool.client(timeout=0):
        pass


def test_a_wait_goes_on_after_a_signal_handler_that_raises_nothing(on_signal):
    pool = tenon.Pool(servers=["127.0.0.1:1"], size=1)
    stop = threading.Event()
    on_signal(stop.set)
    lent = pool.client()
    lent.__enter__()

    def give_back():
        send_signals_while_waiting(pool, stop)
        assert pool.counts()["waiting"] == 1
        lent.__exit__(None, None, None)

    thread = threading.Thread(target=give_back)
    thread.start()
    with pool.client():
        assert stop.is_set()
    thread.join()


# ---- clients that are given back late, or never --------------------------


def test_an_unreferenced_client_goes_back_to_its_pool():
    pool = tenon.Pool(servers=["127.0.0.1:1"], size=1)
    client = pool.client().__enter__()
    assert client.closed is False and pool.counts()["idle"] == 0
    del client
    gc.collect()
    assert pool.counts()["idle"] == 1


def test_a_client_in_a_call_of_another_thread_goes_back_after_the_call(scripted):
    asked, answer = threading.Event(), threading.Event()

    def script(connection):
        connection.recv(1000)
        asked.set()
        answer.wait(60)
        connection.sendall(b"VALUE k 0 2\r\nhi\r\nEND\r\n")

    pool = tenon.Pool(servers=[scripted(script)], size=1, **PATIENT)
    values = []
    with pool.client() as client:
        thread = threading.Thread(target=lambda get: values.append(get("k")),
                                  args=(client.get,))
        thread.start()
        asked.wait()
    del client
    assert pool.counts()["idle"] == 0
    answer.set()
    thread.join()
    del thread
    gc.collect()
    assert values == [b"hi"]
    assert pool.counts() == {"clients": 1, "idle": 1, "waiting": 0}


def test_a_client_that_was_given_back_is_closed(server):
    pool = tenon.Pool(servers=[server.address], size=1, **PATIENT)
    with pool.client() as client:
        client.set("key", b"1")
        client.close()
        with pytest.raises(ValueError, match="closed"):
            client.get("key")
    with pytest.raises(ValueError, match="closed"):
        client.get("key")
    with pool.client() as client:
        assert client.get("key") == b"1"
    lease = pool.client()
    for _ in range(2):
        with lease as client:
            assert client.get("key") == b"1"
            with pytest.raises(RuntimeError):
                lease.__enter__()
    assert lease.__exit__(None, None, None) is None
    assert pool.counts()["idle"] == 1


def test_a_closed_pool_closes_its_lent_clients_when_they_are_given_back(server):
    pool = tenon.Pool(servers=[server.address], size=3, **PATIENT)
    with pool.client() as first:
        with pool.client(), pool.client():
            pass
        lease = pool.client()
        pool.close()
        pool.close()
        assert pool.counts() == {"clients": 1, "idle": 0, "waiting": 0}
        for late in (pool.client, lease.__enter__):
            with pytest.raises(ValueError, match="closed"):
                late()
        first.set("key", b"1")
        assert first.get("key") == b"1"
    assert first.closed
    assert pool.counts() == {"clients": 0, "idle": 0, "waiting": 0}


def test_a_caller_that_waits_when_a_pool_is_closed_is_told():
    pool = tenon.Pool(servers=["127.0.0.1:1"], size=2)
    told = []

    def ask():
        with pytest.raises(ValueError, match="the pool is closed"):
            with pool.client():
                told.append("served")
        told.append("closed")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    with pool.client(), pool.client():
        for thread in threads:
            thread.start()
        wait_until(lambda: pool.counts()["waiting"] == 2)
        pool.close()
        for thread in threads:
            thread.join()
        assert pool.counts() == {"clients": 2, "idle": 0, "waiting": 0}
    assert told == ["closed", "closed"]
    assert pool.counts()["clients"] == 0


# ---- wait hooks --------------------------------------------------------------


def poll(fds, timeout_ms):
    poller = select.poll()
    for fd, events in fds:
        poller.register(fd, events)
    poller.poll(timeout_ms)


def test_a_wait_function_serves_all_clients_of_a_pool(server):
    seen = []
    pool = tenon.Pool(servers=[server.address], size=1, **PATIENT)

    def wait(fds, timeout_ms):
        seen.append(timeout_ms)
        if lent:
            lent.pop().__exit__(None, None, None)
        poll(fds, timeout_ms)

    lent = []
    pool.set_wait(wait)
    with pool.client() as client:
        assert client.get("key") is None
    assert seen
    lent.append(pool.client())
    lent[0].__enter__()
    del seen[:]
    with pool.client():
        assert seen == [-1]
    with pytest.raises(TypeError):
        pool.set_wait(5)
    pool.set_wait(None)
    del seen[:]
    with pool.client() as client:
        assert client.get("key") is None
    assert seen == []


def test_an_exception_of_the_wait_function_ends_the_wait_for_a_client():
    pool = tenon.Pool(servers=["127.0.0.1:1"], size=1)
    lent = pool.client()

    def give_back_and_raise(fds, timeout_ms):
        lent.__exit__(None, None, None)
        raise Interrupted

    pool.set_wait(give_back_and_raise)
    lent.__enter__()
    with pytest.raises(Interrupted):
        with pool.client():
            pass
    assert pool.counts() == {"clients": 1, "idle": 1, "waiting": 0}


def test_a_client_that_is_given_back_has_the_pools_wait_function_again(server):
    pool = tenon.Pool(servers=[server.address], size=1, **PATIENT)
    pools, clients = [], []

    def wait_for(seen):
        def wait(fds, timeout_ms):
            seen.append(timeout_ms)
            poll(fds, timeout_ms)

        return wait

    pool.set_wait(wait_for(pools))
    with pool.client() as client:
        client.set_wait(wait_for(clients))
        assert client.get("key") is None
        assert clients and not pools
    del clients[:]
    with pool.client() as client:
        assert client.get("key") is None
        assert pools and not clients
