#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who goes around virtspmd loses no memory either: libvirt's hook.

A second libvirtd plays another host. Everything here goes to libvirtd's own
sockets, but where the name of a case says otherwise.
"""

import contextlib
import pathlib
import tempfile

import libvirt

from lib import domains, expect, hypervisor, second, shell, tap, xml

PORT = "tcp://127.0.0.1:49360"
LOST = "the contents of its sp-mem memory were left behind"


class World:
    pass


@contextlib.contextmanager
def world():
    """Two hosts; on the first an SPM domain that is off, defined through virtspmd."""
    with contextlib.ExitStack() as stack:
        here = World()
        here.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here.virtspmd = stack.enter_context(hypervisor.connected())
        here.libvirtd = stack.enter_context(hypervisor.connected(hypervisor.LIBVIRT_URI))
        here.there_uri, here.there = stack.enter_context(second.connected())
        here.spm = stack.enter_context(
            hypervisor.defined(here.virtspmd, domains.spm(name="travels")))
        here.plain = stack.enter_context(
            hypervisor.defined(here.libvirtd, domains.plain(name="plain")))
        yield here


suite = tap.Suite(world)


def migrate(domain, to, *options):
    return shell.run(*shell.virsh("migrate", *options, domain.name(), to, PORT,
                                  uri=hypervisor.LIBVIRT_URI))


@suite.case("an ordinary guest is migrated as ever")
def _(here):
    with hypervisor.paused(here.plain):
        moved = migrate(here.plain, here.there_uri, "--live")
        expect.equal(moved.status, 0, str(moved))
        here.there.lookupByName("plain").destroy()


@suite.case("an ordinary guest is saved and restored as ever")
def _(here):
    image = here.folder / "plain.save"
    with hypervisor.paused(here.plain):
        here.plain.save(str(image))
        try:
            here.libvirtd.restore(str(image))
        except libvirt.libvirtError as error:
            # What libvirt 11.3 says to QEMU; with or without a hook.
            if "fd: migration to a file is not supported" in str(error):
                raise tap.Skip("this libvirt cannot restore with this QEMU") from None
            raise
        expect.true(here.plain.isActive(), "the guest runs again")


@suite.case("a guest with SPM is not received by a migration, and stays where it is")
def _(here):
    with hypervisor.paused(here.spm):
        refused = migrate(here.spm, here.there_uri, "--live")
        expect.equal(refused.status, 1, str(refused))
        expect.true(LOST in refused.err and "does not migrate it" in refused.err, refused.err)
        expect.equal(here.spm.state()[0], libvirt.VIR_DOMAIN_PAUSED, "the state of the guest")
        expect.equal(here.there.listAllDomains(), [], "the domains of the other host")


@suite.case("peer to peer neither")
def _(here):
    with hypervisor.paused(here.spm):
        refused = shell.run(*shell.virsh("migrate", "--live", "--p2p", "travels", here.there_uri,
                                         uri=hypervisor.LIBVIRT_URI))
        expect.equal(refused.status, 1, str(refused))
        expect.true(LOST in refused.err, refused.err)
        expect.equal(here.spm.state()[0], libvirt.VIR_DOMAIN_PAUSED, "the state of the guest")


@suite.case("an image of a guest with SPM is not restored, and stays")
def _(here):
    image = here.folder / "spm.save"
    with hypervisor.paused(here.spm):
        # libvirtd's own domain, which virtspmd does not see being saved.
        here.libvirtd.lookupByName("travels").save(str(image))
        refused = shell.fails(*shell.virsh("restore", str(image), uri=hypervisor.LIBVIRT_URI))
        expect.true(LOST in refused, refused)
        expect.true(image.exists(), "the image is still there")
        expect.true(not here.spm.isActive(), "the guest does not run")


@suite.case("an offline migration of which the hook cannot know is refused, with the way out")
def _(here):
    refused = migrate(here.spm, here.there_uri, "--offline", "--persistent")
    expect.equal(refused.status, 1, str(refused))
    expect.true("migrate it offline through virtspmd" in refused.err, refused.err)
    expect.equal(here.there.listAllDomains(), [], "the domains of the other host")


@suite.case("an offline migration through virtspmd passes, and the domain is the same there")
def _(here):
    wanted = here.virtspmd.lookupByName("travels").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    moved = shell.run(*shell.virsh("migrate", "--offline", "--persistent", "travels",
                                   here.there_uri))
    expect.equal(moved.status, 0, str(moved))
    stock = here.there.lookupByName("travels").XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    expect.lacks(stock, "urn:virtspm:migration:1")
    raised = shell.works("virt-spm", "raise", "-", input=stock)
    expect.equal(xml.same(raised), xml.same(wanted))
    here.there.lookupByName("travels").undefine()


@suite.case("a live migration through virtspmd is refused where it begins")
def _(here):
    with hypervisor.paused(here.spm):
        for options in (["--live"], ["--live", "--p2p"]):
            refused = shell.run(*shell.virsh("migrate", *options, "travels", here.there_uri))
            expect.equal(refused.status, 1, str(refused))
            expect.contains(refused.err, "cannot migrate domain 'travels'", "does not migrate it")
        expect.equal(here.spm.state()[0], libvirt.VIR_DOMAIN_PAUSED, "the state of the guest")
        expect.equal(here.there.listAllDomains(), [], "the domains of the other host")


suite.main()
