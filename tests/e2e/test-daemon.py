#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtspmd as a service: its socket, its end, and life without libvirtd."""

import contextlib
import grp
import os
import pathlib
import signal
import socket
import stat
import tempfile

import libvirt

from lib import daemon, domains, events, expect, hypervisor, rpc, shell, tap, xml


@contextlib.contextmanager
def world():
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder)


suite = tap.Suite(world)


# ---- start and end ----

@suite.case("its socket is for root and the group libvirt")
def _(folder):
    with daemon.running(folder / "sock"):
        status = (folder / "sock").stat()
        expect.equal(stat.filemode(status.st_mode), "srw-rw----")
        expect.equal((status.st_uid, grp.getgrgid(status.st_gid).gr_name), (0, "libvirt"))


@suite.case("it makes the folder of its socket")
def _(folder):
    with daemon.running(folder / "new" / "sock") as instance, \
            hypervisor.connected(instance.uri) as connection:
        expect.equal(connection.getType(), "QEMU")


@suite.case("SIGTERM ends it with status 0 and takes its socket away, clients or not")
def _(folder):
    for number in (signal.SIGTERM, signal.SIGINT):
        with daemon.running(folder / "sock") as instance, \
                rpc.connected(str(instance.listen)) as client:
            instance.process.send_signal(number)
            expect.equal(instance.process.wait(daemon.PATIENCE), 0, "its status")
            expect.true(not instance.listen.exists(), "the socket is gone")
            try:
                client.receive()
            except rpc.Closed:
                continue
            raise AssertionError("the client was not told")


@suite.case("a second one does not take the socket of the first")
def _(folder):
    with daemon.running(folder / "sock") as instance:
        said = shell.fails(*daemon.argv(instance.listen))
        expect.contains(said, str(instance.listen))
        with hypervisor.connected(instance.uri) as connection:
            expect.equal(connection.getType(), "QEMU")


@suite.case("it takes the place of one that was killed")
def _(folder):
    with daemon.running(folder / "sock") as instance:
        instance.process.kill()
        instance.process.wait()
        expect.true(instance.listen.exists(), "the socket was left behind")
    with daemon.running(folder / "sock") as instance, \
            hypervisor.connected(instance.uri) as connection:
        expect.equal(connection.getType(), "QEMU")


@suite.case("a file in the place of its socket is left alone")
def _(folder):
    path = folder / "precious"
    path.write_text("content")
    expect.contains(shell.fails(*daemon.argv(path)), str(path))
    expect.equal(path.read_text(), "content")


@suite.case("what it does not understand on the command line ends it with status 2")
def _(folder):
    shell.fails("virtspmd", "--colour", status=2)
    shell.fails("virtspmd", "sock", status=2)


@suite.case("what it does not understand in its configuration is named")
def _(folder):
    path = folder / "virtspm.conf"
    path.write_text("[virtspmd]\ncolour=red\n")
    expect.contains(shell.fails("virtspmd", "--config", path), str(path), "colour")


@suite.case("--version names the program")
def _(_):
    expect.contains(shell.works("virtspmd", "--version"), "virtspmd ")


# ---- without libvirtd ----

@contextlib.contextmanager
def without_libvirtd():
    hypervisor.ctl("stop", "libvirtd")
    try:
        yield
    finally:
        hypervisor.ctl("start", "libvirtd")


@suite.case("without libvirtd a client gets an error that says so, and what to do")
def _(_):
    with without_libvirtd():
        expect.refused(lambda: libvirt.open(hypervisor.VIRTSPM_URI),
                       "virtspmd cannot connect to libvirtd", hypervisor.LIBVIRT_SOCKET,
                       "start libvirtd", code=libvirt.VIR_ERR_RPC, domain=libvirt.VIR_FROM_RPC)
        said = shell.fails(*shell.virsh("list"))
        expect.contains(said, "cannot connect to libvirtd", hypervisor.LIBVIRT_SOCKET)


@suite.case("when libvirtd goes, its clients are told; when it comes back, they are served")
def _(_):
    with hypervisor.connected() as connection:
        watch = events.Watch(connection)
        with without_libvirtd():
            watch.wait("closed")
    shell.works(*shell.virsh("list"))


@suite.case("clients that are idle when libvirtd goes leave nothing behind in virtspmd")
def _(_):
    descriptors = pathlib.Path(f"/proc/{hypervisor.ctl('pid', 'virtspmd')}/fd")
    with contextlib.ExitStack() as stack:
        before = len(list(descriptors.iterdir()))
        clients = [stack.enter_context(rpc.connected(hypervisor.VIRTSPM_SOCKET))
                   for _ in range(20)]
        with without_libvirtd():
            for client in clients:
                try:
                    client.receive()
                except rpc.Closed:
                    continue
                raise AssertionError("a client was not told")
    shell.works(*shell.virsh("list"))
    expect.true(len(list(descriptors.iterdir())) <= before + 2, "the descriptors are closed")


@suite.case("of several upstreams the first that answers is taken")
def _(folder):
    upstreams = folder / "nobody", hypervisor.LIBVIRT_SOCKET
    with daemon.running(folder / "sock", upstreams) as instance, \
            hypervisor.connected(instance.uri) as connection:
        expect.equal(connection.getType(), "QEMU")


@suite.case("stopped, it leaves definitions and running domains as they are")
def _(folder):
    with daemon.running(folder / "sock") as instance, \
            hypervisor.connected(instance.uri) as connection, \
            hypervisor.defined(connection, domains.spm()) as domain:
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        expect.equal(instance.end(), 0)
        with hypervisor.connected(hypervisor.LIBVIRT_URI) as libvirtd:
            there = libvirtd.lookupByName("hbm")
            expect.true(there.isActive() and there.isPersistent(), "it runs and stays")
        with hypervisor.connected() as other:
            expect.equal(xml.cells(other.lookupByName("hbm").XMLDesc())[1]["memmapType"], "spm")


# ---- clients that misbehave ----

@suite.case("clients that say nothing, or half of something, hold nobody up")
def _(_):
    with contextlib.ExitStack() as stack:
        for start in (b"", b"\0", b"\0\0\0\x1c", rpc.frame(rpc.AUTH_LIST)[:20],
                      rpc.frame(11, b"\0" * 100)[:60]):
            silent = stack.enter_context(contextlib.closing(
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)))
            silent.connect(hypervisor.VIRTSPM_SOCKET)
            silent.sendall(start)
        shell.works(*shell.virsh("list"))


@suite.case("a client that does not read its replies holds nobody up")
def _(_):
    with rpc.connected(hypervisor.VIRTSPM_SOCKET) as greedy:
        greedy.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                greedy.socket.send(rpc.frame(7))
        with hypervisor.connected() as connection:
            for _ in range(20):
                connection.getCapabilities()
        size = int((pathlib.Path(f"/proc/{hypervisor.ctl('pid', 'virtspmd')}/statm")
                    .read_text()).split()[1]) * os.sysconf("SC_PAGESIZE")
        expect.true(size < 256 * 1024 * 1024, f"virtspmd has {size} bytes in memory")


suite.main()
