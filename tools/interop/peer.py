#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The driver of pylibmc, pymemcache and python-memcached; README.md describes its command line."""
import json
import sys


def address(server):
    return server["host"] if server["port"] == 0 else f"{server['host']}:{server['port']}"


class Pylibmc:
    def __init__(self, servers, behaviors=None):
        import pylibmc

        specs = [address(server) for server in servers]
        if any(server["weight"] > 1 for server in servers):
            specs = [f"{spec}:{server['weight']}" for spec, server in zip(specs, servers)]
        behaviors = dict(behaviors or {})
        if "namespace" in behaviors:  # pylibmc 1.6.3 reads a str wrongly
            behaviors["namespace"] = behaviors["namespace"].encode()
        self.client = pylibmc.Client(specs, behaviors=behaviors)
        self.set = self.client.set
        self.get = self.client.get


class Pymemcache:
    def __init__(self, servers, bytes_keys=False, pooling=False, prefix=""):
        from pymemcache.client.hash import HashClient

        specs = [server["host"] if server["port"] == 0 else (server["host"], server["port"])
                 for server in servers]
        self.client = HashClient(specs, use_pooling=pooling, allow_unicode_keys=True,
                                 default_noreply=False, key_prefix=prefix.encode())
        self.set = self.client.set
        self.get = self.client.get
        self.bytes_keys = bytes_keys


class PythonMemcached:
    def __init__(self, servers, bytes_keys=False):
        import memcache

        specs = [("unix:" if server["port"] == 0 else "") + address(server) for server in servers]
        weights = [server["weight"] for server in servers]
        self.client = memcache.Client(list(zip(specs, weights)), socket_timeout=10)
        self.set = self.client.set
        self.get = self.client.get
        self.bytes_keys = bytes_keys


CLIENTS = {
    "pylibmc": Pylibmc,
    "pymemcache": Pymemcache,
    "python-memcached": PythonMemcached,
}


def read_servers(path):
    servers = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            host, port, weight, _ = line.rstrip("\n").split("\t")
            servers.append({"host": host, "port": int(port), "weight": int(weight)})
    return servers


def read_keys(path):
    with open(path, encoding="utf-8", newline="\n") as lines:
        return lines.read().splitlines()


def store(client, key):
    name = key.encode() if getattr(client, "bytes_keys", False) else key
    if not client.set(name, key.encode()):
        sys.exit(f"peer.py: {key}: not stored")


def load(client, key):
    name = key.encode() if getattr(client, "bytes_keys", False) else key
    value = client.get(name)
    sys.stdout.buffer.write((value or b"") + b"\n")


def main():
    # Settings are a JSON object: "client" and the arguments of the client's class above.
    verb, settings = sys.argv[1], json.loads(sys.argv[2])
    client = CLIENTS[settings.pop("client")](read_servers(sys.argv[3]), **settings)
    for key in read_keys(sys.argv[4]):
        {"store": store, "load": load}[verb](client, key)


if __name__ == "__main__":
    main()
