#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every migration call that a client or a libvirtd sends, seen on the wire.

Two hosts, each with a virtspmd in front of its libvirtd, and a relay in front of each
virtspmd that writes down the calls. libvirt's client library chooses the calls by what
the hosts can do, and the relays can make them look older.
"""

import contextlib
import pathlib
import struct
import tempfile
import urllib.parse

import libvirt

from lib import daemon, domains, expect, hypervisor, relay, rpc, second, shell, tap, xdr, xml

PORT = "tcp://127.0.0.1:49361"
LIVE = libvirt.VIR_MIGRATE_LIVE
PERSIST = libvirt.VIR_MIGRATE_PERSIST_DEST
OFFLINE = libvirt.VIR_MIGRATE_OFFLINE | PERSIST
PEER = libvirt.VIR_MIGRATE_PEER2PEER
TUNNEL = libvirt.VIR_MIGRATE_TUNNELLED

# Of libvirt's features those that decide about a migration's calls.
V3, PARAMS = 6, 13
SUPPORTS_FEATURE = 60
MIGRATION = {61, 62, 63, 108, 109, 148, *range(213, 219), *range(302, 308)}


class Host:
    """What its relay has seen, and does not let it be able to do."""

    def __init__(self):
        self.calls, self.without, self.asked = [], set(), {}
        self.change = None

    def called(self, header, frame):
        if header.type == rpc.CALL and header.procedure == SUPPORTS_FEATURE:
            self.asked[header.serial] = xdr.Reader(rpc.payload(frame)).u32()
        if header.type == rpc.CALL and header.procedure in MIGRATION:
            self.calls.append(header.procedure)
            if self.change:
                frame = self.change(header, frame)
        return [frame]

    def answered(self, header, frame):
        if header.type == rpc.REPLY and header.procedure == SUPPORTS_FEATURE and \
                self.asked.get(header.serial) in self.without:
            frame = frame[:28] + xdr.u32(0)
        return [frame]

    def take(self):
        calls, self.calls = self.calls, []
        return calls


class World:
    pass


@contextlib.contextmanager
def seen(folder, name, path):
    host = Host()
    there = folder / name
    with relay.running(there, path, host.called, host.answered):
        host.uri = f"qemu+unix:///system?socket={there}"
        with hypervisor.connected(host.uri) as host.connection:
            yield host


@contextlib.contextmanager
def world():
    with contextlib.ExitStack() as stack:
        made = World()
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        there_uri, made.stock = stack.enter_context(second.connected())
        there = urllib.parse.parse_qs(urllib.parse.urlsplit(there_uri).query)["socket"][0]
        made.virtspmd = stack.enter_context(daemon.running(str(folder / "sock"), upstreams=(there,)))
        made.here = stack.enter_context(seen(folder, "here", hypervisor.VIRTSPM_SOCKET))
        made.there = stack.enter_context(seen(folder, "there", made.virtspmd.listen))
        made.spm = stack.enter_context(hypervisor.defined(made.here.connection, domains.spm("travels")))
        made.plain = stack.enter_context(hypervisor.defined(made.here.connection, domains.plain("plain")))
        yield made


suite = tap.Suite(world)


@contextlib.contextmanager
def without(world, *features, there=None):
    """The hosts cannot do that any more, or the other cannot do something else; connections
    remember what they were told."""
    for host in world.here, world.there:
        host.without = set(features if there is None or host is world.here else there)
        host.connection.close()
        host.connection = libvirt.open(host.uri)
    world.spm, world.plain = map(world.here.connection.lookupByName, ("travels", "plain"))
    try:
        yield
    finally:
        for host in world.here, world.there:
            host.without = set()


def titled(domain, title, flags=0):
    """Its XML with another title."""
    text = domain.XMLDesc(flags)
    return text.replace("<memory ", f"<title>{title}</title><memory ", 1)


def passed(world, *calls):
    """These calls have passed here, and those there, in this order."""
    expect.equal((world.here.take(), world.there.take()), calls, "the calls")


def arrived(world, name, title=None, cells=False):
    """The domain is on the other host, as it was meant; it is removed again."""
    domain = world.there.connection.lookupByName(name)
    stock = world.stock.lookupByName(name).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    if cells:
        expect.equal(xml.cells(text)[1]["memmapType"], "spm")
        expect.contains(stock, "ua-virtspm-cell1")
    expect.true(all("memmapType" not in cell for cell in xml.cells(stock)), "libvirtd has stock XML")
    expect.lacks(stock, "urn:virtspm:migration:1")
    expect.equal(xml.content(text, "title"), title, "the title")
    persistent = domain.isPersistent()
    if domain.isActive():
        domain.destroy()
    if persistent:
        domain.undefine()
    world.here.take(), world.there.take()


def off(domain):
    return titled(domain, "travelled", libvirt.VIR_DOMAIN_XML_INACTIVE)


def with_cell(world):
    """What the ordinary domain is to be from its next start on: one with an SPM cell."""
    return off(world.spm).replace(world.spm.UUIDString(), world.plain.UUIDString()) \
        .replace("<name>travels<", "<name>plain<")


@suite.case("migrate and migrate2: the calls with strings")
def _(world):
    with hypervisor.paused(world.plain):
        world.plain.migrate(world.there.connection, LIVE, "renamed", PORT, 0)
    passed(world, [213, 216, 218], [214, 217])
    arrived(world, "renamed")
    with hypervisor.paused(world.plain):
        world.plain.migrate2(world.there.connection, titled(world.plain, "by dxml", 8), LIVE, None, PORT, 0)
    passed(world, [213, 216, 218], [214, 217])
    arrived(world, "plain", "by dxml")
    world.spm.migrate2(world.there.connection, off(world.spm), OFFLINE, None, PORT, 0)
    passed(world, [213, 218], [214, 217])
    arrived(world, "travels", "travelled", cells=True)


@suite.case("migrate3: the calls with parameters, destination_xml and persistent_xml among them")
def _(world):
    with hypervisor.paused(world.plain):
        world.plain.migrate3(world.there.connection, {
            "migrate_uri": PORT, "destination_xml": titled(world.plain, "by parameter", 8),
            "persistent_xml": with_cell(world)}, LIVE | PERSIST)
    passed(world, [302, 305, 307], [303, 306])
    runs = world.there.connection.lookupByName("plain")
    expect.equal(xml.content(runs.XMLDesc(), "title"), "by parameter", "the title of what runs")
    arrived(world, "plain", "travelled", cells=True)
    for name in "destination_xml", "persistent_xml":
        world.spm.migrate3(world.there.connection, {"migrate_uri": PORT, name: off(world.spm)}, OFFLINE)
        passed(world, [302, 307], [303, 306])
        arrived(world, "travels", "travelled" if name == "destination_xml" else None, cells=True)


@suite.case("virsh migrate --xml --persistent-xml")
def _(world):
    with tempfile.TemporaryDirectory() as folder, hypervisor.paused(world.plain):
        document = pathlib.Path(folder) / "plain.xml"
        document.write_text(titled(world.plain, "by virsh", 8))
        shell.works(*shell.virsh("migrate", "--live", "--persistent", "--xml", document, "--persistent-xml",
                                 document, "plain", world.there.uri, PORT, uri=world.here.uri))
    passed(world, [302, 305, 307], [303, 306])
    arrived(world, "plain", "by virsh")


@suite.case("virsh migrate --offline --xml of a domain with an SPM cell")
def _(world):
    with tempfile.TemporaryDirectory() as folder:
        document = pathlib.Path(folder) / "travels.xml"
        document.write_text(off(world.spm))
        for options in ("--xml",), ("--persistent-xml",):
            shell.works(*shell.virsh("migrate", "--offline", "--persistent", *options, document, "travels",
                                     world.there.uri, uri=world.here.uri))
            passed(world, [302, 307], [303, 306])
            arrived(world, "travels", "travelled" if options == ("--xml",) else None, cells=True)


@suite.case("offline and peer to peer, the other host's hook refuses what it cannot know, with the way out")
def _(world):
    expect.refused(lambda: world.spm.migrateToURI3(world.there.uri, {}, OFFLINE | PEER),
                   "migrate it offline through virtspmd")
    passed(world, [305], [303])
    expect.equal(world.stock.listAllDomains(), [], "the domains of the other host")
    expect.true(world.spm.isPersistent(), "it is still here")


def peer_to_peer(world, call, mine, theirs, title=None):
    """The source's libvirtd calls the other host, through the virtspmd there."""
    with hypervisor.paused(world.plain):
        call(world.plain)
    passed(world, mine, theirs)
    arrived(world, "plain", title)


@suite.case("peer to peer, with parameters, and in a tunnel")
def _(world):
    there = world.there.uri
    peer_to_peer(world, lambda plain: plain.migrateToURI(there, LIVE | PEER, None, 0), [305], [303, 306])
    peer_to_peer(world, lambda plain: plain.migrateToURI2(
        there, PORT, titled(plain, "peer", 8), LIVE | PEER, None, 0), [305], [303, 306], "peer")
    peer_to_peer(world, lambda plain: plain.migrateToURI3(
        there, {"destination_xml": titled(plain, "peer", 8)}, LIVE | PEER), [305], [303, 306], "peer")
    peer_to_peer(world, lambda plain: plain.migrateToURI3(there, {}, LIVE | PEER | TUNNEL),
                 [305], [304, 306])


@suite.case("peer to peer, between hosts that do not know parameters, and in a tunnel")
def _(world):
    there = world.there.uri
    with without(world, PARAMS):
        peer_to_peer(world, lambda plain: plain.migrateToURI2(
            there, PORT, titled(plain, "peer", 8), LIVE | PEER, None, 0), [216], [214, 217], "peer")
        peer_to_peer(world, lambda plain: plain.migrateToURI(there, LIVE | PEER | TUNNEL, None, 0),
                     [216], [215, 217])


@suite.case("version 2, peer to peer; the other host is called as it can")
def _(world):
    there = world.there.uri
    for features, theirs in ((), [303, 306]), ((PARAMS,), [214, 217]):
        with without(world, V3, PARAMS, there=features):
            peer_to_peer(world, lambda plain: plain.migrateToURI(there, LIVE | PEER, None, 0), [62], theirs)


def ways(world):
    """Every way to migrate; the client library chooses the calls."""
    other, there = world.there.connection, world.there.uri
    for flags in LIVE | PEER, LIVE | PEER | TUNNEL:
        yield lambda spm, flags=flags: spm.migrateToURI(there, flags, None, 0)
        yield lambda spm, flags=flags: spm.migrateToURI2(there, None, None, flags, None, 0)
        yield lambda spm, flags=flags: spm.migrateToURI3(there, {}, flags)
    if V3 not in world.here.without:
        yield lambda spm: spm.migrate(other, LIVE, None, PORT, 0)
        yield lambda spm: spm.migrate2(other, None, LIVE, None, PORT, 0)
        yield lambda spm: spm.migrate3(other, {"migrate_uri": PORT}, LIVE)


@suite.case("a running guest with SPM is refused where it begins in all of them, and stays")
def _(world):
    calls = set()
    for features in (), (PARAMS,), (V3, PARAMS):
        with without(world, *features), hypervisor.paused(world.spm):
            for way in ways(world):
                expect.refused(lambda way=way: way(world.spm), "cannot migrate domain 'travels'",
                               "does not migrate it")
                expect.equal(world.spm.state()[0], libvirt.VIR_DOMAIN_PAUSED, "the state of the guest")
                calls |= set(world.here.take())
    expect.equal(calls, {62, 213, 216, 302, 305})
    expect.equal(world.there.take(), [], "what reached the other host")


def with_domain(frame, document):
    """The frame with this in the place of the domain in its cookie."""
    at = frame.index(b"<qemu-migration>") - 4
    size, = struct.unpack(">I", frame[at:at + 4])
    cookie, rest = frame[at + 4:at + 4 + size], frame[at + 4 + size + -size % 4:]
    before, _, after = cookie.partition(b"<domain")
    cookie = before + document.encode() + after.partition(b"</domain>")[2]
    frame = frame[:at] + xdr.opaque(cookie) + rest
    return xdr.u32(len(frame)) + frame[4:]


@suite.case("a cookie that holds a domain with an SPM cell is translated")
def _(world):
    document = with_cell(world)
    flags = LIVE | PERSIST
    for finish, way in (
            (306, lambda plain, there: plain.migrate3(there, {"migrate_uri": PORT}, flags)),
            (217, lambda plain, there: plain.migrate(there, flags, None, PORT, 0))):
        def change(header, frame, finish=finish):
            return with_domain(frame, document) if header.procedure == finish else frame
        world.there.change = change
        try:
            with hypervisor.paused(world.plain):
                way(world.plain, world.there.connection)
            expect.equal(world.there.take()[-1], finish, "the last call")
            arrived(world, "plain", "travelled", cells=True)
        finally:
            world.there.change = None


def on_the_wire(domain):
    """Calls of every version with arguments that decode, about a domain that does not run and a
    document that is none. libvirtd 12.8 crashes when version 2 (108) makes it prepare a domain,
    and when it is to perform (216) what has not begun: such a call is about no domain."""
    this = xdr.domain(domain.name(), domain.UUIDString())
    nobody = xdr.domain("nobody", "7a5f0000-0000-4000-8000-0000000000f0")
    none, zero, word, empty = xdr.optional(None), xdr.u64(0), xdr.u32(0), xdr.opaque(b"")
    name, uri = xdr.string(domain.name()), xdr.string(PORT)
    tail = zero + none + zero
    document = xdr.string("<domain type='qemu'><name>x</name></domain>")
    params = xdr.u32(1) + xdr.string("destination_xml") + xdr.u32(7) + document
    return {61: none + tail, 62: this + empty + uri + tail, 63: name + empty + uri + zero,
            108: none + tail + document, 109: name + empty + uri + zero + word, 148: tail + document,
            213: this + none + tail, 214: empty + none + tail + document, 215: empty + tail + document,
            216: nobody + none + empty + none + xdr.optional(PORT) + tail,
            217: name + empty + none + none + zero + word,
            218: nobody + empty + zero + word, 302: this + word + word, 303: params + empty + word,
            304: params + empty + word, 305: nobody + none + word + empty + word,
            306: params + empty + word + word, 307: nobody + word + empty + word + word}


@suite.case("the errors of all versions are libvirtd's own, byte for byte")
def _(world):
    calls = on_the_wire(world.plain)
    expect.equal(set(calls), MIGRATION)
    for procedure, args in calls.items():
        replies = []
        for path in hypervisor.LIBVIRT_SOCKET, hypervisor.VIRTSPM_SOCKET:
            with rpc.connected(path) as wire:
                replies.append(wire.call(procedure, args))
        expect.equal(rpc.describe(replies[1]), rpc.describe(replies[0]), f"the reply to {procedure}")
        expect.equal(replies[1], replies[0], f"the reply to {procedure}")


suite.main()
