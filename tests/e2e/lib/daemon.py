# SPDX-License-Identifier: LGPL-2.1-or-later
"""A virtspmd of one's own, beside the one that the other cases use."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

from lib import hypervisor

PATIENCE = 60
CONFIGURATION = pathlib.Path(__file__).resolve().parent.parent / "virtspm.conf"


def argv(listen, upstreams=(hypervisor.LIBVIRT_SOCKET,), config=CONFIGURATION, more=()):
    return ["virtspmd", "--config", str(config), "--listen", str(listen),
            *(f"--upstream={path}" for path in upstreams), *more]


class Daemon:
    def __init__(self, folder, listen, upstreams=(hypervisor.LIBVIRT_SOCKET,), settings="", more=(),
                 **how):
        """It is ready when this returns.

        settings are lines for the section [virtspmd], more are options of virtspmd.
        """
        self.listen = pathlib.Path(listen)
        self.uri = f"qemu+unix:///system?socket={self.listen}"
        self.config = folder / "virtspm.conf"
        self.configure(settings)
        self.start(folder, argv(listen, upstreams, self.config, more), **how)

    def start(self, folder, words, environment=None, **how):
        """It says when it is ready as systemd has it (sd_notify(3))."""
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(str(folder / "notify"))
        (folder / "notify").chmod(0o777)
        self.notified.settimeout(PATIENCE)
        self.errors = folder / "errors"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                words, stderr=errors, env=dict(
                    os.environ, NOTIFY_SOCKET=str(folder / "notify"), **(environment or {})), **how)
        self.wait_until("READY=1")

    def configure(self, settings):
        self.config.write_text(f"[virtspmd]\n{settings}\n{CONFIGURATION.read_text()}")

    def wait_until(self, state):
        """What it tells the service manager meanwhile."""
        told = ""
        try:
            while state not in told:
                told += self.notified.recv(4096).decode() + "\n"
        except TimeoutError:
            self.process.kill()
            raise AssertionError(f"it is never {state}: {self.log()}") from None
        return told

    def reload(self, settings=None):
        """With these settings, if any are given."""
        if settings is not None:
            self.configure(settings)
        self.process.send_signal(signal.SIGHUP)
        return self.wait_until("READY=1")

    def log(self):
        """What it has said on standard error."""
        return self.errors.read_text()

    def end(self):
        """Its status after SIGTERM."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


class Session(Daemon):
    """That of a user, with the user's own configuration."""

    def __init__(self, folder, environment, **how):
        self.start(folder, ["virtspmd", "--session"], environment, **how)


@contextlib.contextmanager
def running(*how, kind=Daemon, **more):
    """As Daemon has it, but for the folder."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        daemon = kind(pathlib.Path(folder), *how, **more)
        try:
            yield daemon
        finally:
            daemon.notified.close()
            if daemon.process.poll() is None:
                daemon.end()


def session(*how, **more):
    return running(*how, kind=Session, **more)
