# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every event of a connection, in the order in which its client gets them."""

import queue
import select

import libvirt

from equal import plain
from lib import events  # noqa: F401: there is an event loop before the first connection

PATIENCE = 60

# A detail of an event that may be any.
ANY = object()

FENCE = "fence"
FENCE_XML = (f"<domain type='{{}}'><name>{FENCE}</name><memory>1024</memory>"
             "<os><type>hvm</type></os></domain>")


def names(prefix):
    """{number: name} of a kind of event, but for the end of its list."""
    return {value: name.removeprefix(prefix).lower().replace("_", " ")
            for name, value in vars(libvirt).items()
            if name.startswith(prefix) and not name.endswith("_LAST")}


# The bindings of 12.8 end with a segmentation fault when one comes; virsh shows them.
NOT_PYTHON = ("channel lifecycle",)

# Whether libvirtd calls QEMU's end an error of its monitor as well, and whether it reads
# what QEMU says last when libvirtd ends it, depends on what it reads first.
RACE = "control error", "'control-error'", "Shutdown Finished after host request", \
    '["plain", 6, 2]'
LAST_WORD = libvirt.VIR_DOMAIN_EVENT_SHUTDOWN, libvirt.VIR_DOMAIN_EVENT_SHUTDOWN_HOST

DOMAIN_EVENTS = {number: name for number, name in names("VIR_DOMAIN_EVENT_ID_").items()
                 if name not in (*NOT_PYTHON, *RACE)}


class Watch:
    """Events of domains, all that the bindings know, registered in the style of
    each kind (`any`), and those of their lives once more in the oldest (`old`)."""

    def __init__(self, seen, connection, old=True, only=None):
        self.seen, self.connection = seen, connection
        self.queue = queue.Queue()
        self.dry = {}
        if old:
            connection.domainEventRegister(
                lambda _, domain, *more: self.put("old lifecycle", domain, more[:-1]), None)
        for number, name in DOMAIN_EVENTS.items():
            if only is None or name in only:
                connection.domainEventRegisterAny(None, number, self.callback(name), None)

    def callback(self, name):
        return lambda _, domain, *more: self.put(name, domain, more[:-1])

    def put(self, name, domain, details):
        if details != LAST_WORD:
            self.queue.put((name, domain.name(), details))

    def next(self):
        try:
            name, domain, details = self.queue.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"{self.seen.side.name}: no more events") from None
        return name, domain, details

    def until(self, name, domain, *details):
        """Wait for an event; all up to it are steps of the scenario."""
        while True:
            event = self.next()
            self.add(event)
            if event[:2] == (name, domain) and all(
                    wanted in (ANY, got) for wanted, got in zip(details, event[2])):
                return event

    def add(self, event):
        name, domain, details = event
        self.seen.add(f"event of {domain}: {name} {plain.plain(details)}")

    def drain(self, kind="qemu"):
        """All that has happened so far: what libvirtd sends next is an event that is
        made here and comes last."""
        make_fence(self.connection, kind)
        while True:
            event = self.next()
            if event[1] != FENCE:
                self.add(event)
            elif event[0] == "lifecycle" and event[2][0] == libvirt.VIR_DOMAIN_EVENT_UNDEFINED:
                return


def make_fence(connection, kind="qemu", titled=False):
    """Two events that are nobody's; and, titled, another one between them."""
    domain = connection.defineXML(FENCE_XML.format(kind))
    if titled:
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "fence", None, None,
                           libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    domain.undefine()


# The last kind that make_fence() makes in virsh's order, in which it registers them; those
# that tests look at come before it.
LATE = "metadata-change"


def begun(connection, output, word=""):
    """Return once a program that prints events has printed one with this word, so is
    registered for it."""
    while True:
        while not select.select([output], [], [], 0.1)[0]:
            make_fence(connection, titled=bool(word))
        line = output.readline()
        if not line:
            raise AssertionError(f"the program ended before it printed '{word}'")
        if word in line:
            return


def printed(seen, output, last):
    """The lines that a program prints about others than the fence, up to the last."""
    for line in output:
        if not any(word in line for word in (FENCE, *RACE)):
            seen.add(line)
        if last in line:
            return
    raise AssertionError(f"the program ended before '{last}'")
