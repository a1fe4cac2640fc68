# SPDX-License-Identifier: LGPL-2.1-or-later
"""A relay to libvirtd that changes what passes, to see that the comparison notices.

    with relay.running(change) as side:
        suite.both(scenario, sides=[straight, side])

`change` gets each frame that libvirtd sends, with its header, and returns the frames
that the client gets instead.  Descriptors do not pass.
"""

import contextlib
import pathlib
import socket
import tempfile
import threading

from equal import seen
from lib import hypervisor, rpc


@contextlib.contextmanager
def running(change):
    """A side of the comparison."""
    with tempfile.TemporaryDirectory() as folder, \
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        path = str(pathlib.Path(folder) / "sock")
        listener.bind(path)
        listener.listen()
        threading.Thread(target=accept, args=(listener, change), daemon=True).start()
        try:
            yield seen.Side("relay", path)
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def accept(listener, change):
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = rpc.Wire(hypervisor.LIBVIRT_SOCKET)
            server.socket.settimeout(None)
            threading.Thread(target=to_server, args=(client, server), daemon=True).start()
            threading.Thread(target=to_client, args=(client, server, change), daemon=True).start()


def to_server(client, server):
    with contextlib.suppress(OSError):
        while data := client.recv(65536):
            server.socket.sendall(data)
    with contextlib.suppress(OSError):
        server.socket.shutdown(socket.SHUT_RDWR)


def to_client(client, server, change):
    with client, server.socket, contextlib.suppress(OSError, rpc.Closed):
        while True:
            frame = server.receive()
            for changed in change(rpc.header(frame), frame):
                client.sendall(changed)
