# SPDX-License-Identifier: BSD-3-Clause
"""The names that libmc's extension module exports, taken from _tenon."""

from _tenon import (
    LibmcClient as PyClient,
    LibmcClientUnsafe as PyClientUnsafe,
    ThreadUnsafe,
    decode_value,
    encode_value,
    libraries,
)

DYNAMIC_LIBRARIES = libraries()

MC_DEFAULT_EXPTIME = 0

MC_POLL_TIMEOUT = 0
MC_CONNECT_TIMEOUT = 1
MC_RETRY_TIMEOUT = 2
MC_HASH_FUNCTION = 3
MC_MAX_RETRIES = 4
MC_SET_FAILOVER = 5
MC_INITIAL_CLIENTS = 7
MC_MAX_CLIENTS = 8
MC_MAX_GROWTH = 9
MC_MAX_INFLATED_BYTES = 1000  # not of libmc: larger compressed values are None

MC_HASH_MD5 = 0
MC_HASH_FNV1_32 = 1
MC_HASH_FNV1A_32 = 2
MC_HASH_CRC_32 = 3

MC_RETURN_SEND_ERR = -9
MC_RETURN_RECV_ERR = -8
MC_RETURN_CONN_POLL_ERR = -7
MC_RETURN_POLL_TIMEOUT_ERR = -6
MC_RETURN_POLL_ERR = -5
MC_RETURN_MC_SERVER_ERR = -4
MC_RETURN_PROGRAMMING_ERR = -3
MC_RETURN_INVALID_KEY_ERR = -2
MC_RETURN_INCOMPLETE_BUFFER_ERR = -1
MC_RETURN_OK = 0
