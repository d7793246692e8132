# SPDX-License-Identifier: BSD-3-Clause
"""The client: its constructor. Its methods are in the extension _tenon."""

from __future__ import annotations

import json
import os
from typing import Any, List, Mapping, Optional, Sequence, Tuple, TypeVar
from typing import Union, overload

import _tenon

from .serializers import Serializer

V = TypeVar("V")

Server = Union[str, Mapping[str, Any]]
Path = Union[str, "os.PathLike[str]"]


def _settings(
    servers: Optional[Sequence[Server]], options: Mapping[str, Any]
) -> List[Tuple[str, str]]:
    """Return pairs of key and YAML text. JSON text is valid YAML."""
    pairs = [] if servers is None else [("servers", json.dumps(list(servers)))]
    pairs += [(key, json.dumps(value)) for key, value in options.items()]
    return pairs


class Client(_tenon.Client[V]):
    """A memcached client, for one thread at a time.

    Client("tenon.yaml") reads a config file. Client(servers=["host:11211 alias"],
    hash_function="md5", poll_timeout="300ms") needs no file. A keyword replaces the
    value of the same key in the file. tenon.yaml(5) and `tenon plugins core` list the
    keys.

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
        super().__init__(config, _settings(servers, options), serializer)
