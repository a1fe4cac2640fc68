#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""python3-libvirt as a client: a domain with an SPM cell is a domain like any other."""

import contextlib

import libvirt

from lib import domains, events, expect, hypervisor, tap, xml

ORDINARY = {"id": "0", "cpus": "0-1", "memory": "524288", "unit": "KiB"}
SPM = {"id": "1", "memory": "256", "unit": "MiB", "memmapType": "spm"}


@contextlib.contextmanager
def world():
    with hypervisor.connected() as connection:
        yield connection


suite = tap.Suite(world)


@suite.case("defineXML keeps the cell, XMLDesc shows it as it was written")
def _(connection):
    with hypervisor.defined(connection, domains.spm()) as domain:
        expect.equal(xml.cells(domain.XMLDesc()), [ORDINARY, SPM])


@suite.case("libvirt keeps stock XML: a memory device with the driver overridden")
def _(connection):
    with hypervisor.defined(connection, domains.spm()) as domain, \
            hypervisor.connected(hypervisor.LIBVIRT_URI) as libvirtd:
        stock = libvirtd.lookupByUUID(domain.UUID()).XMLDesc()
        expect.lacks(str(xml.cells(stock)), "memmapType")
        expect.equal(xml.content(stock, "devices/memory/target/size"), "262144")
        expect.equal(xml.all(stock, "devices/memory/alias"), [{"name": "ua-virtspm-cell1"}])
        override = f"{xml.QEMU}override/{xml.QEMU}device/{xml.QEMU}frontend/{xml.QEMU}property"
        expect.contains(str(xml.all(stock, override)), "'driver'", "'sp-mem'")


@suite.case("XMLDesc shows the cell whatever flags it is asked for with")
def _(connection):
    with hypervisor.defined(connection, domains.spm()) as domain:
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        for flags in (0, libvirt.VIR_DOMAIN_XML_SECURE, libvirt.VIR_DOMAIN_XML_INACTIVE,
                      libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE,
                      libvirt.VIR_DOMAIN_XML_UPDATE_CPU):
            expect.equal(xml.cells(domain.XMLDesc(flags)), [ORDINARY, SPM],
                         f"the cells with flags {flags}")


@suite.case("a read-only connection shows the cell as well")
def _(connection):
    with hypervisor.defined(connection, domains.spm()) as domain, \
            hypervisor.connected(read_only=True) as reader:
        expect.equal(xml.cells(reader.lookupByUUID(domain.UUID()).XMLDesc()), [ORDINARY, SPM])


@suite.case("what XMLDesc shows can be defined again, and then shows the same")
def _(connection):
    with hypervisor.defined(connection, domains.spm()) as domain:
        first = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        expect.equal(xml.cells(first)[1], SPM)
        again = connection.defineXML(first)
        expect.equal(again.UUIDString(), domain.UUIDString())
        expect.equal(again.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), first)


@suite.case("createXML starts a transient domain, and it is gone when it stops")
def _(connection):
    domain = connection.createXML(domains.spm(), libvirt.VIR_DOMAIN_START_PAUSED |
                                  libvirt.VIR_DOMAIN_START_VALIDATE)
    try:
        expect.true(not domain.isPersistent(), "it is transient")
        expect.equal(xml.cells(domain.XMLDesc()), [ORDINARY, SPM])
    finally:
        domain.destroy()
    expect.refused(domain.XMLDesc, code=libvirt.VIR_ERR_NO_DOMAIN)


@suite.case("each step of its life is an event")
def _(connection):
    watch = events.Watch(connection)
    with hypervisor.defined(connection, domains.spm("eventful")) as domain:
        watch.wait("defined", "eventful")
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        watch.wait("started", "eventful")
        domain.resume()
        watch.wait("resumed", "eventful")
        domain.destroy()
        watch.wait("stopped", "eventful")
        domain.undefine()
        watch.wait("undefined", "eventful")


@suite.case("sizes are what the user asked for: all cells, SPM included")
def _(connection):
    with hypervisor.defined(connection, domains.spm()) as domain:
        expect.equal(xml.cells(domain.XMLDesc())[1], SPM)
        expect.equal(domain.maxMemory(), 768 * 1024)
        expect.equal(xml.content(domain.XMLDesc(), "memory"), str(768 * 1024))
        expect.true(not xml.has(domain.XMLDesc(), "maxMemory"), "no <maxMemory> is shown")


@suite.case("memmapType='normal' is an ordinary cell and comes back as written")
def _(connection):
    cells = domains.ordinary_cell() + "<cell id='1' memory='64' unit='MiB' memmapType='normal'/>"
    with hypervisor.defined(connection, domains.spm(cells=cells, memory=576)) as domain:
        expect.equal(xml.cells(domain.XMLDesc())[1]["memmapType"], "normal")
        expect.true(not xml.has(domain.XMLDesc(), "devices/memory"), "there is no memory device")


@suite.case("capabilities of the host's emulator list the types of memory a cell can have")
def _(connection):
    for arguments in ((), (domains.EMULATOR, "x86_64", "q35", "qemu")):
        capabilities = connection.getDomainCapabilities(*arguments)
        values = xml.parse(capabilities).findall("numa/enum[@name='memmapType']/value")
        expect.equal([value.text for value in values], ["normal", "spm"])


@suite.case("the command line that libvirt would use has the device")
def _(connection):
    argv = connection.domainXMLToNative("qemu-argv", domains.spm(), 0)
    expect.contains(argv, '"driver":"sp-mem"', "node,nodeid=1", '"size":268435456')


@suite.case("a cell that cannot be built is refused with libvirt's code, and why")
def _(connection):
    def refused(document, *parts, code):
        expect.refused(lambda: connection.defineXML(document), *parts, code=code,
                       domain=libvirt.VIR_FROM_DOMAIN)
        expect.equal([each.name() for each in connection.listAllDomains()], [], "domains")

    unsupported = libvirt.VIR_ERR_CONFIG_UNSUPPORTED
    refused(domains.spm(os=""), "NUMA cell 1", "SeaBIOS", "firmware='efi'", code=unsupported)
    refused(domains.spm(cells=domains.ordinary_cell() + domains.spm_cell().replace(
        "'spm'", "'reserved'")), "NUMA cell 1", "reserved", code=unsupported)
    refused(domains.spm(cells=domains.ordinary_cell() + domains.spm_cell().replace(
        "'spm'", "'spam'")), "NUMA cell 1", "spam", code=libvirt.VIR_ERR_XML_ERROR)
    refused(domains.spm(cells="<cell id='0' cpus='0-1' memory='256' unit='MiB' "
                        "memmapType='spm'/>"), "NUMA cell 0", "no ordinary memory",
            code=unsupported)


@suite.case("an error has all the parts that libvirt's own errors have")
def _(connection):
    error = expect.refused(lambda: connection.defineXML(domains.spm(os="")))
    expect.equal(error.get_str1(), "unsupported configuration: %1$s")
    expect.equal(error.get_error_message(), f"unsupported configuration: {error.get_str2()}")


@suite.case("two hundred clients are served at the same time")
def _(connection):
    with hypervisor.defined(connection, domains.spm()) as domain, contextlib.ExitStack() as stack:
        others = [stack.enter_context(hypervisor.connected()) for _ in range(200)]
        for other in others:
            expect.equal(xml.cells(other.lookupByUUID(domain.UUID()).XMLDesc()), [ORDINARY, SPM])


suite.main()
