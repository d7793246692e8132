# SPDX-License-Identifier: BSD-3-Clause
"""The arguments of Client and Pool as keys of a config.

A duration, such as poll_timeout, is written in one way everywhere: a number of seconds
(0.3), text with a unit as in the config ("300ms"), or a datetime.timedelta.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, Union

import _tenon

Server = Union[str, Mapping[str, Any]]
Path = Union[str, "os.PathLike[str]"]

_UNITS = ((10**6, "s"), (10**3, "ms"), (1, "us"))
_UNIT_US = {"us": 1, "ms": 10**3, "s": 10**6, "min": 60 * 10**6, "h": 3600 * 10**6}

# The ranges of the durations among the options of each plugin, such as "1ms..1h"; "core" has
# the config's own keys.
_ranges: Dict[str, Dict[str, str]] = {}


def _range_of(plugin: str, option: str) -> Optional[str]:
    """Return the range of a duration, or None for an option that is none."""
    if not _ranges:
        for name, key, kind, limits in _tenon.options():
            if kind == "duration":
                _ranges.setdefault(name, {})[key] = limits
    return _ranges.get(plugin, {}).get(option)


def _is_within(duration: datetime.timedelta, limits: str) -> bool:
    """Return true when a duration is in a range; also when the range is in another form."""
    match = re.fullmatch(r"(\d+)([a-z]+)\.\.(\d+)([a-z]+)", limits)
    if match is None:
        return True
    least, least_unit, most, most_unit = match.groups()
    us = duration // datetime.timedelta(microseconds=1)
    return int(least) * _UNIT_US[least_unit] <= us <= int(most) * _UNIT_US[most_unit]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _in_units(duration: datetime.timedelta) -> str:
    microseconds = duration // datetime.timedelta(microseconds=1)
    for factor, unit in _UNITS:
        if microseconds % factor == 0:
            break
    return "%d%s" % (microseconds // factor, unit)


def _duration(option: str, value: Any, limits: str) -> str:
    """Return a number of seconds, or a timedelta, as text. The error has the caller's value."""
    try:
        duration = datetime.timedelta(seconds=value) if _is_number(value) else value
        fits = _is_within(duration, limits)
    except (OverflowError, ValueError):
        fits = False
    if not fits:
        raise ValueError(
            '%s: %r, expected seconds, text such as "300ms", or a datetime.timedelta, in %s'
            % (option, value, limits)
        )
    return _in_units(duration)


def _option(owner: str, option: str, value: Any) -> Any:
    """Return the value of an option with every duration in it as text."""
    limits = _range_of(owner, option)
    if limits is not None and (_is_number(value) or isinstance(value, datetime.timedelta)):
        return _duration(option, value, limits)
    if isinstance(value, datetime.timedelta):
        return _in_units(value)
    if isinstance(value, Mapping):  # of a plugin, or of keys such as read and write
        return {key: _option(option, key, inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_option(owner, option, one) for one in value]
    return value


def _server(server: Any) -> Any:
    if isinstance(server, str):
        return server
    if isinstance(server, Mapping):
        return dict(server)
    raise TypeError(
        'a server is a line such as "localhost:11211 anna", or a mapping with the keys '
        "address, alias, weight, pool, labels, auth, tls and secure, not %r" % (server,)
    )


def _servers(servers: Iterable[Server]) -> List[Any]:
    if isinstance(servers, (str, bytes, Mapping)):
        raise TypeError(
            'servers must be a list of lines such as ["localhost:11211 anna"], not %r'
            % (servers,)
        )
    return [_server(server) for server in servers]


def _plain(value: Any) -> str:
    """Return what JSON has no form for as text. The message has no value: it may be a password."""
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    raise TypeError(
        "expected text, a path, a number, a bool, a list or a mapping, not %s"
        % type(value).__name__
    )


def json_of(value: Any) -> str:
    """Return the value of a key as JSON text."""
    return json.dumps(value, default=_plain)


def _yaml(value: Any) -> str:
    """Return a value as YAML text in ASCII.

    JSON text is valid YAML, but for characters above U+FFFF: JSON escapes them as two
    surrogates, and YAML as one number.
    """
    text = json.dumps(value, ensure_ascii=False, default=_plain)
    return re.sub("[^ -~]", lambda character: "\\U%08x" % ord(character[0]), text)


def yaml_of_json(text: str) -> str:
    """Return JSON text as YAML text."""
    return _yaml(json.loads(text))


def settings(
    servers: Optional[Iterable[Server]], options: Mapping[str, Any]
) -> List[Tuple[str, str]]:
    """Return pairs of key and YAML text."""
    pairs = [] if servers is None else [("servers", _yaml(_servers(servers)))]
    for key, value in options.items():
        try:
            pairs.append((key, _yaml(_option("core", key, value))))
        except TypeError as error:
            raise TypeError("%s: %s" % (key, error)) from None
    return pairs
