# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls that pass: what virtspmd adds to them, beside what socat adds."""

import uuid

from lib import domains, hypervisor, rpc, xdr
from measure import awake
from measure.results import Part, Row

DOMAIN_LOOKUP_BY_NAME, DOMAIN_LOOKUP_BY_UUID = 23, 24
UUID = "8f0f7e1c-34c5-4b0a-9d0b-5f5f3f0c1b01"

CALLS = {
    "get lib version": rpc.frame(rpc.GET_LIB_VERSION),
    "lookup by name": rpc.frame(DOMAIN_LOOKUP_BY_NAME, xdr.string("bench-calls")),
    "lookup by uuid": rpc.frame(DOMAIN_LOOKUP_BY_UUID, uuid.UUID(UUID).bytes),
}
CLIENTS = (1, 16, 256)


def measure(bench):
    rows = []
    with hypervisor.connected(hypervisor.LIBVIRT_URI) as connection, \
            hypervisor.defined(connection, domains.plain("bench-calls", UUID)):
        # Alone, a client and its answers wake sleeping processors with every step.
        with awake.held() as are_awake:
            if are_awake:
                rows += of_clients(bench, 1, "1 client, awake")
        for clients in CLIENTS:
            rows += of_clients(bench, clients, f"{clients} clients" if clients > 1 else "1 client")
    return Part(
        title="calls",
        about="Latency in microseconds, and what socat and virtspmd add to it. Adding at most what "
              "socat adds is the same as taking at most as long.",
        columns=("direct", "socat", "virtspmd", "socat adds", "virtspmd adds"),
        ratio="virtspmd / socat", rows=rows)


def of_clients(bench, clients, who):
    for name, frame in CALLS.items():
        samples = bench.calls([frame], clients)
        for figure in ("p50", "p99"):
            yield row(samples, f"{name}, {who}, {figure}", figure)


def row(samples, name, figure):
    direct, socat, virtspmd = (samples.median(way, figure) for way in ("direct", "socat", "virtspmd"))
    return Row(name, (direct, socat, virtspmd, socat - direct, virtspmd - direct),
               ratio=samples.ratio(figure), at_most=1.0)
