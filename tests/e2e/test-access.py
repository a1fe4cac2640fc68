#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""polkit decides who comes in, and the answers are libvirtd's own.

libvirtd and virtspmd are both told to ask polkit; every conversation is held with both,
and the replies are compared byte for byte.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import libvirt

from lib import daemon, expect, hypervisor, rpc, shell, tap, xdr

# Whom the rules below let in, refuse, let look only, and have asked for a password, their own
# or an administrator's.
LET_IN, REFUSED, LOOKER, ASKED, ADMIN = 61011, 61012, 61013, 61014, 61015
USERS = {LET_IN: "spm-let-in", REFUSED: "spm-refused", LOOKER: "spm-looker", ASKED: "spm-asked",
         ADMIN: "spm-admin"}
RULES = """
polkit.addRule(function(action, subject) {
    if (action.id != "org.libvirt.unix.manage" && action.id != "org.libvirt.unix.monitor")
        return polkit.Result.NOT_HANDLED;
    switch (subject.user) {
    case "spm-let-in": return polkit.Result.YES;
    case "spm-looker": return action.id == "org.libvirt.unix.monitor" ? polkit.Result.YES : polkit.Result.NO;
    case "spm-asked": return polkit.Result.AUTH_SELF;
    case "spm-admin": return polkit.Result.AUTH_ADMIN;
    default: return polkit.Result.NO;
    }
});
"""
LIBVIRTD_CONF = pathlib.Path("/etc/libvirt/libvirtd.conf")
POLKIT = 'auth_unix_rw = "polkit"\nauth_unix_ro = "polkit"\n'
SETTINGS = "auth-unix-rw=polkit\nauth-unix-ro=polkit\nmode=0777"
TALK = "--talk"
AUTH_LIST, SASL_INIT, SASL_START, SASL_STEP, AUTH_POLKIT = 66, 67, 68, 69, 70
# Procedures of libvirt 12 that the oldest libvirt here has not.
BEFORE_12 = (456,)


class Bus:
    """The system's bus; it starts polkitd when that is asked for."""

    def __init__(self):
        pathlib.Path("/run/dbus").mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(["dbus-daemon", "--system", "--nofork", "--nopidfile", "--print-address"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.process.stdout.readline()

    def end(self):
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def libvirtd_with(lines):
    """With the system's bus, too. libvirtd ends when its bus does, so the bus is there
    before libvirtd is, and until it has ended."""
    before = LIBVIRTD_CONF.read_text()
    bus = Bus()
    try:
        LIBVIRTD_CONF.write_text(before + lines)
        hypervisor.ctl("restart", "libvirtd")
        os.chmod(hypervisor.LIBVIRT_SOCKET, 0o777)
        yield
    finally:
        LIBVIRTD_CONF.write_text(before)
        hypervisor.ctl("stop", "libvirtd")
        bus.end()
        hypervisor.ctl("start", "libvirtd")


@contextlib.contextmanager
def world():
    for uid, name in USERS.items():
        shell.works("groupadd", "--gid", str(uid), name)
        shell.works("useradd", "--uid", str(uid), "--gid", str(uid), "--no-create-home", name)
    rules = pathlib.Path("/etc/polkit-1/rules.d/10-test.rules")
    rules.parent.mkdir(parents=True, exist_ok=True)
    rules.write_text(RULES)
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        with libvirtd_with(POLKIT), daemon.running(f"{folder}/sock", settings=SETTINGS) as instance:
            yield instance


suite = tap.Suite(world)


def as_user(uid, path, calls):
    """The replies to a process of that user's own, for a peer is a process."""
    said = [(procedure, args.hex(), more) for procedure, args, more in calls]
    return json.loads(shell.works(sys.executable, __file__, TALK, path, json.dumps(said), user=uid,
                                  group=uid, extra_groups=[]))


def talk(path, said):
    """The replies, in hexadecimal."""
    with rpc.connected(path, opened=False) as wire:
        return [wire.call(procedure, bytes.fromhex(args), **more).hex()
                for procedure, args, more in json.loads(said)]


def call(procedure, args=b"", **more):
    return procedure, args, more


OPEN = call(rpc.CONNECT_OPEN, xdr.optional("qemu:///system") + xdr.u32(0))
GET_VERSION = call(rpc.GET_LIB_VERSION)


def alike(instance, uid, *calls, suffix=""):
    """Both give the same replies to this user; those replies."""
    wanted, got = (as_user(uid, f"{path}{suffix}", calls)
                   for path in (hypervisor.LIBVIRT_SOCKET, instance.listen))
    for one, other in zip(wanted, got):
        expect.equal(rpc.describe(bytes.fromhex(other)), rpc.describe(bytes.fromhex(one)))
    expect.equal(got, wanted)
    return [bytes.fromhex(reply) for reply in got]


@suite.case("before a client is let in, everything is answered as libvirtd answers it")
def _(instance):
    calls = [call(AUTH_LIST), OPEN, GET_VERSION, call(2), call(60, xdr.u32(10)), call(419, bytes(8)),
             call(SASL_INIT), call(SASL_STEP, bytes(12)), call(350, bytes(8)),
             call(1, program=rpc.QEMU), call(1, program=rpc.LXC), call(1, program=4711),
             call(AUTH_LIST, version=2), call(1, program=rpc.QEMU, version=0), call(4711, version=2),
             call(4711, program=4711), call(AUTH_LIST, status=1), call(4711, status=1), call(249, xdr.u32(0), type=4),
             call(AUTH_LIST)]
    replies = alike(instance, REFUSED, *calls)
    expect.equal(rpc.payload(replies[0]), xdr.u32(1, 2), "the kinds of authentication")
    expect.equal(rpc.Error(replies[1]).message, "authentication required")


def unknown_and_known(program, version):
    """Calls to the procedures of a program, also to those that are none: events, and numbers
    that nothing has. A libvirt that is older than the last of them ends earlier."""
    last = {rpc.REMOTE: 456, rpc.QEMU: 7, rpc.LXC: 1}[program]
    gone = BEFORE_12 if version < 12008000 and program == rpc.REMOTE else ()
    return [call(number & 0xffffffff, args, program=program)
            for number in (-1, 0, 4711, 0x7fffffff, *range(1, last + 20)) if number not in gone
            for args in (b"", bytes(64))
            if number not in (AUTH_LIST, SASL_INIT, SASL_START, SASL_STEP, AUTH_POLKIT)]


@suite.case("before a client is let in, a procedure is as known or unknown as to libvirtd")
def _(instance):
    with hypervisor.connected() as connection:
        version = connection.getLibVersion()
    for program in rpc.REMOTE, rpc.QEMU, rpc.LXC:
        said = {rpc.Error(reply).message
                for reply in alike(instance, REFUSED, *unknown_and_known(program, version))}
        expect.true(said > {"authentication required", "unknown procedure: -1", "unknown procedure: 4711"},
                    f"both kinds are among {said}")


@suite.case("whom polkit lets in is served")
def _(instance):
    for calls in ([call(AUTH_LIST), call(AUTH_POLKIT), OPEN, GET_VERSION],
                  [call(AUTH_POLKIT), call(AUTH_LIST), OPEN, call(AUTH_LIST)]):
        replies = alike(instance, LET_IN, *calls)
        expect.equal([rpc.header(reply).status for reply in replies], [rpc.OK] * 4)


@suite.case("who is let in and has not opened it is told what is no procedure")
def _(instance):
    replies = alike(instance, LET_IN, call(AUTH_LIST), call(AUTH_POLKIT), GET_VERSION, call(4711),
                    call(318), call(6, program=rpc.QEMU), call(2, program=rpc.LXC), OPEN, call(318))
    expect.equal(rpc.Error(replies[4]).message, "unknown procedure: 318")


@suite.case("whom it does not is refused in libvirtd's words, again and again")
def _(instance):
    replies = alike(instance, REFUSED, call(AUTH_LIST), call(AUTH_POLKIT), call(AUTH_POLKIT), OPEN)
    error = rpc.Error(replies[1])
    expect.equal((error.code, error.domain, error.message), (
        libvirt.VIR_ERR_AUTH_FAILED, libvirt.VIR_FROM_POLKIT,
        "authentication failed: access denied by policy"))


@suite.case("when nobody can be asked, libvirtd's words say so")
def _(instance):
    for uid in ASKED, ADMIN:
        [reply] = alike(instance, uid, call(AUTH_POLKIT))
        expect.equal(rpc.Error(reply).code, libvirt.VIR_ERR_AUTH_UNAVAILABLE)
        expect.contains(rpc.Error(reply).message, "no polkit agent available", "org.libvirt.unix.manage")


@suite.case("to look takes another permission than to manage")
def _(instance):
    calls = call(AUTH_POLKIT), OPEN, GET_VERSION
    expect.equal([rpc.header(reply).status for reply in alike(instance, LOOKER, *calls)],
                 [rpc.ERROR] * 3)
    expect.equal([rpc.header(reply).status for reply in alike(instance, LOOKER, *calls, suffix="-ro")],
                 [rpc.OK] * 3)


@suite.case("root needs no permission")
def _(instance):
    alike(instance, 0, call(AUTH_LIST), OPEN, GET_VERSION)


@suite.case("virsh works, or says what libvirtd would have it say")
def _(instance):
    def virsh(uid, uri):
        done = shell.run(*shell.virsh("uri", uri=uri), user=uid, group=uid, extra_groups=[])
        return done.status, done.err
    for uid, status in (LET_IN, 0), (REFUSED, 1), (ASKED, 1):
        wanted, got = virsh(uid, hypervisor.LIBVIRT_URI), virsh(uid, instance.uri)
        expect.equal(got, wanted)
        expect.equal(got[0], status, f"the status for {USERS[uid]}")


@suite.case("who is refused, and why, is in the log")
def _(instance):
    as_user(REFUSED, str(instance.listen), [call(AUTH_POLKIT)])
    expect.contains(instance.log(), f"refused AUTH_POLKIT to user {USERS[REFUSED]} (uid {REFUSED})",
                    ": authentication failed: access denied by policy")


@contextlib.contextmanager
def asked(path, manner, uid=ASKED):
    """polkit is asking a person, who behaves in this manner: the client that wants to be let
    in at the path, and the person's agent."""
    agent = pathlib.Path(__file__).parent / "lib/polkit_agent.py"
    with subprocess.Popen([sys.executable, agent, manner], user=uid, group=uid,
                          extra_groups=[], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as person, \
            subprocess.Popen(["socat", "-", f"UNIX-CONNECT:{path}"], user=uid, group=uid,
                             extra_groups=[], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        person.stdin.write(f"{client.pid}\n")
        person.stdin.flush()
        expect.equal(person.stdout.readline(), "registered\n")
        client.stdin.write(rpc.frame(AUTH_POLKIT))
        client.stdin.flush()
        expect.equal(person.stdout.readline(), "begin org.libvirt.unix.manage\n")
        yield client, person
        client.kill()
        person.kill()


def reply_to(client):
    length = client.stdout.read(4)
    return length + client.stdout.read(int.from_bytes(length, "big") - 4)


@suite.case("a person's question is taken back when the client leaves")
def _(instance):
    with asked(instance.listen, "silent") as (client, person):
        client.kill()
        expect.equal(person.stdout.readline(), "cancel\n")


def answered_by(manner, does, code, uid):
    """What comes of it when the person of this uid does that."""
    @suite.case(f"when a person {does}, libvirtd's words say so: {USERS[uid]}")
    def _(instance):
        replies = []
        for path in hypervisor.LIBVIRT_SOCKET, instance.listen:
            with asked(path, manner, uid) as (client, person):
                if manner == "silent":
                    person.kill()
                replies.append(reply_to(client))
        expect.equal(rpc.describe(replies[1]), rpc.describe(replies[0]))
        expect.equal(replies[1], replies[0])
        error = rpc.Error(replies[1])
        expect.equal((error.code, error.domain), (code, libvirt.VIR_FROM_POLKIT))


for who in ASKED, ADMIN:
    answered_by("dismiss", "closes the dialog", libvirt.VIR_ERR_AUTH_CANCELLED, who)
    answered_by("fail", "does not know the password", libvirt.VIR_ERR_AUTH_FAILED, who)
    answered_by("silent", "leaves with the dialog open", libvirt.VIR_ERR_AUTH_FAILED, who)


@suite.case("without polkit a client is told what to do, and root is served")
def _(_):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        with daemon.running(f"{folder}/sock", settings=SETTINGS,
                            environment={"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/none"}) as instance:
            [reply] = as_user(LET_IN, str(instance.listen), [call(AUTH_POLKIT)])
            error = rpc.Error(bytes.fromhex(reply))
            expect.equal((error.code, error.domain),
                         (libvirt.VIR_ERR_AUTH_UNAVAILABLE, libvirt.VIR_FROM_POLKIT))
            expect.contains(error.message, "polkit cannot be asked", "start dbus and polkit", "auth-unix-rw")
            with hypervisor.connected(instance.uri) as connection:
                expect.equal(connection.getType(), "QEMU")


if sys.argv[1:2] == [TALK]:
    print(json.dumps(talk(*sys.argv[2:])))
else:
    suite.main()
