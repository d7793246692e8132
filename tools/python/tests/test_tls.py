# SPDX-License-Identifier: BSD-3-Clause
"""TLS: the keys of the config, in the packages tenon and libmc."""

import os
import pathlib
import pickle
import shutil
import subprocess
import time

import pytest

import libmc
import tenon

BUILD = pathlib.Path(os.environ["abs_top_builddir"])
MAKE = BUILD / "tests" / "fakes" / "make_certificates"

pytestmark = pytest.mark.skipif(
    not (MAKE.exists() and (BUILD / "plugins" / ".libs" / "secure_tls.so").exists()),
    reason="this build has no TLS",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of certificates."""
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run([str(MAKE), str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def address(folder):
    """The address of a memcached that speaks TLS."""
    port = folder / "port"
    process = subprocess.Popen(
        [
            *"setpriv --pdeathsig KILL --".split(),
            os.environ.get("MEMCACHED") or shutil.which("memcached"),
            *("-u root" if os.getuid() == 0 else "").split(),
            *"-l 127.0.0.1 -p -1 -U 0 -t 1 -m 64 -Z".split(),
            *("-o", "ssl_chain_cert=%s/server.pem,ssl_key=%s/server.key" % (folder, folder)),
        ],
        env={**os.environ, "MEMCACHED_PORT_FILENAME": str(port)},
        stderr=subprocess.DEVNULL,
    )
    while not port.exists() or not port.read_text():
        assert process.poll() is None, "memcached does not start"
        time.sleep(0.01)
    yield "127.0.0.1:%s" % port.read_text().split()[2]
    process.kill()
    process.wait()


def patient(**keywords):
    return tenon.Client(
        **{"poll_timeout": "60s", "connect_timeout": "10s", **keywords})


def test_tls_is_a_key_as_in_the_config(address, folder):
    with patient(servers=[address], tls={"ca": str(folder / "ca.pem")}) as client:
        client.set("key", b"value")
        assert client.get("key") == b"value"


def test_a_server_has_its_own(address, folder):
    server = {"address": address, "tls": {"ca": str(folder / "ca.pem")}}
    with patient(servers=[server]) as client:
        client.set("key", b"value")
        assert client.get("key") == b"value"
    with patient(servers=[{**server, "tls": False}], tls=True) as client:
        with pytest.raises(ConnectionError):
            client.get("key")


def test_a_certificate_that_is_not_trusted_is_an_error(address):
    with patient(servers=[address], tls=True) as client:
        with pytest.raises(tenon.SecureError):
            client.get("key")


def test_a_wrong_option_is_an_error_of_the_config(address):
    for wrong in ({"ca": "/nowhere.pem"}, {"cat": "x"}, "yes, please"):
        with pytest.raises(tenon.ConfigError):
            patient(servers=[address], tls=wrong)


def test_a_pool_takes_it_too(address, folder):
    with tenon.Pool(
        servers=[address],
        tls={"ca": str(folder / "ca.pem")},
        poll_timeout="60s",
        connect_timeout="10s",
    ) as pool, pool.client() as client:
        client.set("key", b"value")
        assert client.get("key") == b"value"


def patience(client):
    client.config(libmc.MC_POLL_TIMEOUT, 60000)
    client.config(libmc.MC_CONNECT_TIMEOUT, 10000)
    return client


def test_libmc_takes_the_key_of_the_config(address, folder):
    client = patience(libmc.Client([address], tls={"ca": str(folder / "ca.pem")}))
    assert client.set("key", "value")
    assert client.get("key") == "value"
    wrong = patience(libmc.Client([address], tls=True))
    assert not wrong.set("key", "other")
    assert wrong.get("key") is None
    with pytest.raises(ValueError, match="nowhere"):
        libmc.Client([address], tls={"ca": "/nowhere.pem"})
    with pytest.raises(ValueError, match="none.pem"):
        libmc.Client([address], tls={"ca": folder / "none.pem"})
    with pytest.raises(TypeError, match="not bytes"):
        libmc.Client([address], tls={"ca": b"ca.pem"})


def test_a_copy_of_libmc_s_client_keeps_its_tls(address, folder):
    client = libmc.Client([address], tls={"ca": str(folder / "ca.pem")})
    copy = patience(pickle.loads(pickle.dumps(client)))
    assert copy.set("key", "copied")
    assert patience(client).get("key") == "copied"


def test_a_pool_of_libmc_takes_it_too(address, folder):
    pool = libmc.ClientPool([address], tls={"ca": str(folder / "ca.pem")})
    for lending in (pool, pickle.loads(pickle.dumps(pool))):
        patience(lending)
        with lending.client() as client:
            assert client.set("key", "pooled")
            assert client.get("key") == "pooled"
