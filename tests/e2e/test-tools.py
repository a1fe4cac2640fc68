#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virsh, virt-install and virt-xml as clients: the command line users have."""

import contextlib
import pathlib
import tempfile

import libvirt

from lib import domains, expect, hypervisor, shell, tap, xml

SPM = {"id": "1", "memory": "256", "unit": "MiB", "memmapType": "spm"}


@contextlib.contextmanager
def world():
    """A connection, and a folder for files."""
    with hypervisor.connected() as connection, tempfile.TemporaryDirectory() as folder:
        yield connection, pathlib.Path(folder)


suite = tap.Suite(world)


def file(folder, document):
    path = folder / "domain.xml"
    path.write_text(document)
    return path


def virsh(*words):
    return shell.works(*shell.virsh(*words))


@contextlib.contextmanager
def leaving_nothing(connection):
    """Whatever is defined in the block is removed."""
    try:
        yield
    finally:
        for domain in connection.listAllDomains():
            hypervisor.remove(domain.UUIDString())


# ---- virsh ----

@suite.case("virsh define, dumpxml, start, list, domstats, destroy, undefine")
def _(world):
    connection, folder = world
    with leaving_nothing(connection):
        virsh("define", "--validate", file(folder, domains.spm()))
        expect.equal(xml.cells(virsh("dumpxml", "hbm"))[1], SPM)
        virsh("start", "--paused", "hbm")
        expect.contains(virsh("list"), "hbm", "paused")
        expect.contains(virsh("domstats", "hbm"), "state.state=3")
        expect.contains(virsh("dominfo", "hbm"), "786432 KiB")
        expect.equal(xml.cells(virsh("dumpxml", "hbm"))[1], SPM)
        virsh("destroy", "hbm")
        virsh("undefine", "hbm")


@suite.case("virsh create starts a domain from a file")
def _(world):
    connection, folder = world
    with leaving_nothing(connection):
        virsh("create", "--paused", "--validate", file(folder, domains.spm()))
        expect.equal(xml.cells(virsh("dumpxml", "hbm"))[1], SPM)


@suite.case("virsh edit changes the size of an SPM cell")
def _(world):
    connection, folder = world
    with leaving_nothing(connection):
        virsh("define", file(folder, domains.spm()))
        shell.works(*shell.virsh("edit", "hbm"), environment={
            "EDITOR": "sed -i -e s/memory=.256./memory='\"'512'\"'/ -e s/786432/1048576/"})
        expect.equal(xml.cells(virsh("dumpxml", "hbm"))[1], SPM | {"memory": "512"})


@suite.case("an edit that cannot be built leaves the domain as it was")
def _(world):
    connection, folder = world
    with leaving_nothing(connection):
        virsh("define", file(folder, domains.spm()))
        # Without a terminal virsh cannot ask what to do next, and gives up.
        said = shell.run(*shell.virsh("edit", "hbm"), environment={
            "EDITOR": "sed -i s/memory=.256./memory='\"'0'\"'/"})
        expect.contains(said.err, "Failed")
        expect.equal(xml.cells(virsh("dumpxml", "hbm"))[1], SPM)


@suite.case("virsh define --validate refuses a misspelt attribute, with status 1")
def _(world):
    _, folder = world
    said = shell.fails(*shell.virsh("define", "--validate", file(
        folder, domains.spm().replace("memmapType", "memMapType"))))
    expect.contains(said, "failed to validate against schema")


@suite.case("virsh domcapabilities names the values of memmapType")
def _(_):
    expect.contains(virsh("domcapabilities"), "<enum name='memmapType'>", "<value>spm</value>")


@suite.case("virsh domxml-to-native shows the command line, of a file and of a domain")
def _(world):
    connection, folder = world
    path = file(folder, domains.spm())
    expect.contains(virsh("domxml-to-native", "qemu-argv", path), '"driver":"sp-mem"')
    with leaving_nothing(connection):
        virsh("define", path)
        expect.contains(virsh("domxml-to-native", "qemu-argv", "--domain", "hbm"),
                        '"driver":"sp-mem"')


@suite.case("virsh domxml-from-native says what libvirtd says about it")
def _(world):
    _, folder = world
    path = file(folder, "qemu-system-x86_64 -m 64")
    both = [shell.fails("virsh", "-q", "-c", uri, "domxml-from-native", "qemu-argv", path)
            for uri in (hypervisor.VIRTSPM_URI, hypervisor.LIBVIRT_URI)]
    expect.equal(*both)


@suite.case("virsh metadata, desc and autostart leave an SPM cell alone")
def _(world):
    connection, folder = world
    with leaving_nothing(connection):
        virsh("define", file(folder, domains.spm()))
        virsh("metadata", "hbm", "urn:mine", "--key", "mine", "--set", "<note/>", "--config")
        virsh("desc", "hbm", "--config", "--title", "A title")
        virsh("autostart", "hbm")
        document = virsh("dumpxml", "hbm")
        expect.equal(xml.cells(document)[1], SPM)
        expect.equal(xml.content(document, "title"), "A title")
        expect.true(xml.has(document, "metadata/{urn:mine}note"), "the note is there")
        virsh("metadata", "hbm", "urn:mine", "--remove", "--config")
        expect.equal(xml.cells(virsh("dumpxml", "hbm"))[1], SPM)


# ---- virtinst ----

NUMA = ("host-model,numa.cell0.id=0,numa.cell0.cpus=0-1,numa.cell0.memory=524288,"
        "numa.cell1.id=1,numa.cell1.memory=262144")
INSTALL = ("virt-install", "--connect", hypervisor.VIRTSPM_URI, "--name", "installed",
           "--virt-type", "qemu", "--machine", "q35", "--memory", "768", "--vcpus", "2",
           "--disk", "none", "--network", "none", "--graphics", "none", "--import",
           "--osinfo", "detect=on,require=off", "--noautoconsole")
SPM_CELL = ("--cpu", NUMA, "--xml", "./cpu/numa/cell[2]/@memmapType=spm",
            "--boot", "loader=/usr/share/qemu/qboot.rom,loader.type=rom")


@suite.case("virt-install makes and starts a domain without SPM")
def _(world):
    connection, _ = world
    with leaving_nothing(connection):
        shell.works(*INSTALL)
        domain = connection.lookupByName("installed")
        expect.true(domain.isActive() and domain.isPersistent(), "it runs and stays")


@suite.case("virt-install makes and starts a domain with an SPM cell")
def _(world):
    connection, _ = world
    with leaving_nothing(connection):
        shell.works(*INSTALL, *SPM_CELL)
        domain = connection.lookupByName("installed")
        expect.true(domain.isActive() and domain.isPersistent(), "it runs and stays")
        for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
            expect.equal(xml.cells(domain.XMLDesc(flags))[1]["memmapType"], "spm")


@suite.case("virt-install says why a cell cannot be had, and leaves nothing behind")
def _(world):
    connection, _ = world
    said = shell.fails(*INSTALL, *SPM_CELL[:-2])
    expect.contains(said, "NUMA cell 1", "SeaBIOS")
    expect.equal(connection.listAllDomains(), [])


@suite.case("what virt-install --print-xml prints can be defined with virsh")
def _(world):
    connection, folder = world
    with leaving_nothing(connection):
        printed = shell.works(*INSTALL, *SPM_CELL, "--print-xml")
        expect.contains(printed, 'memmapType="spm"')
        virsh("define", file(folder, printed))
        expect.equal(xml.cells(virsh("dumpxml", "installed"))[1]["memmapType"], "spm")


@suite.case("virt-xml edits a domain with an SPM cell and leaves the cell alone")
def _(world):
    connection, folder = world
    with leaving_nothing(connection):
        virsh("define", file(folder, domains.spm()))
        shell.works("virt-xml", "-c", hypervisor.VIRTSPM_URI, "hbm", "--edit", "--metadata",
                    "title=Changed")
        document = virsh("dumpxml", "hbm")
        expect.equal(xml.content(document, "title"), "Changed")
        expect.equal(xml.cells(document)[1], SPM)


@suite.case("virt-xml makes an SPM cell of an ordinary one")
def _(world):
    connection, folder = world
    with leaving_nothing(connection):
        virsh("define", file(folder, domains.spm().replace(" memmapType='spm'", "")))
        shell.works("virt-xml", "-c", hypervisor.VIRTSPM_URI, "hbm", "--edit", "--xml",
                    "./cpu/numa/cell[2]/@memmapType=spm")
        expect.equal(xml.cells(virsh("dumpxml", "hbm"))[1]["memmapType"], "spm")


suite.main()
