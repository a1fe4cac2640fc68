#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirtd or virtspmd is killed in the middle of something.

The seed of what is random is printed; SEED repeats it.
"""

import collections
import contextlib
import os
import pathlib
import random
import signal
import socket
import tempfile
import threading
import time
import uuid

import libvirt

from lib import daemon, domains, events, expect, hypervisor, played, rpc, shell, tap, xdr, xml

SEED = int(os.environ.get("SEED") or random.randrange(1 << 32))


@contextlib.contextmanager
def world():
    tap.comment(f"SEED={SEED}")
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder)


suite = tap.Suite(world)


# ---- libvirtd is killed ----

@contextlib.contextmanager
def killed_in_the_middle():
    """libvirtd does nothing in this block, so that what is asked of it meanwhile is not
    answered, and is killed at its end. virtspmd is the same process afterwards, and
    serves whoever comes when libvirtd is back."""
    virtspmd = hypervisor.ctl("pid", "virtspmd")
    os.kill(hypervisor.ctl("pid", "libvirtd"), signal.SIGSTOP)
    try:
        yield
    finally:
        hypervisor.ctl("kill", "libvirtd")
        hypervisor.ctl("start", "libvirtd")
    expect.equal(hypervisor.ctl("pid", "virtspmd"), virtspmd, "virtspmd's process")
    with hypervisor.connected() as connection:
        expect.equal(connection.getType(), "QEMU")


def gets_the_end(wire):
    """Whatever comes before it."""
    try:
        while True:
            wire.receive()
    except rpc.Closed:
        pass


@suite.case("libvirtd is killed in the middle of calls: who waits for one gets the end")
def _(_):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(rpc.connected(hypervisor.VIRTSPM_SOCKET)) for _ in range(4)]
        with killed_in_the_middle():
            # One that passes, one that libvirtd is asked about first, one whose
            # reply is rewritten; and a client that waits for nothing.
            document = xdr.string(domains.spm("victim")) + xdr.u32(0)
            clients[0].send(rpc.frame(rpc.GET_LIB_VERSION, serial=9))
            clients[1].send(rpc.frame(350, document, serial=9))
            clients[2].send(rpc.frame(rpc.CONNECT_GET_DOMAIN_CAPABILITIES,
                                      xdr.u32(0, 0, 0, 0, 0), serial=9))
        for client in clients:
            gets_the_end(client)
    with hypervisor.connected() as connection:
        expect.refused(lambda: connection.lookupByName("victim"), code=libvirt.VIR_ERR_NO_DOMAIN)


@suite.case("libvirtd is killed in the middle of a call: libvirt's own client gets an error")
def _(_):
    with hypervisor.connected() as connection:
        watch = events.Watch(connection)
        refusals = []

        def define():
            refusals.append(expect.refused(lambda: connection.defineXML(domains.spm("victim"))))
        waiting = threading.Thread(target=define)
        with killed_in_the_middle():
            waiting.start()
        waiting.join()
        watch.wait("closed")
        expect.equal(len(refusals), 1, "errors that the client got")


@contextlib.contextmanager
def volume(folder, size):
    with hypervisor.connected(hypervisor.LIBVIRT_URI) as connection:
        pool = connection.storagePoolCreateXML(
            f"<pool type='dir'><name>faults</name><target><path>{folder}</path></target></pool>")
        pool.createXML(f"<volume><name>v</name><capacity>{size}</capacity>"
                       "<allocation>0</allocation></volume>")
    try:
        yield
    finally:
        with hypervisor.connected(hypervisor.LIBVIRT_URI) as connection:
            # libvirtd remembers a running pool when it comes back.
            pool = connection.storagePoolLookupByName("faults")
            pool.storageVolLookupByName("v").delete()
            pool.destroy()


# More than can have come before libvirtd is killed, though libvirt's client takes in what
# comes whether it is asked for or not. There is nothing in it, and it takes no room.
SIZE = 8 * 1024 ** 3


@suite.case("libvirtd is killed in the middle of a download: the stream ends with an error")
def _(folder):
    with volume(folder, SIZE), hypervisor.connected() as connection:
        stream = connection.newStream()
        connection.storagePoolLookupByName("faults").storageVolLookupByName("v").download(
            stream, 0, SIZE)
        expect.true(len(stream.recv(4096)) > 0, "it has begun")
        with killed_in_the_middle():
            pass

        def rest():
            while stream.recv(256 * 1024):
                pass
        expect.refused(rest)


@suite.case("libvirtd is killed in the middle of an upload: the stream ends with an error")
def _(folder):
    with volume(folder, SIZE), hypervisor.connected() as connection:
        stream = connection.newStream()
        connection.storagePoolLookupByName("faults").storageVolLookupByName("v").upload(
            stream, 0, SIZE)
        stream.send(bytes(256 * 1024))
        with killed_in_the_middle():
            pass

        def rest():
            for _ in range(SIZE // (256 * 1024)):
                stream.send(bytes(256 * 1024))
            stream.finish()
        expect.refused(rest)


OPEN_GRAPHICS, OPEN_GRAPHICS_FD = 249, 343


@suite.case("libvirtd goes between a frame and its descriptor: the client gets the frame and the end")
def _(folder):
    def half(peer, call):
        if rpc.header(call).procedure != OPEN_GRAPHICS_FD:
            return False
        peer.sendall(played.reply(call, xdr.u32(1), rpc.REPLY_WITH_FDS))
        peer.shutdown(socket.SHUT_RDWR)
        return True

    with played.libvirtd(folder / "half", half), \
            daemon.running(folder / "sock", [folder / "half"]) as instance, \
            rpc.connected(str(instance.listen)) as client, \
            rpc.connected(str(instance.listen)) as other:
        client.send(rpc.frame(OPEN_GRAPHICS_FD, serial=9))
        head = rpc.header(client.take(32))
        expect.equal((head.type, head.serial), (rpc.REPLY_WITH_FDS, 9), "what came")
        try:
            client.take(1)
        except rpc.Closed:
            pass
        else:
            raise AssertionError("something came in place of the descriptor")
        expect.equal(rpc.header(other.call(rpc.GET_LIB_VERSION)).status, rpc.OK)


@suite.case("a client goes between a frame and its descriptor: libvirtd sees its end, the others nothing")
def _(folder):
    seen = threading.Event()
    ended = []

    def whole(peer, call):
        if rpc.header(call).procedure != OPEN_GRAPHICS:
            return False
        ended.append(peer.recv(1))
        seen.set()
        return True

    with played.libvirtd(folder / "whole", whole), \
            daemon.running(folder / "sock", [folder / "whole"]) as instance, \
            rpc.connected(str(instance.listen)) as other:
        with rpc.connected(str(instance.listen)) as client:
            client.send(rpc.frame(OPEN_GRAPHICS, xdr.u32(1), type=rpc.CALL_WITH_FDS, serial=9))
        expect.true(seen.wait(daemon.PATIENCE), "the call arrived, and something after it")
        expect.equal(ended, [b""], "what came in place of the descriptor")
        expect.equal(rpc.header(other.call(rpc.GET_LIB_VERSION)).status, rpc.OK)


# ---- virtspmd is killed ----

class Writer(threading.Thread):
    """Defines its own domain again and again, in one of these versions."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.random = random.Random(SEED + number)
        self.uuid = str(uuid.UUID(int=SEED + (number << 64)))
        self.name = f"writer-{number}"
        same = f"<uuid>{self.uuid}</uuid>"
        cells = [domains.ordinary_cell() + domains.spm_cell(mib) for mib in (64, 128, 256)]
        self.versions = [domains.plain(self.name, uuid=same),
                         domains.plain(self.name, uuid=same, rest="<description>2</description>"),
                         *(domains.spm(self.name, cells=cell, rest=same, memory=512 + mib)
                           for cell, mib in zip(cells, (64, 128, 256)))]
        self.stop = threading.Event()
        self.acknowledged = None    # the version that libvirtd has for certain
        self.attempted = None       # the one that it was asked to take after that
        # What got no answer. libvirtd may still be at work on it when the next
        # connection is served, and be done later than with the next definition: so it
        # is with a client of its own that dies.
        self.in_doubt = collections.deque(maxlen=2)
        self.defined = 0
        self.wrong = None

    def look(self, uri):
        with hypervisor.connected(uri) as connection:
            return xml.same(connection.lookupByUUIDString(self.uuid).XMLDesc(
                libvirt.VIR_DOMAIN_XML_INACTIVE))

    def learn(self):
        """How each version reads when nobody is killed."""
        self.raised, self.lowered = [], []
        with hypervisor.connected() as connection:
            for number, version in enumerate(self.versions):
                connection.defineXML(version)
                self.acknowledged = number
                self.raised.append(self.look(hypervisor.VIRTSPM_URI))
                self.lowered.append(self.look(hypervisor.LIBVIRT_URI))
        expect.equal(len(set(self.raised)), len(self.versions), "versions that differ, raised")
        expect.equal(len(set(self.lowered)), len(self.versions), "versions that differ, lowered")

    def run(self):
        try:
            while not self.stop.is_set():
                with contextlib.suppress(libvirt.libvirtError), hypervisor.connected() as connection:
                    while not self.stop.is_set():
                        self.attempted = self.random.randrange(len(self.versions))
                        self.define(connection)
        except Exception as error:
            self.wrong = error

    def define(self, connection):
        try:
            connection.defineXML(self.versions[self.attempted])
        except libvirt.libvirtError:
            self.in_doubt.append(self.attempted)
            raise
        self.acknowledged = self.attempted
        self.defined += 1

    def version(self):
        """What libvirtd has is whole, and the last version that the client knows to be
        there, or one that it was giving when virtspmd was killed."""
        lowered = self.look(hypervisor.LIBVIRT_URI)
        expect.true(lowered in self.lowered, f"some version of {self.name} is:\n{lowered}")
        version = self.lowered.index(lowered)
        possible = {self.acknowledged, self.attempted, *self.in_doubt}
        expect.true(version in possible, f"{self.name} is one of {possible}, not {version}")
        return version

    def check(self):
        expect.equal(self.look(hypervisor.VIRTSPM_URI), self.raised[self.version()],
                     f"{self.name}, raised,")


WRITERS = 3
KILLS = 12


@suite.case("virtspmd is killed while clients define: every definition is whole, and nothing is lost",
            patience=400)
def _(_):
    moment = random.Random(SEED)
    with contextlib.ExitStack() as stack:
        writers = [Writer(number) for number in range(WRITERS)]
        for writer in writers:
            stack.callback(hypervisor.remove, writer.uuid)
            writer.learn()
        for writer in writers:
            writer.start()
        try:
            for _ in range(KILLS):
                # At any point of a definition, which takes some milliseconds.
                time.sleep(moment.uniform(0.05, 0.15))
                hypervisor.ctl("kill", "virtspmd")
                # They cannot go on until it is back.
                for writer in writers:
                    writer.version()
                hypervisor.ctl("start", "virtspmd")
        finally:
            for writer in writers:
                writer.stop.set()
        for writer in writers:
            writer.join()
            if writer.wrong:
                raise writer.wrong
            tap.comment(f"{writer.name}: {writer.defined} definitions")
            writer.check()
        # And as libvirtd has them on its disk.
        hypervisor.ctl("restart", "libvirtd")
        for writer in writers:
            writer.check()
    shell.works(*shell.virsh("list"))


suite.main()
