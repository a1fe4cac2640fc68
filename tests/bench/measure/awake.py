# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processors that do not sleep while they are idle.

To wake one that sleeps costs 15 to 25 microseconds in a virtual machine, twice what a
relay is awake for in a call, and on whom that falls is luck.  The kernel keeps all of
them awake for as long as somebody asks for a latency of 0 (Linux, Documentation/power/
pm_qos_interface.rst)."""

import contextlib
import struct

LATENCY = "/dev/cpu_dma_latency"


@contextlib.contextmanager
def held():
    """Yields whether this kernel lets them be kept awake."""
    try:
        file = open(LATENCY, "wb", buffering=0)
    except OSError:
        yield False
        return
    with file:
        file.write(struct.pack("i", 0))
        yield True
