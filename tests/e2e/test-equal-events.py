#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events: all that a client can register for come through virtspmd, in the same order
and with the same details; in both of Python's event loops, registered in both styles."""

import contextlib
import os
import pathlib
import signal

import libvirt
import libvirt_qemu

import equal
from equal import bound, documents, testdriver, watch

WATCHER = pathlib.Path(__file__).resolve().parent / "equal/clients/watcher.py"

AGENT = ("<channel type='unix'><source mode='bind' path='/var/lib/libvirt/equal/agent'/>"
         "<target type='virtio' name='org.qemu.guest_agent.0'/></channel>")

RULES = (
    bound.rule("when QEMU sent an event", r"(qemu event \S+ )\(\d+, \d+, ", r"\1(TIME, "),
    bound.rule("how long a job took, and how much of memory it met",
               r"'(time_\w+|memory_\w+|setup_time|disk_bps|downtime\w*|data_\w+|job_setup_time)': \d+",
               r"'\1': N"),
)

suite = equal.Suite()


@suite.scenario("a domain's life, and what is changed in it", RULES)
def _(seen):
    connection = seen.connect()
    happened = watch.Watch(seen, connection)
    documents.image()
    documents.image("vdb")
    domain = seen.does(connection.defineXML, documents.domain(
        devices=documents.disk() + AGENT,
        rest="<iothreads>1</iothreads>"))
    seen.does(domain.setMetadata, libvirt.VIR_DOMAIN_METADATA_TITLE, "A title", None, None,
              libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    seen.does(domain.setMetadata, libvirt.VIR_DOMAIN_METADATA_ELEMENT, "<a/>", "mine", "urn:mine",
              libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    happened.drain()
    seen.does(domain.createWithFlags, libvirt.VIR_DOMAIN_START_PAUSED)
    happened.drain()
    seen.does(domain.setMetadata, libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, "words", None, None,
              libvirt.VIR_DOMAIN_AFFECT_LIVE)
    seen.does(domain.setBlockIoTune, "vda", {"total_iops_sec": 100})
    happened.drain()
    seen.does(domain.attachDevice, documents.disk("vdb"))
    happened.until("device added", "plain")
    seen.does(domain.addIOThread, 7, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    happened.drain()
    seen.does(domain.resume)
    seen.does(domain.suspend)
    happened.drain()
    seen.does(domain.setLifecycleAction, 1, 0, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    seen.does(domain.destroy)
    seen.does(domain.create)
    seen.does(domain.destroy)
    seen.does(domain.rename, "other")
    seen.does(domain.undefine)
    happened.drain()


@suite.scenario("a reset of a domain that is to be destroyed then", RULES)
def _(seen):
    connection = seen.connect()
    happened = watch.Watch(seen, connection)
    domain = seen.does(connection.createXML, documents.domain(),
                       libvirt.VIR_DOMAIN_START_PAUSED)
    seen.does(domain.resume)
    happened.until("lifecycle", "plain", libvirt.VIR_DOMAIN_EVENT_RESUMED)
    # QEMU may have ended before it could answer.
    with contextlib.suppress(libvirt.libvirtError):
        domain.reset()
    happened.until("lifecycle", "plain", libvirt.VIR_DOMAIN_EVENT_STOPPED)
    happened.drain()


@suite.scenario("a reset of a domain that goes on", RULES)
def _(seen):
    connection = seen.connect()
    happened = watch.Watch(seen, connection)
    domain = seen.does(connection.createXML, documents.domain(on_reboot="restart"),
                       libvirt.VIR_DOMAIN_START_PAUSED)
    seen.does(domain.reset)
    happened.until("reboot", "plain")
    seen.does(domain.destroy)
    happened.drain()


@suite.scenario("QEMU is killed", RULES)
def _(seen):
    connection = seen.connect()
    happened = watch.Watch(seen, connection)
    seen.does(connection.createXML, documents.domain(), libvirt.VIR_DOMAIN_START_PAUSED)
    os.kill(int(pathlib.Path("/run/libvirt/qemu/plain.pid").read_text()), signal.SIGKILL)
    happened.until("lifecycle", "plain", libvirt.VIR_DOMAIN_EVENT_STOPPED)
    happened.drain()


@suite.scenario("QEMU's own events, as they are", RULES)
def _(seen):
    connection = seen.connect()
    seen.happened = watch.Watch(seen, connection, old=False, only=("lifecycle",))
    domain = seen.does(connection.defineXML, documents.domain())
    number = libvirt_qemu.qemuMonitorEventRegister(
        connection, domain, "STOP|RESUME",
        lambda _, dom, event, seconds, micros, details, __: seen.happened.queue.put(
            (f"qemu event {event}", dom.name(), (seconds, micros, details))), None,
        libvirt_qemu.VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_REGEX)
    seen.note("registered", number >= 0)
    seen.does(domain.createWithFlags, libvirt.VIR_DOMAIN_START_PAUSED)
    seen.does(domain.resume)
    seen.happened.until("qemu event RESUME", "plain")
    seen.does(domain.suspend)
    seen.happened.until("qemu event STOP", "plain")
    libvirt_qemu.qemuMonitorEventDeregister(connection, number)
    seen.does(domain.resume)
    seen.does(domain.destroy)
    seen.happened.drain()
    seen.tries(libvirt_qemu.qemuMonitorEventDeregister, connection, 4711)


@suite.scenario("a save and a restore", RULES)
def _(seen):
    connection = seen.connect()
    happened = watch.Watch(seen, connection)
    domain = seen.does(connection.defineXML, documents.domain())
    seen.does(domain.createWithFlags, libvirt.VIR_DOMAIN_START_PAUSED)
    seen.does(domain.save, str(seen.folder / "image"))
    happened.until("job completed", "plain")
    if seen.restores():
        seen.does(connection.restoreFlags, str(seen.folder / "image"), None,
                  libvirt.VIR_DOMAIN_SAVE_PAUSED)
        seen.does(domain.managedSave)
        happened.until("job completed", "plain")
        seen.does(domain.create)
        seen.does(domain.destroy)
    happened.drain()


@suite.scenario("a close callback, and callbacks that are taken back", RULES)
def _(seen):
    connection = seen.connect()
    happened = watch.Watch(seen, connection, only=("lifecycle",))
    seen.does(connection.registerCloseCallback, ignore, None)
    seen.tries(connection.registerCloseCallback, ignore, None)
    seen.does(connection.unregisterCloseCallback)
    seen.tries(connection.unregisterCloseCallback)
    number = connection.domainEventRegisterAny(
        None, libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, ignore, None)
    connection.domainEventDeregisterAny(number)
    seen.tries(connection.domainEventDeregisterAny, number)
    seen.tries(connection.domainEventDeregisterAny, 4711)
    domain = seen.does(connection.defineXML, documents.domain())
    number = connection.domainEventRegisterAny(
        domain, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, happened.callback("of one domain"), None)
    seen.does(domain.createWithFlags, libvirt.VIR_DOMAIN_START_PAUSED)
    happened.until("of one domain", "plain", libvirt.VIR_DOMAIN_EVENT_SUSPENDED)
    connection.domainEventDeregisterAny(number)
    seen.does(domain.destroy)
    happened.drain()


def ignore(*_):
    pass


@suite.scenario("the test driver's events, of domains, networks and pools")
def _(seen):
    testdriver.write()
    connection = seen.connect("test", testdriver.FILE)
    happened = watch.Watch(seen, connection)
    for register, kinds in ((connection.networkEventRegisterAny, "VIR_NETWORK_EVENT_ID_"),
                            (connection.storagePoolEventRegisterAny, "VIR_STORAGE_POOL_EVENT_ID_"),
                            (connection.nodeDeviceEventRegisterAny, "VIR_NODE_DEVICE_EVENT_ID_")):
        for number, name in watch.names(kinds).items():
            register(None, number, happened.callback(f"{kinds} {name}"), None)
    domain = connection.lookupByName("off")
    seen.does(domain.create)
    seen.does(domain.reboot)
    seen.does(domain.destroy)
    network = connection.networkLookupByName("net")
    seen.does(network.destroy)
    seen.does(network.create)
    pool = connection.storagePoolLookupByName("pool")
    seen.does(pool.refresh)
    seen.does(pool.destroy)
    seen.does(pool.undefine)
    seen.tries(connection.nodeDeviceLookupByName("computer").destroy)
    happened.drain("test")


# ---- other clients of events ----

def life(seen, connection):
    """A short one."""
    domain = seen.does(connection.defineXML, documents.domain(devices=AGENT))
    seen.does(domain.createWithFlags, libvirt.VIR_DOMAIN_START_PAUSED)
    seen.does(domain.resume)
    seen.does(domain.destroy)
    seen.does(domain.undefine)


@suite.scenario("virsh shows every kind of event")
def _(seen):
    connection = seen.connect()
    with seen.program("virsh", "-c", seen.uri(), "event", "--all", "--loop") as said:
        watch.begun(connection, said, watch.LATE)
        life(seen, connection)
        watch.printed(seen, said, "for domain 'plain': Undefined")


def watcher(loop, style):
    def scenario(seen):
        """The watcher is a process of its own: it has one event loop for good."""
        connection = seen.connect()
        with seen.program("python3", WATCHER, loop, style, seen.uri()) as said:
            watch.begun(connection, said)
            life(seen, connection)
            watch.printed(seen, said, '["plain", "undefined"')
    return scenario


for loop in ("default", "asyncio"):
    for style in ("old", "new"):
        suite.scenario(f"the {loop} event loop, events registered in the {style} style")(
            watcher(loop, style))

suite.main()
