#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the emulator can do is asked, and asked again when it has changed.

The old emulator is the installed one with the name of the device changed in the
binary: it knows no sp-mem.
"""

import contextlib
import os
import pathlib
import threading

import libvirt

from lib import domains, expect, hypervisor, tap, xml

# Beside the installed one, where it finds its own files.
FOLDER = pathlib.Path("/usr/bin")
NEW = pathlib.Path(domains.EMULATOR)

UNSUPPORTED = libvirt.VIR_ERR_CONFIG_UNSUPPORTED


class World:
    def __init__(self, connection):
        self.connection = connection
        self.path = FOLDER / "qemu-system-spm-test"
        self.document = domains.spm(emulator=self.path)

    def install(self, content):
        """Another emulator takes the place of the one that is there, as dpkg does it."""
        new = self.path.with_suffix(".new")
        new.write_bytes(content)
        new.chmod(0o755)
        new.rename(self.path)

    def define(self):
        return self.connection.defineXML(self.document)


def without_sp_mem():
    binary = NEW.read_bytes()
    old = binary.replace(b"sp-mem", b"xx-mem")
    expect.true(old != binary, "the device's name is in the binary")
    return old


@contextlib.contextmanager
def world():
    with hypervisor.connected() as connection:
        there = World(connection)
        try:
            yield there
        finally:
            there.path.unlink(missing_ok=True)


suite = tap.Suite(world)


@suite.case("an emulator without sp-mem: the cell, the emulator and the way out are named")
def _(world):
    world.install(without_sp_mem())
    expect.refused(world.define, "NUMA cell 1", str(world.path), "no device type 'sp-mem'",
                   "QEMU 11.1", code=UNSUPPORTED, domain=libvirt.VIR_FROM_DOMAIN)
    expect.refused(lambda: world.connection.createXML(world.document), "NUMA cell 1",
                   code=UNSUPPORTED)
    expect.refused(lambda: world.connection.domainXMLToNative("qemu-argv", world.document, 0),
                   "NUMA cell 1", code=UNSUPPORTED)
    expect.equal(world.connection.listAllDomains(), [], "domains")


@suite.case("an ordinary domain runs on it as ever")
def _(world):
    document = domains.plain(emulator=world.path)
    with hypervisor.defined(world.connection, document) as domain:
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        expect.true(domain.isActive(), "it runs")


@suite.case("its capabilities have no memmapType but 'normal'")
def _(world):
    capabilities = world.connection.getDomainCapabilities(str(world.path), None, None, "qemu")
    values = xml.parse(capabilities).findall("numa/enum[@name='memmapType']/value")
    expect.equal([value.text for value in values], ["normal"])


@suite.case("an emulator that loses sp-mem after define: the start is refused, and why")
def _(world):
    world.install(NEW.read_bytes())
    with hypervisor.defined(world.connection, world.document) as domain:
        world.install(without_sp_mem())
        for start in (domain.create,
                      lambda: domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)):
            expect.refused(start, "cannot start domain 'hbm'", "SPM cell", str(world.path),
                           "no sp-mem", "QEMU 11.1", code=UNSUPPORTED)
            expect.true(not domain.isActive(), "it is off")
        expect.equal(xml.cells(domain.XMLDesc())[1]["memmapType"], "spm")
        world.install(NEW.read_bytes())
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        expect.true(domain.isActive(), "it starts again with the new one")


@suite.case("an emulator that is not there is named")
def _(world):
    world.path.unlink()
    expect.refused(world.define, str(world.path), code=UNSUPPORTED)
    world.install(NEW.read_bytes())
    with hypervisor.defined(world.connection, world.document) as domain:
        world.path.unlink()
        expect.refused(domain.create, "cannot start domain 'hbm'", str(world.path),
                       code=UNSUPPORTED)


@suite.case("an emulator that ends, talks nonsense or is none is named")
def _(world):
    for content in (b"#!/bin/sh\nexit 1\n", b"#!/bin/sh\necho nonsense\n", b"#!/bin/sh\nexec cat\n",
                    b"#!/bin/sh\nhead -c 32m /dev/zero\n", b"not a program\n", b""):
        world.install(content)
        expect.refused(world.define, str(world.path), code=UNSUPPORTED)
        no_child_is_left(world.connection)


def no_child_is_left(connection):
    """An error may come before its emulator is collected."""
    for _ in range(10000):
        if not children():
            return
        connection.getLibVersion()
    expect.equal(children(), [], "processes that virtspmd left")


def children():
    pid = hypervisor.ctl("pid", "virtspmd")
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@suite.case("it is asked once, by a user without rights, until it changes")
def _(world):
    log = pathlib.Path("/run/asked")
    log.touch()
    log.chmod(0o666)
    wrapper = f"#!/bin/sh\necho $(id -u) \"$@\" >>{log}\nexec {NEW} \"$@\"\n".encode()

    def asked():
        """Who asked on standard input and output; libvirtd uses a socket."""
        return [int(line.split()[0]) for line in log.read_text().splitlines()
                if "-qmp stdio" in line]

    world.install(wrapper)
    try:
        for _ in range(3):
            hypervisor.remove(world.define().UUIDString())
        once = asked()
        expect.true(0 < len(once) <= 2, f"one round of questions, not {once}")
        expect.true(0 not in once, "never as root")
        world.install(wrapper)
        hypervisor.remove(world.define().UUIDString())
        expect.equal(len(asked()), 2 * len(once), "questions after it has changed")
    finally:
        log.unlink()


@suite.case("while one hangs others are served, on the same connection too; then it is given up")
def _(world):
    # The real one has answered before, so that it need not while the other one hangs.
    hypervisor.remove(world.connection.defineXML(domains.spm()).UUIDString())
    world.install(b"#!/bin/sh\nexec sleep 1000\n")
    outcome = []

    def define():
        try:
            world.define()
        except libvirt.libvirtError as error:
            outcome.append(error)

    waiting = threading.Thread(target=define)
    waiting.start()
    try:
        # The question is on its way as soon as there is a child.
        while not children():
            os.sched_yield()
        for _ in range(20):
            world.connection.getLibVersion()
        with hypervisor.connected() as other:
            with hypervisor.defined(other, domains.spm()):
                pass
        expect.true(waiting.is_alive(), "the first still waits")
    finally:
        waiting.join()
    expect.contains(str(outcome[0]), str(world.path))
    no_child_is_left(world.connection)


suite.main()
