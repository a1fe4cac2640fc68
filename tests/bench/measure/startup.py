# SPDX-License-Identifier: LGPL-2.1-or-later
"""From virtspmd's start to the first call that it has served."""

import os
import pathlib
import signal
import socket
import statistics
import tempfile
import time
import uuid

from lib import hypervisor, rpc
from measure import documents, xml
from measure.results import Part, Row, Spread

ROUNDS = 15
MILLISECONDS = 50
CONFIGURATION = pathlib.Path(__file__).resolve().parent.parent / "virtspm.conf"


def start(listener):
    """virtspmd with this socket, as systemd would hand it over."""
    return os.posix_spawn(
        "/bin/sh", ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "virtspmd", "virtspmd",
                    "--config", str(CONFIGURATION), "--upstream", hypervisor.LIBVIRT_SOCKET],
        dict(os.environ, LISTEN_FDS="1", LISTEN_FDNAMES="virtspmd.socket"),
        file_actions=[(os.POSIX_SPAWN_DUP2, listener.fileno(), 3)])


def once(frame):
    """Milliseconds from the start of a process to the reply to its first call."""
    with tempfile.TemporaryDirectory() as folder, \
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(f"{folder}/socket")
        listener.listen(8)
        began = time.perf_counter()
        pid = start(listener)
        try:
            with rpc.connected(f"{folder}/socket") as wire:
                answered(wire, frame)
            return (time.perf_counter() - began) * 1e3
        finally:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


def direct(frame):
    """The same of a libvirtd that is there."""
    began = time.perf_counter()
    with rpc.connected(hypervisor.LIBVIRT_SOCKET) as wire:
        answered(wire, frame)
    return (time.perf_counter() - began) * 1e3


def answered(wire, frame):
    head = rpc.header(frame)
    reply = wire.call(head.procedure, rpc.payload(frame))
    if rpc.header(reply).status != rpc.OK:
        raise AssertionError(rpc.Error(reply).message)


def measure(bench):
    name, number = "bench-start", str(uuid.uuid4())
    user = documents.domain(3, True, name, number)
    try:
        stock = xml.stock_of(user, number)
        rows = [row("get lib version", rpc.frame(rpc.GET_LIB_VERSION), rpc.frame(rpc.GET_LIB_VERSION)),
                row("define of a domain with SPM", xml.define(user), xml.define(stock))]
    finally:
        hypervisor.remove(number)
    return Part(
        title="startup",
        about="Milliseconds from the start of the process to the reply to a first call, its "
              "connection included; libvirtd, which is running, beside it. The capability cache is "
              f"warm: the emulator was asked by an earlier virtspmd. The ratio is to {MILLISECONDS} "
              "milliseconds.",
        columns=("direct, running", "virtspmd, started"), ratio="of the limit", rows=rows)


def row(name, through, stock):
    times = [(direct(stock), once(through)) for _ in range(ROUNDS)]
    return Row(name, tuple(map(statistics.median, zip(*times))),
               ratio=Spread.of(mine / MILLISECONDS for _, mine in times), at_most=1.0)
