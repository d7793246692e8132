# SPDX-License-Identifier: BSD-3-Clause
"""Eight memcached servers on free ports and UNIX sockets, which are asked directly for keys."""
import ctypes
import getpass
import pathlib
import signal
import socket
import subprocess
import time

SERVER_COUNT = 8
# Names of different lengths and in no order: twemproxy sorts its servers by length and name.
NAMES = ["delta", "b.example", "zeta", "alpha", "c", "echo-10", "echo-2", "a.example"]
PORT_ORDER = [3, 0, 6, 1, 7, 2, 5, 4]
# Each server listens on port 11211 too, at an address of its own: several rings leave this
# port out of a server's name.
DEFAULT_PORT = 11211
KEYS_PER_GET = 100


def die_with_parent():
    """Have the kernel end a child process when this process ends in any way."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def free_ports(count):
    """Return ports of 127.0.0.1 that no process listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


def is_free(host, port):
    try:
        socket.create_server((host, port)).close()
        return True
    except OSError:
        return False


class Server:
    """A memcached with a port of 127.0.0.1, a UNIX socket, and port 11211 where it is free."""

    def __init__(self, index, port, folder):
        self.port = port
        self.name = NAMES[index]
        self.path = f"{folder}/{self.name}.sock"
        self.default_host = f"127.44.0.{index + 1}"
        self.has_default_port = is_free(self.default_host, DEFAULT_PORT)
        listen = f"127.0.0.1:{port}"
        if self.has_default_port:
            listen += f",{self.default_host}:{DEFAULT_PORT}"
        # A memcached listens either on TCP or on a UNIX socket, so there are two of them.
        self.processes = [self.start(["-l", listen]), self.start(["-s", self.path])]

    @staticmethod
    def start(options):
        command = ["memcached", "-u", getpass.getuser(), "-t", "1", "-m", "32", *options]
        return subprocess.Popen(command, preexec_fn=die_with_parent)

    def addresses(self):
        return [("127.0.0.1", self.port), self.path]

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
        pathlib.Path(self.path).unlink(missing_ok=True)


def connect(address):
    if isinstance(address, str):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10)
        client.connect(address)
        return client
    return socket.create_connection(address, timeout=10)


class Fleet:
    """The servers. Use it in a with statement, which stops them at its end."""

    def __init__(self, folder, first_port=None):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        ports = free_ports(SERVER_COUNT)
        if first_port:
            ports = [first_port + offset for offset in PORT_ORDER]
        self.servers = []
        try:
            for index, port in enumerate(ports):
                self.servers.append(Server(index, port, folder))
            self.wait()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def has_default_port(self):
        return all(server.has_default_port for server in self.servers)

    def wait(self):
        """Wait until every server accepts connections."""
        for server in self.servers:
            for address in server.addresses():
                self.wait_for(server, address)

    @staticmethod
    def wait_for(server, address):
        for _ in range(1000):
            try:
                connect(address).close()
                return
            except OSError:
                if any(process.poll() is not None for process in server.processes):
                    break
                time.sleep(0.01)
        raise SystemExit(f"interop: no memcached listens on {address}")

    def stop(self):
        for server in self.servers:
            server.stop()

    def flush(self):
        for server in self.servers:
            for address in server.addresses():
                with connect(address) as client:
                    client.sendall(b"flush_all\r\n")
                    client.recv(100)


def stored_values(address, keys):
    """Ask one memcached for keys; return a dict of those that it has."""
    values = {}
    with connect(address) as client, client.makefile("rb") as replies:
        for start in range(0, len(keys), KEYS_PER_GET):
            batch = [key.encode() for key in keys[start:start + KEYS_PER_GET]]
            client.sendall(b"get " + b" ".join(batch) + b"\r\n")
            while (line := replies.readline()) != b"END\r\n":
                _, key, _, size = line.split()
                values[key.decode()] = replies.read(int(size) + 2)[:-2].decode()
    return values
