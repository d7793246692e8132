# SPDX-License-Identifier: BSD-3-Clause
"""A replacement for libmc 1.4: the same names, arguments, answers and stored bytes.

The client underneath is tenon. tools/python/README.md in tenon's sources lists the
differences.
"""

import sys

from . import _names
from ._names import (
    DYNAMIC_LIBRARIES,
    MC_CONNECT_TIMEOUT,
    MC_DEFAULT_EXPTIME,
    MC_HASH_CRC_32,
    MC_HASH_FNV1_32,
    MC_HASH_FNV1A_32,
    MC_HASH_MD5,
    MC_INITIAL_CLIENTS,
    MC_MAX_CLIENTS,
    MC_MAX_GROWTH,
    MC_MAX_INFLATED_BYTES,
    MC_POLL_TIMEOUT,
    MC_RETRY_TIMEOUT,
    MC_RETURN_CONN_POLL_ERR,
    MC_RETURN_INCOMPLETE_BUFFER_ERR,
    MC_RETURN_INVALID_KEY_ERR,
    MC_RETURN_MC_SERVER_ERR,
    MC_RETURN_OK,
    MC_RETURN_POLL_ERR,
    MC_RETURN_POLL_TIMEOUT_ERR,
    MC_RETURN_PROGRAMMING_ERR,
    MC_RETURN_RECV_ERR,
    MC_RETURN_SEND_ERR,
    MC_SET_FAILOVER,
    PyClient,
    PyClientUnsafe,
    ThreadUnsafe,
    decode_value,
    encode_value,
)
from ._pool import PyClientPool, ThreadedClient

# libmc has these names in an extension module _client. When this package is installed over an old
# libmc, that module's file is still there, and must not be imported.
_client = _names
sys.modules[__name__ + "._client"] = _names

__VERSION__ = "1.4.15"  # the libmc that gives the same answers
__version__ = __VERSION__


class Client(PyClient):
    """libmc's client. Only the thread that uses it first may use it."""


class ClientUnsafe(PyClientUnsafe):
    """libmc's client without the check of threads."""


class ClientPool(PyClientPool):
    """Lends clients to threads: with pool.client() as client: ..."""


__all__ = [
    "Client",
    "ThreadUnsafe",
    "__VERSION__",
    "encode_value",
    "decode_value",
    "ClientUnsafe",
    "ClientPool",
    "ThreadedClient",
    "MC_DEFAULT_EXPTIME",
    "MC_POLL_TIMEOUT",
    "MC_CONNECT_TIMEOUT",
    "MC_RETRY_TIMEOUT",
    "MC_SET_FAILOVER",
    "MC_INITIAL_CLIENTS",
    "MC_MAX_CLIENTS",
    "MC_MAX_GROWTH",
    "MC_MAX_INFLATED_BYTES",
    "MC_HASH_MD5",
    "MC_HASH_FNV1_32",
    "MC_HASH_FNV1A_32",
    "MC_HASH_CRC_32",
    "MC_RETURN_SEND_ERR",
    "MC_RETURN_RECV_ERR",
    "MC_RETURN_CONN_POLL_ERR",
    "MC_RETURN_POLL_TIMEOUT_ERR",
    "MC_RETURN_POLL_ERR",
    "MC_RETURN_MC_SERVER_ERR",
    "MC_RETURN_PROGRAMMING_ERR",
    "MC_RETURN_INVALID_KEY_ERR",
    "MC_RETURN_INCOMPLETE_BUFFER_ERR",
    "MC_RETURN_OK",
    "DYNAMIC_LIBRARIES",
]
