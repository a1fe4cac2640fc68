#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The comparison sees what a proxy does wrong: a flipped byte, an event that is lost
or late, another error, a stream that is not whole."""

import equal
from equal import documents, relay, seen, watch
from equal.suite import Differs, both
from lib import rpc
from lib.streams import received

suite = equal.Suite()

LIFECYCLE_EVENT = 318
VOLUME_DOWNLOAD = 209


def scenario(seen_):
    """A little of everything that passes a proxy."""
    connection = seen_.connect()
    seen_.does(connection.getLibVersion)
    happened = watch.Watch(seen_, connection, old=False)
    domain = seen_.does(connection.defineXML, documents.domain())
    seen_.does(domain.XMLDesc)
    seen_.does(domain.undefine)
    seen_.tries(domain.XMLDesc)
    happened.drain()
    volume = seen_.does(documents.pool(seen_, connection).createXML,
                        documents.volume(capacity=600000))
    stream = seen_.does(connection.newStream)
    seen_.does(volume.download, stream, 0, 0)
    seen_.does(received, stream)


def notices(change):
    """The scenario is seen to differ behind a relay that changes what passes."""
    with relay.running(change) as side:
        try:
            both(scenario, sides=[seen.SIDES["straight"], side])
        except Differs:
            return
    raise AssertionError("the difference was not noticed")


def flipped(frame, offset):
    return frame[:offset] + bytes([frame[offset] ^ 1]) + frame[offset + 1:]


class Once:
    """Change the first frame of a kind."""

    def __init__(self, procedure, type, what):
        self.procedure, self.type, self.what, self.done = procedure, type, what, False

    def __call__(self, header, frame):
        if self.done or (header.procedure, header.type) != (self.procedure, self.type) or \
                header.length < 64:
            return [frame]
        self.done = True
        return self.what(frame)


@suite.case("a relay that changes nothing makes no difference", vital=True)
def _(_):
    with relay.running(lambda _, frame: [frame]) as side:
        both(scenario, sides=[seen.SIDES["straight"], side])


@suite.case("a flipped byte of a reply is noticed")
def _(_):
    notices(Once(rpc.DOMAIN_GET_XML_DESC, rpc.REPLY, lambda frame: [flipped(frame, 60)]))


@suite.case("a flipped byte at the end of a reply is noticed")
def _(_):
    # What follows the text of the document is padding at most.
    notices(Once(rpc.DOMAIN_GET_XML_DESC, rpc.REPLY,
                 lambda frame: [flipped(frame, frame.rindex(b"</domain>") + 9)]))


@suite.case("another code of an error is noticed")
def _(_):
    def change(header, frame):
        wrong = header.procedure == rpc.DOMAIN_GET_XML_DESC and header.status == rpc.ERROR
        return [flipped(frame, 31) if wrong else frame]
    notices(change)


@suite.case("another level of an error is noticed")
def _(_):
    def change(header, frame):
        if header.procedure != rpc.DOMAIN_GET_XML_DESC or header.status != rpc.ERROR:
            return [frame]
        message = rpc.Error(frame).message.encode()
        level = frame.index(message) + len(message) + -len(message) % 4 + 3
        return [flipped(frame, level)]
    notices(change)


@suite.case("an event that is lost is noticed")
def _(_):
    notices(Once(LIFECYCLE_EVENT, rpc.MESSAGE, lambda _: []))


@suite.case("an event that comes twice is noticed")
def _(_):
    notices(Once(LIFECYCLE_EVENT, rpc.MESSAGE, lambda frame: [frame, frame]))


@suite.case("events in another order are noticed")
def _(_):
    held = []

    def change(header, frame):
        if (header.procedure, header.type) != (LIFECYCLE_EVENT, rpc.MESSAGE):
            return [frame]
        if not held:
            held.append(frame)
            return []
        swapped, held[0] = [frame, held[0]], b""
        return [each for each in swapped if each]
    notices(change)


@suite.case("a flipped byte of a stream is noticed")
def _(_):
    notices(Once(VOLUME_DOWNLOAD, rpc.STREAM, lambda frame: [flipped(frame, 64)]))


@suite.case("a piece of a stream that is lost is noticed")
def _(_):
    notices(Once(VOLUME_DOWNLOAD, rpc.STREAM, lambda _: []))


suite.main()
