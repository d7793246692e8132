# SPDX-License-Identifier: BSD-3-Clause
"""The cases: a peer, its settings, its servers, and the config of tenon with the same ring."""
import dataclasses

LIBMEMCACHED_HASHES = ["one_at_a_time", "md5", "crc", "fnv1_64", "fnv1a_64", "fnv1_32",
                       "fnv1a_32", "murmur", "murmur3", "jenkins"]
# twemproxy's name of a hash function, and tenon's.
TWEMPROXY_HASHES = {
    "one_at_a_time": "one_at_a_time", "md5": "md5", "crc16": "crc16", "crc32": "crc",
    "crc32a": "crc32", "fnv1_64": "fnv1_64", "fnv1a_64": "fnv1a_64", "fnv1_32": "fnv1_32",
    "fnv1a_32": "fnv1a_32", "hsieh": "hsieh", "murmur": "murmur", "jenkins": "jenkins",
}
WEIGHTS = [1, 2, 3, 1, 4, 1, 5, 2]


@dataclasses.dataclass
class Case:
    peer: str
    name: str
    layout: str  # a name of LAYOUTS
    settings: object  # for the driver: text, or an object that is passed as JSON
    config: object  # a dict for tenon, without servers; None: tenon has no such ring
    keys: str = "any"  # "any", or "ascii" where the peer refuses or mangles other keys
    without: str = ""  # a character that is in no key


@dataclasses.dataclass
class Server:
    host: str  # a path for a UNIX socket
    port: int  # 0 for a UNIX socket
    weight: int = 1
    name: str = ""

    def address(self):
        return self.host if self.port == 0 else f"{self.host}:{self.port}"


def ports(fleet):
    return [Server("127.0.0.1", server.port) for server in fleet.servers]


def weights(fleet):
    return [dataclasses.replace(server, weight=weight)
            for server, weight in zip(ports(fleet), WEIGHTS)]


def sockets(fleet):
    return [Server(server.path, 0) for server in fleet.servers]


def socket_weights(fleet):
    return [dataclasses.replace(server, weight=weight)
            for server, weight in zip(sockets(fleet), WEIGHTS)]


def default_ports(fleet):
    """Four servers at port 11211 of different addresses, and four at other ports."""
    return [Server(server.default_host, 11211) if index % 2 == 0 else
            Server("127.0.0.1", server.port) for index, server in enumerate(fleet.servers)]


def default_port_weights(fleet):
    return [dataclasses.replace(server, weight=weight)
            for server, weight in zip(default_ports(fleet), WEIGHTS)]


def mixed(fleet):
    """UNIX sockets and ports in turn."""
    return [Server(server.path, 0) if index % 2 else Server("127.0.0.1", server.port)
            for index, server in enumerate(fleet.servers)]


def hostnames(fleet):
    return [dataclasses.replace(server, host="localhost") for server in ports(fleet)]


def hostname_weights(fleet):
    return [dataclasses.replace(server, host="localhost") for server in weights(fleet)]


def resolved(fleet):
    """Host names, and as aliases the text that Java prints for their socket addresses."""
    return [dataclasses.replace(server, name=f"localhost/127.0.0.1:{server.port}")
            for server in hostnames(fleet)]


def named(fleet, servers):
    return [dataclasses.replace(server, name=member.name)
            for server, member in zip(servers, fleet.servers)]


LAYOUTS = {
    "ports": ports,
    "weights": weights,
    "sockets": sockets,
    "socket-weights": socket_weights,
    "default-ports": default_ports,
    "default-port-weights": default_port_weights,
    "mixed": mixed,
    "hostnames": hostnames,
    "hostname-weights": hostname_weights,
    "resolved": resolved,
    "names": lambda fleet: named(fleet, ports(fleet)),
    "name-weights": lambda fleet: named(fleet, weights(fleet)),
    "socket-names": lambda fleet: named(fleet, socket_weights(fleet)),
}
DEFAULT_PORT_LAYOUTS = {"default-ports", "default-port-weights"}


def libmemcached():
    rings = {"modula": "libmemcached-modula", "consistent": "libmemcached-consistent",
             "ketama": "libmemcached-consistent", "weighted": "libmemcached-weighted",
             "spy": "libmemcached-spy"}
    layouts = {"modula": ["weights"], "consistent": ["ports"], "ketama": ["default-ports"],
               "weighted": ["weights"], "spy": ["default-ports"]}
    for distribution, ring in rings.items():
        for hash_function in LIBMEMCACHED_HASHES:
            more = ["ports", "sockets", "default-ports", "mixed"]
            if distribution == "weighted":
                more += ["socket-weights", "default-port-weights"]
            more = more if hash_function in ("md5", "one_at_a_time") else []
            for layout in dict.fromkeys(layouts[distribution] + more):
                yield Case("libmemcached", f"{distribution} {hash_function}", layout,
                           f"distribution={distribution},hash={hash_function}",
                           {"ring": ring, "hash_function": hash_function})
    yield Case("libmemcached", "defaults", "ports", "", {"ring": "libmemcached-modula"})
    yield Case("libmemcached", "KETAMA=1", "mixed", "ketama=1",
               {"ring": "libmemcached-consistent"})
    yield Case("libmemcached", "KETAMA_WEIGHTED=1", "default-port-weights", "ketama_weighted=1",
               {"ring": "libmemcached-weighted"})
    for layout in ("ports", "weights"):
        yield Case("libmemcached", "weighted, namespace", layout,
                   "ketama_weighted=1,namespace=app:",
                   {"ring": "libmemcached-weighted", "prefix": "app:"})
    yield Case("libmemcached", "weighted, hashed namespace", "weights",
               "ketama_weighted=1,namespace=app:,hash_with_namespace=1",
               {"ring": "libmemcached-weighted", "prefix": "app:", "hash_prefix": True})
    # A server with a weight turns an unweighted ring into a weighted one.
    yield Case("libmemcached", "KETAMA=1 with weights", "weights", "ketama=1",
               {"ring": "libmemcached-weighted", "hash_function": "one_at_a_time"})


def pylibmc():
    def case(name, layout, behaviors, config):
        settings = {"client": "pylibmc", "behaviors": behaviors}
        return Case("pylibmc", name, layout, settings, config)

    for layout in ("ports", "sockets", "default-ports"):
        yield case("defaults", layout, None, {"ring": "libmemcached-modula"})
        yield case("ketama", layout, {"ketama": True}, {"ring": "pylibmc"})
    for layout in ("ports", "weights", "default-port-weights", "sockets"):
        yield case("ketama_weighted", layout, {"ketama_weighted": True},
                   {"ring": "libmemcached-weighted"})
    for name in ("md5", "crc", "fnv1a_32", "murmur"):
        yield case(f"hash {name}", "ports", {"hash": name},
                   {"ring": "libmemcached-modula", "hash_function": name})
    yield case("tcp_nodelay, ketama", "ports", {"tcp_nodelay": True, "ketama": True},
               {"ring": "pylibmc"})
    yield case("ketama, namespace", "ports", {"ketama": True, "namespace": "app:"},
               {"ring": "pylibmc", "prefix": "app:"})
    yield case("ketama with weights", "weights", {"ketama": True},
               {"ring": "libmemcached-weighted", "hash_function": "one_at_a_time"})


def php_memcached():
    def case(name, layout, options, config):
        return Case("php-memcached", name, layout, options, config, "ascii")

    consistent = ["OPT_DISTRIBUTION", "DISTRIBUTION_CONSISTENT"]
    md5 = ["OPT_HASH", "HASH_MD5"]
    compatible = ["OPT_LIBKETAMA_COMPATIBLE", 1]
    ring = {"ring": "libmemcached-consistent"}
    # PHP gives UNIX sockets port 11211, which is left out of their names. pylibmc gives port 0.
    socket_ring = {**ring, "distribution": {"ketama": {"point_by": "key_hash"}}}
    for layout in ("ports", "sockets", "default-ports"):
        this_ring = socket_ring if layout == "sockets" else ring
        yield case("defaults", layout, [], {"ring": "libmemcached-modula"})
        yield case("consistent", layout, [consistent], this_ring)
        yield case("consistent md5", layout, [consistent, md5],
                   {**this_ring, "hash_function": "md5"})
    for layout in ("ports", "weights", "default-port-weights", "sockets", "socket-weights"):
        yield case("libketama compatible", layout, [compatible], {"ring": "php-memcached"})
    for name, option in (("defaults", None), ("libketama compatible", compatible)):
        ring = "php-memcached" if option else "libmemcached-modula"
        yield case(f"{name}, prefix", "weights",
                   [["OPT_PREFIX_KEY", "app:"]] + ([option] if option else []),
                   {"ring": ring, "prefix": "app:"})
    for option, name in (("CRC", "crc"), ("FNV1_64", "fnv1_64"), ("FNV1A_64", "fnv1a_64"),
                         ("FNV1_32", "fnv1_32"), ("FNV1A_32", "fnv1a_32"),
                         ("MURMUR", "murmur")):
        yield case(f"hash {name}", "ports", [["OPT_HASH", f"HASH_{option}"]],
                   {"ring": "libmemcached-modula", "hash_function": name})
        yield case(f"libketama compatible {name}", "weights",
                   [compatible, ["OPT_HASH", f"HASH_{option}"]],
                   {"ring": "php-memcached", "hash_function": name})


def twemproxy():
    def case(name, layout, settings, config):
        return Case("twemproxy", name, layout, settings, config)

    for distribution in ("ketama", "modula"):
        for theirs, ours in TWEMPROXY_HASHES.items():
            layouts = ["weights"]
            if theirs in ("fnv1a_64", "md5"):
                layouts += ["ports", "names", "name-weights", "default-port-weights",
                            "sockets", "socket-names"]
            for layout in layouts:
                yield case(f"{distribution} {theirs}", layout,
                           {"hash": theirs, "distribution": distribution},
                           {"ring": f"twemproxy-{distribution}", "hash_function": ours})
        yield case(f"{distribution}, defaults", "name-weights", {"distribution": distribution},
                   {"ring": f"twemproxy-{distribution}"})
        for name, tag in (("braces", "{}"), ("dollars", "$$"), ("bar and hash", "|#")):
            yield case(f"{distribution} hash_tag {name}", "ports",
                       {"hash_tag": tag, "distribution": distribution},
                       {"ring": f"twemproxy-{distribution}", "hash_tag": tag})


def pymemcache():
    for layout in ("ports", "sockets", "default-ports", "mixed"):
        yield Case("pymemcache", "HashClient", layout, {"client": "pymemcache"},
                   {"ring": "pymemcache"})
    yield Case("pymemcache", "HashClient, pooling", "ports",
               {"client": "pymemcache", "pooling": True}, {"ring": "pymemcache"})
    yield Case("pymemcache", "HashClient, bytes keys", "ports",
               {"client": "pymemcache", "bytes_keys": True},
               {"ring": "pymemcache",
                "distribution": {"rendezvous": {"of": "pymemcache", "key_form": "bytes"}}})
    yield Case("pymemcache", "HashClient, prefix", "ports",
               {"client": "pymemcache", "prefix": "app:"},
               {"ring": "pymemcache", "prefix": "app:"})


def python_memcached():
    for layout in ("ports", "weights", "sockets", "socket-weights", "default-port-weights"):
        yield Case("python-memcached", "defaults", layout, {"client": "python-memcached"},
                   {"ring": "python-memcached"})
    yield Case("python-memcached", "bytes keys", "weights",
               {"client": "python-memcached", "bytes_keys": True}, {"ring": "python-memcached"})


def dalli():
    for layout in ("ports", "weights", "sockets", "socket-weights", "default-ports",
                   "default-port-weights"):
        yield Case("dalli", "defaults", layout, "", {"ring": "dalli"})
    yield Case("dalli", "namespace", "ports", "app", {"ring": "dalli", "prefix": "app:"})


def perl():
    modula = {"ring": "python-memcached", "hash_function": "crc"}
    for layout in ("ports", "weights", "sockets", "default-port-weights"):
        yield Case("Cache::Memcached", "defaults", layout, "Cache::Memcached", modula)
        yield Case("Cache::Memcached::Fast", "defaults", layout, "Cache::Memcached::Fast",
                   modula)
    for name in ("Cache::Memcached", "Cache::Memcached::Fast"):
        yield Case(name, "namespace", "weights", f"{name},namespace=app:",
                   {**modula, "prefix": "app:", "hash_prefix": False})
    yield Case("Cache::Memcached::Fast", "hashed namespace", "weights",
               "Cache::Memcached::Fast,namespace=app:,hash_namespace=1",
               {**modula, "prefix": "app:", "hash_prefix": True})
    for layout in ("ports", "weights", "sockets"):
        yield Case("Cache::Memcached::Fast", "ketama_points 150", layout,
                   "Cache::Memcached::Fast,ketama_points=150", None)


def gomemcache():
    for layout in ("ports", "sockets", "mixed"):
        yield Case("gomemcache", "defaults", layout, "", {"ring": "gomemcache"}, "ascii")


def node_memcached():
    def case(name, layout, settings, config):
        # The peer stores the key "a$$" under the name "a$".
        return Case("node-memcached", name, layout, settings,
                    {"ring": "node-memcached", **config}, without="$")

    full = {"points": 160, "points_per_digest": 4, "name": "full", "weights": "share_double"}
    hash_ring = {**full, "points": 120, "points_per_digest": 3}
    for layout in ("ports", "weights", "default-ports", "default-port-weights"):
        yield case("defaults", layout, {}, {})
    for layout in ("weights", "default-ports"):
        yield case("compatibility off", layout, {"compatibility": False},
                   {"distribution": {"ketama": full}})
        yield case("compatibility hash_ring", layout, {"compatibility": "hash_ring"},
                   {"distribution": {"ketama": hash_ring}})
    yield case("namespace", "ports", {"namespace": "app:"}, {"prefix": "app:"})


def spymemcached():
    # With the format LIBMEMCACHED, an IP address is replaced by the name that DNS has for it.
    # These cases therefore give host names.
    layouts = {"SPYMEMCACHED": ["ports", "default-ports", "resolved", "weights",
                                "default-port-weights"],
               "LIBMEMCACHED": ["hostnames", "hostname-weights"]}
    rings = {"SPYMEMCACHED": "spymemcached", "LIBMEMCACHED": "spymemcached-libmemcached"}
    for format_name, ring in rings.items():
        for layout in layouts[format_name]:
            settings = format_name + (",weights" if "weights" in layout else "")
            yield Case("spymemcached", f"ketama {format_name}", layout, settings,
                       {"ring": ring})


FAMILIES = [libmemcached, pylibmc, php_memcached, twemproxy, pymemcache, python_memcached, dalli,
            perl, gomemcache, node_memcached, spymemcached]


def all_cases():
    return [case for family in FAMILIES for case in family()]
