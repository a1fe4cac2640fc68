# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains of the inner hypervisor, used with virsh as an operator does."""

import contextlib
import pathlib
import subprocess

import libvirt

from lib import domains, expect, hypervisor, shell, xml
from machine import MIB

SPM_CELL = 128 * MIB

ORDINARY = 128 * MIB

NOTES = "{urn:virtspm:placement:1}"
NOTE = f"metadata/{NOTES}placement"


def document(name, spm=SPM_CELL, **more):
    cells = domains.ordinary_cell(ORDINARY // MIB) + domains.spm_cell(spm // MIB)
    return domains.spm(name, cells=cells, memory=(ORDINARY + spm) // MIB, **more)


def write(name, **more):
    """A file that holds the document."""
    path = pathlib.Path(f"/tmp/{name}.xml")
    path.write_text(document(name, **more))
    return path


@contextlib.contextmanager
def defined(*names, **more):
    """Domains for as long as the block lasts, in whatever state it leaves them."""
    try:
        for name in names:
            shell.works(*shell.virsh("define", str(write(name, **more))))
        yield
    finally:
        with hypervisor.connected(hypervisor.LIBVIRT_URI) as connection:
            uuids = [domain.UUIDString() for domain in connection.listAllDomains()]
        for uuid in uuids:
            hypervisor.remove(uuid)


def start(name):
    """Start it without running its CPUs; the emulator's process id."""
    shell.works(*shell.virsh("start", "--paused", name))
    return pid(name)


def start_together(*names):
    """Start them at the same time; how it went with each."""
    argvs = [shell.virsh("start", "--paused", name) for name in names]
    running = [subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True) for argv in argvs]
    outcomes = []
    for argv, process in zip(argvs, running):
        out, err = process.communicate()
        outcomes.append(shell.Done(argv, subprocess.CompletedProcess(
            argv, process.returncode, out, err)))
    return outcomes


def destroy(name):
    shell.works(*shell.virsh("destroy", name))


def pid(name):
    return int(pathlib.Path(f"/run/libvirt/qemu/{name}.pid").read_text())


def shown(name):
    """The definition, as virtspmd shows it."""
    return shell.works(*shell.virsh("dumpxml", "--inactive", name))


def stock(name):
    """The definition that libvirt keeps."""
    return shell.works(*shell.virsh("dumpxml", "--inactive", name, uri=hypervisor.LIBVIRT_URI))


def running_names():
    with hypervisor.connected(hypervisor.LIBVIRT_URI) as connection:
        return [domain.name() for domain in
                connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)]


def expect_automatic(name, **place):
    """Shown without a memnode that nobody wrote, and with a note of where it is."""
    text = shown(name)
    expect.equal(xml.all(text, "numatune/memnode"), [], "the shown memnodes")
    expect.equal(xml.all(text, "cpu/numa/cell")[1].get("memmapType"), "spm", "the shown cell")
    expect.equal(xml.all(text, f"{NOTE}/{NOTES}cell"), [{"id": "1", **place}],
                 "the note of the placement")


def expect_refusal(said, wanted):
    """virsh's words: what it tried, then the reason."""
    expect.equal(said.strip().splitlines()[1:], [f"error: {wanted}"], "the reason")
