# SPDX-License-Identifier: BSD-3-Clause
"""The client. Its methods are the extension's; this is how one is put together."""

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
    """Pairs of key and YAML; every JSON text is one of YAML."""
    pairs = [] if servers is None else [("servers", json.dumps(list(servers)))]
    pairs += [(key, json.dumps(value)) for key, value in options.items()]
    return pairs


class Client(_tenon.Client[V]):
    """A memcached client, for one thread at a time.

    Client("tenon.yaml") reads a config file; Client(servers=["host:11211 alias"],
    hash_function="md5", poll_timeout="300ms") needs none; what is given as keyword
    goes over what the file says. The keys are those of the file: see tenon.yaml(5), or
    `tenon plugins core`.

    No socket is opened before the first call that needs one. with Client(...) as
    client: closes it at the end.
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
