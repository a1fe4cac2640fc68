# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that boot Linux and say what they see (tests/e2e/guest)."""

import pathlib
import subprocess
import sys

from lib import domains, expect, hypervisor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guest"))
from guest import Guest, GuestError  # noqa: E402,F401

IMAGE = pathlib.Path("/var/lib/libvirt/boot/spm-e2e")
MIB = 1024 * 1024


def make_image():
    """Kernel and initramfs, of what is installed where the test runs."""
    subprocess.run([hypervisor.SCRIPTS / "guest-image", IMAGE], check=True)


def document(name, firmware=domains.QBOOT, devices="", **more):
    """A domain with an SPM cell that boots them."""
    boot = (f"{firmware}<kernel>{IMAGE}/vmlinuz</kernel><initrd>{IMAGE}/initrd</initrd>"
            "<cmdline>console=ttyS0 quiet panic=-1 no_timer_check</cmdline>")
    serial = (f"<serial type='pty'><log file='/var/log/libvirt/qemu/{name}-serial.log' "
              "append='off'/></serial>")
    return domains.spm(name, os=boot, devices=serial + devices, **more)


def lives(guest):
    """It answers, whatever libvirtd and virtspmd do."""
    expect.equal(guest.ask("ping", "you"), "pong you")


def sees_spm(report, node, size):
    """The same range in E820 and in SRAT, a dax device, and no memory until kmem
    takes it."""
    ranges = report.all("e820", type="soft-reserved")
    expect.equal([entry["size"] for entry in ranges], [size], "soft-reserved sizes in E820")
    affinity = report.all("srat", start=ranges[0]["start"])
    expect.equal([(entry["node"], entry["size"]) for entry in affinity], [(node, size)],
                 "nodes and sizes of the range in SRAT")
    dax = report.all("dax")
    expect.equal([(entry["target_node"], entry["size"]) for entry in dax], [(node, size)],
                 "target nodes and sizes of dax devices")
    before, after = (report.node(node, stage) for stage in ("boot", "kmem"))
    expect.equal(before["MemTotal"] if before else 0, 0, "memory before kmem")
    # The kernel may keep a part of it for its own bookkeeping.
    expect.true(size * 95 // 100 <= after["MemTotal"] <= size,
                f"memory after kmem took it is about {size}, not {after}")
    expect.equal(report.all("error"), [], "errors")
