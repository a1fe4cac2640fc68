#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGHUP: new settings for new clients, and no client that is there loses anything."""

import contextlib
import pathlib
import subprocess
import tempfile

import libvirt

from lib import daemon, domains, events, expect, hypervisor, shell, tap

NOWHERE = "/nonexistent/libvirt-sock"


@contextlib.contextmanager
def world():
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder)


suite = tap.Suite(world)


def serves(instance):
    with hypervisor.connected(instance.uri) as connection:
        expect.equal(connection.getType(), "QEMU")


@suite.case("new clients get what the new file says, and the present one stays")
def _(folder):
    with daemon.running(folder / "sock", [], f"upstream={hypervisor.LIBVIRT_SOCKET}") as instance, \
            hypervisor.connected(instance.uri) as connection, \
            hypervisor.defined(connection, domains.plain()) as domain:
        watch = events.Watch(connection)
        told = instance.reload(f"upstream={NOWHERE}")
        expect.contains(told, "RELOADING=1", "MONOTONIC_USEC=")
        expect.refused(lambda: libvirt.open(instance.uri), NOWHERE)
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        watch.wait("started", domain.name())
        domain.destroy()
        instance.reload(f"upstream={hypervisor.LIBVIRT_SOCKET}")
        serves(instance)


@suite.case("a file with a mistake changes nothing, and is named with the line")
def _(folder):
    with daemon.running(folder / "sock") as instance:
        instance.reload(f"\nupstream={NOWHERE}\nmax-clients=0")
        expect.contains(instance.log(), "the old one stays", f"{instance.config}:4: key 'max-clients' is '0'")
        serves(instance)
        instance.config.unlink()
        instance.reload()
        expect.contains(instance.log(), "cannot read the configuration")
        serves(instance)


@suite.case("what waits for a restart is named, and does not change")
def _(folder):
    with daemon.running(folder / "sock") as instance:
        instance.reload("mode=0600\nlisten-ro=\nmax-clients=500")
        expect.contains(instance.log(), "a change of listen-ro, mode takes effect when virtspmd is restarted")
        expect.true(pathlib.Path(f"{instance.listen}-ro").exists(), "the read-only socket is there")
        serves(instance)


@suite.case("a larger max-clients lets those in who wait")
def _(folder):
    with daemon.running(folder / "sock", settings="max-clients=1") as instance, \
            hypervisor.connected(instance.uri):
        with subprocess.Popen(shell.virsh("uri", uri=instance.uri), stdout=subprocess.PIPE,
                              text=True) as waiting:
            instance.reload("max-clients=2")
            out, _ = waiting.communicate(timeout=daemon.PATIENCE)
        expect.equal((waiting.returncode, out.strip()), (0, instance.uri))


@suite.case("a log file that was moved away is made anew")
def _(folder):
    log = folder / "log"
    with daemon.running(folder / "sock", settings=f"log-level=info\nlog-output=file:{log}") as instance:
        expect.contains(log.read_text(), ": info : ready")
        log.rename(folder / "log.1")
        instance.reload()
        expect.contains(log.read_text(), ": info : the configuration is reloaded")
        instance.reload("log-output=file:/nonexistent/log")
        expect.contains(log.read_text(), ": error : ", "the old one stays", "/nonexistent/log")


suite.main()
