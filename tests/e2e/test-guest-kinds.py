#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other kinds of SPM cells, each booted once: several, with HMAT figures, in huge
pages, with vCPUs."""

import contextlib
import pathlib
import re

import libvirt

from lib import domains, expect, guests, hypervisor, tap, xml

PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
FREE = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")


@contextlib.contextmanager
def world():
    guests.make_image()
    with hypervisor.connected() as connection:
        yield connection


suite = tap.Suite(world)


@contextlib.contextmanager
def booted(connection, name, **more):
    """The guest and its report."""
    with hypervisor.defined(connection, guests.document(name, **more)) as domain:
        domain.create()
        guest = guests.Guest(name)
        yield guest, guest.report()


@contextlib.contextmanager
def hugepages(count):
    """So many more pages of 2 MiB in the machine, given back afterwards."""
    before = int(PAGES.read_text())
    PAGES.write_text(str(before + count))
    try:
        if int(FREE.read_text()) < count:
            raise tap.Skip(f"this machine cannot spare {count} huge pages")
        yield
    finally:
        PAGES.write_text(str(before))


@suite.case("two SPM cells with HMAT: the guest sees both, and how fast each is", patience=400)
def _(connection):
    def figures(target, latency, bandwidth):
        return (f"<latency initiator='0' target='{target}' type='access' value='{latency}'/>"
                f"<bandwidth initiator='0' target='{target}' type='access' value='{bandwidth}' "
                "unit='GiB'/>")

    interconnects = (f"<interconnects>{figures(0, 100, 20)}{figures(1, 120, 400)}"
                     f"{figures(2, 250, 10)}</interconnects>")
    # Linux 6.12 subtracts soft-reserved memory from its ordinary memory when it
    # decides how many threads there may be, and does not boot when little is left.
    cells = domains.ordinary_cell(1024) + domains.spm_cell(256) + domains.spm_cell(128, id=2)
    with booted(connection, "hmat", cells=cells, interconnects=interconnects,
                memory=1408) as (_, report):
        for node, size in ((1, 256), (2, 128)):
            expect.equal([entry["size"] for entry in report.all("dax", target_node=node)],
                         [size * guests.MIB], f"sizes of dax devices of node {node}")
        for node, latency, bandwidth in ((0, 100, 20), (1, 120, 400), (2, 250, 10)):
            [access] = report.all("access", node=node, **{"class": 0})
            for which in ("read", "write"):
                expect.equal(access[f"{which}_latency"], latency, f"{which} latency of {node}, ns")
                expect.equal(access[f"{which}_bandwidth"], bandwidth * 1024,
                             f"{which} bandwidth of {node}, MiB/s")
        shown = connection.lookupByName("hmat").XMLDesc()
        expect.equal([cell.get("memmapType") for cell in xml.cells(shown)], [None, "spm", "spm"])
        expect.equal(len(xml.parse(shown).findall("cpu/numa/interconnects/*")), 6, "figures shown")


@suite.case("an SPM cell in huge pages: its memory, and only its, is in them", patience=400)
def _(connection):
    size = 128 * guests.MIB
    backing = "<hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages>"
    with hugepages(64), booted(
            connection, "huge", cells=domains.ordinary_cell() + domains.spm_cell(128), memory=640,
            backing=backing) as (guest, report):
        guests.sees_spm(report, 1, size)
        # proc_pid_smaps(5): one paragraph a mapping.
        maps = pathlib.Path(f"/proc/{guest.pid()}/smaps").read_text()
        huge = [int(kib) * 1024 for kib, page in re.findall(
            r"^Size: +(\d+) kB\nKernelPageSize: +(\d+) kB", maps, re.MULTILINE) if page == "2048"]
        expect.equal(huge, [size], "sizes of mappings in huge pages")
        shown = xml.all(connection.lookupByName("huge").XMLDesc(), "memoryBacking/hugepages/page")
        expect.equal([page["nodeset"] for page in shown], ["1"], "cells with huge pages")


@suite.case("an SPM cell with a vCPU: the guest's node has it, where libvirt can build that",
            patience=400)
def _(connection):
    cells = ("<cell id='0' cpus='0' memory='512' unit='MiB'/>"
             "<cell id='1' cpus='1' memory='256' unit='MiB' memmapType='spm'/>")
    if connection.getLibVersion() < 12000000:
        expect.refused(lambda: connection.defineXML(domains.spm(cells=cells)),
                       "NUMA cell 1", "vCPUs", code=libvirt.VIR_ERR_CONFIG_UNSUPPORTED)
        return
    with booted(connection, "vcpus", cells=cells) as (_, report):
        guests.sees_spm(report, 1, 256 * guests.MIB)
        node = report.node(1, "boot")
        expect.equal((node["online"], node["cpus"]), (1, 1), "node 1 at boot: online, its vCPU")


suite.main()
