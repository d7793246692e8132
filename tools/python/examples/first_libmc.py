# SPDX-License-Identifier: BSD-3-Clause
import libmc

client = libmc.Client(["localhost:11211 anna", "localhost:11212 bert"])
client.set("greeting", {"hello": "cluster"})
print(client.get("greeting"))
