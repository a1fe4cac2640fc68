#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images, snapshots and checkpoints of SPM domains, and the size of their memory.

They are made through libvirtd's own socket, where nobody refuses to lose memory;
then virtspmd shows them, takes them back, and does not bring a guest back without
its memory.
"""

import contextlib
import pathlib
import tempfile

import libvirt
import libvirt_qemu

from lib import domains, expect, hypervisor, shell, tap, xml

NAME = "remembers"
# What domains.spm() asks for, in KiB.
ORDINARY, SPM = 512 * 1024, 256 * 1024
NOT_BACK = "the contents of its sp-mem memory are not in"

suite_domain = domains.spm(name=NAME).replace("<memballoon model='none'/>",
                                              "<memballoon model='virtio'/>")


class World:
    """A domain by both ways to it."""


@contextlib.contextmanager
def world():
    with contextlib.ExitStack() as stack:
        here = World()
        here.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here.folder.chmod(0o755)  # QEMU has a user of its own
        here.disk = here.folder / "disk.qcow2"
        shell.works("qemu-img", "create", "-q", "-f", "qcow2", here.disk, "8M")
        here.virtspmd = stack.enter_context(hypervisor.connected())
        here.libvirtd = stack.enter_context(hypervisor.connected(hypervisor.LIBVIRT_URI))
        document = suite_domain.replace("<memballoon", domains.disk(here.disk) + "<memballoon")
        stack.enter_context(hypervisor.defined(here.virtspmd, document))
        here.ours = here.virtspmd.lookupByName(NAME)
        here.theirs = here.libvirtd.lookupByName(NAME)
        yield here


suite = tap.Suite(world)


@contextlib.contextmanager
def started(here):
    here.ours.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED | libvirt.VIR_DOMAIN_START_FORCE_BOOT)
    try:
        yield
    finally:
        if here.theirs.isActive():
            here.theirs.destroy()


def spm_cells(document, inside=""):
    return [cell for cell in xml.all(document, f"{inside}cpu/numa/cell")
            if cell.get("memmapType") == "spm"]


def lost(call):
    expect.refused(call, NOT_BACK, "does not migrate it",
                   code=libvirt.VIR_ERR_OPERATION_UNSUPPORTED)


@suite.case("an image shows its cell, takes it back as it was, and is not restored")
def _(here):
    image = str(here.folder / "image")
    with started(here):
        here.theirs.save(image)
    before = here.libvirtd.saveImageGetXMLDesc(image)
    shown = here.virtspmd.saveImageGetXMLDesc(image)
    expect.equal(len(spm_cells(shown)), 1, "the SPM cells that are shown")
    here.virtspmd.saveImageDefineXML(image, shown)
    expect.equal(xml.same(here.libvirtd.saveImageGetXMLDesc(image)), xml.same(before))
    lost(lambda: here.virtspmd.restore(image))
    lost(lambda: here.virtspmd.restoreFlags(image, shown, libvirt.VIR_DOMAIN_SAVE_PAUSED))
    if hasattr(here.virtspmd, "restoreParams"):
        lost(lambda: here.virtspmd.restoreParams(
            {libvirt.VIR_DOMAIN_SAVE_PARAM_FILE: image, libvirt.VIR_DOMAIN_SAVE_PARAM_DXML: shown}, 0))
    expect.true(not here.theirs.isActive(), "nothing was restored")
    expect.refused(lambda: here.virtspmd.restore("/there/is/no/image"), "/there/is/no/image")


@suite.case("a managed save image likewise; it can be discarded")
def _(here):
    with started(here):
        here.theirs.managedSave()
    before = here.theirs.managedSaveGetXMLDesc()
    shown = here.ours.managedSaveGetXMLDesc()
    expect.equal(len(spm_cells(shown)), 1, "the SPM cells that are shown")
    here.ours.managedSaveDefineXML(shown)
    expect.equal(xml.same(here.theirs.managedSaveGetXMLDesc()), xml.same(before))
    lost(here.ours.create)
    lost(lambda: here.ours.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED))
    expect.true(here.ours.hasManagedSaveImage(), "the image is still there")
    with started(here):
        expect.true(not here.ours.hasManagedSaveImage(), "it was discarded")


@suite.case("a snapshot shows its cells, and can be defined again as it was shown")
def _(here):
    with started(here):
        snapshot = here.theirs.snapshotCreateXML("<domainsnapshot><name>memory</name></domainsnapshot>")
        before = snapshot.getXMLDesc()
        shown = here.ours.snapshotLookupByName("memory").getXMLDesc()
        for inside in ("domain/", "inactiveDomain/"):
            expect.equal(len(spm_cells(shown, inside)), len(xml.all(before, inside[:-1])),
                         f"the SPM cells in {inside}")
        here.ours.snapshotCreateXML(shown, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
        expect.equal(xml.same(here.theirs.snapshotLookupByName("memory").getXMLDesc()),
                     xml.same(before))
        lost(lambda: here.ours.revertToSnapshot(here.ours.snapshotLookupByName("memory")))
    lost(lambda: here.ours.revertToSnapshot(here.ours.snapshotLookupByName("memory")))
    snapshot.delete()


@suite.case("a snapshot that was taken while the guest was off is reverted to")
def _(here):
    here.ours.snapshotCreateXML("<domainsnapshot><name>off</name></domainsnapshot>")
    with started(here):
        snapshot = here.ours.snapshotLookupByName("off")
        here.ours.revertToSnapshot(snapshot)
        expect.true(not here.theirs.isActive(), "the guest is off, as it was")
        expect.equal(len(spm_cells(here.ours.XMLDesc())), 1, "its SPM cells")
    snapshot.delete()


@suite.case("a checkpoint shows its cell, and can be defined again as it was shown")
def _(here):
    with started(here):
        checkpoint = here.theirs.checkpointCreateXML(
            "<domaincheckpoint><name>point</name></domaincheckpoint>")
        before = checkpoint.getXMLDesc()
        shown = here.ours.checkpointLookupByName("point").getXMLDesc()
        expect.equal(len(spm_cells(shown, "domain/")), 1, "the SPM cells")
        checkpoint.delete(libvirt.VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY)
        here.ours.checkpointCreateXML(shown, libvirt.VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE)
        again = here.theirs.checkpointLookupByName("point")
        expect.equal(xml.same(again.getXMLDesc()), xml.same(before))
        again.delete()


@suite.case("QEMU's balloon counts what is in no SPM cell, and setmem stays within that")
def _(here):
    with started(here):
        said = libvirt_qemu.qemuMonitorCommand(
            here.theirs, "info balloon", libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP)
        expect.contains(said, f"actual={ORDINARY // 1024}")
        expect.equal(here.ours.maxMemory(), ORDINARY + SPM, "what libvirt counts")
        for flags in (libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG):
            expect.refused(lambda: here.ours.setMemoryFlags(ORDINARY - 1024, flags),
                           f"use at least {ORDINARY} KiB",
                           code=libvirt.VIR_ERR_OPERATION_UNSUPPORTED)
        expect.refused(lambda: here.ours.setMemory(ORDINARY - 1024), f"use at least {ORDINARY} KiB")
        here.ours.setMemory(ORDINARY)
        # libvirtd's own words.
        expect.refused(lambda: here.ours.setMaxMemory(ORDINARY))


suite.main()
