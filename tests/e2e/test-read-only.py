#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The read-only socket: anybody may look, and nobody may do more."""

import contextlib
import pathlib
import stat
import tempfile

import libvirt

from lib import daemon, domains, expect, hypervisor, shell, tap, xml

READ_ONLY = f"qemu+unix:///system?socket={hypervisor.VIRTSPM_SOCKET}-ro"
STRANGER = 61003


@contextlib.contextmanager
def world():
    with hypervisor.connected() as connection, hypervisor.defined(connection, domains.spm()) as domain:
        yield domain


suite = tap.Suite(world)


@suite.case("anybody may look, and sees SPM cells")
def _(domain):
    done = shell.run(*shell.virsh("-r", "dumpxml", domain.name(), uri=READ_ONLY), user=STRANGER,
                     group=STRANGER, extra_groups=[])
    expect.equal(done.status, 0, f"the status of {done}")
    expect.equal(xml.cells(done.out)[1]["memmapType"], "spm")


@suite.case("a client that opens it for writing stays read-only")
def _(domain):
    with hypervisor.connected(READ_ONLY) as connection:
        there = connection.lookupByName(domain.name())
        for call in (there.create, there.undefine, lambda: connection.defineXML(domains.plain()),
                     lambda: connection.defineXML(domains.spm("other")),
                     lambda: there.managedSave(0)):
            expect.refused(call, "read only access", code=libvirt.VIR_ERR_OPERATION_DENIED)
        expect.refused(lambda: there.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE), "secure flag",
                       code=libvirt.VIR_ERR_OPERATION_DENIED)


@suite.case("beside a socket that it makes, virtspmd makes a read-only one for all")
def _(_):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "sock"
        with daemon.running(path):
            status = pathlib.Path(f"{path}-ro").stat()
            expect.equal(stat.filemode(status.st_mode), "srwxrwxrwx")
        expect.true(not pathlib.Path(f"{path}-ro").exists(), "it is gone with virtspmd")


@suite.case("without libvirtd's read-only socket, no other one is taken")
def _(_):
    with tempfile.TemporaryDirectory() as folder:
        # Beside this one there is no read-only one.
        upstream = pathlib.Path(folder) / "upstream"
        upstream.symlink_to(hypervisor.LIBVIRT_SOCKET)
        with daemon.running(f"{folder}/sock", [upstream]) as instance:
            with hypervisor.connected(instance.uri) as connection:
                expect.equal(connection.getType(), "QEMU")
            expect.refused(lambda: libvirt.openReadOnly(f"{instance.uri}-ro"),
                           "virtspmd cannot connect to libvirtd", f"{upstream}-ro",
                           code=libvirt.VIR_ERR_RPC)


suite.main()
