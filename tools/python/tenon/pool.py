# SPDX-License-Identifier: BSD-3-Clause
"""A pool of clients, for programs with threads."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Type, TypeVar, overload

import _tenon

from .client import Client
from .serializers import Serializer
from .settings import Path, Server, settings

V = TypeVar("V")
S = TypeVar("S", bound="Pool[Any]")


class Pool(_tenon.Pool[Client[V]]):
    """At most size clients that threads share. The other arguments are those of Client.

    `with pool.client() as client:` borrows a client. Callers are served in the order in
    which they ask. A client is made when a caller needs one, and connects when it is
    used. set_wait() and close() of a lent client last until the client is given back.
    Callers that wait for a client when the pool is closed get a ValueError.
    """

    _client_type: Type[Client[Any]] = Client

    @overload
    def __init__(
        self: Pool[bytes],
        config: Optional[Path] = None,
        *,
        size: int = 4,
        servers: Optional[Sequence[Server]] = None,
        serializer: None = None,
        **options: Any,
    ) -> None: ...

    @overload
    def __init__(
        self: Pool[V],
        config: Optional[Path] = None,
        *,
        size: int = 4,
        servers: Optional[Sequence[Server]] = None,
        serializer: Serializer[V],
        **options: Any,
    ) -> None: ...

    def __init__(
        self,
        config: Optional[Path] = None,
        *,
        size: int = 4,
        servers: Optional[Sequence[Server]] = None,
        serializer: Optional[Serializer[Any]] = None,
        **options: Any,
    ) -> None:
        super().__init__(
            config, settings(servers, options), serializer, self._client_type, size
        )

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
