# SPDX-License-Identifier: BSD-3-Clause
"""The peers: where each comes from, and how its driver is made and started."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
NODE_PACKAGE = "memcached@2.2.2"
JAVA_CLASS_PATH = "/usr/share/java/spymemcached.jar"
GO_PATH = "/usr/share/gocode"


class Missing(Exception):
    """A peer cannot be had here. The text says why."""


def run(command, **options):
    """Run a command that makes a driver. Raise Missing with the end of its output."""
    if not shutil.which(command[0]):
        raise Missing(f"there is no program {command[0]}")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode != 0:
        last = (done.stdout.strip().splitlines() or ["no message"])[-1]
        raise Missing(f"{command[0]} fails: {last[:200]}")
    return done.stdout


def package_version(package):
    """Return the upstream version of an installed Debian package."""
    text = run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package])
    status, _, version = text.partition(" ")
    if status != "installed":
        raise Missing(f"the package {package} is not installed")
    version = version.split(":")[-1].rsplit("-", 1)[0]
    return version.split("+")[0]


def script(interpreter, name):
    def make(_):
        if not shutil.which(interpreter):
            raise Missing(f"there is no program {interpreter}")
        return [interpreter, str(HERE / name)], {}
    return make


def make_c(folder):
    program = f"{folder}/peer-c"
    run([os.environ.get("CC", "cc").split()[-1], "-O1", "-Wall", "-Wextra", "-o", program,
         str(HERE / "peer.c"), "-lmemcached"])
    return [program], {}


def make_go(folder):
    program = f"{folder}/peer-go"
    go_environment = {"GO111MODULE": "off", "GOPATH": GO_PATH, "GOFLAGS": "",
                      "GOCACHE": f"{folder}/go-cache"}
    run(["go", "build", "-o", program, str(HERE / "peer.go")],
        env={**os.environ, **go_environment})
    return [program], {}


def make_java(folder):
    run(["javac", "-nowarn", "-cp", JAVA_CLASS_PATH, "-d", folder, str(HERE / "Peer.java")])
    return ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
            f"{JAVA_CLASS_PATH}:{folder}", "Peer"], {}


def make_node(folder):
    modules = f"{folder}/node_modules"
    if not os.path.isdir(f"{modules}/memcached"):
        run(["npm", "install", "--prefix", folder, "--omit=optional", "--ignore-scripts",
             "--no-audit", "--no-fund", NODE_PACKAGE])
    command, _ = script("node", "peer.js")(folder)
    return command, {"NODE_PATH": modules}


def node_version(folder):
    return json.loads(pathlib.Path(
        folder, "node_modules", "memcached", "package.json").read_text())["version"]


# Each row: the Debian package with the version, and a function that makes the driver.
PYTHON = "/usr/bin/python3"
PEERS = {
    "libmemcached": ("libmemcached-dev", make_c),
    "pylibmc": ("python3-pylibmc", script(PYTHON, "peer.py")),
    "php-memcached": ("php-memcached", script("php", "peer.php")),
    "twemproxy": ("nutcracker", script(PYTHON, "peer_nutcracker.py")),
    "pymemcache": ("python3-pymemcache", script(PYTHON, "peer.py")),
    "python-memcached": ("python3-memcache", script(PYTHON, "peer.py")),
    "dalli": ("ruby-dalli", script("ruby", "peer.rb")),
    "Cache::Memcached": ("libcache-memcached-perl", script("perl", "peer.pl")),
    "Cache::Memcached::Fast": ("libcache-memcached-fast-perl", script("perl", "peer.pl")),
    "gomemcache": ("golang-github-bradfitz-gomemcache-dev", make_go),
    "node-memcached": (None, make_node),
    "spymemcached": ("libspymemcached-java", make_java),
}


class Peer:
    """A peer that is installed. Raises Missing when it is not."""

    def __init__(self, name, folder):
        package, make = PEERS[name]
        self.version = package_version(package) if package else None
        self.command, self.environment = make(folder)
        self.version = self.version or node_version(folder)

    def call(self, verb, settings, servers_path, keys_path):
        """Run the driver. Return its standard output as bytes, or raise RuntimeError."""
        if not isinstance(settings, str):
            settings = json.dumps(settings)
        return call([*self.command, verb, settings, servers_path, keys_path], self.environment)


def call(command, environment):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          timeout=120, env={**os.environ, **environment})
    if done.returncode != 0:
        # Indented lines are rows of a stack trace.
        lines = [line for line in done.stderr.decode(errors="replace").splitlines()
                 if line.strip() and not line[0].isspace()]
        raise RuntimeError((lines or ["no message"])[-1][:300])
    return done.stdout


class Tenon:
    """The programs of a build folder of tenon."""

    def __init__(self, build, source):
        build, source = pathlib.Path(build).resolve(), pathlib.Path(source).resolve()
        # The program itself, where libtool made a script that starts it: the script takes longer.
        programs = [build / "tools/tenon/.libs/tenon", build / "tools/tenon/tenon"]
        self.program = str(next(filter(os.path.exists, programs), programs[1]))
        python = source / "tools/python"
        self.environment = {
            "TENON_PLUGIN_PATH": str(build / "plugins/.libs"),
            "PYTHONPATH": f"{build / 'tools/python/.libs'}:{python}",
            "LD_LIBRARY_PATH": str(build / "core/.libs"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if not os.path.exists(self.program):
            sys.exit(f"interop: there is no {self.program}; build tenon first")

    def where(self, config_path, keys_path):
        """Return the address of each key's server, in the order of the keys."""
        with open(keys_path, "rb") as keys:
            done = subprocess.run([self.program, "-c", config_path, "where", "--stdin"],
                                  stdin=keys, capture_output=True, check=False, timeout=120,
                                  env={**os.environ, **self.environment})
        if done.returncode != 0:
            raise RuntimeError("tenon where: " + done.stderr.decode().strip()[:300])
        return [line.rsplit("\t", 1)[1] for line in done.stdout.decode().splitlines()]

    def call(self, verb, config_path, keys_path):
        try:
            return call([PYTHON, str(HERE / "peer_tenon.py"), verb, config_path, keys_path],
                        self.environment)
        except RuntimeError as error:
            raise RuntimeError(f"tenon {verb}: {error}") from error
