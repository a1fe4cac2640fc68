#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams and descriptors: the same bytes, holes, errors and ends through virtspmd as
straight."""

import hashlib
import os
import socket
import threading

import libvirt
import libvirt_qemu

import equal
from equal import bound, documents
from lib import events, expect, shell, tap  # noqa: F401: there is an event loop
from lib.streams import received, sent, sent_until_refused

MIB = 1 << 20

# More than libvirt sends in one piece, and not a multiple of it.
BLOB = hashlib.shake_256(b"virtspm").digest(3 * MIB + 4711)

SCREEN = ("<video><model type='vga'/></video>"
          "<graphics type='vnc'><listen type='none'/></graphics>")
CONSOLE = "<serial type='pty'><target port='0'/></serial>"
MENU = "<bootmenu enable='yes' timeout='60000'/><bios useserial='yes'/>"

suite = equal.Suite()


def volume(seen, connection, capacity=len(BLOB), **more):
    pool = documents.pool(seen, connection)
    return seen.does(pool.createXML, documents.volume(capacity=capacity, **more))


# ---- volumes ----

@suite.scenario("a volume is uploaded and downloaded, in whole and in part")
def _(seen):
    connection = seen.connect()
    vol = volume(seen, connection)
    for data, offset, length in ((BLOB, 0, len(BLOB)), (BLOB[:100], 262120, 100),
                                 (b"", 0, 0), (b"x", len(BLOB) - 1, 1)):
        stream = connection.newStream()
        seen.does(vol.upload, stream, offset, length)
        seen.does(sent, stream, data)
    seen.note("the file", (seen.folder / "pool/v").read_bytes())
    for offset, length in ((0, 0), (0, len(BLOB)), (1000, 262120), (len(BLOB) - 1, 1),
                           (len(BLOB), 0), (0, 1)):
        stream = connection.newStream()
        seen.does(vol.download, stream, offset, length)
        seen.does(received, stream)
    for offset, length in ((1 << 62, 1), (len(BLOB) * 2, 10)):
        stream = connection.newStream()
        if seen.tries(vol.download, stream, offset, length) is not None:
            seen.tries(received, stream)


@suite.scenario("a stream is read in pieces of the reader's choice")
def _(seen):
    connection = seen.connect()
    vol = volume(seen, connection)
    stream = connection.newStream()
    vol.upload(stream, 0, len(BLOB))
    sent(stream, BLOB)
    for size in (1, 1000, 65536, 262120, 262121, 1 << 22):
        stream = connection.newStream()
        seen.does(vol.download, stream, 0, len(BLOB) if size > 1 else 100)
        parts = []
        while part := stream.recv(size):
            parts.append(part)
        seen.does(stream.finish)
        seen.note(f"in pieces of {size}", b"".join(parts))


@suite.scenario("holes stay holes, downloaded and uploaded")
def _(seen):
    connection = seen.connect()
    vol = volume(seen, connection, 8 * MIB, allocation=0)
    with open(vol.path(), "r+b") as file:
        for at in (2 * MIB, 5 * MIB, 8 * MIB - 4096):
            file.seek(at)
            file.write(b"x" * 4096)
    stream = connection.newStream()
    seen.does(vol.download, stream, 0, 8 * MIB, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
    pieces = []
    stream.sparseRecvAll(lambda _, part, __: pieces.append(part),
                         lambda _, length, __: pieces.append(length), None)
    seen.does(stream.finish)
    seen.note("pieces", merged(pieces))

    # And back, into another.
    other = seen.does(connection.storagePoolLookupByName("p").createXML,
                      documents.volume("w", 8 * MIB, allocation=0))
    stream = connection.newStream()
    seen.does(other.upload, stream, 0, 8 * MIB, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
    for piece in pieces:
        if isinstance(piece, int):
            seen.does(stream.sendHole, piece)
        else:
            rest = piece
            while rest:
                rest = rest[stream.send(rest):]
    seen.does(stream.finish)
    with open(other.path(), "rb") as file:
        seen.note("the file", file.read())
        seen.note("it begins with a hole of", os.lseek(file.fileno(), 0, os.SEEK_DATA))


def merged(pieces):
    """Where the data is cut in packets is the server's choice; holes are not."""
    said = []
    for piece in pieces:
        if isinstance(piece, bytes) and said and isinstance(said[-1], bytes):
            said[-1] += piece
        else:
            said.append(piece)
    return said


@suite.scenario("several streams at once on one connection")
def _(seen):
    connection = seen.connect()
    vol = volume(seen, connection)
    stream = connection.newStream()
    vol.upload(stream, 0, len(BLOB))
    sent(stream, BLOB)
    streams = [connection.newStream() for _ in range(4)]
    for number, each in enumerate(streams):
        seen.does(vol.download, each, number * 1000, 2 * MIB)
    parts = [b""] * len(streams)
    open_ = list(range(len(streams)))
    while open_:
        for number in list(open_):
            part = streams[number].recv(50000)
            parts[number] += part
            if not part:
                open_.remove(number)
        # Other calls pass between.
        connection.getLibVersion()
    for each in streams:
        seen.does(each.finish)
    seen.note("contents", parts)


# ---- ends that come early ----

@suite.scenario("the client gives up a download and an upload")
def _(seen):
    connection = seen.connect()
    vol = volume(seen, connection)
    for begin, go_on in ((vol.download, lambda stream: stream.recv(1000)),
                         (vol.upload, lambda stream: stream.send(b"x" * 1000))):
        stream = connection.newStream()
        seen.does(begin, stream, 0, 0)
        go_on(stream)
        seen.does(stream.abort)
        seen.tries(stream.finish)
        seen.tries(stream.recv, 10)
    seen.does(connection.getLibVersion)


@suite.scenario("a download is finished before its end")
def _(seen):
    connection = seen.connect()
    vol = volume(seen, connection)
    stream = connection.newStream()
    seen.does(vol.download, stream, 0, 0)
    stream.recv(1000)
    seen.tries(stream.finish)
    seen.does(connection.getLibVersion)


@suite.scenario("more is sent than was said")
def _(seen):
    connection = seen.connect()
    without_crash(connection)
    vol = volume(seen, connection, 4096)
    stream = connection.newStream()
    seen.does(vol.upload, stream, 0, 4096)
    seen.named("sendAll", sent, stream, BLOB)
    seen.does(connection.getLibVersion)


@suite.scenario("the disk is full in the middle of an upload")
def _(seen):
    connection = seen.connect()
    without_crash(connection)
    (seen.folder / "pool").mkdir()
    shell.works("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", seen.folder / "pool")
    seen.held.callback(shell.works, "umount", "-l", seen.folder / "pool")
    vol = volume(seen, connection, len(BLOB), allocation=0)
    stream = connection.newStream()
    seen.does(vol.upload, stream, 0, 0)
    seen.named("send", sent_until_refused, stream)
    seen.does(connection.getLibVersion)


def without_crash(connection):
    if connection.getLibVersion() < 12000000:
        raise tap.Skip("libvirtd 11.3 itself ends with a segmentation fault")


@suite.scenario("streams of what there is not")
def _(seen):
    connection = seen.connect()
    vol = volume(seen, connection, 4096)
    domain = seen.does(connection.defineXML, documents.domain())
    calls = (
        (domain.openConsole, None), (domain.openConsole, "serial7"), (domain.openChannel, "none"),
        (domain.screenshot,))
    for call, *names in calls:
        stream = connection.newStream()
        seen.tries(call, *names, stream, 0)
        seen.tries(stream.recv, 10)
        seen.tries(stream.abort)
    seen.does(vol.delete)
    for call in (vol.download, vol.upload):
        stream = connection.newStream()
        seen.tries(call, stream, 0, 0)


# ---- domains ----

def started(seen, connection, **more):
    domain = seen.does(connection.createXML, documents.domain("screen", **more),
                       libvirt.VIR_DOMAIN_START_PAUSED)
    return domain


@suite.scenario("a console, both ways: the firmware's menu is asked for and comes")
def _(seen):
    connection = seen.connect()
    domain = started(seen, connection, os=MENU, devices=CONSOLE)
    stream = connection.newStream()
    seen.does(domain.openConsole, None, stream, 0)
    # A second reader may take its place only by force.
    other = connection.newStream()
    seen.tries(domain.openConsole, None, other, 0)
    seen.tries(domain.openConsole, None, other, libvirt.VIR_DOMAIN_CONSOLE_SAFE)
    seen.does(domain.resume)
    seen.note("heard", heard(stream, b"Press ESC for boot menu."))
    stream.send(b"\x1b")
    seen.note("heard after a key", heard(stream, b"Select boot device:"))
    seen.does(stream.abort)


def heard(stream, words):
    """All up to these words."""
    said = b""
    while words not in said:
        part = stream.recv(1)
        if not part:
            raise AssertionError(f"the stream ended after {said!r}")
        said += part
    return said.decode(errors="replace")


@suite.scenario("a console whose domain ends")
def _(seen):
    connection = seen.connect()
    domain = started(seen, connection, devices=CONSOLE)
    stream = connection.newStream()
    seen.does(domain.openConsole, None, stream, 0)
    seen.does(domain.destroy)
    seen.tries(stream.recv, 100)
    seen.tries(stream.finish)


@suite.scenario("a screenshot")
def _(seen):
    connection = seen.connect()
    domain = started(seen, connection, devices=SCREEN)
    stream = connection.newStream()
    seen.does(domain.screenshot, stream, 0)
    seen.does(received, stream)
    seen.tries(domain.screenshot, connection.newStream(), 7)


@suite.scenario("stream callbacks in an event loop are those that data and its end bring")
def _(seen):
    connection = seen.connect()
    vol = volume(seen, connection, 4096)
    stream = connection.newStream()
    seen.does(vol.upload, stream, 0, 4096)
    seen.does(sent, stream, b"y" * 4096)
    stream = connection.newStream(libvirt.VIR_STREAM_NONBLOCK)
    seen.does(vol.download, stream, 0, 0)
    got, over = [], threading.Event()

    def readable(_, events, __):
        while True:
            part = stream.recv(1000)
            if part == -2:      # not yet
                return
            got.append(part)
            if not part:
                stream.eventRemoveCallback()
                over.set()
                return
    seen.does(stream.eventAddCallback, libvirt.VIR_STREAM_EVENT_READABLE, readable, None)
    expect.true(over.wait(tap.PATIENCE), "the end came")
    seen.does(stream.finish)
    seen.note("content", b"".join(got))


# ---- descriptors ----

@suite.scenario("descriptors of a screen, from libvirtd and to it", (
        bound.rule("the number of this process's descriptor", r"fd \d+ must", "fd N must"),))
def _(seen):
    connection = seen.connect()
    domain = started(seen, connection, devices=SCREEN)
    with socket.socket(fileno=domain.openGraphicsFD(0)) as screen:
        seen.note("its greeting", screen.recv(12))
        screen.sendall(b"RFB 003.008\n")
        seen.note("what it offers", screen.recv(2))
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            seen.named("openGraphics", domain.openGraphics, 0, theirs.fileno())
        seen.note("its greeting", ours.recv(12))
    seen.tries(domain.openGraphicsFD, 7)
    seen.tries(domain.openGraphicsFD, 0, 1 << 31)
    with open("/dev/null", "rb") as file:
        seen.named("openGraphics of a file", domain.openGraphics, 0, file.fileno())


@suite.scenario("a disk on descriptors that are handed over")
def _(seen):
    connection = seen.connect()
    image = seen.folder / "vda.raw"
    image.write_bytes(bytes(MIB))
    disk = documents.disk(kind="raw").replace("<source ", "<source fdgroup='g' ")
    domain = seen.does(connection.defineXML, documents.domain(devices=disk))
    seen.tries(domain.create)
    descriptors = [os.open(image, mode) for mode in (os.O_RDONLY, os.O_RDWR)]
    seen.named("FDAssociate", domain.FDAssociate, "g", descriptors, 0)
    seen.named("FDAssociate with a wrong flag", domain.FDAssociate, "g", descriptors, 1 << 31)
    seen.tries(domain.FDAssociate, "g", [], 0)
    seen.named("FDAssociate of 32", domain.FDAssociate, "many", descriptors * 16, 0)
    seen.named("FDAssociate of 33", domain.FDAssociate, "many", [*descriptors * 16, descriptors[0]],
               0)
    for each in descriptors:
        os.close(each)
    seen.does(domain.createWithFlags, libvirt.VIR_DOMAIN_START_PAUSED)
    seen.tries(domain.blockInfo, "vda")
    seen.does(domain.destroy)


@suite.scenario("a domain is started with files, which QEMU's driver does not have")
def _(seen):
    connection = seen.connect()
    domain = seen.does(connection.defineXML, documents.domain())
    with open("/dev/null", "rb") as file:
        seen.named("createWithFiles", domain.createWithFiles, [file.fileno()], 0)
        seen.named("createXMLWithFiles", connection.createXMLWithFiles, documents.domain("x", 2),
                   [file.fileno()], 0)
    seen.tries(domain.createWithFiles, [], 0)


@suite.scenario("a command to QEMU's monitor, with files and without")
def _(seen):
    connection = seen.connect()
    domain = started(seen, connection)
    with open("/dev/null", "rb") as file:
        answer = libvirt_qemu.qemuMonitorCommandWithFiles(
            domain, '{"execute":"add-fd","arguments":{"fdset-id":77}}', [file.fileno()], 0)
        seen.note("files in the answer", len(answer[1]))
        seen.note("it was taken", '"fdset-id":77' in answer[0])
    answer = libvirt_qemu.qemuMonitorCommandWithFiles(domain, '{"execute":"query-fdsets"}', [], 0)
    seen.note("the set is there", '"fdset-id":77' in answer[0])
    seen.named("nonsense", libvirt_qemu.qemuMonitorCommandWithFiles, domain, "nonsense", [], 0)


suite.main()
