#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtspmd --session: a user without root, with a libvirtd of the user's own."""

import contextlib
import os
import pathlib
import stat

from lib import daemon, domains, expect, shell, tap, xml

USER = 61021
NAME = "spm-session"


class Person:
    """A user with a home and a runtime folder."""

    def __init__(self):
        shell.works("groupadd", "--gid", str(USER), NAME)
        shell.works("useradd", "--uid", str(USER), "--gid", str(USER), "--create-home", NAME)
        self.home = pathlib.Path("/home") / NAME
        self.runtime = pathlib.Path("/run/user") / str(USER)
        self.runtime.mkdir(parents=True, mode=0o700)
        os.chown(self.runtime, USER, USER)
        self.socket = self.runtime / "virtspm/virtspm-sock"
        self.uri = f"qemu+unix:///session?socket={self.socket}"
        self.environment = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime), "USER": NAME}
        for name in "XDG_CONFIG_HOME", "XDG_CACHE_HOME":
            os.environ.pop(name, None)
        config = self.home / ".config/virtspm"
        shell.works("install", "-d", "-o", NAME, "-g", NAME, self.home / ".config", config)
        (config / "virtspm.conf").write_text(daemon.CONFIGURATION.read_text())

    @property
    def as_user(self):
        return {"user": USER, "group": USER, "extra_groups": []}

    def virsh(self, *words, status=0, **more):
        done = shell.run(*shell.virsh(*words, uri=self.uri), environment=self.environment,
                         **self.as_user, **more)
        expect.equal(done.status, status, f"the status of {done}")
        return done.out if status == 0 else done.err


@contextlib.contextmanager
def world():
    person = Person()
    with daemon.session(person.environment, **person.as_user) as instance:
        person.instance = instance
        yield person


suite = tap.Suite(world)


@suite.case("its socket is for the user alone, and there is no read-only one")
def _(person):
    expect.equal(stat.filemode(person.socket.stat().st_mode), "srw-------")
    expect.equal(stat.filemode(person.socket.parent.stat().st_mode), "drwx------")
    expect.true(not pathlib.Path(f"{person.socket}-ro").exists(), "no read-only socket")


@suite.case("the user's libvirtd is started for a client", vital=True)
def _(person):
    expect.true(not (person.runtime / "libvirt/libvirt-sock").exists(), "libvirtd does not run")
    expect.equal(person.virsh("list", "--all", "--name").strip(), "")
    expect.true((person.runtime / "libvirt/libvirt-sock").exists(), "libvirtd runs")


@suite.case("a domain with an SPM cell is defined, shown and started")
def _(person):
    document = person.home / "mine.xml"
    document.write_text(domains.spm("mine"))
    person.virsh("define", document)
    try:
        expect.equal(xml.cells(person.virsh("dumpxml", "mine"))[1]["memmapType"], "spm")
        person.virsh("start", "--paused", "mine")
        expect.equal(person.virsh("domstate", "mine").strip(), "paused")
        owners = [entry.stat().st_uid for entry in pathlib.Path("/proc").iterdir()
                  if entry.name.isdigit() and b"guest=mine" in (entry / "cmdline").read_bytes()]
        expect.equal(owners, [USER], "whose emulator it is")
        said = person.virsh("managedsave", "mine", status=1)
        expect.contains(said, "would be lost")
    finally:
        person.virsh("destroy", "mine")
        person.virsh("undefine", "mine")


@suite.case("who is refused is in the log")
def _(person):
    expect.contains(person.instance.log(), f"refused DOMAIN_MANAGED_SAVE of domain 'mine' to user {NAME}")


suite.main()
