# SPDX-License-Identifier: BSD-3-Clause
"""Serializers turn objects into bytes and back. A client without one stores bytes."""

from __future__ import annotations

import json
import pickle
from typing import Any, Protocol, Tuple, TypeVar

V = TypeVar("V")

#: The flags of JSON values. libmc, pylibmc and tenon's codecs do not use this bit.
JSON_FLAG = 1 << 8
#: The flags of pickled values. libmc and other clients use the same bit.
PICKLE_FLAG = 1 << 0


class Serializer(Protocol[V]):
    """The methods that Client needs of its serializer."""

    def dumps(self, value: V) -> Tuple[bytes, int]:
        """Return the bytes of a value, and flags that name their form for loads()."""

    def loads(self, data: bytes, flags: int) -> V:
        """Return the value. Raise an exception for flags that dumps() does not write."""


def _check_flags(flags: int, expected: int) -> None:
    if flags != expected:
        raise ValueError("flags 0x%x, expected 0x%x" % (flags, expected))


class JSONSerializer:
    """Stores objects as JSON text, which is safe to read from any writer."""

    def dumps(self, value: Any) -> Tuple[bytes, int]:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode(), JSON_FLAG

    def loads(self, data: bytes, flags: int) -> Any:
        _check_flags(flags, JSON_FLAG)
        return json.loads(data)


class PickleSerializer:
    """Stores any object. Reading runs code that the writer chose: trust every writer."""

    def __init__(self, protocol: int = pickle.DEFAULT_PROTOCOL) -> None:
        self.protocol = protocol

    def dumps(self, value: Any) -> Tuple[bytes, int]:
        return pickle.dumps(value, self.protocol), PICKLE_FLAG

    def loads(self, data: bytes, flags: int) -> Any:
        _check_flags(flags, PICKLE_FLAG)
        return pickle.loads(data)
