# SPDX-License-Identifier: BSD-3-Clause
"""The exceptions. Each has the key, the server and the reason as attributes."""

from __future__ import annotations

import builtins
import os
from typing import Any, Dict, Iterable, Mapping, Optional, Type

from .keys import Key


class TenonError(Exception):
    """A call, or one of its keys, has no answer. The base of all exceptions here."""

    #: The error code: a number of enum tenon_status in tenon/error.h.
    status: int = 0
    #: The key as the caller gave it; None when no key is concerned.
    key: Optional[Key] = None
    #: The alias of the server; None when no server is concerned.
    server: Optional[str] = None
    #: The address of the server; None when no server is concerned.
    address: Optional[str] = None
    #: The errno of the system call that failed, or 0.
    errno: int = 0


class ConfigError(TenonError, ValueError):
    """The config or a setting is wrong; the message names the place."""


class PluginError(TenonError):
    """A plugin could not be loaded or was refused."""


class InvalidKeyError(TenonError, ValueError):
    """The key is empty, too long, or has space or control bytes. It was not sent."""


class ArgumentError(TenonError, ValueError):
    """An argument does not fit the command."""


class ValueTooLargeError(TenonError, ValueError):
    """The value is larger than the config allows."""


class FileError(TenonError, OSError):
    """A file cannot be read, or the kernel refused a resource."""


class RefusedError(TenonError):
    """The failover policy allows no server for this command at present."""


class WaitError(TenonError):
    """The client's wait failed, or its wait function ended the call."""


class TimeoutError(TenonError, builtins.TimeoutError):
    """The answer was not complete before the deadline."""


class ServerUnavailableError(TenonError, ConnectionError):
    """There is no connection to the server, or the server is marked as down."""


class ConnectError(ServerUnavailableError):
    """The host name was not found, or connecting was refused or took too long."""


class ServerDownError(ServerUnavailableError):
    """The failover policy has no server for the key at present. Nothing was sent."""


class ConnectionClosedError(TenonError, ConnectionError):
    """The connection was closed before the answer was complete."""


class ProtocolError(TenonError):
    """The server sent a reply that the protocol does not allow."""


class ServerError(TenonError):
    """The server replied SERVER_ERROR; the message has its reason."""


class ClientError(TenonError):
    """The server replied CLIENT_ERROR; the message has its reason."""


class UnknownCommandError(TenonError):
    """The server does not know the command."""


class DisabledError(TenonError):
    """flush_all() needs enable_flush_all in the config."""


class BusyError(TenonError):
    """Another thread is in a call on this client."""


class UndecodableError(TenonError, ValueError):
    """The server has a value, but the client or its serializer cannot decode it."""


class EncodedError(TenonError):
    """append, prepend, incr or decr of a value that is encoded or split."""


class LocalError(TenonError, OSError):
    """This process or host ran out of descriptors, ports or memory. Nothing was asked."""


class SecureError(ServerUnavailableError):
    """The connection is not secured as the config says; the message has the reason."""


class AuthError(ServerUnavailableError):
    """The server refused user and password, or wants some and the config has none."""


_CLASSES: Dict[int, Type[TenonError]] = {
    -2: ArgumentError,
    -3: InvalidKeyError,
    -4: ValueTooLargeError,
    -5: TimeoutError,
    -6: ConnectError,
    -7: ConnectionClosedError,
    -8: ServerDownError,
    -9: ProtocolError,
    -10: ServerError,
    -11: ClientError,
    -12: UnknownCommandError,
    -13: DisabledError,
    -14: ConfigError,
    -15: PluginError,
    -16: FileError,
    -17: BusyError,
    -18: UndecodableError,
    -19: EncodedError,
    -20: RefusedError,
    -21: WaitError,
    -22: LocalError,
    -23: SecureError,
    -24: AuthError,
}


class MultiError(TenonError):
    """Some keys of a call, or some servers, have no answer; the others have one.

    str(error) is the text of the first error, and the number of the others. The other
    attributes are those of the first error, which is the __cause__ too. When all errors
    are of one kind, the MultiError is of that kind as well: isinstance(error,
    tenon.TimeoutError) holds when every error is a tenon.TimeoutError, and
    isinstance(error, ConnectionError) when every error is a ConnectionError.
    """

    #: The answers by key, as the call returns them when no key fails.
    values: Mapping[Any, Any]
    #: The exceptions of the other keys, by key.
    errors: Mapping[Any, TenonError]

    def __reduce__(self) -> Any:
        return make_multi_error, (self.values, self.errors)


# The classes of MultiError by the kind of all their errors.
_multi_classes: Dict[type, Type[MultiError]] = {}


def _shared_kind(errors: Iterable[BaseException]) -> type:
    """Return the most special class of all errors; TenonError when there is no other."""
    first, *others = errors
    for kind in type(first).__mro__:
        shared = all(isinstance(error, kind) for error in others)
        if shared and not issubclass(MultiError, kind):
            return kind
    return TenonError


def _multi_class(kind: type) -> Type[MultiError]:
    if kind is TenonError:
        return MultiError
    if kind not in _multi_classes:
        bases = (MultiError, kind)
        members = {"__module__": __name__, "__doc__": MultiError.__doc__}
        _multi_classes[kind] = type("MultiError", bases, members)
    return _multi_classes[kind]


def make_error(
    status: int,
    message: Optional[str],
    server: Optional[str],
    address: Optional[str],
    key: Optional[Key],
    errno: int,
) -> TenonError:
    """Make the exception of a status; the extension calls this."""
    kind = _CLASSES.get(status, TenonError)
    text = message
    if text is None:
        text = kind.__doc__ or ""
    if message is None or (server is not None and server not in message):
        where = "" if server is None else "%s (%s): " % (server, address)
        text = where + text
    error = kind(text)
    error.status = status
    error.key = key
    error.server = server
    error.address = address
    error.errno = errno
    if errno and isinstance(error, OSError):
        error.strerror = os.strerror(errno)
    return error


def make_multi_error(
    values: Mapping[Any, Any], errors: Mapping[Any, TenonError]
) -> MultiError:
    """Make the MultiError of a call; the extension calls this."""
    first = next(iter(errors.values()))
    more = len(errors) - 1
    text = "%s%s" % (first, " (and %d more)" % more if more else "")
    error = _multi_class(_shared_kind(errors.values()))(text)
    for name in ("status", "key", "server", "address", "errno"):
        setattr(error, name, getattr(first, name, getattr(TenonError, name)))
    if error.errno and isinstance(error, OSError):
        error.strerror = os.strerror(error.errno)
    error.values = values
    error.errors = errors
    error.__cause__ = first
    return error
