# SPDX-License-Identifier: BSD-3-Clause
"""libmc's pool of clients for threads."""

import functools

from _tenon import LibmcPool
from _tenon import LibmcPooledClient as PyPoolClient

from ._names import MC_INITIAL_CLIENTS, MC_MAX_CLIENTS, MC_MAX_GROWTH


class PyClientPool:
    """Lends clients. A client is made when it is needed, and connects when it is used."""

    def __init__(self, *args, **kwargs):
        # Never lent. A change of its settings changes all clients of the pool.
        self._model = PyPoolClient(*args, **kwargs)
        self._lending = LibmcPool(self._model)
        self._size = 4

    @property
    def servers(self):
        return self._model.servers

    @property
    def comp_threshold(self):
        return self._model.comp_threshold

    def _args(self):
        return self._model._args()

    def __reduce__(self):
        make, args = self._model.__reduce__()
        keywords = getattr(make, "keywords", None)  # of functools.partial
        if keywords:
            return functools.partial(self.__class__, **keywords), args
        return self.__class__, args

    def config(self, opt, val):
        if opt == MC_MAX_CLIENTS:
            self._resize(val)
        elif opt == MC_INITIAL_CLIENTS:
            self._resize(max(val, self._size))
        elif opt != MC_MAX_GROWTH:
            self._model.config(opt, val)

    def _resize(self, size):
        self._lending.resize(size)
        self._size = size

    def update_servers(self, servers):
        return self._model.update_servers(servers)

    def client(self):
        return self._lending.client()


class ThreadedClient:
    """A client for any number of threads: each call borrows a client from a pool."""

    def __init__(self, *args, **kwargs):
        from . import ClientPool

        self._client_pool = ClientPool(*args, **kwargs)

    @property
    def servers(self):
        return self._client_pool.servers

    @property
    def comp_threshold(self):
        return self._client_pool.comp_threshold

    def update_servers(self, servers):
        return self._client_pool.update_servers(servers)

    def config(self, opt, val):
        self._client_pool.config(opt, val)


def _forward(name):
    method = getattr(PyPoolClient, name)

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        with self._client_pool.client() as client:
            return method(client, *args, **kwargs)

    return call


for _name in dir(PyPoolClient):
    if not _name.startswith("_") and not hasattr(ThreadedClient, _name):
        setattr(ThreadedClient, _name, _forward(_name))
