# SPDX-License-Identifier: BSD-3-Clause
"""The package libmc. The expected answers were read off libmc 1.4.15."""

import ast
import contextlib
import hashlib
import importlib.machinery
import importlib.util
import inspect
import marshal
import os
import pathlib
import pickle
import re
import shutil
import subprocess
import sys
import threading
import zlib

import pytest

import libmc
import tenon
from sabotage import sabotaged

HERE = pathlib.Path(__file__).parent
VECTORS = HERE.parents[2] / "tests" / "vectors" / "libmc"


class Point:
    """An object that only pickle can store."""

    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return isinstance(other, Point) and other.x == self.x


def patience(client):
    """Raise the timeouts: a test must not fail because the machine is slow."""
    client.config(libmc.MC_POLL_TIMEOUT, 60000)
    client.config(libmc.MC_CONNECT_TIMEOUT, 10000)
    return client


def patient(kind, *args, **kwargs):
    return patience(kind(*args, **kwargs))


@pytest.fixture
def client(servers):
    return patient(libmc.Client, servers)


@pytest.fixture
def alone(server):
    """A client of one server."""
    return patient(libmc.Client, [server.address])


def test_every_name_of_libmc_is_there():
    for name in libmc.__all__:
        assert hasattr(libmc, name), name
    assert libmc._client.MC_POLL_TIMEOUT == libmc.MC_POLL_TIMEOUT == 0
    assert (libmc.MC_HASH_MD5, libmc.MC_HASH_CRC_32) == (0, 3)
    assert (libmc.MC_RETURN_SEND_ERR, libmc.MC_RETURN_OK) == (-9, 0)
    assert (libmc.MC_INITIAL_CLIENTS, libmc.MC_MAX_CLIENTS) == (7, 8)


def test_libraries_that_may_wait_are_listed():
    for path in libmc.DYNAMIC_LIBRARIES:
        assert os.path.isfile(path), path
    assert any("libtenon.so" in path for path in libmc.DYNAMIC_LIBRARIES)
    libmc.Client(["127.0.0.1:1"])
    with open("/proc/self/maps") as maps:
        loaded = set(re.findall(r"/\S*/transport_poll\.so", maps.read()))
    assert loaded <= {os.path.realpath(path) for path in libmc.DYNAMIC_LIBRARIES}


VALUES = [
    (b"bytes", b"bytes", 0),
    (b"", b"", 0),
    (True, b"1", 8),
    (False, b"0", 8),
    (0, b"0", 4),
    (-1, b"-1", 4),
    (2**63 - 1, b"9223372036854775807", 4),
    (-(2**63), b"-9223372036854775808", 4),
    (2**80, b"1208925819614629174706176", 4),
    (-(2**80), b"-1208925819614629174706176", 4),
    ("text", marshal.dumps("text", 2), 32),
    ("\u4e2d", marshal.dumps("\u4e2d", 2), 32),
    (None, b"N", 32),
    (1.5, marshal.dumps(1.5, 2), 32),
    ([1, "a", {"b": (2, None)}], marshal.dumps([1, "a", {"b": (2, None)}], 2), 32),
    (Point(3), pickle.dumps(Point(3), 2), 1),
]


@pytest.mark.parametrize("value, stored, flags", VALUES, ids=lambda v: repr(v)[:20])
def test_values_are_encoded_as_libmc_does_and_decoded(value, stored, flags):
    assert libmc.encode_value(value, 0) == (stored, flags)
    decoded = libmc.decode_value(stored, flags)
    assert decoded == value and type(decoded) is type(value)


@pytest.mark.parametrize("value, stored, flags", VALUES, ids=lambda v: repr(v)[:20])
def test_values_go_to_the_server_and_back(alone, server, value, stored, flags):
    assert alone.set("key", value) is True
    reply = b"VALUE key %d %d\r\n%b\r\nEND\r\n" % (flags, len(stored), stored)
    assert server.ask(b"get key\r\n") == reply
    got = alone.get("key")
    assert got == value and type(got) is type(value)
    assert alone.get_raw("key") == (stored, flags)
    assert alone.get_multi(["key"]) == {"key": value}
    assert alone.set_multi({"key": value}) is True
    assert server.ask(b"get key\r\n") == reply


def test_values_above_the_threshold_are_compressed_even_when_that_is_longer(server):
    client = patient(libmc.Client, [server.address], comp_threshold=5)
    assert libmc.encode_value(b"123456", 5) == (zlib.compress(b"123456"), 16)
    assert libmc.encode_value(b"12345", 5) == (b"12345", 0)
    for value in (b"x" * 6, 123456, "text of some length", [1] * 50, 2**80):
        assert client.set("key", value)
        assert client.get_raw("key")[1] & 16
        assert client.get("key") == value
        assert client.get_multi(["key"]) == {"key": value}
        assert client.set("key", value, compress=False)
        assert not client.get_raw("key")[1] & 16
        assert client.set_multi({"key": value}, compress=False)
        assert not client.get_raw("key")[1] & 16
        assert client.set_multi({"key": value})
        assert client.get_raw("key")[1] & 16


@pytest.mark.parametrize(
    "stored, flags, expected",
    [
        (b"12", 2, 12),
        (b" 1_0 ", 4, 10),
        (b"-5", 4, -5),
        (b"123456789012345678901234567890", 4, 123456789012345678901234567890),
        (b"7", 8, True),
        (b"no zlib", 16, None),
        (b"anything", 64, b"anything"),
    ],
)
def test_other_stored_forms_are_read_as_libmc_does(stored, flags, expected):
    assert libmc.decode_value(stored, flags) == expected


@pytest.mark.parametrize("stored, flags", [(b"broken", 32), (b"broken", 1)])
def test_a_broken_object_is_none_with_a_warning(alone, stored, flags):
    with pytest.warns(UserWarning):
        assert libmc.decode_value(stored, flags) is None
    alone.set_raw("key", stored, 0, flags)
    with pytest.warns(UserWarning):
        assert alone.get("key") is None
    with pytest.warns(UserWarning):
        assert alone.get_multi(["key"]) == {"key": None}


@pytest.mark.parametrize("stored, flags", [(b"x", 4), (b"x", 2), (b"x", 8)])
def test_a_broken_number_is_a_value_error(alone, stored, flags):
    alone.set_raw("key", stored, 0, flags)
    for call in (lambda: libmc.decode_value(stored, flags), lambda: alone.get("key"),
                 lambda: alone.get_multi(["key"]), lambda: alone.get_list(["key"])):
        with pytest.raises(ValueError):
            call()
    assert alone.set("key", 1) and alone.get("key") == 1


@pytest.mark.parametrize("many", [False, True])
def test_an_object_that_cannot_be_stored_is_none_with_a_warning(alone, many):
    with pytest.warns(UserWarning, match="encode value failed"):
        if many:
            answer = alone.set_multi({"a": 1, "b": lambda: 1}, return_failure=True)
            assert answer == (False, [b"a", b"b"])
            assert alone.get("a") is None
        else:
            assert alone.set("key", lambda: 1) is None


# ---- recorded from libmc, see tests/vectors/libmc/README.md --------------------


def described_value(text):
    """Make the value that a line of values.tsv describes."""
    patterns = {
        r'bytes "(.*)"': lambda m: m[1].encode(),
        r"integer (.*)": lambda m: int(m[1]),
        r"boolean true": lambda m: True,
        r'text "(.*)" (\d+) times': lambda m: m[1].encode() * int(m[2]),
        r"text\((.),(\d+)\)": lambda m: m[1].encode() * int(m[2]),
        r"pattern\((\d+),(\d+)\)": lambda m: pattern(int(m[1]), int(m[2])),
    }
    for expression, make in patterns.items():
        match = re.fullmatch(expression, text)
        if match:
            return make(match)
    raise ValueError(text)


def pattern(seed, length):
    period = bytes((i * i * 31 + i * seed + seed) % 251 for i in range(251))
    return (period * (length // 251 + 1))[:length]


def libmc_cases():
    cases = []
    for line in (VECTORS / "values.tsv").read_text(encoding="utf-8").splitlines():
        field = line.split("\t")
        if field[0] == "value":
            cases.append((field, []))
        elif field[0] in ("item", "absent"):
            cases[-1][1].append(field)
    return [pytest.param(*case, id=case[0][1]) for case in cases]


@pytest.mark.parametrize("value, items", libmc_cases())
def test_items_are_stored_as_by_libmc(server, value, items):
    option, key = value[2], value[3]
    keywords = {}
    if option != "-":
        name, _, text = option.partition("=")
        keywords[name] = text if name == "prefix" else ast.literal_eval(text)
    client = patient(libmc.Client, [server.address], **keywords)
    stored = described_value(value[4])
    assert client.set(key, stored) is (value[5] == "stored=True")
    assert client.get(key) == (stored if value[5] == "stored=True" else None)
    raw = patient(libmc.Client, [server.address], do_split=False)
    for item in items:
        if item[0] == "absent":
            assert raw.get_raw(item[2]) == (None, 0)
            continue
        found, flags = raw.get_raw(item[2])
        assert (str(flags), str(len(found))) == (item[3], item[4])
        assert hashlib.sha256(found).hexdigest() == item[5]


RINGS = sorted(VECTORS.glob("libmc-ketama-*.tsv"))


@pytest.mark.parametrize("path", RINGS, ids=lambda path: path.stem)
def test_keys_live_where_libmc_puts_them(path):
    names = {"md5": 0, "fnv1_32": 1, "fnv1a_32": 2, "crc32": 3}
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    hash_name = next(line[2] for line in lines if line[:2] == ["meta", "hash"])
    servers = [line[1] for line in lines if line[0] == "server"]
    keys = [line[1:3] for line in lines if line[0] == "key"]
    client = patient(libmc.Client, servers, hash_fn=names[hash_name])
    shown = [host_name(server) for server in servers]
    assert len(keys) > 100
    for key, index in keys:
        assert client.get_host_by_key(key) == shown[int(index)]


def host_name(server):
    address, _, alias = server.partition(" ")
    with_port = ":" in address or address.startswith("/")
    return alias or (address if with_port else address + ":11211")


# ---- calls ----------------------------------------------------------------


def test_get_set_delete(client):
    assert client.get("key") is None
    assert client.set("key", 1, 100) is True
    assert client.set(key="key", val="two", time=0, compress=True) is True
    assert client.get("key") == "two"
    assert client.delete("key") is True
    assert client.delete("key") is True  # True for an absent key as well
    assert client.get("key") is None
    assert client.get_last_error() == libmc.MC_RETURN_OK


def test_a_negative_time_expires_at_once(client):
    assert client.set("key", 1, -1) is True
    assert client.get("key") is None
    client.set("key", 1)
    assert client.expire("key") is True
    assert client.get("key") is None
    assert client.expire("key") is False


@pytest.mark.parametrize("time", [2**31, 2**33, 2**63 - 1])
def test_a_time_that_is_too_late_for_a_server_is_the_latest(client, time):
    assert client.set("key", 1, time) is True and client.get("key") == 1
    assert client.touch("key", time) is True and client.get("key") == 1
    assert client.set("key", 1, -(2**40)) is True and client.get("key") is None


def test_add_replace_append_prepend(client):
    assert client.add("key", b"b") is True
    assert client.add("key", b"c") is False
    assert client.replace("key", b"m") is True
    assert client.replace("other", b"m") is False
    assert client.append("key", b">") is True
    assert client.prepend("key", b"<", compress=True) is True
    assert client.get("key") == b"<m>"
    assert client.append("other", b"x") is False
    assert client.append("key", None) is None


def test_gets_and_cas(client):
    assert client.gets("key") is None
    client.set("key", 1)
    value, unique = client.gets("key")
    assert value == 1
    assert client.cas("key", 2, 0, unique) is True
    assert client.cas("key", 3, 0, unique) is False
    assert client.cas("other", 3, 0, unique) is False
    assert client.get("key") == 2


def test_incr_decr_touch(client):
    assert client.incr("key") is None
    client.set("key", 10)
    assert client.incr("key") == 11
    assert client.incr("key", 2**63) == 11 + 2**63
    assert client.decr("key", delta=2**64 - 1) == 0
    client.set("key", b"text")
    assert client.incr("key") is None
    assert client.get_last_error() == libmc.MC_RETURN_PROGRAMMING_ERR
    assert client.touch("key", 10) is True
    assert client.touch("other", 10) is False


def test_get_multi_and_get_list(client):
    items = {"k%d" % i: i for i in range(300)}
    assert client.set_multi(items) is True
    assert client.get_multi(list(items)) == items
    assert client.get_multi(["k1", "no", "k1"]) == {"k1": 1}
    assert client.get_list(["k2", "no", "k2"]) == [2, None, 2]
    assert client.get_multi("ab") == {}
    assert client.get_multi([]) == {}
    assert client.get_last_error() == libmc.MC_RETURN_MC_SERVER_ERR


def test_set_multi_says_which_keys_failed(client):
    pairs = {"a": 1, "b c": 2}
    assert client.set_multi(pairs) is False
    assert client.set_multi(pairs, return_failure=True) == (False, [b"b c"])
    assert client.set_multi({"a": 1}, return_failure=True) == (True, [])
    assert client.set_multi({}) is False
    assert client.set_multi({}, return_failure=True) == (False, [])


def test_delete_multi_and_append_multi(client):
    client.set_multi({"a": b"1", "b": b"2"})
    assert client.append_multi(["a", "b"], b"x") is True
    # True: each key has an answer, also a key that is not stored
    assert client.prepend_multi(["a", "no"], b"y") is True
    assert client.prepend_multi(["a", "no"], b"y", return_failure=True) == (
        False, [b"no"])
    assert client.get_multi(["a", "b"]) == {"a": b"yy1x", "b": b"2x"}
    assert client.append_multi(["a"], None) is None
    assert client.delete_multi(["a", "b", "no"]) is True
    assert client.delete_multi(["a"], return_failure=True) == (True, [])
    assert client.delete_multi(["a b", "c"], return_failure=True) == (False, [b"a b"])
    assert client.get_multi(["a", "b"]) == {}


def test_large_values_are_split_and_joined(client, servers):
    value = bytes(range(256)) * 10000
    assert client.set("key", value) is True
    assert client.get("key") == value
    assert client.get_raw("key") == (value, 0)
    assert client.gets("key")[0] == value
    assert client.get_multi(["key", "no"]) == {"key": value}
    whole = patient(libmc.Client, servers, do_split=False)
    assert whole.get_raw("key") == (b"3", 4096)
    assert whole.get_raw("~3key/2") == (value[2000000:], 0)
    assert whole.set("key", value) is False
    assert client.set_multi({"key": value, "small": 1}) is True
    assert client.get_multi(["key", "small"]) == {"key": value, "small": 1}


def test_values_too_large_to_split_are_refused(client):
    assert client.set("key", b"x" * 10000001) is False
    assert client.set("k" * 201, b"x" * 1000001) is False
    assert client.get("key") is None


def test_noreply_calls_reach_the_servers(servers):
    client = patient(libmc.Client, servers, noreply=True)
    assert client.set("key", 1024) is True
    assert client.incr("key", 1) is None
    assert client.get("key") == 1025
    assert client.decr("key", 3) is None
    assert client.touch("key", 30) is True
    assert client.get("key") == 1022
    assert client.set_multi({"a": 1, "b": 2}) is True
    assert client.get_multi(["a", "b"]) == {"a": 1, "b": 2}
    assert client.delete("key") is True
    assert client.get("key") is None


def test_the_server_refuses_values_that_are_too_large(servers):
    client = patient(libmc.Client, servers, do_split=False)
    value = b"x" * 1100000
    unique = client.set("key", 1) and client.gets("key")[1]
    for call in (
        lambda: client.set("key", value),
        lambda: client.add("other", value),
        lambda: client.replace("key", value),
        lambda: client.cas("key", value, 0, unique),
    ):
        assert call() is False
        assert client.get_last_error() == libmc.MC_RETURN_MC_SERVER_ERR


# ---- keys -----------------------------------------------------------------


def test_the_prefix_goes_after_a_question_mark(server):
    client = patient(libmc.Client, [server.address], prefix="app:")
    assert client.normalize_key("key") == b"app:key"
    assert client.normalize_key("?key") == b"?app:key"
    client.set_multi({"key": 1, "?key": 2})
    assert client.get_multi(["key", "?key"]) == {"key": 1, "?key": 2}
    assert server.ask(b"get ?app:key\r\n").startswith(b"VALUE ?app:key 4 1")
    assert client.set_multi({"a b": 1}, return_failure=True) == (False, [b"app:a b"])
    with pytest.raises(IndexError):
        client.get("")


@pytest.mark.parametrize("encoding", ["utf8", "latin-1", "gbk"])
def test_keys_are_encoded(server, encoding):
    key = "\xe9" if encoding == "latin-1" else "\u4e2d"
    client = patient(libmc.Client, [server.address], encoding=encoding)
    assert client.normalize_key(key) == key.encode(encoding)
    assert client.set_multi({key: 1}) is True
    assert client.get(key) == 1
    assert client.get_multi([key]) == {key: 1}
    assert server.ask(b"get " + key.encode(encoding) + b"\r\n") != b"END\r\n"


@pytest.mark.parametrize(
    "key, error",
    [
        ("a b", libmc.MC_RETURN_INVALID_KEY_ERR),
        ("a\r\nb", libmc.MC_RETURN_INVALID_KEY_ERR),
        ("a" * 251, libmc.MC_RETURN_INVALID_KEY_ERR),
        ("", libmc.MC_RETURN_PROGRAMMING_ERR),
    ],
)
def test_keys_that_cannot_be_sent_are_refused(client, key, error):
    assert client.get(key) is None
    assert client.get_last_error() == error
    assert client.set(key, 1) is False
    assert client.get_last_error() == error
    assert client.get_multi([key, "fine"]) == {}
    assert client.get_last_error() in (libmc.MC_RETURN_OK, error)


def test_an_empty_key_among_others_is_left_out(client):
    client.set("key", 1)
    assert client.get_multi(["", "key", "a b"]) == {"key": 1}
    assert client.get_last_error() == libmc.MC_RETURN_OK
    assert client.set_multi({"": 1, "key": 2}) is False
    assert client.get_last_error() == libmc.MC_RETURN_PROGRAMMING_ERR


def test_no_keys_are_a_server_error(servers):
    for call, answer in (
        (lambda c: c.get_multi([]), {}),
        (lambda c: c.get_list([]), []),
        (lambda c: c.set_multi({}), False),
        (lambda c: c.delete_multi([]), False),
        (lambda c: c.append_multi([], b"x"), False),
    ):
        client = patient(libmc.Client, servers)
        assert call(client) == answer
        assert client.get_last_error() == libmc.MC_RETURN_MC_SERVER_ERR


BAD_CALLS = [
    (TypeError, lambda c: c.get(1)),
    (TypeError, lambda c: c.get(None)),
    (TypeError, lambda c: c.get(b"bytes")),
    (TypeError, lambda c: c.get()),
    (TypeError, lambda c: c.get("a", "b")),
    (TypeError, lambda c: c.get(name="a")),
    (TypeError, lambda c: c.get_multi([1])),
    (TypeError, lambda c: c.get_multi(None)),
    (TypeError, lambda c: c.add(None, lambda: 1)),
    (TypeError, lambda c: c.incr(None, -1)),
    (OverflowError, lambda c: c.cas(1, 1, 0, -1)),
    (TypeError, lambda c: c.set("a")),
    (TypeError, lambda c: c.set("a", 1, "x")),
    (TypeError, lambda c: c.set("a", 1, None)),
    (TypeError, lambda c: c.set("a", 1, 0, True, 1)),
    (TypeError, lambda c: c.set("a", 1, nonsense=1)),
    (TypeError, lambda c: c.set("a", 1, key="a")),
    (OverflowError, lambda c: c.set("a", 1, 1 << 70)),
    (TypeError, lambda c: c.set_raw("a", "text", 0, 0)),
    (OverflowError, lambda c: c.set_raw("a", b"x", 0, -1)),
    (OverflowError, lambda c: c.set_raw("a", b"x", 0, 1 << 32)),
    (OverflowError, lambda c: c.incr("a", -1)),
    (OverflowError, lambda c: c.incr("a", 1 << 64)),
    (TypeError, lambda c: c.incr("a", "x")),
    (TypeError, lambda c: c.incr("a", 1.5)),
    (TypeError, lambda c: c.decr("a", delta=0.5)),
    (TypeError, lambda c: c.set("a", 1, 0.5)),
    (TypeError, lambda c: c.touch("a", 0.5)),
    (TypeError, lambda c: c.set_multi({"a": 1}, time=0.5)),
    (TypeError, lambda c: c.append_multi(["a"], b"", 0.5)),
    (ValueError, lambda c: c.incr("a", float("nan"))),
    (OverflowError, lambda c: c.incr("a", float("inf"))),
    (TypeError, lambda c: c.update_servers("a")),
    (TypeError, lambda c: c.update_servers([b"a"])),
    (ValueError, lambda c: libmc.Client(["a:1\0 b"])),
    (TypeError, lambda c: c.touch("a")),
    (TypeError, lambda c: c.delete(5)),
    (TypeError, lambda c: c.delete_multi([1])),
    (TypeError, lambda c: c.set_multi(["a"])),
    (TypeError, lambda c: c.set_multi({None: 1})),
    (TypeError, lambda c: c.append("a", "text")),
    (TypeError, lambda c: c.append_multi(("a",), b"x")),
    (TypeError, lambda c: c.cas("a", 1, 0)),
    (OverflowError, lambda c: c.cas("a", 1, 0, -1)),
    (TypeError, lambda c: c.config("a", 1)),
    (UnicodeEncodeError, lambda c: c.get("\ud800")),
    (TypeError, lambda c: libmc.Client()),
    (TypeError, lambda c: libmc.Client(("a",))),
    (TypeError, lambda c: libmc.Client([b"a"])),
    (TypeError, lambda c: libmc.Client(["a"], nonsense=1)),
    (ValueError, lambda c: libmc.Client(["a:port"])),
    (LookupError, lambda c: libmc.Client(["a"], prefix="x", encoding="none")),
    (TypeError, lambda c: libmc.Client(["a"], prefix=5)),
    (TypeError, lambda c: libmc.encode_value(1)),
    (TypeError, lambda c: libmc.decode_value("text", 0)),
]


@pytest.mark.parametrize("number", range(len(BAD_CALLS)))
def test_bad_input_is_answered_as_by_libmc(client, number):
    error, call = BAD_CALLS[number]
    with pytest.raises(error):
        call(client)
    assert client.set("after", 1) and client.get("after") == 1


def test_keys_that_cannot_be_indexed_are_refused_when_there_is_a_value(client):
    client.set("a", 1)
    assert client.get_multi(key for key in ["no"]) == {}
    with pytest.raises(TypeError):
        client.get_multi({"a"})
    with pytest.raises(KeyError):
        client.get_multi({"a": 1})


# ---- installing -------------------------------------------------------------


def test_an_old_extension_module_of_libmc_is_not_imported(tmp_path):
    package = tmp_path / "libmc"
    shutil.copytree(HERE.parent / "libmc", package)
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        (package / ("_client" + suffix)).write_bytes(b"not an extension module")
    code = (
        "import libmc, libmc._client, sys\n"
        "from libmc._client import PyClient, MC_POLL_TIMEOUT\n"
        "assert libmc._client is sys.modules['libmc._client']\n"
        "assert issubclass(libmc.Client, PyClient)\n"
        "print(libmc.__file__, libmc.Client(['127.0.0.1:1']).get('key'))\n"
    )
    paths = [str(tmp_path), *sys.path]
    result = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(paths)))
    assert result.stdout == "%s None\n" % (package / "__init__.py")


def test_the_metadata_has_the_version_of_libmc():
    text = (HERE.parent / "Makefile.inc").read_text(encoding="utf-8")
    assert re.search(r"^LIBMC_VERSION = (.*)$", text, re.M)[1] == libmc.__version__


# ---- server lines -----------------------------------------------------------


@pytest.mark.parametrize("line, name", [
    ("%s", "%s"),
    ("%s ", "%s"),
    ("%s  ", "%s"),
    (" %s", "%s"),
    ("%s  anna", "anna"),
    ("  %s anna  ", "anna"),
    ("%s anna ignored", "anna"),
    ("unix:%s", "%s"),
    ("unix:%s anna", "anna"),
    (r"%s an\ na", r"an\ na"),
])
def test_spaces_around_the_words_of_a_server_line_do_not_count(server, line, name):
    line, name = (text.replace("%s", server.address) for text in (line, name))
    client = patient(libmc.Client, [line])
    assert client.set("key", 1) is True and client.get("key") == 1
    assert client.get_host_by_key("key") == name
    assert client.update_servers([line]) is True
    client.config(libmc.MC_RETRY_TIMEOUT, 6)
    assert client.get("key") == 1 and list(client.version()) == [name]


def test_an_alias_may_move_to_the_address_of_another(memcacheds, servers):
    client = patient(libmc.Client, [servers[0] + " a", servers[1] + " b"])
    keys = ["key%d" % i for i in range(40)]
    homes = {key: client.get_host_by_key(key) for key in keys}
    assert set(homes.values()) == {"a", "b"}
    both = [servers[1] + " a", servers[1] + " b"]
    assert client.update_servers(both) is True and client.servers == both
    for _ in range(2):
        assert client.set_multi(dict.fromkeys(keys, 1)) is True
        assert client.get_multi(keys) == dict.fromkeys(keys, 1)
        assert {key: client.get_host_by_key(key) for key in keys} == homes
        assert memcacheds[0].ask(b"get key0 key1\r\n") == b"END\r\n"
        client.config(libmc.MC_RETRY_TIMEOUT, 6)  # connects anew
    swapped = [servers[1] + " a", servers[0] + " b"]
    assert client.update_servers(swapped) is True
    assert client.set_multi(dict.fromkeys(keys, 2)) is True
    pool = patient(libmc.ClientPool, [servers[0] + " a", servers[1] + " b"])
    assert pool.update_servers(both) is True
    pool.config(libmc.MC_RETRY_TIMEOUT, 6)
    with pool.client() as one:
        assert set(one.get_multi(keys).values()) <= {1, 2}


def test_two_aliases_may_have_one_address(server):
    client = patient(libmc.Client, [server.address + " a", server.address + " b"])
    items = {"key%d" % i: i for i in range(40)}
    assert client.set_multi(items) is True
    assert client.get_multi(list(items)) == items
    with pytest.raises(ValueError, match="twice"):
        libmc.Client([server.address + " a", server.address + " a"])
    with pytest.raises(ValueError, match="twice"):
        libmc.Client([server.address, server.address])


@pytest.mark.parametrize("count", [1, 10, 2000])
def test_a_container_that_is_cleared_during_a_call_is_read_whole_or_not(client, count):
    items = {"k%d" % i: i for i in range(count)}
    client.set_multi(items)
    assert sabotaged(list(items), client.get_multi) in ({}, items)
    assert sabotaged(list(items), client.get_list) in ([], list(items.values()))
    assert sabotaged(dict(items), client.set_multi) in (True, False)
    assert sabotaged(list(items), lambda keys: client.append_multi(keys, b"")) is not None
    assert sabotaged(list(items), client.delete_multi) in (True, False)
    servers = client.servers
    assert sabotaged(list(servers), lambda lines: libmc.Client(lines).servers) in (
        [], servers)
    assert sabotaged(list(servers), client.update_servers) in (True, False)


def test_a_value_that_clears_its_dict_changes_nothing(client):
    class Clearing:
        def __reduce__(self):
            items.clear()
            return int, ()

    items = {"k%d" % i: Clearing() for i in range(100)}
    keys = list(items)
    assert client.set_multi(items) is True
    assert items == {} and client.get_multi(keys) == dict.fromkeys(keys, 0)


def test_the_list_of_servers_is_a_copy(servers):
    client = patient(libmc.Client, list(servers))
    client.servers.clear()
    client.config(libmc.MC_RETRY_TIMEOUT, 6)
    client.set("key", 1)
    assert client.get("key") == 1 and client.servers == servers
    assert set(client.version()) == set(servers)


# ---- inflating ------------------------------------------------------------


@pytest.fixture(scope="module")
def bomb():
    """64 MiB and one byte of zeros, compressed to 64 KiB."""
    return zlib.compress(bytes((64 << 20) + 1))


def test_a_value_that_inflates_without_limit_is_none_with_a_warning(alone, bomb):
    with pytest.warns(UserWarning, match="decompress failed.*67108864 bytes"):
        assert libmc.decode_value(bomb, 16) is None
    alone.set_raw("key", bomb, 0, 16)
    for call, answer in (
        (lambda: alone.get("key"), None),
        (lambda: alone.gets("key")[0], None),
        (lambda: alone.get_multi(["key"]), {"key": None}),
        (lambda: alone.get_list(["key"]), [None]),
    ):
        with pytest.warns(UserWarning, match="MC_MAX_INFLATED_BYTES"):
            assert call() == answer


def test_the_limit_of_inflating_can_be_set(alone, server):
    value = b"x" * 5000
    alone.set_raw("key", zlib.compress(value), 0, 16)
    alone.config(libmc.MC_MAX_INFLATED_BYTES, 5000)
    assert alone.get("key") == value
    alone.config(libmc.MC_MAX_INFLATED_BYTES, 4999)
    with pytest.warns(UserWarning, match="more than 4999 bytes"):
        assert alone.get("key") is None
    pool = patient(libmc.ClientPool, [server.address])
    pool.config(libmc.MC_MAX_INFLATED_BYTES, 4999)
    with pool.client() as client, pytest.warns(UserWarning):
        assert client.get("key") is None


@pytest.mark.parametrize("cut", [1, 5, 8])
def test_a_compressed_value_that_is_cut_off_is_none(cut):
    packed = zlib.compress(bytes(range(256)) * 100)
    assert libmc.decode_value(packed[:-cut], 16) is None
    assert libmc.decode_value(packed + b"more", 16) == bytes(range(256)) * 100


# ---- subclasses -------------------------------------------------------------


class Recording(libmc.Client):
    """Notes the calls of the methods that libmc calls itself."""

    def __init__(self, *args, **kwargs):
        self.calls = []

    def _note(self, name):
        self.calls.append(name)

    def normalize_key(self, raw_key):
        self._note("normalize_key")
        return b"n:" + super().normalize_key(raw_key)

    def get_raw(self, key):
        self._note("get_raw")
        return super().get_raw(key)

    def set_raw(self, key, val, time, flags):
        self._note("set_raw")
        return super().set_raw(key, val, time, flags)

    def get_multi(self, keys):
        self._note("get_multi")
        return super().get_multi(keys)

    def touch(self, key, exptime):
        self._note("touch")
        return super().touch(key, exptime)

    def _record_thread_ident(self):
        self._note("record")
        return super()._record_thread_ident()

    def _check_thread_ident(self):
        self._note("check")
        return super()._check_thread_ident()

    def clear_thread_ident(self):
        self._note("clear")
        return super().clear_thread_ident()


DISPATCHED = [
    (lambda c: c.get("k"), ["get_raw", "record", "normalize_key"]),
    (lambda c: c.gets("k"), ["record", "normalize_key"]),
    (lambda c: c.get_list(["k"]), ["record", "get_multi", "record", "normalize_key"]),
    (lambda c: c.get_multi(["k", "l"]), ["get_multi", "record", "normalize_key",
                                         "normalize_key"]),
    (lambda c: c.set("k", 1), ["set_raw", "record", "check", "normalize_key"]),
    (lambda c: c.delete("k"), ["record", "check", "normalize_key"]),
    (lambda c: c.incr("k"), ["record", "check", "normalize_key"]),
    (lambda c: c.add("k", 1), ["record", "check", "normalize_key"]),
    (lambda c: c.append("k", b""), ["record", "check", "normalize_key"]),
    (lambda c: c.cas("k", 1, 0, 1), ["record", "check", "normalize_key"]),
    (lambda c: c.touch("k", 1), ["touch", "record", "check", "normalize_key"]),
    (lambda c: c.version(), ["record"]),
    (lambda c: c.delete_multi(["k"]), ["record", "check", "normalize_key"]),
    (lambda c: c.set_multi({"k": 1}), ["record", "check", "normalize_key"]),
    (lambda c: c.append_multi(["k"], b""), ["record", "check", "normalize_key"]),
    (lambda c: c.get_host_by_key("k"), ["normalize_key"]),
    (lambda c: c.reset(), ["clear"]),
]


@pytest.mark.parametrize("number", range(len(DISPATCHED)))
def test_overridden_methods_are_called_as_by_libmc(servers, number):
    call, expected = DISPATCHED[number]
    client = patient(Recording, servers)
    del client.calls[:]
    call(client)
    assert client.calls == expected


def test_expire_calls_touch(servers):
    client = patient(Recording, servers)
    client.set("k", 1)
    assert client.expire("k") is True
    assert "touch" in client.calls and client.get("k") is None


def test_an_overridden_normalize_key_makes_the_whole_key(server):
    class Hashing(libmc.Client):
        def normalize_key(self, raw_key):
            return b"h:%d" % len(raw_key)

    client = patient(Hashing, [server.address], prefix="p:")
    assert client.set("four", 1) is True
    assert server.ask(b"get h:4\r\n").startswith(b"VALUE h:4 4 1")
    assert client.get("abcd") == 1
    assert client.get_multi(["abcd", "abc"]) == {"abcd": 1}
    assert client.set_multi({"abc": 3}) is True
    assert client.get_multi([b"12", (1, 2, 3)]) == {(1, 2, 3): 3}
    assert client.delete("xxxx") is True and client.get("four") is None

    class Wrong(libmc.Client):
        def normalize_key(self, raw_key):
            return answer

    client = patient(Wrong, [server.address])
    for answer in ("text", None, 5):
        with pytest.raises(TypeError, match="normalize_key"):
            client.get("key")
    answer = b"a b"
    assert client.set_multi({"key": 1}, return_failure=True) == (False, [b"a b"])
    assert client.get("key") is None
    assert client.get_last_error() == libmc.MC_RETURN_INVALID_KEY_ERR


def test_an_overridden_get_raw_and_set_raw_see_the_stored_bytes(server):
    class Reversing(libmc.Client):
        def get_raw(self, key):
            value, flags = super().get_raw(key)
            return [value and value[::-1], flags]

        def set_raw(self, key, val, time, flags):
            return super().set_raw(key, val[::-1], time, flags)

    client = patient(Reversing, [server.address], comp_threshold=100)
    for value in (b"abc", 123, "text", [1, 2], "x" * 1000, None):
        assert client.set("key", value) is True
        assert client.get("key") == value
    client.set("key", b"abc")
    assert server.ask(b"get key\r\n") == b"VALUE key 0 3\r\ncba\r\nEND\r\n"
    assert client.get("no") is None
    assert client.get_multi(["key"]) == {"key": b"cba"}  # as libmc: it does not call get_raw


@pytest.mark.parametrize("answer", [None, (), (1, 2), (b"",), ("a", 0), (b"", -1), (b"", "f")])
def test_a_wrong_answer_of_an_overridden_get_raw_is_an_error(server, answer):
    class Wrong(libmc.Client):
        def get_raw(self, key):
            return answer

    with pytest.raises((TypeError, ValueError, OverflowError)):
        patient(Wrong, [server.address]).get("key")


def test_an_exception_of_an_overridden_method_is_the_calls(server):
    class Strict(libmc.Client):
        def _check_thread_ident(self):
            raise libmc.ThreadUnsafe("never")

        def normalize_key(self, raw_key):
            raise LookupError(raw_key)

    client = patient(Strict, [server.address])
    for call in (lambda: client.set("k", 1), lambda: client.delete("k"),
                 lambda: client.set_multi({"k": 1}), lambda: client.incr("k")):
        with pytest.raises(libmc.ThreadUnsafe, match="never"):
            call()
    for call in (lambda: client.get("k"), lambda: client.get_multi(["k"]),
                 lambda: client.get_host_by_key("k")):
        with pytest.raises(LookupError):
            call()


def test_the_current_thread_may_be_named_by_a_subclass(server):
    class Named(libmc.Client):
        name = "one"

        def _get_current_thread_ident(self):
            return self.name

    client = patient(Named, [server.address])
    client.set("key", 1)
    client.name = "two"
    with pytest.raises(libmc.ThreadUnsafe, match="created in one(.|\n)*called in two"):
        client.set("key", 2)
    client.reset()
    assert client.set("key", 3) is True


def test_a_method_that_a_test_replaces_is_called(alone, monkeypatch):
    alone.set("key", 1)
    alone.get_raw = lambda key: (b"replaced", 0)
    assert alone.get("key") == b"replaced"
    del alone.get_raw
    assert alone.get("key") == 1
    with monkeypatch.context() as patch:
        patch.setattr(libmc.Client, "get_raw", lambda self, key: (b"class", 0))
        assert alone.get("key") == b"class"
    assert alone.get("key") == 1
    with monkeypatch.context() as patch:
        patch.setattr(libmc.Client, "normalize_key", lambda self, key: b"other")
        assert alone.get("key") is None
    assert alone.get("key") == 1


# ---- signatures ---------------------------------------------------------------


def public_callables():
    for kind in (libmc.Client, libmc.ClientUnsafe, libmc.ClientPool, libmc.ThreadedClient,
                 tenon.Client, tenon.Pool, type(tenon.Pool(servers=["a"]).client())):
        for name in dir(kind):
            if not name.startswith("_") or name in ("__enter__", "__exit__"):
                if callable(getattr(kind, name)):
                    yield ("%s.%s.%s" % (kind.__module__, kind.__name__, name),
                           getattr(kind, name))
    for module in (libmc, tenon):
        for name in module.__all__:
            thing = getattr(module, name)
            if callable(thing) and not (
                isinstance(thing, type) and issubclass(thing, BaseException)
            ):
                yield "%s.%s" % (module.__name__, name), thing


PUBLIC = dict(public_callables())


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_callable_has_a_signature(name):
    signature = inspect.signature(PUBLIC[name])
    assert all(p.kind is not p.POSITIONAL_ONLY or p.name == "self"
               for p in signature.parameters.values())


def test_arguments_may_be_given_by_the_names_in_the_signature(client):
    given = {
        "key": "k", "raw_key": "k", "keys": ["k"], "val": b"1", "dct": {"k": 1},
        "enabled": False, "opt": libmc.MC_RETRY_TIMEOUT, "servers": client.servers,
        "flags": 0, "time": 0, "exptime": 0, "cas_unique": 1, "delta": 1,
        "return_failure": True, "compress": True,
    }
    called = 0
    for name in dir(libmc.Client):
        method = getattr(client, name)
        if name.startswith("_") or name == "flush_all" or not callable(method):
            continue
        arguments = {one: given[one] for one in inspect.signature(method).parameters}
        method(**dict(arguments, **({"val": 7} if name == "config" else {})))
        called += len(arguments)
    assert called > 40
    assert str(inspect.signature(libmc.Client)).startswith("(servers, do_split=True, ")
    with pytest.raises(TypeError, match="unexpected keyword argument 'name'"):
        client.get(name="k")
    with pytest.raises(TypeError, match="needs the argument 'key'"):
        client.delete()


# ---- clients --------------------------------------------------------------


def test_a_client_is_pickled_with_its_arguments(servers):
    client = patient(libmc.Client, servers, True, 100, False, "p:", libmc.MC_HASH_CRC_32)
    client.set("key", "value")
    copy = pickle.loads(pickle.dumps(client))
    patience(copy)
    assert type(copy) is libmc.Client
    assert copy._args() == client._args()
    assert copy.servers == servers and copy.comp_threshold == 100
    assert copy.get("key") == "value"
    assert copy.normalize_key("a") == b"p:a"


def test_another_thread_is_refused_where_it_writes(client, servers):
    answers = {}

    def other(name, call):
        def run():
            try:
                answers[name] = call()
            except Exception as error:
                answers[name] = type(error)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    client.set("key", 1)
    other("get", lambda: client.get("key"))
    other("set", lambda: client.set("key", 2))
    other("set_multi", lambda: client.set_multi({"key": 2}))
    other("delete", lambda: client.delete("key"))
    other("incr", lambda: client.incr("key"))
    assert answers == {
        "get": 1,
        **dict.fromkeys(["set", "set_multi", "delete", "incr"], libmc.ThreadUnsafe),
    }
    client.reset()
    other("set", lambda: client.set("key", 2))
    assert answers["set"] is True
    with pytest.raises(libmc.ThreadUnsafe, match="mc client created in"):
        client.set("key", 3)
    unsafe = patient(libmc.ClientUnsafe, servers)
    unsafe.set("key", 4)
    other("set", lambda: unsafe.set("key", 5))
    assert answers["set"] is True


def test_another_process_is_refused_where_it_writes(client):
    client.set("key", 1)
    child = os.fork()
    if child == 0:
        try:
            client.set("key", 2)
            os._exit(1)
        except libmc.ThreadUnsafe:
            os._exit(0)
        except BaseException:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert client.get("key") == 1


def test_version_stats_and_flush_all_ask_all_servers(client, servers):
    assert list(client.version()) == servers
    stats = client.stats()
    assert list(stats) == servers
    for values in stats.values():
        assert isinstance(values["version"], str)
        assert isinstance(values["curr_connections"], int)
        assert isinstance(values["rusage_user"], float)
    with pytest.raises(RuntimeError, match="toggle_flush_all_feature"):
        client.flush_all()
    client.set("key", 1)
    client.toggle_flush_all_feature(True)
    assert client.flush_all() == servers
    assert client.get("key") is None
    assert client.quit() is True
    assert client.set("key", 2) and client.get("key") == 2


def test_a_dead_server_is_no_exception():
    client = libmc.Client(["127.0.0.1:1", "127.0.0.1:2 alias"])
    assert client.get("a") is None
    assert client.get_last_error() == libmc.MC_RETURN_MC_SERVER_ERR
    assert client.get_last_strerror() == "server_error"
    assert client.set("a", 1) is False
    assert client.delete("a") is False
    assert client.incr("a") is None
    assert client.get_multi(["a"]) == {}
    assert client.set_multi({"a": 1}, return_failure=True) == (False, [b"a"])
    assert client.version() == {}
    assert client.stats() == {"127.0.0.1:1": {}, "alias": {}}
    assert client.get_realtime_host_by_key("a") is None
    assert client.get_host_by_key("a") in ("127.0.0.1:1", "alias")


def test_keys_of_a_dead_server_go_to_the_next_with_failover(server):
    servers = ["127.0.0.1:1 dead", server.address + " alive"]
    client = patient(libmc.Client, servers, failover=True)
    client.config(libmc.MC_RETRY_TIMEOUT, 60)
    keys = ["k%d" % i for i in range(20)]
    assert {client.get_host_by_key(key) for key in keys} == {"dead", "alive"}
    assert client.set_multi(dict.fromkeys(keys, 1)) is True
    assert client.get_multi(keys) == dict.fromkeys(keys, 1)
    assert {client.get_realtime_host_by_key(key) for key in keys} == {"alive"}
    alone = patient(libmc.Client, servers)
    there = [key for key in keys if alone.get_host_by_key(key) == "alive"]
    assert alone.get_multi(keys) == dict.fromkeys(there, 1)


def test_a_client_without_servers_has_no_values():
    client = libmc.Client([])
    assert client.get("a") is None
    assert client.set("a", 1) is False
    assert client.get_multi(["a"]) == {}
    assert client.get_last_error() == libmc.MC_RETURN_MC_SERVER_ERR
    assert client.version() == {} and client.stats() == {}


def test_a_silent_server_times_out(scripted):
    client = libmc.Client([scripted(lambda connection: connection.recv(1 << 30) and
                                    threading.Event().wait(60))])
    client.config(libmc.MC_POLL_TIMEOUT, 50)
    assert client.get("a") is None
    assert client.get_last_error() == libmc.MC_RETURN_POLL_TIMEOUT_ERR
    assert client.get_last_strerror() == "poll_timeout_error"


def test_servers_move_under_their_alias(servers):
    first, second = servers[:2]
    client = patient(libmc.Client, [first + " a", second + " b"])
    client.set_multi({"k%d" % i: i for i in range(50)})
    assert client.update_servers([second + " a", first + " b"]) is True
    assert client.servers == [second + " a", first + " b"]
    assert client.update_servers([second + " b", first + " a"]) is False
    assert client.update_servers([second + " a"]) is False
    with pytest.raises(TypeError):
        client.update_servers((second + " a", first + " b"))
    assert client.get_multi(["k%d" % i for i in range(50)]) == {}
    assert client.update_servers([first + " a", second + " b"]) is True
    assert len(client.get_multi(["k%d" % i for i in range(50)])) == 50


def test_a_server_without_alias_moves_and_keeps_its_keys(memcacheds):
    addresses = [server.address for server in memcacheds]
    client = patient(libmc.Client, addresses[:2])
    keys = ["k%d" % i for i in range(50)]
    before = [client.get_host_by_key(key) for key in keys]
    assert client.update_servers([addresses[0], addresses[2]]) is True
    moved = {addresses[0]: addresses[0], addresses[1]: addresses[2]}
    assert [client.get_host_by_key(key) for key in keys] == [moved[b] for b in before]
    client.config(libmc.MC_RETRY_TIMEOUT, 7)  # opens another client, with the same ring
    assert [client.get_host_by_key(key) for key in keys] == [moved[b] for b in before]


def test_the_example_of_the_wiki_works(memcacheds):
    path = HERE.parent / "examples" / "libmc_from_config.py"
    spec = importlib.util.spec_from_file_location("libmc_from_config", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    config = dict(example.CONFIG)
    config["SERVERS"] = [
        "%s mc-server11%d" % (server.address, i)
        for i, server in enumerate(memcacheds[:2], 1)
    ]
    config["POLL_TIMEOUT"], config["CONNECT_TIMEOUT"] = 60000, 10000
    client = example.libmc_from_config(config)
    assert client.set("big", "x" * 5000) is True
    assert client.get("big") == "x" * 5000
    assert client.get_raw("big")[1] == 32 | 16
    assert set(client.version()) == {"mc-server111", "mc-server112"}


# ---- pools ----------------------------------------------------------------


def test_a_pool_hands_out_clients(servers):
    pool = patient(libmc.ClientPool, servers, prefix="p:")
    pool.config(libmc.MC_MAX_CLIENTS, 2)
    with pool.client() as first, pool.client() as second:
        assert first is not second
        assert first.set("key", 1) and second.get("key") == 1
    with pool.client() as again:
        assert again is second or again is first


def test_threads_share_a_pool_and_none_waits_for_ever(servers):
    client = patient(libmc.ThreadedClient, servers)
    failures = []

    def work(number):
        try:
            for i in range(50):
                key = "%d:%d" % (number, i)
                assert client.set(key, i) and client.get(key) == i
                assert client.get_multi([key, "no"]) == {key: i}
                assert client.delete(key)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert client._client_pool._lending.counts()["clients"] <= 4


def test_a_pool_follows_its_servers(memcacheds):
    first, second = (server.address for server in memcacheds[:2])
    pool = patient(libmc.ClientPool, [first + " a"])
    memcacheds[1].ask(b"flush_all\r\n", b"OK\r\n")
    with pool.client() as busy:
        busy.set("key", "first")
        assert pool.update_servers([second + " a"]) is True
        with pool.client() as other:
            assert other.get("key") is None
    with pool.client() as client:
        assert client.get("key") is None
    assert pool.update_servers([second + " b"]) is False
    assert pool.servers == [second + " a"]


def test_a_list_of_servers_may_be_changed_after_it_was_given(servers):
    given = list(servers)
    client = libmc.Client(given)
    keys = ["key%d" % i for i in range(50)]
    before = [client.get_host_by_key(key) for key in keys]
    for _ in range(2):
        del given[:]
        client.config(libmc.MC_RETRY_TIMEOUT, 3600)
        assert client.servers == servers
        assert [client.get_host_by_key(key) for key in keys] == before
        given = list(servers)
        assert client.update_servers(given) is True


def homes(client, addresses):
    """Return the home servers of some keys, as numbers."""
    keys = ["key%d" % i for i in range(50)]
    return [addresses.index(client.get_host_by_key(key)) for key in keys]


def test_the_ring_of_a_pool_stays_when_servers_move_and_settings_change(servers):
    pool = libmc.ClientPool(servers[:2])
    with pool.client() as client:
        before = homes(client, servers)
    moved = servers[1::-1]
    assert pool.update_servers(moved) is True
    pool.config(libmc.MC_CONNECT_TIMEOUT, 10000)
    with pool.client() as client:
        assert client.servers == moved
        assert homes(client, moved) == before and len(set(before)) == 2


def test_settings_of_a_pool_reach_clients_that_are_lent(servers):
    pool = libmc.ClientPool(servers)
    with pool.client() as lent:
        before = homes(lent, servers)
        pool.config(libmc._client.MC_HASH_FUNCTION, libmc.MC_HASH_CRC_32)
        assert homes(lent, servers) == before
        with pool.client() as other:
            after = homes(other, servers)
    with pool.client() as one, pool.client() as other:
        assert homes(one, servers) == homes(other, servers) == after != before


def test_settings_of_a_client_that_is_lent_are_its_own(servers):
    pool = patient(libmc.ClientPool, servers[:1])
    with pool.client() as client:
        client.set("key", 1)
        client.config(libmc._client.MC_HASH_FUNCTION, libmc.MC_HASH_CRC_32)
        assert client.get("key") == 1
        assert client.__reduce__()[1][5] == libmc.MC_HASH_CRC_32
    with pool.client() as again:
        assert again is client and again.get("key") == 1
        assert again.__reduce__()[1][5] == libmc.MC_HASH_MD5
    with pytest.raises(ValueError, match="given back"):
        client.get("key")


def test_a_pool_lends_no_more_clients_than_it_may():
    pool = libmc.ClientPool(["127.0.0.1:1"])

    def how_many():
        with contextlib.ExitStack() as stack:
            for count in range(99):
                try:
                    stack.enter_context(pool._lending.client(timeout=0))
                except TimeoutError:
                    return count

    assert how_many() == 4
    for option, value, most in [
        (libmc.MC_MAX_CLIENTS, 2, 2),
        (libmc.MC_INITIAL_CLIENTS, 1, 2),
        (libmc.MC_INITIAL_CLIENTS, 6, 6),
        (libmc.MC_MAX_GROWTH, 1, 6),
        (libmc.MC_MAX_CLIENTS, 0, 1),
        (libmc.MC_MAX_CLIENTS, -5, 1),
    ]:
        pool.config(option, value)
        assert how_many() == most
    pool.config(libmc.MC_MAX_CLIENTS, 2**31 - 1)
    with pytest.raises(TypeError):
        pool.config(libmc.MC_MAX_CLIENTS, "4")


def test_a_pool_without_servers_lends_clients_that_find_nothing():
    pool = libmc.ClientPool([])
    pool.config(libmc.MC_POLL_TIMEOUT, 1)
    pool.config(libmc.MC_MAX_CLIENTS, 2)
    assert pool.update_servers([]) is True
    with pool.client() as client:
        assert client.get("key") is None and client.set("key", 1) is False
        assert client.get_last_error() == libmc.MC_RETURN_MC_SERVER_ERR


def test_a_pool_can_be_pickled(servers):
    pool = libmc.ClientPool(servers, prefix="p:", comp_threshold=5)
    other = patient(lambda: pickle.loads(pickle.dumps(pool)))
    assert other.servers == servers and other.comp_threshold == 5
    with other.client() as client:
        assert client.set("key", "x" * 100) and client.get("key") == "x" * 100
        assert client.normalize_key("key") == b"p:key"


@pytest.mark.parametrize("password", ["geh\u00e9im\U0001f600", "\u2028\x85", '"\\'])
def test_a_password_may_have_any_character(password):
    client = libmc.Client(["127.0.0.1:1"], auth={"user": "anna", "password": password})
    assert client.get("k") is None
    assert client.get_last_error() != libmc.MC_RETURN_INVALID_KEY_ERR


def test_user_and_password_are_sent(locked):
    auth = {"user": "anna", "password": "S3cret"}
    client = libmc.Client([locked.address], auth=auth)
    client.config(libmc.MC_POLL_TIMEOUT, 60000)
    client.config(libmc.MC_CONNECT_TIMEOUT, 10000)
    assert client.set("k", 1) and client.get("k") == 1
    with pytest.raises(TypeError, match="password cannot be pickled"):
        pickle.dumps(client)
    client = libmc.Client([locked.address])
    assert client.get("k") is None and client.set("k", 1) is False
