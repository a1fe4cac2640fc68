# SPDX-License-Identifier: LGPL-2.1-or-later
"""A relay of libvirt's protocol that sees what passes, and may change it.

Descriptors do not pass.
"""

import contextlib
import pathlib
import socket
import threading

from lib import rpc


def unchanged(_header, frame):
    return [frame]


@contextlib.contextmanager
def running(path, to, called=unchanged, answered=unchanged):
    """From the one path to the other.

    `called` gets each frame of a client, `answered` each of the server, with its header, and
    returns the frames that pass instead."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=accept, args=(listener, to, called, answered), daemon=True).start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            pathlib.Path(path).unlink()


def accept(listener, to, called, answered):
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            client, server = rpc.Wire.of(client), rpc.Wire(str(to))
            for ends in (client, server, called), (server, client, answered):
                ends[0].socket.settimeout(None)
                threading.Thread(target=pass_on, args=ends, daemon=True).start()


def pass_on(source, sink, change):
    """Until either ends, which ends both."""
    with contextlib.suppress(OSError, rpc.Closed):
        while True:
            frame = source.receive()
            for changed in change(rpc.header(frame), frame):
                sink.send(changed)
    for end in source, sink:
        with contextlib.suppress(OSError):
            end.socket.shutdown(socket.SHUT_RDWR)
