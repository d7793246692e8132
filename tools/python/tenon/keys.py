# SPDX-License-Identifier: BSD-3-Clause
"""The keys that a call takes."""

from __future__ import annotations

from typing import Tuple, Union

Text = Union[str, bytes]

# A key is a str, which is sent as UTF-8, or bytes. A tuple is (routing_key, key): the routing
# key decides the server and is not sent.
Key = Union[Text, Tuple[Text, Text]]
