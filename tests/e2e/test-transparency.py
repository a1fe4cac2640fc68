#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What has nothing to do with SPM is the same through virtspmd and without it.

Every conversation is held twice, with libvirtd's own socket and with virtspmd's, and
the replies are compared byte for byte, as they come on the wire.
"""

import contextlib
import pathlib
import re
import tempfile
import threading

import libvirt

from lib import domains, expect, hypervisor, rpc, shell, tap, xdr

PLAIN = ("transparent", "7a5f0000-0000-4000-8000-000000000001")
RUNNING = ("running", "7a5f0000-0000-4000-8000-000000000002")
NOBODY = ("nobody", "7a5f0000-0000-4000-8000-0000000000ff")
POOL = ("files", "7a5f0000-0000-4000-8000-000000000003")

METADATA = ("<title>A domain</title><description>of no importance</description>"
            "<metadata><a:b xmlns:a='urn:a'>memmap</a:b></metadata>")


@contextlib.contextmanager
def world():
    """A domain that is off, with a snapshot; one that is on; a pool with a volume."""
    with contextlib.ExitStack() as stack:
        libvirtd = stack.enter_context(hypervisor.connected(hypervisor.LIBVIRT_URI))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        disk = pathlib.Path(folder) / "disk.qcow2"
        shell.works("qemu-img", "create", "-q", "-f", "qcow2", disk, "1M")
        plain = stack.enter_context(hypervisor.defined(
            libvirtd, domains.plain(*PLAIN, rest=METADATA, devices=domains.disk(disk))))
        plain.snapshotCreateXML("<domainsnapshot><name>s</name></domainsnapshot>")
        running = stack.enter_context(hypervisor.defined(libvirtd, domains.plain(*RUNNING)))
        running.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)

        pool = libvirtd.storagePoolCreateXML(
            f"<pool type='dir'><name>{POOL[0]}</name><uuid>{POOL[1]}</uuid>"
            f"<target><path>{folder}</path></target></pool>")
        stack.callback(pool.destroy)
        volume = pool.createXML("<volume><name>v</name><capacity>4096</capacity></volume>")
        yield volume.key()


suite = tap.Suite(world)


BOTH = hypervisor.LIBVIRT_SOCKET, hypervisor.VIRTSPM_SOCKET
READ_ONLY = tuple(f"{path}-ro" for path in BOTH)

# A call that is answered at once and overtakes nothing that was dropped.
FENCE = rpc.frame(rpc.GET_LIB_VERSION, serial=0x7fff0000)


def ask(path, call, opened=True, flags=0):
    """The reply to a call; None when the connection is ended instead."""
    try:
        with rpc.connected(path, opened, flags) as wire:
            if not opened:
                wire.call(rpc.AUTH_LIST)
            wire.send(call)
            return wire.receive()
    except rpc.Closed:
        return None


class Differs(AssertionError):
    def __init__(self, call, wanted, got):
        shown = [reply and rpc.describe(reply) for reply in (wanted, got)]
        super().__init__(f"the answer to {call[:200]!r} differs:\n{shown[0]} directly\n"
                         f"{shown[1]} through virtspmd")


def alike(call, both=BOTH, **how):
    """The call has the same answer both ways; that answer."""
    wanted, got = (ask(path, call, **how) for path in both)
    if got != wanted:
        raise Differs(call, wanted, got)
    return got


def each(calls, **how):
    """Calls by name, with the status that their replies must have."""
    for name, (procedure, args, status) in calls.items():
        answer = alike(rpc.frame(procedure, args, serial=7), **how)
        expect.equal(rpc.header(answer).status, status, f"the status of the reply to {name}")


# ---- every procedure ----

# What differs from one moment to the next: counters of use.
NODE_GET_CPU_STATS, NODE_GET_MEMORY_STATS = 227, 228
NODE_GET_CELLS_FREE_MEMORY, NODE_GET_FREE_MEMORY = 101, 102
# libvirtd answers it with whatever error its thread had last.
AUTH_POLKIT = 70
# libvirtd 12.8 ends with a segmentation fault when it has no driver for these.
NETWORK_IS_ACTIVE, NETWORK_IS_PERSISTENT, INTERFACE_IS_ACTIVE = 152, 153, 156
NETWORK_SET_METADATA, NETWORK_GET_METADATA = 444, 445

# libvirt's QEMU driver does not have it, and says so of any domain; virtspmd looks
# for the domain before.
DOMAIN_CREATE_WITH_FILES = 310

# These two and their like have cases of their own.
LEFT_OUT = {rpc.CONNECT_CLOSE, rpc.CONNECT_GET_CAPABILITIES, NODE_GET_CPU_STATS, NODE_GET_MEMORY_STATS, AUTH_POLKIT,
            NODE_GET_CELLS_FREE_MEMORY, NODE_GET_FREE_MEMORY, NETWORK_IS_ACTIVE,
            NETWORK_IS_PERSISTENT, INTERFACE_IS_ACTIVE, NETWORK_SET_METADATA,
            NETWORK_GET_METADATA, DOMAIN_CREATE_WITH_FILES}


def every_procedure(args, **how):
    """How many were answered otherwise than with an error."""
    done, different = 0, []
    for number in range(1, rpc.LAST_PROCEDURE + 1):
        if number in LEFT_OUT:
            continue
        try:
            answer = alike(rpc.frame(number, args, serial=number), **how)
            done += rpc.header(answer).status == rpc.OK
        except Differs as difference:
            different.append(f"procedure {number}: {difference}")
    expect.equal(len(different), 0, "\n".join([*different[:5], "the number of differences"]))
    return done


@suite.case("every procedure without arguments is answered alike")
def _(_):
    expect.true(every_procedure(b"") > 10, "calls that need no arguments succeed")


@suite.case("no more is answered before the connection is open than libvirtd answers")
def _(_):
    # libvirtd has several words for it.
    for number in range(1, rpc.LAST_PROCEDURE + 1):
        if number not in LEFT_OUT:
            call = rpc.frame(number, xdr.domain(*NOBODY) + bytes(64), serial=number)
            wanted, got = (rpc.header(ask(path, call, opened=False)) for path in BOTH)
            expect.equal(got.status, wanted.status, f"the status of the reply to {number}")


@suite.case("every procedure is answered alike about a domain that there is not")
def _(_):
    # Zeros behind the domain are empty strings, no parameters and no flags;
    # libvirtd ignores what it does not need of them.
    every_procedure(xdr.domain(*NOBODY) + bytes(64))


@suite.case("every procedure with nothing behind the domain is answered alike")
def _(_):
    every_procedure(xdr.domain(*NOBODY))


@suite.case("every procedure is answered alike on a connection opened read-only")
def _(_):
    every_procedure(xdr.domain(*NOBODY) + bytes(64), flags=1)


@suite.case("every procedure is answered alike on the read-only socket")
def _(_):
    every_procedure(xdr.domain(*NOBODY) + bytes(64), both=READ_ONLY)


# ---- calls that succeed ----

def dom(*more):
    return xdr.domain(*PLAIN) + xdr.u32(*more)


@suite.case("replies about the connection and the host are byte-equal")
def _(_):
    each({
        "getType": (3, b"", rpc.OK),
        "getVersion": (4, b"", rpc.OK),
        "getMaxVcpus": (5, xdr.optional("qemu"), rpc.OK),
        "getCapabilities": (7, b"", rpc.OK),
        "getHostname": (59, b"", rpc.OK),
        "getURI": (110, b"", rpc.OK),
        "isSecure": (149, b"", rpc.OK),
        "getLibVersion": (157, b"", rpc.OK),
        "supportsFeature": (60, xdr.u32(14), rpc.OK),
    })


@suite.case("replies about domains are byte-equal")
def _(_):
    each({
        "listAllDomains": (273, xdr.u32(1, 0), rpc.OK),
        "numOfDomains": (51, b"", rpc.OK),
        "listDefinedDomains": (21, xdr.u32(100), rpc.OK),
        "lookupByName": (23, xdr.string(PLAIN[0]), rpc.OK),
        "lookupByName of nobody": (23, xdr.string(NOBODY[0]), rpc.ERROR),
        "getInfo": (16, dom(), rpc.OK),
        "getState": (212, dom(0), rpc.OK),
        "getMaxMemory": (17, dom(), rpc.OK),
        "getOSType": (19, dom(), rpc.OK),
        "getAutostart": (15, dom(), rpc.OK),
        "isActive": (150, dom(), rpc.OK),
        "isPersistent": (151, dom(), rpc.OK),
        "getVcpusFlags": (200, dom(2), rpc.OK),
        "getSchedulerType": (56, dom(), rpc.OK),
        "getMetadata": (265, dom(2) + xdr.optional("urn:a") + xdr.u32(0), rpc.OK),
        "getMetadata of another kind": (265, dom(2) + xdr.optional("urn:x") + xdr.u32(0),
                                        rpc.ERROR),
        "listAllSnapshots": (274, dom(1, 0), rpc.OK),
        "snapshotGetXMLDesc": (186, xdr.string("s") + dom(0), rpc.OK),
        "hasManagedSaveImage": (183, dom(0), rpc.OK),
        "getAllDomainStats": (344, xdr.u32(0, 0x1 | 0x8, 0), rpc.OK),
    })


@suite.case("domain XML without SPM is byte-equal, whatever flags it is asked for with")
def _(_):
    for who in (PLAIN, RUNNING):
        each({f"getXMLDesc of {who[0]} with flags {flags}":
              (rpc.DOMAIN_GET_XML_DESC, xdr.domain(*who) + xdr.u32(flags), rpc.OK)
              for flags in range(16)})


@suite.case("replies about storage are byte-equal")
def _(key):
    volume = xdr.string(POOL[0]) + xdr.string("v") + xdr.string(key)
    each({
        "listAllStoragePools": (281, xdr.u32(1, 0), rpc.OK),
        "storagePoolGetXMLDesc": (88, xdr.named(*POOL) + xdr.u32(0), rpc.OK),
        "storagePoolListAllVolumes": (282, xdr.named(*POOL) + xdr.u32(1, 0), rpc.OK),
        "storageVolGetXMLDesc": (99, volume + xdr.u32(0), rpc.OK),
        "storageVolGetPath": (100, volume, rpc.OK),
    })


@suite.case("lists of networks, devices, secrets, interfaces and filters are byte-equal")
def _(_):
    # This libvirt may have no driver for some; then it says so both ways.
    for procedure in (283, 284, 285, 286, 287):
        alike(rpc.frame(procedure, xdr.u32(1, 0)))


@suite.case("domain capabilities differ by our element only")
def _(_):
    call = rpc.frame(rpc.CONNECT_GET_DOMAIN_CAPABILITIES, xdr.u32(0, 0, 0, 0, 0), serial=3)
    stock, ours = (xdr.Reader(rpc.payload(ask(path, call))).string()
                   for path in BOTH)
    expect.contains(ours, "memmapType")
    expect.equal(re.sub(r"  <numa .*?</numa>\n", "", ours, flags=re.DOTALL), stock)


def without_spm(capabilities):
    return re.sub(r"    <spm>.*?</spm>\n", "", capabilities, flags=re.DOTALL)


@suite.case("the host's capabilities differ by our element only")
def _(_):
    call = rpc.frame(rpc.CONNECT_GET_CAPABILITIES, serial=3)
    # The emulator has been asked when the domain's capabilities were.
    ask(hypervisor.VIRTSPM_SOCKET, rpc.frame(rpc.CONNECT_GET_DOMAIN_CAPABILITIES,
                                             xdr.u32(0, 0, 0, 0, 0)))
    stock, ours = (xdr.Reader(rpc.payload(ask(path, call))).string()
                   for path in BOTH)
    expect.contains(ours, f"<enum name='memmapType' emulator='{domains.EMULATOR}'>",
                    "<value>spm</value>")
    expect.equal(without_spm(ours), stock)


@suite.case("a domain is defined, changed and undefined with the same replies")
def _(_):
    name, uuid = "passing", "7a5f0000-0000-4000-8000-000000000009"
    whom = xdr.domain(name, uuid)
    calls = [
        (350, xdr.string(domains.plain(name, uuid)) + xdr.u32(1)),
        (264, whom + xdr.u32(1) + xdr.optional("A title") + xdr.u32(0, 0, 2)),
        (29, whom + xdr.u32(1)),
        (rpc.DOMAIN_GET_XML_DESC, whom + xdr.u32(2)),
        (231, whom + xdr.u32(0)),
        (rpc.DOMAIN_GET_XML_DESC, whom + xdr.u32(0)),
    ]

    def replies(path):
        return [ask(path, rpc.frame(*call)) for call in calls]

    wanted, got = (replies(path) for path in BOTH)
    for (procedure, _), *pair in zip(calls, got, wanted):
        expect.equal(*map(rpc.describe, pair), f"the reply to {procedure}")
    expect.equal([rpc.header(reply).status for reply in got], [rpc.OK] * 5 + [rpc.ERROR])


@suite.case("what libvirtd refuses in a document, it refuses with the same error")
def _(_):
    for document in ("", "<domain", "<notdomain/>", "<domain><oops></domain>", "<domain/>",
                     "<domain type='qemu'/>", "\udcff".encode("utf-8", "surrogateescape").decode(
                         "latin-1"), "<domain type='vmware'><name>x</name></domain>"):
        for procedure, more in ((11, b""), (350, xdr.u32(0)), (350, xdr.u32(1)), (10, xdr.u32(0))):
            answer = alike(rpc.frame(procedure, xdr.string(document) + more))
            expect.equal(rpc.header(answer).status, rpc.ERROR, "status")


# ---- frames that no client sends ----

@suite.case("frames that libvirtd refuses are refused with the same error")
def _(_):
    version = rpc.GET_LIB_VERSION
    for odd in (
            rpc.frame(version, program=0x12345678),
            rpc.frame(version, version=2),
            rpc.frame(1, program=rpc.QEMU),
            rpc.frame(99, program=rpc.QEMU),
            rpc.frame(1, program=rpc.LXC),
            rpc.frame(version, status=rpc.ERROR),
            rpc.frame(version, status=rpc.CONTINUE),
            rpc.frame(version, status=99),
            rpc.frame(1, program=rpc.KEEPALIVE, type=rpc.CALL),
            rpc.frame(318),
            rpc.frame(0xffffffff)):
        expect.equal(rpc.header(alike(odd)).status, rpc.ERROR, "status")


@suite.case("procedures, programs and versions that nobody knows are refused by libvirtd itself")
def _(_):
    asks = xdr.string("<domain type='qemu'><cpu><numa><cell memmapType='spm'/></numa></cpu></domain>")
    numbers = (0, 11, 14, 350, 457, 1000, 0x7fffffff, 0x80000000)
    strangers = [(program, version, number)
                 for program in (0, 0x06900690, 0x20008085, 0x20008088, 0xffffffff)
                 for version in (0, 1, 2) for number in numbers]
    versions = [(program, version, number)
                for program in (rpc.REMOTE, rpc.QEMU, rpc.LXC, rpc.KEEPALIVE)
                for version in (0, 2, 0xffffffff) for number in numbers]
    unknown = [(rpc.REMOTE, 1, number) for number in (0, 1000, 0x7fffffff, 0x80000000)]
    unknown += [(program, 1, number) for program in (rpc.QEMU, rpc.LXC) for number in (0, 457, 1000)]
    for program, version, number in strangers + versions + unknown:
        for type in (rpc.CALL, rpc.CALL_WITH_FDS):
            args = (b"" if type == rpc.CALL else xdr.u32(0)) + asks
            answer = alike(rpc.frame(number, args, serial=9, program=program, version=version,
                                     type=type))
            expect.equal(rpc.header(answer).status, rpc.ERROR,
                         f"status of {program:#x} {version} {number}")


@suite.case("frames that libvirtd takes although they are odd are taken alike")
def _(_):
    version = rpc.GET_LIB_VERSION
    for odd in (
            rpc.frame(version, serial=0xffffffff),
            rpc.frame(version, b"\0\0\0\0", type=rpc.CALL_WITH_FDS),
            rpc.frame(version, b"spare bytes."),
            rpc.frame(1, program=rpc.KEEPALIVE, type=rpc.MESSAGE)):
        expect.equal(rpc.header(alike(odd)).status, rpc.OK, "status")


@suite.case("frames that libvirtd drops do not harm the connection")
def _(_):
    version = rpc.GET_LIB_VERSION
    for odd in (
            rpc.frame(version, type=rpc.REPLY),
            rpc.frame(version, xdr.u32(0), type=rpc.REPLY_WITH_FDS),
            rpc.frame(version, type=rpc.MESSAGE),
            rpc.frame(version, type=rpc.STREAM),
            rpc.frame(version, type=rpc.STREAM_HOLE),
            rpc.frame(version, type=99),
            rpc.frame(2, program=rpc.KEEPALIVE, type=rpc.MESSAGE)):
        answer = alike(odd + FENCE)
        expect.equal(answer and rpc.header(answer).serial, 0x7fff0000,
                     f"what is answered after {odd!r}")


@suite.case("lengths that libvirtd does not accept end the connection alike")
def _(_):
    for length in (0, 4, 27, 33554437, 0x7fffffff, 0xffffffff):
        answer = alike(xdr.u32(length) + rpc.frame(rpc.GET_LIB_VERSION)[4:])
        expect.equal(answer, None, "the answer")


@suite.case("a string as long as libvirtd takes passes, one byte more does not")
def _(_):
    longest = 4 * 1024 * 1024
    for size in (longest, longest + 1):
        document = "<notdomain/>".ljust(size, "\n")
        answer = alike(rpc.frame(350, xdr.string(document) + xdr.u32(0)))
        expect.contains(rpc.Error(answer).message,
                        "notdomain" if size == longest else "Unable to decode message payload")


@suite.case("calls sent without waiting are all answered, with the same replies")
def _(_):
    calls = [rpc.frame(*call, serial=serial) for serial, call in enumerate([
        (rpc.DOMAIN_GET_XML_DESC, dom(0)), (312, xdr.string("x86_64") + xdr.u32(1, 0)), (23, xdr.string(PLAIN[0]))] * 40)]

    def pipeline(path):
        with rpc.connected(path) as wire:
            # libvirtd reads no further while its replies are not read.
            sender = threading.Thread(target=wire.send, args=(b"".join(calls),))
            sender.start()
            # They may come in any order.
            replies = sorted(wire.receive() for _ in calls)
            sender.join()
            return replies

    wanted, got = map(pipeline, BOTH)
    expect.true(got == wanted, "the replies are the same")


# ---- the same through a client library ----

@suite.case("python3-libvirt gets the same from both")
def _(_):
    def look(uri):
        with hypervisor.connected(uri) as connection:
            domain = connection.lookupByName(PLAIN[0])
            on = connection.lookupByName(RUNNING[0])
            yield without_spm(connection.getCapabilities())
            yield connection.getInfo()[:2]
            yield [each.name() for each in connection.listAllDomains()]
            yield domain.XMLDesc(), domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE)
            yield on.XMLDesc(), on.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), on.state(), on.ID()
            yield domain.schedulerType(), domain.autostart(), domain.maxMemory()
            yield domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "urn:a")
            yield [each.getXMLDesc() for each in domain.listAllSnapshots()]
            yield connection.domainListGetStats(
                [domain], libvirt.VIR_DOMAIN_STATS_STATE)[0][1]
            yield connection.getCPUModelNames("x86_64")
            yield [each.XMLDesc() for each in connection.listAllStoragePools()]

    expect.equal(list(look(hypervisor.VIRTSPM_URI)), list(look(hypervisor.LIBVIRT_URI)))


suite.main()
