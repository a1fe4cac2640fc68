# SPDX-License-Identifier: LGPL-2.1-or-later
"""A virtspmd of one's own, beside the one that the other cases use."""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile

from lib import hypervisor

PATIENCE = 60
CONFIGURATION = pathlib.Path(__file__).resolve().parent.parent / "virtspm.conf"


def argv(listen, upstreams=(hypervisor.LIBVIRT_SOCKET,)):
    return ["virtspmd", "--config", str(CONFIGURATION), "--listen", str(listen),
            *(f"--upstream={path}" for path in upstreams)]


class Daemon:
    def __init__(self, *how):
        """It is ready when this returns: it says so as systemd has it (sd_notify(3))."""
        self.listen = pathlib.Path(how[0])
        self.uri = f"qemu+unix:///system?socket={self.listen}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, \
                tempfile.TemporaryDirectory() as folder:
            notified.bind(f"{folder}/notify")
            notified.settimeout(PATIENCE)
            self.process = subprocess.Popen(
                argv(*how), stderr=subprocess.PIPE, text=True,
                env=dict(os.environ, NOTIFY_SOCKET=f"{folder}/notify"))
            try:
                while b"READY=1" not in notified.recv(4096):
                    pass
            except TimeoutError:
                self.process.kill()
                raise AssertionError(f"not ready: {self.process.stderr.read()}") from None

    def end(self):
        """Its status after SIGTERM."""
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode


@contextlib.contextmanager
def running(*how):
    """As argv() has it."""
    daemon = Daemon(*how)
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.end()
