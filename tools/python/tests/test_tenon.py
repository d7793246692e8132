# SPDX-License-Identifier: BSD-3-Clause
"""The package tenon."""

import contextlib
import errno
import json
import os
import pathlib
import pickle
import re
import resource
import signal
import socket
import threading
import time
from datetime import timedelta

import pytest

import tenon
from sabotage import sabotaged


def patient(*args, **keywords):
    """A client with long timeouts: a test must not fail because the machine is slow."""
    return tenon.Client(
        *args, **{"poll_timeout": "60s", "connect_timeout": "10s", **keywords})


@pytest.fixture
def client(servers):
    with patient(servers=servers) as client:
        yield client


def silent(connection):
    while connection.recv(65536):
        pass


# ---- opening --------------------------------------------------------------


def test_a_client_is_made_of_a_config_file(servers, tmp_path):
    path = tmp_path / "tenon.yaml"
    path.write_text("servers: [%s anna]\nprefix: 'app:'\n" % servers[0])
    for given in (path, str(path)):
        client = patient(given)
        assert client.servers == [("anna", servers[0], 1)]
        client.set("key", b"1")
    with patient(path, prefix="other:") as other:
        assert other.get("key") is None
    with patient(servers=[servers[0] + " anna"]) as bare:
        assert bare.get("app:key") == b"1"


def test_servers_may_be_mappings(servers):
    client = patient(
        servers=[{"address": servers[0], "alias": "anna", "weight": 3}, servers[1]],
        hash_function="crc32",
        codecs=[{"zlib": {"threshold": "1KiB"}}, "split"],
    )
    assert client.servers[0] == ("anna", servers[0], 3)
    client.set("key", b"x" * 3000000)
    assert client.get("key") == b"x" * 3000000


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({}, "no server"),
        ({"servers": []}, "server"),
        ({"servers": ["a", "a"]}, "twice"),
        ({"servers": ["a"], "hash_functoin": "md5"}, "hash_function"),
        ({"servers": ["a"], "hash_function": "md6"}, "md6"),
        ({"servers": ["a"], "poll_timeout": "soon"}, "soon"),
    ],
)
def test_a_wrong_config_is_an_error_that_names_the_cause(arguments, message):
    with pytest.raises(tenon.TenonError, match=message) as caught:
        tenon.Client(**arguments)
    assert isinstance(caught.value, (tenon.ConfigError, tenon.PluginError))


@pytest.mark.parametrize("servers", ["mc1", b"mc1", {"address": "mc1"}, 5])
@pytest.mark.parametrize("kind", [tenon.Client, tenon.Pool])
def test_servers_are_a_list_and_never_text(kind, servers):
    with pytest.raises(TypeError, match="list of lines|iterable"):
        kind(servers=servers)


@pytest.mark.parametrize("server", [11211, b"mc1", ("mc1", 11211), ["mc1"], None])
def test_a_server_is_a_line_or_a_mapping(server):
    with pytest.raises(TypeError, match="a server is a line such as"):
        tenon.Client(servers=["mc0", server])


def test_servers_may_be_any_iterable_of_lines(servers):
    for given in (tuple(servers), iter(servers), (line for line in servers)):
        with patient(servers=given) as client:
            assert [address for _, address, _ in client.servers] == servers
    client.__init__(servers=[servers[0] + " a"])
    client.update_servers(line for line in [servers[1] + " a"])
    assert client.servers[0][1] == servers[1]


def test_the_path_of_a_unix_socket_may_be_written_as_in_django(server):
    for given in ("unix:" + server.address, {"address": "unix:" + server.address}):
        with patient(servers=[given]) as client:
            client.set("key", b"1")
            assert client.servers == [(server.address, server.address, 1)]
            client.update_servers(["unix:%s %s" % (server.address, server.address)])
            assert client.get("key") == b"1"
    with pytest.raises(tenon.ConfigError, match="port"):
        tenon.Client(servers=["unix:relative.sock"])


def test_a_config_takes_any_text(server):
    line = server.address + " ännä-ключ-😀"
    prefix = "é-\x80-☃-😀:"
    with patient(servers=[line], prefix=prefix) as client:
        assert client.servers == [("ännä-ключ-😀", server.address, 1)]
        client.set("key", b"1")
    assert b"VALUE" in server.ask(b"get %s\r\n" % (prefix + "key").encode())


# ---- durations ------------------------------------------------------------


def silent_address():
    """Return the address of a listener that accepts no connection, and the listener."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    return "127.0.0.1:%d" % listener.getsockname()[1], listener


@pytest.mark.parametrize("timeout", [0.25, "250ms", timedelta(milliseconds=250)])
def test_a_timeout_is_seconds_or_text_or_a_timedelta(timeout):
    address, listener = silent_address()
    client = tenon.Client(servers=[address], poll_timeout=timeout, connect_timeout=1)
    with listener, pytest.raises(tenon.TimeoutError, match="250 ms|0.25|250ms"):
        client.get("key")


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"poll_timeout": 2}, {"poll_timeout": "2s"}),
        ({"poll_timeout": 0.3}, {"poll_timeout": "300ms"}),
        ({"retry_timeout": 0.0000011}, {"retry_timeout": "1us"}),
        ({"retry_timeout": timedelta(minutes=1)}, {"retry_timeout": "60s"}),
        ({"retry_timeout": 0}, {"retry_timeout": "0s"}),
        ({"retry_timeout": "1min"}, {"retry_timeout": "1min"}),
        ({"max_value_bytes": 4096}, {"max_value_bytes": 4096}),
        ({"enable_flush_all": True}, {"enable_flush_all": True}),
        ({"failover": {"backoff": {"min": 0.5}}},
         {"failover": {"backoff": {"min": "500ms"}}}),
        ({"failover": {"write": {"backoff": {"min": 1}}}},
         {"failover": {"write": {"backoff": {"min": "1s"}}}}),
        ({"codecs": [{"zlib": {"level": 6}}, "split"]},
         {"codecs": [{"zlib": {"level": 6}}, "split"]}),
        ({"transport": {"uring": {"ring_from": 2}}}, {"transport": {"uring": {"ring_from": 2}}}),
    ],
)
def test_durations_have_a_unit_in_the_config(options, expected):
    pairs = tenon.settings.settings(None, options)
    assert {key: json.loads(text) for key, text in pairs} == expected


def test_a_path_is_text_in_the_config(tmp_path):
    path = tmp_path / "ca.pem"
    options = {"tls": {"ca": path}, "plugins": [path]}
    pairs = tenon.settings.settings([{"address": "a", "tls": {"ca": path}}], options)
    values = {key: json.loads(text) for key, text in pairs}
    assert values["tls"] == values["servers"][0]["tls"] == {"ca": str(path)}
    assert values["plugins"] == [str(path)]


def test_a_value_that_the_config_has_no_form_for_is_named_but_not_shown():
    with pytest.raises(TypeError, match="^auth: expected text, .*, not bytes$"):
        tenon.Client(servers=["127.0.0.1:1"], auth={"user": "anna", "password": b"S3cret"})


@pytest.mark.parametrize("timeout", ["300", "soon", -1, 1e300, float("nan"), float("inf")])
def test_a_wrong_timeout_is_an_error(timeout):
    with pytest.raises(ValueError):
        tenon.Client(servers=["127.0.0.1:1"], poll_timeout=timeout)


@pytest.mark.parametrize(
    "keys, message",
    [
        ({"poll_timeout": -1}, r"^poll_timeout: -1, expected seconds, .* in 1ms\.\.1h$"),
        ({"poll_timeout": 0}, r"^poll_timeout: 0, expected seconds, "),
        ({"poll_timeout": 0.0001}, r"^poll_timeout: 0\.0001, expected seconds, "),
        ({"poll_timeout": 3601}, r"^poll_timeout: 3601, expected seconds, "),
        ({"poll_timeout": 1e300}, r"^poll_timeout: 1e\+300, expected seconds, "),
        ({"poll_timeout": float("nan")}, r"^poll_timeout: nan, expected seconds, "),
        ({"poll_timeout": timedelta(seconds=-1)},
         r"^poll_timeout: datetime\.timedelta\(.*\), expected seconds, "),
        ({"failover": {"gutter": {"pool": "spare", "gutter_ttl": -1}}},
         r"^gutter_ttl: -1, expected seconds, "),
        ({"poll_timeout": "-1s"}, r"found quoted '-1s', expected a duration"),
    ],
)
def test_a_duration_out_of_range_is_refused_in_the_callers_words(keys, message):
    with pytest.raises(ValueError, match=message):
        tenon.Client(servers=["127.0.0.1:1"], **keys)


@pytest.mark.parametrize("timeout", [0.001, 3600, timedelta(hours=1)])
def test_a_duration_at_the_end_of_its_range_is_taken(timeout):
    tenon.Client(servers=["127.0.0.1:1"], poll_timeout=timeout).close()


@pytest.mark.parametrize("ttl", [100, 100.0, "100s", timedelta(seconds=100)])
def test_a_ttl_is_seconds_or_text_or_a_timedelta(client, server, ttl):
    with patient(servers=[server.address]) as client:
        client.set("key", b"1", ttl)
        client.set_multi({"many": b"1"}, ttl=ttl)
        client.add("added", b"1", ttl)
        client.touch_multi(["many"], ttl)
        for key in (b"key", b"many", b"added"):
            left = int(re.search(rb"t(\d+)", server.ask(b"mg %s t\r\n" % key, b"\r\n"))[1])
            assert 40 <= left <= 100


@pytest.mark.parametrize("ttl", ["4200d", timedelta(days=365 * 100), 2**31, 2592001])
def test_a_long_ttl_is_seconds_from_now(server, ttl):
    with patient(servers=[server.address]) as client:
        client.set("key", b"1", ttl)
        assert client.touch("key", ttl) and client.gat("key", ttl) == b"1"
        left = int(re.search(rb"t(\d+)", server.ask(b"mg key t\r\n", b"\r\n"))[1])
        assert left > 2592000 - 60


def test_a_file_that_is_not_there_is_an_error():
    with pytest.raises(tenon.FileError, match="/no/such.yaml"):
        tenon.Client("/no/such.yaml")


def test_a_closed_client_says_so(servers):
    with patient(servers=servers) as client:
        assert not client.closed
        client.set("key", b"1")
    assert client.closed
    for call in (
        lambda: client.get("key"),
        lambda: client.get_multi(["key"]),
        lambda: client.set("key", b"2"),
        lambda: client.version(),
        lambda: client.servers,
    ):
        with pytest.raises(ValueError, match="closed"):
            call()
    client.close()


def test_a_client_cannot_be_pickled(client):
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(client)


def test_a_client_that_never_was_set_up_says_so():
    client = tenon.Client.__new__(tenon.Client)
    with pytest.raises(ValueError):
        client.get("key")


# ---- calls ----------------------------------------------------------------


def test_absence_is_an_answer(client):
    assert client.get("key") is None
    assert client.get("key", b"default") == b"default"
    assert client.get("key", default=7) == 7
    assert client.gets("key") is None
    assert client.gat("key", 10) is None
    assert client.get_multi(["key", b"key"]) == {}
    assert client.delete("key") is False
    assert client.touch("key", 10) is False
    assert client.incr("key") is None
    assert client.replace("key", b"1") is False
    assert client.append("key", b"1") is False
    assert client.cas("key", b"1", 1) is False
    assert client.delete_multi(["key"]) == {"key": False}
    assert client.touch_multi(["key"], 10) == {"key": False}


def test_stored_values_are_read_back(client):
    assert client.set("key", b"1") is None
    assert client.get("key") == client.get(b"key") == b"1"
    assert client.add("key", b"2") is False
    assert client.replace("key", b"5", ttl=100) is True
    assert client.incr("key", 3) == 8
    assert client.decr("key", delta=100) == 0
    assert client.append("key", b">") is True
    assert client.prepend("key", b"<") is True
    value, unique = client.gets("key")
    assert value.startswith(b"<0")
    assert client.cas("key", b"new", unique) is True
    assert client.cas("key", b"newer", unique, ttl=5) is False
    assert client.gat("key", 100) == b"new"
    assert client.touch("key", 100) is True
    assert client.delete("key") is True
    assert client.get("key") is None


def test_many_keys_at_once(client):
    items = {"k%d" % i: b"%d" % i for i in range(500)}
    assert client.set_multi(items, ttl=100) is None
    assert client.get_multi(items) == items
    assert client.get_multi(key for key in ["k1", "no", b"k2"]) == {
        "k1": b"1", b"k2": b"2"}
    assert client.touch_multi(["k1", "no"], 10) == {"k1": True, "no": False}
    assert client.delete_multi(["k1", "no"]) == {"k1": True, "no": False}
    assert client.set_multi([("pair", b"p")]) is None
    assert client.get_multi([]) == {}
    assert client.set_multi({}) is None


def test_no_keys_are_no_error(servers):
    assert patient(servers=servers).get_multi([]) == {}
    assert patient(servers=servers).set_multi({}) is None
    assert patient(servers=servers).delete_multi([]) == {}


def test_values_of_every_size_come_back(client):
    for size in (0, 1, 100, 4096, 32767, 32768, 100000, 1000000, 1000001, 5000000):
        value = (b"%d:" % size * (size // 2 + 1))[:size]
        client.set("key", value)
        assert client.get("key") == value
        assert client.gets("key")[0] == value
        assert client.get_multi(["key", "no"]) == {"key": value}
    assert client.set("key", bytearray(b"abc")) is None
    assert client.get("key") == b"abc"
    client.set("key", memoryview(b"abc")[1:])
    assert client.get("key") == b"bc"


def test_a_long_time_to_live_is_from_now(client, memcacheds):
    client.set("key", b"1", ttl=60 * 60 * 24 * 365)
    assert client.get("key") == b"1"


def test_metrics_of_plugins_are_listed(servers, client):
    assert client.metrics() == []
    plugins = pathlib.Path(os.environ["abs_top_builddir"], "tests/zoo/good/.libs")
    pool = tenon.Pool(
        servers=servers[:1], plugin_path=str(plugins), failover="counts", size=2
    )
    with pool.client() as one, pool.client() as other:
        one.set("key", b"1")
        other.get("longer-key")
        metrics = {metric.name: metric for metric in one.metrics()}
        assert metrics == {metric.name: metric for metric in other.metrics()}
    assert sorted(metrics) == ["instances_total", "last_key_len", "routed_total"]
    assert metrics["routed_total"] == (
        "failover", "counts", "routed_total", "counter", 2, "Keys that were routed."
    )
    assert metrics["last_key_len"].type == "gauge"
    assert metrics["last_key_len"].value == len("longer-key")
    assert isinstance(metrics["routed_total"], tenon.Metric)
    client.close()
    with pytest.raises(ValueError, match="closed"):
        client.metrics()


def test_servers_are_asked(client, servers):
    assert list(client.version()) == servers
    assert "curr_items" in client.stats()[servers[0]]
    assert isinstance(client.stats("settings"), dict)
    alias, address, weight = client.where("key")
    assert (alias, weight) == (address, 1) and address in servers
    with pytest.raises(tenon.DisabledError):
        client.flush_all()
    client.set("key", b"1")
    with patient(servers=servers, enable_flush_all=True) as other:
        assert other.flush_all() is None
        assert other.flush_all(delay=0) is None
    assert client.get("key") is None
    client.disconnect()
    assert client.get("key") is None


def test_servers_move_under_their_alias(memcacheds):
    first, second = (server.address for server in memcacheds[:2])
    client = patient(servers=[first + " anna"])
    client.set("key", b"first")
    client.update_servers([second + " anna"])
    assert client.servers == [("anna", second, 1)]
    memcacheds[1].ask(b"flush_all\r\n", b"OK\r\n")
    assert client.get("key") is None
    for wrong in ([first + " bert"], [], [first + " anna", second + " bert"]):
        with pytest.raises(tenon.ConfigError):
            client.update_servers(wrong)
    with pytest.raises(TypeError):
        client.update_servers([1])


# ---- bad input ------------------------------------------------------------

BAD_CALLS = [
    (TypeError, "key must be str, bytes or a tuple .*, not int", lambda c: c.get(1)),
    (TypeError, "a tuple .*, not NoneType", lambda c: c.set(None, b"")),
    (TypeError, "not int", lambda c: c.get_multi([1])),
    (TypeError, "not str", lambda c: c.get_multi("key")),
    (TypeError, "iterable", lambda c: c.get_multi(5)),
    (TypeError, "value must be bytes, not str", lambda c: c.set("key", "text")),
    (TypeError, "value must be bytes, not int", lambda c: c.set_multi({"key": 1})),
    (TypeError, "data must be bytes, not str", lambda c: c.append("key", "text")),
    (TypeError, "seconds, not float", lambda c: c.set("key", b"", 1.5)),
    (TypeError, "seconds, not float 0.5", lambda c: c.touch_multi(["key"], ttl=0.5)),
    (TypeError, "whole number of seconds, not datetime.timedelta",
     lambda c: c.set("key", b"", timedelta(milliseconds=1))),
    (TypeError, "whole number of seconds, not str '300ms'", lambda c: c.gat("k", "300ms")),
    (TypeError, "ttl must be seconds, text .* not bool", lambda c: c.set("k", b"", True)),
    (TypeError, "ttl must be seconds, text .* not bytes", lambda c: c.set("k", b"", b"1s")),
    (ValueError, "with a unit .*, not '1'", lambda c: c.touch("key", "1")),
    (ValueError, "with a unit", lambda c: c.touch("key", "1.5h")),
    (ValueError, "with a unit", lambda c: c.touch("key", "s")),
    (ValueError, "with a unit", lambda c: c.touch("key", "1s\0")),
    (ValueError, "not nan", lambda c: c.touch("key", float("nan"))),
    (ValueError, "0 or more", lambda c: c.touch("key", timedelta(seconds=-1))),
    (OverflowError, "too long", lambda c: c.touch("key", float("inf"))),
    (OverflowError, "too long", lambda c: c.touch("key", timedelta.max)),
    (OverflowError, "too long", lambda c: c.touch("key", "9" * 30 + "d")),
    (TypeError, "delay .* whole number of seconds", lambda c: c.flush_all(0.5)),
    (ValueError, "delay .* 0 or more", lambda c: c.flush_all(-1)),
    (ValueError, "not -1", lambda c: c.set("key", b"", ttl=-1)),
    (ValueError, "not -1", lambda c: c.gat("key", -1)),
    (OverflowError, "", lambda c: c.set("key", b"", ttl=1 << 70)),
    (OverflowError, "delta must be a number in 0..2", lambda c: c.incr("key", -1)),
    (OverflowError, "delta", lambda c: c.decr("key", 1 << 64)),
    (TypeError, "delta must be a whole number, not str", lambda c: c.incr("key", "1")),
    (TypeError, "delta must be a whole number, not float", lambda c: c.incr("key", 1.5)),
    (TypeError, "delta must be a whole number, not float", lambda c: c.decr("key", 2.0)),
    (TypeError, "delta must be a whole number, not bool", lambda c: c.incr("key", True)),
    (TypeError, "cas must be a whole number, not float", lambda c: c.cas("k", b"", 1.5)),
    (TypeError, "cas must be a whole number, not bool", lambda c: c.cas("k", b"", True)),
    (TypeError, "argument 'value'", lambda c: c.set("key")),
    (TypeError, "unexpected keyword argument 'time'", lambda c: c.set("k", b"", time=1)),
    (TypeError, "multiple values", lambda c: c.set("k", b"", key="k")),
    (TypeError, "at most 2", lambda c: c.get("key", 1, 2)),
    (TypeError, "at most 1", lambda c: c.delete("key", 1)),
    (TypeError, "at most 0", lambda c: c.version(1)),
    (ValueError, "more than 0 seconds", lambda c: c.get("key", timeout=0)),
    (ValueError, "more than 0 seconds", lambda c: c.get_multi(["key"], timeout=-1)),
    (ValueError, "at most an hour, not 3601", lambda c: c.set("key", b"", timeout=3601)),
    (ValueError, "with a unit", lambda c: c.stats(timeout="1")),
    (TypeError, "timeout must be seconds, text .* not bool",
     lambda c: c.incr("key", timeout=True)),
    (tenon.InvalidKeyError, "offset 1", lambda c: c.get("a b")),
    (tenon.InvalidKeyError, "empty", lambda c: c.set("", b"")),
    (tenon.InvalidKeyError, "251 bytes", lambda c: c.delete("k" * 251)),
    (tenon.InvalidKeyError, "", lambda c: c.where("a\r\nb")),
    (tenon.ClientError, "", lambda c: c.set("text", b"text") or c.incr("text")),
    (UnicodeEncodeError, "", lambda c: c.get("\ud800")),
    (tenon.ValueTooLargeError, "", lambda c: c.set("key", b"x" * 20000000)),
    (tenon.ArgumentError, "", lambda c: c.stats("a\r\nflush_all")),
    (ValueError, "what has a NUL", lambda c: c.stats("items\0")),
    (TypeError, "what must be str, not bytes", lambda c: c.stats(b"items")),
    (TypeError, r"a list of lines such as .*, not 'mc1'", lambda c: c.update_servers("mc1")),
    (TypeError, "a list of lines", lambda c: c.update_servers(b"mc1")),
    (TypeError, "a list of lines", lambda c: c.update_servers({"address": "mc1"})),
    (TypeError, "a server must be str, not tuple",
     lambda c: c.update_servers([("localhost", 11211)])),
    (ValueError, "a server has a NUL", lambda c: c.update_servers(["a:1\0 b"])),
]


@pytest.mark.parametrize("number", range(len(BAD_CALLS)))
def test_bad_input_raises_the_right_exception(client, number):
    error, message, call = BAD_CALLS[number]
    with pytest.raises(error, match=message):
        call(client)
    client.set("after", b"1")
    assert client.get("after") == b"1"


# ---- errors ---------------------------------------------------------------


def test_an_error_names_key_and_server(scripted):
    address = scripted(silent)
    client = patient(servers=[address + " slow"], poll_timeout="50ms")
    with pytest.raises(tenon.TimeoutError) as caught:
        client.get("key")
    error = caught.value
    assert isinstance(error, TimeoutError)
    assert (error.key, error.server, error.address) == ("key", "slow", address)
    assert error.status == -5 and "slow" in str(error)
    with pytest.raises(tenon.ServerDownError):
        client.get("key")


TIMED_CALLS = {
    "get": lambda c, t: c.get("k", timeout=t),
    "gets": lambda c, t: c.gets("k", timeout=t),
    "gat": lambda c, t: c.gat("k", 1, timeout=t),
    "get_multi": lambda c, t: c.get_multi(["k"], timeout=t),
    "set": lambda c, t: c.set("k", b"v", timeout=t),
    "add": lambda c, t: c.add("k", b"v", timeout=t),
    "replace": lambda c, t: c.replace("k", b"v", timeout=t),
    "append": lambda c, t: c.append("k", b"v", timeout=t),
    "prepend": lambda c, t: c.prepend("k", b"v", timeout=t),
    "cas": lambda c, t: c.cas("k", b"v", 1, timeout=t),
    "set_multi": lambda c, t: c.set_multi({"k": b"v"}, timeout=t),
    "delete": lambda c, t: c.delete("k", timeout=t),
    "delete_multi": lambda c, t: c.delete_multi(["k"], timeout=t),
    "touch": lambda c, t: c.touch("k", 1, timeout=t),
    "touch_multi": lambda c, t: c.touch_multi(["k"], 1, timeout=t),
    "incr": lambda c, t: c.incr("k", timeout=t),
    "decr": lambda c, t: c.decr("k", timeout=t),
    "version": lambda c, t: c.version(timeout=t),
    "stats": lambda c, t: c.stats(timeout=t),
    "flush_all": lambda c, t: c.flush_all(timeout=t),
}


@pytest.mark.parametrize("name", TIMED_CALLS)
def test_a_timeout_of_one_call_ends_it_and_blames_nobody(scripted, name):
    client = patient(servers=[scripted(silent)], enable_flush_all=True)
    for timeout in (0.02, "20ms"):
        with pytest.raises(tenon.TimeoutError):
            TIMED_CALLS[name](client, timeout)
    with pytest.raises(tenon.TimeoutError, match=r"timeout of the call \(1 ms\)"):
        client.get("k", timeout=timedelta(microseconds=1))


def test_a_timeout_of_one_call_may_be_longer_or_none(servers):
    with tenon.Client(servers=servers, connect_timeout=20, poll_timeout=20) as client:
        client.set("k", b"v", timeout=60)
        assert client.get("k", timeout=None) == b"v"
        assert client.get_multi(["k"], timeout=3600) == {"k": b"v"}


def test_a_refused_connection_is_a_connection_error():
    client = tenon.Client(servers=["127.0.0.1:1 nobody"])
    with pytest.raises(ConnectionError) as caught:
        client.set("key", b"1")
    assert caught.value.errno != 0 and caught.value.server == "nobody"


def test_the_text_of_a_servers_error_is_in_the_exception(scripted):
    def script(connection):
        connection.recv(65536)
        connection.sendall(b"SERVER_ERROR out of everything\r\n")
        silent(connection)

    client = patient(servers=[scripted(script)])
    with pytest.raises(tenon.ServerError, match="out of everything"):
        client.set("key", b"1")


def test_each_key_has_its_own_outcome(servers, scripted):
    slow = scripted(silent)
    client = patient(
        servers=[servers[0] + " fast", slow + " slow"], poll_timeout="1500ms",
        retry_timeout="0s")
    keys = ["k%d" % i for i in range(40)]
    there = [key for key in keys if client.where(key)[0] == "fast"]
    with pytest.raises(tenon.MultiError) as caught:
        client.set_multi(dict.fromkeys(keys, b"1"))
    assert set(caught.value.errors) == set(keys) - set(there)
    with pytest.raises(tenon.MultiError) as caught:
        client.get_multi(keys + ["a b"])
    assert caught.value.values == dict.fromkeys(there, b"1")
    for key, error in caught.value.errors.items():
        expected = tenon.InvalidKeyError if key == "a b" else tenon.TimeoutError
        assert isinstance(error, expected) and error.key == key
    with pytest.raises(tenon.MultiError) as caught:
        client.delete_multi(keys)
    assert caught.value.values == dict.fromkeys(there, True)
    with pytest.raises(tenon.MultiError) as caught:
        client.version()
    assert list(caught.value.values) == ["fast"]
    assert list(caught.value.errors) == ["slow"]


def test_a_connection_closed_within_a_value_is_an_error(scripted):
    def script(connection):
        connection.recv(65536)
        connection.sendall(b"VALUE key 0 100000\r\n" + b"x" * 70000)

    client = patient(servers=[scripted(script)])
    for _ in range(3):
        with pytest.raises(tenon.TenonError):
            client.get("key")


# ---- errors of many keys ----------------------------------------------------


def test_a_multi_error_has_the_cause_and_the_errno_of_the_first():
    client = tenon.Client(servers=["127.0.0.1:1 nobody"])
    with pytest.raises(tenon.MultiError) as caught:
        client.get_multi(["a", "b"])
    error = caught.value
    assert error.__cause__ is error.errors["a"]
    assert isinstance(error, ConnectionError) and isinstance(error, tenon.ConnectError)
    assert not isinstance(error, TimeoutError)
    assert error.errno == error.errors["a"].errno == errno.ECONNREFUSED
    assert error.strerror == os.strerror(errno.ECONNREFUSED)
    with pytest.raises(ConnectionError):
        client.set_multi({"a": b""})
    with pytest.raises(ConnectionError):
        client.version()
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and copy.values == {} and copy.errno == error.errno


def test_a_multi_error_has_no_older_reason(scripted):
    connections = []

    def script(connection):
        connections.append(connection)
        connection.recv(65536, socket.MSG_PEEK)
        if len(connections) == 1:
            return  # what is not read resets the connection
        connection.recv(65536)
        if len(connections) == 2:
            connection.sendall(b"END\r\n")

    client = patient(servers=[scripted(script) + " anna"], retry_timeout=0)
    with pytest.raises(tenon.ConnectionClosedError) as caught:
        client.get("k")
    assert caught.value.errno == errno.ECONNRESET
    assert client.get("k") is None
    with pytest.raises(tenon.ConnectionClosedError, match="behind a command") as single:
        client.touch("k", 1)
    with pytest.raises(tenon.MultiError, match="behind a command") as multi:
        client.touch_multi(["k"], 1)
    assert multi.value.errno == single.value.errno == 0
    assert str(multi.value) == str(single.value)


def test_a_multi_error_says_that_a_server_is_marked_down():
    client = tenon.Client(servers=["127.0.0.1:1 nobody"], retry_timeout="1h")
    with pytest.raises(tenon.ConnectError):
        client.get("k")
    reason = r"^nobody \(127.0.0.1:1\): marked down after a failure \(Connection refused\)"
    for call in (client.get, lambda key: client.get_multi([key])):
        with pytest.raises(tenon.ServerDownError, match=reason):
            call("k")


def test_a_multi_error_of_timeouts_is_a_timeout(scripted):
    client = patient(servers=[scripted(silent)], poll_timeout="50ms")
    with pytest.raises(tenon.TimeoutError) as caught:
        client.get_multi(["a", "b"])
    assert isinstance(caught.value, tenon.MultiError)
    assert isinstance(caught.value, TimeoutError)
    assert str(caught.value).endswith("(and 1 more)")


@pytest.mark.parametrize(
    "statuses, kinds",
    [
        ([-5], [tenon.TimeoutError, TimeoutError]),
        ([-6, -8], [tenon.ServerUnavailableError, ConnectionError]),
        ([-7, -6], [ConnectionError]),
        ([-3, -4], [ValueError]),
        ([-22, -16], [OSError]),
        ([-5, -7], [OSError]),
        ([-5, -3], []),
        ([-10, -11], []),
    ],
)
def test_a_multi_error_is_of_the_kind_that_all_its_errors_share(statuses, kinds):
    errors = {i: tenon.errors.make_error(status, None, None, None, str(i), 0)
              for i, status in enumerate(statuses)}
    error = tenon.make_multi_error({}, errors)
    for kind in (tenon.MultiError, tenon.TenonError, *kinds):
        assert isinstance(error, kind)
    others = {TimeoutError, ConnectionError, ValueError, OSError}
    for kind in others - {base for one in kinds for base in one.__mro__}:
        assert not isinstance(error, kind), kind


def test_a_lack_of_local_resources_is_no_connection_error():
    error = tenon.errors.make_error(-22, None, None, None, "key", errno.EMFILE)
    assert type(error) is tenon.LocalError and isinstance(error, OSError)
    assert not isinstance(error, ConnectionError)
    assert (error.errno, error.strerror) == (errno.EMFILE, os.strerror(errno.EMFILE))


@contextlib.contextmanager
def no_descriptors():
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    first_free = os.dup(0)
    os.close(first_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first_free, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_multi(["k"]),
        lambda client: client.set_multi({"k": b"v"}),
        lambda client: client.delete_multi(["k"]),
        lambda client: client.version(),
        lambda client: client.stats(),
    ],
)
def test_a_local_limit_has_its_errno_and_the_way_out(server, call):
    client = patient(servers=[server.address + " anna"])
    with no_descriptors(), pytest.raises(tenon.LocalError, match="RLIMIT_NOFILE") as caught:
        call(client)
    assert isinstance(caught.value, tenon.MultiError)
    assert caught.value.errno == errno.EMFILE
    assert caught.value.strerror == os.strerror(errno.EMFILE)


# ---- statistics -------------------------------------------------------------


def stats_script(lines):
    def script(connection):
        while connection.recv(65536):
            connection.sendall(lines + b"END\r\n")

    return script


def test_items_of_a_cachedump_are_all_there(scripted):
    lines = b"".join(b"ITEM key%d [%d b; 0 s]\r\n" % (i, i) for i in range(5))
    client = patient(servers=[scripted(stats_script(lines)) + " s"])
    expected = {"ITEM key%d" % i: "[%d b; 0 s]" % i for i in range(5)}
    assert client.stats("cachedump 1 5") == {"s": expected}


def test_prefixes_of_a_detail_dump_are_all_there(server):
    with patient(servers=[server.address + " a"]) as client:
        client.stats("detail on")
        for prefix in ("one", "two", "three"):
            client.get(prefix + ":key")
        detail = client.stats("detail dump")["a"]
        client.stats("detail off")
    assert {"PREFIX one", "PREFIX two", "PREFIX three"} <= set(detail)
    assert detail["PREFIX one"] == "get 1 hit 0 set 0 del 0"


def test_a_statistic_that_comes_twice_keeps_both_values(scripted):
    lines = b"STAT a 1\r\nSTAT b 2\r\nSTAT a 3 4\r\nSTAT a\r\nITEM x\r\nITEM\r\n"
    client = patient(servers=[scripted(stats_script(lines)) + " s"])
    assert client.stats() == {
        "s": {"a": "1\n3 4\n", "b": "2", "ITEM x": "", "ITEM": ""}}


def test_a_statistic_that_is_repeated_many_times_takes_no_long_time(scripted):
    lines = b"STAT a 1\r\n" * 50000
    client = patient(servers=[scripted(stats_script(lines)) + " s"])
    assert client.stats() == {"s": {"a": "\n".join(["1"] * 50000)}}


# ---- serializers ----------------------------------------------------------


def test_json_is_stored_under_its_own_flag(servers, server):
    client = patient(servers=[server.address], serializer=tenon.JSONSerializer())
    value = {"a": [1, None, "\u4e2d"], "b": 1.5}
    client.set("key", value)
    assert client.get("key") == value
    assert client.get_multi(["key"]) == {"key": value}
    assert server.ask(b"get key\r\n").startswith(b"VALUE key 256 ")
    with pytest.raises(TypeError):
        client.set("key", object())


def test_pickle_has_to_be_asked_for(server):
    client = patient(servers=[server.address], serializer=tenon.PickleSerializer())
    client.set("key", {1, 2})
    assert client.get("key") == {1, 2}
    with patient(servers=[server.address]) as plain:
        with pytest.raises(tenon.UndecodableError) as caught:
            plain.get("key")
        assert caught.value.key == "key"
        plain.set("key", b"bytes")
    with pytest.raises(tenon.UndecodableError) as caught:
        client.get("key")
    assert isinstance(caught.value.__cause__, ValueError)


def test_one_broken_value_does_not_hide_the_others(server):
    client = patient(servers=[server.address], serializer=tenon.JSONSerializer())
    client.set_multi({"a": 1, "b": 2})
    with patient(servers=[server.address]) as plain:
        plain.set("b", b"no JSON")
    with pytest.raises(tenon.MultiError) as caught:
        client.get_multi(["a", "b"])
    assert caught.value.values == {"a": 1}
    assert isinstance(caught.value.errors["b"], tenon.UndecodableError)


@pytest.mark.parametrize("answer", [b"bytes", (1, 2), (b"x",), (b"x", -1), (b"x", "f")])
def test_wrong_results_of_a_serializer_are_refused(server, answer):
    class Nonsense:
        def dumps(self, value):
            return answer

        def loads(self, data, flags):
            return data

    client = patient(servers=[server.address], serializer=Nonsense())
    with pytest.raises((TypeError, OverflowError)):
        client.set("key", 1)


def test_a_serializer_may_use_its_client(server):
    class Nested:
        def dumps(self, value):
            client.get("other")
            return value, 0

        def loads(self, data, flags):
            return data, client.get("missing")

    client = patient(servers=[server.address], serializer=Nested())
    client.set_multi({"a": b"1", "b": b"2"})
    assert client.get_multi(["a", "b"]) == {"a": (b"1", None), "b": (b"2", None)}


# ---- containers that change during a call ------------------------------------


class Keys:
    """An iterable that changes its list while it is read."""

    def __init__(self, keys):
        self.keys = keys

    def __iter__(self):
        for key in list(self.keys):
            self.keys.clear()
            yield key


@pytest.mark.parametrize("count", [1, 10, 2000])
def test_a_container_that_is_cleared_during_a_call_is_read_whole_or_not(client, count):
    items = {"k%d" % i: b"%d" % i for i in range(count)}
    client.set_multi(items)
    for make in (list, dict.fromkeys):
        answer = sabotaged(make(items), client.get_multi)
        assert answer in ({}, items)
    assert sabotaged(list(items), lambda keys: client.touch_multi(keys, 100)) is not None
    assert sabotaged(dict(items), client.set_multi) is None
    assert sabotaged(list(items), client.delete_multi) is not None
    client.set_multi(items)
    assert client.get_multi(Keys(list(items))) == items


def test_a_serializer_that_clears_the_mapping_changes_nothing(server):
    class Clearing:
        def dumps(self, value):
            items.clear()
            return value, 0

        def loads(self, data, flags):
            return data

    items = {"k%d" % i: b"%d" % i for i in range(100)}
    expected = dict(items)
    client = patient(servers=[server.address], serializer=Clearing())
    client.set_multi(items)
    assert items == {} and client.get_multi(expected) == expected


# ---- threads, signals -----------------------------------------------------


def test_a_second_thread_is_told_that_the_client_is_in_use(scripted):
    started, answer = threading.Event(), []

    def script(connection):
        connection.recv(65536)
        started.set()
        time.sleep(0.5)
        connection.sendall(b"END\r\n")
        silent(connection)

    client = patient(servers=[scripted(script)], poll_timeout="60s")
    thread = threading.Thread(target=lambda: answer.append(client.get("key", "none")))
    thread.start()
    started.wait()
    for call in (
        lambda: client.get("key"),
        lambda: client.get_multi(["key"]),
        lambda: client.version(),
        lambda: client.close(),
        lambda: client.update_servers(["a b"]),
    ):
        with pytest.raises(tenon.BusyError):
            call()
    thread.join()
    assert answer == ["none"]


def test_other_threads_run_while_a_call_waits(scripted):
    client = patient(servers=[scripted(silent)], poll_timeout="300ms")
    counted = []
    thread = threading.Thread(
        target=lambda: [counted.append(i) for i in range(1000)])
    thread.start()
    with pytest.raises(tenon.TimeoutError):
        client.get("key")
    thread.join()
    assert len(counted) == 1000


class Interrupted(Exception):
    pass


@pytest.fixture
def alarm():
    """alarm(handler) sends signals until one was handled."""
    before = signal.getsignal(signal.SIGALRM)

    def start(handler):
        def stop_and_handle(number, frame):
            signal.setitimer(signal.ITIMER_REAL, 0)
            handler()

        signal.signal(signal.SIGALRM, stop_and_handle)
        signal.setitimer(signal.ITIMER_REAL, 0.1, 0.05)

    yield start
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def interrupt():
    raise Interrupted


@pytest.mark.parametrize("transport", [
    "blocking", "poll", {"uring": {"ring_from": 1}}], ids=["blocking", "poll", "uring"])
@pytest.mark.parametrize("connected", [False, True])
def test_a_signal_handler_that_raises_ends_a_call(scripted, alarm, transport, connected):
    opened = threading.Event()

    def script(connection):
        while True:
            request = connection.recv(65536)
            if not request:
                return
            if b"hello" not in request and not opened.is_set():
                continue
            connection.sendall(b"VALUE %b 0 2\r\nhi\r\nEND\r\n" % request.split()[1])

    # A call that waits until its timeout hangs the test; a server that is blamed fails it.
    client = patient(servers=[scripted(script)], transport=transport,
                     poll_timeout="1h", retry_timeout="1h")
    if connected:
        assert client.get("hello") == b"hi"
    for call in (client.get, lambda key: client.get_multi([key, "l"]), client.delete):
        alarm(interrupt)
        with pytest.raises(Interrupted):
            call("k")
    opened.set()
    assert client.get("k") == b"hi"


def test_a_call_goes_on_after_a_signal_handler_that_does_not_raise(scripted, alarm):
    handled = threading.Event()

    def script(connection):
        connection.recv(65536)
        handled.wait(60)
        connection.sendall(b"VALUE k 0 2\r\nhi\r\nEND\r\n")
        silent(connection)

    client = patient(servers=[scripted(script)])
    alarm(handled.set)
    assert client.get("k") == b"hi"


def test_after_an_interrupted_call_the_client_returns_the_right_values(scripted):
    def script(connection):
        # The value of each key is the key. The first request is answered late.
        late = True
        while True:
            request = connection.recv(65536)
            if not request:
                return
            if late:
                time.sleep(0.3)
                late = False
            key = request.split()[1]
            connection.sendall(b"VALUE %b 0 %d\r\n%b\r\nEND\r\n" % (key, len(key), key))

    def raise_interrupted(number, frame):
        raise Interrupted

    client = patient(servers=[scripted(script)], poll_timeout="60s")
    before = signal.signal(signal.SIGALRM, raise_interrupted)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Interrupted):
            client.get("first")
            time.sleep(60)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    for key in ("second", "third"):
        assert client.get(key) == key.encode()


# ---- classes of exceptions --------------------------------------------------


def test_every_status_has_its_class():
    header = pathlib.Path(__file__).parents[3] / "include" / "tenon" / "error.h"
    text = header.read_text(encoding="utf-8")
    statuses = [int(number) for number in re.findall(r"TENON_E\w+ = (-\d+)", text)]
    assert len(statuses) >= 21
    for status in statuses:
        error = tenon.errors.make_error(status, None, None, None, None, 0)
        known = type(error) is not tenon.TenonError
        assert known or status == -1, status  # -1, out of memory, is MemoryError


def test_a_config_file_chooses_the_transport(servers, tmp_path):
    path = tmp_path / "tenon.yaml"
    path.write_text("servers: [%s]\ntransport: {poll: {}}\n" % servers[0])
    for keywords in ({}, {"transport": "blocking"}):
        with patient(path, **keywords) as client:
            client.set("key", b"1")
            assert client.get("key") == b"1"


LONG = {"poll_timeout": "60s", "connect_timeout": "10s"}


def test_user_and_password_are_sent(locked, tmp_path):
    password = tmp_path / "password"
    password.write_text("S3cret\n")
    password.chmod(0o600)
    auth = {"user": "anna", "password_file": str(password)}
    with tenon.Client(servers=[locked.address], auth=auth, **LONG) as client:
        client.set("k", b"v")
        assert client.get("k") == b"v"
    server = {"address": locked.address, "auth": auth}
    with tenon.Client(servers=[server], **LONG) as client:
        assert client.get("k") == b"v"


def test_a_refused_password_is_an_auth_error(locked):
    auth = {"user": "anna", "password": "wrong"}
    with tenon.Client(servers=[locked.address], auth=auth, **LONG) as client:
        for _ in range(2):
            with pytest.raises(tenon.AuthError, match="refuses user and password"):
                client.get("k")
    with tenon.Client(servers=[locked.address], **LONG) as client:
        with pytest.raises(tenon.ServerUnavailableError, match="key `auth`"):
            client.get("k")
