# SPDX-License-Identifier: BSD-3-Clause
"""From objects to bytes and back. Without a serializer a client stores bytes only."""

from __future__ import annotations

import json
import pickle
from typing import Any, Protocol, Tuple, TypeVar

V = TypeVar("V")

#: Flag bits; those of libmc, pylibmc and tenon's codecs mean something else.
JSON_FLAG = 1 << 8
#: The bit under which libmc and others store pickled objects.
PICKLE_FLAG = 1 << 0


class Serializer(Protocol[V]):
    """What Client takes as its serializer."""

    def dumps(self, value: V) -> Tuple[bytes, int]:
        """The bytes of a value, and flags that tell loads() what they are."""

    def loads(self, data: bytes, flags: int) -> V:
        """The value again. Raise for flags that dumps() does not give."""


def _check_flags(flags: int, expected: int) -> None:
    if flags != expected:
        raise ValueError("flags 0x%x, expected 0x%x" % (flags, expected))


class JSONSerializer:
    """Objects as JSON text: safe to read, whoever wrote it."""

    def dumps(self, value: Any) -> Tuple[bytes, int]:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode(), JSON_FLAG

    def loads(self, data: bytes, flags: int) -> Any:
        _check_flags(flags, JSON_FLAG)
        return json.loads(data)


class PickleSerializer:
    """Any object. Reading runs what the writer chose: only where every writer is trusted."""

    def __init__(self, protocol: int = pickle.DEFAULT_PROTOCOL) -> None:
        self.protocol = protocol

    def dumps(self, value: Any) -> Tuple[bytes, int]:
        return pickle.dumps(value, self.protocol), PICKLE_FLAG

    def loads(self, data: bytes, flags: int) -> Any:
        _check_flags(flags, PICKLE_FLAG)
        return pickle.loads(data)
