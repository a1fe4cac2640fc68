# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's events, one after the other, for cases that wait for one.

Import this before a connection is opened: libvirt's client only handles events
and keepalive if it has an event loop by then.
"""

import collections
import queue
import threading

import libvirt

PATIENCE = 60

libvirt.virEventRegisterDefaultImpl()

Event = collections.namedtuple("Event", "name domain detail")


def loop():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=loop, daemon=True).start()


class Watch:
    """What happens to the domains of a connection, and to the connection."""

    LIFECYCLE = {
        libvirt.VIR_DOMAIN_EVENT_DEFINED: "defined",
        libvirt.VIR_DOMAIN_EVENT_UNDEFINED: "undefined",
        libvirt.VIR_DOMAIN_EVENT_STARTED: "started",
        libvirt.VIR_DOMAIN_EVENT_SUSPENDED: "suspended",
        libvirt.VIR_DOMAIN_EVENT_RESUMED: "resumed",
        libvirt.VIR_DOMAIN_EVENT_STOPPED: "stopped",
    }

    def __init__(self, connection):
        self.seen = queue.Queue()
        connection.registerCloseCallback(
            lambda _, reason, __: self.seen.put(Event("closed", None, reason)), None)
        connection.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
            lambda _, domain, event, detail, __: self.seen.put(
                Event(self.LIFECYCLE.get(event, event), domain.name(), detail)), None)
        for number, name in ((libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, "device added"),
                             (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, "device removed")):
            connection.domainEventRegisterAny(
                None, number,
                lambda _, domain, alias, name: self.seen.put(Event(name, domain.name(), alias)),
                name)

    def wait(self, name, domain=None):
        """The next event of this name; those before it are passed over."""
        passed = []
        while True:
            try:
                event = self.seen.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no event '{name}' of {domain}; there were {passed}") from None
            if (event.name, event.domain) == (name, domain):
                return event
            passed.append(event)
