#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The driver of tenon's Python package. Its command line is: store|load CONFIG KEYS."""
import pathlib
import sys

import tenon


def store(client, keys):
    client.set_multi({key: key.encode() for key in keys})


def load(client, keys):
    values = client.get_multi(keys)
    sys.stdout.buffer.write(b"".join(values.get(key, b"") + b"\n" for key in keys))


def main():
    verb, config, keys_path = sys.argv[1:]
    keys = pathlib.Path(keys_path).read_text(encoding="utf-8").splitlines()
    with tenon.Client(config) as client:
        {"store": store, "load": load}[verb](client, keys)


if __name__ == "__main__":
    main()
