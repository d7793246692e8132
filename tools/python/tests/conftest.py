# SPDX-License-Identifier: BSD-3-Clause
"""Servers for the tests: real memcached processes, and servers that run a script."""

import os
import shutil
import socket
import subprocess
import threading
import time

import pytest


class Memcached:
    """A memcached process on a UNIX socket."""

    def __init__(self, path, *options):
        self.address = path
        self.process = subprocess.Popen(
            [
                *"setpriv --pdeathsig KILL --".split(),
                os.environ.get("MEMCACHED") or shutil.which("memcached"),
                *("-u root" if os.getuid() == 0 else "").split(),
                *("-s %s -a 0700 -t 1 -m 64" % path).split(),
                *options,
            ],
            stderr=subprocess.DEVNULL,
        )
        for _ in range(3000):
            if self.answers():
                break
            assert self.process.poll() is None, "memcached does not start"
            time.sleep(0.01)
        else:
            self.stop()
            pytest.fail("memcached does not answer")

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(60)
        connection.connect(self.address)
        return connection

    def answers(self):
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def ask(self, request, end=b"END\r\n"):
        """Send a request past the client under test, and return the reply."""
        with self.connect() as connection:
            connection.sendall(request)
            reply = b""
            while not reply.endswith(end):
                more = connection.recv(65536)
                assert more
                reply += more
            return reply

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def memcacheds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memcached")
    servers = [Memcached(str(folder / ("%d.sock" % i))) for i in range(3)]
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture
def servers(memcacheds):
    """The addresses of three empty servers."""
    for server in memcacheds:
        server.ask(b"flush_all\r\n", b"OK\r\n")
    return [server.address for server in memcacheds]


@pytest.fixture
def server(memcacheds):
    """One empty server."""
    memcacheds[0].ask(b"flush_all\r\n", b"OK\r\n")
    return memcacheds[0]


class Scripted:
    """A server that runs script(connection) on a thread for each connection."""

    def __init__(self, path, script):
        self.address = path
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(16)
        self._script = script
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        with connection:
            try:
                self._script(connection)
            except OSError:
                pass

    def stop(self):
        self._listener.close()


@pytest.fixture
def scripted(tmp_path):
    """scripted(script) starts a Scripted server and returns its address."""
    running = []

    def start(script):
        running.append(Scripted(str(tmp_path / ("s%d" % len(running))), script))
        return running[-1].address

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def locked(tmp_path):
    """A memcached that wants user and password."""
    users = tmp_path / "users"
    users.write_text("anna:S3cret\n")
    process = Memcached(str(tmp_path / "locked"), "-Y", str(users))
    yield process
    process.stop()
