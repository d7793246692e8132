#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compare the CPU time of calls of memcached clients for Python.

    python_bench.py --build BUILD --libmc-path DIR [--cases PATTERN] [--rounds N]
                    [--pin C,S] [--json]

BUILD is a build folder of tenon. DIR has the package libmc of Douban. pylibmc is
measured when it can be imported. The bench starts twenty memcached servers, on
free loopback ports.

Each client runs in a process of its own, because two of the packages are named libmc.
The clients take turns, slice by slice, so that other work on the machine affects all
alike. The table shows the median over the rounds of a client's user and system time for
a call, divided by libmc's in the same round. By default clients and servers share a
CPU, as with tenon-bench: this is the quietest. --pin chooses other CPUs.
"""

import argparse
import fnmatch
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

SERVERS = 20
CHUNK_S = 0.002
HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = os.path.join(HERE, "..", "python")


# ---- cases ------------------------------------------------------------


def some_bytes(length, seed):
    return random.Random(seed).randbytes(length)


def some_text(length):
    """Make a text that compresses to about a third."""
    words = [some_bytes(6, i).hex() for i in range(400)]
    chosen = random.Random(1)
    text = " ".join(chosen.choice(words) for _ in range(length // 12))
    return text.encode().ljust(length)[:length]


COMPLEX = {
    "id": 123456,
    "name": "somebody",
    "tags": ["a", "b", "c"],
    "score": 1.5,
    "more": {str(i): i for i in range(20)},
}

# name, kind, keys, value
CASES = [
    ("get 100 B", "get", 1, some_bytes(100, 1)),
    ("set 100 B", "set", 1, some_bytes(100, 1)),
    ("get 4 KB", "get", 1, some_bytes(4096, 2)),
    ("set 4 KB", "set", 1, some_bytes(4096, 2)),
    ("get 1 MB compressed", "get", 1, some_text(1000000)),
    ("set 1 MB compressed", "set", 1, some_text(1000000)),
    ("get_multi 10 x 100 B", "get_multi", 10, some_bytes(100, 3)),
    ("get_multi 100 x 100 B", "get_multi", 100, some_bytes(100, 3)),
    ("get_multi 10 x 1000 B", "get_multi", 10, some_bytes(1000, 4)),
    ("set_multi 10 x 100 B", "set_multi", 10, some_bytes(100, 3)),
    ("set_multi 100 x 100 B", "set_multi", 100, some_bytes(100, 3)),
    ("set_multi 10 x 1000 B", "set_multi", 10, some_bytes(1000, 4)),
    ("get complex", "get", 1, COMPLEX),
    ("set complex", "set", 1, COMPLEX),
]


def open_libmc(servers, case):
    import libmc

    # no compression in the other rows: random bytes do not get smaller
    threshold = 1024 if "compressed" in case[0] else 0
    client = libmc.Client(servers, comp_threshold=threshold)
    client.config(libmc.MC_POLL_TIMEOUT, 20000)
    client.config(libmc.MC_CONNECT_TIMEOUT, 5000)
    return client


def open_tenon(servers, case):
    import tenon

    options = {"poll_timeout": "20s", "connect_timeout": "5s"}
    if "compressed" in case[0]:
        options["codecs"] = [{"zlib": {"threshold": "1KiB"}}, "split"]
    serializer = tenon.PickleSerializer() if "complex" in case[0] else None
    return tenon.Client(servers=servers, serializer=serializer, **options)


def open_pylibmc(servers, case):
    import pylibmc

    behaviors = {"ketama": True, "hash": "md5", "tcp_nodelay": True, "no_block": True}
    client = pylibmc.Client(servers, behaviors=behaviors)
    if "compressed" not in case[0]:
        return client

    class Compressing:
        get = client.get

        @staticmethod
        def set(key, value):
            return client.set(key, value, min_compress_len=1024)

    return Compressing


OPENERS = {
    "libmc": open_libmc,
    "ours": open_libmc,
    "tenon": open_tenon,
    "pylibmc": open_pylibmc,
}


def make_call(client, case):
    """Return a function that stores the values, and the function to measure.

    Each client stores with its own flags, so it has to store before it reads.
    """
    _, kind, count, value = case
    # the same keys for all clients, so they use the same servers
    keys = ["bench:%013d" % i for i in range(count)]
    pairs = dict.fromkeys(keys, value)
    if count == 1:

        def store():
            client.set(keys[0], value)

        calls = {
            "get": lambda: client.get(keys[0]),
            "set": lambda: client.set(keys[0], value),
        }
        found = value
    else:

        def store():
            client.set_multi(pairs)

        calls = {
            "get_multi": lambda: client.get_multi(keys),
            "set_multi": lambda: client.set_multi(pairs),
        }
        found = pairs
    store()
    assert not kind.startswith("get") or calls[kind]() == found
    return store, calls[kind]


# ---- a client's process ----------------------------------------------------------


def measure(call, slice_s):
    """Return the CPU time of a call in ns, measured for at least slice_s seconds."""
    count, batch = 0, 1
    begin = time.process_time_ns()
    while True:
        for _ in range(batch):
            call()
        count += batch
        spent = time.process_time_ns() - begin
        if spent >= slice_s * 1e9:
            return spent / count
        if spent < CHUNK_S * 1e9:
            batch *= 2


def worker(name):
    """Read requests [case, servers, slice_s] as lines, and print a line for each."""
    store = call = case = None
    for line in sys.stdin:
        index, servers, slice_s = json.loads(line)
        if index != case:
            case = index
            client = OPENERS[name](servers, CASES[index])
            store, call = make_call(client, CASES[index])
        store()
        for _ in range(20):
            call()
        print(measure(call, slice_s), flush=True)


class Contestant:
    def __init__(self, name, paths, library_path):
        self.name = name
        environ = dict(os.environ, PYTHONPATH=os.pathsep.join(paths))
        if library_path:
            environ["LD_LIBRARY_PATH"] = library_path
        self.process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), "--worker", name],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("python_bench: the client %s failed" % self.name)
        return float(answer)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


# ---- the contest -----------------------------------------------------------------


def cpus(text):
    """Read the CPU of the clients and the CPU of the servers."""
    found = [int(number) for number in text.split(",")]
    allowed = os.sched_getaffinity(0)
    if len(found) != 2 or not allowed.issuperset(found):
        raise argparse.ArgumentTypeError(
            "%r: expected two CPUs C,S out of %s" % (text, sorted(allowed))
        )
    return found


def pin(cpu):
    """Pin this process, and the processes that it starts from now on."""
    os.sched_setaffinity(0, {cpu})


def start_servers(folder):
    """Start the servers. Return their processes and addresses."""
    binary = os.environ.get("MEMCACHED") or shutil.which("memcached")
    if not binary:
        sys.exit("python_bench: memcached is not installed")
    processes, addresses = [], []
    user = ["-u", "root"] if os.getuid() == 0 else []
    for i in range(SERVERS):
        path = os.path.join(folder, "port%d" % i)
        processes.append(
            subprocess.Popen(
                [binary, *"-t 1 -U 0 -l 127.0.0.1 -p -1 -m 64 -I 4m".split(), *user],
                env=dict(os.environ, MEMCACHED_PORT_FILENAME=path),
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
        while not os.path.exists(path):
            if processes[-1].poll() is not None:
                sys.exit("python_bench: memcached does not start")
            time.sleep(0.01)
        with open(path) as file:
            port = next(x for x in file if x.startswith("TCP INET:")).split(":")[1]
        addresses.append("127.0.0.1:" + port.strip())
    return processes, addresses


def contestants(arguments):
    found = []
    build = os.path.abspath(arguments.build)
    ours = [os.path.join(build, "tools", "python", ".libs"), PACKAGES]
    library_path = os.path.join(build, "core", ".libs")
    if arguments.libmc_path:
        found.append(Contestant("libmc", [arguments.libmc_path], None))
    found.append(Contestant("ours", ours, library_path))
    found.append(Contestant("tenon", ours, library_path))
    try:
        import pylibmc  # noqa: F401

        found.append(Contestant("pylibmc", [], None))
    except ImportError:
        pass
    return found


def compete(index, clients, addresses, arguments):
    """Return the median CPU time in us, and ratio to the first client, of each."""
    times = {client.name: [] for client in clients}
    for client in clients:  # opens connections, warms caches
        client.ask(index, addresses, arguments.slice_ms / 4000)
    for _ in range(arguments.rounds):
        for client in random.sample(clients, len(clients)):
            times[client.name].append(
                client.ask(index, addresses, arguments.slice_ms / 1000)
            )
    base = times[clients[0].name]
    return {
        name: {
            "cpu_us": statistics.median(spent) / 1000,
            "ratio": statistics.median(x / y for x, y in zip(spent, base)),
        }
        for name, spent in times.items()
    }


def show(rows, clients):
    base = clients[0].name
    print("| call | %s us |" % base, " | ".join(c.name for c in clients[1:]), "|")
    print("|---" * (1 + len(clients)) + "|")
    for row in rows:
        ratios = ["%.2f" % row["clients"][c.name]["ratio"] for c in clients[1:]]
        cpu_us = row["clients"][base]["cpu_us"]
        print("| %s | %.1f |" % (row["call"], cpu_us), " | ".join(ratios), "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--build", default=".", help="build folder (default: .)")
    parser.add_argument("--libmc-path", help="folder with Douban's package libmc")
    parser.add_argument("--cases", default="*", help="such as 'get*' (default: all)")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--slice-ms", type=float, default=20)
    parser.add_argument(
        "--pin",
        metavar="C,S",
        type=cpus,
        default=[max(os.sched_getaffinity(0))] * 2,
        help="CPU of the clients, CPU of the servers (default: the last one)",
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.worker:
        return worker(arguments.worker)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        pin(arguments.pin[1])
        servers, addresses = start_servers(folder)
        pin(arguments.pin[0])
        clients = contestants(arguments)
        try:
            for index, case in enumerate(CASES):
                if fnmatch.fnmatch(case[0], arguments.cases):
                    results = compete(index, clients, addresses, arguments)
                    rows.append({"call": case[0], "clients": results})
        finally:
            for client in clients:
                client.stop()
            for process in servers:
                process.send_signal(signal.SIGKILL)
                process.wait()
    if arguments.json:
        json.dump({"servers": SERVERS, "rows": rows}, sys.stdout, indent=1)
        print()
    else:
        show(rows, clients)


if __name__ == "__main__":
    main()
