# SPDX-License-Identifier: LGPL-2.1-or-later
"""A libvirtd that is played: it opens connections, and then does as it is told."""

import contextlib
import socket
import struct
import threading

from lib import rpc, xdr


def reply(call, payload=b"", type=rpc.REPLY, status=rpc.OK):
    """To this call."""
    head = rpc.header(call)
    return rpc.frame(head.procedure, payload, head.serial, head.program, head.version, type, status)


def receive(peer):
    """The next frame, or None at the end."""
    data = b""
    while len(data) < 4 or len(data) < struct.unpack(">I", data[:4])[0]:
        wanted = (struct.unpack(">I", data[:4])[0] if len(data) >= 4 else 4) - len(data)
        more = peer.recv(wanted)
        if not more:
            return None
        data += more
    return data


# What a client gets to the calls that open a connection; all else gets nothing.
OPENING = {rpc.AUTH_LIST: xdr.u32(1, 0), rpc.CONNECT_OPEN: b"", rpc.CONNECT_SET_IDENTITY: b"",
           rpc.GET_LIB_VERSION: xdr.u64(12008000)}


def default(peer, call):
    if rpc.header(call).procedure in OPENING:
        peer.sendall(reply(call, OPENING[rpc.header(call).procedure]))


@contextlib.contextmanager
def libvirtd(path, answer=lambda peer, call: None):
    """Listens on the path. answer(peer, call) may answer a call itself, which it says
    with True; it may close the peer."""
    def serve(peer):
        with peer, contextlib.suppress(OSError):
            while (call := receive(peer)) is not None:
                if not answer(peer, call):
                    default(peer, call)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listening.accept()
                threading.Thread(target=serve, args=(peer,), daemon=True).start()

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen(4096)
        threading.Thread(target=accept, daemon=True).start()
        yield
        listening.shutdown(socket.SHUT_RDWR)
