#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which procedures a real libvirtd has: a new one is a decision that somebody makes.

tests/unit/daemon/procedures.txt says of each what virtspmd does with it. When this
fails because of a newer libvirt, look at what the new procedures carry (domain XML?
memory that moves?), and add a line for each.
"""

import pathlib
import re

from lib import expect, hypervisor, rpc, tap

TABLE = pathlib.Path(__file__).resolve().parents[1] / "unit/daemon/procedures.txt"
PROGRAMS = {"remote": rpc.REMOTE, "qemu": rpc.QEMU, "lxc": rpc.LXC}

# The libvirt that the table was made for, as libvirt counts.
MADE_FOR = 12008000

# A later libvirt has its new numbers behind the last.
BEHIND = 40

suite = tap.Suite()


def written():
    """The last number of each program."""
    last = {}
    for line in TABLE.read_text().splitlines():
        row = re.match(r"(\w+) +(\d+) ", line)
        if row and row[1] in PROGRAMS:
            last[row[1]] = int(row[2])
    return last


def is_known(program, number):
    """Asked without arguments, which no procedure but a harmless one can do with."""
    with rpc.connected(hypervisor.LIBVIRT_SOCKET) as wire:
        answer = wire.call(number, program=program)
    head = rpc.header(answer)
    return head.status == rpc.OK or rpc.Error(answer).message != f"unknown procedure: {number}"


@suite.case("libvirtd has no procedure that the table does not have")
def _(_):
    for name, last in written().items():
        beyond = [number for number in range(last + 1, last + BEHIND)
                  if is_known(PROGRAMS[name], number)]
        expect.equal(beyond, [], f"procedures of program {name} behind {last}")


@suite.case("the table's last procedures are those of the libvirt that it was made for")
def _(_):
    with hypervisor.connected(hypervisor.LIBVIRT_URI) as connection:
        version = connection.getLibVersion()
    if version < MADE_FOR:
        raise tap.Skip(f"this libvirt is older ({version})")
    for name, last in written().items():
        expect.true(is_known(PROGRAMS[name], last), f"program {name} has procedure {last}")


suite.main()
