# SPDX-License-Identifier: BSD-3-Clause
import tenon

with tenon.Client("tenon.yaml") as client:
    client.set("greeting", b"hello, cluster", ttl=60)
    print(client.get_multi(["greeting", "absent"]))
