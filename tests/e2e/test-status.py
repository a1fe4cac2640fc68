#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the SPM cells of all domains use, as virt-spm status and the probe tell it."""

import contextlib
import json

from lib import domains, expect, hypervisor, shell, tap

BOUND = "<numatune><memnode cellid='1' mode='strict' nodeset='0'/></numatune>"


@contextlib.contextmanager
def world():
    with hypervisor.connected() as connection:
        yield connection


suite = tap.Suite(world)


def status():
    return json.loads(shell.works("virt-spm", "status", "--json"))


@suite.case("without SPM domains there is nothing to tell")
def _(world):
    expect.equal(status()["domains"], [], "the domains")
    expect.contains(shell.works("virt-spm", "status"), "no domain has an SPM cell")


@suite.case("a domain that is shut off is told, and takes nothing")
def _(world):
    with hypervisor.defined(world, domains.spm("still", rest=BOUND)):
        told = status()
        expect.equal([(one["name"], one["running"]) for one in told["domains"]], [("still", False)],
                     "the domains")
        expect.equal(told["domains"][0]["cells"][0]["nodes"], [0], "where the cell goes")
        expect.equal(sum(node["used_by_spm_cells"] for node in told["nodes"]), 0, "bytes in use")


@suite.case("a running domain's cell is counted on its node, by both programs")
def _(world):
    with hypervisor.defined(world, domains.spm("busy", rest=BOUND)) as domain:
        domain.createWithFlags(1)  # paused
        cell = status()["domains"][0]["cells"][0]
        expect.equal((cell["cell"], cell["size"], cell["nodes"]), (1, 256 << 20, [0]), "the cell")
        used = {node["node"]: node["used_by_spm_cells"] for node in status()["nodes"]}
        expect.equal(used[0], 256 << 20, "bytes on node 0")
        expect.contains(shell.run("spm-host-probe", "--connect", "qemu:///system").out,
                        "busy", "0.25")
        domain.destroy()


suite.main()
