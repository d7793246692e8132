# SPDX-License-Identifier: BSD-3-Clause
"""libmc's pool of clients for threads."""

import functools

from _tenon import LibmcPooledClient as PyPoolClient
from tenon.lending import Lease, Lending

from ._client import MC_INITIAL_CLIENTS, MC_MAX_CLIENTS, MC_MAX_GROWTH


class PyClientPool:
    """Lends clients. They open nothing before they are used, so none is made early."""

    def __init__(self, *args, **kwargs):
        # Never lent: it checks arguments and knows what they come to.
        self._template = PyPoolClient(*args, **kwargs)
        # Changes come later: the ring is that of the first servers.
        self._lending = Lending(functools.partial(PyPoolClient, *args, **kwargs), 4)

    @property
    def servers(self):
        return self._template.servers

    @property
    def comp_threshold(self):
        return self._template.comp_threshold

    def _args(self):
        return self._template._args()

    def __reduce__(self):
        return (self.__class__, self._args())

    def config(self, opt, val):
        if opt == MC_MAX_CLIENTS:
            self._lending.resize(val)
        elif opt == MC_INITIAL_CLIENTS:
            self._lending.resize(max(val, self._lending.size))
        elif opt != MC_MAX_GROWTH:
            self._template.config(opt, val)
            self._lending.change(lambda client: client.config(opt, val))

    def update_servers(self, servers):
        if not self._template.update_servers(servers):
            return False
        self._lending.change(lambda client: client.update_servers(servers))
        return True

    def client(self):
        return Lease(self._lending, None)


class ThreadedClient:
    """A client for any number of threads: each call has one of a pool."""

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
