# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's protocol, spoken by hand: what a client library hides is seen.

A frame is kept as the bytes that it is on the wire, so that two can be compared.
"""

import collections
import contextlib
import socket
import struct

from lib import xdr

REMOTE, QEMU, LXC, KEEPALIVE = 0x20008086, 0x20008087, 0x00068000, 0x6b656570

CALL, REPLY, MESSAGE, STREAM, CALL_WITH_FDS, REPLY_WITH_FDS, STREAM_HOLE = range(7)
OK, ERROR, CONTINUE = range(3)

# The procedures that the cases name.
CONNECT_OPEN, CONNECT_CLOSE = 1, 2
CONNECT_GET_CAPABILITIES = 7
DOMAIN_GET_XML_DESC = 14
AUTH_LIST = 66
GET_LIB_VERSION = 157
CONNECT_GET_DOMAIN_CAPABILITIES = 342
CONNECT_SET_IDENTITY = 419

# libvirt 12.8 ends at 456; room for a later one.
LAST_PROCEDURE = 470

PATIENCE = 60

Header = collections.namedtuple("Header", "length program version procedure type serial status")


def header(frame):
    return Header(*struct.unpack(">7I", frame[:28]))


def payload(frame):
    return frame[28:]


def frame(procedure, args=b"", serial=0, program=REMOTE, version=1, type=CALL, status=OK):
    return struct.pack(">7I", 28 + len(args), program, version, procedure, type, serial,
                       status) + args


class Error:
    """The payload of an error reply."""

    def __init__(self, reply):
        reader = xdr.Reader(payload(reply))
        self.code = reader.u32()
        self.domain = reader.u32()
        self.message = reader.optional()
        self.level = reader.u32()
        self.rest = reader.data


def describe(reply):
    """For people."""
    head = header(reply)
    if head.status == ERROR and head.type == REPLY:
        return f"{head} {vars(Error(reply))}"
    return f"{head} {payload(reply)!r}"


class Closed(Exception):
    """The other side has ended the connection."""


class Wire:
    """One connection.  Descriptors that come with a frame are in .fds."""

    def __init__(self, path):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # With a time-out it would be an error that the socket's queue is full.
        peer.connect(path)
        self.take_over(peer)

    @classmethod
    def of(cls, peer):
        """On a socket that is connected."""
        wire = cls.__new__(cls)
        wire.take_over(peer)
        return wire

    def take_over(self, peer):
        peer.settimeout(PATIENCE)
        self.socket = peer
        self.serial = 0
        self.fds = []

    def close(self):
        self.socket.close()

    def send(self, data, fds=()):
        """Each descriptor goes behind the frame, with a byte of its own."""
        with closing():
            self.socket.sendall(data)
            for fd in fds:
                socket.send_fds(self.socket, [b"\0"], [fd])

    def take(self, size):
        data = b""
        while len(data) < size:
            with closing():
                more = self.socket.recv(size - len(data))
            if not more:
                raise Closed
            data += more
        return data

    def receive(self):
        """The next frame."""
        length = self.take(4)
        data = length + self.take(struct.unpack(">I", length)[0] - 4)
        if header(data).type == REPLY_WITH_FDS:
            for _ in range(xdr.Reader(payload(data)).u32()):
                _, fds, _, _ = socket.recv_fds(self.socket, 1, 1)
                self.fds += fds
        return data

    def call(self, procedure, args=b"", fds=(), **more):
        """Send a call, and wait for its reply; other frames are dropped."""
        self.serial += 1
        self.send(frame(procedure, args, serial=self.serial, **more), fds)
        while True:
            reply = self.receive()
            got = header(reply)
            if got.type in (REPLY, REPLY_WITH_FDS) and got.serial == self.serial:
                return reply

    def open(self, flags=0):
        """What libvirt's own client does before all else, but for asking about
        keepalive, so that there are no pings among the replies."""
        for procedure, args in ((AUTH_LIST, b""),
                                (CONNECT_OPEN, xdr.optional("qemu:///system") + xdr.u32(flags))):
            reply = self.call(procedure, args)
            if header(reply).status != OK:
                raise AssertionError(f"cannot open: {Error(reply).message}")
        return self


@contextlib.contextmanager
def closing():
    try:
        yield
    except (ConnectionResetError, BrokenPipeError):
        raise Closed from None


@contextlib.contextmanager
def connected(path, opened=True, flags=0):
    wire = Wire(path)
    try:
        yield wire.open(flags) if opened else wire
    finally:
        wire.close()
