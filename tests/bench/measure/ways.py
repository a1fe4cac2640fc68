# SPDX-License-Identifier: LGPL-2.1-or-later
"""The three ways to libvirtd, and load on them."""

import contextlib
import json
import pathlib
import socket
import statistics
import subprocess
import tempfile

from lib import hypervisor, rpc
from measure.results import Spread

RELAY_SOCKET = "/run/bench/socat-sock"
NAMES = ("direct", "socat", "virtspmd")
SOCKETS = {"direct": hypervisor.LIBVIRT_SOCKET, "socat": RELAY_SOCKET,
           "virtspmd": hypervisor.VIRTSPM_SOCKET}

# Rounds, and seconds of each way in each: long enough for many calls of each client.
# Which processor the kernel puts a client on, and which libvirtd's threads, changes a
# call's latency by a third and stays for a while: few clients need many rounds.
def rounds_for(clients):
    return (45, 0.1) if clients <= 16 else (15, 0.6)


@contextlib.contextmanager
def relay():
    """socat, which makes a process for each client.  It gets its socket from here, so
    it need not be waited for."""
    path = pathlib.Path(RELAY_SOCKET)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(1024)
        process = subprocess.Popen(
            ["socat", f"ACCEPT-FD:{listener.fileno()},fork", f"UNIX-CONNECT:{hypervisor.LIBVIRT_SOCKET}"],
            pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


class Samples:
    """What a load program printed: for each way, figures round by round and over all."""

    def __init__(self, lines, names):
        self.rounds = {name: [] for name in names}
        self.whole = {}
        by_socket = {SOCKETS[name]: name for name in names}
        for line in lines:
            entry = json.loads(line)
            name = by_socket[entry["socket"]]
            if entry["round"] < 0:
                self.whole[name] = entry
            else:
                self.rounds[name].append(entry)

    def each(self, name, figure):
        return [entry[figure] for entry in self.rounds[name]]

    def median(self, name, figure):
        return statistics.median(self.each(name, figure))

    def ratio(self, figure, above="virtspmd", below="socat"):
        """Round by round."""
        return Spread.of_ratios(self.each(above, figure), self.each(below, figure))


class Bench:
    def __init__(self, programs, out, relay_pid):
        self.programs = programs
        self.out = out
        self.relay = relay_pid

    def run(self, program, *words):
        """The lines that a load program prints."""
        return subprocess.run([self.programs / program, *map(str, words)], stdout=subprocess.PIPE,
                              text=True, check=True).stdout.splitlines()

    def calls(self, frames, clients=1, names=NAMES):
        """Let clients make these calls in turns, on each of the ways in turns."""
        rounds, seconds = rounds_for(clients)
        with frames_in_file(frames) as path:
            return Samples(self.run("bench-calls", f"--rounds={rounds}",
                                    f"--seconds={seconds}", f"--clients={clients}", path,
                                    *(SOCKETS[name] for name in names)), names)

    def streams(self, direction, size, frame, names=NAMES, rounds=11):
        """Let a volume be uploaded or downloaded, on each of the ways in turns."""
        with frames_in_file([frame]) as path:
            return Samples(self.run("bench-stream", f"--rounds={rounds}", direction, size, path,
                                    *(SOCKETS[name] for name in names)), names)


@contextlib.contextmanager
def frames_in_file(frames):
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(frames))
        file.flush()
        yield file.name


@contextlib.contextmanager
def open_all(programs, out):
    with relay() as process:
        for name in NAMES:
            with rpc.connected(SOCKETS[name]):
                pass
        yield Bench(programs, out, process.pid)
