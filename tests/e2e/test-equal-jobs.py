#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jobs on disks and memory of guests that run: block copy, commit and pull, backups,
checkpoints, snapshots, saves, dumps; what they return, how they end, and their events."""

import libvirt
import libvirt_qemu

import equal
from equal import bound, documents, watch

RULES = (
    bound.CREATED,
    bound.rule("how long a job took, and what it met of memory that changes",
               r"'(time_\w+|memory_\w+|setup_time\w*|disk_bps|downtime\w*|data_\w+|"
               r"compression_\w+|job_setup_time)': -?\d+", r"'\1': N"),
    bound.rule("how long the job goes on", r"(virDomain.jobInfo\(\) -> \[\d+, )\d+,", r"\1N,"),
    bound.rule("serial numbers of commands to QEMU", r'"id":"libvirt-\d+"', '"id":"libvirt-N"'),
)

# What each step of a block job is told with, in the two styles.
COMPLETED, READY = libvirt.VIR_DOMAIN_BLOCK_JOB_COMPLETED, libvirt.VIR_DOMAIN_BLOCK_JOB_READY

suite = equal.Suite()


def running(seen, target="vda", devices="", only=None, **more):
    """A connection, its events, and a paused domain with a disk that has data."""
    connection = seen.connect()
    happened = watch.Watch(seen, connection, only=only)
    path = documents.image(target)
    documents.fill(path)
    domain = seen.does(connection.defineXML, documents.domain(
        devices=documents.disk(target) + devices, **more))
    seen.does(domain.createWithFlags, libvirt.VIR_DOMAIN_START_PAUSED)
    happened.drain()
    return connection, happened, domain


def snapshot(seen, domain, name, flags=0):
    """A new layer on top of the disk."""
    return seen.does(domain.snapshotCreateXML, f"""<domainsnapshot><name>{name}</name>
        <memory snapshot='no'/><disks><disk name='vda' snapshot='external'>
        <source file='{seen.folder}/vda.{name}'/></disk></disks></domainsnapshot>""",
        libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY |
        libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA | flags)


@suite.scenario("a block copy is made, watched, pivoted to", RULES)
def _(seen):
    connection, happened, domain = running(seen)
    copy = (f"<disk type='file'><source file='{seen.folder}/copy.qcow2'/>"
            "<driver type='qcow2'/></disk>")
    seen.tries(domain.blockCopy, "vdz", copy, {}, libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB)
    seen.tries(domain.blockCopy, "vda", "<nothing/>", {})
    seen.tries(domain.blockCopy, "vda", copy, {"no-such": 1})
    seen.does(domain.blockCopy, "vda", copy, {"granularity": 65536},
              libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB)
    happened.until("block job", "plain", watch.ANY, watch.ANY, READY)
    seen.does(domain.blockJobInfo, "vda")
    seen.does(domain.blockJobSetSpeed, "vda", 100)
    seen.does(domain.blockJobInfo, "vda")
    seen.tries(domain.snapshotCreateXML, "<domainsnapshot/>",
               libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
    seen.does(domain.XMLDesc)
    seen.does(domain.blockJobAbort, "vda", libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
    happened.drain()
    seen.tries(domain.blockJobInfo, "vda")
    seen.tries(domain.blockJobAbort, "vda")
    seen.does(domain.XMLDesc)


@suite.scenario("a block copy is given up", RULES)
def _(seen):
    connection, happened, domain = running(seen)
    seen.tries(domain.blockRebase, "vda", f"{seen.folder}/copy.qcow2", 0,
               libvirt.VIR_DOMAIN_BLOCK_REBASE_COPY)
    seen.does(domain.undefine)
    seen.does(domain.blockRebase, "vda", f"{seen.folder}/copy.qcow2", 0,
              libvirt.VIR_DOMAIN_BLOCK_REBASE_COPY)
    happened.until("block job", "plain", watch.ANY, watch.ANY, READY)
    seen.does(domain.blockJobAbort, "vda")
    happened.drain()
    seen.does(domain.XMLDesc)


@suite.scenario("layers are committed and pulled", RULES)
def _(seen):
    connection, happened, domain = running(seen)
    for name in ("one", "two", "three"):
        snapshot(seen, domain, name)
    happened.drain()
    seen.does(domain.XMLDesc)
    seen.tries(domain.blockCommit, "vda", "vda[9]", None)
    seen.does(domain.blockCommit, "vda", f"{seen.folder}/vda.one", f"{seen.folder}/vda.two")
    happened.until("block job", "plain", watch.ANY, watch.ANY, COMPLETED)
    happened.drain()
    seen.does(domain.blockCommit, "vda", None, None, 0, libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE)
    happened.until("block job", "plain", watch.ANY, watch.ANY, READY)
    seen.does(domain.blockJobAbort, "vda", libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
    happened.drain()
    seen.does(domain.XMLDesc)
    snapshot(seen, domain, "four")
    seen.does(domain.blockPull, "vda")
    happened.until("block job", "plain", watch.ANY, watch.ANY, COMPLETED)
    happened.drain()
    seen.does(domain.XMLDesc)


@suite.scenario("a backup with a checkpoint, and one of what has changed since", RULES)
def _(seen):
    connection, happened, domain = running(seen)
    for number, since in ((1, ""), (2, "<incremental>c1</incremental>")):
        seen.does(domain.backupBegin, f"""<domainbackup>{since}<disks>
            <disk name='vda' type='file'><target file='{seen.folder}/backup{number}.qcow2'/>
            <driver type='qcow2'/></disk></disks></domainbackup>""",
            f"<domaincheckpoint><name>c{number}</name></domaincheckpoint>")
        happened.until("job completed", "plain")
        seen.tries(domain.backupGetXMLDesc)
        seen.does(domain.jobStats, libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    seen.tries(domain.backupBegin, "<domainbackup><incremental>c9</incremental></domainbackup>",
               None)
    seen.tries(domain.backupBegin, "<nothing/>", None)
    points = seen.does(domain.listAllCheckpoints, libvirt.VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL)
    for point in points:
        seen.does(point.getXMLDesc)
        seen.does(point.getXMLDesc, libvirt.VIR_DOMAIN_CHECKPOINT_XML_SIZE)
        seen.tries(point.getParent)
    seen.does(points[0].delete)
    seen.tries(domain.checkpointLookupByName, "c1")
    happened.drain()


@suite.scenario("a backup that is pulled, and ended by its client", RULES)
def _(seen):
    # Whether the end of the job on the disk is told as well depends on what libvirtd sees
    # first.
    connection, happened, domain = running(seen, only=("lifecycle", "job completed"))
    # QEMU, which is not root, makes its socket there.
    seen.folder.chmod(0o777)
    seen.does(domain.backupBegin, f"""<domainbackup mode='pull'>
        <server transport='unix' socket='{seen.folder}/nbd'/>
        <disks><disk name='vda' type='file'><scratch file='{seen.folder}/scratch.qcow2'/></disk>
        </disks></domainbackup>""", None)
    seen.does(domain.backupGetXMLDesc)
    seen.does(domain.jobInfo)
    seen.tool("qemu-img", "info", f"nbd+unix:///vda?socket={seen.folder}/nbd")
    seen.does(domain.abortJob)
    happened.until("job completed", "plain")
    happened.drain()


@suite.scenario("snapshots with memory, of disks, redefined, reverted, deleted", RULES)
def _(seen):
    connection, happened, domain = running(seen)
    first = seen.does(domain.snapshotCreateXML, "<domainsnapshot><name>memory</name></domainsnapshot>")
    seen.does(domain.snapshotCreateXML, "<domainsnapshot><name>second</name></domainsnapshot>")
    seen.tries(domain.snapshotCreateXML, "<domainsnapshot><name>memory</name></domainsnapshot>")
    seen.tries(domain.snapshotCreateXML, "<domainsnapshot><name>", 0)
    for each in seen.does(domain.listAllSnapshots, libvirt.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL):
        seen.does(each.getXMLDesc)
        seen.does(each.isCurrent)
        seen.tries(each.getParent)
        seen.does(each.listChildrenNames)
    document = first.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)
    seen.does(domain.revertToSnapshot, first, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED)
    happened.drain()
    seen.does(domain.state)
    seen.does(first.delete, libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
    seen.named("snapshotCreateXML of what was", domain.snapshotCreateXML, document,
               libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    seen.does(domain.snapshotLookupByName("second").delete)
    seen.tries(domain.snapshotLookupByName, "second")
    seen.does(domain.snapshotNum)
    seen.tries(domain.undefine)
    happened.drain()


@suite.scenario("a save, its image looked at and changed, a restore", RULES)
def _(seen):
    connection, happened, domain = running(seen)
    image = str(seen.folder / "image")
    seen.does(domain.memoryPeek, 0xffff0, 16, libvirt.VIR_MEMORY_PHYSICAL)
    seen.does(domain.saveParams, {"file": image, "dxml": domain.XMLDesc(
        libvirt.VIR_DOMAIN_XML_MIGRATABLE | libvirt.VIR_DOMAIN_XML_SECURE).replace(
            "<vcpu", "<title>saved</title><vcpu")}, libvirt.VIR_DOMAIN_SAVE_PAUSED)
    happened.until("job completed", "plain")
    document = seen.does(connection.saveImageGetXMLDesc, image)
    seen.tries(connection.saveImageGetXMLDesc, "/nowhere")
    seen.does(connection.saveImageDefineXML, image, document.replace("saved", "edited"))
    seen.tries(connection.saveImageDefineXML, image, "<nothing/>")
    seen.tries(connection.restoreFlags, image, None, 1 << 20)
    if seen.restores():
        seen.does(connection.restore, image)
        seen.does(domain.XMLDesc)
        seen.does(domain.managedSave, libvirt.VIR_DOMAIN_SAVE_RUNNING)
        happened.until("job completed", "plain")
        seen.does(domain.managedSaveGetXMLDesc)
        seen.does(domain.hasManagedSaveImage)
        seen.does(domain.createWithFlags, libvirt.VIR_DOMAIN_START_PAUSED)
        seen.does(domain.state)
    else:
        seen.tries(connection.restore, image)
    happened.drain()


@suite.scenario("dumps, peeks and jobs that there are not", RULES)
def _(seen):
    documents.fill(documents.image("vdb", kind="raw"), "raw")
    connection, happened, domain = running(seen, devices=documents.disk("vdb", kind="raw"))
    seen.does(domain.coreDumpWithFormat, str(seen.folder / "core"),
              libvirt.VIR_DOMAIN_CORE_DUMP_FORMAT_RAW, libvirt.VIR_DUMP_MEMORY_ONLY)
    happened.drain()
    seen.note("it is there", (seen.folder / "core").exists())
    seen.tries(domain.coreDump, "/nowhere/core")
    seen.tries(domain.coreDumpWithFormat, str(seen.folder / "core"), 99, 0)
    seen.does(domain.memoryPeek, 0, 65536, libvirt.VIR_MEMORY_PHYSICAL)
    seen.tries(domain.memoryPeek, 1 << 40, 16, libvirt.VIR_MEMORY_PHYSICAL)
    seen.tries(domain.memoryPeek, 0, 1 << 23, libvirt.VIR_MEMORY_PHYSICAL)
    seen.does(domain.blockPeek, "vdb", 0, 4096)
    seen.tries(domain.blockPeek, "vdb", 1 << 40, 16)
    seen.tries(domain.blockPeek, "vda", 0, 4096)
    seen.does(domain.jobInfo)
    seen.does(domain.jobStats)
    seen.tries(domain.abortJob)
    seen.does(domain.controlInfo)
    happened.drain()


@suite.scenario("devices come and go", RULES)
def _(seen):
    connection, happened, domain = running(seen)
    documents.fill(documents.image("vdb"))
    seen.does(domain.attachDevice, documents.disk("vdb", extra="<alias name='ua-mine'/>"))
    happened.until("device added", "plain")
    seen.does(domain.blockStats, "vdb")
    seen.tries(domain.attachDevice, documents.disk("vdb"))
    seen.does(domain.setBlockThreshold, "vdb", 1 << 20)
    seen.does(domain.blockResize, "vdb", 8192)
    # The guest has to let it go, and there is none yet.
    seen.tries(domain.detachDeviceAlias, "ua-mine")
    seen.tries(domain.detachDeviceAlias, "ua-none")
    seen.tries(domain.updateDeviceFlags, documents.disk("vdb"))
    seen.does(domain.attachDeviceFlags, documents.disk("vdc", kind="raw"),
              libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    seen.does(domain.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE)
    happened.drain()


@suite.scenario("the monitor and the agent", RULES)
def _(seen):
    connection, happened, domain = running(seen)
    for command, flags in (('{"execute":"query-status"}', 0), ("info status", 1),
                           ('{"execute":"no-such"}', 0), ("", 0), ("{", 0), ("info status", 1 << 31)):
        seen.tries(libvirt_qemu.qemuMonitorCommand, domain, command, flags)
    for command, timeout in (('{"execute":"guest-ping"}', 1), ("", -2)):
        seen.tries(libvirt_qemu.qemuAgentCommand, domain, command, timeout, 0)
    seen.tries(libvirt_qemu.qemuAttach, connection, 1, 0)
    happened.drain()


@suite.scenario("two clients: what one does the other sees", RULES)
def _(seen):
    connection, happened, domain = running(seen)
    other = seen.connect()
    watched = watch.Watch(seen, other, old=False)
    seen.does(other.lookupByName("plain").resume)
    happened.until("lifecycle", "plain", libvirt.VIR_DOMAIN_EVENT_RESUMED)
    watched.until("lifecycle", "plain", libvirt.VIR_DOMAIN_EVENT_RESUMED)
    seen.does(domain.suspend)
    seen.does(other.lookupByName("plain").state)
    watched.until("lifecycle", "plain", libvirt.VIR_DOMAIN_EVENT_SUSPENDED)


suite.main()
