# SPDX-License-Identifier: BSD-3-Clause
"""tenon for gevent: while a call waits for a server, other greenlets run.

Nothing is patched: the client waits in the hub of the calling thread.
"""

from __future__ import annotations

from typing import Any, Sequence, Tuple, TypeVar

from gevent import sleep  # type: ignore
from gevent.select import poll  # type: ignore

from . import client as _client
from . import pool as _pool

V = TypeVar("V")

__all__ = ["Client", "Pool"]


def _wait(fds: Sequence[Tuple[int, int]], timeout_ms: int) -> None:
    poller = poll()
    for fd, events in fds:
        poller.register(fd, events)
    poller.poll(timeout_ms)


class Client(_client.Client[Any]):
    """A tenon.Client whose calls let other greenlets run while they wait.

    A client serves one greenlet at a time; a second one gets BusyError. Use a Pool for
    more greenlets. An exception that is thrown into a waiting greenlet, such as
    gevent.Timeout, ends the call; the client can be used again.
    """

    _sleep = staticmethod(sleep)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.set_wait(_wait)


class Pool(_pool.Pool[V]):
    """A tenon.Pool for the greenlets of one thread."""

    _client_type = Client

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.set_wait(_wait)
