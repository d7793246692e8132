# SPDX-License-Identifier: BSD-3-Clause
"""The client: its constructor. Its methods are in the extension _tenon."""

from __future__ import annotations

import time
from typing import Any, Iterable, Optional, Sequence, TypeVar, Union, overload

import _tenon

from .keys import Key
from .ring import Diff, Route, compare, route
from .serializers import Serializer
from .settings import Path, Server, settings

V = TypeVar("V")


class Client(_tenon.Client[V]):
    """A memcached client, for one thread at a time.

    Client("tenon.yaml") reads a config file. Client(servers=["host:11211 alias"],
    hash_function="md5", poll_timeout=0.3) needs no file. A keyword replaces the value
    of the same key in the file. tenon.yaml(5) and `tenon plugins core` list the keys. A
    duration is a number of seconds, text with a unit ("300ms"), or a datetime.timedelta.

    A key is a str, which is sent as UTF-8, or bytes. A tuple is (routing_key, key): the
    routing key decides the server and is not sent. The dicts of calls over many keys have
    the keys as the caller gave them, tuples too.

    The first call that needs a socket opens it. `with Client(...) as client:` closes
    the client at the end of the block.
    """

    @overload
    def __init__(
        self: Client[bytes],
        config: Optional[Path] = None,
        *,
        servers: Optional[Sequence[Server]] = None,
        serializer: None = None,
        **options: Any,
    ) -> None: ...

    @overload
    def __init__(
        self: Client[V],
        config: Optional[Path] = None,
        *,
        servers: Optional[Sequence[Server]] = None,
        serializer: Serializer[V],
        **options: Any,
    ) -> None: ...

    def __init__(
        self,
        config: Optional[Path] = None,
        *,
        servers: Optional[Sequence[Server]] = None,
        serializer: Optional[Serializer[Any]] = None,
        **options: Any,
    ) -> None:
        super().__init__(config, settings(servers, options), serializer)

    #: How fetch() waits for another caller; seconds is a float.
    _sleep = staticmethod(time.sleep)

    def route(self, key: Key) -> Route:
        """Where the key goes and why: hash, points of the ring, servers, failover.

        Nothing is sent.
        """
        return route(self, key)


def diff(
    old: Union[Path, Client[Any]],
    new: Union[Path, Client[Any]],
    keys: Optional[Iterable[Key]] = None,
    count: int = 100000,
) -> Diff:
    """The keys that move when the config changes from old to new.

    old and new are clients or config files. Without keys, count keys are simulated.
    Nothing is sent.
    """
    if not isinstance(old, Client):
        with Client(old) as before:
            return diff(before, new, keys, count)
    if not isinstance(new, Client):
        with Client(new) as after:
            return diff(old, after, keys, count)
    return compare(old, new, keys, count)
