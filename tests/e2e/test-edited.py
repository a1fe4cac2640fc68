#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A domain that somebody edited with stock libvirt, behind virtspmd's back.

What virtspmd then shows is what is really there, as SPM cells or as stock XML;
never a cell that is not there, and never one of another size.
"""

import contextlib
import re

import libvirt

from lib import domains, expect, hypervisor, tap, xml

UNITS = {"KiB": 1024, "MiB": 1024 ** 2, "GiB": 1024 ** 3}
MIB = UNITS["MiB"]


class World:
    def __init__(self, connection, libvirtd):
        self.connection = connection
        self.libvirtd = libvirtd

    @contextlib.contextmanager
    def edited(self, *edits):
        """The domain as virtspmd shows it after these replacements in its stock XML:
        (pattern, what instead).  Each has to find something."""
        with hypervisor.defined(self.connection, domains.spm("edited")) as domain:
            stock = self.libvirtd.lookupByName("edited").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
            for pattern, instead in edits:
                stock, found = re.subn(pattern, instead, stock, flags=re.DOTALL)
                expect.true(found, f"{pattern} is in the stock XML")
            self.libvirtd.defineXML(stock)
            yield domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)

    def stock(self):
        return self.libvirtd.lookupByName("edited").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)


@contextlib.contextmanager
def world():
    with hypervisor.connected() as connection, \
            hypervisor.connected(hypervisor.LIBVIRT_URI) as libvirtd:
        yield World(connection, libvirtd)


suite = tap.Suite(world)

# What lowering leaves in stock XML.
DEVICE = r"<memory model='dimm'.*?</memory>"
OVERRIDE = r"<qemu:override>.*?</qemu:override>"
RECORD = r"<virtspm:domain.*?</virtspm:domain>"


def spm_sizes(document):
    """Of the cells that say memmapType='spm', in bytes, by number."""
    return {cell["id"]: int(cell["memory"]) * UNITS[cell.get("unit", "KiB")]
            for cell in xml.cells(document) if cell.get("memmapType") == "spm"}


@suite.case("left alone, the cell is there (so that the other cases say something)")
def _(world):
    with world.edited() as shown:
        expect.equal(spm_sizes(shown), {"1": 256 * MIB})


@suite.case("its memory resized: the cell has the new size")
def _(world):
    with world.edited(("<size unit='KiB'>262144</size>", "<size unit='KiB'>131072</size>")) as shown:
        expect.equal(spm_sizes(shown), {"1": 128 * MIB})
        expect.equal(xml.content(shown, "memory"), str(640 * 1024))


@suite.case("its memory removed: there is no such cell")
def _(world):
    with world.edited((DEVICE, ""), (OVERRIDE, "")) as shown:
        expect.equal(spm_sizes(shown), {})


@suite.case("its memory removed, the override left: there is no such cell")
def _(world):
    with world.edited((DEVICE, "")) as shown:
        expect.equal(spm_sizes(shown), {})


@suite.case("the override removed: ordinary memory is shown as ordinary memory")
def _(world):
    with world.edited((OVERRIDE, "")) as shown:
        expect.equal(spm_sizes(shown), {})
        expect.true(xml.has(shown, "devices/memory"), "the memory device is shown")


@suite.case("the override made for another driver: ordinary memory is shown as it is")
def _(world):
    with world.edited(("value='sp-mem'", "value='pc-dimm'")) as shown:
        expect.equal(spm_sizes(shown), {})
        expect.contains(shown, "pc-dimm")


@suite.case("the override extended by somebody: what is shown holds it still")
def _(world):
    more = "<qemu:property name='driver' type='string' value='sp-mem'/>" \
           "<qemu:property name='addr' type='unsigned' value='8589934592'/>"
    with world.edited((r"<qemu:property name='driver'[^>]*/>", more)) as shown:
        expect.contains(shown, "8589934592")


@suite.case("our record removed: the cell is there with its true size, or stock XML")
def _(world):
    with world.edited((RECORD, "")) as shown:
        if not spm_sizes(shown):
            expect.equal(xml.same(shown), xml.same(world.stock()))
        else:
            expect.equal(spm_sizes(shown), {"1": 256 * MIB})


@suite.case("the whole metadata removed: the cell is there with its true size, or stock XML")
def _(world):
    with world.edited(("<metadata>.*?</metadata>", "")) as shown:
        if not spm_sizes(shown):
            expect.equal(xml.same(shown), xml.same(world.stock()))
        else:
            expect.equal(spm_sizes(shown), {"1": 256 * MIB})


@suite.case("our record telling another size: the memory that is there counts")
def _(world):
    with world.edited((r"(<virtspm:domain.*? memory=.)256", r"\g<1>512")) as shown:
        expect.true(spm_sizes(shown) in ({}, {"1": 256 * MIB}), f"no lie in {spm_sizes(shown)}")


@suite.case("nonsense in our record is no harm")
def _(world):
    with world.edited((RECORD, "<virtspm:domain xmlns:virtspm='urn:virtspm:domain:1' added='x y'>"
                       "<virtspm:cell id='99' memory='-1'/><virtspm:junk at='9' of='3'/>"
                       "</virtspm:domain>")) as shown:
        expect.true(spm_sizes(shown) in ({}, {"1": 256 * MIB}), f"no lie in {spm_sizes(shown)}")


@suite.case("another dimm added: it is shown beside the cell")
def _(world):
    dimm = ("<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target>"
            "</memory></devices>")
    with world.edited(("</devices>", dimm),
                      (r"<maxMemory slots='1' unit='KiB'>\d+", "<maxMemory slots='2' unit='KiB'>"
                                                               "917504")) as shown:
        expect.equal(len(xml.parse(shown).findall("devices/memory")),
                     1 if spm_sizes(shown) else 2, "memory devices shown")


@suite.case("renamed, the domain keeps its cell")
def _(world):
    with hypervisor.defined(world.connection, domains.spm("before")):
        world.libvirtd.lookupByName("before").rename("after")
        expect.equal(spm_sizes(world.connection.lookupByName("after").XMLDesc()),
                     {"1": 256 * MIB})


@suite.case("what is shown after an edit can be defined, and means the same")
def _(world):
    for edits in ([("<size unit='KiB'>262144</size>", "<size unit='KiB'>131072</size>")],
                  [(RECORD, "")], [(DEVICE, ""), (OVERRIDE, "")]):
        with world.edited(*edits) as shown:
            before = world.stock()
            world.connection.defineXML(shown)
            for what in ("devices/memory/target/size", "memory"):
                expect.equal(xml.content(world.stock(), what), xml.content(before, what), what)


@suite.case("a cell that has become ordinary memory does not hinder managed save")
def _(world):
    with world.edited((OVERRIDE, "")):
        domain = world.connection.lookupByName("edited")
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        domain.managedSave()
        expect.equal(domain.hasManagedSaveImage(), 1)


@suite.case("sp-mem that somebody asked for by hand is not saved either")
def _(world):
    with world.edited((RECORD, ""), ("ua-virtspm-cell1", "ua-by-hand")) as shown:
        expect.equal(spm_sizes(shown), {})
        domain = world.connection.lookupByName("edited")
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        expect.refused(domain.managedSave, "sp-mem", code=libvirt.VIR_ERR_OPERATION_UNSUPPORTED)


suite.main()
