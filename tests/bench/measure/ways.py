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

RELAY_SOCKET = "/run/bench/socat-sock"
NAMES = ("direct", "socat", "virtspmd")
SOCKETS = {"direct": hypervisor.LIBVIRT_SOCKET, "socat": RELAY_SOCKET,
           "virtspmd": hypervisor.VIRTSPM_SOCKET}

# Rounds, and seconds of each way in each: long enough for many calls of each client.
ROUNDS = 15


def seconds_for(clients):
    return 0.15 if clients <= 16 else 0.6


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
    """What bench-calls printed: for each way, figures round by round and over all."""

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

    @property
    def busy(self):
        """The largest share of its time in which the load program was busy itself."""
        return max(entry["busy"] for entry in self.whole.values())


class Bench:
    def __init__(self, programs):
        self.programs = programs

    def calls(self, frames, clients=1, names=NAMES, rounds=ROUNDS):
        """Let clients make these calls in turns, on each of the ways in turns."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"".join(frames))
            file.flush()
            done = subprocess.run(
                [self.programs / "bench-calls", f"--rounds={rounds}", f"--seconds={seconds_for(clients)}",
                 f"--clients={clients}", file.name, *(SOCKETS[name] for name in names)],
                stdout=subprocess.PIPE, text=True, check=True)
        return Samples(done.stdout.splitlines(), names)


@contextlib.contextmanager
def open_all(programs):
    with relay():
        for name in NAMES:
            with rpc.connected(SOCKETS[name]):
                pass
        yield Bench(programs)
