# SPDX-License-Identifier: LGPL-2.1-or-later
"""A second host: one more libvirtd on this machine, with files and sockets of its own.

It runs in a mount namespace where libvirt's folders are others. Its sockets are
seen from outside, below FOLDER/run.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

import libvirt

PATIENCE = 60
HOST_UUID = "7a5f0000-0000-4000-8000-0000000000b0"

# What it calls by its usual name -> below FOLDER.
PLACES = {"/etc/libvirt": "etc", "/var/lib/libvirt": "lib", "/run/libvirt": "run",
          "/var/log/libvirt": "log", "/var/cache/libvirt": "cache"}

START = """
mount --make-rprivate /
while read -r there here; do mount --bind "$here" "$there"; done <<END
{binds}
END
LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=libvirtd.socket \\
    exec libvirtd --pid-file /run/libvirt/libvirtd.pid
"""

# The first descriptor that a service manager hands over.
FIRST_PASSED = 3


def listener(path):
    """A socket that clients may use before the daemon is ready: they wait in its queue."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(str(path))
    sock.listen(16)
    return sock


@contextlib.contextmanager
def host(hook=True, name="libvirt-sock"):
    """The URI of its libvirtd; without `hook` virtspm's hook is not installed there.

    `name` is that of its socket."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for there, below in PLACES.items():
            os.makedirs(there, exist_ok=True)
            (folder / below).mkdir()
            if below == "etc":
                shutil.copytree(there, folder / below, dirs_exist_ok=True)
        with (folder / "etc/libvirtd.conf").open("a") as conf:
            conf.write(f'\nhost_uuid = "{HOST_UUID}"\n')
        with (folder / "etc/qemu.conf").open("a") as conf:
            conf.write('\nstdio_handler = "file"\n')
        if not hook:
            (folder / "etc/hooks/qemu.d/virtspm").unlink()
        binds = "\n".join(f"{there} {folder / below}" for there, below in PLACES.items())
        path = folder / "run" / name
        with listener(path) as listening:
            def pass_on():
                os.dup2(listening.fileno(), FIRST_PASSED)
                # It may have been that one already.
                os.set_inheritable(FIRST_PASSED, True)

            daemon = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", START.format(binds=binds)],
                stdin=subprocess.DEVNULL, close_fds=False, preexec_fn=pass_on)
        try:
            yield f"qemu+unix:///system?socket={path}"
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(PATIENCE)


@contextlib.contextmanager
def connected(*how, **more):
    with host(*how, **more) as uri:
        connection = libvirt.open(uri)
        try:
            yield uri, connection
        finally:
            connection.close()
