# SPDX-License-Identifier: BSD-3-Clause
"""Greenlets: by the wait hook, and by patched calls of poll() as greenify makes them."""

import ctypes
import os
import select
import subprocess
import threading

import gevent
import gevent.select
import pytest

import libmc
import tenon
import tenon.gevent

LONG = "60s"

pytestmark = pytest.mark.skipif(
    "libasan" in os.environ.get("LD_PRELOAD", ""),
    reason="greenlets copy stacks, which AddressSanitizer takes for a fault",
)


@pytest.fixture
def gate(scripted):
    """A server that answers a get after an event is set: its address and the event.

    A greenlet sets the event, so greenlets have to run while the get waits.
    """
    opened = threading.Event()

    def script(connection):
        while True:
            request = connection.recv(1000)
            if not request:
                return
            opened.wait(30)
            for key in request.split()[1:]:
                connection.sendall(b"VALUE %s 0 2\r\nhi\r\n" % key)
            connection.sendall(b"END\r\n")

    return scripted(script), opened


def test_while_one_greenlet_waits_for_a_server_another_runs(gate):
    address, opened = gate
    with tenon.gevent.Client(servers=[address], poll_timeout=LONG) as client:
        waiting = gevent.spawn(client.get, "k")
        gevent.spawn(opened.set)
        assert waiting.get() == b"hi"


def test_greenlets_give_routing_keys(servers):
    keys = [("user:42", "key%d" % number) for number in range(20)]
    with tenon.gevent.Pool(servers=servers, poll_timeout=LONG, size=2) as pool:
        def store(key):
            with pool.client() as client:
                client.set(key, key[1].encode())

        gevent.joinall([gevent.spawn(store, key) for key in keys], raise_error=True)
        with pool.client() as client:
            assert client.get_multi(keys) == {key: key[1].encode() for key in keys}
            home = client.where("user:42")
            assert {client.where(key) for key in keys} == {home}


def test_while_one_greenlet_waits_for_many_servers_another_runs(gate, scripted):
    def also(connection):
        while True:
            request = connection.recv(1000)
            if not request:
                return
            for key in request.split()[1:]:
                connection.sendall(b"VALUE %s 0 2\r\nho\r\n" % key)
            connection.sendall(b"END\r\n")

    address, opened = gate
    with tenon.gevent.Client(
        servers=[address + " gate", scripted(also) + " also"], poll_timeout=LONG
    ) as client:
        keys = {client.where(str(i))[0]: str(i) for i in range(99)}
        waiting = gevent.spawn(client.get_multi, list(keys.values()))
        gevent.spawn(opened.set)
        assert waiting.get() == {keys["gate"]: b"hi", keys["also"]: b"ho"}


def test_a_client_serves_one_greenlet_at_a_time(gate):
    address, opened = gate
    with tenon.gevent.Client(servers=[address], poll_timeout=LONG) as client:
        waiting = gevent.spawn(client.get, "k")
        gevent.sleep(0)
        with pytest.raises(tenon.BusyError):
            client.get("other")
        opened.set()
        assert waiting.get() == b"hi"


def test_an_exception_thrown_into_a_waiting_greenlet_ends_the_call(gate, scripted):
    address, opened = gate
    with tenon.gevent.Client(
        servers=[address], poll_timeout=LONG, retry_timeout="1h"
    ) as client:
        for call in (client.get, lambda key: client.get_multi([key, "l"])):
            with pytest.raises(gevent.Timeout):
                with gevent.Timeout(0.02):
                    call("k")
        with pytest.raises(gevent.Timeout):
            with gevent.Timeout(0.02):
                client.version()
        opened.set()
        assert client.get("k") == b"hi"


def test_the_clients_own_deadline_holds(gate):
    with tenon.gevent.Client(servers=[gate[0]], poll_timeout="30ms") as client:
        with pytest.raises(tenon.TimeoutError):
            client.get("k")


def test_a_wait_function_has_to_be_callable(server):
    with tenon.Client(servers=[server.address]) as client:
        with pytest.raises(TypeError):
            client.set_wait(5)
        seen = []

        def wait(fds, timeout_ms):
            seen.append(fds)
            select.select([fd for fd, _ in fds], [], [], timeout_ms / 1000)

        client.set_wait(wait)
        client.set("k", b"v")
        assert client.get("k") == b"v"
        assert seen and all(events & ~5 == 0 for fds in seen for _, events in fds)
        del seen[:]
        client.set_wait(None)
        assert client.get("k") == b"v"
        assert not seen


# ---- pools -------------------------------------------------------------------


def test_a_hundred_greenlets_share_a_pool_of_four(server):
    pool = tenon.gevent.Pool(servers=[server.address], size=4, poll_timeout=LONG)
    using = set()
    most = 0

    def work(number):
        nonlocal most
        for round in range(5):
            with pool.client() as client:
                assert id(client) not in using
                using.add(id(client))
                most = max(most, len(using))
                client.set("k%d" % number, b"%d %d" % (number, round))
                gevent.sleep(0)
                assert client.get("k%d" % number) == b"%d %d" % (number, round)
                using.remove(id(client))

    gevent.joinall([gevent.spawn(work, i) for i in range(100)], raise_error=True)
    assert most == 4
    pool.close()


def test_a_pool_serves_greenlets_in_the_order_they_ask(server):
    pool = tenon.gevent.Pool(servers=[server.address], size=1)
    order = []

    def work(number):
        with pool.client():
            order.append(number)

    with pool.client():
        workers = [gevent.spawn(work, i) for i in range(10)]
        gevent.sleep(0)
    with pool.client():
        assert order == list(range(10))
    gevent.joinall(workers, raise_error=True)


def test_giving_up_a_wait_for_a_client_loses_no_client(server):
    pool = tenon.gevent.Pool(servers=[server.address], size=1)
    with pool.client() as lent:
        with pytest.raises(TimeoutError):
            with pool.client(timeout=0.01):
                pass
        with pytest.raises(gevent.Timeout):
            with gevent.Timeout(0.01):
                with pool.client():
                    pass
    with pool.client() as client:
        assert client is lent
    with pytest.raises(ValueError):
        tenon.gevent.Pool(servers=[server.address], size=0)


# ---- greenify ----------------------------------------------------------------


class PollFd(ctypes.Structure):
    _fields_ = [
        ("fd", ctypes.c_int),
        ("events", ctypes.c_short),
        ("revents", ctypes.c_short),
    ]


PollFunction = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(PollFd), ctypes.c_ulong, ctypes.c_int
)


@pytest.fixture
def patched_poll(tmp_path):
    """Let poll() of every library of ours wait in the hub, as greenify does."""
    tests = os.path.join(os.path.dirname(__file__), "..", "..", "..", "tests")
    library = str(tmp_path / "redirect.so")
    subprocess.run(
        [
            *os.environ.get("CC", "cc").split(),
            *("-D_GNU_SOURCE -shared -fPIC -I".split()),
            tests,
            os.path.join(tests, "fakes", "redirect.c"),
            "-o",
            library,
        ],
        check=True,
    )
    redirect = ctypes.CDLL(library).redirect
    redirect.restype = ctypes.c_size_t
    original = ctypes.CDLL(None).poll
    waits = []

    @PollFunction
    def green_poll(fds, count, timeout_ms):
        waits.append(count)
        poller = gevent.select.poll()
        for i in range(count):
            assert fds[i].events & ~(select.POLLIN | select.POLLOUT) == 0
            poller.register(fds[i].fd, fds[i].events)
        try:
            poller.poll(timeout_ms)
        except gevent.Timeout:  # greenify drops an exception that ends its wait
            pass
        return original(fds, ctypes.c_ulong(count), 0)

    patched = redirect(b"poll", green_poll)
    assert patched >= 1
    yield waits
    assert redirect(b"poll", original) == patched


def test_libmc_lets_greenlets_run_when_its_libraries_are_patched(gate, patched_poll):
    assert all(os.path.exists(path) for path in libmc.DYNAMIC_LIBRARIES)
    address, opened = gate
    client = libmc.Client([address])
    client.config(libmc.MC_POLL_TIMEOUT, 60000)
    waiting = gevent.spawn(client.get, "k")
    gevent.spawn(opened.set)
    assert waiting.get() == b"hi"
    assert patched_poll


def test_greenlets_share_a_pool_of_libmc_when_its_libraries_are_patched(
    gate, patched_poll
):
    address, opened = gate
    pool = libmc.ClientPool([address])
    pool.config(libmc.MC_MAX_CLIENTS, 1)
    pool.config(libmc.MC_POLL_TIMEOUT, 60000)

    def get():
        with pool.client() as client:
            return client.get("k")

    waiting = [gevent.spawn(get) for _ in range(3)]
    gevent.spawn(opened.set)
    assert [one.get() for one in waiting] == [b"hi"] * 3


def test_a_timeout_that_is_thrown_into_a_greenlet_ends_a_call_of_libmc(
    gate, scripted, patched_poll
):
    address, opened = gate
    client = libmc.Client([address, scripted(lambda connection: opened.wait(60))])
    client.config(libmc.MC_POLL_TIMEOUT, 3600000)
    client.config(libmc.MC_RETRY_TIMEOUT, 3600)
    keys = [str(i) for i in range(20)]
    home = next(key for key in keys if client.get_host_by_key(key) == address)
    for call, answer in (
        (lambda: client.get(home), None),
        (lambda: client.get_multi(keys), {}),
        (lambda: client.set(home, 1), False),
        (lambda: client.version(), {}),
    ):
        with gevent.Timeout(0.05, False):
            assert call() == answer
            assert client.get_last_error() == libmc.MC_RETURN_POLL_TIMEOUT_ERR
    opened.set()
    assert client.get(home) == b"hi"  # the server is not blamed


def test_a_timeout_that_is_thrown_into_a_greenlet_ends_a_wait_for_a_client(
    gate, patched_poll
):
    pool = libmc.ClientPool([gate[0]])
    pool.config(libmc.MC_MAX_CLIENTS, 1)
    with pool.client() as client:
        with gevent.Timeout(0.05, False):
            with pytest.raises(TimeoutError):
                with pool.client():
                    pass
        client.config(libmc.MC_RETRY_TIMEOUT, 5)
    with pool.client():
        pass


def test_closing_a_pool_ends_the_waits_of_greenlets(server):
    pool = tenon.gevent.Pool(servers=[server.address], size=1)

    def ask():
        with pytest.raises(ValueError, match="the pool is closed"):
            with pool.client():
                pass
        return "told"

    with pool.client():
        asking = [gevent.spawn(ask) for _ in range(3)]
        gevent.sleep(0)
        pool.close()
        assert [one.get() for one in asking] == ["told"] * 3
