#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every method of the Python bindings, against libvirt's test driver: the same result
or error through virtspmd as straight, with arguments that make sense and with each of
them wrong."""

import contextlib

import libvirt

import equal
from equal import bindings, bound, testdriver
from lib import expect, hypervisor, tap

suite = equal.Suite()

# So events can be registered for.
libvirt.virEventRegisterDefaultImpl()

# Methods that are not called, each with its reason.
NOT_CALLED = {
    "c_pointer": "an address in this process; nothing is sent",
}

# Kinds of objects that the test driver does not have; making one is tried, so that a
# newer libvirt's is noticed.
MISSING = {
    "virSecret": lambda connection: connection.secretDefineXML(bindings.SECRET),
    "virNWFilter": lambda connection: connection.nwfilterDefineXML(bindings.NWFILTER),
    "virNWFilterBinding": lambda connection: connection.listAllNWFilterBindings(),
    "virNetworkPort": lambda connection: connection.networkLookupByName("net").listAllPorts(),
}

RULES = (
    bound.CREATED,
    # The test driver makes all of them up from the time of day.
    bound.rule("the time that vCPUs ran", r"(virDomain.info\(.*, )\d+\]", r"\1CLOCK]"),
    bound.rule("the time that each vCPU ran",
               r"(virDomain.vcpus\(\) -> \(\[\(0, 1, )\d+", r"\1CLOCK"),
    bound.rule("what a disk or an interface has transferred",
               r"(virDomain.(?:blockStats|interfaceStats)\(.*\) -> ).*", r"\1CLOCKS"),
)

DOCUMENTS = {"xmlDesc": bindings.domain_xml("test"), "dxml": bindings.domain_xml("test"),
             "domainXml": bindings.domain_xml("test")}


class Objects(bindings.Objects):
    """One object of each kind, of a connection of one's own."""

    def __init__(self, seen, domain="on"):
        self.connection = libvirt.open(seen.uri("test", testdriver.FILE))
        self.domain = domain

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # It may have been closed as one of the calls.
        with contextlib.suppress(libvirt.libvirtError):
            self.connection.close()
        bindings.turn()

    def of(self, kind):
        connection = self.connection
        if kind == "virConnect":
            return connection
        if kind == "virDomain":
            return connection.lookupByName(self.domain)
        if kind == "virDomainSnapshot":
            domain = connection.lookupByName("on")
            for name in ("s", "t"):
                snapshot = domain.snapshotCreateXML(
                    f"<domainsnapshot><name>{name}</name></domainsnapshot>")
            return snapshot if self.domain == "on" else domain.snapshotLookupByName("s")
        if kind == "virDomainCheckpoint":
            return connection.lookupByName("points").checkpointCreateXML(
                "<domaincheckpoint><name>c</name></domaincheckpoint>")
        if kind == "virNetwork":
            return connection.networkLookupByName("net")
        if kind == "virInterface":
            return connection.interfaceLookupByName("eth1")
        if kind == "virStoragePool":
            return connection.storagePoolLookupByName("pool")
        if kind == "virStorageVol":
            return self.of("virStoragePool").storageVolLookupByName("vol")
        if kind == "virNodeDevice":
            return connection.nodeDeviceLookupByName("computer")
        if kind == "virStream":
            stream = self.stream()
            connection.lookupByName("on").screenshot(stream, 0)
            return stream
        raise KeyError(kind)


def called(classes=bindings.CLASSES):
    return [(kind, method) for kind, method in bindings.methods(classes)
            if method not in NOT_CALLED and kind not in MISSING]


def sensible(kind):
    def scenario(seen):
        for domain in ("on", "off") if kind in ("virDomain", "virDomainSnapshot") else ("on",):
            for _, method in called((kind,)):
                with Objects(seen, domain) as objects:
                    objects.call(seen, kind, method,
                                 bindings.sensible(kind, method, DOCUMENTS))
    return scenario


def wrong(kind):
    def scenario(seen):
        for _, method in called((kind,)):
            for arguments in bindings.wrong(
                    kind, method, bindings.sensible(kind, method, DOCUMENTS)):
                with Objects(seen) as objects:
                    objects.call(seen, kind, method, arguments)
    return scenario


@suite.case("there is a value for every parameter of every method", vital=True)
def _(_):
    testdriver.write()
    unknown = []
    for kind, method in bindings.methods():
        try:
            bindings.sensible(kind, method, DOCUMENTS)
        except bindings.Unknown as reason:
            unknown.append(str(reason))
    expect.equal(unknown, [])


@suite.case("the classes of the bindings are those that are known here")
def _(_):
    classes = {name for name in vars(libvirt)
               if name.startswith("vir") and isinstance(getattr(libvirt, name), type)}
    expect.equal(classes, set(bindings.CLASSES))


@suite.case("the kinds that the test driver lacks are lacking")
def _(_):
    with hypervisor.connected(f"test://{testdriver.FILE}") as connection:
        for kind, make in MISSING.items():
            expect.refused(lambda: make(connection), code=libvirt.VIR_ERR_NO_SUPPORT)


for name in bindings.CLASSES:
    if name not in MISSING:
        suite.scenario(f"{name}: every method, with arguments that make sense", RULES)(
            sensible(name))
        suite.scenario(f"{name}: every method, with each argument wrong", RULES)(wrong(name))

suite.main()
