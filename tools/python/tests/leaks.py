# SPDX-License-Identifier: BSD-3-Clause
"""Repeat every call, and compare the memory. By hand: leaks.py ADDRESS REPEATS.

test_leaks.py calls this with fewer repeats.
"""

import datetime
import gc
import os
import pickle
import sys
import warnings

import libmc
import tenon

BIG = os.urandom(100000)
SPLIT = os.urandom(1000001)


class Unreadable:
    def __reduce__(self):
        raise RuntimeError


class Derived(libmc.Client):
    def normalize_key(self, raw_key):
        return 5 if raw_key == "bad" else super().normalize_key("n:" + raw_key)

    def get_raw(self, key):
        return 5 if key == "raw" else super().get_raw(key)

    def set_raw(self, key, val, time, flags):
        return super().set_raw(key, val, time, flags)

    def get_multi(self, keys):
        return super().get_multi(keys)

    def touch(self, key, exptime):
        return super().touch(key, exptime)

    def _check_thread_ident(self):
        return super()._check_thread_ident()


def swallow(call, *errors):
    try:
        call()
    except errors:
        pass
    else:
        raise AssertionError("no error")


def patient(client):
    """Raise the timeouts: a test must not fail because the machine is slow."""
    client.config(libmc.MC_POLL_TIMEOUT, 60000)
    client.config(libmc.MC_CONNECT_TIMEOUT, 10000)
    return client


def lend(pool, call, timeout=None):
    with pool.client(*[] if timeout is None else [timeout]) as client:
        return call(client)


PATIENT = {"poll_timeout": "60s", "connect_timeout": "10s"}


def libmc_calls(address):
    client = patient(libmc.Client([address], comp_threshold=2000, prefix="p:"))
    latin = patient(libmc.Client([address], encoding="latin-1"))
    nobody = libmc.Client(["127.0.0.1:1"])
    noreply = patient(libmc.Client([address], noreply=True))
    threaded = patient(libmc.ThreadedClient([address]))
    pool = patient(libmc.ClientPool([address + " a"]))
    derived = patient(Derived([address]))
    limited = patient(libmc.Client([address], comp_threshold=2000))
    limited.config(libmc.MC_MAX_INFLATED_BYTES, 100)
    items = {"k%d" % i: value for i, value in enumerate(
        [b"bytes", "text", 1, 2**80, True, None, [1, "two", {3: 4.5}], 1j, {1, 2}])}
    items["pickled"] = ValueError("text")
    items["compressed"] = "x" * 5000
    client.set_multi(items)
    client.set("number", 5)
    unique = client.gets("number")[1]
    return {
        "get": lambda: [client.get(key) for key in items],
        "get big": lambda: (client.set_raw("big", BIG, 0, 0), client.get("big")),
        "get split": lambda: (client.set_raw("split", SPLIT, 0, 0),
                              client.get("split"), client.get_multi(["split"])),
        "gets": lambda: client.gets("number"),
        "get_raw": lambda: client.get_raw("k1"),
        "get_multi": lambda: client.get_multi(list(items) + ["no"]),
        "get_multi of a generator": lambda: swallow(
            lambda: client.get_multi(key for key in items), TypeError),
        "get_list": lambda: client.get_list(tuple(items)),
        "set": lambda: [client.set(key, value) for key, value in items.items()],
        "set_multi": lambda: client.set_multi(items, 100, return_failure=True),
        "set_multi, bad key": lambda: client.set_multi({"a b": 1}, return_failure=True),
        "set, unstorable": lambda: client.set("k", Unreadable()),
        "set_multi, unstorable": lambda: client.set_multi({"k": Unreadable()}),
        "add": lambda: client.add("k1", 1),
        "replace": lambda: client.replace("k1", "text"),
        "append": lambda: (client.append("k0", b""), client.prepend("no", b"x")),
        "append_multi": lambda: (client.append_multi(["k0"], b""),
                                 client.prepend_multi(["no"], b"", return_failure=True)),
        "cas": lambda: client.cas("number", 6, 0, unique),
        "incr": lambda: (client.incr("number"), client.decr("number"), client.incr("k1")),
        "touch": lambda: (client.touch("k1", 100), client.expire("no")),
        "delete": lambda: (client.delete("no"), client.delete_multi(["no", "a b"], True)),
        "other encoding": lambda: (latin.set("\xe9", 1), latin.get_multi(["\xe9"])),
        "noreply": lambda: (noreply.set("key", 1), noreply.get("key")),
        "servers": lambda: (client.version(), client.stats()),
        "where": lambda: (client.get_host_by_key("k"),
                          client.get_realtime_host_by_key("k")),
        "nobody": lambda: (nobody.get("k"), nobody.set("k", 1), nobody.get_multi(["k"]),
                           nobody.set_multi({"k": 1}, return_failure=True)),
        "bad input": lambda: [swallow(call, TypeError, OverflowError, IndexError,
                                      UnicodeEncodeError) for call in (
            lambda: client.get(1), lambda: client.get(""), lambda: client.get("\ud800"),
            lambda: client.get_multi([1]), lambda: client.get_multi(None),
            lambda: client.set("k"), lambda: client.set("k", 1, "x"),
            lambda: client.set_multi({1: 1}), lambda: client.set_raw("k", "x", 0, 0),
            lambda: client.incr("k", -1), lambda: client.append_multi(1, b""))],
        "broken values": lambda: (
            client.set_raw("x", b"x", 0, 32), client.get("x"), client.get_multi(["x"]),
            client.set_raw("x", b"x", 0, 17), client.get("x"), client.get_multi(["x"]),
            client.set_raw("x", b"x", 0, 4),
            swallow(lambda: client.get_multi(["x"]), ValueError)),
        "clients": lambda: patient(pickle.loads(pickle.dumps(client))).get("k1"),
        "config": lambda: (client.config(libmc.MC_RETRY_TIMEOUT, 6), client.get("k1"),
                           client.config(libmc.MC_RETRY_TIMEOUT, 5), client.get("k1")),
        "update_servers": lambda: (client.update_servers([address]),
                                   client.update_servers([])),
        "pool": lambda: lend(pool, lambda one: (one.get("k1"), one.get_multi(["k1"]))),
        "pool, config": lambda: (pool.config(libmc.MC_RETRY_TIMEOUT, 6),
                                 pool.config(libmc.MC_RETRY_TIMEOUT, 5),
                                 lend(pool, lambda one: one.get("k1")),
                                 lend(pool, lambda one: one.config(
                                     libmc.MC_RETRY_TIMEOUT, 6) or one.get("k1"))),
        "pool, clients": lambda: (pool.config(libmc.MC_MAX_CLIENTS, 1),
                                  pool.config(libmc.MC_MAX_CLIENTS, 4)),
        "pool, update_servers": lambda: (
            pool.update_servers(["127.0.0.1:1 a"]), pool.update_servers([address + " a"]),
            pool.update_servers([]),
            swallow(lambda: pool.update_servers(["127.0.0.1:x a"]), ValueError)),
        "pools": lambda: pickle.loads(pickle.dumps(pool)),
        "threads": lambda: (threaded.set("k", 1), threaded.get("k")),
        "another thread": lambda: client.reset(),
        "subclass": lambda: (
            derived.set("k", 1), derived.get("k"), derived.get_list(["k"]),
            derived.set_multi({"k": 1}), derived.expire("k"), derived.reset(),
            swallow(lambda: derived.get("bad"), TypeError),
            swallow(lambda: derived.get("raw"), TypeError)),
        "server lines": lambda: (
            libmc.Client([address + "  a ", address + " b"]).config(3, 1),
            client.servers, client._args(),
            swallow(lambda: libmc.Client([5]), TypeError),
            swallow(lambda: libmc.Client([address, address]), ValueError)),
        "inflating": lambda: (limited.set("compressed", "x" * 5000),
                              limited.get("compressed"), limited.get_multi(["compressed"]),
                              libmc.decode_value(b"x\x9c", 16)),
        "codecs": lambda: [libmc.decode_value(*libmc.encode_value(value, 50))
                           for value in items.values()
                           if not isinstance(value, Exception)],
    }


class Nonsense:
    def dumps(self, value):
        return value

    def loads(self, data, flags):
        raise ValueError(data)


def in_a_circle(address):
    """Make a reference cycle through a pool, which the garbage collector has to free."""
    pool = tenon.Pool(servers=[address])
    lent = pool.client()
    lent.__enter__()
    pool.set_wait(lambda fds, timeout_ms: (pool, lent))


def tenon_calls(address):
    client = tenon.Client(servers=[address], **PATIENT)
    json = tenon.Client(servers=[address], **PATIENT, serializer=tenon.JSONSerializer())
    nonsense = tenon.Client(servers=[address], **PATIENT, serializer=Nonsense())
    nobody = tenon.Client(servers=["127.0.0.1:1"])
    pool = tenon.Pool(servers=[address + " a"], size=1, **PATIENT,
                      serializer=tenon.JSONSerializer())
    items = {"t%d" % i: b"%d" % i for i in range(30)}
    client.set_multi(items)
    client.set("number", b"5")
    unique = client.gets("number")[1]
    return {
        "get": lambda: (client.get("t1"), client.get(b"no", b"x"), client.gets("t1"),
                        client.gat("t1", 100)),
        "get big": lambda: (client.set("big", BIG), client.get("big"),
                            client.get_multi(["big"])),
        "get split": lambda: (client.set("split", SPLIT), client.get("split")),
        "get_multi": lambda: client.get_multi(list(items) + ["no"]),
        "routing keys": lambda: (
            client.set(("user", "t1"), b"x"), client.get((b"user", b"t1")),
            client.set_multi({("user", key): value for key, value in items.items()}),
            client.get_multi([("user", key) for key in items]),
            client.route(("user", "key")), client.where((b"user", "key")),
            tenon.diff(client, json, [("user", "key")]),
            swallow(lambda: client.get(("", "key")), ValueError),
            swallow(lambda: client.get_multi(["t1", ("user",)]), ValueError),
            swallow(lambda: client.get_multi([("user", "t1"), ("user", 5)]), TypeError),
            swallow(lambda: client.get_multi([("user", "a b")]), tenon.MultiError)),
        "set": lambda: (client.set("t1", bytearray(b"x")), client.add("t1", b""),
                        client.replace("t1", memoryview(b"y")), client.append("t1", b""),
                        client.prepend("no", b""), client.cas("number", b"5", unique)),
        "set_multi": lambda: (client.set_multi(items), client.set_multi([("a", b"")])),
        "delete": lambda: (client.delete("no"), client.delete_multi(["no", "a"]),
                           client.touch("t1", 10), client.touch_multi(items, 100)),
        "incr": lambda: (client.incr("number"), client.decr("number")),
        "durations": lambda: (
            client.touch("t1", "1h"), client.touch("t1", datetime.timedelta(hours=1)),
            client.touch("t1", 100.0), swallow(lambda: client.touch("t1", 0.5), TypeError),
            swallow(lambda: client.touch("t1", "soon"), ValueError),
            tenon.Client(servers=[address], poll_timeout=0.3)),
        "timeouts": lambda: (
            client.get("t1", timeout=60), client.get_multi(items, timeout="60s"),
            client.version(timeout=datetime.timedelta(minutes=1)),
            swallow(lambda: client.gets("t1", timeout=0), ValueError),
            swallow(lambda: client.delete_multi(["no"], timeout="x"), ValueError),
            swallow(lambda: client.set_multi(items, timeout=True), TypeError),
            swallow(lambda: client.stats(timeout=-1), ValueError)),
        "servers": lambda: (client.version(), client.stats(), client.servers,
                            client.stats("detail dump"),
                            client.where("key"), client.metrics(),
                            client.closed),
        "ring": lambda: (
            client.route("key"), tenon.diff(client, json, count=10),
            tenon.diff(client, client, keys=["a", b"b", "a b"]),
            swallow(lambda: client.route("a b"), tenon.InvalidKeyError),
            swallow(lambda: tenon.diff(client, client, keys=["a", 5]), TypeError)),
        "json": lambda: (json.set("json", {"a": [1]}), json.get("json"),
                         json.get_multi(["json"])),
        "undecodable": lambda: (
            swallow(lambda: json.get("t1"), tenon.UndecodableError),
            swallow(lambda: client.get("json"), tenon.UndecodableError),
            swallow(lambda: json.get_multi(["t1", "json"]), tenon.MultiError),
            swallow(lambda: nonsense.get("t1"), tenon.UndecodableError),
            swallow(lambda: nonsense.set("t1", 1), TypeError),
            swallow(lambda: nonsense.set("t1", (b"", "x")), TypeError)),
        "nobody": lambda: (
            swallow(lambda: nobody.get("k"), tenon.TenonError),
            swallow(lambda: nobody.get_multi(["k", "a b"]), tenon.MultiError),
            swallow(lambda: nobody.set_multi({"k": b""}), tenon.MultiError),
            swallow(nobody.version, tenon.MultiError)),
        "bad input": lambda: [swallow(call, TypeError, ValueError, OverflowError)
                              for call in (
            lambda: client.get(1), lambda: client.get("a b"), lambda: client.set("k", 1),
            lambda: client.set("k", b"", ttl=-1), lambda: client.get_multi("k"),
            lambda: client.get_multi([1]), lambda: client.set_multi({"k": 1}),
            lambda: client.set_multi(5), lambda: client.update_servers(["a b"]),
            lambda: client.incr("k", -1), lambda: client.get(), lambda: client.get(k=1))],
        "pool": lambda: lend(pool, lambda one: (one.set("json", 1), one.get("json"),
                                                one.get_multi(["json"]))),
        "pool, update_servers": lambda: (
            pool.update_servers(["127.0.0.1:1 a"]), pool.update_servers([address + " a"]),
            swallow(lambda: pool.update_servers(["a b"]), tenon.ConfigError)),
        "pool, set_wait": lambda: (
            pool.set_wait(lambda fds, ms: None), pool.set_wait(None),
            lend(pool, lambda one: one.set_wait(lambda fds, ms: None))),
        "pool, in vain": lambda: lend(pool, lambda one: (
            swallow(lambda: lend(pool, lambda other: None, 0), TimeoutError),
            swallow(lambda: lend(pool, lambda other: None, -2), ValueError))),
        "pool, forgotten": lambda: (pool.client(), pool.client().__enter__()),
        "pools": lambda: (
            lend(tenon.Pool(servers=[address], **PATIENT), lambda one: one.close()),
            lend(tenon.Pool(servers=[address]),
                 lambda one: one.__init__(servers=[address])),
            tenon.Pool(servers=[address]).close(), in_a_circle(address),
            swallow(lambda: tenon.Pool(servers=["a", "a"]), tenon.ConfigError),
            swallow(lambda: tenon.Pool(size=0), ValueError)),
        "clients": lambda: (
            tenon.Client(servers=[address], **PATIENT).get("t1"),
            swallow(lambda: tenon.Client(servers=["a"], nonsense=1), tenon.ConfigError),
            swallow(lambda: client.__init__(None, servers=[]), tenon.ConfigError)),
    }


def resident_kib():
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


# AddressSanitizer keeps freed memory for a while, so the process grows without a leak.
KEEPS_FREED = "libasan" in os.environ.get("LD_PRELOAD", "")


def growth(call, repeats):
    """Return the growth in the second half of the repeats: blocks, and KiB of memory."""
    for _ in range(repeats // 2):
        call()
    gc.collect()
    blocks, resident = sys.getallocatedblocks(), resident_kib()
    for _ in range(repeats - repeats // 2):
        call()
    gc.collect()
    return sys.getallocatedblocks() - blocks, resident_kib() - resident


def leaking(calls, repeats, say=lambda line: None):
    """Return the names of the calls that leak.

    A leak grows in a second measurement too. An allocator that grew once does not.
    """
    bad = []
    # Showing a warning would store it in its module, which is growth without a leak.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, call in calls.items():
            for _ in range(2):
                blocks, kib = growth(call, repeats)
                leaks = blocks > repeats // 4 or (kib > 4000 and not KEEPS_FREED)
                if not leaks:
                    break
            bad += [name] * leaks
            say("%-3s %-32s %6d blocks %6d KiB" % (
                "BAD" if leaks else "ok", name, blocks, kib))
    return bad


if __name__ == "__main__":
    address, repeats = sys.argv[1], int(sys.argv[2])
    found = [
        name
        for calls in (libmc_calls, tenon_calls)
        for name in leaking(calls(address), repeats, print)
    ]
    sys.exit(1 if found else 0)
