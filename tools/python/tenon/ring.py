# SPDX-License-Identifier: BSD-3-Clause
"""Where keys go and why, and which keys move when a config changes. Nothing is sent."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import _tenon

from .keys import Key

# (alias, address, weight), as Client.servers has them.
Place = Tuple[str, str, int]

_ACCESSES = ("read", "write", "delete")


class Answer(NamedTuple):
    """The server that a failover policy gives a key."""

    server: Optional[Place]
    """None: the policy gives no server, and status says why."""
    status: int
    exptime_max: int
    """An item that is written lives at most so many seconds. 0: no limit."""
    failures: int
    """In home_down: failures of the home server before this answer. 0: the answer never changes."""


class Point(NamedTuple):
    """One point of the ring."""

    place: int
    server: Place


class Route(NamedTuple):
    """The way of one key to its server."""

    key: bytes
    """As sent, with the prefix."""
    hashed: bytes
    """The bytes that decide the server: the routing key, or the key or a part of it."""
    hash: int
    hash_bits: int
    """0: the ring does not look at the hash."""
    ring_points: int
    """Points of the whole ring; 0: it has none, or does not tell."""
    points: List[Point]
    """Around the key; empty when the ring has no points."""
    home_point: int
    """Index in points of the home server's point."""
    servers: List[Place]
    """The home server, then the next ones."""
    now: Dict[str, Answer]
    """By access: "read", "write", "delete"."""
    home_down: Dict[str, Answer]
    """The same when the home server is down and all others are up."""

    @property
    def home(self) -> Place:
        """(alias, address, weight) of the home server."""
        return self.servers[0]


class DiffServer(NamedTuple):
    """One server of a comparison. A weight of 0: the server is not in that ring."""

    name: str
    address: str
    weight_before: int
    weight_after: int
    keys_before: int
    keys_after: int
    keys_gained: int
    keys_lost: int


class DiffMove(NamedTuple):
    """Keys that move from one server to another."""

    origin: DiffServer
    target: DiffServer
    keys: int


class Diff(NamedTuple):
    """Two rings, and the keys that move between them."""

    keys: int
    refused: int
    """Keys that cannot be sent. They are counted here only."""
    moved: int
    renamed: int
    """Keys that are sent as other bytes, because the prefix is another one."""
    missed: int
    """Keys whose next get misses: moved or renamed."""
    max_per_mean_before: float
    """Keys of the fullest server, divided by the mean."""
    max_per_mean_after: float
    servers: List[DiffServer]
    moves: List[DiffMove]
    """The move of the most keys first."""


def _answers(
    servers: Sequence[Place], answers: Iterable[Tuple[int, int, int, int]]
) -> Dict[str, Answer]:
    return {
        access: Answer(None if at < 0 else servers[at], status, exptime, failures)
        for access, (at, status, exptime, failures) in zip(_ACCESSES, answers)
    }


def route(client: _tenon.Client[Any], key: Key) -> Route:
    """Client.route(), for Client."""
    sent, hashed, number, bits, total, points, home, order, now, down = client._route(key)
    servers = client.servers
    return Route(
        sent,
        hashed,
        number,
        bits,
        total,
        [Point(place, servers[at]) for place, at in points],
        home,
        [servers[at] for at in order],
        _answers(servers, now),
        _answers(servers, down),
    )


def compare(
    before: _tenon.Client[Any],
    after: _tenon.Client[Any],
    keys: Optional[Iterable[Key]],
    count: int,
) -> Diff:
    """diff() of two clients."""
    sums, rows, moves = _tenon.diff(before, after, keys, count)
    servers = [DiffServer(*row) for row in rows]
    return Diff(
        *sums,
        servers,
        [DiffMove(servers[origin], servers[to], moved) for origin, to, moved in moves],
    )
