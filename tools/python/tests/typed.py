# SPDX-License-Identifier: BSD-3-Clause
"""Never run. A type checker must find errors at the lines `type: ignore` only."""

import datetime
from typing import Any, Dict, List, Optional, Tuple

import tenon

client = tenon.Client("tenon.yaml", poll_timeout=0.3, retry_timeout="1s")
value: Optional[bytes] = client.get("key")
either = client.get("key", 5)
pair: Optional[Tuple[bytes, int]] = client.gets(b"key")
many: Dict[str, bytes] = client.get_multi(["a", "b"])
client.set("key", b"value", ttl=10)
client.touch("key", ttl=datetime.timedelta(hours=1))
client.get("key", timeout=0.05)
client.get("key", 5, 0.05)  # type: ignore[call-overload]
client.set("key", "text")  # type: ignore[arg-type]
client.get(1)  # type: ignore[call-overload]
client.set_multi({"key": 1})  # type: ignore[dict-item]

item: tenon.Key = ("user:42", b"cart")
client.set(item, b"value")
routed: Dict[Tuple[str, str], bytes] = client.get_multi([("user:42", "cart")])
client.set_multi({("user:42", "cart"): b"value"})
mixed: List[tenon.Key] = ["plain", ("user:42", "cart")]
found: Dict[tenon.Key, bytes] = client.get_multi(mixed)
client.route(("user:42", "cart"))
client.get(("user:42", "cart", "more"))  # type: ignore[arg-type]
client.delete((42, "cart"))  # type: ignore[arg-type]

objects = tenon.Client(servers=["a:11211 anna"], serializer=tenon.JSONSerializer())
anything: Optional[Any] = objects.get("key")

with tenon.Client[bytes](servers=[{"address": "a", "alias": "anna"}]) as inner:
    try:
        inner.delete_multi(["a"])
    except tenon.MultiError as error:
        first: tenon.TenonError = next(iter(error.errors.values()))
        print(first.server, first.key)

metric: tenon.Metric = client.metrics()[0]
print(metric.name + metric.type, metric.value + 1)
metric.value + metric.help  # type: ignore[operator]

route: tenon.Route = client.route("key")
alias: str = route.home[0]
spare: Optional[Tuple[str, str, int]] = route.home_down["read"].server
diff: tenon.Diff = tenon.diff("old.yaml", client, keys=["a", b"b"])
gained: int = diff.servers[0].keys_gained + diff.moves[0].keys
tenon.diff(client, objects, keys=[5])  # type: ignore[list-item]

pool = tenon.Pool("tenon.yaml", size=2)
with pool.client(timeout=1.5) as lent:
    shared: Optional[bytes] = lent.get("key")
print(pool.counts()["idle"] + 1)
pool.set_wait(lambda fds, timeout_ms: None)
documents = tenon.Pool(servers=["a"], serializer=tenon.JSONSerializer())
with documents.client() as other:
    other.set("key", ["anything"])
    other.set_multi({"key": b"value"}, ttl=b"soon")  # type: ignore[arg-type]
