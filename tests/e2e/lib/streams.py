# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a stream is given, and what comes on one."""

PIECE = bytes(256 * 1024)


def received(stream):
    """All that comes on a stream."""
    parts = []
    stream.recvAll(lambda _, data, parts: parts.append(data), parts)
    stream.finish()
    return b"".join(parts)


def sender(data):
    """A source for sendAll."""
    rest = [data]

    def more(_, size, __):
        part, rest[0] = rest[0][:size], rest[0][size:]
        return part
    return more


def sent(stream, data):
    stream.sendAll(sender(data), None)
    stream.finish()


def sent_until_refused(stream, most=2 << 30):
    """Sends on and on; the error that ends it is the caller's to see.

    For disks that get full. libvirtd (12.8 was looked at) takes what comes and writes it
    in a thread of its own, and may be asked for the stream's end before the thread has
    tried. Then it says that all is well. So no certain amount is enough.
    """
    for _ in range(most // len(PIECE)):
        stream.send(PIECE)
    stream.finish()
