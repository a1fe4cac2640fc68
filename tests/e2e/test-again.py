#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Defining what is shown changes nothing, however often and through whom.

The documents are those of tests/qemuxmlconfdata that this libvirt can build.
"""

import contextlib
import pathlib

import libvirt

from lib import domains, expect, hypervisor, tap, xml

CASES = pathlib.Path(__file__).resolve().parent.parent / "qemuxmlconfdata"
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE

# Rich enough that hardly a part of lowering has nothing to do.
RICH = domains.spm(
    "rich",
    cells="<cell id='0' cpus='0' memory='256' unit='MiB'/>"
          "<cell id='1' cpus='1' memory='256' unit='MiB'/>"
          "<cell id='2' memory='128' unit='MiB' memmapType='spm' memAccess='shared' discard='yes'>"
          "<distances><sibling id='0' value='17'/><sibling id='1' value='21'/>"
          "<sibling id='2' value='10'/></distances></cell>"
          "<cell id='3' memory='64' unit='MiB' memmapType='spm'/>",
    memory=704,
    backing="<access mode='shared'/><allocation mode='immediate'/>",
    rest="<metadata><a:b xmlns:a='urn:a'>kept</a:b></metadata>"
         "<numatune><memory mode='strict' nodeset='0'/>"
         "<memnode cellid='2' mode='strict' nodeset='0'/></numatune>",
    devices="<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target>"
            "</memory>").replace("<memory unit='MiB'>704</memory>",
                                 "<maxMemory slots='4' unit='GiB'>2</maxMemory>"
                                 "<memory unit='MiB'>832</memory>")


@contextlib.contextmanager
def world():
    with hypervisor.connected() as connection, \
            hypervisor.connected(hypervisor.LIBVIRT_URI) as libvirtd:
        yield connection, libvirtd


suite = tap.Suite(world)


def both(world, name):
    """The domain as virtspmd shows it, and as libvirtd has it."""
    shown, stock = (connection.lookupByName(name).XMLDesc(INACTIVE) for connection in world)
    expect.equal([len(spm_cells(document)) for document in (shown, stock)], [2, 0], "SPM cells")
    return shown, stock


def spm_cells(document):
    return [cell for cell in xml.cells(document) if cell.get("memmapType") == "spm"]


@suite.case("what virtspmd shows, defined again through it, changes nothing")
def _(world):
    with hypervisor.defined(world[0], RICH):
        before = both(world, "rich")
        for _ in range(3):
            world[0].defineXML(before[0])
            for got, wanted in zip(both(world, "rich"), before):
                expect.equal(got, wanted, "the domain")


@suite.case("what libvirtd has, defined again through virtspmd, changes nothing")
def _(world):
    with hypervisor.defined(world[0], RICH):
        before = both(world, "rich")
        world[0].defineXML(before[1])
        for got, wanted in zip(both(world, "rich"), before):
            expect.equal(got, wanted, "the domain")


@suite.case("what libvirtd has, defined again without virtspmd, changes nothing")
def _(world):
    with hypervisor.defined(world[0], RICH):
        before = both(world, "rich")
        world[1].defineXML(before[1])
        for got, wanted in zip(both(world, "rich"), before):
            expect.equal(got, wanted, "the domain")


@suite.case("the cells of a rich document come back as they were written")
def _(world):
    with hypervisor.defined(world[0], RICH):
        shown = both(world, "rich")[0]
        expect.equal(xml.cells(shown)[2:], [
            {"id": "2", "memory": "128", "unit": "MiB", "memmapType": "spm",
             "memAccess": "shared", "discard": "yes"},
            {"id": "3", "memory": "64", "unit": "MiB", "memmapType": "spm"}])
        expect.equal(xml.all(shown, "numatune/memnode"),
                     [{"cellid": "2", "mode": "strict", "nodeset": "0"}])
        expect.equal(len(xml.parse(shown).findall("devices/memory")), 1, "memory devices")
        expect.equal(xml.content(shown, "metadata/{urn:a}b"), "kept")


@suite.case("a running domain's definition is defined again, and the guest stays as it is")
def _(world):
    with hypervisor.defined(world[0], domains.spm()) as domain:
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        live = domain.XMLDesc()
        world[0].defineXML(domain.XMLDesc(INACTIVE))
        expect.equal(domain.XMLDesc(), live)
        # And so with what runs as the new definition.
        world[0].defineXML(live)
        expect.equal(xml.cells(domain.XMLDesc(INACTIVE))[1]["memmapType"], "spm")


@suite.case("every golden document that can be built here can be defined again as shown",
            patience=300)
def _(world):
    connection = world[0]
    names, refused, broken = [], [], []
    for path in sorted(CASES.glob("*.xml")):
        if "." in path.stem:
            continue  # what the golden test wants, not what a user writes
        try:
            domain = connection.defineXML(path.read_text())
        except libvirt.libvirtError as error:
            refused.append(f"{path.name}: {error}")
            continue
        try:
            first = domain.XMLDesc(INACTIVE)
            if spm_cells(first):
                names.append(path.name)
            connection.defineXML(first)
            expect.equal(xml.same(domain.XMLDesc(INACTIVE)), xml.same(first))
        except (libvirt.libvirtError, AssertionError) as error:
            broken.append(f"{path.name}: {error}")
        finally:
            hypervisor.remove(domain.UUIDString())
    expect.equal("\n".join(broken), "", "documents that cannot")
    tap.comment(f"{len(names)} documents with SPM cells")
    expect.true(len(names) >= 30, f"{len(names)} are enough; refused:\n" + "\n".join(refused))


suite.main()
