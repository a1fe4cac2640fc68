# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host's memory, and what a process has of it, as the kernel tells."""

import collections
import pathlib
import re
import subprocess

from lib import expect

NODES = pathlib.Path("/sys/devices/system/node")
DAX = pathlib.Path("/sys/bus/dax")

MIB = 1 << 20
PAGE = 2 * MIB


# ------------------------------------------------------------------ hugepages

def pool(node):
    return NODES / f"node{node}/hugepages/hugepages-2048kB"


def free_pages(node):
    return int((pool(node) / "free_hugepages").read_text())


def reserve(**pages):
    """So many hugepages of 2 MiB on each node, all of them free: reserve(node1=64)."""
    for name, count in pages.items():
        node = int(name.removeprefix("node"))
        (pool(node) / "nr_hugepages").write_text(str(count))
        expect.equal(free_pages(node), count, f"the free hugepages of node {node}")


def obey(command):
    """Run a command that a program named as the way out, as an administrator would."""
    done = subprocess.run(["sh", "-ec", command], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expect.equal((done.returncode, done.stdout), (0, ""), f"the outcome of '{command}'")


# ------------------------------------------------------------------------ dax

def load(*modules):
    subprocess.run(["modprobe", "--all", *modules], check=True)


def driver(device):
    link = DAX / "devices" / device / "driver"
    return link.resolve().name if link.exists() else None


def release(device):
    """Take a device from device_dax, so that another driver may have it."""
    here = DAX / "drivers/device_dax"
    (here / "unbind").write_text(device)
    (here / "remove_id").write_text(device)


# ------------------------------------------------------- the memory of a process

# A line of numa_maps: where it is mapped, what the kernel was told, where its
# pages are (node -> pages of the mapping's own size).
Mapping = collections.namedtuple("Mapping", "policy file page_size pages")


def parse_numa_maps(text):
    maps = []
    for line in text.splitlines():
        _, policy, *words = line.split()
        facts = dict(word.partition("=")[::2] for word in words)
        pages = {int(key[1:]): int(value) for key, value in facts.items()
                 if re.fullmatch(r"N\d+", key)}
        maps.append(Mapping(policy, facts.get("file", ""),
                            int(facts.get("kernelpagesize_kB", "0")) * 1024, pages))
    return maps


def numa_maps(pid):
    return parse_numa_maps(pathlib.Path(f"/proc/{pid}/numa_maps").read_text())


def nodes_of(maps):
    """The bytes that the mappings have on each node."""
    bytes_on = collections.Counter()
    for one in maps:
        for node, pages in one.pages.items():
            bytes_on[node] += pages * one.page_size
    return dict(bytes_on)


def mapped(pid, path):
    """The sizes of the mappings of a file, in the order of their addresses."""
    sizes = []
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, _, _, _, _, *name = line.split(maxsplit=5)
        if name == [path]:
            start, end = (int(address, 16) for address in span.split("-"))
            sizes.append(end - start)
    return sizes
