# SPDX-License-Identifier: BSD-3-Clause
"""Clients for programs with threads."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Type, TypeVar, overload

import _tenon

from .client import Client, Path, Server, _settings
from .serializers import Serializer

V = TypeVar("V")
S = TypeVar("S", bound="Pool[Any]")


class Pool(_tenon.Pool[Client[V]]):
    """Clients that threads share, at most size of them; the rest as Client.

    with pool.client() as client: borrows one. Who asks first is served first; a client
    is made when it is needed, and connects when it is used. set_wait() and close() of a
    client that is lent last until it is given back.
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
            config, _settings(servers, options), serializer, self._client_type, size
        )

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
