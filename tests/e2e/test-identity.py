#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who a client is: the socket's mode decides who gets in, libvirtd is told who it is."""

import contextlib
import grp
import os
import pathlib
import pwd
import subprocess
import tempfile

import libvirt

from lib import admin, daemon, expect, hypervisor, rpc, shell, tap, xdr

# A member of the group libvirt, and one who is not.
MEMBER, STRANGER = 61001, 61002
GROUP = grp.getgrnam("libvirt").gr_gid


@contextlib.contextmanager
def world():
    """A virtspmd with a socket that it made itself, and users."""
    for uid, name in ((MEMBER, "member"), (STRANGER, "stranger")):
        if not any(entry.pw_uid == uid for entry in pwd.getpwall()):
            shell.works("useradd", "--uid", str(uid), "--user-group", "--no-create-home",
                        f"spm-{name}")
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        with daemon.running(f"{folder}/sock") as instance:
            yield instance


suite = tap.Suite(world)


@contextlib.contextmanager
def acting_as(uid):
    """A socket's peer is who connects it (SO_PEERCRED, unix(7))."""
    before = os.getgroups()
    os.setgroups([GROUP] if uid == MEMBER else [])
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


def virsh(instance, *words, uid):
    return shell.run(*shell.virsh(*words, uri=instance.uri), user=uid, group=uid,
                     extra_groups=[GROUP] if uid == MEMBER else [])


@suite.case("a member of the group libvirt is served without a password")
def _(instance):
    done = virsh(instance, "list", uid=MEMBER)
    expect.equal(done.status, 0, f"the status of {done}")


@suite.case("another user is refused by the socket's mode")
def _(instance):
    done = virsh(instance, "list", uid=STRANGER)
    expect.equal(done.status, 1, "the status")
    expect.contains(done.err, "Permission denied")


@suite.case("libvirtd knows the user, the group and the process of a client")
def _(instance):
    before = admin.clients()
    with subprocess.Popen(
            ["virsh", "-q", "-c", instance.uri], user=MEMBER, group=MEMBER, extra_groups=[GROUP],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True) as client:
        # Once it has answered it is connected.
        client.stdin.write("uri\n")
        client.stdin.flush()
        while "qemu" not in client.stdout.readline():
            pass
        [number] = admin.clients() - before
        info = admin.known_about(number)
        client.stdin.close()
        client.stdout.read()
        expect.equal(info["unix_user_id"], str(MEMBER))
        expect.equal(info["unix_user_name"], "spm-member")
        expect.equal(info["unix_group_id"], str(MEMBER))
        expect.equal(info["unix_process_id"], str(client.pid))


CLAIM = (xdr.u32(1) + xdr.string("unix-user-id") + xdr.u32(4) + xdr.u64(0) + xdr.u32(0))


@suite.case("a client that says it is somebody else is refused")
def _(instance):
    with acting_as(MEMBER), rpc.connected(str(instance.listen)) as wire:
        error = rpc.Error(wire.call(rpc.CONNECT_SET_IDENTITY, CLAIM))
    expect.equal(error.code, libvirt.VIR_ERR_OPERATION_DENIED)
    expect.contains(error.message, "only root", str(MEMBER))


@suite.case("a refusal is logged with who and why")
def _(instance):
    with acting_as(MEMBER), rpc.connected(str(instance.listen)) as wire:
        wire.call(rpc.CONNECT_SET_IDENTITY, CLAIM)
    expect.contains(instance.log(), f": warning : refused CONNECT_SET_IDENTITY to user spm-member "
                    f"(uid {MEMBER}), process {os.getpid()}: operation forbidden: only root")


@suite.case("root may speak for others, as the modular daemons do")
def _(instance):
    with rpc.connected(str(instance.listen)) as wire:
        expect.equal(rpc.header(wire.call(rpc.CONNECT_SET_IDENTITY, CLAIM)).status, rpc.OK)


@suite.case("before the connection is open nobody speaks for others")
def _(instance):
    with acting_as(MEMBER), rpc.connected(str(instance.listen), opened=False) as wire:
        wire.call(rpc.AUTH_LIST)
        expect.equal(rpc.header(wire.call(rpc.CONNECT_SET_IDENTITY, CLAIM)).status, rpc.ERROR)


@suite.case("a client that opens twice is not served as somebody else afterwards")
def _(instance):
    args = xdr.optional("qemu:///system") + xdr.u32(0)
    with acting_as(MEMBER), rpc.connected(str(instance.listen)) as wire:
        # libvirtd refuses the second and drops the first.
        for procedure, more in ((rpc.CONNECT_OPEN, args), (rpc.GET_LIB_VERSION, b"")):
            expect.equal(rpc.header(wire.call(procedure, more)).status, rpc.ERROR)


suite.main()
