# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domain XML through virtspmd: with SPM cells, and without."""

import contextlib
import subprocess
import tempfile
import uuid

from lib import hypervisor, rpc, xdr
from measure import documents, pure
from measure.results import Part, Row, Spread

DOMAIN_DEFINE_XML_FLAGS = 350
INACTIVE = 2
DEFINITIONS = "/etc/libvirt/qemu"
SIZES = (3, 20)


def define(xml):
    return rpc.frame(DOMAIN_DEFINE_XML_FLAGS, xdr.string(xml) + xdr.u32(0))


def show(name, number):
    return rpc.frame(rpc.DOMAIN_GET_XML_DESC, xdr.domain(name, number) + xdr.u32(INACTIVE))


def measure(bench):
    rows = []
    for size in SIZES:
        rows += plain(bench, size)
    for size in SIZES:
        rows += with_spm(bench, size)
    return Part(
        title="xml",
        about="Median latency in microseconds. Without SPM: virtspmd beside socat. With SPM: the "
              "whole call through virtspmd, beside the same stock XML given to libvirtd; and what "
              "lowering and raising take alone (the least of many runs) as a share of libvirtd's own "
              "define. A sandbox writes to memory, where a define takes least; 'on disk' it waits "
              "for the disk that holds the build folder, as libvirtd on a real host does.",
        columns=("direct", "socat", "virtspmd"), ratio="ratio", rows=rows)


@contextlib.contextmanager
def definitions_on_disk(out):
    """libvirtd writes each definition and waits for the disk; what a sandbox writes stays
    in memory, where nothing has to be waited for."""
    with tempfile.TemporaryDirectory(dir=out) as folder:
        subprocess.run(["mount", "--bind", folder, DEFINITIONS], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", DEFINITIONS], check=True)


def plain(bench, size):
    name, number = f"bench-plain-{size}", str(uuid.uuid4())
    xml = documents.domain(size, False, name, number)
    try:
        for what, frame in (("define", define(xml)), ("dumpxml", show(name, number))):
            samples = bench.calls([frame])
            yield Row(f"{what}, {size} KiB, no SPM: virtspmd / socat", medians(samples),
                      ratio=samples.ratio("p50"), at_most=1.03)
    finally:
        hypervisor.remove(number)


def medians(samples):
    return tuple(samples.median(name, "p50") if name in samples.rounds else None
                 for name in ("direct", "socat", "virtspmd"))


def with_spm(bench, size):
    name, number = f"bench-spm-{size}", str(uuid.uuid4())
    xml = documents.domain(size, True, name, number)
    translated = pure.run(bench, {"xml": xml})["xml"]
    alone = translated["lower"]["least"] + translated["raise"]["least"]
    try:
        stock = stock_of(xml, number)
        own = {"in memory": bench.calls([define(stock)], names=("direct", "socat"))}
        with definitions_on_disk(bench.out):
            own["on disk"] = bench.calls([define(stock)], names=("direct",))
        through = bench.calls([define(xml)], names=("virtspmd",))
        yield Row(f"define, {size} KiB, SPM: virtspmd / the stock XML direct",
                  (*medians(own["in memory"])[:2], through.median("virtspmd", "p50")),
                  ratio=Spread.of_ratios(through.each("virtspmd", "p50"),
                                         own["in memory"].each("direct", "p50")))
        samples = bench.calls([show(name, number)])
        yield Row(f"dumpxml, {size} KiB, SPM: virtspmd / direct", medians(samples),
                  ratio=samples.ratio("p50", "virtspmd", "direct"))
        for where, samples in own.items():
            yield Row(f"lowering + raising, {size} KiB / define {where}",
                      (samples.median("direct", "p50"), None, alone),
                      ratio=Spread.of(alone / each for each in samples.each("direct", "p50")),
                      at_most=0.02)
    finally:
        hypervisor.remove(number)


def stock_of(xml, number):
    """What libvirtd has of a document that was defined through virtspmd."""
    with hypervisor.connected() as connection:
        connection.defineXML(xml)
    with hypervisor.connected(hypervisor.LIBVIRT_URI) as connection:
        return connection.lookupByUUIDString(number).XMLDesc(INACTIVE)
