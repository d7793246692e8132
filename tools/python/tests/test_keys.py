# SPDX-License-Identifier: BSD-3-Clause
"""Forms of keys: text and bytes, tuples (routing_key, key), and keys that a key_rule replaces."""

import hashlib
import os
import pathlib
import re
from typing import NamedTuple

import pytest

import tenon

ALIASES = ("anna", "bert", "carl")
PATIENT = {"poll_timeout": "60s", "connect_timeout": "10s"}

ROOT = pathlib.Path(__file__).parents[3]
RINGS = re.findall(r"^([\w-]+): ", (ROOT / "plugins" / "rings").read_text("utf-8"), re.M)


@pytest.fixture
def lines(servers):
    """Server lines with aliases: the ring is the same in every run."""
    return ["%s %s" % pair for pair in zip(servers, ALIASES)]


@pytest.fixture
def client(lines):
    with tenon.Client(servers=lines, **PATIENT) as client:
        yield client


def holders(memcacheds, key):
    """Return the addresses of the servers that have the key."""
    request = b"get %s\r\n" % key.encode()
    return [server.address for server in memcacheds if server.ask(request) != b"END\r\n"]


def strays(client, routing_key, count):
    """Return keys that are on another server than their routing key."""
    home = client.where(routing_key)
    keys = ["key%d" % number for number in range(count * 10)]
    return [key for key in keys if client.where(key) != home][:count]


# ---- routing keys ---------------------------------------------------------


class Routed(NamedTuple):
    routing_key: str
    key: bytes


FORMS = {
    "text": lambda key: ("user:42", key),
    "bytes": lambda key: (b"user:42", key.encode()),
    "text and bytes": lambda key: ("user:42", key.encode()),
    "bytes and text": lambda key: (b"user:42", key),
    "named tuple": lambda key: Routed("user:42", key.encode()),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_call_for_one_key_takes_a_routing_key(client, memcacheds, form):
    name, = strays(client, "user:42", 1)
    key = form(name)
    client.set(key, b"1", ttl=100)
    assert holders(memcacheds, name) == [client.where("user:42")[1]]
    assert client.get(name) is None
    assert client.get(key) == client.gat(key, 100) == b"1"
    assert client.add(key, b"2") is False
    assert client.replace(key, b"5") is True
    assert client.incr(key) == 6
    assert client.decr(key) == 5
    assert client.append(key, b">") is True
    assert client.prepend(key, b"<") is True
    value, unique = client.gets(key)
    assert value == b"<5>"
    assert client.cas(key, b"new", unique) is True
    assert client.touch(key, 100) is True
    assert client.delete(key) is True
    assert holders(memcacheds, name) == []


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_calls_over_many_keys_take_routing_keys(client, memcacheds, form):
    names = strays(client, "user:42", 20)
    items = {form(name): name.encode() for name in names}
    plain = {"plain%d" % number: b"%d" % number for number in range(20)}
    assert client.set_multi({**items, **plain}) is None
    home = client.where("user:42")[1]
    assert all(holders(memcacheds, name) == [home] for name in names)
    assert client.get_multi([*items, *plain, "no"]) == {**items, **plain}
    assert client.get_multi(names) == {}
    assert client.touch_multi(items, 100) == dict.fromkeys(items, True)
    assert client.delete_multi([*items, "no"]) == {**dict.fromkeys(items, True), "no": False}
    assert client.get_multi(items) == {}


def test_results_have_the_keys_as_they_were_given(client):
    client.set_multi({("user:42", "key"): b"routed", "key": b"plain"})
    routed = client.where("user:42") != client.where("key")
    assert client.get_multi(["key", b"key", ("user:42", "key"), (b"user:42", b"key")]) == {
        "key": b"plain",
        b"key": b"plain",
        ("user:42", "key"): b"routed" if routed else b"plain",
        (b"user:42", b"key"): b"routed" if routed else b"plain",
    }
    assert routed, "the test needs a routing key on another server"


def test_one_key_with_two_routing_keys_is_two_items(client, memcacheds):
    other, = strays(client, "user:42", 1)
    client.set_multi({("user:42", "key"): b"1", (other, "key"): b"2"})
    assert len(holders(memcacheds, "key")) == 2
    assert client.get(("user:42", "key")) == b"1"
    assert client.get((other, "key")) == b"2"


def test_a_tuple_of_keys_is_many_keys(client):
    client.set_multi({"user:42": b"1", "key": b"2"})
    assert client.get_multi(("user:42", "key")) == {"user:42": b"1", "key": b"2"}


def test_the_chunks_of_a_split_value_go_by_the_routing_key(lines):
    value = os.urandom(3000000)
    with tenon.Client(servers=lines, codecs=["split"], **PATIENT) as client:
        key, = strays(client, "user:42", 1)
        client.set(("user:42", key), value)
        assert client.get(("user:42", key)) == value
        assert client.get(key) is None


def test_a_routing_key_has_no_prefix_and_no_limit(lines):
    with tenon.Client(servers=lines, prefix="app/") as client:
        route = client.route(("a b\n" * 100, "key"))
        assert (route.key, route.hashed) == (b"app/key", b"a b\n" * 100)
        assert route.home == client.where(("a b\n" * 100, b"other"))


def test_errors_have_the_tuple(client):
    bad = ("user:42", "a b")
    with pytest.raises(tenon.InvalidKeyError) as caught:
        client.get(bad)
    assert caught.value.key is bad
    client.set(("user:42", "good"), b"1")
    with pytest.raises(tenon.MultiError) as caught:
        client.get_multi([bad, ("user:42", "good")])
    assert caught.value.values == {("user:42", "good"): b"1"}
    assert list(caught.value.errors) == [bad]
    assert caught.value.errors[bad].key == bad


def test_keys_with_a_routing_key_move_together(lines):
    with tenon.Client(servers=lines[:2]) as old, tenon.Client(servers=lines) as new:
        routing = ["user:%d" % number for number in range(100)]
        moved = [one for one in routing if old.where(one) != new.where(one)]
        keys = [(one, "key%d" % number) for one in routing for number in range(10)]
        assert 0 < len(moved) < 100
        assert tenon.diff(old, new, keys).moved == 10 * len(moved)


def test_the_clients_of_a_pool_take_routing_keys(lines, memcacheds):
    with tenon.Pool(servers=lines, size=1, **PATIENT) as pool, pool.client() as client:
        key, = strays(client, "user:42", 1)
        client.set(("user:42", key), b"1")
        assert client.get_multi([("user:42", key), key]) == {("user:42", key): b"1"}
        assert holders(memcacheds, key) == [client.where("user:42")[1]]


WRONG_KEYS = [
    (ValueError, r"must be \(routing_key, key\), not a tuple of length 0", ()),
    (ValueError, "not a tuple of length 1", ("key",)),
    (ValueError, "not a tuple of length 3", ("a", "b", "c")),
    (ValueError, "routing_key .* is empty; give the key alone", ("", "key")),
    (ValueError, "routing_key .* is empty", (b"", b"key")),
    (TypeError, "routing_key of a tuple .* must be str or bytes, not int", (42, "key")),
    (TypeError, "routing_key .* not NoneType", (None, "key")),
    (TypeError, "key of a tuple .* must be str or bytes, not NoneType", ("user", None)),
    (TypeError, "key of a tuple .* not tuple", ("user", ("user", "key"))),
    (UnicodeEncodeError, "", ("\ud800", "key")),
    (UnicodeEncodeError, "", ("user", "\ud800")),
    (tenon.InvalidKeyError, "empty", ("user", "")),
    (TypeError, r"str, bytes or a tuple \(routing_key, key\), not frozenset",
     frozenset(["user", "key"])),
]

CALLS = {
    "get": lambda client, key: client.get(key),
    "set": lambda client, key: client.set(key, b""),
    "get_multi": lambda client, key: client.get_multi(["good", key]),
    "set_multi": lambda client, key: client.set_multi({"good": b"", key: b""}),
    "where": lambda client, key: client.where(key),
    "route": lambda client, key: client.route(key),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("error, message, key", WRONG_KEYS)
def test_a_wrong_tuple_raises(client, call, error, message, key):
    with pytest.raises((error, tenon.MultiError), match=message) as caught:
        call(client, key)
    assert isinstance(caught.value, error)
    client.set(("user", "key"), b"1")
    assert client.get(("user", "key")) == b"1"


@pytest.mark.parametrize("error, message, key", WRONG_KEYS[:11])
def test_a_wrong_tuple_is_not_compared(client, error, message, key):
    with pytest.raises(error, match=message):
        tenon.diff(client, client, ["good", key])


# ---- text and bytes -------------------------------------------------------

# Python has texts of 1, 2 and 4 bytes per character.
TEXTS = ["größe", "a\x80\xff", "ключ", "キー", "a😀"]


@pytest.mark.parametrize("ring", RINGS)
def test_text_and_its_bytes_are_one_key_on_every_ring(lines, memcacheds, ring):
    with tenon.Client(servers=lines, ring=ring, **PATIENT) as client:
        for text in TEXTS:
            data = text.encode("utf-8")
            route = client.route(text)
            assert route == client.route(data)
            assert route.key == data
            assert route.home == client.where(text) == client.where(data)
            client.set(text, data)
            assert holders(memcacheds, text) == [route.home[1]]
            assert client.get(data) == data
            assert client.get_multi([text, data]) == {text: data, data: data}


@pytest.mark.parametrize("ring", RINGS)
def test_text_and_its_bytes_are_one_routing_key_on_every_ring(lines, ring):
    with tenon.Client(servers=lines, ring=ring) as client:
        for text in TEXTS:
            data = text.encode("utf-8")
            route = client.route((text, "key"))
            assert route == client.route((data, b"key"))
            assert (route.key, route.hashed) == (b"key", data)
            assert route.home == client.where(text)


def test_the_rings_are_those_of_the_library(lines):
    assert len(RINGS) == len(set(RINGS)) >= 20
    with pytest.raises(tenon.ConfigError, match="tenon plugins rings"):
        tenon.Client(servers=lines, ring="no-ring")


# ---- keys of a config -----------------------------------------------------


def test_a_key_rule_shortens_keys(lines, memcacheds):
    long, short = "x" * 300, hashlib.md5(b"x" * 300).hexdigest()
    with tenon.Client(servers=lines, key_rule="md5", **PATIENT) as client:
        client.set(long, b"1")
        assert holders(memcacheds, short) == [client.where(short)[1]]
        assert client.get(long) == client.get(long.encode()) == b"1"
        assert client.route(long).key == short.encode()
        client.set_multi({"a b": b"2", ("user", long): b"3"})
        assert client.get_multi(["a b", ("user", long), "no"]) == {
            "a b": b"2", ("user", long): b"3"}
        assert client.get(hashlib.md5(b"a b").hexdigest()) == b"2"
    with tenon.Client(servers=lines, **PATIENT) as refusing:
        with pytest.raises(tenon.InvalidKeyError, match="300 bytes"):
            refusing.get(long)


def test_a_ring_may_be_in_a_file_or_a_keyword(lines, tmp_path):
    path = tmp_path / "tenon.yaml"
    path.write_text(
        "servers: [%s]\nring: twemproxy-ketama\nhash_tag: '{}'\nkey_rule: md5\n"
        % ", ".join(lines))
    keys = ["{user:%d}k" % number for number in range(200)] + ["x" * 300]
    options = {"ring": "twemproxy-ketama", "hash_tag": "{}", "key_rule": "md5"}
    with tenon.Client(servers=lines, **options) as client:
        assert client.route("{user:1}k").hashed == b"user:1"
        assert client.where("{user:1}k") == client.where("user:1")
        same = tenon.diff(path, client, keys)
        assert (same.keys, same.refused, same.moved) == (201, 0, 0)
    with tenon.Client(path, ring="libmc") as client:
        assert client.route("{user:1}k").hashed == b"user:1"
        assert 0 < tenon.diff(path, client, keys).moved < 201
    with tenon.Client(path, hash_tag="()", key_rule="refuse") as client:
        diff = tenon.diff(path, client, keys)
        assert diff.refused == 1 and 0 < diff.moved < 200
