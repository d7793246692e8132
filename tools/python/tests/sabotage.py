# SPDX-License-Identifier: BSD-3-Clause
"""A container that the garbage collector changes during a call."""

import gc


class Saboteur:
    """Rubbish whose finalizer, run by the garbage collector, clears a container."""

    def __init__(self, container):
        self.me = self
        self.container = container

    def __del__(self):
        self.container.clear()


def sabotaged(container, call):
    """Call while every allocation may start the garbage collector."""
    before = gc.get_threshold()
    gc.collect()
    gc.disable()
    try:
        Saboteur(container)
        gc.set_threshold(1, 10**6, 10**6)
        gc.enable()
        return call(container)
    finally:
        gc.set_threshold(*before)
        gc.enable()
