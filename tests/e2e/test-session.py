#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtspmd --session: a user without root, with a libvirtd of the user's own."""

import contextlib
import pathlib
import stat

from lib import daemon, domains, expect, person, tap, xml

USER = 61021
NAME = "spm-session"


@contextlib.contextmanager
def world():
    made = person.Person(USER, NAME)
    made.make_runtime()
    with daemon.session(made.environment, **made.as_user) as instance:
        made.instance = instance
        yield made


suite = tap.Suite(world)


@suite.case("its socket is for the user alone, and there is no read-only one")
def _(user):
    expect.equal(stat.filemode(user.socket.stat().st_mode), "srw-------")
    expect.equal(stat.filemode(user.socket.parent.stat().st_mode), "drwx------")
    expect.true(not pathlib.Path(f"{user.socket}-ro").exists(), "no read-only socket")


@suite.case("the user's libvirtd is started for a client", vital=True)
def _(user):
    expect.true(not (user.runtime / "libvirt/libvirt-sock").exists(), "libvirtd does not run")
    expect.equal(user.virsh("list", "--all", "--name").strip(), "")
    expect.true((user.runtime / "libvirt/libvirt-sock").exists(), "libvirtd runs")


@suite.case("a domain with an SPM cell is defined, shown and started")
def _(user):
    document = user.home / "mine.xml"
    document.write_text(domains.spm("mine"))
    user.virsh("define", document)
    try:
        expect.equal(xml.cells(user.virsh("dumpxml", "mine"))[1]["memmapType"], "spm")
        user.virsh("start", "--paused", "mine")
        expect.equal(user.virsh("domstate", "mine").strip(), "paused")
        expect.equal(user.emulator("mine"), [USER], "whose emulator it is")
        said = user.virsh("managedsave", "mine", status=1)
        expect.contains(said, "would be lost")
    finally:
        user.virsh("destroy", "mine")
        user.virsh("undefine", "mine")


@suite.case("who is refused is in the log")
def _(user):
    expect.contains(user.instance.log(), f"refused DOMAIN_MANAGED_SAVE of domain 'mine' to user {NAME}")


suite.main()
