# SPDX-License-Identifier: BSD-3-Clause
"""Clients lent to threads, one to each at a time, first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType
from typing import Any, Callable, Deque, Dict, Generic, List, Optional, Type, TypeVar

C = TypeVar("C")


class _Place(Generic[C]):
    """Of a thread that waits for a client."""

    __slots__ = ("turn", "client")

    client: C

    def __init__(self, turn: Any) -> None:
        self.turn = turn
        self.turn.acquire()

    def hand_over(self, client: C) -> None:
        self.client = client
        self.turn.release()


class Lease(Generic[C]):
    """A client for the time of a with statement."""

    __slots__ = ("_lending", "_timeout", "_client")

    def __init__(self, lending: Lending[C], timeout: Optional[float]) -> None:
        self._lending = lending
        self._timeout = timeout

    def __enter__(self) -> C:
        self._client = self._lending.acquire(self._timeout)
        return self._client

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._lending.release(self._client)


class Lending(Generic[C]):
    """Makes clients as they are needed, size of them at most, and lends them.

    A change is made to every client before it is lent again, also to those that are
    made later, in the order in which changes came.
    """

    def __init__(
        self,
        make: Callable[[], C],
        size: int,
        new_lock: Callable[[], Any] = threading.Lock,
    ) -> None:
        """new_lock makes what those wait for who find no client."""
        self._make = make
        self._new_lock = new_lock
        self._size = size
        self._made = 0
        self._idle: List[C] = []
        self._waiting: Deque[_Place[C]] = deque()
        self._changes: List[Callable[[C], Any]] = []
        self._seen: Dict[int, int] = {}  # by id: how many changes a client knows
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        return self._size

    def resize(self, size: int) -> None:
        """Clients above a smaller size stay."""
        with self._lock:
            self._size = size

    def change(self, call: Callable[[C], Any]) -> None:
        with self._lock:
            self._changes.append(call)

    def acquire(self, timeout: Optional[float] = None) -> C:
        """Borrow a client; TimeoutError when there is none for so many seconds."""
        place = client = None
        with self._lock:
            if self._idle:
                client = self._idle.pop()
            elif self._made < self._size:
                self._made += 1
            else:
                place = _Place[C](self._new_lock())
                self._waiting.append(place)
        if place is not None:
            client = self._wait(place, timeout)
        try:
            if client is None:
                client = self._make()
            self._update(client)
            return client
        except BaseException:
            self._give_up(client)
            raise

    def _update(self, client: C) -> None:
        seen = self._seen.setdefault(id(client), 0)
        while seen < len(self._changes):
            self._changes[seen](client)
            seen += 1
            self._seen[id(client)] = seen

    def _wait(self, place: _Place[C], timeout: Optional[float]) -> C:
        came = False
        try:
            came = place.turn.acquire(timeout=-1 if timeout is None else timeout)
        finally:
            if not came:
                self._leave(place)
        if not came:
            raise TimeoutError("no client was free within %s s" % timeout)
        return place.client

    def _leave(self, place: _Place[C]) -> None:
        """Wait no longer; a client that came meanwhile goes to the next."""
        with self._lock:
            waits = place in self._waiting
            if waits:
                self._waiting.remove(place)
        if not waits:
            self.release(place.client)

    def _give_up(self, client: Optional[C]) -> None:
        if client is not None:
            self.release(client)
            return
        with self._lock:
            self._made -= 1

    def release(self, client: C) -> None:
        """Give a client back; who has waited longest gets it."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().hand_over(client)
            else:
                self._idle.append(client)

    def take_idle(self) -> List[C]:
        """Clients that are not lent, which are forgotten."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._made -= len(idle)
            for client in idle:
                self._seen.pop(id(client), None)
        return idle
