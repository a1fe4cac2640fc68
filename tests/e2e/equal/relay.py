# SPDX-License-Identifier: LGPL-2.1-or-later
"""A relay to libvirtd that changes what passes, to see that the comparison notices.

    with relay.running(change) as side:
        suite.both(scenario, sides=[straight, side])

`change` gets each frame that libvirtd sends, with its header, and returns the frames
that the client gets instead.  Descriptors do not pass.
"""

import contextlib
import pathlib
import tempfile

from equal import seen
from lib import hypervisor, relay


@contextlib.contextmanager
def running(change):
    """A side of the comparison."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "sock")
        with relay.running(path, hypervisor.LIBVIRT_SOCKET, answered=change):
            yield seen.Side("relay", path)
