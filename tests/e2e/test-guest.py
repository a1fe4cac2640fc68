#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One guest's life: it boots with UEFI, sees its SPM cell, and keeps it.

The cases share the guest.  After whatever is done to it, it has to answer.
"""

import contextlib
import pathlib
import tempfile

import libvirt

from lib import domains, events, expect, guests, hypervisor, shell, tap, xml

NAME = "spm-guest"
SIZE = 256 * guests.MIB

DISTANCES = "<distances><sibling id='0' value='{}'/><sibling id='1' value='{}'/></distances>"
CELLS = (f"<cell id='0' cpus='0-1' memory='512' unit='MiB'>{DISTANCES.format(10, 17)}</cell>"
         f"<cell id='1' memory='256' unit='MiB' memmapType='spm'>{DISTANCES.format(17, 10)}</cell>")
SPM = {"id": "1", "memory": "256", "unit": "MiB", "memmapType": "spm"}

UNSUPPORTED = libvirt.VIR_ERR_OPERATION_UNSUPPORTED


class World:
    def __init__(self, connection, folder):
        self.connection = connection
        self.folder = folder
        self.guest = guests.Guest(NAME)
        self.report = None

    def domain(self):
        return self.connection.lookupByName(NAME)

    def reconnect(self):
        with contextlib.suppress(libvirt.libvirtError):
            self.connection.close()
        self.connection = libvirt.open(hypervisor.VIRTSPM_URI)


@contextlib.contextmanager
def world():
    guests.make_image()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # QEMU runs as another user.
        folder.chmod(0o777)
        disk = folder / "disk.qcow2"
        shell.works("qemu-img", "create", "-q", "-f", "qcow2", disk, "1M")
        connection = libvirt.open(hypervisor.VIRTSPM_URI)
        domain = connection.defineXML(guests.document(
            NAME, firmware=domains.UEFI, cells=CELLS, devices=domains.disk(disk)))
        uuid = domain.UUIDString()
        try:
            yield World(connection, folder)
        finally:
            hypervisor.remove(uuid)


suite = tap.Suite(world)


# ---- what it sees ----

@suite.case("the guest boots and reports", vital=True, patience=400)
def _(world):
    world.domain().create()
    world.report = world.guest.report()


@suite.case("it sees the cell as soft-reserved memory in a node of its own, and takes it")
def _(world):
    guests.sees_spm(world.report, 1, SIZE)


@suite.case("it sees the distances between the cells")
def _(world):
    distances = {entry["node"]: entry["value"] for entry in world.report.all("distance")}
    expect.equal(distances, {0: "10,17", 1: "17,10"})


@suite.case("its ordinary memory is that of the ordinary cell only")
def _(world):
    total = world.report.node(0, "kmem")["MemTotal"]
    expect.true(0 < total <= 512 * guests.MIB, f"{total} bytes fit into cell 0")


@suite.case("the running domain shows the cell as it was written")
def _(world):
    for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
        expect.equal(xml.cells(world.domain().XMLDesc(flags))[1], SPM)


# ---- what would lose its memory is refused ----

def refused(world, call):
    expect.refused(call, NAME, "sp-mem memory would be lost", code=UNSUPPORTED,
                   domain=libvirt.VIR_FROM_DOMAIN)
    expect.equal(world.domain().state()[0], libvirt.VIR_DOMAIN_RUNNING, "its state")
    expect.equal(world.domain().hasManagedSaveImage(), 0, "images of it")
    guests.lives(world.guest)


@suite.case("managed save is refused, and the guest lives")
def _(world):
    refused(world, lambda: world.domain().managedSave())


@suite.case("save is refused, with new XML and with parameters too, and the guest lives")
def _(world):
    domain, image = world.domain(), world.folder / "image"
    refused(world, lambda: domain.save(str(image)))
    refused(world, lambda: domain.saveFlags(str(image), None, libvirt.VIR_DOMAIN_SAVE_PAUSED))
    stock = hypervisor_xml(libvirt.VIR_DOMAIN_XML_MIGRATABLE)
    refused(world, lambda: domain.saveFlags(str(image), stock, 0))
    refused(world, lambda: domain.saveParams({libvirt.VIR_DOMAIN_SAVE_PARAM_FILE: str(image)}))
    expect.true(not image.exists(), "there is no image")


def hypervisor_xml(flags=0):
    """The domain as libvirtd itself has it."""
    with hypervisor.connected(hypervisor.LIBVIRT_URI) as libvirtd:
        return libvirtd.lookupByName(NAME).XMLDesc(flags)


@suite.case("snapshots that hold memory are refused, and the guest lives")
def _(world):
    external = f"<memory snapshot='external' file='{world.folder}/memory'/>"
    for document in ("<domainsnapshot/>",
                     "<domainsnapshot><memory snapshot='internal'/></domainsnapshot>",
                     f"<domainsnapshot>{external}</domainsnapshot>"):
        refused(world, lambda: world.domain().snapshotCreateXML(document))
    refused(world, lambda: world.domain().snapshotCreateXML(
        f"<domainsnapshot>{external}</domainsnapshot>", libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_LIVE))
    expect.equal(world.domain().snapshotNum(), 0, "snapshots")


@suite.case("migration by libvirtd itself is refused, and the guest lives")
def _(world):
    # An address for documentation (RFC 5737); nobody is asked.
    there = "qemu+tcp://192.0.2.1/system"
    live = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER
    for flags in (live, live | libvirt.VIR_MIGRATE_TUNNELLED):
        refused(world, lambda: world.domain().migrateToURI(there, flags))
        refused(world, lambda: world.domain().migrateToURI2(there, None, None, flags))
        refused(world, lambda: world.domain().migrateToURI3(there, {}, flags))


@suite.case("migration that the client drives is refused, and the guest lives")
def _(world):
    with hypervisor.connected(hypervisor.LIBVIRT_URI) as destination:
        live = libvirt.VIR_MIGRATE_LIVE
        refused(world, lambda: world.domain().migrate(destination, live))
        refused(world, lambda: world.domain().migrate3(destination, {}, live))


@suite.case("virsh says why, and fails")
def _(world):
    said = shell.fails(*shell.virsh("managedsave", NAME))
    expect.contains(said, f"cannot save domain '{NAME}'", "does not migrate it",
                    "shut the guest down instead")


# ---- the cell's memory stays as it is ----

@suite.case("the cell's memory device cannot be detached, updated or added to")
def _(world):
    domain = world.domain()
    start = hypervisor_xml().index("<memory model=")
    stock = hypervisor_xml()[start:].partition("</memory>")[0] + "</memory>"
    without_alias = stock.replace("<alias name='ua-virtspm-cell1'/>", "")
    smaller = stock.replace("262144", "131072")
    more = ("<memory model='dimm'><target><size unit='MiB'>128</size><node>1</node></target>"
            "</memory>")
    live = libvirt.VIR_DOMAIN_AFFECT_LIVE
    for flags in (live, libvirt.VIR_DOMAIN_AFFECT_CONFIG,
                  live | libvirt.VIR_DOMAIN_AFFECT_CONFIG):
        for call in (lambda: domain.detachDeviceFlags(stock, flags),
                     lambda: domain.detachDeviceFlags(without_alias, flags),
                     lambda: domain.updateDeviceFlags(smaller, flags),
                     lambda: domain.attachDeviceFlags(more, flags),
                     lambda: domain.detachDeviceAlias("ua-virtspm-cell1", flags)):
            expect.refused(call, NAME, "SPM cell 1", code=UNSUPPORTED)
    expect.refused(lambda: domain.detachDevice(stock), "SPM cell 1", code=UNSUPPORTED)
    expect.equal(xml.cells(domain.XMLDesc())[1], SPM)
    guests.lives(world.guest)


@suite.case("its size is changed no more through virtspmd than with stock libvirt")
def _(world):
    with hypervisor.connected(hypervisor.LIBVIRT_URI) as libvirtd:
        for flags in (libvirt.VIR_DOMAIN_AFFECT_LIVE,
                      libvirt.VIR_DOMAIN_AFFECT_CONFIG | libvirt.VIR_DOMAIN_MEM_MAXIMUM):
            answers = {str(expect.refused(lambda: connection.lookupByName(NAME).setMemoryFlags(
                512 * 1024, flags))) for connection in (world.connection, libvirtd)}
            expect.equal(len(answers), 1, f"kinds of answers {answers}")
    expect.equal(xml.cells(world.domain().XMLDesc())[1], SPM)
    guests.lives(world.guest)


# ---- all else goes on ----

@suite.case("a snapshot of its disks passes")
def _(world):
    snapshot = world.domain().snapshotCreateXML(
        "<domainsnapshot><name>disks</name></domainsnapshot>",
        libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
    expect.equal(world.domain().snapshotListNames(), ["disks"])
    snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
    guests.lives(world.guest)


@suite.case("suspend and resume pass, with their events")
def _(world):
    with hypervisor.connected() as connection:
        watch = events.Watch(connection)
        world.domain().suspend()
        watch.wait("suspended", NAME)
        world.domain().resume()
        watch.wait("resumed", NAME)
    guests.lives(world.guest)


@suite.case("another device is attached, and is a device of the domain")
def _(world):
    with hypervisor.connected() as connection:
        watch = events.Watch(connection)
        world.domain().attachDeviceFlags(
            "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
            libvirt.VIR_DOMAIN_AFFECT_LIVE)
        watch.wait("device added", NAME)
    expect.true(xml.has(world.domain().XMLDesc(), "devices/rng"), "it is shown")
    guests.lives(world.guest)


@suite.case("stock virsh sees a running domain with stock XML, and can act on it")
def _(world):
    stock = hypervisor_xml()
    expect.true(xml.has(stock, "devices/memory"), "the memory device is shown")
    expect.lacks(str(xml.cells(stock)), "memmapType")
    for words in (("suspend", NAME), ("resume", NAME), ("dominfo", NAME)):
        shell.works(*shell.virsh(*words, uri=hypervisor.LIBVIRT_URI))
    guests.lives(world.guest)


# ---- the daemons come and go ----

@suite.case("libvirtd is restarted: the guest lives, and is an SPM guest afterwards")
def _(world):
    hypervisor.ctl("restart", "libvirtd")
    guests.lives(world.guest)
    world.reconnect()
    expect.equal(world.domain().state()[0], libvirt.VIR_DOMAIN_RUNNING, "its state")
    for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
        expect.equal(xml.cells(world.domain().XMLDesc(flags))[1], SPM)
    refused(world, lambda: world.domain().managedSave())


@suite.case("virtspmd is killed: the guest lives, and stock virsh manages it")
def _(world):
    watch = events.Watch(world.connection)
    hypervisor.ctl("kill", "virtspmd")
    watch.wait("closed")
    guests.lives(world.guest)
    expect.contains(shell.works(*shell.virsh("list", uri=hypervisor.LIBVIRT_URI)), NAME, "running")


@suite.case("virtspmd is started again: the guest is an SPM guest as before")
def _(world):
    hypervisor.ctl("start", "virtspmd")
    world.reconnect()
    expect.equal(xml.cells(world.domain().XMLDesc())[1], SPM)
    refused(world, lambda: world.domain().managedSave())


@suite.case("the guest powers off by itself")
def _(world):
    with hypervisor.connected() as connection:
        watch = events.Watch(connection)
        with contextlib.suppress(guests.GuestError):
            world.guest.ask("off")
        event = watch.wait("stopped", NAME)
        expect.equal(event.detail, libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN)
    expect.equal(xml.cells(world.domain().XMLDesc())[1], SPM)


@suite.case("a domain that is off has no memory to lose: libvirtd answers for itself")
def _(world):
    expect.refused(world.domain().managedSave, "not running",
                   code=libvirt.VIR_ERR_OPERATION_INVALID)


suite.main()
