#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What thousands of connections leave behind in virtspmd: nothing.

    test-leaks.py [CONNECTIONS]

5,000 of them, or 100,000 with `make bench-leaks`. Clients connect, do what their
kind does, and go, several at a time:

    call        open a connection as libvirt does, ask for a version, close
    silent      connect and go
    half        go in the middle of a frame
    killed      go with calls under way
    refused     what virtspmd answers itself, and bytes that are no frame
    descriptors go between a frame and its descriptor
    define      a domain with an SPM cell, defined, read and undefined

Afterwards descriptors and child processes are as many as before; memory has not
grown by more than GROWTH after the first tenth, in which caches fill and the
allocator finds its size.
"""

import contextlib
import os
import pathlib
import random
import socket
import struct
import sys
import time

from lib import domains, hypervisor, rpc, xdr

# Bytes of resident memory for all connections after the first tenth.
GROWTH = 4 * 1024 * 1024

DEFINE, UNDEFINE, OPEN_GRAPHICS = 350, 35, 249

OPEN = (rpc.frame(rpc.AUTH_LIST, serial=1),
        rpc.frame(rpc.CONNECT_OPEN, xdr.optional("qemu:///system") + xdr.u32(0), serial=2))
CALL = rpc.frame(rpc.GET_LIB_VERSION, serial=3)


def frame(wire):
    """The next frame; shorter than rpc.Wire's, for the sake of speed."""
    head = wire.recv(4, socket.MSG_WAITALL)
    return head + wire.recv(struct.unpack(">I", head)[0] - 4, socket.MSG_WAITALL)


def opened(wire):
    for call in OPEN:
        wire.sendall(call)
        frame(wire)


def call(wire):
    opened(wire)
    wire.sendall(CALL)
    frame(wire)


def silent(wire):
    pass


def half(wire):
    wire.sendall(OPEN[0] + OPEN[1][:30])


def killed(wire):
    opened(wire)
    wire.sendall(CALL + rpc.frame(rpc.CONNECT_GET_DOMAIN_CAPABILITIES, xdr.u32(0, 0, 0, 0, 0),
                                  serial=4))


def refused(wire):
    wire.sendall(CALL)
    frame(wire)
    wire.sendall(b"GET / HTTP/1.0\r\n\r\n" * 4)


def descriptors(wire):
    opened(wire)
    with open("/dev/null", "rb") as null:
        wire.sendall(rpc.frame(OPEN_GRAPHICS, xdr.u32(2), serial=5, type=rpc.CALL_WITH_FDS))
        socket.send_fds(wire, [b"\0"], [null.fileno()])


def define(wire):
    opened(wire)
    wire.sendall(rpc.frame(DEFINE, xdr.string(domains.spm("leak")) + xdr.u32(0), serial=6))
    reply = frame(wire)
    if rpc.header(reply).status != rpc.OK:
        sys.exit(f"leaks: not defined: {rpc.Error(reply).message}")
    domain = rpc.payload(reply)
    wire.sendall(rpc.frame(rpc.DOMAIN_GET_XML_DESC, domain + xdr.u32(0), serial=7))
    frame(wire)
    wire.sendall(rpc.frame(UNDEFINE, domain, serial=8))
    frame(wire)


# Of each hundred connections.
MIX = [call] * 50 + [silent] * 15 + [half] * 15 + [killed] * 7 + [refused] * 8 + [descriptors] * 4 + \
    [define]
random.Random(0).shuffle(MIX)

# So many of those that go by themselves are there at a time.
AT_A_TIME = 8


def connect():
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    wire.connect(hypervisor.VIRTSPM_SOCKET)
    return wire


def run(first, last):
    there = []
    for number in range(first, last):
        wire = connect()
        MIX[number % len(MIX)](wire)
        there.append(wire)
        if len(there) == AT_A_TIME:
            for one in there:
                one.close()
            there = []
    for one in there:
        one.close()


class Held:
    """What virtspmd holds, once it has noticed that the clients are gone."""

    def __init__(self, pid):
        self.process = pathlib.Path(f"/proc/{pid}")
        self.descriptors = self.count("fd")
        self.children = len((self.process / f"task/{pid}/children").read_text().split())
        self.memory = int((self.process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    def count(self, what):
        return len(list((self.process / what).iterdir()))

    def __str__(self):
        return (f"{self.descriptors} descriptors, {self.children} children, "
                f"{self.memory // 1024} KiB")


def held(pid, wanted=None):
    """A call that is answered comes behind the ends of those before it; workers take
    a little longer."""
    for _ in range(2000):
        with contextlib.closing(connect()) as wire:
            call(wire)
        now = Held(pid)
        if wanted is None or (now.descriptors <= wanted.descriptors and
                              now.children <= wanted.children):
            break
    return now


def main():
    connections = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    pid = hypervisor.ctl("pid", "virtspmd")
    steps = [connections // 100, connections // 10, connections // 2, connections]
    run(0, 200)     # the emulator is asked, worker threads are made
    # Workers may still hold something of those.
    before = after = min((held(pid) for _ in range(50)), key=lambda now: now.descriptors)
    print(f"# before: {before}", flush=True)
    done, early, started = 0, None, time.monotonic()
    for step in steps:
        run(done, step)
        done, after = step, held(pid, before)
        early = after if step <= connections // 10 else early
        print(f"# {step:7}: {after}, {step / (time.monotonic() - started):.0f} connections a second",
              flush=True)
    failed = 0
    verdicts = [
        (after.descriptors <= before.descriptors, "no descriptor is left of them"),
        (after.children <= before.children, "no process is left of them"),
        (hypervisor.sanitized("virtspmd") or after.memory - early.memory <= GROWTH,
         f"memory does not grow with them (by {(after.memory - early.memory) // 1024} KiB)"),
        (hypervisor.ctl("pid", "virtspmd") == pid, "virtspmd is the same process"),
    ]
    print(f"1..{len(verdicts)}")
    for number, (good, what) in enumerate(verdicts, 1):
        failed |= not good
        print(f"{'ok' if good else 'not ok'} {number} - after {connections} connections, {what}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
