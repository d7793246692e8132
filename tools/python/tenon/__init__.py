# SPDX-License-Identifier: BSD-3-Clause
"""tenon, a memcached client: clusters with aliases, failover, compression, a deadline.

    import tenon

    with tenon.Client(servers=["localhost:11211 anna", "localhost:11212 bert"]) as client:
        client.set("greeting", b"hello", ttl=60)
        print(client.get("greeting"))

An absent key is an answer (None or False). Every other failure raises a TenonError.
"""

import _tenon
from _tenon import Info, Leased, Metric

from .client import Client, diff
from .errors import (
    ArgumentError,
    AuthError,
    BusyError,
    ClientError,
    ConfigError,
    ConnectError,
    ConnectionClosedError,
    DisabledError,
    EncodedError,
    FileError,
    InvalidKeyError,
    LocalError,
    MultiError,
    PluginError,
    ProtocolError,
    RefusedError,
    SecureError,
    ServerDownError,
    ServerError,
    ServerUnavailableError,
    TenonError,
    TimeoutError,
    UndecodableError,
    UnknownCommandError,
    ValueTooLargeError,
    WaitError,
    make_error,
    make_multi_error,
)
from .keys import Key
from .pool import Pool
from .ring import Answer, Diff, DiffMove, DiffServer, Point, Route
from .serializers import JSONSerializer, PickleSerializer, Serializer

_tenon.register(make_error, make_multi_error)

__version__ = _tenon.__version__

__all__ = [
    "Answer",
    "ArgumentError",
    "AuthError",
    "BusyError",
    "Client",
    "ClientError",
    "ConfigError",
    "ConnectError",
    "ConnectionClosedError",
    "Diff",
    "DiffMove",
    "DiffServer",
    "DisabledError",
    "EncodedError",
    "FileError",
    "Info",
    "InvalidKeyError",
    "JSONSerializer",
    "Key",
    "Leased",
    "LocalError",
    "Metric",
    "MultiError",
    "PickleSerializer",
    "PluginError",
    "Point",
    "Pool",
    "ProtocolError",
    "RefusedError",
    "Route",
    "SecureError",
    "Serializer",
    "ServerDownError",
    "ServerError",
    "ServerUnavailableError",
    "TenonError",
    "TimeoutError",
    "UndecodableError",
    "UnknownCommandError",
    "ValueTooLargeError",
    "WaitError",
    "__version__",
    "diff",
]
