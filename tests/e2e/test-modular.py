#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the modular daemons have taken libvirtd's place, their socket is found.

Debian packages no virtqemud. A libvirtd that serves virtqemud's socket plays it: to a
client the two differ in nothing but that.
"""

import contextlib
import pathlib
import socket
import tempfile

import libvirt

from lib import daemon, domains, expect, hypervisor, second, tap, xml

RUN = pathlib.Path("/run/libvirt")
LIBVIRTD = f"qemu+unix:///system?socket={hypervisor.LIBVIRT_SOCKET}"


@contextlib.contextmanager
def world():
    """libvirtd is off, and its socket gone; virtqemud's socket is served. A virtspmd that
    was told of neither."""
    with contextlib.ExitStack() as stack:
        hypervisor.wait_for_libvirtd()
        hypervisor.ctl("stop", "libvirtd")
        stack.callback(hypervisor.ctl, "start", "libvirtd")
        uri = stack.enter_context(second.host(name="virtqemud-sock"))
        link = RUN / "virtqemud-sock"
        link.symlink_to(uri.partition("socket=")[2])
        stack.callback(link.unlink)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        yield stack.enter_context(daemon.running(pathlib.Path(folder) / "sock", ()))


suite = tap.Suite(world)


def serves(virtspmd):
    with hypervisor.connected(virtspmd.uri) as connection:
        domain = connection.defineXML(domains.spm("modular"))
        try:
            expect.equal(xml.cells(domain.XMLDesc())[1]["memmapType"], "spm")
        finally:
            domain.undefine()


@suite.case("virtqemud's socket is found where there is no libvirtd")
def _(virtspmd):
    serves(virtspmd)


@suite.case("a socket of libvirtd that nobody serves is passed over")
def _(virtspmd):
    path = RUN / "libvirt-sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(path))
    try:
        serves(virtspmd)
    finally:
        path.unlink()


@suite.case("libvirtd comes first when both are served")
def _(virtspmd):
    hypervisor.ctl("start", "libvirtd")
    try:
        with hypervisor.connected(virtspmd.uri) as connection, \
                hypervisor.connected(LIBVIRTD) as libvirtd:
            domain = libvirtd.defineXML(domains.plain(name="of-libvirtd"))
            try:
                connection.lookupByName("of-libvirtd")
            finally:
                domain.undefine()
    finally:
        hypervisor.ctl("stop", "libvirtd")


@suite.case("the read-only socket that goes with none of them is an error that names both")
def _(virtspmd):
    expect.refused(lambda: libvirt.openReadOnly(f"qemu+unix:///system?socket={virtspmd.listen}-ro"),
                   "virtqemud-sock-ro", code=libvirt.VIR_ERR_RPC)


suite.main()
