# SPDX-License-Identifier: LGPL-2.1-or-later
"""XDR (RFC 4506), as far as libvirt's protocol uses it."""

import struct
import uuid


def u32(*values):
    return struct.pack(f">{len(values)}I", *(value & 0xffffffff for value in values))


def u64(value):
    return struct.pack(">Q", value)


def opaque(data):
    return u32(len(data)) + data + bytes(-len(data) % 4)


def string(text):
    return opaque(text.encode())


def optional(text):
    return u32(0) if text is None else u32(1) + string(text)


def named(name, number):
    """A network, pool or secret: a name and a UUID, given as text."""
    return string(name) + uuid.UUID(number).bytes


def domain(name, number, id=-1):
    return named(name, number) + u32(id)


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        taken, self.data = self.data[:size], self.data[size:]
        if len(taken) != size:
            raise ValueError(f"{size - len(taken)} bytes are missing")
        return taken

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    def string(self):
        size = self.u32()
        text = self.take(size)
        self.take(-size % 4)
        return text.decode()

    def optional(self):
        return self.string() if self.u32() else None
