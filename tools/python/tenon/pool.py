# SPDX-License-Identifier: BSD-3-Clause
"""Clients for programs with threads."""

from __future__ import annotations

import threading
from typing import Any, Callable, Generic, List, Optional, Sequence, TypeVar, overload

from .client import Client, Path, Server
from .lending import Lease, Lending
from .serializers import Serializer

V = TypeVar("V")
S = TypeVar("S", bound="Pool[Any]")


class Pool(Generic[V]):
    """Clients that threads share, at most size of them; the rest as Client.

    with pool.client() as client: borrows one. Who asks first is served first; a client
    is made when it is needed, and connects when it is used.
    """

    _new_client: Callable[..., Client[Any]] = Client
    _new_lock: Callable[[], Any] = threading.Lock

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
        if size < 1:
            raise ValueError("size of a pool: %r, expected 1 or more" % (size,))

        def make() -> Client[Any]:
            return type(self)._new_client(
                config, servers=servers, serializer=serializer, **options
            )

        self._closed = False
        self._lending: Lending[Client[V]] = Lending(
            make, size, type(self)._new_lock
        )
        # A config that is wrong is an error now; nothing connects yet.
        self._lending.release(self._lending.acquire())

    def client(self, timeout: Optional[float] = None) -> Lease[Client[V]]:
        """Borrow a client for a block; TimeoutError after so many seconds without one."""
        if self._closed:
            raise ValueError("the pool is closed")
        return Lease(self._lending, timeout)

    def update_servers(self, servers: Sequence[str]) -> None:
        """Move servers, as Client.update_servers(), in clients that are lent as well."""
        lines: List[str] = list(servers)
        with self.client() as client:
            client.update_servers(lines)
        self._lending.change(lambda each: each.update_servers(lines))

    def close(self) -> None:
        """Close the clients that are not lent; those that are, when nobody has them."""
        self._closed = True
        for client in self._lending.take_idle():
            client.close()

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
