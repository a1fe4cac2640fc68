#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that misbehave, and resources that run out."""

import contextlib
import os
import pathlib
import resource
import socket
import subprocess
import tempfile

import libvirt

from lib import daemon, domains, expect, hypervisor, played, rpc, shell, streams, tap, xdr

MIB = 1024 * 1024


class Process:
    """What a virtspmd holds."""

    def __init__(self, pid=None):
        self.pid = pid or hypervisor.ctl("pid", "virtspmd")
        self.path = pathlib.Path(f"/proc/{self.pid}")

    def descriptors(self):
        return len(list((self.path / "fd").iterdir()))

    def memory(self):
        return int((self.path / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@contextlib.contextmanager
def world():
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder)


suite = tap.Suite(world)


def version(client):
    expect.equal(rpc.header(client.call(rpc.GET_LIB_VERSION)).status, rpc.OK, "the reply")


# ---- clients ----

@suite.case("a client that sends a byte at a time is served, and so is everybody between two bytes")
def _(_):
    with rpc.connected(hypervisor.VIRTSPM_SOCKET) as slow, \
            rpc.connected(hypervisor.VIRTSPM_SOCKET) as other:
        for byte in rpc.frame(rpc.GET_LIB_VERSION, serial=9):
            slow.send(bytes([byte]))
            version(other)
        head = rpc.header(slow.receive())
        expect.equal((head.serial, head.status), (9, rpc.OK), "the reply")


@suite.case("a download that nobody reads stays in libvirtd, not in virtspmd")
def _(folder):
    size = 256 * MIB
    with hypervisor.connected() as connection, contextlib.ExitStack() as stack:
        pool = connection.storagePoolCreateXML(
            f"<pool type='dir'><name>faults</name><target><path>{folder}</path></target></pool>")
        stack.callback(pool.destroy)
        volume = pool.createXML(
            f"<volume><name>v</name><capacity>{size}</capacity><allocation>0</allocation></volume>")
        stack.callback(volume.delete)
        process = Process()
        before = process.memory()
        for _ in range(4):
            client = stack.enter_context(rpc.connected(hypervisor.VIRTSPM_SOCKET))
            key = volume.path()
            client.call(209, xdr.string("faults") + xdr.string("v") + xdr.string(key) +
                        b"\0" * 16 + xdr.u32(0))
            # And calls without end, as many as the sockets on the way take.
            client.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    client.socket.send(rpc.frame(7))
        for _ in range(20):
            connection.getCapabilities()
        grown = process.memory() - before
        tap.comment(f"{grown // 1024} KiB for four clients that do not read")
        # Of each what may wait in a queue (1 MiB), what is read beside it, and slack.
        expect.true(hypervisor.sanitized("virtspmd") or grown < 4 * 4 * MIB,
                    f"virtspmd has grown by {grown} bytes")


HALF = rpc.frame(rpc.AUTH_LIST)[:20]
CROWD = 5000


@suite.case("5,000 clients that send half a frame each cost descriptors, and give them back")
def _(folder):
    resource.setrlimit(resource.RLIMIT_NOFILE, (3 * CROWD, 3 * CROWD))
    with played.libvirtd(folder / "played"), contextlib.ExitStack() as stack, \
            daemon.running(folder / "sock", [folder / "played"],
                           settings=f"max-clients={2 * CROWD}\nhandshake-timeout=0") as instance, \
            rpc.connected(str(instance.listen)) as other:
        process = Process(instance.process.pid)
        before, memory = process.descriptors(), process.memory()
        crowd = [stack.enter_context(rpc.connected(str(instance.listen), opened=False))
                 for _ in range(CROWD)]
        for client in crowd:
            client.send(HALF)
        # Threads connect them to libvirtd, while others are served.
        for _ in range(2 * CROWD):
            version(other)
            if process.descriptors() == before + 2 * CROWD:
                break
        expect.equal(process.descriptors(), before + 2 * CROWD, "descriptors of the crowd")
        tap.comment(f"{(process.memory() - memory) // CROWD} bytes for each")
        for client in crowd[1:]:
            client.close()
        # The one that is left goes on with its frame.
        crowd[0].send(rpc.frame(rpc.AUTH_LIST)[20:])
        expect.equal(rpc.header(crowd[0].receive()).status, rpc.OK)
        crowd[0].close()
        for _ in range(1000):
            version(other)
            if process.descriptors() <= before:
                break
        expect.equal(process.descriptors(), before, "descriptors")


@suite.case("32 descriptors where none is due are closed, not kept, and the call is answered")
def _(folder):
    # Nobody else comes or goes there.
    with daemon.running(folder / "sock") as instance, \
            rpc.connected(str(instance.listen)) as client, open("/dev/null") as null:
        process = Process(instance.process.pid)
        version(client)
        before = process.descriptors()
        fds = [null.fileno()] * 32
        for _ in range(100):
            # With the frame itself, where libvirt's protocol has none.
            socket.send_fds(client.socket, [rpc.frame(rpc.GET_LIB_VERSION, serial=9)], fds)
            expect.equal(rpc.header(client.receive()).serial, 9, "the reply")
            # In their place, for a procedure that takes none.
            client.send(rpc.frame(rpc.GET_LIB_VERSION, xdr.u32(32), serial=10,
                                  type=rpc.CALL_WITH_FDS), fds)
            expect.equal(rpc.header(client.receive()).serial, 10, "the reply")
        version(client)
        expect.equal(process.descriptors(), before, "descriptors")


# ---- descriptors run out ----

LIMIT = 64


@suite.case("out of descriptors, clients are served as before, new ones wait, and come in later")
def _(folder):
    with contextlib.ExitStack() as stack:
        instance = stack.enter_context(daemon.running(folder / "sock"))
        process = Process(instance.process.pid)
        spm = stack.enter_context(hypervisor.connected(instance.uri))
        subprocess.run(["prlimit", f"--pid={process.pid}", f"--nofile={LIMIT}:{LIMIT}"], check=True)
        crowd = []
        while process.descriptors() < LIMIT - 2 and len(crowd) < LIMIT:
            crowd.append(stack.enter_context(rpc.connected(str(instance.listen))))
        # These find nothing to be accepted with.
        waiting = [stack.enter_context(rpc.connected(str(instance.listen), opened=False))
                   for _ in range(8)]
        for client in waiting:
            client.send(rpc.frame(rpc.AUTH_LIST, serial=9))
        for client in crowd:
            version(client)
        # Also what needs more than a relay: an emulator is asked.
        with contextlib.suppress(libvirt.libvirtError):
            spm.defineXML(domains.spm("exhausted"))
        expect.equal(instance.process.poll(), None, "virtspmd's end")
        for client in crowd:
            client.close()
        for client in waiting:
            expect.equal(rpc.header(client.receive()).serial, 9, "the reply")
        domain = spm.defineXML(domains.spm("exhausted"))
        hypervisor.remove(domain.UUIDString())


# ---- a full disk ----

@contextlib.contextmanager
def full(path):
    """A file system at path, with what is there now, and no room for more."""
    with tempfile.TemporaryDirectory() as copy:
        subprocess.run(["cp", "-a", f"{path}/.", copy], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "full", path], check=True)
        try:
            subprocess.run(["cp", "-a", f"{copy}/.", path], check=True)
            with open(path / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
                while filler.write(bytes(1024)):
                    pass
            yield
        finally:
            subprocess.run(["umount", "--lazy", path], check=True)


def words(error):
    return (error.get_error_code(), error.get_error_domain(), error.get_error_message())


@suite.case("a disk that is full under a definition: libvirt's own error, and the connection goes on")
def _(_):
    with hypervisor.connected() as through, hypervisor.connected(hypervisor.LIBVIRT_URI) as straight:
        with full(pathlib.Path("/etc/libvirt/qemu")):
            wanted = words(expect.refused(lambda: straight.defineXML(domains.plain("full"))))
            got = words(expect.refused(lambda: through.defineXML(domains.plain("full"))))
            expect.equal(got, wanted, "the error")
            expect.refused(lambda: through.defineXML(domains.spm("full")), wanted[2][:24],
                           code=wanted[0])
        domain = through.defineXML(domains.spm("full"))
        hypervisor.remove(domain.UUIDString())


@suite.case("a disk that is full under an upload: libvirt's own error, and the connection goes on")
def _(folder):
    place = folder / "pool"
    place.mkdir()

    def upload(connection):
        stream = connection.newStream()
        connection.storagePoolLookupByName("faults").storageVolLookupByName("v").upload(
            stream, 0, 0)
        streams.sent_until_refused(stream)

    with hypervisor.connected() as through, hypervisor.connected(hypervisor.LIBVIRT_URI) as straight:
        if straight.getLibVersion() < 12000000:
            raise tap.Skip("libvirtd 11.3 itself ends with a segmentation fault")
        with full(place):
            pool = straight.storagePoolCreateXML(
                f"<pool type='dir'><name>faults</name><target><path>{place}</path></target></pool>")
            try:
                (place / "filler").unlink()
                pool.createXML(f"<volume><name>v</name><capacity>{16 * MIB}</capacity>"
                               "<allocation>0</allocation></volume>")
                wanted = words(expect.refused(lambda: upload(straight)))
                got = words(expect.refused(lambda: upload(through)))
                expect.equal(got, wanted, "the error")
                expect.equal(through.getType(), "QEMU")
            finally:
                pool.destroy()
    shell.works(*shell.virsh("list"))


suite.main()
