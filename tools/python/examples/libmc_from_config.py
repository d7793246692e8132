# SPDX-License-Identifier: BSD-3-Clause
"""Make a client from the config in libmc's wiki. It runs with both packages libmc."""

import libmc

CONFIG = {
    "SERVERS": ["localhost:11211 mc-server111", "localhost:11212 mc-server112"],
    "HASH_FUNCTION": "crc32",
    "PREFIX": "",
    "CONNECT_TIMEOUT": 10,  # ms
    "POLL_TIMEOUT": 300,  # ms
    "RETRY_TIMEOUT": 5,  # s
    "COMPRESSION_THRESHOLD": 1024,
}

HASH_FUNCTIONS = {
    "crc32": libmc.MC_HASH_CRC_32,
    "fnv1_32": libmc.MC_HASH_FNV1_32,
    "fnv1a_32": libmc.MC_HASH_FNV1A_32,
    "md5": libmc.MC_HASH_MD5,
}


def libmc_from_config(config):
    client = libmc.Client(
        config["SERVERS"],
        comp_threshold=config["COMPRESSION_THRESHOLD"],
        prefix=config["PREFIX"],
        hash_fn=HASH_FUNCTIONS[config["HASH_FUNCTION"]],
    )
    client.config(libmc.MC_CONNECT_TIMEOUT, config["CONNECT_TIMEOUT"])
    client.config(libmc.MC_POLL_TIMEOUT, config["POLL_TIMEOUT"])
    client.config(libmc.MC_RETRY_TIMEOUT, config["RETRY_TIMEOUT"])
    return client


if __name__ == "__main__":
    cluster = libmc_from_config(CONFIG)
    cluster.set("greeting", "hello")
    print(cluster.get("greeting"))
