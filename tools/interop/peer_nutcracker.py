#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The driver of twemproxy (nutcracker); README.md describes its command line.

It starts a nutcracker in front of the servers, stores or loads through the proxy's UNIX socket,
and stops the proxy. Settings are keys of a pool of nutcracker.yml as JSON.
"""
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

from fleet import die_with_parent, free_ports


def server_line(line):
    host, port, weight, name = line.split("\t")
    address = host if port == "0" else f"{host}:{port}"
    return f"{address}:{weight} {name}".rstrip()


def pool(settings, servers_path, listen):
    lines = pathlib.Path(servers_path).read_text(encoding="utf-8").splitlines()
    keys = {"listen": listen, "timeout": 10000, **settings}
    text = "".join(f"  {name}: {json.dumps(value)}\n" for name, value in keys.items())
    return f"pool:\n{text}  servers:\n" + "".join(f"    - {server_line(line)}\n" for line in lines)


def connect(path, proxy):
    for _ in range(500):
        try:
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            return client
        except OSError:
            client.close()
            if proxy.poll() is not None:
                break
            time.sleep(0.01)
    sys.exit("peer_nutcracker.py: nutcracker does not answer")


def store(replies, client, key):
    client.sendall(b"set %b 0 0 %d\r\n%b\r\n" % (key, len(key), key))
    if replies.readline() != b"STORED\r\n":
        sys.exit(f"peer_nutcracker.py: {key!r}: not stored")


def load(replies, client, key):
    client.sendall(b"get %b\r\n" % key)
    value = b""
    line = replies.readline()
    if line.startswith(b"VALUE "):
        value = replies.readline().rstrip(b"\r\n")
        line = replies.readline()
    if line != b"END\r\n":
        sys.exit(f"peer_nutcracker.py: {key!r}: {line!r}")
    sys.stdout.buffer.write(value + b"\n")


def main():
    verb, settings, servers_path, keys_path = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "nutcracker.yml")
        listen = f"{folder}/proxy.sock"
        config.write_text(pool(json.loads(settings), servers_path, listen), encoding="utf-8")
        command = ["nutcracker", "-c", config, "-o", f"{folder}/log", "-a", "127.0.0.1",
                   "-s", str(free_ports(1)[0])]
        proxy = subprocess.Popen(command, preexec_fn=die_with_parent,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            client = connect(listen, proxy)
            replies = client.makefile("rb")
            for key in pathlib.Path(keys_path).read_bytes().splitlines():
                {"store": store, "load": load}[verb](replies, client, key)
        finally:
            proxy.kill()
            proxy.wait()


if __name__ == "__main__":
    main()
