# SPDX-License-Identifier: BSD-3-Clause
"""Client.route() and tenon.diff(): no server is asked."""

import bisect
import hashlib

import pytest

import tenon

THREE = ["10.0.0.1 anna", "10.0.0.2 bert", "10.0.0.3 carl"]
FOUR = THREE + ["10.0.0.4 dora"]


def md5(text):
    return int.from_bytes(hashlib.md5(text.encode()).digest()[:4], "little")


def homes(names, key):
    """The servers of a key in the order of libmc's ring, computed here."""
    ring = sorted((md5("%s-%d" % (name, n)), name) for name in names for n in range(100))
    start = bisect.bisect_left(ring, (md5(key), ""))
    order = []
    for _, name in ring[start:] + ring[:start]:
        if name not in order:
            order.append(name)
    return order


def test_a_route_is_that_of_the_ring():
    with tenon.Client(servers=THREE, prefix="app/") as client:
        for number in range(100):
            key = "user:%d" % number
            route = client.route(key)
            assert route.key == route.hashed == b"app/" + key.encode()
            assert (route.hash, route.hash_bits) == (md5("app/" + key), 32)
            assert [alias for alias, _, _ in route.servers] == homes(
                ("anna", "bert", "carl"), "app/" + key)
            assert route.home == client.where(key)
            for point in route.points:
                assert point.server in client.servers
            assert not route.points or route.points[route.home_point].server == route.home


def test_a_route_tells_what_failover_does():
    failover = {"read": {"eject": {"failures": 2}}, "write": "none"}
    with tenon.Client(servers=THREE, failover=failover) as client:
        route = client.route(b"key")
        assert list(route.now) == list(route.home_down) == ["read", "write", "delete"]
        assert route.now["read"] == (route.home, 0, 0, 0)
        assert route.home_down["read"] == (route.servers[1], 0, 0, 2)
        assert route.home_down["write"].server is None
        assert route.home_down["write"].status < 0


def test_a_key_without_route_raises():
    client = tenon.Client(servers=THREE)
    with pytest.raises(tenon.InvalidKeyError, match="0x20"):
        client.route("a b")
    with pytest.raises(TypeError, match="key must be str, bytes or a tuple"):
        client.route(5)
    client.close()
    with pytest.raises(ValueError, match="closed"):
        client.route("key")


def test_a_new_server_only_gains_keys(tmp_path):
    old = tmp_path / "old.yaml"
    old.write_text("servers: [%s]\n" % ", ".join(THREE))
    with tenon.Client(servers=FOUR) as new:
        diff = tenon.diff(old, new)
        same = tenon.diff(new, new, count=1000)
    assert diff.keys == 100000
    assert 15000 < diff.moved == diff.missed < 35000
    assert {move.target.name for move in diff.moves} == {"dora"}
    assert sum(move.keys for move in diff.moves) == diff.moved
    assert [server.name for server in diff.servers] == ["anna", "bert", "carl", "dora"]
    assert (diff.servers[3].weight_before, diff.servers[3].weight_after) == (0, 1)
    assert diff.servers[3].keys_gained == diff.moved
    assert diff.max_per_mean_before > 1
    assert (same.keys, same.moved, same.moves) == (1000, 0, [])


def test_given_keys_are_compared():
    keys = ["user:%d" % number for number in range(500)] + [b"bytes", "a b"]
    moved = sum(
        homes(("anna", "bert", "carl"), key)[0] != homes(("anna", "bert", "carl", "dora"), key)[0]
        for key in keys[:500] + ["bytes"])
    with tenon.Client(servers=THREE) as old, tenon.Client(servers=FOUR) as new:
        diff = tenon.diff(old, new, keys=iter(keys))
        assert (diff.keys, diff.refused, diff.moved) == (501, 1, moved)
        assert old.where("key") and not old.closed
        with tenon.Client(servers=THREE, prefix="v2:") as renamed:
            other = tenon.diff(old, renamed, keys=["a", "b"])
            assert (other.renamed, other.missed) == (2, 2)


def stop():
    yield "key"
    raise KeyError("stop")


@pytest.mark.parametrize("error, call", [
    (TypeError, lambda c: tenon.diff(c, c, keys=[5])),
    (TypeError, lambda c: tenon.diff(c, c, keys=5)),
    (TypeError, lambda c: tenon.diff(c, 5)),
    (TypeError, lambda c: tenon.diff(c, c, count=1.5)),
    (OverflowError, lambda c: tenon.diff(c, c, count=-1)),
    (KeyError, lambda c: tenon.diff(c, c, keys=stop())),
    (tenon.FileError, lambda c: tenon.diff(c, "/nowhere/tenon.yaml")),
])
def test_bad_input_raises(error, call):
    with tenon.Client(servers=THREE) as client:
        with pytest.raises(error):
            call(client)
        assert client.where("key")


def test_closed_clients_are_not_compared():
    with tenon.Client(servers=THREE) as client:
        pass
    with tenon.Client(servers=FOUR) as other:
        with pytest.raises(ValueError, match="closed"):
            tenon.diff(client, other)
        with pytest.raises(ValueError, match="closed"):
            tenon.diff(other, client)
        assert other.where("key")
