# SPDX-License-Identifier: BSD-3-Clause
# The types of the extension, for type checkers. The package libmc has no types.
import datetime
import os
from typing import Any, Callable, Dict, Generic, Iterable, List, Mapping, Optional
from typing import Sequence, Tuple, Type, TypeVar, Union, overload

_V = TypeVar("_V")
_D = TypeVar("_D")
_Text = Union[str, bytes]
# The key alone, or (routing_key, key).
_Key = Union[_Text, Tuple[_Text, _Text]]
_K = TypeVar("_K", bound=_Key)
_C = TypeVar("_C")
_S = TypeVar("_S", bound="Client[Any]")
_Wait = Callable[[List[Tuple[int, int]], int], object]
_Server = Tuple[str, str, int]
# A number of seconds, text with a unit such as "300ms", or a timedelta.
_Duration = Union[float, str, datetime.timedelta]
# Of one call; None: poll_timeout.
_Timeout = Optional[_Duration]

__version__: str

def diff(
    before: "Client[Any]",
    after: "Client[Any]",
    keys: Optional[Iterable[_Key]],
    count: int,
) -> Tuple[
    Tuple[int, int, int, int, int, float, float],
    List[Tuple[str, str, int, int, int, int, int, int]],
    List[Tuple[int, int, int]],
]: ...
def libraries() -> List[str]: ...
def options() -> List[Tuple[str, str, str, str]]: ...
def register(
    make_error: Callable[..., BaseException],
    make_multi_error: Callable[..., BaseException],
) -> None: ...

class Leased(Tuple[Any, bool, bool, bool, bool, int]):
    @property
    def value(self) -> Any: ...
    @property
    def hit(self) -> bool: ...
    @property
    def won(self) -> bool: ...
    @property
    def taken(self) -> bool: ...
    @property
    def stale(self) -> bool: ...
    @property
    def token(self) -> int: ...

class Info(Tuple[Optional[int], int, int, int, int, bool]):
    @property
    def ttl(self) -> Optional[int]: ...
    @property
    def size(self) -> int: ...
    @property
    def flags(self) -> int: ...
    @property
    def cas(self) -> int: ...
    @property
    def idle(self) -> int: ...
    @property
    def read(self) -> bool: ...

class Metric(Tuple[str, str, str, str, int, str]):
    @property
    def kind(self) -> str: ...
    @property
    def plugin(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def value(self) -> int: ...
    @property
    def help(self) -> str: ...

class BaseClient: ...

class Client(BaseClient, Generic[_V]):
    def __init__(
        self,
        path: Union[None, str, "os.PathLike[str]"],
        settings: List[Tuple[str, str]],
        serializer: Any,
    ) -> None: ...
    @property
    def servers(self) -> List[_Server]: ...
    @property
    def closed(self) -> bool: ...
    @overload
    def get(self, key: _Key, *, timeout: _Timeout = None) -> Optional[_V]: ...
    @overload
    def get(
        self, key: _Key, default: _D, *, timeout: _Timeout = None
    ) -> Union[_V, _D]: ...
    def gets(
        self, key: _Key, *, timeout: _Timeout = None
    ) -> Optional[Tuple[_V, int]]: ...
    @overload
    def gat(
        self, key: _Key, ttl: _Duration, *, timeout: _Timeout = None
    ) -> Optional[_V]: ...
    @overload
    def gat(
        self, key: _Key, ttl: _Duration, default: _D, *, timeout: _Timeout = None
    ) -> Union[_V, _D]: ...
    def get_multi(
        self, keys: Iterable[_K], *, timeout: _Timeout = None
    ) -> Dict[_K, _V]: ...
    def set(
        self, key: _Key, value: _V, ttl: _Duration = 0, *, timeout: _Timeout = None
    ) -> None: ...
    def add(
        self, key: _Key, value: _V, ttl: _Duration = 0, *, timeout: _Timeout = None
    ) -> bool: ...
    def replace(
        self, key: _Key, value: _V, ttl: _Duration = 0, *, timeout: _Timeout = None
    ) -> bool: ...
    def append(self, key: _Key, data: bytes, *, timeout: _Timeout = None) -> bool: ...
    def prepend(self, key: _Key, data: bytes, *, timeout: _Timeout = None) -> bool: ...
    def cas(
        self,
        key: _Key,
        value: _V,
        cas: int,
        ttl: _Duration = 0,
        *,
        timeout: _Timeout = None
    ) -> bool: ...
    def set_multi(
        self, items: Mapping[_K, _V], ttl: _Duration = 0, *, timeout: _Timeout = None
    ) -> None: ...
    def delete(self, key: _Key, *, timeout: _Timeout = None) -> bool: ...
    def delete_multi(
        self, keys: Iterable[_K], *, timeout: _Timeout = None
    ) -> Dict[_K, bool]: ...
    def touch(self, key: _Key, ttl: _Duration, *, timeout: _Timeout = None) -> bool: ...
    def touch_multi(
        self, keys: Iterable[_K], ttl: _Duration, *, timeout: _Timeout = None
    ) -> Dict[_K, bool]: ...
    def incr(
        self, key: _Key, delta: int = 1, *, timeout: _Timeout = None
    ) -> Optional[int]: ...
    def decr(
        self, key: _Key, delta: int = 1, *, timeout: _Timeout = None
    ) -> Optional[int]: ...
    def fetch(
        self,
        key: _Key,
        ttl: _Duration,
        function: Callable[[], _V],
        *,
        lease: _Duration = 10,
        stale_for: _Duration = 0,
        refresh: _Duration = 0,
        timeout: _Timeout = None,
        wait: Optional[_Duration] = None
    ) -> _V: ...
    def get_or_lease(
        self,
        key: _Key,
        *,
        lease: _Duration = 10,
        stale_for: _Duration = 0,
        refresh: _Duration = 0,
        timeout: _Timeout = None
    ) -> Leased: ...
    def fill(
        self,
        key: _Key,
        value: _V,
        token: int,
        ttl: _Duration = 0,
        *,
        lease: _Duration = 10,
        stale_for: _Duration = 0,
        refresh: _Duration = 0,
        timeout: _Timeout = None
    ) -> bool: ...
    def give_back(self, key: _Key, token: int, *, timeout: _Timeout = None) -> bool: ...
    def invalidate(
        self,
        key: _Key,
        *,
        lease: _Duration = 10,
        stale_for: _Duration = 0,
        refresh: _Duration = 0,
        timeout: _Timeout = None
    ) -> bool: ...
    def info(self, key: _Key, *, timeout: _Timeout = None) -> Optional[Info]: ...
    def version(self, *, timeout: _Timeout = None) -> Dict[str, str]: ...
    def stats(
        self, what: Optional[str] = None, *, timeout: _Timeout = None
    ) -> Dict[str, Dict[str, str]]: ...
    def flush_all(
        self, delay: Optional[_Duration] = None, *, timeout: _Timeout = None
    ) -> None: ...
    def where(self, key: _Key) -> _Server: ...
    def _route(
        self, key: _Key
    ) -> Tuple[
        bytes,
        bytes,
        int,
        int,
        int,
        List[Tuple[int, int]],
        int,
        List[int],
        List[Tuple[int, int, int, int]],
        List[Tuple[int, int, int, int]],
    ]: ...
    def metrics(self) -> List[Metric]: ...
    def update_servers(self, servers: Sequence[str]) -> None: ...
    def set_wait(self, wait: Optional[_Wait]) -> None: ...
    def disconnect(self) -> None: ...
    def close(self) -> None: ...
    def __enter__(self: _S) -> _S: ...
    def __exit__(self, *exc_info: object) -> None: ...

class Lease(Generic[_C]):
    def __enter__(self) -> _C: ...
    def __exit__(self, *exc_info: object) -> None: ...

class BasePool: ...

class Pool(BasePool, Generic[_C]):
    def __init__(
        self,
        path: Union[None, str, "os.PathLike[str]"],
        settings: List[Tuple[str, str]],
        serializer: Any,
        client_type: Type[Any],
        size: int,
    ) -> None: ...
    def client(self, timeout: Optional[_Duration] = None) -> Lease[_C]: ...
    def counts(self) -> Dict[str, int]: ...
    def update_servers(self, servers: Sequence[str]) -> None: ...
    def set_wait(self, wait: Optional[_Wait]) -> None: ...
    def close(self) -> None: ...
