#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virsh define --validate: our attribute is accepted, and nothing else is accepted
or refused that stock libvirt would not accept or refuse."""

import contextlib

import libvirt

from lib import domains, expect, hypervisor, tap

VALIDATE = libvirt.VIR_DOMAIN_DEFINE_VALIDATE


@contextlib.contextmanager
def world():
    with hypervisor.connected() as connection, \
            hypervisor.connected(hypervisor.LIBVIRT_URI) as libvirtd:
        yield connection, libvirtd


suite = tap.Suite(world)


def accepted(connection, document):
    domain = connection.defineXMLFlags(document, VALIDATE)
    hypervisor.remove(domain.UUIDString())


def stock(document):
    """The same document as it was before there were SPM cells."""
    return document.replace(" memmapType='spm'", "")


@suite.case("a cell with memmapType is valid")
def _(both):
    for value in ("spm", "normal"):
        accepted(both[0], domains.spm(cells=domains.ordinary_cell() +
                                      domains.spm_cell().replace("spm", value)))


@suite.case("everything else that a cell may have is valid beside it")
def _(both):
    distances = "<distances><sibling id='0' value='21'/><sibling id='1' value='10'/></distances>"
    cell = ("<cell id='1' memory='256' unit='MiB' memmapType='spm' memAccess='shared' "
            f"discard='yes'>{distances}</cell>")
    accepted(both[0], domains.spm(cells=domains.ordinary_cell() + cell))


@suite.case("what stock libvirt's schema refuses is refused beside an SPM cell")
def _(both):
    good = domains.spm()
    for what, bad in {
            "an attribute on a cell": good.replace("memmapType", "colour='red' memmapType"),
            "an attribute on <domain>": good.replace("<domain", "<domain colour='red'"),
            "an element in a cell": good.replace("memmapType='spm'/>",
                                                 "memmapType='spm'><colour/></cell>"),
            "an element in <domain>": good.replace("<vcpu>", "<colour/><vcpu>"),
            "an element in <devices>": good.replace("<devices>", "<devices><colour/>"),
            "a value of an attribute": good.replace("type='memfd'", "type='colour'"),
            "a size that is none": good.replace("memory='256'", "memory='lots'"),
    }.items():
        expect.true(bad != good, f"{what} is bad")
        expect.refused(lambda: both[1].defineXMLFlags(stock(bad), VALIDATE))
        expect.refused(lambda: both[0].defineXMLFlags(bad, VALIDATE))
        expect.equal([each.name() for each in both[1].listAllDomains()], [], f"with {what}, domains")


@suite.case("a misspelt memmapType is refused when validated, as stock libvirt would")
def _(both):
    for wrong in ("memmaptype", "memMapType", "memmapTypes"):
        document = domains.spm().replace("memmapType", wrong)
        expect.refused(lambda: both[0].defineXMLFlags(document, VALIDATE),
                       code=libvirt.VIR_ERR_XML_INVALID_SCHEMA)


@suite.case("memmapType anywhere but on a cell is refused")
def _(both):
    for document in (domains.plain().replace("<vcpu>", "<vcpu memmapType='spm'>"),
                     domains.spm().replace("<numa>", "<numa memmapType='spm'>")):
        expect.refused(lambda: both[0].defineXMLFlags(document, VALIDATE))
        expect.refused(lambda: both[0].defineXML(document), "memmapType")


@suite.case("an unknown value is refused, validated or not, and the values are named")
def _(both):
    document = domains.spm().replace("'spm'", "'spam'")
    expect.refused(lambda: both[0].defineXMLFlags(document, VALIDATE))
    expect.refused(lambda: both[0].defineXML(document), "spam", "'spm'")


@suite.case("the error names the schema's complaint and has libvirt's code for it")
def _(both):
    document = domains.spm().replace("<vcpu>", "<colour/><vcpu>")
    for connection, sent in zip(both, (document, stock(document))):
        expect.refused(lambda: connection.defineXMLFlags(sent, VALIDATE), "colour",
                       code=libvirt.VIR_ERR_XML_INVALID_SCHEMA)


@suite.case("a domain without SPM is validated by libvirtd itself")
def _(both):
    for document in (domains.plain(), domains.plain().replace("<vcpu>", "<colour/><vcpu>")):
        outcome = []
        for connection in both:
            try:
                accepted(connection, document)
                outcome.append("accepted")
            except libvirt.libvirtError as error:
                outcome.append(str(error))
        expect.equal(outcome[0], outcome[1])


suite.main()
