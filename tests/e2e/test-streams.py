#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is more than a call and its reply: streams, descriptors, keepalive."""

import contextlib
import hashlib
import os
import pathlib
import signal
import socket
import tempfile

import libvirt

from lib import domains, events, expect, hypervisor, rpc, shell, tap, xdr
from lib.streams import received, sent

# More than libvirt sends in one piece, and not a multiple of it.
BLOB = hashlib.shake_256(b"virtspm").digest(3 * 1024 * 1024 + 4711)

SCREEN = ("<video><model type='vga'/></video>"
          "<graphics type='vnc'><listen type='none'/></graphics>")
CONSOLE = "<serial type='pty'><target port='0'/></serial>"


@contextlib.contextmanager
def world():
    """A connection, a pool of files, and a domain with a screen and a console.

    It has no disk: its firmware writes to both and then finds nothing to boot.
    """
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(hypervisor.connected())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        pool = connection.storagePoolCreateXML(
            f"<pool type='dir'><name>p</name><target><path>{folder}</path></target></pool>")
        stack.callback(pool.destroy)
        domain = stack.enter_context(hypervisor.defined(connection, domains.plain(
            "screen", os="<bios useserial='yes'/>", devices=SCREEN + CONSOLE)))
        yield connection, pool, domain


suite = tap.Suite(world)


# ---- streams ----

@suite.case("a volume is uploaded and downloaded as it was")
def _(world):
    connection, pool, _ = world
    volume = pool.createXML(f"<volume><name>v</name><capacity>{len(BLOB)}</capacity></volume>")
    try:
        stream = connection.newStream()
        volume.upload(stream, 0, len(BLOB))
        sent(stream, BLOB)
        stream = connection.newStream()
        volume.download(stream, 0, len(BLOB))
        expect.true(received(stream) == BLOB, "the content is the same")
    finally:
        volume.delete()


@suite.case("holes in a sparse volume stay holes")
def _(world):
    connection, pool, _ = world
    size = 8 * 1024 * 1024
    volume = pool.createXML(f"<volume><name>v</name><capacity>{size}</capacity>"
                            "<allocation>0</allocation></volume>")
    try:
        with open(volume.path(), "r+b") as file:
            file.seek(size - 4096)
            file.write(b"x" * 4096)
        stream = connection.newStream()
        volume.download(stream, 0, size, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
        data, holes = [], []
        stream.sparseRecvAll(lambda _, part, __: data.append(part),
                             lambda _, length, __: holes.append(length), None)
        stream.finish()
        expect.equal(sum(holes) + sum(map(len, data)), size, "bytes in all")
        expect.equal(b"".join(data)[-4096:], b"x" * 4096)
        expect.true(sum(holes) >= size // 2, "most of it is a hole")
    finally:
        volume.delete()


@suite.case("a stream that fails in the middle ends with libvirtd's error")
def _(world):
    connection, pool, _ = world
    if connection.getLibVersion() < 12000000:
        raise tap.Skip("libvirtd 11.3 itself ends with a segmentation fault")
    volume = pool.createXML("<volume><name>v</name><capacity>4096</capacity></volume>")
    try:
        stream = connection.newStream()
        volume.upload(stream, 0, 4096)
        expect.refused(lambda: sent(stream, BLOB))
        # The connection is as good as before.
        expect.equal(connection.storagePoolLookupByName("p").name(), "p")
    finally:
        volume.delete()


@suite.case("a stream that the client gives up leaves the connection usable")
def _(world):
    connection, pool, _ = world
    volume = pool.createXML(f"<volume><name>v</name><capacity>{len(BLOB)}</capacity></volume>")
    try:
        stream = connection.newStream()
        volume.download(stream, 0, 0)
        expect.true(stream.recv(65536), "it has begun")
        stream.abort()
        expect.equal(pool.listVolumes(), ["v"])
    finally:
        volume.delete()


@suite.case("the console says what the firmware says")
def _(world):
    connection, _, domain = world
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    try:
        stream = connection.newStream()
        domain.openConsole(None, stream, 0)
        domain.resume()
        heard = b""
        while b"SeaBIOS" not in heard:
            heard += stream.recv(1024)
        stream.abort()
    finally:
        domain.destroy()


@suite.case("a screenshot is a picture")
def _(world):
    connection, _, domain = world
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    try:
        stream = connection.newStream()
        kind = domain.screenshot(stream, 0)
        picture = received(stream)
        magic = {"image/png": b"\x89PNG", "image/x-portable-pixmap": b"P6"}[kind]
        expect.equal(picture[:len(magic)], magic)
        expect.true(len(picture) > 100, "it has a content")
    finally:
        domain.destroy()


# ---- descriptors ----

@suite.case("a descriptor comes from libvirtd: openGraphicsFD")
def _(world):
    _, _, domain = world
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    try:
        with socket.socket(fileno=domain.openGraphicsFD(0)) as screen:
            expect.equal(screen.recv(12), b"RFB 003.008\n")
    finally:
        domain.destroy()


@suite.case("a descriptor goes to libvirtd: openGraphics")
def _(world):
    _, _, domain = world
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    try:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                domain.openGraphics(0, theirs.fileno())
            expect.equal(ours.recv(12), b"RFB 003.008\n")
    finally:
        domain.destroy()


@suite.case("several descriptors go with one call: a disk by FDAssociate")
def _(world):
    connection, _, _ = world
    with tempfile.TemporaryDirectory() as folder:
        image = pathlib.Path(folder) / "disk.raw"
        image.write_bytes(bytes(1024 * 1024))
        disk = (f"<disk type='file'><source file='{image}' fdgroup='g'/>"
                "<target dev='vda' bus='virtio'/></disk>")
        document = domains.plain("by-fd", devices=disk).replace("type='file'>", "type='file'>"
                                                                "<driver name='qemu' type='raw'/>")
        with hypervisor.defined(connection, document) as domain:
            expect.refused(domain.create, "g")
            readable, writable = (os.open(image, mode) for mode in (os.O_RDONLY, os.O_RDWR))
            domain.FDAssociate("g", [readable, writable], 0)
            os.close(readable)
            os.close(writable)
            domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
            expect.true(domain.isActive(), "it runs on the descriptors")


# ---- keepalive ----

@suite.case("pings pass both ways")
def _(_):
    ping, pong = (rpc.frame(number, program=rpc.KEEPALIVE, type=rpc.MESSAGE) for number in (1, 2))
    with rpc.connected(hypervisor.VIRTSPM_SOCKET) as wire:
        wire.send(ping)
        expect.equal(wire.receive(), pong)
        # Once asked about it, libvirtd pings by itself every five seconds.
        wire.call(60, xdr.u32(10))
        expect.equal(wire.receive(), ping)


@suite.case("a libvirtd that hangs is noticed by its clients, as without virtspmd")
def _(_):
    with hypervisor.connected() as connection:
        watch = events.Watch(connection)
        connection.setKeepAlive(1, 2)
        pid = hypervisor.ctl("pid", "libvirtd")
        os.kill(pid, signal.SIGSTOP)
        try:
            expect.equal(watch.wait("closed").detail,
                         libvirt.VIR_CONNECT_CLOSE_REASON_KEEPALIVE)
        finally:
            os.kill(pid, signal.SIGCONT)
    shell.works(*shell.virsh("list"))


@suite.case("a client that goes in the middle of a stream leaves nothing open behind")
def _(world):
    _, pool, _ = world
    volume = pool.createXML(f"<volume><name>v</name><capacity>{len(BLOB)}</capacity></volume>")
    try:
        descriptors = pathlib.Path(f"/proc/{hypervisor.ctl('pid', 'virtspmd')}/fd")
        before = len(list(descriptors.iterdir()))
        key = xdr.string("p") + xdr.string("v") + xdr.string(volume.key())
        with rpc.connected(hypervisor.VIRTSPM_SOCKET) as wire:
            wire.call(209, key + xdr.u64(0) + xdr.u64(0) + xdr.u32(0))
            expect.equal(rpc.header(wire.receive()).type, rpc.STREAM)
        # Which it has noticed when it has ended its connection to libvirtd.
        with hypervisor.connected() as connection:
            while len(list(descriptors.iterdir())) > before + 2:
                connection.getLibVersion()
    finally:
        volume.delete()


suite.main()
