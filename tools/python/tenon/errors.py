# SPDX-License-Identifier: BSD-3-Clause
"""What can go wrong. Every exception knows the key, the server, and why."""

from __future__ import annotations

import builtins
import os
from typing import Any, Dict, Mapping, Optional, Type, Union

Key = Union[str, bytes]


class TenonError(Exception):
    """Why a call, or one key of it, has no answer."""

    #: A number of enum tenon_status in tenon/error.h.
    status: int = 0
    #: The key concerned, as it was given; None when it is about no key.
    key: Optional[Key] = None
    #: The alias of the server concerned; None when no server is.
    server: Optional[str] = None
    #: Where that server lives.
    address: Optional[str] = None
    #: Of the system call that failed, or 0.
    errno: int = 0


class ConfigError(TenonError, ValueError):
    """The config, or a setting, is wrong; the message says where."""


class PluginError(TenonError):
    """A plugin was refused."""


class InvalidKeyError(TenonError, ValueError):
    """The key is empty, too long, or has space or control bytes; it was not sent."""


class ArgumentError(TenonError, ValueError):
    """An argument does not go with the command."""


class ValueTooLargeError(TenonError, ValueError):
    """The value is larger than the config allows."""


class FileError(TenonError, OSError):
    """A file cannot be read, or the system refused a resource."""


class RefusedError(TenonError):
    """The failover policy does not let this command go anywhere just now."""


class WaitError(TenonError):
    """Waiting failed, or was given up by who waits for the client."""


class TimeoutError(TenonError, builtins.TimeoutError):
    """No complete answer before the deadline."""


class ServerUnavailableError(TenonError, ConnectionError):
    """Nobody to ask: no connection, or the server is known to be down."""


class ConnectError(ServerUnavailableError):
    """The name was not found, or the connection was refused or not made in time."""


class ServerDownError(ServerUnavailableError):
    """The failover policy has no server for the key just now; nothing was sent."""


class ConnectionClosedError(TenonError, ConnectionError):
    """The connection broke before the answer was complete."""


class ProtocolError(TenonError):
    """The server sent what the protocol does not allow."""


class ServerError(TenonError):
    """The server said SERVER_ERROR, and why."""


class ClientError(TenonError):
    """The server said CLIENT_ERROR, and why."""


class UnknownCommandError(TenonError):
    """The server does not know the command."""


class DisabledError(TenonError):
    """flush_all without enable_flush_all."""


class BusyError(TenonError):
    """Another thread has a call running on this client."""


class UndecodableError(TenonError, ValueError):
    """A value is there, but not in a form that can be read."""


class EncodedError(TenonError):
    """append, prepend, incr, decr: the value there is encoded or split."""


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
}


class MultiError(TenonError):
    """Some keys of a call, or some servers, have no answer; the others have.

    str(error) is the first of them and how many more there are.
    """

    #: What was answered, by key: what the call would have returned.
    values: Mapping[Any, Any]
    #: Why the others were not, by key.
    errors: Mapping[Any, TenonError]


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
    """Make the exception of several; the extension calls this."""
    first = next(iter(errors.values()))
    more = len(errors) - 1
    error = MultiError("%s%s" % (first, " (and %d more)" % more if more else ""))
    error.status = first.status
    error.key = first.key
    error.server = first.server
    error.address = first.address
    error.values = values
    error.errors = errors
    return error
