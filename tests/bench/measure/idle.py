# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that are connected and silent: what they take, and whether others notice."""

import contextlib
import pathlib
import statistics

from lib import hypervisor, rpc, xdr
from measure import ways
from measure.results import Part, Row, Spread

IDLE = 5000
# socat makes a process for each client.
IDLE_SOCAT = 250
# No more than a listening socket lets wait.
AT_A_TIME = 100
KIB = 16
# What may differ between two measurements of the same thing.
UNCHANGED = 1.05


def memory(pid):
    """KiB that this process has for itself, and its share of what it shares."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise AssertionError(f"no Pss of {pid}")


def family(pid):
    """A process and its children."""
    return [pid, *map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


@contextlib.contextmanager
def clients(name, count):
    """That many on one of the ways, connected and open.

    Many at a time: libvirtd looks at every client it has whenever something happens, so
    one after the other would take minutes.
    """
    with contextlib.ExitStack() as stack:
        for start in range(0, count, AT_A_TIME):
            wires = [stack.enter_context(rpc.connected(ways.SOCKETS[name], opened=False))
                     for _ in range(min(AT_A_TIME, count - start))]
            for frame in (rpc.frame(rpc.AUTH_LIST),
                          rpc.frame(rpc.CONNECT_OPEN, xdr.optional("qemu:///system") + xdr.u32(0), serial=1)):
                for wire in wires:
                    wire.send(frame)
                for wire in wires:
                    if rpc.header(wire.receive()).status != rpc.OK:
                        raise AssertionError("an idle client was not let in")
        yield


def wait_until_gone(name):
    """A client that comes after others have left is served after they were dismissed: it
    is asked for on the same socket, and by the same thread."""
    with rpc.connected(ways.SOCKETS[name]):
        pass


def measure(bench):
    frame = rpc.frame(rpc.GET_LIB_VERSION)
    pids = {"direct": hypervisor.ctl("pid", "libvirtd"), "virtspmd": hypervisor.ctl("pid", "virtspmd"),
            "socat": bench.relay}
    before = bench.calls([frame], names=("direct", "virtspmd"))
    each = {}
    busy = {}
    for name, count in (("direct", IDLE), ("socat", IDLE_SOCAT), ("virtspmd", IDLE)):
        had = sum(map(memory, family(pids[name])))
        with clients(name, count):
            each[name] = (sum(map(memory, family(pids[name]))) - had) / count
            busy[name] = bench.calls([frame], names=("direct", "virtspmd"))
        wait_until_gone(name)
    rows = [Row(f"memory of the relay, KiB for each of {IDLE:,} idle clients",
                (each["direct"], each["socat"], each["virtspmd"]),
                ratio=Spread.of([each["virtspmd"] / KIB]), at_most=1.0),
            latencies("a call, nobody else there", before),
            latencies(f"a call, {IDLE:,} idle clients direct", busy["direct"]),
            latencies(f"a call, {IDLE:,} idle clients through virtspmd", busy["virtspmd"]),
            unchanged(before, busy["virtspmd"])]
    return Part(
        title="idle",
        about=f"Clients that are connected, open and silent. Memory: what the process takes for them "
              f"(Pss), as a share of {KIB} KiB; direct it is libvirtd's own, which it takes for "
              f"clients of virtspmd too; socat has {IDLE_SOCAT} clients, as it makes a process for "
              f"each. Latency: median in microseconds, and virtspmd / direct. Each client of virtspmd "
              f"is one of libvirtd, which slows down with them itself, so the last row compares "
              f"virtspmd / direct with idle clients and without.",
        columns=("direct", "socat", "virtspmd"), ratio="ratio", rows=rows)


def latencies(name, samples):
    return Row(name, (samples.median("direct", "p50"), None, samples.median("virtspmd", "p50")),
               ratio=samples.ratio("p50", "virtspmd", "direct"))


def unchanged(before, after):
    usual = statistics.median(before.each("virtspmd", "p50")) / statistics.median(before.each("direct", "p50"))
    spread = after.ratio("p50", "virtspmd", "direct")
    return Row("virtspmd / direct, with idle clients / without", (None, None, None),
               ratio=Spread(spread.median / usual, spread.low / usual, spread.high / usual, spread.rounds),
               at_most=UNCHANGED)
